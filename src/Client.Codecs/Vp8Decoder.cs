using System.Runtime.InteropServices;
using Roomcast.Client.Media;

namespace Roomcast.Client.Codecs;

/// <summary>Decodes VP8 by libavcodec. Not thread-safe; one for each track.</summary>
public sealed class Vp8Decoder : IDisposable
{
    private const int MaxSide = 8_192;

    private nint _context;
    private nint _packet;
    private nint _frame;

    /// <summary>Makes one.</summary>
    /// <exception cref="CodecsMissingException">FFmpeg's libraries are not on this machine.</exception>
    public Vp8Decoder()
    {
        AvLibraries.Need();
        var codec = AvLibraries.avcodec_find_decoder_by_name([.. "vp8\0"u8]);
        if (codec == 0)
        {
            throw new CodecsMissingException("The libavcodec of this machine has no decoder of VP8.");
        }

        _context = AvLibraries.avcodec_alloc_context3(codec);
        _packet = AvLibraries.av_packet_alloc();
        _frame = AvLibraries.av_frame_alloc();
        if (_context == 0 || _packet == 0 || _frame == 0 || AvLibraries.avcodec_open2(_context, codec, 0) < 0)
        {
            Dispose();
            throw new CodecsMissingException("The decoder of VP8 could not be opened: there may be no memory.");
        }
    }

    /// <summary>Whether a decoder can be made on this machine.</summary>
    public static bool IsPresent
    {
        get
        {
            try
            {
                using var decoder = new Vp8Decoder();
                return true;
            }
            catch (CodecsMissingException)
            {
                return false;
            }
        }
    }

    /// <summary>Decodes a frame.</summary>
    /// <param name="frame">A picture; the first one a keyframe.</param>
    /// <returns>Null when it is damaged, or shows nothing.</returns>
    public I420Picture? Decode(in EncodedFrame frame)
    {
        TryDecode(frame, out var picture);
        return picture;
    }

    /// <summary>Decodes a frame.</summary>
    /// <param name="frame">A picture; the first one a keyframe.</param>
    /// <param name="picture">What it shows; null for one that is not to be shown, as encoders that look ahead make them.</param>
    /// <returns>False when it is damaged.</returns>
    internal bool TryDecode(in EncodedFrame frame, out I420Picture? picture)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        picture = null;
        if (frame.Data.IsEmpty || AvLibraries.av_new_packet(_packet, frame.Data.Length) < 0)
        {
            return false;
        }

        // The frame tag (RFC 6386 section 9.1): bit 4 of the first byte says whether it is shown.
        var isShown = (frame.Data.Span[0] & 0x10) != 0;

        try
        {
            var bytes = MemoryMarshal.TryGetArray(frame.Data, out var array) ? array : new ArraySegment<byte>(frame.Data.ToArray());
            Marshal.Copy(bytes.Array!, bytes.Offset, Marshal.ReadIntPtr(_packet, AvLibraries.PacketData), bytes.Count);
            if (AvLibraries.avcodec_send_packet(_context, _packet) < 0)
            {
                return false;
            }
        }
        finally
        {
            AvLibraries.av_packet_unref(_packet);
        }

        // A frame gives one picture, or none when it shows nothing; a decoder wants to be emptied all the same.
        while (AvLibraries.avcodec_receive_frame(_context, _frame) >= 0)
        {
            picture = Copy(frame) ?? picture;
            AvLibraries.av_frame_unref(_frame);
        }

        return picture is not null || !isShown;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_context != 0)
        {
            AvLibraries.avcodec_free_context(ref _context);
        }

        if (_packet != 0)
        {
            AvLibraries.av_packet_free(ref _packet);
        }

        if (_frame != 0)
        {
            AvLibraries.av_frame_free(ref _frame);
        }
    }

    private I420Picture? Copy(in EncodedFrame frame)
    {
        var (width, height) = (Marshal.ReadInt32(_frame, AvLibraries.FrameWidth), Marshal.ReadInt32(_frame, AvLibraries.FrameHeight));
        if (width is < 1 or > MaxSide || height is < 1 or > MaxSide || Marshal.ReadInt32(_frame, AvLibraries.FrameFormat) != AvLibraries.Yuv420)
        {
            return null;
        }

        var bytes = new byte[(width * height) + (2 * I420Picture.LengthOfColour(width, height))];
        var at = 0;
        for (var plane = 0; plane < 3; plane++)
        {
            var source = Marshal.ReadIntPtr(_frame, plane * nint.Size);
            var stride = Marshal.ReadInt32(_frame, AvLibraries.FrameStrides + (plane * sizeof(int)));
            var (across, down) = plane == 0 ? (width, height) : ((width + 1) / 2, (height + 1) / 2);
            for (var row = 0; row < down; row++, at += across)
            {
                Marshal.Copy(source + (row * stride), bytes, at, across);
            }
        }

        return new I420Picture(width, height, frame.RotationDegrees, frame.Time, bytes);
    }
}

/// <summary>Takes the frames of a track and gives pictures: a decoder as a sink.</summary>
/// <remarks>
/// Decodes on the thread of the track's transport, which a picture of 1280 x 720 holds for a few milliseconds. After a frame that was
/// damaged it goes on with the next keyframe, which it has the sender asked for.
/// </remarks>
public sealed class DecodingSink : IFrameSink, IDisposable
{
    private readonly Lock _lock = new();
    private readonly Vp8Decoder _decoder = new();
    private readonly Action<I420Picture> _onPicture;
    private bool _needsKeyframe = true;
    private bool _isOver;

    /// <summary>Makes one.</summary>
    /// <param name="onPicture">Takes each picture, in order.</param>
    /// <exception cref="CodecsMissingException">FFmpeg's libraries are not on this machine.</exception>
    public DecodingSink(Action<I420Picture> onPicture)
    {
        ArgumentNullException.ThrowIfNull(onPicture);
        _onPicture = onPicture;
    }

    /// <summary>Pictures that were given.</summary>
    public long Pictures { get; private set; }

    /// <summary>Frames that could not be decoded.</summary>
    public long Damaged { get; private set; }

    /// <inheritdoc/>
    public bool NeedsKeyframe
    {
        get
        {
            lock (_lock)
            {
                return _needsKeyframe && !_isOver;
            }
        }
    }

    /// <inheritdoc/>
    public void OnFrame(in EncodedFrame frame)
    {
        lock (_lock)
        {
            if (_isOver || frame.Kind is not Roomcast.Media.TrackKind.Video || (_needsKeyframe && !frame.IsKeyframe))
            {
                return;
            }

            _needsKeyframe = !_decoder.TryDecode(frame, out var picture);
            Damaged += _needsKeyframe ? 1 : 0;
            if (picture is not null)
            {
                Pictures++;
                _onPicture(picture);
            }
        }
    }

    /// <inheritdoc/>
    public void OnEnded()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (!_isOver)
            {
                _isOver = true;
                _decoder.Dispose();
            }
        }
    }
}
