using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Roomcast.TestKit;

namespace Roomcast.Cli.Tests;

/// <summary>How a run of the tool ended.</summary>
/// <param name="Code">Its exit code.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Errors">What it wrote to standard error.</param>
public sealed record ToolExit(int Code, string Output, string Errors)
{
    /// <summary>The objects that it wrote, one in a line.</summary>
    public IReadOnlyList<JsonObject> Objects => [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject())];

    /// <summary>The one object that it wrote.</summary>
    public JsonObject Object => Assert.Single(Objects);

    /// <summary>Fails unless it ended so.</summary>
    public ToolExit Expect(int code)
    {
        Assert.True(Code == code, $"It ended with {Code}, not {code}.\n{Output}\n{Errors}");
        return this;
    }
}

/// <summary>The built command line tool in a process of its own.</summary>
public sealed class RoomcastTool : IAsyncDisposable
{
    private const int SigInt = 2;
    private const int SigTerm = 15;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private RoomcastTool(Process process) => _process = process;

    /// <summary>The built program.</summary>
    public static string Program
    {
        get
        {
            var configuration = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";
            return RepositoryFiles.PathOf("src", "Cli", "bin", configuration, "net10.0", "roomcast.dll");
        }
    }

    /// <summary>What it has written to standard output so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>What it has written to standard error so far.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    /// <summary>Runs it to its end.</summary>
    public static async Task<ToolExit> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        await using var tool = Start(environment, arguments);
        return await tool.WaitAsync();
    }

    /// <summary>Starts it.</summary>
    public static RoomcastTool Start(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        // The command itself is found by its path, so that a test may take everything else away.
        var start = new ProcessStartInfo(Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? Environment.ProcessPath : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("ROOMCAST_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        start.ArgumentList.Add(Program);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var tool = new RoomcastTool(new Process { StartInfo = start });
        tool._process.OutputDataReceived += (_, line) => Take(tool._output, line.Data);
        tool._process.ErrorDataReceived += (_, line) => Take(tool._errors, line.Data);
        tool._process.Start();
        tool._process.BeginOutputReadLine();
        tool._process.BeginErrorReadLine();
        return tool;
    }

    /// <summary>Waits until its output holds a text.</summary>
    public Task WaitForAsync(string text) => WaitForAsync(() => Output, text);

    /// <summary>Waits until what it writes to standard error holds a text.</summary>
    public Task WaitForErrorAsync(string text) => WaitForAsync(() => Errors, text);

    private async Task WaitForAsync(Func<string> written, string text)
    {
        for (var begun = TimeProvider.System.GetTimestamp(); !written().Contains(text, StringComparison.Ordinal);)
        {
            Assert.False(_process.HasExited && !written().Contains(text, StringComparison.Ordinal), $"It ended without saying '{text}':\n{Output}\n{Errors}");
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < Patience, $"It did not say '{text}':\n{Output}\n{Errors}");
            await Task.Delay(50);
        }
    }

    /// <summary>Interrupts it as Ctrl-C does.</summary>
    public void Interrupt() => Assert.Equal(0, Kill(_process.Id, SigInt));

    /// <summary>Ends it as managers of services do.</summary>
    public void Terminate() => Assert.Equal(0, Kill(_process.Id, SigTerm));

    /// <summary>Waits until it has ended.</summary>
    public async Task<ToolExit> WaitAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"It did not end:\n{Output}\n{Errors}");
        }

        return new ToolExit(_process.ExitCode, Output, Errors);
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
    }

    private static void Take(StringBuilder text, string? line)
    {
        lock (text)
        {
            text.Append(line).Append(line is null ? "" : "\n");
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
