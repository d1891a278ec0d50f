using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams.Viewers;

/// <summary>Counts the viewers of one livestream session: how long they watched, how many there are, how many there were at most.</summary>
/// <remarks>
/// The rules are in docs/decisions/viewer-counting.md. Thread-safe. Time is handed in, as the time since the book was
/// opened, from a clock that never goes back; calls of different threads may come a little out of order.
/// </remarks>
public sealed class ViewerBook
{
    private const int ShardCount = 16;
    private const int ReportedViewers = 1_000;
    private const int HeartbeatBurst = 6;
    private const double HeartbeatsPerSecond = 1;
    private const string Untracked = "untracked";

    private static readonly TimeSpan SettleEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DefaultUsualGap = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(180);

    private readonly LivestreamId _livestreamId;
    private readonly ViewerTokens _tokens;
    private readonly ViewerCountingOptions _options;
    private readonly DateTimeOffset _openedAt;
    private readonly Shard[] _shards = new Shard[ShardCount];
    private readonly ConcurrencyPeak _peak = new();
    private readonly UntrackedViewers _untrackedByPlaylist = new();
    private readonly UntrackedViewers _untrackedByHeartbeat = new();
    private readonly Lock _settling = new();
    private readonly int[] _present = new int[3];
    private volatile ViewerRules _rules;
    private int _tracked;
    private long _playlistTicks;
    private long _heartbeatTicks;
    private long _estimatedTicks;
    private long _playlistTicksSettled;
    private long _heartbeatTicksSettled;
    private long _settledAtTicks;

