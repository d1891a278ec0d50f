using System.Net.Sockets;
using Roomcast.Client;

namespace Roomcast.Cli.Output;

/// <summary>What a failure means to whoever called.</summary>
internal static class Faults
{
    /// <summary>The exit code and the message of a failure.</summary>
    public static (ExitCode Code, string Message) Explain(Exception fault, CancellationToken ending) => fault switch
    {
        CliException known => (known.ExitCode, known.Message),
        RealtimeKitException refused => (CodeOf(refused.Error), refused.Message),
        OperationCanceledException when ending.IsCancellationRequested => (ExitCode.Interrupted, "It was ended before it was done."),
        OperationCanceledException or TimeoutException => (ExitCode.Unreachable, "The server did not answer in time."),
        InvalidDataException => (ExitCode.Media, fault.Message),
        DllNotFoundException => (ExitCode.MissingTool, $"{fault.Message} Media needs OpenSSL 3 (libssl.so.3)."),
        FileNotFoundException or DirectoryNotFoundException => (ExitCode.Usage, fault.Message),
        SocketException or HttpRequestException => (ExitCode.Unreachable, fault.Message),
        IOException or UnauthorizedAccessException => (ExitCode.Failed, fault.Message),
        _ => (ExitCode.Failed, $"{fault.GetType().Name}: {fault.Message}"),
    };

    private static ExitCode CodeOf(RealtimeKitError error) => error switch
    {
        RealtimeKitError.InvalidToken or RealtimeKitError.NotAllowed => ExitCode.NotAllowed,
        RealtimeKitError.Unreachable or RealtimeKitError.TimedOut => ExitCode.Unreachable,
        RealtimeKitError.NotFound => ExitCode.NotFound,
        RealtimeKitError.MediaFailed => ExitCode.Media,
        _ => ExitCode.Failed,
    };
}
