using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Roomcast.TestKit.Video;

/// <summary>Makes pictures with a clock in them and a beep at each flash, and has FFmpeg encode and send them.</summary>
/// <remarks>
/// The beep and the flash have the same media time, so their distance after decoding is the A/V offset of what lay between.
/// </remarks>
public sealed class PictureClockSource : IAsyncDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromMinutes(2);

    private readonly PictureClockOptions _options;
    private readonly Process _ffmpeg;
    private readonly CancellationTokenSource _stopping = new();
    private readonly StringBuilder _log = new();
    private readonly Task _pictures;
    private readonly Task _logging;
    private long _framesSent;

    private PictureClockSource(PictureClockOptions options, IEnumerable<string> output)
    {
        _options = options;
        _ffmpeg = new Process { StartInfo = StartOf(options, output) };
        _ffmpeg.Start();
        _logging = Task.Run(ReadLogAsync);
        _pictures = Task.Run(SendPicturesAsync);
    }

    /// <summary>Frames handed to the encoder so far.</summary>
    public long FramesSent => Interlocked.Read(ref _framesSent);

    /// <summary>The counter of the next frame: where a successor continues.</summary>
    public uint NextCounter => _options.FirstCounter + (uint)FramesSent;

    /// <summary>Whether FFmpeg has ended: it was refused, say, or the connection broke.</summary>
    public bool HasEnded => _ffmpeg.HasExited;

    /// <summary>FFmpeg's exit code once it has ended.</summary>
    public int ExitCode => _ffmpeg.ExitCode;

    /// <summary>What FFmpeg has said so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>Begins to publish to an RTMP address with its key.</summary>
    public static PictureClockSource Publish(Uri address, PictureClockOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        return Start(options ?? new PictureClockOptions(), ["-f", "flv", "-flvflags", "no_duration_filesize", address.OriginalString]);
    }

    /// <summary>Begins to send to any output of FFmpeg.</summary>
    /// <param name="options">What is made.</param>
    /// <param name="output">FFmpeg's arguments from the output format on.</param>
    public static PictureClockSource Start(PictureClockOptions options, params IEnumerable<string> output)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new PictureClockSource(options, output);
    }

    /// <summary>Stops the pictures and lets FFmpeg end in good order.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _pictures;
        await WaitForEndAsync();
    }

    /// <summary>Kills FFmpeg, as a crash or a pulled cable would.</summary>
    public async Task KillAsync()
    {
        await _stopping.CancelAsync();
        if (!_ffmpeg.HasExited)
        {
            _ffmpeg.Kill();
        }

        await _pictures;
        await WaitForEndAsync();
    }

    /// <summary>Waits until FFmpeg has ended by itself.</summary>
    public async Task WaitForEndAsync()
    {
        using var patience = new CancellationTokenSource(StopPatience);
        await _ffmpeg.WaitForExitAsync(patience.Token);
        await _logging;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _ffmpeg.Dispose();
        _stopping.Dispose();
    }

    private static ProcessStartInfo StartOf(PictureClockOptions options, IEnumerable<string> output)
    {
        static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
        var rate = Text(options.FramesPerSecond);
        var gop = Text((int)Math.Round(options.FramesPerSecond * options.KeyframeInterval.TotalSeconds));
        List<string> arguments =
        [
            "-hide_banner", "-nostats", "-loglevel", "warning",
            "-f", "rawvideo", "-pix_fmt", "gray", "-video_size", $"{Text(options.Width)}x{Text(options.Height)}", "-framerate", rate,
            "-i", "pipe:0",
        ];
        if (options.WithSound)
        {
            var beep = $"if(lt(mod(t,{Text(PictureClock.FlashEvery.TotalSeconds)}),0.066),0.6*sin(2*PI*1000*t),0)";
            arguments.AddRange(["-f", "lavfi", "-i", $"aevalsrc='{beep}':s=48000:n=480", "-c:a", "aac", "-b:a", "128k", "-shortest"]);
        }

        arguments.AddRange(
        [
            "-c:v", options.VideoEncoder, "-preset", "veryfast", "-pix_fmt", "yuv420p",
            "-b:v", Text(options.VideoBitrateBps), "-maxrate", Text(options.VideoBitrateBps), "-bufsize", Text(options.VideoBitrateBps),
            "-g", gop, "-keyint_min", gop, "-sc_threshold", "0",
        ]);
        arguments.AddRange(options.BFrames > 0
            ? ["-bf", Text(options.BFrames), "-b_strategy", "0", "-rc-lookahead", Text(options.BFrames + 1), "-threads", "2"]
            : ["-bf", "0", "-tune", "zerolatency"]);
        if (options.FirstTimestamp > TimeSpan.Zero)
        {
            arguments.AddRange(["-output_ts_offset", Text(options.FirstTimestamp.TotalSeconds)]);
        }

        arguments.AddRange(output);
        return new ProcessStartInfo("ffmpeg", arguments) { RedirectStandardInput = true, RedirectStandardError = true };
    }

    private async Task SendPicturesAsync()
    {
        var gray = new byte[_options.Width * _options.Height];
        var input = _ffmpeg.StandardInput.BaseStream;
        var began = TimeProvider.System.GetTimestamp();
        try
        {
            for (var frame = 0; !_stopping.IsCancellationRequested && frame != _options.FrameCount; frame++)
            {
                if (_options.IsLive)
                {
                    var due = TimeSpan.FromSeconds((double)frame / _options.FramesPerSecond) - TimeProvider.System.GetElapsedTime(began);
                    if (due > TimeSpan.Zero)
                    {
                        await Task.Delay(due, _stopping.Token);
                    }
                }

                // The flash goes by the frames of this source, as its media time does.
                var stamp = new PictureStamp(_options.FirstCounter + (uint)frame, PictureStamp.WallNow(TimeProvider.System));
                PictureClock.Draw(gray, _options.Width, _options.Height, stamp, PictureClock.IsFlash((uint)frame, _options.FramesPerSecond));
                await input.WriteAsync(gray, _stopping.Token);
                await input.FlushAsync(_stopping.Token);
                Interlocked.Increment(ref _framesSent);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // Stopped, or FFmpeg is gone: HasEnded and Log tell.
        }

        try
        {
            _ffmpeg.StandardInput.Close();
        }
        catch (IOException)
        {
            // The pipe is broken already.
        }
    }

    private async Task ReadLogAsync()
    {
        while (await _ffmpeg.StandardError.ReadLineAsync() is { } line)
        {
            lock (_log)
            {
                _log.AppendLine(line);
            }
        }
    }
}
