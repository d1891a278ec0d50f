using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Roomcast.Cli.Connecting;
using Roomcast.Cli.Output;

namespace Roomcast.Cli.Commands;

/// <summary><c>roomcast serve</c>: the server as a process of its own, with this one's input, output and signals.</summary>
internal static class ServeCommand
{
    private const string Program = "Roomcast.Server.dll";
    private const int SigTerm = 15;

    /// <summary>The command, for help; what follows it is the server's.</summary>
    public static Command Create()
    {
        var command = new Command("serve", "Run a server, with the server's own options: 'roomcast serve --print-config' shows them with their values.");
        command.Does((_, _, _) => Task.FromResult(ExitCode.Usage)); // Never reached: RoomcastProgram takes it before.
        return command.WithExamples(
            "roomcast serve                                  # on 127.0.0.1, with everything in ./data",
            "roomcast serve --data /srv/roomcast --bind 0.0.0.0 --public-host meet.example.com",
            "roomcast serve --print-config                   # all options, their values and where they come from");
    }

    /// <summary>Runs the server until it ends.</summary>
    /// <param name="arguments">The server's own arguments.</param>
    /// <returns>The server's exit code; <see cref="ExitCode.MissingTool"/> when it is not there.</returns>
    public static async Task<int> RunAsync(IEnumerable<string> arguments)
    {
        var screen = new Screen(Console.Out, Console.Error, isJson: false, isTerminal: false);
        if (Find(AppContext.BaseDirectory, Environment.GetEnvironmentVariable("ROOMCAST_SERVER"), File.Exists) is not { } program)
        {
            screen.Fail(ExitCode.MissingTool, $"{Program} was not found: build src/Server, or say where it is by ROOMCAST_SERVER.");
            return (int)ExitCode.MissingTool;
        }

        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false };
        start.ArgumentList.Add(program);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // They are this program's; the server would warn of names that it does not know.
        foreach (var name in ServerOptions.Variables)
        {
            start.Environment.Remove(name);
        }

        using var server = new Process { StartInfo = start };
        var isStarted = false;
        var isToldToEnd = false;

        // A terminal sends its interrupt to both of us; a manager of services tells this process alone.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, static context => context.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            Volatile.Write(ref isToldToEnd, true);
            if (Volatile.Read(ref isStarted) && !server.HasExited)
            {
                _ = Kill(server.Id, SigTerm);
            }
        });
        try
        {
            server.Start();
        }
        catch (Win32Exception)
        {
            screen.Fail(ExitCode.MissingTool, "The server runs by the program dotnet (.NET 10), which is not on this machine's path.");
            return (int)ExitCode.MissingTool;
        }

        Volatile.Write(ref isStarted, true);
        if (Volatile.Read(ref isToldToEnd) && !server.HasExited)
        {
            _ = Kill(server.Id, SigTerm); // Told before there was anybody to hand it on to.
        }

        await server.WaitForExitAsync();
        return server.ExitCode;
    }

    /// <summary>Finds the server's program: where it was told, beside this one, or where a build of the sources puts it.</summary>
    internal static string? Find(string ownFolder, string? told, Func<string, bool> exists)
    {
        if (!string.IsNullOrEmpty(told))
        {
            return exists(told) ? told : null;
        }

        // …/src/Cli/bin/Release/net10.0/ has its sibling at …/src/Server/bin/Release/net10.0/.
        var own = ownFolder.TrimEnd(Path.DirectorySeparatorChar);
        var built = own.Replace(
            $"{Path.DirectorySeparatorChar}Cli{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}",
            $"{Path.DirectorySeparatorChar}Server{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}",
            StringComparison.Ordinal);
        string[] places = [Path.Combine(own, "server", Program), Path.Combine(own, Program), Path.Combine(built, Program)];
        return Array.Find(places, place => exists(place));
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
