using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.Rtc.Srtp;

namespace Roomcast.Rtc.Tests.Connection;

public sealed class AllocationTests
{
    private const int Packets = 1_000_000;

    [Fact]
    public void A_million_packets_received_rewritten_and_sent_on_allocate_nothing()
    {
        using var call = new VirtualCall();
        call.Connect();
        var map = new RtpExtensionMap();
        map.TryAdd(3, RtpExtensionKind.TransportSequenceNumber);
        map.TryAdd(4, RtpExtensionKind.Mid);
        map.TryAdd(2, RtpExtensionKind.AbsoluteSendTime);
        var buffer = new byte[1_500];
        var forwarded = new byte[1_500];

        // Warmed up first: sources become known, methods compiled.
        Forward(call, map, buffer, forwarded, from: 0, count: 20_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Forward(call, map, buffer, forwarded, from: 20_000, count: Packets);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.Equal(Packets + 20_000, call.Server.Counters.RtpReceived);
        Assert.Equal(Packets + 20_000, call.Server.Counters.Protected);
    }

    private static void Forward(VirtualCall call, RtpExtensionMap map, byte[] buffer, byte[] forwarded, int from, int count)
    {
        var now = call.Now;
        for (var i = from; i < from + count; i++)
        {
            // The client's packet, with extensions and a VP8 payload.
            var writer = new RtpHeaderWriter(buffer, 96, marker: i % 5 == 4, unchecked((ushort)i), (uint)(i / 5 * 3_000), 1);
            writer.AddExtension(4, "3"u8);
            writer.AddExtension(3, [(byte)(i >> 8), (byte)i]);
            var length = writer.Finish();
            PayloadBytes.CopyTo(buffer.AsSpan(length));
            length += PayloadBytes.Length;
            if (call.Client.ProtectRtp(buffer, ref length) is not SrtpStatus.Done)
            {
                throw new InvalidOperationException("Not protected.");
            }

            // The server's way of it: decrypt, look, rewrite, encrypt.
            var received = call.Server.Handle(buffer.AsSpan(0, length), call.ClientAddress, now);
            if (received.Kind is not RtcDatagramKind.Rtp)
            {
                throw new InvalidOperationException("Not received.");
            }

            var header = received.Header;
            var values = new RtpExtensionValues(received.Packet, header, map);
            if (!values.Mid.SequenceEqual("3"u8) || !Vp8PayloadDescriptor.TryRead(header.PayloadOf(received.Packet), out var descriptor))
            {
                throw new InvalidOperationException("Not understood.");
            }

            var rewriter = new RtpHeaderWriter(
                forwarded, 120, header.Marker, unchecked((ushort)(header.SequenceNumber + 77)), header.Timestamp + 1_000, 2);
            rewriter.AddExtension(4, "5"u8);
            rewriter.AddExtension(3, [(byte)(i >> 8), (byte)i]);
            rewriter.AddExtension(2, [1, 2, 3]);
            var forwardedLength = rewriter.Finish();
            header.PayloadOf(received.Packet).CopyTo(forwarded.AsSpan(forwardedLength));
            descriptor.Rewrite(forwarded.AsSpan(forwardedLength), unchecked((ushort)(descriptor.PictureId + 9)), 3);
            forwardedLength += header.PayloadLength;
            if (call.Server.ProtectRtp(forwarded, ref forwardedLength) is not SrtpStatus.Done)
            {
                throw new InvalidOperationException("Not protected.");
            }
        }
    }

    private static readonly byte[] PayloadBytes = [.. Rtp.PayloadTests.Vp8Keyframe, .. new byte[300]];
}
