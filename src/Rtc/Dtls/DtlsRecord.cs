using System.Buffers.Binary;

namespace Roomcast.Rtc.Dtls;

/// <summary>The header of one DTLS record: enough to cut a run of records and to turn away what is none.</summary>
/// <param name="ContentType">20 change cipher spec, 21 alert, 22 handshake, 23 application data, 24 heartbeat.</param>
/// <param name="Epoch">0 before the first key, 1 with it.</param>
/// <param name="Length">Bytes of the record, its header included.</param>
internal readonly record struct DtlsRecord(byte ContentType, ushort Epoch, int Length)
{
    /* RFC 6347 section 4.1

        | type:8 | version:16 | epoch:16 | sequence number:48 | length:16 | fragment |
    */
    public const int HeaderLength = 13;

    private const int MaxFragmentLength = (1 << 14) + 2048;

    /// <summary>Reads the record that a run of bytes begins with.</summary>
    /// <returns>False when it cannot be one, or is cut short.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out DtlsRecord record)
    {
        record = default;
        if (bytes.Length < HeaderLength || bytes[0] is < 20 or > 24 || bytes[1] != 0xFE)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[11..]);
        if (length > MaxFragmentLength || HeaderLength + length > bytes.Length)
        {
            return false;
        }

        record = new DtlsRecord(bytes[0], BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]), HeaderLength + length);
        return true;
    }

    /// <summary>How many bytes at the start of a run of records fit into one datagram: as many whole records as keep
    /// within the MTU, one at least.</summary>
    /// <param name="records">Whole records, one behind the other.</param>
    /// <param name="mtu">Bytes of payload that a datagram may have.</param>
    /// <returns>0 when the run does not begin with a record.</returns>
    public static int PackInto(ReadOnlySpan<byte> records, int mtu)
    {
        var packed = 0;
        while (TryRead(records[packed..], out var record) && (packed == 0 || packed + record.Length <= mtu))
        {
            packed += record.Length;
        }

        return packed;
    }
}
