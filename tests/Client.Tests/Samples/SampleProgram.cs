using System.Diagnostics;
using System.Globalization;
using Roomcast.Client.Tests.Meeting;
using Roomcast.TestKit;

namespace Roomcast.Client.Tests.Samples;

/// <summary>A program in a process of its own: what it writes, and pressing Ctrl+C.</summary>
internal sealed class SampleProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Heard _lines = new();

    private SampleProgram(ProcessStartInfo start) => _process = new Process { StartInfo = start };

    /// <summary>What it has written so far, standard output and errors.</summary>
    public IReadOnlyList<string> Lines => _lines.All;

    /// <summary>Starts a sample.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="secrets">Variables that it is given besides those of the tests.</param>
    /// <param name="arguments">Its arguments.</param>
    public static SampleProgram StartSample(string name, IReadOnlyDictionary<string, string> secrets, params string[] arguments)
    {
        // Tests and samples are built in the same configuration, whose name is in the test's own path.
        var configuration = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";
        return Start(RepositoryFiles.Root, RepositoryFiles.PathOf("samples", name, "bin", configuration, "net10.0", $"Roomcast.Samples.{name}.dll"), secrets, arguments);
    }

    /// <summary>Starts <c>dotnet</c> in a folder.</summary>
    public static SampleProgram Start(string folder, string first, IReadOnlyDictionary<string, string> secrets, params string[] arguments)
    {
        var program = new SampleProgram(new ProcessStartInfo("dotnet", [first, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder,
        });
        // What the tests themselves are run by leaves its mark, which a build would take for its own.
        foreach (var name in program._process.StartInfo.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            program._process.StartInfo.Environment.Remove(name);
        }

        foreach (var name in program._process.StartInfo.Environment.Keys.Where(name => name.StartsWith("ROOMCAST_", StringComparison.Ordinal)).ToList())
        {
            program._process.StartInfo.Environment.Remove(name);
        }

        foreach (var (name, value) in secrets)
        {
            program._process.StartInfo.Environment[name] = value;
        }

        program._process.OutputDataReceived += (_, line) => program.Take(line.Data);
        program._process.ErrorDataReceived += (_, line) => program.Take(line.Data);
        program._process.Start();
        program._process.BeginOutputReadLine();
        program._process.BeginErrorReadLine();
        return program;
    }

    /// <summary>Waits until it has written a line that begins so.</summary>
    public async Task<string> WaitAsync(string beginning)
    {
        await MeetingServer.UntilAsync(() => Find() is not null || _process.HasExited, $"it says '{beginning}', besides:\n{string.Join('\n', Lines)}");
        if (Find() is null)
        {
            await _process.WaitForExitAsync(); // Which waits for its last lines too.
        }

        return Find() ?? throw new InvalidOperationException($"It never said '{beginning}':\n{string.Join('\n', Lines)}");

        string? Find() => Lines.FirstOrDefault(line => line.StartsWith(beginning, StringComparison.Ordinal));
    }

    /// <summary>Presses Enter.</summary>
    public Task PressEnterAsync() => _process.StandardInput.WriteLineAsync();

    /// <summary>Presses Ctrl+C.</summary>
    public async Task InterruptAsync()
    {
        using var kill = Process.Start("kill", ["-INT", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits until it has ended.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitForExitAsync(TimeSpan? patience = null)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(patience ?? MeetingServer.Patience);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"It did not end:\n{string.Join('\n', Lines)}");
        }

        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is not null)
        {
            _lines.Add(line);
        }
    }
}
