namespace Roomcast.Livestreams.Viewers;

/// <summary>What one pass over a viewer found out.</summary>
/// <param name="Counted">Time watched that was not counted before.</param>
/// <param name="IsGone">The viewer has left; its entry is to be removed.</param>
internal readonly record struct ViewerSettlement(TimeSpan Counted, bool IsGone);

/// <summary>What a viewer is counted among at one moment.</summary>
internal enum ViewerPresence
{
    /// <summary>It does not watch.</summary>
    Absent,

    /// <summary>It watches, shown by its playlist requests.</summary>
    ByPlaylist,

    /// <summary>It watches, shown by its heartbeats.</summary>
    ByHeartbeat,
}

/// <summary>The times that viewers are judged by.</summary>
/// <param name="Silence">A playlist viewer that is silent for longer has left.</param>
/// <param name="HeartbeatInterval">How often a heartbeat is due.</param>
/// <param name="UsualGap">How far apart the requests of a viewer are expected before any two of its own were seen.</param>
internal sealed record ViewerRules(TimeSpan Silence, TimeSpan HeartbeatInterval, TimeSpan UsualGap)
{
    /// <summary>A viewer with heartbeats has left when none came for this long: one may be lost.</summary>
    public TimeSpan HeartbeatPatience => 2 * HeartbeatInterval;

    /// <summary>
    /// Time counted after a heartbeat before the next is there. With two thirds of the interval, figures read at any moment
    /// are at most a third behind, and a viewer that vanishes without a goodbye, which is rare, is counted at most two
    /// thirds too long: with the default interval neither is 2 s.
    /// </summary>
    public TimeSpan HeartbeatCredit => HeartbeatInterval * 2 / 3;
}

/// <summary>One viewer of one livestream session, as its requests and heartbeats show it.</summary>
/// <remarks>
/// Time is counted along one line, <see cref="_countedTo"/>, that only moves forward, so that a viewer seen both by its
/// playlist requests and by heartbeats is counted once. Not thread-safe: the book's shard guards it.
/// </remarks>
internal sealed class BookedViewer(ViewerKey key, string player, TimeSpan now, ViewerRules rules)
{
    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(3);

    private TimeSpan _countedTo = now;
    private TimeSpan _lastSeen = now;
    private TimeSpan _lastHeartbeat;
    private TimeSpan _usualGap = rules.UsualGap;
    private long _lastNumber;
    private bool _sendsHeartbeats;
    private ViewerPlayback _playback;

    /// <summary>Its id.</summary>
    public ViewerKey Key { get; } = key;

    /// <summary>Its player's family.</summary>
    public string Player { get; private set; } = player;

    /// <summary>When it began to watch.</summary>
    public TimeSpan Since { get; private set; } = now;

    /// <summary>The last moment at which it was known to be there.</summary>
    public TimeSpan LastEvidence => _sendsHeartbeats ? _lastHeartbeat : _lastSeen;

    /// <summary>Whether it is shown by heartbeats rather than by playlist requests.</summary>
    public bool SendsHeartbeats => _sendsHeartbeats;

    /// <summary>What the book counts it among at present; the book alone changes it.</summary>
    public ViewerPresence Presence { get; set; }

    /// <summary>When it fell silent, if that is why it is not present: should it come back soon, it never left.</summary>
    public TimeSpan? FellSilentAt { get; set; }

    /// <summary>The allowance of heartbeats, so that one viewer cannot send them without end.</summary>
    public RequestAllowance Heartbeats;

    /// <summary>It asked for a media playlist. Returns the time to count.</summary>
    public TimeSpan See(TimeSpan now, ViewerRules rules)
    {
        if (_sendsHeartbeats && now - _lastHeartbeat <= rules.HeartbeatPatience)
        {
            _lastSeen = Later(_lastSeen, now);
            return TimeSpan.Zero;
        }

        // Heartbeats that have ceased while playlists are still asked for: the requests count again.
        _sendsHeartbeats = false;
        if (now <= _lastSeen)
        {
            return TimeSpan.Zero;
        }

        var gap = now - _lastSeen;
        var counted = TimeSpan.Zero;
        if (gap <= rules.Silence)
        {
            counted = now - Later(_countedTo, _lastSeen);
            _usualGap = Later(gap, 0.8 * _usualGap);
        }
        else
        {
            Since = now;
            _usualGap = rules.UsualGap;
        }

        _lastSeen = now;
        _countedTo = Later(_countedTo, now);
        return Later(counted, TimeSpan.Zero);
    }

