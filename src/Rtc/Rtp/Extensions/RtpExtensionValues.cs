using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtp.Extensions;

/// <summary>The known extensions of one packet, found in one walk. A value of the wrong length counts as absent.</summary>
/// <remarks>The names are lent from the packet.</remarks>
public readonly ref struct RtpExtensionValues
{
    private const int MaxNameLength = 255;

    private readonly byte _audioLevel;
    private readonly bool _hasAudioLevel;

    /// <summary>Finds them.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="header">Its header.</param>
    /// <param name="map">What the numbers stand for.</param>
    public RtpExtensionValues(ReadOnlySpan<byte> packet, in RtpHeader header, RtpExtensionMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        if (header.ExtensionLength == 0)
        {
            return;
        }

        var reader = header.ExtensionsOf(packet);
        while (reader.TryRead(out var id, out var value))
        {
            if (!map.TryGetKind(id, out var kind))
            {
                continue;
            }

            switch (kind)
            {
                case RtpExtensionKind.Mid when value.Length is > 0 and <= MaxNameLength:
                    Mid = value;
                    break;
                case RtpExtensionKind.RtpStreamId when value.Length is > 0 and <= MaxNameLength:
                    RtpStreamId = value;
                    break;
                case RtpExtensionKind.RepairedRtpStreamId when value.Length is > 0 and <= MaxNameLength:
                    RepairedRtpStreamId = value;
                    break;
                case RtpExtensionKind.TransportSequenceNumber when value.Length >= 2:
                    TransportSequenceNumber = BinaryPrimitives.ReadUInt16BigEndian(value);
                    break;
                case RtpExtensionKind.AbsoluteSendTime when value.Length == 3:
                    AbsoluteSendTime = ((uint)value[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(value[1..]);
                    break;
                case RtpExtensionKind.AudioLevel when value.Length >= 1:
                    _audioLevel = value[0];
                    _hasAudioLevel = true;
                    break;
                case RtpExtensionKind.VideoOrientation when value.Length == 1:
                    VideoOrientation = value[0];
                    break;
                case RtpExtensionKind.PlayoutDelay when value.Length == 3:
                    PlayoutDelay = ((uint)value[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(value[1..]);
                    break;
                case RtpExtensionKind.DependencyDescriptor:
                    DependencyDescriptor = value;
                    break;
            }
        }
    }

    /// <summary>The media section's name, empty when absent.</summary>
    public ReadOnlySpan<byte> Mid { get; }

    /// <summary>The encoding's name, empty when absent.</summary>
    public ReadOnlySpan<byte> RtpStreamId { get; }

    /// <summary>The name of the encoding that this packet repairs, empty when absent.</summary>
    public ReadOnlySpan<byte> RepairedRtpStreamId { get; }

    /// <summary>The count over the transport.</summary>
    public ushort? TransportSequenceNumber { get; }

    /// <summary>24 bits: seconds, modulo 64, times 2^18.</summary>
    public uint? AbsoluteSendTime { get; }

    /// <summary>The byte of the orientation: camera, flip and rotation.</summary>
    public byte? VideoOrientation { get; }

    /// <summary>24 bits: least and most delay, in units of 10 ms.</summary>
    public uint? PlayoutDelay { get; }

    /// <summary>The dependency descriptor, empty when absent.</summary>
    public ReadOnlySpan<byte> DependencyDescriptor { get; }

    /// <summary>The audio level (RFC 6464 section 3).</summary>
    /// <param name="decibelsBelowFull">0 is the loudest, 127 silence, in dB below full scale.</param>
    /// <param name="isVoice">Whether the sender takes it for speech.</param>
    public bool TryGetAudioLevel(out int decibelsBelowFull, out bool isVoice)
    {
        decibelsBelowFull = _audioLevel & 0x7F;
        isVoice = (_audioLevel & 0x80) != 0;
        return _hasAudioLevel;
    }
}
