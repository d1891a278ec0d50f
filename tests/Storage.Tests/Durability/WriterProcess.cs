using System.Diagnostics;
using Roomcast.Storage.Tests.Writer;

namespace Roomcast.Storage.Tests.Durability;

/// <summary>The storage in a process of its own, which can be killed, or run with less than this process may do.</summary>
internal sealed class WriterProcess : IDisposable
{
    private readonly Process _process;

    private WriterProcess(Process process) => _process = process;

    /// <summary>Starts it.</summary>
    /// <param name="command">One of the writer's commands.</param>
    /// <param name="options">Where it stores.</param>
    /// <param name="wrapper">A program that starts it, with its arguments; empty for none.</param>
    public static WriterProcess Start(string command, StorageOptions options, params string[] wrapper)
    {
        string[] line =
        [
            .. wrapper,
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            typeof(Rows).Assembly.Location,
            command,
            options.DataFolder,
            string.IsNullOrEmpty(options.DatabaseUrl) ? "-" : options.DatabaseUrl,
        ];
        var start = new ProcessStartInfo(line[0], line.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_TieredCompilation"] = "1";
        return new WriterProcess(Process.Start(start)!);
    }

    /// <summary>The next line it says; null when it has ended.</summary>
    public async Task<string?> ReadLineAsync() => await _process.StandardOutput.ReadLineAsync();

    /// <summary>The next line, which must be the expected one.</summary>
    public async Task ExpectAsync(string line)
    {
        var said = await ReadLineAsync();
        Assert.True(said == line, $"The writer said '{said}' rather than '{line}'. {(said is null ? await _process.StandardError.ReadToEndAsync() : "")}");
    }

    /// <summary>Kills it as the system would: no code of it runs any more.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Lets it end, and returns all it said that was not read so far.</summary>
    public Task<IReadOnlyList<string>> FinishAsync()
    {
        _process.StandardInput.Close();
        return WaitForEndAsync();
    }

    /// <summary>Waits until it has ended for a reason of its own, and returns all it said that was not read so far.</summary>
    public async Task<IReadOnlyList<string>> WaitForEndAsync()
    {
        var errors = _process.StandardError.ReadToEndAsync();
        var lines = new List<string>();
        while (await ReadLineAsync() is { } line)
        {
            lines.Add(line);
        }

        await _process.WaitForExitAsync();
        if (await errors is { Length: > 0 } text)
        {
            lines.Add(text);
        }

        return lines;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
