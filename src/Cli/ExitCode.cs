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

/// <summary>Something that ends the command, with what to tell and the exit code.</summary>
internal sealed class CliException(ExitCode exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    public ExitCode ExitCode => exitCode;
}
