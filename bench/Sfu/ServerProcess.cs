using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Roomcast.Transports.Rtc;

namespace Roomcast.Bench.Sfu;

/// <summary>The server as its peers see it: a process that answers signals.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<SignalAnswer>> _asked = new();
    private readonly Task _reading;
    private int _lastId;

    private ServerProcess(Process process)
    {
        _process = process;
        _reading = Task.Run(ReadAsync);
    }

    public static ServerProcess Start(UdpForm form)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["serve", form.ToString()])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Insert(0, typeof(ServerProcess).Assembly.Location);
        }

        return new ServerProcess(Process.Start(start)!);
    }

    public ProcessCost Cost => ProcessCost.Of(_process.Id);

    public async Task<SignalAnswer> AskAsync(Signal signal)
    {
        signal = signal with { Id = Interlocked.Increment(ref _lastId) };
        var answer = _asked[signal.Id] = new TaskCompletionSource<SignalAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        var line = JsonSerializer.Serialize(signal);
        lock (_process)
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }

        var given = await answer.Task;
        return given.Fault is null ? given : throw new InvalidOperationException($"{signal.Act}: {given.Fault}");
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var answer = JsonSerializer.Deserialize<SignalAnswer>(line)!;
            if (_asked.TryRemove(answer.Id, out var waiting))
            {
                waiting.SetResult(answer);
            }
        }

        foreach (var waiting in _asked.Values)
        {
            waiting.TrySetException(new InvalidOperationException("The server has ended."));
        }
    }
}
