using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace Roomcast.Cli.Output;

/// <summary>The help of a command, with examples under it; that of the whole tool has the exit codes too.</summary>
internal sealed class ExamplesHelp(HelpAction plain) : SynchronousCommandLineAction
{
    private static readonly ConditionalWeakTable<Command, string[]> Written = [];

    public override bool ClearsParseErrors => true;

    /// <summary>The examples of a command; none when it has none.</summary>
    public static IReadOnlyList<string> Of(Command command) => Written.TryGetValue(command, out var examples) ? examples : [];

    /// <summary>Notes examples.</summary>
    public static void Set(Command command, string[] examples) => Written.AddOrUpdate(command, examples);

    public override int Invoke(ParseResult parseResult)
    {
        var code = plain.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        if (Of(parseResult.CommandResult.Command) is { Count: > 0 } examples)
        {
            output.WriteLine("Examples:");
            foreach (var example in examples)
            {
                output.WriteLine($"  {example}");
            }

            output.WriteLine();
        }

        if (parseResult.CommandResult.Command is RootCommand)
        {
            output.WriteLine("Exit codes:");
            foreach (var (exit, meaning) in ExitCodes.Meanings)
            {
                output.WriteLine($"  {(int)exit,3}  {meaning}");
            }

            output.WriteLine();
        }

        return code;
    }
}

/// <summary>How commands are made.</summary>
internal static class CommandParts
{
    /// <summary>Adds examples to a command's help.</summary>
    public static Command WithExamples(this Command command, params string[] examples)
    {
        ExamplesHelp.Set(command, examples);
        return command;
    }

    /// <summary>Has a command do something, with a screen to write to; what goes wrong is told there and becomes an exit code.</summary>
    public static Command Does(this Command command, Func<ParseResult, Screen, CancellationToken, Task<ExitCode>> run)
    {
        command.SetAction(async (parsed, ending) =>
        {
            var screen = Screen.Of(parsed);
            try
            {
                return (int)await run(parsed, screen, ending);
            }
            catch (Exception fault)
            {
                var (code, message) = Faults.Explain(fault, ending);
                screen.Fail(code, message);
                return (int)code;
            }
        });
        return command;
    }
}
