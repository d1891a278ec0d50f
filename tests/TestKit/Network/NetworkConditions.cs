namespace Roomcast.TestKit.Network;

/// <summary>What one direction of an emulated network does to datagrams. Everything off is a perfect wire.</summary>
public sealed record NetworkConditions
{
    /// <summary>A wire that delivers at once.</summary>
    public static NetworkConditions Perfect { get; } = new();

    /// <summary>Share of datagrams lost, each by itself: 0 to 1.</summary>
    public double Loss { get; init; }

    /// <summary>Loss in bursts; null without.</summary>
    public GilbertElliott? Bursts { get; init; }

    /// <summary>Time under way.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Added to the delay: between nothing and this, evenly. Datagrams stay in order.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Share of datagrams that are held back by <see cref="ReorderDelay"/>, so that others overtake them.</summary>
    public double Reorder { get; init; }

    /// <summary>See <see cref="Reorder"/>.</summary>
    public TimeSpan ReorderDelay { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Share of datagrams that arrive twice.</summary>
    public double Duplicate { get; init; }

    /// <summary>Bits that pass in a second; 0 without a limit.</summary>
    public long RateBps { get; init; }

    /// <summary>Bytes that may wait for their turn when there is a rate; what comes on top is lost.</summary>
    public int QueueBytes { get; init; } = 64 * 1024;
}

/// <summary>The two-state model of bursty loss: a good state and a bad one, changed between per datagram.</summary>
/// <param name="GoodToBad">Chance to turn bad with a datagram.</param>
/// <param name="BadToGood">Chance to turn good again with a datagram; one over it is the mean length of a burst.</param>
/// <param name="LossWhenGood">Share lost in the good state.</param>
/// <param name="LossWhenBad">Share lost in the bad state.</param>
public sealed record GilbertElliott(double GoodToBad, double BadToGood, double LossWhenGood = 0, double LossWhenBad = 1);
