using Roomcast.Media;

namespace Roomcast.Feeds;

/// <summary>The publisher's end of a feed. After <see cref="Leave"/>, or once the feed has ended, every call does nothing.</summary>
/// <remarks>One caller at a time.</remarks>
public sealed class FeedPublisher
{
    private readonly Feed _feed;

    internal FeedPublisher(Feed feed) => _feed = feed;

    /// <summary>Announces the tracks: before the first frame, and whenever they change. Ids are unique within the list.</summary>
    /// <exception cref="ArgumentException">The list is empty or an id occurs twice.</exception>
    public void SetTracks(IReadOnlyList<Track> tracks)
    {
        ArgumentNullException.ThrowIfNull(tracks);
        if (tracks.Count == 0 || tracks.Select(track => track.Id).Distinct().Count() != tracks.Count)
        {
            throw new ArgumentException("A feed needs at least one track, each with an id of its own.", nameof(tracks));
        }

        _feed.SetTracks(this, tracks);
    }

    /// <summary>Says that the following frames do not continue the earlier ones.</summary>
    public void MarkDiscontinuity() => _feed.MarkDiscontinuity(this);

    /// <summary>Hands a frame to every subscriber. The caller keeps its own reference.</summary>
    public void Publish(Frame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        _feed.Publish(this, frame);
    }

    /// <summary>Leaves the feed, which then waits for another publisher.</summary>
    public void Leave() => _feed.EndPublish(this);
}
