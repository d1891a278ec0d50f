using Roomcast.Media.Codecs.Av1;
using Roomcast.Media.Codecs.H264;
using Roomcast.Media.Codecs.H265;
using Roomcast.Media.Codecs.Vp9;

namespace Roomcast.Media.Codecs;

/// <summary>What every video codec's configuration says in its own way.</summary>
/// <param name="Configuration">The configuration in the form of <see cref="Track.Configuration"/>.</param>
/// <param name="CodecString">The codec as RFC 6381 writes it.</param>
/// <param name="Width">Pixels across, 0 for VP9.</param>
/// <param name="Height">Pixels down, 0 for VP9.</param>
/// <param name="FrameRate">Frames per second, 0 when not said.</param>
/// <param name="SampleAspectRatio">The shape of a pixel.</param>
/// <param name="Colour">How to show the samples, null when not said.</param>
internal readonly record struct VideoFormat(
    ReadOnlyMemory<byte> Configuration,
    string CodecString,
    int Width,
    int Height,
    double FrameRate,
    SampleAspectRatio SampleAspectRatio,
    ColourDescription? Colour)
{
    /// <summary>Reads a video codec's configuration.</summary>
    public static bool TryRead(Codec codec, ReadOnlyMemory<byte> bytes, out VideoFormat format, out TrackFault fault)
    {
        format = default;
        fault = TrackFault.Unsupported;
        return codec switch
        {
            Codec.H264 => TryReadAvc(bytes, ref format, out fault),
            Codec.H265 => TryReadHevc(bytes, ref format, out fault),
            Codec.Av1 => TryReadAv1(bytes, ref format, out fault),
            Codec.Vp9 => TryReadVp9(bytes, ref format, out fault),
            _ => false,
        };
    }

    private static bool TryReadAvc(ReadOnlyMemory<byte> bytes, ref VideoFormat format, out TrackFault fault)
    {
        if (!AvcConfiguration.TryRead(bytes, out var avc, out fault))
        {
            return false;
        }

        var set = avc.Sequence;
        format = new VideoFormat(
            avc.Bytes, avc.CodecString, set.Width, set.Height, set.FrameRate, set.SampleAspectRatio, set.Colour);
        return true;
    }

    private static bool TryReadHevc(ReadOnlyMemory<byte> bytes, ref VideoFormat format, out TrackFault fault)
    {
        if (!HevcConfiguration.TryRead(bytes, out var hevc, out fault))
        {
            return false;
        }

        var set = hevc.Sequence;
        format = new VideoFormat(
            hevc.Bytes, hevc.CodecString, set.Width, set.Height, set.FrameRate, set.SampleAspectRatio, set.Colour);
        return true;
    }

    private static bool TryReadAv1(ReadOnlyMemory<byte> bytes, ref VideoFormat format, out TrackFault fault)
    {
        if (!Av1Configuration.TryRead(bytes, out var av1, out fault))
        {
            return false;
        }

        var header = av1.Sequence;
        ColourDescription? colour = header.Colour == ColourDescription.Unspecified ? null : header.Colour;
        format = new VideoFormat(
            av1.Bytes, av1.CodecString, header.Width, header.Height, header.FrameRate, SampleAspectRatio.Square, colour);
        return true;
    }

    private static bool TryReadVp9(ReadOnlyMemory<byte> bytes, ref VideoFormat format, out TrackFault fault)
    {
        if (!Vp9Configuration.TryRead(bytes, out var vp9, out fault))
        {
            return false;
        }

        format = new VideoFormat(
            vp9.Bytes, vp9.CodecString, Width: 0, Height: 0, FrameRate: 0, SampleAspectRatio.Square, vp9.Colour);
        return true;
    }
}
