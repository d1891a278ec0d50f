using System.Diagnostics;
using System.Globalization;

namespace Roomcast.Interop.Meetings;

/// <summary>A picture that came: when, by the wall clock in milliseconds since 1970; its own time in milliseconds; and what it shows.</summary>
internal readonly record struct StampedArrival(double WallMs, double AtMs, StampedLook Look)
{
    /// <summary>How old the first person's picture was; null when it could not be read.</summary>
    public double? AgeMs => Look.First is { } stamp ? StampedPicture.Between(stamp, (int)((long)WallMs % StampedPicture.Modulus)) : null;
}

/// <summary>
/// Takes the pictures of an address as they come, without waiting for anything, and notes when. They are copied to a file, and
/// decoded only when all is over: a decoder would take the time that it is to measure.
/// </summary>
internal sealed class StampedSink : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<(double WallMs, double AtMs)> _arrivals = [];
    private readonly string _file;
    private readonly Process _ffmpeg;
    private readonly Task _reading;
    private readonly Task<string> _said;

    /// <summary>Begins to take them.</summary>
    /// <param name="address">What FFmpeg can play.</param>
    /// <param name="file">Where they are kept meanwhile: FLV.</param>
    public StampedSink(string address, string file)
    {
        _file = file;
        _ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg",
        [
            "-hide_banner", "-nostats", "-loglevel", "error", "-y", "-fflags", "nobuffer", "-i", address,
            "-map", "0:v:0", "-c", "copy", "-flush_packets", "1", "-f", "framehash", "-hash", "md5", "pipe:1",
            "-map", "0:v:0", "-c", "copy", "-flush_packets", "1", "-f", "flv", file,
        ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _said = _ffmpeg.StandardError.ReadToEndAsync();
        _reading = Task.Run(NoteAsync);
    }

    /// <summary>The wall clock in milliseconds since 1970.</summary>
    private static double WallMs => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMilliseconds;

    /// <summary>Waits until pictures have come for so much longer, by their own times.</summary>
    public async Task FollowAsync(TimeSpan length, Func<string> explain)
    {
        var began = TimeProvider.System.GetTimestamp();
        double? first = null;
        while (true)
        {
            double? last;
            lock (_lock)
            {
                last = _arrivals.Count > 0 ? _arrivals[^1].AtMs : null;
            }

            first ??= last;
            if (last - first >= length.TotalMilliseconds)
            {
                return;
            }

            Assert.True(
                TimeProvider.System.GetElapsedTime(began) < length + MeetTab.Patience && !_ffmpeg.HasExited,
                $"Pictures came for {last - first ?? 0:F0} ms of {length}. {(_ffmpeg.HasExited ? await _said : "")}\n{explain()}");
            await Task.Delay(50);
        }
    }

    /// <summary>Takes no more, and reads what came.</summary>
    public async Task<IReadOnlyList<StampedArrival>> ReadAsync()
    {
        await EndAsync();
        var looks = await StampedLayouts.ReadAsync(_file);

        // Where FFmpeg had to be killed, the last ones may not have been written.
        Assert.True(_arrivals.Count - looks.Count is >= 0 and <= 2, $"{_arrivals.Count} pictures came, {looks.Count} are in the file. {await _said}");
        return [.. looks.Zip(_arrivals, (look, arrival) => new StampedArrival(arrival.WallMs, arrival.AtMs, look))];
    }

    /// <summary>Takes no more: has FFmpeg end its file, as a person would, and kills it where it waits for a server that says nothing.</summary>
    public async Task EndAsync()
    {
        if (!_ffmpeg.HasExited)
        {
            try
            {
                await _ffmpeg.StandardInput.WriteAsync('q');
                await _ffmpeg.StandardInput.FlushAsync();
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
                await _ffmpeg.WaitForExitAsync(patience.Token);
            }
            catch (Exception fault) when (fault is IOException or OperationCanceledException)
            {
                _ffmpeg.Kill(); // What it has written can be read all the same.
            }
        }

        await _reading;
        await _ffmpeg.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _ffmpeg.Dispose();
    }

    private async Task NoteAsync()
    {
        // "#tb 0: 1/1000" says what times count; then, for each packet: stream, decoding time, time, duration, size, hash.
        var unitMs = 1.0;
        while (await _ffmpeg.StandardOutput.ReadLineAsync() is { } line)
        {
            var now = WallMs;
            if (line.StartsWith("#tb 0:", StringComparison.Ordinal))
            {
                var parts = line["#tb 0:".Length..].Split('/');
                unitMs = 1_000 * double.Parse(parts[0], CultureInfo.InvariantCulture) / double.Parse(parts[1], CultureInfo.InvariantCulture);
            }
            else if (!line.StartsWith('#'))
            {
                lock (_lock)
                {
                    _arrivals.Add((now, long.Parse(line.Split(',')[2], CultureInfo.InvariantCulture) * unitMs));
                }
            }
        }
    }
}
