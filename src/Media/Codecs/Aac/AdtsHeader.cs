using System.Buffers;
using Roomcast.Media.Buffers;

namespace Roomcast.Media.Codecs.Aac;

/// <summary>The header in front of each AAC frame in a stream without a container (ISO/IEC 14496-3 section 1.A.2.2).</summary>
/// <param name="ObjectType">1 to 4; 2 is AAC-LC.</param>
/// <param name="SampleRateHz">Samples per second of the core.</param>
/// <param name="ChannelConfiguration">0 to 7; 0 means that the frame holds a program config element.</param>
/// <param name="HeaderLength">Bytes of the header: 7, or 9 with a checksum.</param>
/// <param name="FrameLength">Bytes of header and payload.</param>
/// <param name="RawBlocks">AAC frames behind this header, 1 to 4; nearly always 1.</param>
public readonly record struct AdtsHeader(
    int ObjectType, int SampleRateHz, int ChannelConfiguration, int HeaderLength, int FrameLength, int RawBlocks)
{
    /// <summary>Bytes of a header without a checksum.</summary>
    public const int MinLength = 7;

    private const int MaxFrameLength = (1 << 13) - 1;
    private const int ChecksumLength = 2;

    /// <summary>Reads one header.</summary>
    /// <param name="bytes">What begins with it.</param>
    /// <param name="header">The header, when done.</param>
    /// <returns><c>NeedMoreData</c> with fewer bytes than a header, <c>InvalidData</c> when they cannot be one.</returns>
    public static OperationStatus TryRead(ReadOnlySpan<byte> bytes, out AdtsHeader header)
    {
        header = default;
        if (bytes.Length < MinLength)
        {
            return OperationStatus.NeedMoreData;
        }

        var bits = new BitReader(bytes[..MinLength]);
        if (bits.ReadBits(12) != 0xFFF)
        {
            return OperationStatus.InvalidData;
        }

        bits.Skip(1); // MPEG-2 or MPEG-4
        var layer = bits.ReadBits(2);
        var hasChecksum = !bits.ReadBit();
        var objectType = 1 + (int)bits.ReadBits(2);
        var rate = AacSampleRates.Of((int)bits.ReadBits(4));
        bits.Skip(1);
        var channels = (int)bits.ReadBits(3);
        bits.Skip(4);
        var frameLength = (int)bits.ReadBits(13);
        bits.Skip(11);
        var blocks = 1 + (int)bits.ReadBits(2);
        var headerLength = MinLength + (hasChecksum ? ChecksumLength : 0);
        if (layer != 0 || rate == 0 || frameLength < headerLength)
        {
            return OperationStatus.InvalidData;
        }

        header = new AdtsHeader(objectType, rate, channels, headerLength, frameLength, blocks);
        return OperationStatus.Done;
    }

    /// <summary>Writes the header of one AAC frame, without a checksum.</summary>
    /// <param name="configuration">What the frame is of.</param>
    /// <param name="payloadLength">Bytes of the frame.</param>
    /// <param name="destination">Where it goes; <see cref="MinLength"/> bytes at least.</param>
    /// <returns>False when a header cannot say it: extensions, unusual rates and more than seven channels, and longer frames.</returns>
    public static bool TryWrite(AacConfiguration configuration, int payloadLength, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var length = payloadLength + MinLength;
        var rate = AacSampleRates.IndexOf(configuration.SampleRateHz);
        if (configuration.ObjectType is < 1 or > 4 || configuration.HasSbr || rate == AacSampleRates.Escape
            || configuration.Channels is < 1 or > 7 || length > MaxFrameLength)
        {
            return false;
        }

        destination[0] = 0xFF;
        destination[1] = 0xF1;
        destination[2] = (byte)(((configuration.ObjectType - 1) << 6) | (rate << 2) | (configuration.Channels >> 2));
        destination[3] = (byte)((configuration.Channels << 6) | (length >> 11));
        destination[4] = (byte)(length >> 3);
        destination[5] = (byte)((length << 5) | 0x1F);
        destination[6] = 0xFC;
        return true;
    }

    /// <summary>The configuration that the header implies; null when the channels are told only in the frame.</summary>
    public AacConfiguration? ToConfiguration() =>
        ChannelConfiguration == 0 ? null : AacConfiguration.Build(ObjectType, SampleRateHz, ChannelConfiguration);
}
