using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Roomcast.Media;
using Roomcast.Media.Containers.WebM;

namespace Roomcast.Client.Media;

/// <summary>FFmpeg is not on this machine, or it cannot read a file.</summary>
public sealed class FfmpegException : RealtimeKitException
{
    internal FfmpegException(string message, bool isMissing, Exception? inner = null)
        : base(isMissing ? RealtimeKitError.NotFound : RealtimeKitError.MediaFailed, message, inner)
    {
        IsMissing = isMissing;
    }

    /// <summary>Whether the program is not there; otherwise it is the file.</summary>
    public bool IsMissing { get; }
}

/// <summary>Frames of any file that FFmpeg reads, encoded by it as they are taken.</summary>
/// <remarks>
/// <para>It is FFmpeg's program that is run, in a process of its own, and nothing of FFmpeg is linked. A fault of its codecs does not end the
/// application; but that process has the rights of the user it runs as, so files of strangers ask for a user or a container with few.</para>
/// <para>What is given is a path, whatever it looks like, and a file has FFmpeg open other files at most. An address is opened only where its
/// protocols are named; all that it names in turn may then be fetched by them, so take no addresses from strangers.</para>
/// <para>The process waits while nothing is taken. What repeats is kept in memory up to 16 MiB, and otherwise encoded anew each time. Dispose
/// the source, lest its process waits on.</para>
/// </remarks>
public abstract class FfmpegSource : IAsyncDisposable
{
    /// <summary>Bytes of frames that are kept to be repeated: some two minutes of pictures as they are encoded by default.</summary>
    internal const long MostKept = 16 << 20;

    private static readonly TimeSpan UsualPicture = TimeSpan.FromMilliseconds(40);

    private readonly TrackKind _kind;
    private readonly bool _repeats;
    private readonly string[] _arguments;
    private readonly Queue<EncodedFrame> _ready = new();
    private readonly Lock _lock = new();
    private FfmpegProcess _process;
    private PipeReader _output;
    private WebMReader _reader = new();
    private List<EncodedFrame>? _kept = [];
    private long _keptBytes;
    private int? _nextKept;
    private TimeSpan? _first;
    private TimeSpan _last;
    private TimeSpan _end;
    private TimeSpan _offset;
    private bool _isOver;
    private volatile bool _isDisposed;

    private protected FfmpegSource(TrackKind kind, string file, bool repeats, IReadOnlyCollection<string>? protocols, IEnumerable<string> encoding)
    {
        _kind = kind;
        _repeats = repeats;
        _arguments = [.. FfmpegProcess.ReadingOf(file, protocols), .. encoding, "-f", "webm", "-flush_packets", "1", "pipe:1"];
        (_process, _output) = Start();
    }

    /// <inheritdoc cref="IFrameSource.Timeline"/>
    public MediaTimeline? Timeline { get; internal init; }

    /// <summary>How long the file lasts until it repeats; null where it does as soon as this source is over.</summary>
    internal Task<TimeSpan>? RoundLength { get; set; }

    /// <summary>Bytes that are kept; see <see cref="MostKept"/>.</summary>
    internal long KeptAtMost { get; init; } = MostKept;

