using System.Buffers.Binary;
using Roomcast.Egress.Worker.Composing;
using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Picture;

/// <summary>One camera or screen: its decoder, the pictures that wait for their time, and the one that is shown.</summary>
internal sealed class VideoTrack : IDisposable
{
    /// <summary>Most pixels in width and in height.</summary>
    public const int MaxSide = 4_096;

    /// <summary>Longest frame that is decoded: 4 MB.</summary>
    private const int MaxFrameBytes = 4 << 20;

    /// <summary>Pictures that may wait; the oldest goes when another comes.</summary>
    private const int MaxWaiting = 8;

    private static readonly TimeSpan KeyframeAskInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Pictures come nearly, not exactly, at the rate of ticks: one this near to the border between two is not counted to the wrong side.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(4);

    private readonly IComposerOutput _output;
    private readonly ComposerCounters _counters;
    private readonly Queue<Waiting> _waiting = new(MaxWaiting);
    private readonly Stack<AvFrame> _spare = new();
    private readonly AvPacket _packet = new();
    private AvCodecContext? _decoder;
    private bool _needsKeyframe = true;
    private TimeSpan? _askedAt;
    private TimeSpan _newest;

    public VideoTrack(uint ssrc, IComposerOutput output, ComposerCounters counters)
    {
        Ssrc = ssrc;
        _output = output;
        _counters = counters;
        for (var i = 0; i < MaxWaiting + 2; i++)
        {
            _spare.Push(new AvFrame());
        }
    }

    public uint Ssrc { get; }

    /// <summary>Scales its pictures into its tile.</summary>
    public Scaler Scaler { get; } = new();

    /// <summary>What is shown now; null before the first picture.</summary>
    public AvFrame? Shown { get; private set; }

    /// <summary>How far <see cref="Shown"/> has to be turned clockwise: 0, 90, 180 or 270.</summary>
    public int Rotation { get; private set; }

    /// <summary>Whether it has a tile. Without one nothing is decoded.</summary>
    public bool IsVisible { get; private set; }

    /// <summary>What was last asked for; null before anything was.</summary>
    public int? PreferredHeight { get; set; }

    public void SetVisible(bool isVisible)
    {
        if (IsVisible && !isVisible)
        {
            // What comes meanwhile is not decoded, so that what follows cannot be either.
            _needsKeyframe = true;
            DropWaiting();
        }
        else if (!IsVisible && isVisible)
        {
            _askedAt = null;
        }

        IsVisible = isVisible;
    }

    /// <summary>Forgets its pictures: it is held back, and shall not be seen when it comes back before it has sent anew.</summary>
    public void Blank()
    {
        DropWaiting();
        _needsKeyframe = true;
        if (Shown is { } shown)
        {
            Recycle(shown);
            Shown = null;
        }
    }

    public void Take(ReadOnlySpan<byte> frame, TimeSpan at, int rotation)
    {
        _newest = at;
        if (!IsVisible)
        {
            _needsKeyframe = true;
            return;
        }

        // RFC 6386, section 9.1: three bytes for all frames, of which the lowest bit is 0 for keyframes; then a start code and the size.
        var isKeyframe = frame.Length >= 10 && (frame[0] & 1) == 0;
        if (frame.IsEmpty || frame.Length > MaxFrameBytes || (isKeyframe && !HasUsableSize(frame)) || (!isKeyframe && (frame[0] & 1) == 0))
        {
            Refuse();
            return;
        }

        if (_needsKeyframe && !isKeyframe)
        {
            Ask();
            return;
        }

        _needsKeyframe = false;
        _decoder ??= AvCodecContext.OpenDecoder("vp8", [("threads", "1"), ("max_pixels", $"{MaxSide * MaxSide}")]);
        _packet.Fill(frame);
        if (_decoder.Send(_packet) < 0)
        {
            Refuse();
            return;
        }

        Keep(at, rotation);
    }

    /// <summary>What follows cannot be decoded before a keyframe.</summary>
    public void Miss()
    {
        _needsKeyframe = true;
        if (IsVisible)
        {
            Ask();
        }
    }

    /// <summary>Shows what is due.</summary>
    /// <param name="until">Until when pictures belong to the tick that is made.</param>
    /// <returns>Whether that is another picture than before.</returns>
    public bool Show(TimeSpan until)
    {
        var hasChanged = false;
        while (_waiting.TryPeek(out var next) && next.At <= (hasChanged ? until - Tolerance : until + Tolerance))
        {
            _ = _waiting.Dequeue();
            if (Shown is { } shown)
            {
                Recycle(shown);
            }

            (Shown, Rotation) = (next.Picture, next.Rotation);
            hasChanged = true;
        }

        return hasChanged;
    }

    public void Dispose()
    {
        Blank();
        while (_spare.TryPop(out var frame))
        {
            frame.Dispose();
        }

        _packet.Dispose();
        _decoder?.Dispose();
        Scaler.Dispose();
    }

    private static bool HasUsableSize(ReadOnlySpan<byte> keyframe)
    {
        var width = BinaryPrimitives.ReadUInt16LittleEndian(keyframe[6..]) & 0x3FFF;
        var height = BinaryPrimitives.ReadUInt16LittleEndian(keyframe[8..]) & 0x3FFF;
        return keyframe[3] == 0x9D && keyframe[4] == 0x01 && keyframe[5] == 0x2A && width is > 0 and <= MaxSide && height is > 0 and <= MaxSide;
    }

    private void Keep(TimeSpan at, int rotation)
    {
        var picture = _spare.Pop();
        var result = _decoder!.Receive(picture);
        if (result < 0)
        {
            _spare.Push(picture);
            if (result != LibAvCodec.TryAgain)
            {
                Refuse();
            }

            // Otherwise it was a frame that others refer to, and that is not shown itself.
            return;
        }

        _counters.DecodedFrames++;
        if (_waiting.Count == MaxWaiting)
        {
            Recycle(_waiting.Dequeue().Picture);
        }

        _waiting.Enqueue(new Waiting(picture, at, rotation));
    }

    private void Refuse()
    {
        _counters.BadVideoFrames++;
        _needsKeyframe = true;
        Ask();
    }

    private void Ask()
    {
        if (_askedAt is { } askedAt && (_newest - askedAt).Duration() < KeyframeAskInterval)
        {
            return;
        }

        _askedAt = _newest;
        _output.WantKeyframe(Ssrc);
    }

    private void DropWaiting()
    {
        while (_waiting.TryDequeue(out var waiting))
        {
            Recycle(waiting.Picture);
        }
    }

    private void Recycle(AvFrame picture)
    {
        picture.Clear();
        _spare.Push(picture);
    }

    private readonly record struct Waiting(AvFrame Picture, TimeSpan At, int Rotation);
}
