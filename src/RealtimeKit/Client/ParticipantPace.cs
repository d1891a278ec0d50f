using Roomcast.Meetings.Records;

namespace Roomcast.RealtimeKit.Client;

/// <summary>How often each participant may do something: some times at once, then once in a while. Thread-safe.</summary>
/// <remarks>As <see cref="Rest.Access.RateLimits"/>, each participant keeps one moment: when its allowance will be whole again.</remarks>
/// <param name="time">Tells how much of an allowance has come back.</param>
/// <param name="atOnce">Times that are allowed at once, 1 or more.</param>
/// <param name="cost">How long it takes until one more is allowed.</param>
internal sealed class ParticipantPace(TimeProvider time, int atOnce, TimeSpan cost)
{
    /// <summary>Most participants that are counted at a time; of further ones nothing is taken.</summary>
    public const int MaxCounted = 50_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<ParticipantId, TimeSpan> _wholeAgainAt = [];
    private TimeSpan _clearAt;

    /// <summary>Counts one.</summary>
    /// <returns>Null when it is allowed; otherwise how long to wait, and nothing was counted.</returns>
    public TimeSpan? Take(ParticipantId participantId)
    {
        var now = time.GetElapsedTime(0, time.GetTimestamp());
        lock (_lock)
        {
            if (now >= _clearAt)
            {
                foreach (var (whole, at) in _wholeAgainAt)
                {
                    if (at <= now)
                    {
                        _wholeAgainAt.Remove(whole);
                    }
                }

                _clearAt = now + (atOnce * cost);
            }

            var isCounted = _wholeAgainAt.TryGetValue(participantId, out var before);
            if (!isCounted && _wholeAgainAt.Count >= MaxCounted)
            {
                return _clearAt - now;
            }

            var after = (before > now ? before : now) + cost;
            if (after - now > atOnce * cost)
            {
                return after - now - (atOnce * cost);
            }

            _wholeAgainAt[participantId] = after;
            return null;
        }
    }
}
