using System.Buffers;
using System.Globalization;
using System.Text;
using Roomcast.Hls.Segmenting;

namespace Roomcast.Hls.Playlists;

/// <summary>Writes the lines of a playlist as UTF-8.</summary>
internal sealed class PlaylistBuilder(int expectedLength)
{
    private readonly ArrayBufferWriter<byte> _output = new(expectedLength);

    public PlaylistBuilder Text(string text)
    {
        var written = Encoding.UTF8.GetBytes(text, _output.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length)));
        _output.Advance(written);
        return this;
    }

    public PlaylistBuilder Bytes(ReadOnlySpan<byte> bytes)
    {
        _output.Write(bytes);
        return this;
    }

    public PlaylistBuilder Number(long value)
    {
        const int MaxDigits = 20;
        value.TryFormat(_output.GetSpan(MaxDigits), out var written, default, CultureInfo.InvariantCulture);
        _output.Advance(written);
        return this;
    }

    /// <summary>A count of units of <see cref="HlsClock"/> as seconds, to the nearest microsecond.</summary>
    public PlaylistBuilder Units(long units) => Microseconds(((units * 1_000_000) + (HlsClock.Hz / 2)) / HlsClock.Hz);

    /// <summary>A length as seconds, with up to six decimals and no idle zeros.</summary>
    public PlaylistBuilder Seconds(TimeSpan value) => Microseconds((value.Ticks + 9) / 10);

    public PlaylistBuilder Date(DateTimeOffset value)
    {
        const int MaxLength = 32;
        value.UtcDateTime.TryFormat(_output.GetSpan(MaxLength), out var written, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        _output.Advance(written);
        return this;
    }

    public PlaylistBuilder Line()
    {
        _output.Write("\n"u8);
        return this;
    }

    public byte[] ToArray() => _output.WrittenSpan.ToArray();

    private PlaylistBuilder Microseconds(long microseconds)
    {
        var (seconds, rest) = Math.DivRem(microseconds, 1_000_000);
        Number(seconds);
        if (rest == 0)
        {
            return this;
        }

        Span<byte> digits = stackalloc byte[7];
        digits[0] = (byte)'.';
        var length = 7;
        for (var i = 6; i > 0; i--)
        {
            digits[i] = (byte)('0' + (rest % 10));
            rest /= 10;
        }

        while (digits[length - 1] == (byte)'0')
        {
            length--;
        }

        return Bytes(digits[..length]);
    }
}
