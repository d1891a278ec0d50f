using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtp;

/// <summary>Writes an RTP header with its extensions into the caller's memory.</summary>
/// <remarks>What is written is ours, so a value out of range or too little room is a fault of ours and throws.</remarks>
public ref struct RtpHeaderWriter
{
    private const int ProfileLength = 4;

    private readonly Span<byte> _bytes;
    private readonly bool _isTwoByte;
    private int _length;

    /// <summary>Begins a header. The padding bit and the CSRC list are left out: padding is cut off before forwarding.</summary>
    /// <param name="destination">Where it goes.</param>
    /// <param name="payloadType">0 to 127.</param>
    /// <param name="marker">The marker.</param>
    /// <param name="sequenceNumber">The sequence number.</param>
    /// <param name="timestamp">In units of the codec's clock rate.</param>
    /// <param name="ssrc">The source.</param>
    /// <param name="useTwoByteExtensions">For extensions with ids above 14 or values above 16 bytes.</param>
    public RtpHeaderWriter(
        Span<byte> destination,
        byte payloadType,
        bool marker,
        ushort sequenceNumber,
        uint timestamp,
        uint ssrc,
        bool useTwoByteExtensions = false)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payloadType, (byte)127);
        _bytes = destination;
        _isTwoByte = useTwoByteExtensions;
        _length = RtpHeader.FixedLength;
        destination[0] = 0x80;
        destination[1] = (byte)(payloadType | (marker ? 0x80 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], sequenceNumber);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], ssrc);
    }

    /// <summary>Adds an extension.</summary>
    /// <param name="id">1 to 14, or to 255 in the two-byte form; 0 means that the peer has none for it, and nothing is written.</param>
    /// <param name="length">Bytes of its value: 1 to 16, or 0 to 255 in the two-byte form.</param>
    /// <returns>Room for the value, which is to be filled; empty when nothing was written.</returns>
    public Span<byte> AddExtension(byte id, int length)
    {
        if (id == 0)
        {
            return default;
        }

        if (_isTwoByte ? length is < 0 or > 255 : id > 14 || length is < 1 or > 16)
        {
            throw new ArgumentException($"An extension with id {id} and {length} bytes does not fit the form.");
        }

        if ((_bytes[0] & 0x10) == 0)
        {
            _bytes[0] |= 0x10;
            _length += ProfileLength;
        }

        if (_isTwoByte)
        {
            _bytes[_length++] = id;
            _bytes[_length++] = (byte)length;
        }
        else
        {
            _bytes[_length++] = (byte)((id << 4) | (length - 1));
        }

        var value = _bytes.Slice(_length, length);
        _length += length;
        return value;
    }

    /// <summary>Adds an extension with its value.</summary>
    public void AddExtension(byte id, scoped ReadOnlySpan<byte> value)
    {
        var room = AddExtension(id, value.Length);
        if (id != 0)
        {
            value.CopyTo(room);
        }
    }

    /// <summary>Closes the header.</summary>
    /// <returns>Bytes of header: the payload goes there.</returns>
    public int Finish()
    {
        if ((_bytes[0] & 0x10) == 0)
        {
            return _length;
        }

        while ((_length & 3) != 0)
        {
            _bytes[_length++] = 0;
        }

        const int elements = RtpHeader.FixedLength + ProfileLength;
        BinaryPrimitives.WriteUInt16BigEndian(
            _bytes[RtpHeader.FixedLength..], _isTwoByte ? RtpExtensionReader.TwoByteProfile : RtpExtensionReader.OneByteProfile);
        BinaryPrimitives.WriteUInt16BigEndian(_bytes[(RtpHeader.FixedLength + 2)..], (ushort)((_length - elements) / 4));
        return _length;
    }
}
