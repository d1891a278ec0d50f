namespace Roomcast.Cli;

/// <summary>What the process ends with. The numbers are part of the interface (docs/cli.md): they stay.</summary>
internal enum ExitCode
{
    /// <summary>It was done; or it ran until it was told to end.</summary>
    Done = 0,

    /// <summary>The server refused it, or something went wrong that has no number of its own.</summary>
    Failed = 1,

    /// <summary>The command line is wrong, or something that it needs was not given.</summary>
    Usage = 2,

    /// <summary>The server cannot be reached, or did not answer in time.</summary>
    Unreachable = 3,

    /// <summary>The token or the stream key is not accepted, or gives no right to this.</summary>
    NotAllowed = 4,

    /// <summary>What was asked for does not exist.</summary>
    NotFound = 5,

    /// <summary>A media file cannot be read, or the media path could not be made.</summary>
    Media = 6,

    /// <summary>A program or a library that this needs is missing.</summary>
    MissingTool = 7,

    /// <summary>Some of it was done: not all participants got in, or a livestream or a turn on stage ended too early.</summary>
    Incomplete = 8,

    /// <summary>It was ended by a signal before it was done.</summary>
    Interrupted = 130,
}

/// <summary>What the exit codes tell whoever calls: in the help, and the same in docs/cli.md.</summary>
internal static class ExitCodes
{
    public static readonly IReadOnlyList<KeyValuePair<ExitCode, string>> Meanings =
    [
        new(ExitCode.Done, "it was done, or ran until it was told to end"),
        new(ExitCode.Failed, "the server refused it, or something went wrong that has no code of its own"),
        new(ExitCode.Usage, "the command line is wrong, or something that it needs was not told"),
        new(ExitCode.Unreachable, "the server cannot be reached, or does not answer"),
        new(ExitCode.NotAllowed, "the token or the stream key is not accepted, or gives no right to this"),
        new(ExitCode.NotFound, "what was asked for does not exist"),
        new(ExitCode.Media, "a media file cannot be read, or the media path cannot be made"),
        new(ExitCode.MissingTool, "a program or a library is missing"),
        new(ExitCode.Incomplete, "some of it was done: not all participants got in, or a meeting or a turn on stage ended too early"),
        new(ExitCode.Interrupted, "it was ended by a signal before it was done"),
    ];
}

/// <summary>Something that ends the command, with what to tell and the exit code.</summary>
internal sealed class CliException(ExitCode exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    public ExitCode ExitCode => exitCode;
}