    /// <summary>Takes the number of a heartbeat or goodbye; false when a later one was taken already. One without a number is always taken.</summary>
    public bool TryTakeNumber(long? number)
    {
        if (number is { } told)
        {
            if (told <= _lastNumber)
            {
                return false;
            }

            _lastNumber = told;
        }

        return true;
    }

    /// <summary>A heartbeat came. Returns the time to count: that since the one before it, when that one said playing.</summary>
    public TimeSpan Beat(TimeSpan now, ViewerPlayback playback, string? player, ViewerRules rules)
    {
        var counted = UpTo(now, rules);
        _sendsHeartbeats = true;
        _lastHeartbeat = Later(_lastHeartbeat, now);
        _countedTo = Later(_countedTo, now);
        _playback = playback;
        Player = player ?? Player;
        return counted;
    }

    /// <summary>
    /// It left, or the session ended. Returns the time to count. A viewer with heartbeats is then as one that paused, so that
    /// a playlist request that it sent with its goodbye, and that arrives after it, does not count as a return.
    /// </summary>
    public TimeSpan Leave(TimeSpan now, ViewerRules rules)
    {
        if (!_sendsHeartbeats)
        {
            _countedTo = Later(_countedTo, now);
            return TimeSpan.Zero;
        }

        return Beat(now, ViewerPlayback.Paused, player: null, rules);
    }

    /// <summary>Counts what is certain by now, and tells whether it has left.</summary>
    public ViewerSettlement Settle(TimeSpan now, ViewerRules rules)
    {
        if (!_sendsHeartbeats)
        {
            return new ViewerSettlement(TimeSpan.Zero, now - _lastSeen > rules.Silence);
        }

        var counted = TimeSpan.Zero;
        if (_playback == ViewerPlayback.Playing)
        {
            var certain = Earlier(now, _lastHeartbeat + rules.HeartbeatCredit);
            counted = Later(certain - _countedTo, TimeSpan.Zero);
            _countedTo = Later(_countedTo, certain);
        }

        var isGone = now - _lastHeartbeat > rules.HeartbeatPatience && now - _lastSeen > rules.HeartbeatPatience;
        return new ViewerSettlement(counted, isGone);
    }

    /// <summary>Whether it watches at this moment, as far as can be told.</summary>
    /// <remarks>
    /// A playlist viewer is missed sooner than <see cref="ViewerRules.Silence"/>: when it let pass half as long again as
    /// it usually takes between requests. Should it come back within the silence, nothing was lost.
    /// </remarks>
    public bool Watches(TimeSpan now, ViewerRules rules)
    {
        if (_sendsHeartbeats)
        {
            return _playback != ViewerPlayback.Paused && now - _lastHeartbeat <= rules.HeartbeatPatience;
        }

        var patience = Earlier(rules.Silence, Later(LeastPatience, (1.5 * _usualGap) + TimeSpan.FromSeconds(1)));
        return now - _lastSeen <= patience;
    }

    private TimeSpan UpTo(TimeSpan now, ViewerRules rules)
    {
        if (_sendsHeartbeats)
        {
            return _playback == ViewerPlayback.Playing
                ? Later(Earlier(now, _lastHeartbeat + (2 * rules.HeartbeatInterval)) - _countedTo, TimeSpan.Zero)
                : TimeSpan.Zero;
        }

        // The first heartbeat of a viewer that was counted by its requests so far, or of one never seen before.
        return now - _lastSeen <= rules.Silence ? Later(now - Later(_countedTo, _lastSeen), TimeSpan.Zero) : TimeSpan.Zero;
    }

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one >= other ? one : other;

    private static TimeSpan Earlier(TimeSpan one, TimeSpan other) => one <= other ? one : other;
}
