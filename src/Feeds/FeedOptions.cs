namespace Roomcast.Feeds;

/// <summary>Bounds of one feed.</summary>
public sealed record FeedOptions
{
    /// <summary>
    /// Most payload bytes kept since the newest keyframe, so that a new subscriber can start at once; default 32 MiB.
    /// Beyond it a new subscriber waits for the next keyframe.
    /// </summary>
    public long MaxStartBytes { get; init; } = 32L << 20;

    /// <summary>Most frames kept since the newest keyframe; default 8,192.</summary>
    public int MaxStartFrames { get; init; } = 8_192;

    /// <summary>Most subscribers at once; default 256.</summary>
    public int MaxSubscribers { get; init; } = 256;
}

/// <summary>What happens to a subscriber that does not keep up.</summary>
public enum OverflowPolicy
{
    /// <summary>
    /// Its queue is emptied, and frames are withheld until the next keyframe of the leading track; then it reads
    /// <see cref="FeedItemKind.Discontinuity"/>, the tracks where they changed meanwhile, and goes on.
    /// </summary>
    DropToKeyframe,

    /// <summary>Its subscription ends.</summary>
    Disconnect,
}

/// <summary>How one subscriber wants its queue.</summary>
public sealed record SubscriberOptions
{
    /// <summary>Most frames waiting; default 1,024, some 10 s of sound and picture. 1 or more.</summary>
    public int MaxFrames { get; init; } = 1_024;

    /// <summary>Most payload bytes waiting; default 32 MiB.</summary>
    public long MaxBytes { get; init; } = 32L << 20;

    /// <summary>What happens when the queue is full; default <see cref="OverflowPolicy.DropToKeyframe"/>.</summary>
    public OverflowPolicy Overflow { get; init; } = OverflowPolicy.DropToKeyframe;
}
