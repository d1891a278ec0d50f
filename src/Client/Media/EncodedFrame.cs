using Roomcast.Media;

namespace Roomcast.Client.Media;

/// <summary>One encoded frame: a picture of VP8, or a packet of Opus.</summary>
public readonly record struct EncodedFrame
{
    /// <summary>Sound or picture.</summary>
    public required TrackKind Kind { get; init; }

    /// <summary>When it is shown or heard, since the first frame of its source or track; on a <see cref="MediaTimeline"/>, since the beginning of that.</summary>
    public required TimeSpan Time { get; init; }

    /// <summary>The frame.</summary>
    public required ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>How long it lasts; zero when not known, which is usual for pictures.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Whether decoding can start here; true for sound.</summary>
    public bool IsKeyframe { get; init; }

    /// <summary>Pixels across in a keyframe; otherwise 0.</summary>
    public int Width { get; init; }

    /// <summary>Pixels down in a keyframe; otherwise 0.</summary>
    public int Height { get; init; }

    /// <summary>By how much a picture is to be turned clockwise to be upright: 0 (the default), 90, 180 or 270. Phones send their pictures so.</summary>
    /// <remarks>Width and height are those before that.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is another number.</exception>
    public int RotationDegrees
    {
        get;
        init => field = value is 0 or 90 or 180 or 270
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "Pictures are turned by quarters.");
    }

    /// <summary>How far below full it sounds, in decibels, 0 to 127; null when the source does not know. Speakers are found by it.</summary>
    public byte? AudioLevel { get; init; }
}

/// <summary>Something that frames are taken from, one after another. The client waits between them as their times say.</summary>
public interface IFrameSource
{
    /// <summary>Gives the next frame.</summary>
    /// <param name="isKeyframeWanted">Whether somebody cannot go on without a keyframe; a source that can, gives one next.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Null when there is none any more.</returns>
    ValueTask<EncodedFrame?> ReadAsync(bool isKeyframeWanted, CancellationToken cancellationToken);

    /// <summary>What its times are measured on together with other sources; null when it stands for itself, as by default.</summary>
    MediaTimeline? Timeline => null;
}

/// <summary>A source of pictures, encoded in VP8.</summary>
public interface IVideoSource : IFrameSource;

/// <summary>A source of sound, encoded in Opus.</summary>
public interface IAudioSource : IFrameSource;

/// <summary>Something that takes the frames of a track.</summary>
/// <remarks>Called on the thread of the track's transport, in order; a sink that needs time keeps the frame and returns.</remarks>
public interface IFrameSink
{
    /// <summary>Takes a frame. Pictures begin with a keyframe, and none is handed over that builds on a missing one.</summary>
    void OnFrame(in EncodedFrame frame);

    /// <summary>Whether it cannot go on without a keyframe, though it was given one: what it took since was damaged, say. Looked at after each frame.</summary>
    /// <remarks>While it says so, the sender is asked for one, at most twice a second.</remarks>
    bool NeedsKeyframe => false;

    /// <summary>Says that the track has ended, or the sink was taken from it.</summary>
    void OnEnded();
}
