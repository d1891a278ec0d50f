using System.Buffers.Binary;
using Roomcast.Media;
using Roomcast.Media.Codecs;
using Roomcast.Media.Time;

namespace Roomcast.TestKit.Hls;

/// <summary>Frames as an encoder would send them, except that nobody can decode them: each carries its own number instead.</summary>
public sealed record SyntheticSource
{
    /// <summary>Bytes of a payload that say which frame it is.</summary>
    public const int NumberLength = 9;

    /// <summary>A picture of 642x362 in H.264.</summary>
    public static Track Video { get; } = Make(0, Codec.H264, CodecSamples.AvcHigh);

    /// <summary>Another picture, 1280x720 in H.264.</summary>
    public static Track SecondVideo { get; } = Make(2, Codec.H264, CodecSamples.AvcBaseline);

    /// <summary>Sound in AAC-LC, 44,100 Hz.</summary>
    public static Track Audio { get; } = Make(1, Codec.Aac, CodecSamples.AacLowComplexity);

    /// <summary>Sound in Opus.</summary>
    public static Track Opus { get; } = Make(1, Codec.Opus, CodecSamples.OpusStereo);

    /// <summary>Pictures in a second; 0 for none.</summary>
    public double FrameRate { get; init; } = 30;

    /// <summary>How many pictures from one keyframe to the next, one group after another; the last goes on.</summary>
    public IReadOnlyList<int> Groups { get; init; } = [60];

    /// <summary>Pictures that are shown before the one decoded ahead of them.</summary>
    public int BFrames { get; init; }

    /// <summary>The sound; null for none.</summary>
    public Track? Sound { get; init; } = Audio;

    /// <summary>Further pictures with the same times and keyframes.</summary>
    public IReadOnlyList<Track> OtherVideos { get; init; } = [];

    /// <summary>Whether times are whole milliseconds, as RTMP has them.</summary>
    public bool RoundsToMilliseconds { get; init; }

    /// <summary>How far a picture's time may be off, each way.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>When the first picture is decoded.</summary>
    public TimeSpan Start { get; init; }

    /// <summary>Times without pictures.</summary>
    public IReadOnlyList<(TimeSpan From, TimeSpan To)> VideoGaps { get; init; } = [];

    /// <summary>Times without sound.</summary>
    public IReadOnlyList<(TimeSpan From, TimeSpan To)> AudioGaps { get; init; } = [];

    /// <summary>How much later than its time sound arrives; below zero, earlier.</summary>
    public TimeSpan AudioDelay { get; init; }

    /// <summary>Payload of a picture that is not a keyframe, in bytes; a keyframe has eight times as much.</summary>
    public int PictureBytes { get; init; } = 120;

    /// <summary>For the jitter.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The tracks.</summary>
    public IReadOnlyList<Track> Tracks =>
    [
        .. FrameRate > 0 ? new[] { Video } : [],
        .. Sound is null ? Array.Empty<Track>() : [Sound],
        .. OtherVideos,
    ];

    /// <summary>The frames of a length of time, in the order they arrive. The caller owns them.</summary>
    public IEnumerable<Frame> Frames(TimeSpan length)
    {
        var all = new List<(TimeSpan Arrival, Func<Frame> Make)>();
        foreach (var (arrival, make) in Pictures(length).Concat(Sounds(length)))
        {
            all.Add((arrival, make));
        }

        return all.OrderBy(item => item.Arrival).Select(item => item.Make());
    }

    /// <summary>Which frame a payload is: its track and its number within the track.</summary>
    public static (int TrackId, int Number) NumberOf(ReadOnlySpan<byte> payload) =>
        (payload[payload.Length - NumberLength], (int)BinaryPrimitives.ReadInt64BigEndian(payload[(payload.Length - NumberLength + 1)..]));

    /// <summary>Which frame it is.</summary>
    public static (int TrackId, int Number) NumberOf(Frame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        return NumberOf(frame.Payload.Span);
    }

