using System.Globalization;

namespace Roomcast.Egress.Worker.Running;

/// <summary>What stands on the worker's command line.</summary>
/// <param name="SocketPath">The server's socket.</param>
/// <param name="Nice">How modest it is to be, 0 to 19.</param>
/// <param name="IsPlayer">Whether it is to play media into a session, and not to compose one.</param>
internal sealed record WorkerArguments(string SocketPath, int Nice, bool IsPlayer = false)
{
    private const string NiceOption = "--nice";
    private const string PlayOption = "--play";

    /// <summary>How modest a worker is unless told.</summary>
    public const int DefaultNice = 5;

    /// <summary>Reads them; null when they are others.</summary>
    public static WorkerArguments? TryRead(IReadOnlyList<string> arguments) => arguments is [_, .., PlayOption]
        ? ReadUsual([.. arguments.SkipLast(1)]) is { } read ? read with { IsPlayer = true } : null
        : ReadUsual(arguments);

    private static WorkerArguments? ReadUsual(IReadOnlyList<string> arguments) => arguments switch
    {
        [var path] when path.Length > 0 && !path.StartsWith('-') => new WorkerArguments(path, DefaultNice),
        [var path, NiceOption, var text] when path.Length > 0 && !path.StartsWith('-')
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var nice) && nice <= 19 => new WorkerArguments(path, nice),
        _ => null,
    };
}