    /// <inheritdoc cref="IFrameSource.ReadAsync"/>
    /// <exception cref="FfmpegException">FFmpeg cannot read the file.</exception>
    public async ValueTask<EncodedFrame?> ReadAsync(bool isKeyframeWanted, CancellationToken cancellationToken)
    {
        _isOver |= _isDisposed && _nextKept is not null;
        while (_ready.Count == 0 && !_isOver)
        {
            if (_nextKept is { } next && next < _kept!.Count)
            {
                _nextKept = next + 1;
                Enqueue(_kept[next]);
            }
            else if (_nextKept is not null)
            {
                await BeginAgainAsync(cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await ReadOnAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        return _ready.TryDequeue(out var frame) ? frame : null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        await _process.DisposeAsync().ConfigureAwait(false);
        await _output.CompleteAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    private (FfmpegProcess Process, PipeReader Output) Start()
    {
        var process = new FfmpegProcess(_arguments);
        return (process, PipeReader.Create(process.Output, new StreamPipeReaderOptions(bufferSize: 64 << 10)));
    }

    private async Task ReadOnAsync(CancellationToken cancellationToken)
    {
        var read = await _output.ReadAsync(cancellationToken).ConfigureAwait(false);
        _output.AdvanceTo(Take(read.Buffer), read.Buffer.End);
        if (_reader.Fault.Length > 0)
        {
            throw new FfmpegException($"What FFmpeg has made of the file cannot be read: {_reader.Fault}", isMissing: false);
        }

        if (read.IsCompleted && _isDisposed)
        {
            _isOver = true;
        }
        else if (read.IsCompleted && _ready.Count == 0)
        {
            await _process.EndAsync(_first is not null, cancellationToken).ConfigureAwait(false);
            if (_repeats)
            {
                await BeginAgainAsync(cancellationToken).ConfigureAwait(false);
            }
            else
            {
                _isOver = true;
            }
        }
    }

    /// <summary>Begins anew: from memory where all of it is there, otherwise by another process.</summary>
    private async Task BeginAgainAsync(CancellationToken cancellationToken)
    {
        var length = RoundLength is { } whole ? await whole.WaitAsync(cancellationToken).ConfigureAwait(false) : _end;
        _offset += length;
        if (_kept is not null)
        {
            _nextKept = 0;
            return;
        }

        await _process.DisposeAsync().ConfigureAwait(false);
        await _output.CompleteAsync().ConfigureAwait(false);
        lock (_lock)
        {
            if (_isDisposed)
            {
                _isOver = true;
                return;
            }

            (_process, _output) = Start();
        }

        (_reader, _first, _end) = (new WebMReader(), null, TimeSpan.Zero);
    }

    private SequencePosition Take(ReadOnlySequence<byte> bytes)
    {
        var input = new SequenceReader<byte>(bytes);
        while (_reader.TryRead(ref input, out var frame) is OperationStatus.Done)
        {
            _first ??= frame.Time;
            var time = Timeline is null ? frame.Time - _first.Value : frame.Time; // FFmpeg counts from the beginning of the file.
            if (frame.Track.Kind == _kind && WebMFile.FrameOf(frame, time > TimeSpan.Zero ? time : TimeSpan.Zero) is { } encoded)
            {
                _end = encoded.Time + (encoded.Duration > TimeSpan.Zero ? encoded.Duration : UsualPicture);
                Keep(encoded);
                Enqueue(encoded);
            }
        }

        return input.Position;
    }

    private void Keep(in EncodedFrame frame)
    {
        _keptBytes += frame.Data.Length;
        if (!_repeats || _keptBytes > KeptAtMost)
        {
            _kept = null;
        }

        _kept?.Add(frame);
    }

    private void Enqueue(in EncodedFrame frame)
    {
        var time = frame.Time + _offset;
        if (_offset == TimeSpan.Zero || time > _last) // A file that says less than it has does not go back in time.
        {
            _last = time;
            _ready.Enqueue(frame with { Time = time });
        }
    }
}

/// <summary>Pictures of any file that FFmpeg reads, as VP8 with a keyframe each second.</summary>
public sealed class FfmpegVideoSource : FfmpegSource, IVideoSource
{
    /// <summary>Begins to read.</summary>
    /// <param name="file">A path; an address where its protocols are named.</param>
    /// <param name="repeats">Whether it begins anew when it is over.</param>
    /// <param name="bitrateBps">How many bits a second are aimed at, 50,000 to 20,000,000; default 1,200,000.</param>
    /// <param name="protocols">
    /// By which protocols FFmpeg may open it, and what it names, as FFmpeg calls them and with those below them: for an address of https
    /// <c>https</c>, <c>tls</c> and <c>tcp</c>. Null for files alone.
    /// </param>
    /// <exception cref="FfmpegException">FFmpeg is not on this machine.</exception>
    public FfmpegVideoSource(string file, bool repeats = false, int bitrateBps = 1_200_000, IReadOnlyCollection<string>? protocols = null)
        : base(TrackKind.Video, file, repeats, protocols, Encoding(bitrateBps))
    {
    }

    private static string[] Encoding(int bitrateBps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bitrateBps, 50_000);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bitrateBps, 20_000_000);
        var rate = bitrateBps.ToString(CultureInfo.InvariantCulture);
        return
        [
            "-an", "-sn", "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0", "-error-resilient", "1", "-pix_fmt", "yuv420p",
            "-b:v", rate, "-maxrate", rate, "-bufsize", rate, "-force_key_frames", "expr:gte(t,n_forced*1)",
        ];
    }
}

/// <summary>Sound of any file that FFmpeg reads, as Opus in packets of 20 ms.</summary>
public sealed class FfmpegAudioSource : FfmpegSource, IAudioSource
{
    /// <summary>Begins to read.</summary>
    /// <param name="file">A path; an address where its protocols are named.</param>
    /// <param name="repeats">Whether it begins anew when it is over.</param>
    /// <param name="protocols">By which protocols FFmpeg may open it, and what it names, as for <see cref="FfmpegVideoSource"/>. Null for files alone.</param>
    /// <exception cref="FfmpegException">FFmpeg is not on this machine.</exception>
    public FfmpegAudioSource(string file, bool repeats = false, IReadOnlyCollection<string>? protocols = null)
        : base(TrackKind.Audio, file, repeats, protocols, ["-vn", "-sn", "-c:a", "libopus", "-b:a", "64k", "-ac", "2", "-ar", "48000", "-frame_duration", "20"])
    {
    }
}
