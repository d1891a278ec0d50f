using System.Buffers.Binary;
using Roomcast.Media.Codecs.H264;
using Roomcast.Media.Codecs.Vp9;
using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.Rtc.Rtp.Vp9;

namespace Roomcast.Sfu.Codecs;

/// <summary>Reads how large the pictures are from the packets that keyframes begin with.</summary>
internal static class KeyframeSize
{
    private const int SequenceParameters = 7;
    private const int StapA = 24;

    /// <summary>Width and height in pixels, as a packet tells them; zero when it does not.</summary>
    public static (int Width, int Height) Read(SfuCodec codec, ReadOnlySpan<byte> payload) => codec switch
    {
        SfuCodec.Vp8 when Vp8PayloadDescriptor.TryRead(payload, out var vp8) => (vp8.Width, vp8.Height),
        SfuCodec.Vp9 when Vp9PayloadDescriptor.TryRead(payload, out var vp9)
            && Vp9FrameHeader.TryRead(payload[vp9.Length..], out var header) => (header.Width, header.Height),
        SfuCodec.H264 => ReadParameters(payload),
        _ => default,
    };

    // They come in a packet of their own, or first in an aggregate (RFC 6184 sections 5.6 and 5.7.1).
    private static (int Width, int Height) ReadParameters(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty)
        {
            return default;
        }

        if ((payload[0] & 0x1F) == SequenceParameters)
        {
            return AvcSequenceParameterSet.TryRead(payload, out var own, out _) ? (own.Width, own.Height) : default;
        }

        var rest = (payload[0] & 0x1F) == StapA ? payload[1..] : default;
        while (rest.Length > 2 && BinaryPrimitives.ReadUInt16BigEndian(rest) is var length && length > 0 && length <= rest.Length - 2)
        {
            if ((rest[2] & 0x1F) == SequenceParameters)
            {
                return AvcSequenceParameterSet.TryRead(rest.Slice(2, length), out var first, out _) ? (first.Width, first.Height) : default;
            }

            rest = rest[(2 + length)..];
        }

        return default;
    }
}
