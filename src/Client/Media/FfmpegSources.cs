using System.Buffers;
using System.ComponentModel;
using System.Diagnostics;
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

/// <summary>Frames of any file or address that FFmpeg reads, encoded by it as they are taken.</summary>
/// <remarks>
/// It is FFmpeg's program that is run, in a process of its own, and nothing of FFmpeg is linked. A fault of its codecs does not end the
/// application; but that process has the rights of the user it runs as, so files of strangers ask for a user or a container with few.
/// A file has it open other files at most, and no address; an address that is given itself is opened, so take none from strangers. The process waits while nothing is taken. Dispose the source, lest its process waits on.
/// </remarks>
public abstract class FfmpegSource : IAsyncDisposable
{
    private const int LongestComplaint = 2_000;

    private readonly Process _process;
    private readonly PipeReader _output;
    private readonly Task<string> _complaint;
    private readonly WebMReader _reader = new();
    private readonly TrackKind _kind;
    private readonly Queue<EncodedFrame> _ready = new();
    private TimeSpan? _first;
    private bool _isOver;
    private int _isDisposed;

    private protected FfmpegSource(TrackKind kind, string file, bool repeats, IEnumerable<string> encoding)
    {
        _kind = kind;
        var start = new ProcessStartInfo("ffmpeg") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        string[] loop = repeats ? ["-stream_loop", "-1"] : [];

        // A file may name others: it is to have FFmpeg fetch none from the network.
        string[] reach = File.Exists(file) ? ["-protocol_whitelist", "file,pipe"] : [];
        string[] arguments = ["-hide_banner", "-loglevel", "error", "-nostdin", .. reach, .. loop, "-i", file, .. encoding, "-f", "webm", "-flush_packets", "1", "pipe:1"];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        _process = new Process { StartInfo = start };
        try
        {
            _process.Start();
        }
        catch (Win32Exception missing)
        {
            _process.Dispose();
            throw new FfmpegException("This kind of file needs FFmpeg, whose program (ffmpeg) is not on this machine. On Debian and Ubuntu: apt-get install ffmpeg.", isMissing: true, missing);
        }

        _process.StandardInput.Close();
        _output = PipeReader.Create(_process.StandardOutput.BaseStream, new StreamPipeReaderOptions(bufferSize: 64 << 10));
        _complaint = ReadComplaintAsync(_process.StandardError);
    }

    /// <inheritdoc cref="IFrameSource.Timeline"/>
    public MediaTimeline? Timeline { get; internal init; }

    /// <inheritdoc cref="IFrameSource.ReadAsync"/>
    /// <exception cref="FfmpegException">FFmpeg cannot read the file.</exception>
    public async ValueTask<EncodedFrame?> ReadAsync(bool isKeyframeWanted, CancellationToken cancellationToken)
    {
        while (_ready.Count == 0 && !_isOver)
        {
            var read = await _output.ReadAsync(cancellationToken).ConfigureAwait(false);
            _output.AdvanceTo(Take(read.Buffer), read.Buffer.End);
            if (_reader.Fault.Length > 0)
            {
                throw new FfmpegException($"What FFmpeg has made of the file cannot be read: {_reader.Fault}", isMissing: false);
            }

            if (read.IsCompleted && _ready.Count == 0)
            {
                _isOver = true;
                await EndAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        return _ready.TryDequeue(out var frame) ? frame : null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // Ended by itself.
        }

        await _process.WaitForExitAsync().ConfigureAwait(false);
        await _output.CompleteAsync().ConfigureAwait(false);
        await _complaint.ConfigureAwait(false);
        _process.Dispose();
        GC.SuppressFinalize(this);
    }

    private static async Task<string> ReadComplaintAsync(StreamReader errors)
    {
        var kept = new char[LongestComplaint];
        var length = 0;
        var spare = new char[256];
        while (true)
        {
            var room = length < kept.Length ? kept.AsMemory(length) : spare;
            var count = await errors.ReadAsync(room).ConfigureAwait(false);
            if (count == 0)
            {
                return new string(kept, 0, length).Trim();
            }

            length = Math.Min(kept.Length, length + (length < kept.Length ? count : 0));
        }
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
                _ready.Enqueue(encoded);
            }
        }

        return input.Position;
    }

    private async Task EndAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        var complaint = await _complaint.ConfigureAwait(false);
        if (_process.ExitCode != 0 || _first is null)
        {
            throw new FfmpegException(
                complaint.Length > 0 ? $"FFmpeg cannot read the file: {complaint}" : string.Create(CultureInfo.InvariantCulture, $"FFmpeg ended with code {_process.ExitCode}, and there is nothing of this kind in the file."),
                isMissing: false);
        }
    }
}

/// <summary>Pictures of any file that FFmpeg reads, as VP8 with a keyframe each second.</summary>
public sealed class FfmpegVideoSource : FfmpegSource, IVideoSource
{
    /// <summary>Begins to read.</summary>
    /// <param name="file">A path, or an address that FFmpeg knows.</param>
    /// <param name="repeats">Whether it begins anew when it is over.</param>
    /// <param name="bitrateBps">How many bits a second are aimed at, 50,000 to 20,000,000; default 1,200,000.</param>
    /// <exception cref="FfmpegException">FFmpeg is not on this machine.</exception>
    public FfmpegVideoSource(string file, bool repeats = false, int bitrateBps = 1_200_000)
        : base(TrackKind.Video, file, repeats, Encoding(bitrateBps))
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
    /// <param name="file">A path, or an address that FFmpeg knows.</param>
    /// <param name="repeats">Whether it begins anew when it is over.</param>
    /// <exception cref="FfmpegException">FFmpeg is not on this machine.</exception>
    public FfmpegAudioSource(string file, bool repeats = false)
        : base(TrackKind.Audio, file, repeats, ["-vn", "-sn", "-c:a", "libopus", "-b:a", "64k", "-ac", "2", "-ar", "48000", "-frame_duration", "20"])
    {
    }
}
