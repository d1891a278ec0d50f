using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Roomcast.Egress.Recording.Interactive;

/// <summary>Writes an archive of files one after the other, to a stream that need not be seekable.</summary>
/// <remarks>
/// Source: POSIX.1-1988 (ustar) as in IEEE Std 1003.1, pax, "ustar Interchange Format". An archive may be as long as it likes; one file
/// of 8 GiB and more has its length in binary, as GNU tar writes and all usual readers take it. Not thread-safe.
/// </remarks>
internal sealed class TarWriter(Stream output, DateTimeOffset modifiedAt)
{
    private const int BlockLength = 512;
    private const int MaxNameLength = 99;
    private const long MaxOctal = 1L << 33;

    private int _padding;

    /// <summary>The bytes of an archive of files of such lengths.</summary>
    public static long LengthOf(IEnumerable<long> lengths) =>
        lengths.Sum(static length => BlockLength + length + (-length & (BlockLength - 1))) + (2 * BlockLength);

    /// <summary>Begins a file; exactly its bytes are written to the stream then.</summary>
    /// <param name="name">Its name, ASCII, at most 99 characters.</param>
    /// <param name="length">Its bytes.</param>
    public void Begin(string name, long length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, MaxNameLength, nameof(name));
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Pad();
        Span<byte> header = stackalloc byte[BlockLength];
        header.Clear();
        Encoding.ASCII.GetBytes(name, header);
        WriteOctal(header.Slice(100, 8), 0x1A4); // rw-r--r--
        WriteOctal(header.Slice(108, 8), 0);
        WriteOctal(header.Slice(116, 8), 0);
        if (length < MaxOctal)
        {
            WriteOctal(header.Slice(124, 12), length);
        }
        else
        {
            header[124] = 0x80;
            BinaryPrimitives.WriteInt64BigEndian(header[128..], length);
        }

        WriteOctal(header.Slice(136, 12), Math.Max(0, modifiedAt.ToUnixTimeSeconds()));
        header.Slice(148, 8).Fill((byte)' '); // The sum counts itself as blanks.
        header[156] = (byte)'0';
        "ustar\000"u8.CopyTo(header[257..]);
        var sum = 0;
        foreach (var each in header)
        {
            sum += each;
        }

        WriteOctal(header.Slice(148, 7), sum);
        output.Write(header);
        _padding = (int)(-length & (BlockLength - 1));
    }

    /// <summary>Ends the archive.</summary>
    public void End()
    {
        Pad();
        output.Write(stackalloc byte[2 * BlockLength]);
    }

    private void Pad()
    {
        Span<byte> zeros = stackalloc byte[BlockLength];
        zeros.Clear();
        output.Write(zeros[.._padding]);
        _padding = 0;
    }

    // Digits that fill the field up to a zero at its end.
    private static void WriteOctal(Span<byte> field, long value)
    {
        var digits = Convert.ToString(value, 8).PadLeft(field.Length - 1, '0');
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{digits}\0"), field);
    }
}
