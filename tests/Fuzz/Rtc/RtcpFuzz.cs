using Roomcast.Rtc.Rtcp;

namespace Roomcast.Fuzz.Rtc;

/// <summary>Each RTCP packet, by itself and in compounds.</summary>
public sealed class RtcpFuzz
{
    private delegate void Write(ref RtcpWriter writer);

    [Fact]
    public void Sender_reports() => Run("rtcp-sr", (ref writer) =>
        SenderReport.TryWrite(ref writer, 1, new NtpTime(2), 3, 4, 5, [default, default]));

    [Fact]
    public void Receiver_reports() => Run("rtcp-rr", (ref writer) => ReceiverReport.TryWrite(ref writer, 1, [default, default]));

    [Fact]
    public void Source_descriptions() => Run("rtcp-sdes", (ref writer) => SourceDescription.TryWrite(ref writer, 1, "somebody"u8));

    [Fact]
    public void Goodbyes() => Run("rtcp-bye", (ref writer) => Goodbye.TryWrite(ref writer, 1));

    [Fact]
    public void Nacks() => Run("rtcp-nack", (ref writer) => Nack.Write(ref writer, 1, 2, [1, 2, 3, 500]));

    [Fact]
    public void Picture_losses() => Run("rtcp-pli", (ref writer) => new PictureLossIndication(1, 2).TryWrite(ref writer));

    [Fact]
    public void Full_intra_requests() => Run("rtcp-fir", (ref writer) => FullIntraRequest.TryWrite(ref writer, 1, 2, 3));

    [Fact]
    public void Estimates() => Run("rtcp-remb", (ref writer) => new ReceiverEstimatedMaxBitrate(1, 5_000_000).TryWrite(ref writer, [7, 8]));

    [Fact]
    public void Transport_feedback() => Run("rtcp-twcc", (ref writer) => TransportFeedback.Write(
        ref writer,
        1,
        2,
        3,
        4,
        [TimeSpan.FromSeconds(1), TimeSpan.FromTicks(-1), TimeSpan.FromSeconds(1.01), TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(1.49)]));

    private static void Run(string target, Write write)
    {
        var buffer = new byte[400];
        var writer = new RtcpWriter(buffer);
        write(ref writer);
        var one = buffer[..writer.Length];
        Assert.NotEmpty(one);
        FuzzRun.Of(target, [one, [.. one, .. one]], ReadAll);
    }

    private static void ReadAll(byte[] compound)
    {
        var reader = new RtcpReader(compound);
        while (reader.TryRead(out var packet))
        {
            if (SenderReport.TryRead(packet, out var sender))
            {
                ReadBlocks(sender.Blocks);
            }

            if (ReceiverReport.TryRead(packet, out var receiver))
            {
                ReadBlocks(receiver.Blocks);
            }

            if (SourceDescription.TryRead(packet, out var description))
            {
                while (description.TryReadChunk(out _, out _))
                {
                }
            }

            if (Goodbye.TryRead(packet, out var goodbye))
            {
                for (var i = 0; i < goodbye.Count; i++)
                {
                    _ = goodbye[i];
                }
            }

            if (Nack.TryRead(packet, out var nack))
            {
                while (nack.TryReadNumber(out _))
                {
                }
            }

            PictureLossIndication.TryRead(packet, out _);
            if (FullIntraRequest.TryRead(packet, out var intra))
            {
                for (var i = 0; i < intra.Count; i++)
                {
                    _ = intra[i];
                }
            }

            if (ReceiverEstimatedMaxBitrate.TryRead(packet, out var estimate))
            {
                Assert.True(estimate.BitrateBps >= 0);
            }

            if (TransportFeedback.TryRead(packet, out var feedback))
            {
                var packets = 0;
                while (feedback.TryReadPacket(out _, out _))
                {
                    packets++;
                }

                Assert.Equal(feedback.PacketCount, packets);
            }
        }
    }

    private static void ReadBlocks(ReportBlocks blocks)
    {
        for (var i = 0; i < blocks.Count; i++)
        {
            _ = blocks[i].RoundTripTime(new NtpTime(ulong.MaxValue));
        }
    }
}
