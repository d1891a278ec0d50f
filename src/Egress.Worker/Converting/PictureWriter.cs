using System.Globalization;
using Roomcast.Egress.Composition.Layouts;
using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Converting;

/// <summary>Takes an encoded picture.</summary>
internal delegate void TakePicture(TimeSpan at, bool isKeyframe, ReadOnlySpan<byte> payload);

/// <summary>Encodes pictures as VP8 or VP9, each at once, a keyframe every four seconds. Owned by one thread.</summary>
internal sealed class PictureWriter : IDisposable
{
    public const string Vp8 = "libvpx";
    public const string Vp9 = "libvpx-vp9";

    private static readonly TimeSpan KeyframeInterval = TimeSpan.FromSeconds(4);

    private readonly ConversionOrder _order;
    private readonly TakePicture _take;
    private readonly AvPacket _packet = new();
    private readonly Scaler _scaler = new();
    private readonly AvCodecContext _encoder;
    private readonly int _width;
    private readonly int _height;
    private AvFrame? _scaled;
    private TimeSpan? _keyframeAt;
    private TimeSpan _at = TimeSpan.MinValue;
    private long _number = -1;

    /// <summary>Opens the encoder.</summary>
    /// <param name="order">What is wanted.</param>
    /// <param name="width">Pixels across of all pictures.</param>
    /// <param name="height">Pixels down.</param>
    /// <param name="take">Takes what comes out.</param>
    public PictureWriter(ConversionOrder order, int width, int height, TakePicture take)
    {
        (_order, _width, _height, _take) = (order, width, height, take);
        _encoder = Open();
    }

    /// <summary>Pictures that were encoded.</summary>
    public long Count { get; private set; }

    /// <summary>Encodes a picture.</summary>
    /// <param name="picture">In YUV 4:2:0. One of another size is scaled.</param>
    /// <param name="at">When it is shown; one that is not later than the one before is left out.</param>
    public void Encode(AvFrame picture, TimeSpan at)
    {
        if (at <= _at)
        {
            return;
        }

        if (picture.Width != _width || picture.Height != _height)
        {
            picture = Scale(picture);
        }

        // The encoder counts pictures at their usual rate: what it spends follows the time, however they come.
        _number = Math.Max(_number + 1, (long)Math.Round(at.TotalSeconds * _order.FrameRate));
        _at = at;
        Count++;
        var isKeyframe = _keyframeAt is not { } last || at - last >= KeyframeInterval;
        picture.Time = _number;
        picture.WantKeyframe(isKeyframe);
        LibAvUtil.Check(_encoder.Send(picture), "Encoding a picture");
        while (_encoder.Receive(_packet) >= 0)
        {
            _keyframeAt = _packet.IsKeyframe ? at : _keyframeAt;
            _take(at, _packet.IsKeyframe, _packet.Data);
            _packet.Clear();
        }
    }

    public void Dispose()
    {
        _encoder.Dispose();
        _scaled?.Dispose();
        _scaler.Dispose();
        _packet.Dispose();
    }

    private AvFrame Scale(AvFrame picture)
    {
        _scaled ??= AvFrame.OfPicture(_width, _height);
        _scaled.MakeWritable();
        return _scaler.Scale(picture, new TileArea(0, 0, picture.Width, picture.Height), _scaled, LibSwScale.Bicubic)
            ? _scaled
            : throw new ConversionException("A picture of another size in the recording cannot be scaled.");
    }

    private AvCodecContext Open()
    {
        var bitrate = _order.VideoBitrateBps.ToString(CultureInfo.InvariantCulture);
        List<(string Name, string Value)> options =
        [
            ("video_size", string.Create(CultureInfo.InvariantCulture, $"{_width}x{_height}")),
            ("pixel_format", "yuv420p"),
            ("time_base", string.Create(CultureInfo.InvariantCulture, $"1/{_order.FrameRate}")),
            ("b", bitrate),
            ("g", "100000"), // When one is due is said with each picture.
            ("deadline", "realtime"),
            ("cpu-used", _order.IsVp9 ? "8" : "-8"), // Below zero VP8 goes by no clock: the same picture gives the same bytes.
            ("lag-in-frames", "0"),
            ("auto-alt-ref", "0"),
            ("qmin", "4"),
            ("qmax", "56"),
            ("threads", "1"),
            ("color_range", "tv"),
            ("colorspace", "smpte170m"),
        ];
        return AvCodecContext.OpenEncoder(_order.IsVp9 ? Vp9 : Vp8, [.. options]);
    }
}
