using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Roomcast.Rtc.Rtcp;

namespace Roomcast.Rtc.Tests.Rtcp;

public sealed class RtcpTests
{
    [Fact]
    public void A_compound_is_taken_apart_as_it_was_put_together()
    {
        var compound = EveryKind();
        var reader = new RtcpReader(compound);

        Assert.True(reader.TryRead(out var packet));
        Assert.True(SenderReport.TryRead(packet, out var sender));
        Assert.Equal(1u, sender.Ssrc);
        Assert.Equal(new NtpTime(0x1122334455667788), sender.Ntp);
        Assert.Equal((9u, 10u, 11u), (sender.RtpTimestamp, sender.PacketCount, sender.OctetCount));
        Assert.Equal(2, sender.Blocks.Count);
        Assert.Equal(Block(5), sender.Blocks[0]);
        Assert.Equal(Block(6), sender.Blocks[1]);

        Assert.True(reader.TryRead(out packet));
        Assert.True(ReceiverReport.TryRead(packet, out var receiver));
        Assert.Equal(2u, receiver.Ssrc);
        Assert.Equal(Block(7), receiver.Blocks[0]);

        Assert.True(reader.TryRead(out packet));
        Assert.True(SourceDescription.TryRead(packet, out var description));
        Assert.True(description.TryReadChunk(out var ssrc, out var cname));
        Assert.Equal(3u, ssrc);
        Assert.Equal("somebody", Encoding.UTF8.GetString(cname));
        Assert.False(description.TryReadChunk(out _, out _));

        Assert.True(reader.TryRead(out packet));
        Assert.True(Goodbye.TryRead(packet, out var goodbye));
        Assert.Equal((1, 4u), (goodbye.Count, goodbye[0]));

        Assert.True(reader.TryRead(out packet));
        Assert.True(Nack.TryRead(packet, out var nack));
        Assert.Equal((5u, 6u), (nack.SenderSsrc, nack.MediaSsrc));
        var missing = new List<ushort>();
        while (nack.TryReadNumber(out var number))
        {
            missing.Add(number);
        }

        Assert.Equal([65_534, 65_535, 0, 14, 500], missing);

        Assert.True(reader.TryRead(out packet));
        Assert.True(PictureLossIndication.TryRead(packet, out var loss));
        Assert.Equal(new PictureLossIndication(7, 8), loss);

        Assert.True(reader.TryRead(out packet));
        Assert.True(FullIntraRequest.TryRead(packet, out var intra));
        Assert.Equal((9u, 1), (intra.SenderSsrc, intra.Count));
        Assert.Equal((10u, (byte)11), intra[0]);

        Assert.True(reader.TryRead(out packet));
        Assert.True(ReceiverEstimatedMaxBitrate.TryRead(packet, out var remb));
        Assert.Equal(12u, remb.SenderSsrc);
        Assert.InRange(remb.BitrateBps, 2_499_900, 2_500_000);

        Assert.False(reader.TryRead(out _));
        Assert.False(reader.IsMalformed);
    }

    [Fact]
    public void A_compound_cut_anywhere_is_read_as_far_as_it_goes()
    {
        var compound = EveryKind();
        for (var length = 0; length < compound.Length; length++)
        {
            var reader = new RtcpReader(compound.AsSpan(0, length));
            var read = 0;
            while (reader.TryRead(out var packet))
            {
                read += RtcpPacket.HeaderLength + packet.Body.Length;
            }

            Assert.Equal(read != length, reader.IsMalformed);
        }
    }

    [Fact]
    public void Padding_is_cut_off_and_extended_reports_are_tolerated()
    {
        byte[] compound = [0xA0, 207, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];
        var reader = new RtcpReader(compound);

        Assert.True(reader.TryRead(out var extended));
        Assert.Equal(RtcpType.ExtendedReport, extended.Type);
        Assert.Equal(4, extended.Body.Length);
        Assert.True(reader.TryRead(out var packet));
        Assert.True(PictureLossIndication.TryRead(packet, out _));
    }

