using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtp.Vp8;

/// <summary>What stands in front of VP8 data in a packet, and whether a keyframe begins there (RFC 7741 sections 4.2 and 4.3).</summary>
/// <remarks>A plain value. The counts can be written over in place, which is how a switch of encodings is hidden.</remarks>
public readonly record struct Vp8PayloadDescriptor
{
    /* RFC 7741, figure 2

        |X|R|N|S|R| PID:3 |
        |I|L|T|K| RSV:4   |              if X
        |M| picture id: 7 or 15 |        if I
        | TL0PICIDX:8     |              if L
        |TID:2|Y| KEYIDX:5|              if T or K
    */
    private const int KeyframeHeaderLength = 10;

    /// <summary>Bytes in front of the VP8 data.</summary>
    public int Length { get; private init; }

    /// <summary>Whether the packet begins a partition.</summary>
    public bool StartsPartition { get; private init; }

    /// <summary>Number of the partition.</summary>
    public byte PartitionIndex { get; private init; }

    /// <summary>Whether no other frame depends on this one.</summary>
    public bool IsDiscardable { get; private init; }

    /// <summary>Where the picture id stands; 0 when there is none.</summary>
    public int PictureIdAt { get; private init; }

    /// <summary>Whether the picture id has 15 bits, not 7.</summary>
    public bool IsPictureIdLong { get; private init; }

    /// <summary>Rises by one with each frame, modulo 2^15 or 2^7.</summary>
    public ushort PictureId { get; private init; }

    /// <summary>Where the count of base layer frames stands; 0 when there is none.</summary>
    public int Tl0PictureIndexAt { get; private init; }

    /// <summary>Rises by one with each frame of temporal layer 0, modulo 2^8.</summary>
    public byte Tl0PictureIndex { get; private init; }

    /// <summary>Where temporal layer and key index stand; 0 when neither does.</summary>
    public int TemporalLayerAt { get; private init; }

    /// <summary>Temporal layer, 0 is the base; 0 when there is none.</summary>
    public byte TemporalLayer { get; private init; }

    /// <summary>Whether the frame depends on temporal layer 0 only, so that a receiver may step up here.</summary>
    public bool IsLayerSync { get; private init; }

    /// <summary>Whether a keyframe begins in this packet.</summary>
    public bool StartsKeyframe { get; private init; }

    /// <summary>Width of the picture in pixels, where a keyframe begins; otherwise 0.</summary>
    public int Width { get; private init; }

    /// <summary>Height of the picture in pixels, where a keyframe begins; otherwise 0.</summary>
    public int Height { get; private init; }

    /// <summary>Whether a frame begins in this packet.</summary>
    public bool StartsFrame => StartsPartition && PartitionIndex == 0;

    /// <summary>Reads a packet's payload.</summary>
    /// <returns>False when the descriptor is cut short or nothing follows it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> payload, out Vp8PayloadDescriptor descriptor)
    {
        descriptor = default;
        if (payload.IsEmpty)
        {
            return false;
        }

        var read = new Vp8PayloadDescriptor
        {
            IsDiscardable = (payload[0] & 0x20) != 0,
            StartsPartition = (payload[0] & 0x10) != 0,
            PartitionIndex = (byte)(payload[0] & 0x07),
        };
        var at = 1;
        if ((payload[0] & 0x80) != 0)
        {
            if (payload.Length < 2)
            {
                return false;
            }

            var flags = payload[at++];
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

            if ((flags & 0x40) != 0)
            {
                if (payload.Length <= at)
                {
                    return false;
                }

                read = read with { Tl0PictureIndexAt = at, Tl0PictureIndex = payload[at] };
                at++;
            }

            if ((flags & 0x30) != 0)
            {
                if (payload.Length <= at)
                {
                    return false;
                }

                var hasLayer = (flags & 0x20) != 0;
                read = read with
                {
                    TemporalLayerAt = at,
                    TemporalLayer = hasLayer ? (byte)(payload[at] >> 6) : (byte)0,
                    IsLayerSync = hasLayer && (payload[at] & 0x20) != 0,
                };
                at++;
            }
        }

        if (payload.Length <= at)
        {
            return false;
        }

        // RFC 6386 section 9.1: the lowest bit of the frame tag is 0 in a keyframe; start code and size follow the tag.
        if (read.StartsFrame && (payload[at] & 1) == 0)
        {
            read = read with { StartsKeyframe = true };
            if (payload.Length >= at + KeyframeHeaderLength)
            {
                read = read with
                {
                    Width = BinaryPrimitives.ReadUInt16LittleEndian(payload[(at + 6)..]) & 0x3FFF,
                    Height = BinaryPrimitives.ReadUInt16LittleEndian(payload[(at + 8)..]) & 0x3FFF,
                };
            }
        }

        descriptor = read with { Length = at };
        return true;
    }

    /// <summary>Writes other counts over those of the payload that this descriptor was read from; the length stays.</summary>
    /// <param name="payload">The payload, or a copy of it.</param>
    /// <param name="pictureId">Written modulo 2^15 or 2^7, where there is one.</param>
    /// <param name="tl0PictureIndex">Written where there is one.</param>
    public void Rewrite(Span<byte> payload, ushort pictureId, byte tl0PictureIndex)
    {
        if (PictureIdAt != 0)
        {
            if (IsPictureIdLong)
            {
                BinaryPrimitives.WriteUInt16BigEndian(payload[PictureIdAt..], (ushort)(pictureId | 0x8000));
            }
            else
            {
                payload[PictureIdAt] = (byte)(pictureId & 0x7F);
            }
        }

        if (Tl0PictureIndexAt != 0)
        {
            payload[Tl0PictureIndexAt] = tl0PictureIndex;
        }
    }
}
