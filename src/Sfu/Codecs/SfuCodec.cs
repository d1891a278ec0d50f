using Roomcast.Rtc.Rtp.H264;
using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.Rtc.Rtp.Vp9;

namespace Roomcast.Sfu.Codecs;

/// <summary>The codecs that are forwarded.</summary>
public enum SfuCodec
{
    /// <summary>Opus.</summary>
    Opus,

    /// <summary>VP8.</summary>
    Vp8,

    /// <summary>VP9.</summary>
    Vp9,

    /// <summary>H.264.</summary>
    H264,
}

/// <summary>What forwarding must know of each codec.</summary>
internal static class SfuCodecs
{
    /// <summary>Whether it is sound.</summary>
    public static bool IsAudio(this SfuCodec codec) => codec is SfuCodec.Opus;

    /// <summary>Ticks of its timestamps in a second.</summary>
    public static int ClockRateHz(this SfuCodec codec) => codec.IsAudio() ? 48_000 : 90_000;

    /// <summary>Whether decoding can start with this packet.</summary>
    public static bool StartsKeyframe(this SfuCodec codec, ReadOnlySpan<byte> payload) => codec switch
    {
        SfuCodec.Opus => true,
        SfuCodec.Vp8 => Vp8PayloadDescriptor.TryRead(payload, out var vp8) && vp8.StartsKeyframe,
        SfuCodec.Vp9 => Vp9PayloadDescriptor.TryRead(payload, out var vp9) && vp9.StartsKeyframe,
        _ => H264Payload.TryRead(payload, out var h264) && h264.StartsKeyframe,
    };
}
