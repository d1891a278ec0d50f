using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Roomcast.Media.Codecs.Opus;

/// <summary>The identification header of Opus, OpusHead (RFC 7845 section 5.1), and its twin in MP4, dOps.</summary>
/// <remarks>Immutable. Source of dOps: Encapsulation of Opus in ISO Base Media File Format section 4.3.2.</remarks>
public sealed class OpusConfiguration
{
    /* OpusHead, little-endian, behind its magic; dOps is the same with version 0 and in big-endian:
       | version:8 | channels:8 | pre-skip:16 | input rate:32 | gain:16 | family:8 | [ streams:8 | coupled:8 | mapping:8 each ] | */
    private const int HeaderLength = 11;
    private const int MappingAt = HeaderLength + 2;

    private OpusConfiguration()
    {
    }

    /// <summary>Samples per second of every Opus decoder and of every count of samples here.</summary>
    public const int SampleRateHz = 48_000;

    /// <summary>The codec as its MP4 binding writes it. Browsers take <c>opus</c> and <c>Opus</c> alike.</summary>
    public const string CodecString = "opus";

    /// <summary>The eight letters in front of the header in Ogg and Enhanced RTMP.</summary>
    public static ReadOnlySpan<byte> Magic => "OpusHead"u8;

    /// <summary>The header without its magic.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>Channels put out, 1 to 255.</summary>
    public int Channels => Bytes.Span[1];

    /// <summary>Samples to throw away at the start, at 48 kHz.</summary>
    public int PreSkip => BinaryPrimitives.ReadUInt16LittleEndian(Bytes.Span[2..]);

    /// <summary>Samples per second before encoding, for information; 0 when unknown.</summary>
    public uint InputSampleRateHz => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.Span[4..]);

    /// <summary>Gain to apply when decoding, in 1/256 dB.</summary>
    public int OutputGain => BinaryPrimitives.ReadInt16LittleEndian(Bytes.Span[8..]);

    /// <summary>0 for mono and stereo, 1 for Vorbis order up to 8, 255 for channels without meaning.</summary>
    public int MappingFamily => Bytes.Span[10];

    /// <summary>Opus streams in a packet.</summary>
    public int StreamCount => MappingFamily == 0 ? 1 : Bytes.Span[HeaderLength];

    /// <summary>How many of them are stereo.</summary>
    public int CoupledCount => MappingFamily == 0 ? Channels - 1 : Bytes.Span[HeaderLength + 1];

    /// <summary>Bytes of the body of a dOps box.</summary>
    public int DOpsLength => Bytes.Length;

    /// <summary>Reads a header, with its magic or without.</summary>
    /// <param name="bytes">The header; what follows it is ignored.</param>
    /// <param name="configuration">The header, when right.</param>
    /// <param name="fault">What is wrong, when it is not.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out OpusConfiguration? configuration, out TrackFault fault)
    {
        configuration = null;
        if (bytes.Span.StartsWith(Magic))
        {
            bytes = bytes[Magic.Length..];
        }

        var span = bytes.Span;
        if (span.Length < HeaderLength)
        {
            fault = TrackFault.Truncated;
            return false;
        }

        var channels = span[1];
        var family = span[10];
        var length = family == 0 ? HeaderLength : MappingAt + channels;

        // RFC 7845 section 5.1: a version of the same major number, its upper four bits 0, can be read.
        if ((span[0] & 0xF0) != 0 || channels == 0 || (family == 0 && channels > 2) || (family == 1 && channels > 8))
        {
            fault = TrackFault.Malformed;
            return false;
        }

        if (span.Length < length)
        {
            fault = TrackFault.Truncated;
            return false;
        }

        if (family != 0 && !IsMappingRight(span[HeaderLength..length]))
        {
            fault = TrackFault.Malformed;
            return false;
        }

        configuration = new OpusConfiguration { Bytes = bytes[..length] };
        fault = TrackFault.None;
        return true;
    }

    /// <summary>Reads the body of a dOps box.</summary>
    /// <param name="body">The body.</param>
    /// <param name="configuration">The header, over memory of its own, when right.</param>
    /// <param name="fault">What is wrong, when it is not.</param>
    public static bool TryReadDOps(
        ReadOnlySpan<byte> body, [NotNullWhen(true)] out OpusConfiguration? configuration, out TrackFault fault)
    {
        configuration = null;
        if (body.Length < HeaderLength)
        {
            fault = TrackFault.Truncated;
            return false;
        }

        if (body[0] != 0)
        {
            fault = TrackFault.Malformed;
            return false;
        }

        var bytes = body[..Math.Min(body.Length, MappingAt + byte.MaxValue)].ToArray();
        SwapOrder(bytes);
        bytes[0] = 1;
        return TryRead(bytes, out configuration, out fault);
    }

    /// <summary>Makes the header of a mono or stereo stream.</summary>
    /// <param name="channels">1 or 2.</param>
    /// <param name="preSkip">Samples to throw away at the start, at 48 kHz; encoders usually need 312.</param>
    public static OpusConfiguration Build(int channels, int preSkip)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(channels, 2);
        ArgumentOutOfRangeException.ThrowIfNegative(preSkip);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(preSkip, ushort.MaxValue);
        var bytes = new byte[HeaderLength];
        bytes[0] = 1;
        bytes[1] = (byte)channels;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), (ushort)preSkip);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), SampleRateHz);
        return new OpusConfiguration { Bytes = bytes };
    }

    /// <summary>Writes the body of a dOps box.</summary>
    /// <param name="destination">At least <see cref="DOpsLength"/> bytes.</param>
    public void WriteDOps(Span<byte> destination)
    {
        Bytes.Span.CopyTo(destination);
        SwapOrder(destination);
        destination[0] = 0;
    }

    private static void SwapOrder(Span<byte> bytes)
    {
        bytes.Slice(2, 2).Reverse();
        bytes.Slice(4, 4).Reverse();
        bytes.Slice(8, 2).Reverse();
    }

    // Section 5.1.1: at least one stream, no more coupled ones than streams, and each channel from one that exists.
    private static bool IsMappingRight(ReadOnlySpan<byte> mapping)
    {
        int streams = mapping[0];
        int coupled = mapping[1];
        if (streams == 0 || coupled > streams || streams + coupled > byte.MaxValue)
        {
            return false;
        }

        foreach (var source in mapping[2..])
        {
            if (source != byte.MaxValue && source >= streams + coupled)
            {
                return false;
            }
        }

        return true;
    }
}
