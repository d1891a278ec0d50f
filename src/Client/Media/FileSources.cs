using System.Reflection;

namespace Roomcast.Client.Media;

/// <summary>Frames of a file or of the package, once or over and over.</summary>
/// <remarks>The whole file is held in memory. A keyframe that is wanted comes when the file has one, or at once where <c>jumps</c>.</remarks>
public abstract class StoredSource
{
    /// <summary>Bytes of the longest file that is taken as it is: 1 GiB.</summary>
    internal const long LongestFile = 1L << 30;

    private readonly IReadOnlyList<EncodedFrame> _frames;
    private readonly bool _repeats;
    private readonly bool _jumps;
    private TimeSpan _length;
    private int _next;
    private TimeSpan _offset;
    private TimeSpan _lastTime;

    private protected StoredSource(IReadOnlyList<EncodedFrame> frames, bool repeats, bool jumps)
    {
        _frames = frames;
        _repeats = repeats;
        _jumps = jumps;
        var last = frames[^1];
        var lastDuration = last.Duration > TimeSpan.Zero ? last.Duration
            : frames.Count > 1 ? last.Time - frames[^2].Time
            : TimeSpan.FromSeconds(1);
        _length = last.Time + lastDuration;
    }

    /// <inheritdoc cref="IFrameSource.Timeline"/>
    public MediaTimeline? Timeline { get; private set; }

    /// <summary>How long it lasts, once.</summary>
    public TimeSpan Length => _length;

    /// <summary>How many frames it has.</summary>
    public int Count => _frames.Count;

    /// <inheritdoc cref="IFrameSource.ReadAsync"/>
    public ValueTask<EncodedFrame?> ReadAsync(bool isKeyframeWanted, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_next == _frames.Count)
        {
            if (!_repeats)
            {
                return new((EncodedFrame?)null);
            }

            _next = 0;
            _offset += _length;
        }

        if (isKeyframeWanted && _jumps && !_frames[_next].IsKeyframe)
        {
            // Back to the keyframe before, while time goes on.
            var wanted = _frames[_next].Time;
            while (!_frames[_next].IsKeyframe && _next > 0)
            {
                _next--;
            }

            _offset += wanted - _frames[_next].Time;
        }

        var frame = _frames[_next++];
        _lastTime = frame.Time + _offset;
        return new(frame with { Time = _lastTime });
    }

    /// <summary>Has it stand on a timeline with another of the same file.</summary>
    /// <param name="timeline">The timeline.</param>
    /// <param name="after">How long after the beginning of the file it begins.</param>
    /// <param name="length">How long the file lasts, so that both repeat together.</param>
    internal void Join(MediaTimeline timeline, TimeSpan after, TimeSpan length)
    {
        Timeline = timeline;
        _offset = after;
        _length = length;
    }

    private protected static async Task<byte[]> LoadAsync(string path, CancellationToken cancellationToken)
    {
        var length = new FileInfo(path).Length;
        return length <= LongestFile
            ? await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false)
            : throw new InvalidDataException($"{Path.GetFileName(path)} has {length} bytes; a source may have {LongestFile}.");
    }

    private protected static byte[] LoadEmbedded(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}

/// <summary>Pictures of an IVF file of VP8. Files with a keyframe each second or two serve those who come later best.</summary>
public sealed class IvfVideoSource : StoredSource, IVideoSource
{
    private IvfVideoSource(IReadOnlyList<EncodedFrame> frames, bool repeats, bool jumps)
        : base(frames, repeats, jumps)
    {
    }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where it is; at most 1 GiB.</param>
    /// <param name="repeats">Whether it begins anew when it is over.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidDataException">It is no IVF of VP8, or damaged.</exception>
    public static async Task<IvfVideoSource> OpenAsync(string path, bool repeats = false, CancellationToken cancellationToken = default) =>
        Read(await LoadAsync(path, cancellationToken).ConfigureAwait(false), repeats, jumps: false);

    internal static IvfVideoSource Read(ReadOnlyMemory<byte> file, bool repeats, bool jumps) =>
        IvfReader.TryRead(file, out var frames, out var fault) ? new IvfVideoSource(frames, repeats, jumps) : throw new InvalidDataException(fault);
}

/// <summary>Sound of an Ogg file of Opus.</summary>
public sealed class OggAudioSource : StoredSource, IAudioSource
{
    private OggAudioSource(IReadOnlyList<EncodedFrame> frames, bool repeats)
        : base(frames, repeats, jumps: false)
    {
    }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where it is; at most 1 GiB.</param>
    /// <param name="repeats">Whether it begins anew when it is over.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidDataException">It is no Ogg of Opus, or damaged.</exception>
    public static async Task<OggAudioSource> OpenAsync(string path, bool repeats = false, CancellationToken cancellationToken = default) =>
        Read(await LoadAsync(path, cancellationToken).ConfigureAwait(false), repeats, audioLevel: null);

    internal static OggAudioSource Read(ReadOnlyMemory<byte> file, bool repeats, byte? audioLevel)
    {
        if (!OggOpusReader.TryRead(file, out var frames, out var fault))
        {
            throw new InvalidDataException(fault);
        }

        return new OggAudioSource([.. frames.Select(frame => frame with { AudioLevel = audioLevel })], repeats);
    }
}

/// <summary>A picture that tells that pictures arrive: colour bars with a running counter, 320 x 180, 15 in a second, without end.</summary>
/// <remarks>Encoded once and carried in the package. A keyframe that is wanted comes at once.</remarks>
public sealed class TestPatternSource : StoredSource, IVideoSource
{
    private static readonly Lazy<IReadOnlyList<EncodedFrame>> Frames = new(() =>
        IvfReader.TryRead(LoadEmbedded("bars.ivf"), out var frames, out var fault) ? frames : throw new InvalidDataException(fault));

    /// <summary>Makes one.</summary>
    public TestPatternSource()
        : base(Frames.Value, repeats: true, jumps: true)
    {
    }
}

/// <summary>A tone of 440 Hz, stereo, without end.</summary>
/// <remarks>Encoded once and carried in the package.</remarks>
public sealed class TestToneSource : StoredSource, IAudioSource
{
    private const byte Level = 20;

    private static readonly Lazy<IReadOnlyList<EncodedFrame>> Frames = new(() =>
        OggOpusReader.TryRead(LoadEmbedded("tone.ogg"), out var frames, out var fault)
            ? [.. frames.Select(frame => frame with { AudioLevel = Level })]
            : throw new InvalidDataException(fault));

    /// <summary>Makes one.</summary>
    public TestToneSource()
        : base(Frames.Value, repeats: true, jumps: false)
    {
    }
}
