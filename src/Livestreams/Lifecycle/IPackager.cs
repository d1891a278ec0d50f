using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.Media;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>Turns the frames of one airing into what players fetch. One caller at a time.</summary>
public interface IPackager : IAsyncDisposable
{
    /// <summary>Whether a player finds something to play.</summary>
    bool IsPlayable { get; }

    /// <summary>
    /// The decode time of frames before which nothing new comes of them, unless a keyframe of the picture comes; null while
    /// any frame may matter. Frames may be kept back until then.
    /// </summary>
    TimeSpan? QuietUntil => null;

    /// <summary>The tracks that follow; after the first time a discontinuity.</summary>
    void SetTracks(IReadOnlyList<Track> tracks);

    /// <summary>The next frames do not continue the earlier ones.</summary>
    void MarkDiscontinuity();

    /// <summary>The publisher has left: players get all there is.</summary>
    void Interrupt();

    /// <summary>Takes one frame; it retains what it keeps.</summary>
    void Push(Frame frame);

    /// <summary>Nothing follows: the playlist is closed and every held request answered.</summary>
    void End();
}

/// <summary>Opens a packager for each airing.</summary>
public interface IPackaging
{
    /// <summary>Opens one.</summary>
    /// <param name="livestreamId">The livestream.</param>
    /// <param name="programStart">The wall clock at the beginning of program time.</param>
    /// <param name="viewers">Who counts the viewers.</param>
    IPackager Open(LivestreamId livestreamId, DateTimeOffset programStart, LiveViewers viewers);
}
