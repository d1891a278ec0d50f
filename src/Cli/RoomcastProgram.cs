using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using Roomcast.Cli.Commands;
using Roomcast.Cli.Connecting;
using Roomcast.Cli.Output;

namespace Roomcast.Cli;

/// <summary>The command line: its commands, how it is called, and what it ends with.</summary>
internal static class RoomcastProgram
{
    /// <summary>Runs one command line.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        // What follows "serve" is the server's own command line, and its help the server's own.
        if (arguments is ["serve", .. var rest] && !(rest is ["--help" or "-h" or "-?"]))
        {
            return await ServeCommand.RunAsync(rest);
        }

        var root = Build();
        var parsed = root.Parse(arguments);
        if (parsed.Action is ParseErrorAction)
        {
            if (parsed.GetValue(ServerOptions.Json))
            {
                Screen.Of(parsed).Fail(ExitCode.Usage, string.Join(' ', parsed.Errors.Select(static error => error.Message)));
            }
            else
            {
                await parsed.InvokeAsync(new InvocationConfiguration { Output = Console.Error });
            }

            return (int)ExitCode.Usage;
        }

        using var ending = new CancellationTokenSource();
        void End(PosixSignalContext context)
        {
            context.Cancel = !ending.IsCancellationRequested; // A second one ends it at once.
            ending.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false }, ending.Token);
    }

    /// <summary>All commands.</summary>
    public static RootCommand Build()
    {
        var root = new RootCommand("Roomcast from the command line: run a server, make meetings, join them, go live, watch, and measure.");
        foreach (var option in ServerOptions.All)
        {
            root.Options.Add(option);
        }

        root.Subcommands.Add(ServeCommand.Create());
        root.Subcommands.Add(MeetingCommand.Create());
        root.Subcommands.Add(JoinCommand.Create());
        root.Subcommands.Add(LivestreamCommand.Create());
        root.Subcommands.Add(StreamCommand.Create());
        root.Subcommands.Add(PushCommand.Create());
        root.Subcommands.Add(WebhooksCommand.Create());
        root.Subcommands.Add(LoadCommand.Create());
        root.WithExamples(
            "roomcast serve --data ./data",
            "roomcast meeting create --title Weekly",
            "roomcast join MEETING --publish test --record ./takes",
            "roomcast livestream list --json | jq -r .id");
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new ExamplesHelp((HelpAction)help.Action!);
        return root;
    }
}
