using System.Text;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.Sfu.Codecs;
using Roomcast.Sfu.Producers;
using Roomcast.Sfu.Routing;

namespace Roomcast.Sfu.Consumers;

/// <summary>Writes packets of one track in the numbers and names that its receiver knows, and hands them on.</summary>
/// <remarks>
/// What is written follows from the entry, the source and numbers that never change, so that a packet that is sent again is the same byte for byte.
/// Nothing is allocated. Not thread-safe.
/// </remarks>
internal sealed class PacketWriter(SfuTransport transport, ConsumerOptions options, SfuCodec codec)
{
    /// <summary>Payload of a packet of padding.</summary>
    public const int PaddingBytes = 224;

    private readonly RtpExtensionMap _extensions = options.Extensions ?? transport.Extensions.Copy();
    private readonly byte[] _mid = Encoding.ASCII.GetBytes(options.Mid);

    /// <summary>Sends a packet without content under an entry's number.</summary>
    public void SendPadding(in SentEntry entry)
    {
        var room = transport.Reserve(Router.MaxHeaderBytes + PaddingBytes);
        if (room.IsEmpty)
        {
            return;
        }

        var writer = Begin(room, marker: false, entry);
        var headerLength = writer.Finish();
        room[0] |= 0x20;
        room.Slice(headerLength, PaddingBytes).Clear();
        room[headerLength + PaddingBytes - 1] = PaddingBytes;
        transport.Commit(room, headerLength + PaddingBytes);
    }

    /// <summary>Sends a packet of the source under an entry's number.</summary>
    public void Send(in SentEntry entry, ReadOnlySpan<byte> source, in RtpHeader header, in RtpExtensionValues values)
    {
        var room = transport.Reserve(Router.MaxHeaderBytes + header.PayloadLength);
        if (room.IsEmpty)
        {
            return;
        }

        var writer = Begin(room, header.Marker, entry);
        if (values.TryGetAudioLevel(out var level, out var isVoice))
        {
            writer.AddExtension(_extensions.IdOf(RtpExtensionKind.AudioLevel), [(byte)(level | (isVoice ? 0x80 : 0))]);
        }

        if (values.VideoOrientation is { } orientation)
        {
            writer.AddExtension(_extensions.IdOf(RtpExtensionKind.VideoOrientation), [orientation]);
        }

        if (values.PlayoutDelay is { } delay)
        {
            writer.AddExtension(
                _extensions.IdOf(RtpExtensionKind.PlayoutDelay), [(byte)(delay >> 16), (byte)(delay >> 8), (byte)delay]);
        }

        var headerLength = writer.Finish();
        var payload = header.PayloadOf(source);
        payload.CopyTo(room[headerLength..]);
        if (codec is SfuCodec.Vp8 && Vp8PayloadDescriptor.TryRead(payload, out var descriptor))
        {
            descriptor.Rewrite(room[headerLength..], entry.PictureId, entry.Tl0PictureIndex);
        }

        transport.Commit(room, headerLength + payload.Length);
    }

    private RtpHeaderWriter Begin(Span<byte> room, bool marker, in SentEntry entry)
    {
        var writer = new RtpHeaderWriter(
            room,
            options.PayloadType,
            marker,
            unchecked((ushort)entry.Number),
            entry.Timestamp,
            options.Ssrc,
            _extensions.NeedsTwoByteForm);
        writer.AddExtension(_extensions.IdOf(RtpExtensionKind.Mid), _mid);
        writer.AddExtension(
            _extensions.IdOf(RtpExtensionKind.TransportSequenceNumber),
            [(byte)(entry.TransportNumber >> 8), (byte)entry.TransportNumber]);
        return writer;
    }
}
