using Roomcast.Rtc.Rtcp;

namespace Roomcast.Rtc.Tests.Rtcp;

public sealed class TransportFeedbackTests
{
    private static readonly TimeSpan Missing = TimeSpan.FromTicks(-1);

    [Fact]
    public void A_report_of_a_run_a_vector_and_both_sizes_of_delta_is_read()
    {
        // Base 5, ten packets, reference 64 ms times 4, count 7: a run of four small deltas, then a vector of two bits
        // (small, missing, large, missing, missing, small), and the deltas.
        byte[] packet =
        [
            0x8F, 205, 0, 8, 0, 0, 0, 1, 0, 0, 0, 2,
            0, 5, 0, 10, 0, 0, 4, 7,
            0x20, 4, 0b1101_0010, 0b0000_0100,
            4, 4, 4, 4, 8, 0xFF, 0xFC, 12,
            0, 0, 0, 3,
        ];
        packet[0] |= 0x20;
        var reader = new RtcpReader(packet);
        Assert.True(reader.TryRead(out var rtcp));

        Assert.True(TransportFeedback.TryRead(rtcp, out var feedback));

        Assert.Equal((1u, 2u), (feedback.SenderSsrc, feedback.MediaSsrc));
        Assert.Equal((5, 10, 7), (feedback.BaseSequenceNumber, feedback.PacketCount, feedback.FeedbackCount));
        Assert.Equal(
            [(5, 257.0), (6, 258.0), (7, 259.0), (8, 260.0), (9, 262.0), (10, null), (11, 261.0), (12, null), (13, null), (14, 264.0)],
            ReadAll(feedback));
    }

    [Theory]
    [InlineData(1, 0.0)]
    [InlineData(2, 0.1)]
    [InlineData(3, 0.5)]
    [InlineData(4, 0.95)]
    public void What_is_written_is_read_to_a_quarter_of_a_millisecond(int seed, double loss)
    {
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            var arrivals = new TimeSpan[1 + random.Next(400)];
            var now = TimeSpan.FromSeconds(1_000 + random.NextDouble());
            for (var i = 0; i < arrivals.Length; i++)
            {
                now += TimeSpan.FromMilliseconds((random.NextDouble() * 20) - (random.Next(10) == 0 ? 15 : 0) + (random.Next(50) == 0 ? 400 : 0));
                arrivals[i] = i > 0 && random.NextDouble() < loss ? Missing : now;
            }

            var buffer = new byte[1_200];
            var writer = new RtcpWriter(buffer);
            var covered = TransportFeedback.Write(ref writer, 1, 2, 65_500, (byte)round, arrivals);
            Assert.InRange(covered, Math.Min(arrivals.Length, 350), arrivals.Length);
            var reader = new RtcpReader(buffer.AsSpan(0, writer.Length));
            Assert.True(reader.TryRead(out var packet));
            Assert.True(TransportFeedback.TryRead(packet, out var feedback));

            var read = ReadAll(feedback);

            Assert.Equal(covered, read.Count);
            for (var i = 0; i < covered; i++)
            {
                Assert.Equal((65_500 + i) & 0xFFFF, read[i].Number);
                Assert.Equal(arrivals[i] < TimeSpan.Zero, read[i].Milliseconds is null);
                if (read[i].Milliseconds is { } milliseconds)
                {
                    var reference = arrivals[0] - TimeSpan.FromMilliseconds(read[0].Milliseconds!.Value);
                    Assert.InRange((arrivals[i] - reference).TotalMilliseconds - milliseconds, -0.3, 0.3);
                }
            }
        }
    }

    [Fact]
    public void A_gap_too_long_for_a_delta_ends_the_report()
    {
        var writer = new RtcpWriter(new byte[200]);

        var covered = TransportFeedback.Write(
            ref writer, 1, 2, 0, 0, [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(20)]);

        Assert.Equal(2, covered);
    }

    [Fact]
    public void A_run_of_nothing_and_a_count_beyond_the_cap_are_refused()
    {
        Assert.False(TryRead([0, 5, 0, 10, 0, 0, 4, 7, 0x00, 0x00, 0, 0]));
        Assert.False(TryRead([0, 5, 0xFF, 0xFF, 0, 0, 4, 7, 0x1F, 0xFF, 0x1F, 0xFF, 0x1F, 0xFF, 0x1F, 0xFF, 0x1F, 0xFF, 0x1F, 0xFF, 0x1F, 0xFF, 0x1F, 0xFF, 0x1F, 0xFF, 0, 0]));
        Assert.False(TryRead([0, 5, 0, 10, 0, 0, 4, 7, 0x20, 10, 1, 2])); // Ten deltas announced, two there.
        Assert.True(TryRead([0, 5, 0, 2, 0, 0, 4, 7, 0x20, 2, 1, 2]));

        static bool TryRead(byte[] control)
        {
            byte[] bytes = [0x8F, 205, 0, (byte)(2 + (control.Length / 4)), 0, 0, 0, 1, 0, 0, 0, 2, .. control];
            var reader = new RtcpReader(bytes);
            Assert.True(reader.TryRead(out var packet));
            return TransportFeedback.TryRead(packet, out _);
        }
    }

    private static List<(int Number, double? Milliseconds)> ReadAll(TransportFeedback feedback)
    {
        var read = new List<(int, double?)>();
        while (feedback.TryReadPacket(out var number, out var arrival))
        {
            read.Add((number, arrival?.TotalMilliseconds));
        }

        return read;
    }
}