    [Theory]
    [InlineData(200, 1, 24)] // A block is announced and not there.
    [InlineData(201, 1, 4)]
    [InlineData(203, 2, 4)]
    [InlineData(205, 1, 8)]
    [InlineData(205, 15, 12)]
    [InlineData(206, 4, 8)]
    [InlineData(206, 15, 12)]
    [InlineData(206, 1, 4)]
    public void Packets_that_lack_what_they_announce_are_refused(byte type, byte count, int bodyLength)
    {
        var bytes = new byte[4 + bodyLength];
        bytes[0] = (byte)(0x80 | count);
        bytes[1] = type;
        bytes[3] = (byte)(bodyLength / 4);
        var reader = new RtcpReader(bytes);
        Assert.True(reader.TryRead(out var packet));

        Assert.False(SenderReport.TryRead(packet, out _));
        Assert.False(ReceiverReport.TryRead(packet, out _));
        Assert.False(Goodbye.TryRead(packet, out _));
        Assert.False(Nack.TryRead(packet, out _));
        Assert.False(PictureLossIndication.TryRead(packet, out _));
        Assert.False(FullIntraRequest.TryRead(packet, out _));
        Assert.False(ReceiverEstimatedMaxBitrate.TryRead(packet, out _));
        Assert.False(TransportFeedback.TryRead(packet, out _));
    }

    [Fact]
    public void A_writer_without_room_writes_nothing()
    {
        var writer = new RtcpWriter(new byte[12]);
        Assert.False(SenderReport.TryWrite(ref writer, 1, default, 0, 0, 0, []));
        Assert.Equal(0, writer.Length);
        Assert.True(new PictureLossIndication(1, 2).TryWrite(ref writer));
        Assert.Equal(12, writer.Length);
        Assert.False(Goodbye.TryWrite(ref writer, 1));
        Assert.Equal(0, Nack.Write(ref writer, 1, 2, [3]));
        Assert.Equal(12, writer.Length);
    }

