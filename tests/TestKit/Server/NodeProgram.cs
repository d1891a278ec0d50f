using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Roomcast.TestKit.Server;

/// <summary>A program of a test that runs in Node, is given facts as a file of JSON, and says what it sees as lines of JSON.</summary>
/// <remarks>Its packages come by the lock file beside it; <c>./test</c> installs them.</remarks>
public sealed class NodeProgram : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    private readonly TemporaryFolder _folder = new();
    private readonly Lock _lock = new();
    private readonly List<JsonElement> _said = [];
    private readonly List<string> _lines = [];
    private readonly StringBuilder _errors = new();
    private readonly SemaphoreSlim _news = new(0);
    private readonly Process _process;

    private NodeProgram(string folder, string script, JsonObject facts, IReadOnlyDictionary<string, string> environment)
    {
        var file = _folder.PathOf("facts.json");
        File.WriteAllText(file, facts.ToJsonString());
        var start = new ProcessStartInfo("node", [script, file])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_lock)
            {
                _errors.AppendLine(line.Data);
            }
        };
        try
        {
            _process.Start();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new InvalidOperationException("Node.js is not installed. Install it with: apt-get install nodejs npm");
        }

        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it has said so far.</summary>
    public IReadOnlyList<JsonElement> Said
    {
        get
        {
            lock (_lock)
            {
                return [.. _said];
            }
        }
    }

    /// <summary>The lines it has written to its standard output that are no JSON, as a program that was not made for tests writes them.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts one.</summary>
    /// <param name="folder">The folder with its packages.</param>
    /// <param name="script">The program, in that folder.</param>
    /// <param name="facts">What it is told.</param>
    /// <param name="environment">Further variables of its environment.</param>
    public static NodeProgram Start(string folder, string script, JsonObject facts, IReadOnlyDictionary<string, string>? environment = null)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return new NodeProgram(folder, script, facts, environment ?? new Dictionary<string, string>());
    }

    /// <summary>Waits until it says something: a line whose <c>what</c> is this.</summary>
    public Task<JsonElement> WaitAsync(string what) =>
        FirstAsync(() => Said.Where(line => line.TryGetProperty("what", out var said) && said.GetString() == what), what);

    /// <summary>Waits until it writes a line that begins so and is no JSON.</summary>
    public Task<string> WaitForLineAsync(string beginning) =>
        FirstAsync(() => Lines.Where(line => line.StartsWith(beginning, StringComparison.Ordinal)), beginning);

    /// <summary>Waits until it has ended by itself.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitForExitAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"It did not end.\n{this}");
        }

        return _process.ExitCode;
    }

    /// <summary>All it has written.</summary>
    public override string ToString()
    {
        lock (_lock)
        {
            return string.Join('\n', _said.Select(line => line.GetRawText())) + "\n" + _errors;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _news.Dispose();
        _folder.Dispose();
    }

    private async Task<T> FirstAsync<T>(Func<IEnumerable<T>> find, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var hasExited = _process.HasExited;
            foreach (var found in find())
            {
                return found;
            }

            if (hasExited || TimeProvider.System.GetElapsedTime(began) > Patience)
            {
                throw new InvalidOperationException($"It did not say '{what}'.\n{this}");
            }

            await _news.WaitAsync(TimeSpan.FromMilliseconds(200));
        }
    }

    private void Take(string? line)
    {
        lock (_lock)
        {
            if (line is null)
            {
                return;
            }

            // The package writes lines of its own.
            if (line.StartsWith('{'))
            {
                try
                {
                    _said.Add(JsonSerializer.Deserialize<JsonElement>(line));
                }
                catch (JsonException)
                {
                    _errors.AppendLine(line);
                }
            }
            else
            {
                _lines.Add(line);
                _errors.AppendLine(line);
            }
        }

        _news.Release();
    }
}
