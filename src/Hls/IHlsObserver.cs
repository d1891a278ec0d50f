namespace Roomcast.Hls;

/// <summary>What a stream tells about itself, for metrics and logs. Calls come from the writer and from readers; they must be quick.</summary>
public interface IHlsObserver
{
    /// <summary>
    /// A part was published, that is, waiting viewers have been woken. Not told of the first segment, whose frames are held
    /// back until it is complete.
    /// </summary>
    void PartPublished(in PartReport part);

    /// <summary>A playlist was rendered: once for all who wait for the same.</summary>
    /// <param name="bytes">Its length before compression.</param>
    /// <param name="isDelta">Whether it is a delta update.</param>
    void PlaylistRendered(int bytes, bool isDelta);

    /// <summary>
    /// Segments were thrown away before their time, because memory was full and they could not be put away: the window is
    /// shorter than was asked for.
    /// </summary>
    /// <param name="segments">How many at once.</param>
    void WindowShortened(int segments);
}

/// <summary>A part just published.</summary>
/// <param name="Rendition">The rendition's name.</param>
/// <param name="Duration">How long it lasts.</param>
/// <param name="Bytes">How much it is.</param>
/// <param name="LastFrameArrivedAt">When its last frame came, on the clock that <see cref="HlsStream.Push"/> was given.</param>
public readonly record struct PartReport(string Rendition, TimeSpan Duration, int Bytes, TimeSpan LastFrameArrivedAt);
