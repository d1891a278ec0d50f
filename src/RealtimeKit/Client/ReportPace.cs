using Roomcast.Meetings.Records;

namespace Roomcast.RealtimeKit.Client;

/// <summary>How often the clients of one participant may report of themselves: some at once, then one a second. Thread-safe.</summary>
/// <remarks>As <see cref="Rest.Access.RateLimits"/>, each participant keeps one moment: when its allowance will be whole again.</remarks>
internal sealed class ReportPace(TimeProvider time)
{
    /// <summary>Reports that may come at once.</summary>
    public const int AtOnce = 30;

    /// <summary>Most participants that are counted at a time; of further ones nothing is taken.</summary>
    public const int MaxCounted = 50_000;

    private static readonly TimeSpan Cost = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<ParticipantId, TimeSpan> _wholeAgainAt = [];
    private TimeSpan _clearAt;

    /// <summary>Counts one report. False when it is one too many; then nothing was counted.</summary>
    public bool TryTake(ParticipantId participantId)
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

                _clearAt = now + (AtOnce * Cost);
            }

            var isCounted = _wholeAgainAt.TryGetValue(participantId, out var before);
            var after = (before > now ? before : now) + Cost;
            if (after - now > AtOnce * Cost || (!isCounted && _wholeAgainAt.Count >= MaxCounted))
            {
                return false;
            }

            _wholeAgainAt[participantId] = after;
            return true;
        }
    }
}
