using System.Diagnostics;

namespace Roomcast.Interop.Meetings;

/// <summary>What was seen, and when it came out of the decoder: the wall clock in milliseconds since 1970.</summary>
internal readonly record struct StampedArrival(double WallMs, StampedLook Look)
{
    /// <summary>How old the first person's picture was; null when it could not be read.</summary>
    public double? AgeMs => Look.First is { } stamp ? StampedPicture.Between(stamp, (int)((long)WallMs % StampedPicture.Modulus)) : null;
}

/// <summary>Plays an address as it comes, without waiting for anything, and reads each picture.</summary>
internal sealed class StampedStream : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<StampedArrival> _arrivals = [];
    private readonly Process _ffmpeg;
    private readonly Task _reading;
    private readonly Task<string> _said;

    public StampedStream(string address)
    {
        _ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg",
        [
            "-hide_banner", "-nostats", "-nostdin", "-loglevel", "error", "-fflags", "nobuffer", "-flags", "low_delay", "-threads", "1",
            "-analyzeduration", "30000000", "-probesize", "20000000", "-i", address, "-map", "0:v:0", "-fps_mode", "passthrough",
            "-vf", $"scale={StampedLayouts.Width}:{StampedLayouts.Height}:flags=area", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-flush_packets", "1", "pipe:1",
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _said = _ffmpeg.StandardError.ReadToEndAsync();
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>What was seen so far.</summary>
    public IReadOnlyList<StampedArrival> Arrivals
    {
        get
        {
            lock (_lock)
            {
                return [.. _arrivals];
            }
        }
    }

    /// <summary>The wall clock in milliseconds since 1970.</summary>
    public static double WallMs => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMilliseconds;

    /// <summary>Waits for a picture that came after a moment.</summary>
    public async Task<StampedArrival> WaitAsync(double afterMs, Func<StampedLook, bool> isSo, Func<string> explain)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var arrivals = Arrivals;
            if (arrivals.FirstOrDefault(each => each.WallMs > afterMs && isSo(each.Look)) is { WallMs: > 0 } found)
            {
                return found;
            }

            Assert.True(
                TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience && !_ffmpeg.HasExited,
                $"Not seen among {arrivals.Count} pictures, the last {(arrivals.Count > 0 ? arrivals[^1].Look : default)}. {(_ffmpeg.HasExited ? await _said : "")}\n{explain()}");
            await Task.Delay(100);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_ffmpeg.HasExited)
        {
            _ffmpeg.Kill();
        }

        await _reading;
        await _ffmpeg.WaitForExitAsync();
        _ffmpeg.Dispose();
    }

    private async Task ReadAsync()
    {
        var picture = new byte[StampedLayouts.Width * StampedLayouts.Height * 3 / 2];
        while (await _ffmpeg.StandardOutput.BaseStream.ReadAtLeastAsync(picture, picture.Length, throwOnEndOfStream: false) == picture.Length)
        {
            var arrival = new StampedArrival(WallMs, StampedLayouts.Read(picture));
            lock (_lock)
            {
                _arrivals.Add(arrival);
            }
        }
    }
}
