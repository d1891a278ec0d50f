using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Rtcp;

namespace Roomcast.Rtc.Tests.Congestion;

public sealed class FeedbackRecorderTests
{
    private const uint Ssrc = 9_000;

    [Fact]
    public void A_report_is_due_an_interval_after_the_first_packet()
    {
        var recorder = new FeedbackRecorder();
        Assert.Null(recorder.NextDeadline);
        recorder.OnPacket(65_535, Ssrc, At(0));
        recorder.OnPacket(2, Ssrc, At(30));
        recorder.OnPacket(0, Ssrc, At(40));
        Assert.Equal(At(100), recorder.NextDeadline);
        Assert.Empty(Report(recorder, At(99)));

        var report = Report(recorder, At(100));

        Assert.Equal([(65_535, 0.0), (0, 40.0), (1, null), (2, 30.0)], report);
        Assert.Null(recorder.NextDeadline);
    }

    [Fact]
    public void A_packet_reported_missing_stays_missing_and_the_next_report_goes_on_behind_it()
    {
        var recorder = new FeedbackRecorder();
        recorder.OnPacket(10, Ssrc, At(0));
        recorder.OnPacket(12, Ssrc, At(1));
        Assert.Equal(3, Report(recorder, At(100)).Count);
        recorder.OnPacket(11, Ssrc, At(110));
        Assert.Null(recorder.NextDeadline);
        recorder.OnPacket(14, Ssrc, At(120));

        Assert.Equal([(13, null), (14, 120.0)], Report(recorder, At(220)));
    }

    [Fact]
    public void Many_packets_make_a_report_due_at_once()
    {
        var recorder = new FeedbackRecorder();
        for (ushort i = 0; i <= FeedbackRecorder.FullReport; i++)
        {
            recorder.OnPacket(i, Ssrc, At(1));
        }

        Assert.Equal(At(1), recorder.NextDeadline);
        Assert.Equal(FeedbackRecorder.FullReport + 1, Report(recorder, At(1)).Count);
    }

    [Fact]
    public void A_gap_beyond_what_is_kept_begins_anew()
    {
        var recorder = new FeedbackRecorder();
        recorder.OnPacket(0, Ssrc, At(0));
        recorder.OnPacket(10_000, Ssrc, At(1));

        Assert.Equal([10_000], Report(recorder, At(101)).Select(packet => packet.Number));
    }

    private static TimeSpan At(int milliseconds) => TimeSpan.FromSeconds(64) + TimeSpan.FromMilliseconds(milliseconds);

    private static List<(int Number, double? Milliseconds)> Report(FeedbackRecorder recorder, TimeSpan now)
    {
        var buffer = new byte[1_200];
        var writer = new RtcpWriter(buffer);
        while (recorder.TryReport(ref writer, 1, now))
        {
        }

        var read = new List<(int, double?)>();
        var reader = new RtcpReader(buffer.AsSpan(0, writer.Length));
        while (reader.TryRead(out var packet))
        {
            Assert.True(TransportFeedback.TryRead(packet, out var feedback));
            Assert.Equal(Ssrc, feedback.MediaSsrc);
            while (feedback.TryReadPacket(out var number, out var arrival))
            {
                read.Add((number, (arrival - TimeSpan.FromSeconds(64))?.TotalMilliseconds));
            }
        }

        return read;
    }
}