    [Fact]
    public void Any_set_of_missing_numbers_survives_the_round_trip()
    {
        Prop.ForAll(
            ArbMap.Default.ArbFor<ushort[]>(),
            numbers =>
            {
                var sorted = numbers.Distinct().Order().ToArray();
                var buffer = new byte[4_000];
                var writer = new RtcpWriter(buffer);
                var written = Nack.Write(ref writer, 1, 2, sorted);
                if (sorted.Length == 0)
                {
                    return written == 0 && writer.Length == 0;
                }

                var reader = new RtcpReader(buffer.AsSpan(0, writer.Length));
                reader.TryRead(out var packet);
                Nack.TryRead(packet, out var nack);
                var read = new List<ushort>();
                while (nack.TryReadNumber(out var number))
                {
                    read.Add(number);
                }

                return written == sorted.Length && read.SequenceEqual(sorted);
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Ntp_time_agrees_with_the_calendar()
    {
        var moment = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 500, TimeSpan.Zero);
        var ntp = NtpTime.From(moment);

        Assert.Equal(0x8000_0000ul, ntp.Value & 0xFFFF_FFFF);
        Assert.Equal(2_208_988_800UL, NtpTime.From(DateTimeOffset.UnixEpoch).Value >> 32);
        Assert.Equal(moment, ntp.ToDateTimeOffset());
        var later = ntp.Add(TimeSpan.FromMilliseconds(1_250));
        Assert.Equal(1_250, later.Since(ntp).TotalMilliseconds, precision: 3);
        Assert.Equal(-1_250, ntp.Since(later).TotalMilliseconds, precision: 3);
    }

    [Fact]
    public void The_round_trip_is_what_is_left_when_the_receiver_s_delay_is_taken_off()
    {
        var sent = NtpTime.From(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        var statistics = new ReceiveStatistics(1, 90_000);
        statistics.OnPacket(1, 0, 10, TimeSpan.FromSeconds(1));
        statistics.OnSenderReport(sent, TimeSpan.FromSeconds(1));

        var block = statistics.Report(TimeSpan.FromSeconds(3));

        Assert.Equal(80, block.RoundTripTime(sent.Add(TimeSpan.FromMilliseconds(2_080)))!.Value.TotalMilliseconds, tolerance: 0.1);
        Assert.Equal(TimeSpan.Zero, block.RoundTripTime(sent));
        Assert.Null((block with { LastSenderReport = 0 }).RoundTripTime(sent));
    }

    [Fact]
    public void Loss_is_counted_between_reports_and_over_all()
    {
        var statistics = new ReceiveStatistics(1, 90_000);
        for (var i = 0; i < 100; i++)
        {
            if (i % 4 != 0 || i == 0)
            {
                statistics.OnPacket(unchecked((ushort)(65_500 + i)), (uint)(i * 3_000), 100, TimeSpan.FromMilliseconds(i * 33));
            }
        }

        var first = statistics.Report(TimeSpan.FromSeconds(4));
        Assert.Equal(24, first.CumulativeLost);
        Assert.Equal(24 * 256 / 100, first.FractionLost);
        Assert.Equal(65_599u, first.HighestSequenceNumber);
        Assert.Equal(100, statistics.Expected);
        for (var i = 100; i < 200; i++)
        {
            statistics.OnPacket(unchecked((ushort)(65_500 + i)), (uint)(i * 3_000), 100, TimeSpan.FromMilliseconds(i * 33));
        }

        var second = statistics.Report(TimeSpan.FromSeconds(8));
        Assert.Equal(0, second.FractionLost);
        Assert.Equal(24, second.CumulativeLost);
    }

    [Fact]
    public void Jitter_is_nothing_on_an_even_path_and_rises_to_the_spread_of_an_uneven_one()
    {
        var even = new ReceiveStatistics(1, 48_000);
        var uneven = new ReceiveStatistics(1, 48_000);
        for (var i = 0; i < 500; i++)
        {
            var timestamp = unchecked((uint)(uint.MaxValue - 5_000 + (i * 960))); // The timestamp wraps on the way.
            even.OnPacket((ushort)i, timestamp, 100, TimeSpan.FromMilliseconds(20 * i));
            uneven.OnPacket((ushort)i, timestamp, 100, TimeSpan.FromMilliseconds((20 * i) + (i % 2 == 0 ? 0 : 10)));
        }

        Assert.Equal(0, even.Jitter.TotalMilliseconds, tolerance: 0.1);
        Assert.Equal(10, uneven.Jitter.TotalMilliseconds, tolerance: 0.5);
        Assert.InRange(uneven.Report(TimeSpan.FromSeconds(20)).Jitter, 450u, 490u);
    }

    [Fact]
    public void A_source_s_timestamps_are_tied_to_its_wall_clock()
    {
        var clock = new SenderClock(90_000);
        Assert.Null(clock.ToNtp(1));
        var reported = NtpTime.From(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        clock.OnSenderReport(reported, uint.MaxValue - 44_999);

        var later = clock.ToNtp(45_000)!.Value; // 90,000 ticks on, over the wrap.

        Assert.Equal(1_000, later.Since(reported).TotalMilliseconds, tolerance: 0.001);
        Assert.Equal(-500, clock.ToNtp(unchecked(uint.MaxValue - 89_999))!.Value.Since(reported).TotalMilliseconds, tolerance: 0.001);
        Assert.Equal(45_000u, clock.ToTimestamp(later));
    }

    internal static byte[] EveryKind()
    {
        var buffer = new byte[1_000];
        var writer = new RtcpWriter(buffer);
        Assert.True(SenderReport.TryWrite(ref writer, 1, new NtpTime(0x1122334455667788), 9, 10, 11, [Block(5), Block(6)]));
        Assert.True(ReceiverReport.TryWrite(ref writer, 2, [Block(7)]));
        Assert.True(SourceDescription.TryWrite(ref writer, 3, "somebody"u8));
        Assert.True(Goodbye.TryWrite(ref writer, 4));
        Assert.Equal(5, Nack.Write(ref writer, 5, 6, [65_534, 65_535, 0, 14, 500]));
        Assert.True(new PictureLossIndication(7, 8).TryWrite(ref writer));
        Assert.True(FullIntraRequest.TryWrite(ref writer, 9, 10, 11));
        Assert.True(new ReceiverEstimatedMaxBitrate(12, 2_500_000).TryWrite(ref writer, [13, 14]));
        return buffer[..writer.Length];
    }

    private static ReportBlock Block(uint ssrc) => new(ssrc, 12, -345_678, 9_876_543, 222, 333, 444);
}
