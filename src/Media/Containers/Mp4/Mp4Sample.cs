using Roomcast.Media.Time;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>A frame on its way into a fragment, with its times in its track's timescale.</summary>
/// <param name="Frame">The frame; whoever calls the writer keeps owning it.</param>
/// <param name="Duration">Units until the next frame of the track is decoded, 0 or more.</param>
/// <param name="CompositionOffset">Units from decoding to presentation; may be negative.</param>
public readonly record struct Mp4Sample(Frame Frame, int Duration, int CompositionOffset)
{
    /// <summary>Makes a sample whose composition offset is the frame's own.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="duration">Units until the next frame of the track is decoded.</param>
    /// <param name="timescaleHz">Units in one second, of <see cref="Mp4InitSection.TimescaleOf"/>.</param>
    public static Mp4Sample Of(Frame frame, int duration, int timescaleHz)
    {
        ArgumentNullException.ThrowIfNull(frame);
        var offset = MediaTime.SpanToTimescale(frame.PresentationTime - frame.DecodeTime, timescaleHz);
        return new Mp4Sample(frame, duration, (int)Math.Clamp(offset, int.MinValue, int.MaxValue));
    }
}

/// <summary>Consecutive frames of one track in a fragment.</summary>
/// <param name="TrackId">The <see cref="Track.Id"/>.</param>
/// <param name="BaseDecodeTime">When the first is decoded, in the track's timescale, 0 or more. The others follow by durations.</param>
/// <param name="Samples">The frames, 1 or more.</param>
public readonly record struct Mp4TrackRun(int TrackId, long BaseDecodeTime, ReadOnlyMemory<Mp4Sample> Samples);

/// <summary>Ties a moment of a track to the wall clock (prft, ISO/IEC 14496-12 section 8.16.5).</summary>
/// <param name="TrackId">The <see cref="Track.Id"/>.</param>
/// <param name="NtpTimestamp">Seconds since 1900 in 32.32.</param>
/// <param name="MediaTime">The same moment in the track's timescale.</param>
public readonly record struct Mp4ProducerTime(int TrackId, ulong NtpTimestamp, long MediaTime)
{
    private static readonly DateTime NtpEpoch = new(1900, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>A wall clock time as NTP writes it.</summary>
    public static ulong ToNtp(DateTimeOffset time)
    {
        var ticks = (ulong)Math.Max(0, (time.UtcDateTime - NtpEpoch).Ticks);
        var (seconds, rest) = Math.DivRem(ticks, (ulong)TimeSpan.TicksPerSecond);
        return (seconds << 32) | ((rest << 32) / TimeSpan.TicksPerSecond);
    }

    /// <summary>A wall clock time that NTP wrote, of the years from 1900 to 2036, to the nearest millisecond.</summary>
    public static DateTimeOffset FromNtp(ulong timestamp) =>
        new DateTimeOffset(NtpEpoch).AddSeconds(timestamp >> 32).AddMilliseconds(Math.Round((timestamp & uint.MaxValue) * 1_000.0 / (1L << 32)));
}
