namespace Roomcast.Egress.Playback;

/// <summary>
/// Why playbacks end that were neither stopped nor played to their end; docs/protocols/playback.md lists them. A player's may have a
/// detail after a colon, which tells nothing of this server.
/// </summary>
public static class PlaybackReasons
{
    /// <summary>Its address, or one it leads to, is not open to playing.</summary>
    public const string NotAllowed = "source_not_allowed";

    /// <summary>It cannot be reached, or is no media of a form that is known.</summary>
    public const string NotOpened = "source_not_opened";

    /// <summary>It has neither picture nor sound that can be decoded.</summary>
    public const string NotPlayable = "source_not_playable";

    /// <summary>Nothing more could be read of it.</summary>
    public const string SourceFailed = "source_failed";

    /// <summary>It gave nothing for too long.</summary>
    public const string Stalled = "source_stalled";

    /// <summary>There was neither picture nor sound in time.</summary>
    public const string StartTimedOut = "start_timed_out";

    /// <summary>The player could not be started, or ended by itself; the server's log says how.</summary>
    public const string PlayerFailed = "player_failed";

    /// <summary>The room's session was over, or full, when it was to be shown.</summary>
    public const string SessionNotOpen = "session_not_open";

    /// <summary>A fault of the server; its log says which.</summary>
    public const string ServerFailed = "server_failed";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
        [NotAllowed, NotOpened, NotPlayable, SourceFailed, Stalled, StartTimedOut, PlayerFailed, SessionNotOpen, ServerFailed];

    /// <summary>What is told to those who asked for a playback, of what its player told: of a player's own fault no detail.</summary>
    public static string? Told(string? fault) =>
        fault is not null && fault.StartsWith(PlayerFailed, StringComparison.Ordinal) ? PlayerFailed : fault;
}
