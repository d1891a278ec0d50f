using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtcp;

/// <summary>SDES: names of sources, of which only CNAME matters here (RFC 3550 section 6.5).</summary>
/// <remarks>Walks over the chunks; a chunk that is cut short ends the walk.</remarks>
public ref struct SourceDescription
{
    /* per chunk: | SSRC:32 | item type:8 | length:8 | text | … | 0 | padding to 32 bits | */
    private const byte EndItem = 0;
    private const byte CnameItem = 1;
    private const int MaxTextLength = 255;

    private readonly ReadOnlySpan<byte> _body;
    private int _left;
    private int _at;

    private SourceDescription(ReadOnlySpan<byte> body, int chunks)
    {
        _body = body;
        _left = chunks;
    }

    /// <summary>Begins the walk.</summary>
    /// <returns>False when it is another kind.</returns>
    public static bool TryRead(in RtcpPacket packet, out SourceDescription description)
    {
        description = new SourceDescription(packet.Body, packet.Count);
        return packet.Type is RtcpType.SourceDescription;
    }

    /// <summary>Reads the next chunk.</summary>
    /// <param name="ssrc">The source.</param>
    /// <param name="cname">Its lasting name, lent; empty when it has none.</param>
    public bool TryReadChunk(out uint ssrc, out ReadOnlySpan<byte> cname)
    {
        ssrc = 0;
        cname = default;
        if (_left == 0 || _body.Length - _at < 8)
        {
            return false;
        }

        _left--;
        ssrc = BinaryPrimitives.ReadUInt32BigEndian(_body[_at..]);
        _at += 4;
        while (_at < _body.Length)
        {
            var type = _body[_at];
            if (type == EndItem)
            {
                _at = (_at + 4) & ~3; // One zero at least, and as many as fill the word.
                return true;
            }

            if (_body.Length - _at < 2 || _body.Length - _at - 2 < _body[_at + 1])
            {
                break;
            }

            var text = _body.Slice(_at + 2, _body[_at + 1]);
            cname = type == CnameItem ? text : cname;
            _at += 2 + text.Length;
        }

        _left = 0;
        return false;
    }

    /// <summary>Writes a description of one source by its CNAME.</summary>
    /// <param name="writer">The compound.</param>
    /// <param name="ssrc">The source.</param>
    /// <param name="cname">1 to 255 bytes of UTF-8.</param>
    /// <returns>False, with nothing written, when there is no room.</returns>
    public static bool TryWrite(ref RtcpWriter writer, uint ssrc, scoped ReadOnlySpan<byte> cname)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cname.Length, MaxTextLength);
        var length = (4 + 2 + cname.Length + 4) & ~3;
        if (!writer.TryAdd(RtcpType.SourceDescription, 1, length, out var body))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        body[4] = CnameItem;
        body[5] = (byte)cname.Length;
        cname.CopyTo(body[6..]);
        return true;
    }
}
