using Roomcast.Egress.Worker.Drawing;
using Roomcast.Egress.Worker.Native;
using Roomcast.Egress.Worker.Picture;
using Roomcast.Egress.Composition.Layouts;

namespace Roomcast.Egress.Worker.Tests.Media;

/// <summary>Encodes VP8 of pictures that tests can tell apart: a colour, with another one in the quarter left of and above the middle.</summary>
internal sealed class PictureSource : IDisposable
{
    private readonly AvCodecContext _encoder;
    private readonly AvFrame _picture;
    private readonly AvPacket _packet = new();
    private long _number;

    public PictureSource(int width = 640, int height = 360, int keyframeEvery = 300)
    {
        CodecLibraries.Need();
        (Width, Height) = (width, height);
        _picture = AvFrame.OfPicture(width, height);
        _encoder = AvCodecContext.OpenEncoder("libvpx", [
            ("video_size", $"{width}x{height}"),
            ("pixel_format", "yuv420p"),
            ("time_base", "1/30"),
            ("b", "2000000"),
            ("g", $"{keyframeEvery}"),
            ("deadline", "realtime"),
            ("cpu-used", "8"),
            ("lag-in-frames", "0"),
            ("error-resilient", "default"),
            ("threads", "1"),
        ]);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Encodes one picture.</summary>
    /// <param name="rgb">Its colour.</param>
    /// <param name="quarterRgb">The colour of the left upper quarter; null for the same.</param>
    public byte[] Encode(int rgb, int? quarterRgb = null)
    {
        _picture.MakeWritable();
        TilePainter.Fill(_picture, new TileArea(0, 0, Width, Height), rgb);
        if (quarterRgb is { } colour)
        {
            TilePainter.Fill(_picture, new TileArea(0, 0, (Width / 2) & ~1, (Height / 2) & ~1), colour);
        }

        return EncodePicture();
    }

    private byte[] EncodePicture()
    {
        _picture.Time = _number++;
        LibAvUtil.Check(_encoder.Send(_picture), "Encoding a test's picture");
        LibAvUtil.Check(_encoder.Receive(_packet), "Encoding a test's picture");
        var bytes = _packet.Data.ToArray();
        _packet.Clear();
        return bytes;
    }

    /// <summary>Encodes noise, which cannot be foreseen.</summary>
    public byte[] EncodeNoise(Random random)
    {
        _picture.MakeWritable();
        for (var row = 0; row < Height; row++)
        {
            random.NextBytes(_picture.Row(0, row, 0, Width));
        }

        return EncodePicture();
    }

    public void Dispose()
    {
        _packet.Dispose();
        _picture.Dispose();
        _encoder.Dispose();
    }
}
