namespace Roomcast.Rtc.Rtp.Vp8;

/// <summary>What is known of a whole VP8 frame that packets made up. A plain value; the data is apart.</summary>
public readonly record struct Vp8Frame
{
    /// <summary>When it was sampled, in units of 90 kHz, modulo 2^32.</summary>
    public uint Timestamp { get; init; }

    /// <summary>Whether decoding can start here.</summary>
    public bool IsKeyframe { get; init; }

    /// <summary>Whether packets before it were given up, so that only a keyframe can be relied on.</summary>
    public bool FollowsGap { get; init; }

    /// <summary>Width of the picture in pixels in a keyframe; otherwise 0.</summary>
    public int Width { get; init; }

    /// <summary>Height of the picture in pixels in a keyframe; otherwise 0.</summary>
    public int Height { get; init; }

    /// <summary>Bytes of VP8 data (RFC 6386), without descriptors.</summary>
    public int Length { get; init; }

    /// <summary>When the last of its packets arrived.</summary>
    public TimeSpan CompletedAt { get; init; }

    /// <summary>The byte of the orientation (camera, flip, rotation) that holds for it: its packets', else that of the frames before it since the last keyframe.</summary>
    /// <remarks>3GPP TS 26.114 section 7.4.5. A keyframe that says nothing is upright.</remarks>
    public byte Orientation { get; init; }

    /// <summary>By how much it is to be turned clockwise to be upright: 0, 90, 180 or 270. The lowest two bits of the orientation count quarter turns.</summary>
    public int RotationDegrees => (Orientation & 3) * 90;
}
