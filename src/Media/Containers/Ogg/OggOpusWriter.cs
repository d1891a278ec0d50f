using System.Buffers;
using System.Buffers.Binary;
using Roomcast.Media.Codecs.Opus;

namespace Roomcast.Media.Containers.Ogg;

/// <summary>Writes packets of Opus into an Ogg stream (RFC 3533, RFC 7845), a page for each.</summary>
/// <remarks>Not thread-safe. Packets follow each other without gaps: what was lost is left out of the file's time.</remarks>
public sealed class OggOpusWriter
{
    /* A page, RFC 3533 section 6:

        | "OggS" | version:8 | flags:8 | granule position:64 | serial:32 | sequence:32 | checksum:32 | segments:8 | lengths | data |
    */
    private const int HeaderLength = 27;
    private const byte First = 2;
    private const byte Last = 4;

    /// <summary>Longest packet that fits one page.</summary>
    public const int MaxPacketLength = 254 * 255;

    private static readonly uint[] Checksums = MakeChecksums();

    private readonly IBufferWriter<byte> _output;
    private readonly uint _serial;
    private long _samples;
    private uint _pages;
    private bool _isFinished;

    /// <summary>Begins a stream with its two headers.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="channels">1 or 2.</param>
    /// <param name="serial">Tells the stream from others that it may be joined with.</param>
    public OggOpusWriter(IBufferWriter<byte> output, int channels, uint serial)
    {
        ArgumentNullException.ThrowIfNull(output);
        _output = output;
        _serial = serial;
        WritePage([.. OpusConfiguration.Magic, .. OpusConfiguration.Build(channels, preSkip: 312).Bytes.Span], 0, First);

        // No vendor and no comments.
        WritePage([.. "OpusTags"u8, 0, 0, 0, 0, 0, 0, 0, 0], 0, 0);
    }

    /// <summary>How long the packets so far sound.</summary>
    public TimeSpan Duration => TimeSpan.FromSeconds((double)_samples / OpusConfiguration.SampleRateHz);

    /// <summary>Adds a packet.</summary>
    /// <returns>False when it is no packet of Opus, or too long; nothing is written then.</returns>
    public bool TryAdd(ReadOnlySpan<byte> packet)
    {
        ObjectDisposedException.ThrowIf(_isFinished, this);
        if (packet.Length > MaxPacketLength || !OpusPacket.TryReadSamples(packet, out var samples))
        {
            return false;
        }

        _samples += samples;
        WritePage(packet, _samples, 0);
        return true;
    }

    /// <summary>Ends the stream.</summary>
    public void Finish()
    {
        if (!_isFinished)
        {
            _isFinished = true;
            WritePage([], _samples, Last);
        }
    }

    private static uint[] MakeChecksums()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var value = i << 24;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value & 0x8000_0000) != 0 ? (value << 1) ^ 0x04C1_1DB7 : value << 1;
            }

            table[i] = value;
        }

        return table;
    }

    private void WritePage(ReadOnlySpan<byte> packet, long granule, byte flags)
    {
        // A packet ends with a length below 255, so that one of a multiple of 255 has a zero after it.
        var lengths = packet.Length == 0 ? 0 : (packet.Length / 255) + 1;
        var page = _output.GetSpan(HeaderLength + lengths + packet.Length)[..(HeaderLength + lengths + packet.Length)];
        page[..HeaderLength].Clear();
        "OggS"u8.CopyTo(page);
        page[5] = flags;
        BinaryPrimitives.WriteInt64LittleEndian(page[6..], granule);
        BinaryPrimitives.WriteUInt32LittleEndian(page[14..], _serial);
        BinaryPrimitives.WriteUInt32LittleEndian(page[18..], _pages++);
        page[26] = (byte)lengths;
        for (var i = 0; i < lengths; i++)
        {
            page[HeaderLength + i] = i == lengths - 1 ? (byte)(packet.Length % 255) : (byte)255;
        }

        packet.CopyTo(page[(HeaderLength + lengths)..]);
        var checksum = 0u;
        foreach (var value in page)
        {
            checksum = (checksum << 8) ^ Checksums[(byte)((checksum >> 24) ^ value)];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(page[22..], checksum);
        _output.Advance(page.Length);
    }
}
