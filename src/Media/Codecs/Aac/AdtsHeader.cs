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
    private const int MinLength = 7;
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

    /// <summary>The configuration that the header implies; null when the channels are told only in the frame.</summary>
    public AacConfiguration? ToConfiguration() =>
        ChannelConfiguration == 0 ? null : AacConfiguration.Build(ObjectType, SampleRateHz, ChannelConfiguration);
}
