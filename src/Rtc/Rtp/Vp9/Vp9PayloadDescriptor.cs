using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtp.Vp9;

/// <summary>What stands in front of VP9 data in a packet (RFC 9628 section 4.2).</summary>
/// <remarks>A plain value. The scalability structure is passed over; its length is capped by its own fields.</remarks>
public readonly record struct Vp9PayloadDescriptor
{
    /* RFC 9628, figures 2 and 3

        |I|P|L|F|B|E|V|Z|
        |M| picture id: 7 or 15 |      if I
        |TID:3|U|SID:3|D|              if L
        | TL0PICIDX:8 |                if L and not F
        | P_DIFF:7 |N|                 up to three times, if F and P
        | scalability structure |      if V
    */
    private const int MaxReferences = 3;

    /// <summary>Bytes in front of the VP9 data.</summary>
    public int Length { get; private init; }

    /// <summary>Whether the frame depends on earlier pictures.</summary>
    public bool IsInterPicture { get; private init; }

    /// <summary>Whether a frame of a spatial layer begins here.</summary>
    public bool StartsFrame { get; private init; }

    /// <summary>Whether a frame of a spatial layer ends here.</summary>
    public bool EndsFrame { get; private init; }

    /// <summary>Whether no later picture's other spatial layer depends on this one.</summary>
    public bool IsNotReferenceForUpperLayers { get; private init; }

    /// <summary>Where the picture id stands; 0 when there is none.</summary>
    public int PictureIdAt { get; private init; }

    /// <summary>Whether the picture id has 15 bits, not 7.</summary>
    public bool IsPictureIdLong { get; private init; }

    /// <summary>Rises by one with each picture.</summary>
    public ushort PictureId { get; private init; }

    /// <summary>Whether the layer numbers are present.</summary>
    public bool HasLayers { get; private init; }

    /// <summary>Temporal layer.</summary>
    public byte TemporalLayer { get; private init; }

    /// <summary>Spatial layer.</summary>
    public byte SpatialLayer { get; private init; }

    /// <summary>Whether a receiver may step up to this temporal layer here.</summary>
    public bool IsSwitchingPoint { get; private init; }

    /// <summary>Whether the frame depends on the spatial layer below of the same picture.</summary>
    public bool IsInterLayer { get; private init; }

    /// <summary>Where the count of base layer pictures stands; 0 when there is none.</summary>
    public int Tl0PictureIndexAt { get; private init; }

    /// <summary>Rises by one with each picture of temporal layer 0.</summary>
    public byte Tl0PictureIndex { get; private init; }

    /// <summary>Whether a keyframe begins in this packet.</summary>
    public bool StartsKeyframe => StartsFrame && !IsInterPicture && !(IsInterLayer && HasLayers) && SpatialLayer == 0;

    /// <summary>Reads a packet's payload.</summary>
    /// <returns>False when the descriptor is cut short or nothing follows it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> payload, out Vp9PayloadDescriptor descriptor)
    {
        descriptor = default;
        if (payload.IsEmpty)
        {
            return false;
        }

        var flags = payload[0];
        var isFlexible = (flags & 0x10) != 0;
        var read = new Vp9PayloadDescriptor
        {
            IsInterPicture = (flags & 0x40) != 0,
            StartsFrame = (flags & 0x08) != 0,
            EndsFrame = (flags & 0x04) != 0,
            IsNotReferenceForUpperLayers = (flags & 0x01) != 0,
        };
        var at = 1;
        if ((flags & 0x80) != 0)
        {
            if (payload.Length < at + 2)
            {
                return false;
            }

            var isLong = (payload[at] & 0x80) != 0;
            read = read with
            {
                PictureIdAt = at,
                IsPictureIdLong = isLong,
                PictureId = isLong ? (ushort)(BinaryPrimitives.ReadUInt16BigEndian(payload[at..]) & 0x7FFF) : payload[at],
            };
            at += isLong ? 2 : 1;
        }

        if ((flags & 0x20) != 0)
        {
            if (payload.Length < at + 2)
            {
                return false;
            }

            var layers = payload[at++];
            read = read with
            {
                HasLayers = true,
                TemporalLayer = (byte)(layers >> 5),
                IsSwitchingPoint = (layers & 0x10) != 0,
                SpatialLayer = (byte)((layers >> 1) & 7),
                IsInterLayer = (layers & 1) != 0,
            };
            if (!isFlexible)
            {
                read = read with { Tl0PictureIndexAt = at, Tl0PictureIndex = payload[at] };
                at++;
            }
        }

        if (isFlexible && read.IsInterPicture && !TryPassReferences(payload, ref at))
        {
            return false;
        }

        if ((flags & 0x02) != 0 && !TryPassStructure(payload, ref at))
        {
            return false;
        }

        if (payload.Length <= at)
        {
            return false;
        }

        descriptor = read with { Length = at };
        return true;
    }

    private static bool TryPassReferences(ReadOnlySpan<byte> payload, ref int at)
    {
        for (var i = 0; i < MaxReferences; i++)
        {
            if (payload.Length <= at)
            {
                return false;
            }

            if ((payload[at++] & 1) == 0)
            {
                return true;
            }
        }

        return false; // RFC 9628: there are at most three, so the third says that none follows.
    }

    private static bool TryPassStructure(ReadOnlySpan<byte> payload, ref int at)
    {
        /* |N_S:3|Y|G|-:3|  then N_S + 1 times width:16, height:16 if Y;  if G: N_G:8, then N_G times
           |TID:3|U|R:2|-:2| and R times P_DIFF:8 */
        if (payload.Length <= at)
        {
            return false;
        }

        var head = payload[at++];
        at += (head & 0x10) != 0 ? 4 * ((head >> 5) + 1) : 0;
        if ((head & 0x08) == 0)
        {
            return at <= payload.Length;
        }

        if (payload.Length <= at)
        {
            return false;
        }

        for (var groups = payload[at++]; groups > 0; groups--)
        {
            if (payload.Length <= at)
            {
                return false;
            }

            at += 1 + ((payload[at] >> 2) & 3);
        }

        return at <= payload.Length;
    }
}
