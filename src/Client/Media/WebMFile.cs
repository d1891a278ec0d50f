using System.Buffers;
using Roomcast.Media;
using Roomcast.Media.Containers.WebM;

namespace Roomcast.Client.Media;

/// <summary>Frames of one kind in a WebM file: the first track of VP8, or of Opus.</summary>
internal static class WebMFile
{
    /// <summary>Most frames that are taken of a file.</summary>
    public const int MaxFrames = IvfReader.MaxFrames;

    /// <summary>Reads a whole file. True where it has nothing of this kind.</summary>
    /// <param name="file">Its bytes.</param>
    /// <param name="kind">What is wanted of it.</param>
    /// <param name="frames">The frames, times from the first; none where there is nothing of this kind.</param>
    /// <param name="start">When the first stands in the file.</param>
    /// <param name="fault">What is wrong.</param>
    public static bool TryRead(ReadOnlyMemory<byte> file, TrackKind kind, out IReadOnlyList<EncodedFrame> frames, out TimeSpan start, out string fault)
    {
        var read = new List<EncodedFrame>();
        frames = read;
        start = default;
        var reader = new WebMReader();
        var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(file));
        WebMTrack? chosen = null;
        TimeSpan? first = null;
        OperationStatus status;
        while ((status = reader.TryRead(ref input, out var frame)) is OperationStatus.Done)
        {
            chosen ??= Choose(reader.Tracks, kind);
            if (frame.Track != chosen)
            {
                continue;
            }

            if (read.Count == MaxFrames)
            {
                fault = $"It has more than {MaxFrames} frames.";
                return false;
            }

            start = first ??= frame.Time;
            var time = frame.Time - start;
            if (FrameOf(frame, time > TimeSpan.Zero ? time : TimeSpan.Zero) is not { } encoded)
            {
                fault = $"Frame {read.Count} is no {(kind is TrackKind.Video ? "VP8" : "Opus")}.";
                return false;
            }

            read.Add(encoded);
        }

        // A file whose writing was cut off is of use up to there.
        var other = chosen is null ? reader.Tracks.FirstOrDefault(track => track.Kind == kind) : null;
        fault = status is OperationStatus.InvalidData ? reader.Fault : other is null ? "" : kind is TrackKind.Video ? $"Its picture is of {other.CodecName}, not of VP8." : $"Its sound is of {other.CodecName}, not of Opus.";
        return fault.Length == 0;
    }

    /// <summary>The first track of a kind that can be sent; null when there is none.</summary>
    public static WebMTrack? Choose(IReadOnlyList<WebMTrack> tracks, TrackKind kind) =>
        tracks.FirstOrDefault(track => track.Codec == (kind is TrackKind.Video ? WebMCodec.Vp8 : WebMCodec.Opus));

    /// <summary>A frame as it is sent; null when its first bytes are not of its codec.</summary>
    public static EncodedFrame? FrameOf(in WebMFrame frame, TimeSpan time)
    {
        if (frame.Track.Kind is TrackKind.Audio)
        {
            return OggOpusReader.SoundOf(frame.Data, time, audioLevel: null);
        }

        var picture = IvfReader.PictureOf(frame.Data, time);
        return frame.IsKeyframe && !picture.IsKeyframe ? null : picture with { Duration = frame.Duration, RotationDegrees = frame.Track.RotationDegrees };
    }
}

/// <summary>Pictures of a WebM file: its first track of VP8. Files with a keyframe each second or two serve those who come later best.</summary>
public sealed class WebMVideoSource : StoredSource, IVideoSource
{
    internal WebMVideoSource(IReadOnlyList<EncodedFrame> frames, TimeSpan start, bool repeats)
        : base(frames, repeats, jumps: false)
    {
        Start = start;
    }

    /// <summary>When its first frame stands in the file.</summary>
    internal TimeSpan Start { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where it is; at most 1 GiB.</param>
    /// <param name="repeats">Whether it begins anew when it is over.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidDataException">It is no WebM with VP8, or damaged.</exception>
    public static async Task<WebMVideoSource> OpenAsync(string path, bool repeats = false, CancellationToken cancellationToken = default) =>
        Read(await LoadAsync(path, cancellationToken).ConfigureAwait(false), repeats);

    internal static WebMVideoSource Read(ReadOnlyMemory<byte> file, bool repeats) =>
        !WebMFile.TryRead(file, TrackKind.Video, out var frames, out var start, out var fault) ? throw new InvalidDataException(fault)
        : frames.Count > 0 ? new WebMVideoSource(frames, start, repeats)
        : throw new InvalidDataException("It has no picture.");
}

/// <summary>Sound of a WebM file: its first track of Opus.</summary>
public sealed class WebMAudioSource : StoredSource, IAudioSource
{
    internal WebMAudioSource(IReadOnlyList<EncodedFrame> frames, TimeSpan start, bool repeats)
        : base(frames, repeats, jumps: false)
    {
        Start = start;
    }

    /// <summary>When its first frame stands in the file.</summary>
    internal TimeSpan Start { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where it is; at most 1 GiB.</param>
    /// <param name="repeats">Whether it begins anew when it is over.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidDataException">It is no WebM with Opus, or damaged.</exception>
    public static async Task<WebMAudioSource> OpenAsync(string path, bool repeats = false, CancellationToken cancellationToken = default) =>
        Read(await LoadAsync(path, cancellationToken).ConfigureAwait(false), repeats);

    internal static WebMAudioSource Read(ReadOnlyMemory<byte> file, bool repeats) =>
        !WebMFile.TryRead(file, TrackKind.Audio, out var frames, out var start, out var fault) ? throw new InvalidDataException(fault)
        : frames.Count > 0 ? new WebMAudioSource(frames, start, repeats)
        : throw new InvalidDataException("It has no sound.");
}
