using System.Globalization;

namespace Roomcast.Client.Media;

/// <summary>Finds out how long the pictures and the sound of a file last, whichever is longer: both are to repeat together.</summary>
/// <remarks>
/// Reads all packets of the file once and decodes none, beside what is played; what the file says of its length itself may be wrong
/// or missing. Source: FFmpeg's muxer <c>framecrc</c>, a line for each packet.
/// </remarks>
internal sealed class FfmpegLength : IAsyncDisposable
{
    // A source of sound is filled up to whole packets of this length.
    private static readonly TimeSpan Room = TimeSpan.FromMilliseconds(20);

    private readonly FfmpegProcess _process;

    public FfmpegLength(string path)
    {
        _process = new FfmpegProcess([.. FfmpegProcess.ReadingOf(path, null), "-map", "0:v:0?", "-map", "0:a:0?", "-c", "copy", "-f", "framecrc", "pipe:1"]);
        Value = MeasureAsync();
    }

    /// <summary>How long it is until it begins anew.</summary>
    public Task<TimeSpan> Value { get; }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await ((Task)Value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _process.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<TimeSpan> MeasureAsync()
    {
        var units = new Dictionary<int, double>();
        var longest = 0.0;
        using var lines = new StreamReader(_process.Output);
        while (await lines.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (line.StartsWith("#tb ", StringComparison.Ordinal))
            {
                // "#tb 0: 1/12800": how many seconds a stream's unit is.
                var parts = line[4..].Split([':', '/']);
                if (parts.Length == 3 && TryRead(parts[0], out var stream) && TryRead(parts[1], out var above) && TryRead(parts[2], out var below) && below > 0)
                {
                    units[(int)stream] = (double)above / below;
                }
            }
            else if (!line.StartsWith('#'))
            {
                // "0, 512, 1024, 512, ...": stream, when it is decoded and when it is shown, for how long.
                var parts = line.Split(',', 5);
                if (parts.Length == 5 && TryRead(parts[0], out var stream) && TryRead(parts[2], out var shown) && TryRead(parts[3], out var duration)
                    && units.TryGetValue((int)stream, out var unit))
                {
                    longest = Math.Max(longest, (shown + duration) * unit);
                }
            }
        }

        await _process.EndAsync(longest > 0, CancellationToken.None).ConfigureAwait(false);
        return TimeSpan.FromSeconds(longest) + Room;
    }

    private static bool TryRead(string text, out long number) => long.TryParse(text.AsSpan().Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}