    private static Track Make(int id, Codec codec, byte[] configuration) =>
        TrackFactory.TryCreate(id, codec, configuration, out var track, out var fault)
            ? track
            : throw new InvalidOperationException($"The sample is no {codec}: {fault}.");

    private IEnumerable<(TimeSpan Arrival, Func<Frame> Make)> Pictures(TimeSpan length)
    {
        if (FrameRate <= 0)
        {
            yield break;
        }

        var random = new Random(Seed);
        var step = TimeSpan.FromSeconds(1 / FrameRate);
        var group = 0;
        var inGroup = 0;
        var number = 0;
        var last = TimeSpan.MinValue;
        for (var i = 0L; ; i++)
        {
            var exact = Start + TimeSpan.FromTicks((long)Math.Round(i * TimeSpan.TicksPerSecond / FrameRate));
            if (exact - Start >= length)
            {
                yield break;
            }

            var isKeyframe = inGroup == 0;
            if (++inGroup >= Groups[Math.Min(group, Groups.Count - 1)])
            {
                inGroup = 0;
                group++;
            }

            var off = Jitter * ((random.NextDouble() * 2) - 1);
            var decode = Rounded(Max(exact + off, last + TimeSpan.FromMilliseconds(1)));
            if (VideoGaps.Any(gap => exact - Start >= gap.From && exact - Start < gap.To))
            {
                continue;
            }

            last = decode;

            // With B-frames a picture is shown one frame after it is decoded, or the whole run later when others go before it.
            var place = BFrames == 0 ? 0 : (inGroup + BFrames) % (BFrames + 1);
            var shown = decode + (BFrames == 0 ? TimeSpan.Zero : Rounded(place == 0 || isKeyframe ? step * (BFrames + 1) : TimeSpan.Zero));
            foreach (var track in OtherVideos.Prepend(Video))
            {
                var (id, n) = (track.Id, number);
                yield return (exact, () => Frame.CopyOf(
                    id, At(decode), At(shown), TimeSpan.Zero, isKeyframe, Payload(id, n, PictureBytes * (isKeyframe ? 8 : 1), isKeyframe)));
            }

            number++;
        }
    }

    private IEnumerable<(TimeSpan Arrival, Func<Frame> Make)> Sounds(TimeSpan length)
    {
        if (Sound is null)
        {
            yield break;
        }

        var samples = Sound.SamplesPerFrame > 0 ? Sound.SamplesPerFrame : Sound.SampleRateHz / 50;
        var number = 0;
        for (var i = 0L; ; i++)
        {
            var exact = Start + MediaTime.FromTimescale(i * samples, Sound.SampleRateHz).SinceStart;
            if (exact - Start >= length)
            {
                yield break;
            }

            if (AudioGaps.Any(gap => exact - Start >= gap.From && exact - Start < gap.To))
            {
                continue;
            }

            var n = number++;
            var at = Rounded(exact);
            var duration = MediaTime.FromTimescale(samples, Sound.SampleRateHz).SinceStart;
            var id = Sound.Id;
            yield return (exact + AudioDelay, () => Frame.CopyOf(id, At(at), At(at), duration, true, Payload(id, n, 40, false)));
        }
    }

    private static MediaTime At(TimeSpan time) => new(time.Ticks);

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;

    private TimeSpan Rounded(TimeSpan time) => RoundsToMilliseconds ? TimeSpan.FromMilliseconds(Math.Round(time.TotalMilliseconds)) : time;

    // A NAL unit of a length that says so itself, the number at its end.
    private static byte[] Payload(int trackId, int number, int length, bool isKeyframe)
    {
        var bytes = new byte[Math.Max(length, NumberLength + 5)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, bytes.Length - 4);
        bytes[4] = isKeyframe ? (byte)0x65 : (byte)0x41;
        bytes[^NumberLength] = (byte)trackId;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(bytes.Length - NumberLength + 1), number);
        return bytes;
    }
}
