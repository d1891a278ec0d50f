using Roomcast.Media;

namespace Roomcast.Feeds;

/// <summary>What a subscriber is handed.</summary>
public enum FeedItemKind
{
    /// <summary>The tracks that the following frames belong to.</summary>
    Tracks,

    /// <summary>One frame.</summary>
    Frame,

    /// <summary>The frames after it do not continue those before it: the source's clock jumped, or frames were dropped for this subscriber.</summary>
    Discontinuity,

    /// <summary>The publisher has left. The feed waits for one to come.</summary>
    Interrupted,

    /// <summary>The feed is over, or this subscription is. Nothing follows.</summary>
    Ended,
}

/// <summary>One thing that a subscriber reads from a feed, in order.</summary>
/// <remarks>An item of kind <see cref="FeedItemKind.Frame"/> carries one reference to its frame, which the reader releases.</remarks>
public readonly record struct FeedItem
{
    private FeedItem(FeedItemKind kind, Frame? frame, IReadOnlyList<Track>? tracks)
    {
        Kind = kind;
        Frame = frame;
        Tracks = tracks;
    }

    /// <summary>What it is.</summary>
    public FeedItemKind Kind { get; }

    /// <summary>The frame, when <see cref="Kind"/> is <see cref="FeedItemKind.Frame"/>; release it when done.</summary>
    public Frame? Frame { get; }

    /// <summary>The tracks, when <see cref="Kind"/> is <see cref="FeedItemKind.Tracks"/>.</summary>
    public IReadOnlyList<Track>? Tracks { get; }

    internal static FeedItem Discontinuity => new(FeedItemKind.Discontinuity, null, null);

    internal static FeedItem Interrupted => new(FeedItemKind.Interrupted, null, null);

    internal static FeedItem Ended => new(FeedItemKind.Ended, null, null);

    internal static FeedItem Of(Frame frame) => new(FeedItemKind.Frame, frame, null);

    internal static FeedItem Of(IReadOnlyList<Track> tracks) => new(FeedItemKind.Tracks, null, tracks);
}
