using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Sfu.Codecs;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Producers;
using Roomcast.Sfu.Routing;

namespace Roomcast.Fuzz.Rtc;

/// <summary>A peer that is who it says, and sends whatever it likes.</summary>
public sealed class SfuFuzz
{
    [Theory]
    [InlineData(SfuCodec.Vp8)]
    [InlineData(SfuCodec.Vp9)]
    [InlineData(SfuCodec.H264)]
    [InlineData(SfuCodec.Opus)]
    public void Packets_of_a_producer(SfuCodec codec)
    {
        var hall = new Hall(codec);
        FuzzRun.Of("sfu-rtp", [Packet(1, 0x10), Packet(2, 0x00)], input =>
        {
            hall.Pass();
            if (RtpHeader.TryRead(input, out var header))
            {
                hall.From.HandleRtp(input, header, hall.Now);
            }
        });
    }

    [Fact]
    public void Reports_and_requests_of_a_receiver()
    {
        var hall = new Hall(SfuCodec.Vp8);
        for (ushort i = 1; i < 50; i++)
        {
            var packet = Packet(i, 0x10);
            RtpHeader.TryRead(packet, out var header);
            hall.From.HandleRtp(packet, header, hall.Now);
            hall.Pass();
        }

        var buffer = new byte[600];
        var writer = new RtcpWriter(buffer);
        Nack.Write(ref writer, 1, 9, [1, 2, 3, 40, 50]);
        new PictureLossIndication(1, 9).TryWrite(ref writer);
        FullIntraRequest.TryWrite(ref writer, 1, 9, 3);
        ReceiverReport.TryWrite(ref writer, 1, [new ReportBlock(9, 1, 2, 3, 4, 5, 6)]);
        new ReceiverEstimatedMaxBitrate(1, 1_000_000).TryWrite(ref writer, [9]);
        TransportFeedback.Write(ref writer, 1, 9, 0, 0, [TimeSpan.FromSeconds(1), TimeSpan.FromTicks(-1), TimeSpan.FromSeconds(1.01)]);
        SenderReport.TryWrite(ref writer, 9, new NtpTime(5), 6, 7, 8, []);
        FuzzRun.Of("sfu-rtcp", [buffer[..writer.Length]], input =>
        {
            hall.Pass();
            hall.To.HandleRtcp(input, hall.Now);
            hall.From.HandleRtcp(input, hall.Now);
        });
    }

    private static byte[] Packet(ushort number, byte first)
    {
        var buffer = new byte[200];
        var writer = new RtpHeaderWriter(buffer, 96, true, number, number * 3_000u, 5);
        writer.AddExtension(4, "0"u8);
        writer.AddExtension(3, [0, (byte)number]);
        writer.AddExtension(1, [30]);
        var length = writer.Finish();
        buffer[length] = first;
        return buffer[..(length + 60)];
    }

    /// <summary>A producer, a consumer of it, and time that passes.</summary>
    private sealed class Hall : IPacketSink
    {
        // What a datagram holds: what is longer must not get as far as the sink.
        private const int MaxPacketBytes = 2_027;

        private readonly byte[] _room = new byte[MaxPacketBytes];
        private readonly Router _router;

        public Hall(SfuCodec codec)
        {
            _router = new Router(MaxPacketBytes, Now);
            var map = new RtpExtensionMap();
            map.TryAdd(4, RtpExtensionKind.Mid);
            map.TryAdd(3, RtpExtensionKind.TransportSequenceNumber);
            map.TryAdd(1, RtpExtensionKind.AudioLevel);
            From = _router.AddTransport(this, new SfuTransportOptions { Extensions = map }, Now);
            To = _router.AddTransport(this, new SfuTransportOptions { Extensions = map }, Now);
            var producer = From.Produce(new ProducerOptions { Id = "it", Codec = codec, PayloadType = 96, Mid = "0", Speaker = "it" });
            To.Consume(producer, new ConsumerOptions { Id = "it", Ssrc = 9, PayloadType = 97, Mid = "1" });
        }

        public SfuTransport From { get; }

        public SfuTransport To { get; }

        public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(10);

        public void Pass()
        {
            Now += TimeSpan.FromMilliseconds(3);
            if (_router.NextDeadline <= Now)
            {
                _router.HandleDeadline(Now);
            }

            while (_router.TryTakeEvent(out _))
            {
            }
        }

        public Span<byte> Reserve(int length) => _room.AsSpan(0, length);

        public void Commit(Span<byte> room, int length, bool isRtcp) => Assert.InRange(length, 8, _room.Length);
    }
}