    /// <summary>Opens a book.</summary>
    /// <param name="livestreamId">Whose viewers.</param>
    /// <param name="tokens">Tells our ids from invented ones.</param>
    /// <param name="options">Rules; taken as valid.</param>
    /// <param name="openedAt">The wall clock at time zero, for reports.</param>
    public ViewerBook(LivestreamId livestreamId, ViewerTokens tokens, ViewerCountingOptions options, DateTimeOffset openedAt)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(options);
        _livestreamId = livestreamId;
        _tokens = tokens;
        _options = options;
        _openedAt = openedAt;
        _rules = new ViewerRules(options.Silence, options.HeartbeatInterval, DefaultUsualGap);
        for (var i = 0; i < ShardCount; i++)
        {
            _shards[i] = new Shard();
        }
    }

    /// <summary>
    /// Makes allowance for long segments: players without low latency ask once per target duration, and a request is held
    /// for three of them at most, so silence is never judged before these and a pause to ask again.
    /// </summary>
    public void SetTargetDuration(TimeSpan targetDuration)
    {
        var silence = TimeSpan.FromTicks(Math.Clamp(((3 * targetDuration) + AskAgain).Ticks, _options.Silence.Ticks, LongestSilence.Ticks));
        _rules = new ViewerRules(silence, _options.HeartbeatInterval, targetDuration > TimeSpan.Zero ? targetDuration : DefaultUsualGap);
    }

    /// <summary>A viewer asked for a media playlist; see <see cref="IViewerWitness.Seen"/>.</summary>
    public void Seen(string viewerId, string? userAgent, TimeSpan now)
    {
        if (!ViewerKey.TryRead(viewerId, out var key))
        {
            return;
        }

        SettleIfDue(now);
        var rules = _rules;
        var shard = ShardOf(key);
        lock (shard.Lock)
        {
            if (shard.Viewers.TryGetValue(key, out var viewer))
            {
                var (since, lastEvidence) = (viewer.Since, viewer.LastEvidence);
                CountPlaylist(viewer.See(now, rules));
                Place(viewer, now, rules, leftBefore: viewer.Since == since ? null : lastEvidence);
                if (!viewer.SendsHeartbeats)
                {
                    _untrackedByPlaylist.SawTracked();
                }

                return;
            }
        }

        if (!_tokens.IsOurs(_livestreamId, key))
        {
            return;
        }

        if (Enter(shard, key, PlayerFamily.OfUserAgent(userAgent), now, rules, playback: null) is ViewerEntry.Full)
        {
            _untrackedByPlaylist.SawUntracked();
        }
        else
        {
            _untrackedByPlaylist.SawTracked();
        }
    }

    /// <summary>
    /// A heartbeat came from a viewer whose token was found good. Returns false when this viewer sends too many: the
    /// heartbeat was not taken.
    /// </summary>
    /// <param name="viewerId">Whose.</param>
    /// <param name="playback">What its player does.</param>
    /// <param name="player">Its player, as it says.</param>
    /// <param name="userAgent">Its player, as its requests say.</param>
    /// <param name="now">Time.</param>
    /// <param name="number">
    /// Which of the viewer's messages it is, from 1; null where that is not told. Requests overtake each other: one with a number no
    /// higher than the highest so far is out of date and changes nothing, so that nobody comes back by what was sent before a goodbye.
    /// </param>
    public bool Beat(string viewerId, ViewerPlayback playback, string? player, string? userAgent, TimeSpan now, long? number = null)
    {
        if (!ViewerKey.TryRead(viewerId, out var key))
        {
            return false;
        }

        SettleIfDue(now);
        var rules = _rules;
        var shard = ShardOf(key);
        lock (shard.Lock)
        {
            if (shard.Viewers.TryGetValue(key, out var viewer))
            {
                if (!viewer.Heartbeats.TryTake(now, HeartbeatBurst, HeartbeatsPerSecond))
                {
                    return false;
                }

                if (!viewer.TryTakeNumber(number))
                {
                    return true;
                }

                CountHeartbeat(viewer.Beat(now, playback, PlayerFamily.OfReport(player), rules));
                Place(viewer, now, rules);
                SawHeartbeat(playback, isTracked: true);
                return true;
            }
        }

        var family = PlayerFamily.OfReport(player) ?? PlayerFamily.OfUserAgent(userAgent);
        SawHeartbeat(playback, Enter(shard, key, family, now, rules, playback, number) is not ViewerEntry.Full);
        return true;
    }

    /// <summary>A viewer with a good token left.</summary>
    /// <param name="viewerId">Who.</param>
    /// <param name="now">Time.</param>
    /// <param name="number">As of a heartbeat: a goodbye that a return has overtaken changes nothing.</param>
    public void Leave(string viewerId, TimeSpan now, long? number = null)
    {
        if (!ViewerKey.TryRead(viewerId, out var key))
        {
            return;
        }

        var rules = _rules;
        var shard = ShardOf(key);
        lock (shard.Lock)
        {
            if (!shard.Viewers.TryGetValue(key, out var viewer) || !viewer.TryTakeNumber(number))
            {
                return;
            }

            CountHeartbeat(viewer.Leave(now, rules));
            if (viewer.SendsHeartbeats)
            {
                // Kept until it has been silent for a while: requests that its goodbye overtook still find it gone.
                Place(viewer, now, rules);
            }
            else
            {
                shard.Viewers.Remove(key);
                Remove(viewer, now);
            }
        }
    }

    /// <summary>Time watched so far by all viewers, in seconds. Never falls.</summary>
    public double ViewerSeconds(TimeSpan now)
    {
        SettleIfDue(now);
        var ticks = Interlocked.Read(ref _playlistTicks) + Interlocked.Read(ref _heartbeatTicks) + Interlocked.Read(ref _estimatedTicks);
        return TimeSpan.FromTicks(ticks).TotalSeconds;
    }

    /// <summary>How many watch now.</summary>
    public int Concurrent(TimeSpan now)
    {
        SettleIfDue(now);
        return PresentCount() + EstimatedCount();
    }

    /// <summary>The most that watched at one time. Known some seconds late, since a silent viewer may still turn out to be there.</summary>
    public int MaxConcurrent(TimeSpan now)
    {
        SettleIfDue(now);
        return _peak.Peak;
    }

    /// <summary>Who watches now.</summary>
    public ViewersReport Report(TimeSpan now)
    {
        SettleIfDue(now);
        var byPlayer = new Dictionary<string, int>(StringComparer.Ordinal);
        var latest = new PriorityQueue<BookedViewer, TimeSpan>();
        var count = 0;
        foreach (var shard in _shards)
        {
            lock (shard.Lock)
            {
                foreach (var viewer in shard.Viewers.Values)
                {
                    if (viewer.Presence == ViewerPresence.Absent)
                    {
                        continue;
                    }

                    count++;
                    byPlayer[viewer.Player] = byPlayer.GetValueOrDefault(viewer.Player) + 1;
                    if (latest.Count < ReportedViewers)
                    {
                        latest.Enqueue(viewer, viewer.Since);
                    }
                    else if (viewer.Since > latest.Peek().Since)
                    {
                        latest.EnqueueDequeue(viewer, viewer.Since);
                    }
                }
            }
        }

        var estimated = EstimatedCount();
        if (estimated > 0)
        {
            byPlayer[Untracked] = estimated;
        }

        var viewers = new PresentViewer[latest.Count];
        for (var i = viewers.Length - 1; i >= 0; i--)
        {
            var viewer = latest.Dequeue();
            viewers[i] = new PresentViewer(viewer.Key.ToReportName(), viewer.Player, _openedAt + viewer.Since);
        }

        return new ViewersReport(count + estimated, byPlayer, viewers);
    }

    /// <summary>The session has ended: counts all who are still there up to now and lets them go.</summary>
    public void Close(TimeSpan now)
    {
        Settle(now);
        var rules = _rules;
        foreach (var shard in _shards)
        {
            lock (shard.Lock)
            {
                foreach (var viewer in shard.Viewers.Values)
                {
                    CountHeartbeat(viewer.Leave(now, rules));
                    Remove(viewer, viewer.SendsHeartbeats ? now : viewer.LastEvidence);
                }

                shard.Viewers.Clear();
            }
        }

        _peak.Settle(now + TimeSpan.FromSeconds(1));
    }

    private void SettleIfDue(TimeSpan now)
    {
        if (now.Ticks - Interlocked.Read(ref _settledAtTicks) >= SettleEvery.Ticks && _settling.TryEnter())
        {
            try
            {
                if (now.Ticks - Interlocked.Read(ref _settledAtTicks) >= SettleEvery.Ticks)
                {
                    SettleHeld(now);
                }
            }
            finally
            {
                _settling.Exit();
            }
        }
    }

    private void Settle(TimeSpan now)
    {
        lock (_settling)
        {
            SettleHeld(now);
        }
    }

    private void SettleHeld(TimeSpan now)
    {
        Interlocked.Exchange(ref _settledAtTicks, now.Ticks);
        var rules = _rules;
        foreach (var shard in _shards)
        {
            lock (shard.Lock)
            {
                foreach (var (key, viewer) in shard.Viewers)
                {
                    var settlement = viewer.Settle(now, rules);
                    CountHeartbeat(settlement.Counted);
                    Place(viewer, now, rules);
                    if (settlement.IsGone)
                    {
                        shard.Viewers.Remove(key); // Allowed while a dictionary is walked.
                        Remove(viewer, viewer.LastEvidence);
                    }
                }
            }
        }

        _peak.Settle(now - Longer(rules.Silence, rules.HeartbeatPatience) - (2 * SettleEvery));
        SettleEstimates();
    }

    private void SettleEstimates()
    {
        var playlist = Interlocked.Read(ref _playlistTicks);
        var heartbeat = Interlocked.Read(ref _heartbeatTicks);
        var added = _untrackedByPlaylist.Settle(TimeSpan.FromTicks(playlist - _playlistTicksSettled))
            + _untrackedByHeartbeat.Settle(TimeSpan.FromTicks(heartbeat - _heartbeatTicksSettled));
        _playlistTicksSettled = playlist;
        _heartbeatTicksSettled = heartbeat;
        Interlocked.Add(ref _estimatedTicks, added.Ticks);
    }

    private ViewerEntry Enter(Shard shard, ViewerKey key, string player, TimeSpan now, ViewerRules rules, ViewerPlayback? playback, long? number = null)
    {
        if (Interlocked.Increment(ref _tracked) > _options.MaxTracked)
        {
            Interlocked.Decrement(ref _tracked);
            return ViewerEntry.Full;
        }

        lock (shard.Lock)
        {
            if (!shard.Viewers.TryGetValue(key, out var viewer))
            {
                viewer = new BookedViewer(key, player, now, rules);
                shard.Viewers.Add(key, viewer);
            }
            else
            {
                // Two first requests of one viewer at once: the other thread has entered it.
                Interlocked.Decrement(ref _tracked);
            }

            if (playback is { } state && viewer.TryTakeNumber(number))
            {
                _ = viewer.Heartbeats.TryTake(now, HeartbeatBurst, HeartbeatsPerSecond);
                CountHeartbeat(viewer.Beat(now, state, player, rules));
            }

            Place(viewer, now, rules);
        }

        return ViewerEntry.Entered;
    }

    /// <summary>Counts a viewer among the present or not, as it is now.</summary>
    /// <param name="viewer">Which.</param>
    /// <param name="now">Time.</param>
    /// <param name="rules">Rules.</param>
    /// <param name="leftBefore">When its earlier visit had ended, when this one is another.</param>
    private void Place(BookedViewer viewer, TimeSpan now, ViewerRules rules, TimeSpan? leftBefore = null)
    {
        var was = viewer.Presence;
        var isThere = viewer.Watches(now, rules);
        var presence = !isThere ? ViewerPresence.Absent : viewer.SendsHeartbeats ? ViewerPresence.ByHeartbeat : ViewerPresence.ByPlaylist;
        if (leftBefore is { } left && was != ViewerPresence.Absent)
        {
            // It came back as another visit before a settlement had noticed that it was gone.
            _peak.Change(left, -1);
            _peak.Change(now, +1);
        }

        if (presence == was)
        {
            return;
        }

        Interlocked.Decrement(ref _present[(int)was]);
        Interlocked.Increment(ref _present[(int)presence]);
        viewer.Presence = presence;
        if (was == ViewerPresence.Absent)
        {
            _peak.Change(leftBefore is null ? viewer.FellSilentAt ?? now : now, +1);
            viewer.FellSilentAt = null;
        }
        else if (presence == ViewerPresence.Absent)
        {
            // Silence is noticed late, and began at the last sign of life; a pause is told at once, which is that sign.
            viewer.FellSilentAt = viewer.LastEvidence < now ? viewer.LastEvidence : null;
            _peak.Change(viewer.LastEvidence, -1);
        }
    }

    private void Remove(BookedViewer viewer, TimeSpan at)
    {
        Interlocked.Decrement(ref _tracked);
        if (viewer.Presence != ViewerPresence.Absent)
        {
            Interlocked.Decrement(ref _present[(int)viewer.Presence]);
            viewer.Presence = ViewerPresence.Absent;
            _peak.Change(at, -1);
        }
    }

    private void CountPlaylist(TimeSpan time) => Interlocked.Add(ref _playlistTicks, time.Ticks);

    private void CountHeartbeat(TimeSpan time) => Interlocked.Add(ref _heartbeatTicks, time.Ticks);

    private void SawHeartbeat(ViewerPlayback playback, bool isTracked)
    {
        if (playback != ViewerPlayback.Playing)
        {
            return;
        }

        if (isTracked)
        {
            _untrackedByHeartbeat.SawTracked();
        }
        else
        {
            _untrackedByHeartbeat.SawUntracked();
        }
    }

    private int PresentCount() =>
        Volatile.Read(ref _present[(int)ViewerPresence.ByPlaylist]) + Volatile.Read(ref _present[(int)ViewerPresence.ByHeartbeat]);

    private int EstimatedCount()
    {
        var estimate = (Volatile.Read(ref _present[(int)ViewerPresence.ByPlaylist]) * _untrackedByPlaylist.Ratio)
            + (Volatile.Read(ref _present[(int)ViewerPresence.ByHeartbeat]) * _untrackedByHeartbeat.Ratio);
        return (int)Math.Min(int.MaxValue / 2, Math.Round(estimate));
    }

    private Shard ShardOf(ViewerKey key) => _shards[(int)((uint)key.Random % ShardCount)];

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one >= other ? one : other;

    private enum ViewerEntry
    {
        Entered,
        Full,
    }

    private sealed class Shard
    {
        public Lock Lock { get; } = new();

        public Dictionary<ViewerKey, BookedViewer> Viewers { get; } = [];
    }
}
