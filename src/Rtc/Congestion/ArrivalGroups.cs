namespace Roomcast.Rtc.Congestion;

/// <summary>Gathers packets that left together, and compares how far apart groups left and arrived.</summary>
/// <remarks>Source: draft-ietf-rmcat-gcc-02 section 5.2. Bursts of 5 ms count as one, as a pacer sends in such steps.</remarks>
internal sealed class ArrivalGroups
{
    private static readonly TimeSpan BurstLength = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Nonsense = TimeSpan.FromSeconds(3);

    private Group? _previous;
    private Group? _current;

    /// <summary>Adds a packet that arrived, in the order of sending.</summary>
    /// <param name="sentAt">By our clock.</param>
    /// <param name="arrivedAt">By the receiver's.</param>
    /// <param name="sendDelta">How far apart the last two complete groups left.</param>
    /// <param name="arrivalDelta">How far apart they arrived.</param>
    /// <returns>Whether a group was completed that can be compared with the one before.</returns>
    public bool TryAdd(TimeSpan sentAt, TimeSpan arrivedAt, out TimeSpan sendDelta, out TimeSpan arrivalDelta)
    {
        sendDelta = default;
        arrivalDelta = default;
        if (_current is not { } current)
        {
            _current = new Group(sentAt, sentAt, arrivedAt);
            return false;
        }

        if (sentAt < current.FirstSentAt)
        {
            return false; // Overtaken by a later group, hence no measure of anything.
        }

        if (BelongsTo(current, sentAt, arrivedAt))
        {
            _current = current with { LastSentAt = Later(current.LastSentAt, sentAt), LastArrivedAt = Later(current.LastArrivedAt, arrivedAt) };
            return false;
        }

        var hasBoth = _previous is not null;
        if (_previous is { } previous)
        {
            sendDelta = current.LastSentAt - previous.LastSentAt;
            arrivalDelta = current.LastArrivedAt - previous.LastArrivedAt;
        }

        _previous = current;
        _current = new Group(sentAt, sentAt, arrivedAt);
        if (!hasBoth)
        {
            return false;
        }

        if (arrivalDelta < TimeSpan.Zero || arrivalDelta - sendDelta > Nonsense)
        {
            // The receiver's clock jumped, or the path was dead for a while: begin anew.
            _previous = null;
            return false;
        }

        return true;
    }

    private static bool BelongsTo(in Group group, TimeSpan sentAt, TimeSpan arrivedAt)
    {
        if (sentAt - group.FirstSentAt <= BurstLength)
        {
            return true;
        }

        // Packets that queued somewhere arrive in a burst although they left apart.
        var arrivalDelta = arrivedAt - group.LastArrivedAt;
        return arrivalDelta <= BurstLength && arrivalDelta < sentAt - group.LastSentAt && arrivedAt - group.LastArrivedAt >= TimeSpan.Zero
            && sentAt - group.FirstSentAt < 20 * BurstLength;
    }

    private static TimeSpan Later(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private readonly record struct Group(TimeSpan FirstSentAt, TimeSpan LastSentAt, TimeSpan LastArrivedAt);
}
