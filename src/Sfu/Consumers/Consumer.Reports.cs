using Roomcast.Rtc.Rtcp;
using Roomcast.Sfu.Codecs;

namespace Roomcast.Sfu.Consumers;

/// <content>What is told of the track to its receiver, and what that tells of it.</content>
public sealed partial class Consumer
{
    // A sender report without blocks, and a name of up to 255 bytes with what is around it.
    private const int MaxReportBytes = 24 + 4 + 4 + 2 + 255 + 4;

    private readonly byte[] _cname;
    private uint _reportedNtp;
    private TimeSpan _reportedAt;

    /// <summary>Share of packets that the receiver reported lost last, 0 to 1.</summary>
    public double LossRatio { get; private set; }

    /// <summary>Packets of the track that should have reached the receiver by its last report, those that never came here among them.</summary>
    public long PacketsExpected { get; private set; }

    /// <summary>Those of them that had not come, as it reported; 0 to <see cref="PacketsExpected"/>.</summary>
    public long PacketsLost { get; private set; }

    /// <summary>Spread of the transit times, as the receiver reported it last.</summary>
    public TimeSpan Jitter { get; private set; }

    /// <summary>To the receiver and back, as its last report shows; null before one does.</summary>
    public TimeSpan? RoundTripTime { get; private set; }

    /// <summary>Keyframes that the receiver asked for by a picture loss indication (RFC 4585 section 6.3.1).</summary>
    public long PictureLossIndications { get; private set; }

    /// <summary>Keyframes that the receiver asked for by a full intra request (RFC 5104 section 3.5.1).</summary>
    public long FullIntraRequests { get; private set; }

    /// <summary>Notes that the receiver asks for a keyframe.</summary>
    internal void OnKeyframeRequest(bool isFullIntra)
    {
        PictureLossIndications += isFullIntra ? 0 : 1;
        FullIntraRequests += isFullIntra ? 1 : 0;
        WantKeyframe();
    }

    /// <summary>Notes what the receiver says of it.</summary>
    internal void OnReport(in ReportBlock block, TimeSpan now)
    {
        LossRatio = block.FractionLost / 256.0;

        // A receiver that counts more than it was sent, or loses more than that, is not believed.
        var (first, sent) = (_rewriter.FirstOut, _rewriter.HighestOut - _rewriter.FirstOut + 1);
        PacketsExpected = Math.Clamp(block.HighestSequenceNumber - first + 1, 0, sent);
        PacketsLost = Math.Clamp(block.CumulativeLost, 0, PacketsExpected);
        Jitter = TimeSpan.FromSeconds(Math.Min(60, block.Jitter / (double)Producer.Options.Codec.ClockRateHz()));
        if (block.LastSenderReport != 0 && block.LastSenderReport == _reportedNtp)
        {
            var kept = TimeSpan.FromSeconds(block.DelaySinceLastSenderReport / 65_536.0);
            var there = now - _reportedAt - kept;
            RoundTripTime = there > TimeSpan.Zero ? there : TimeSpan.Zero;
        }
    }

    /// <summary>Writes its sender report and name, as its producer's reports allow.</summary>
    /// <returns>False when there is no room for them.</returns>
    internal bool TryWriteReport(ref RtcpWriter writer, TimeSpan now)
    {
        if (Current is not { } stream || !stream.Clock.IsKnown)
        {
            return true;
        }

        if (writer.Room < MaxReportBytes)
        {
            return false;
        }

        // The producer's wall clock goes on to the receiver, so that sound and picture of one peer stay together.
        var elapsed = now - stream.LastReportAt;
        var ticks = (long)((Int128)elapsed.Ticks * Producer.Options.Codec.ClockRateHz() / TimeSpan.TicksPerSecond);
        var timestamp = _rewriter.MapTimestamp(unchecked(stream.LastReportTimestamp + (uint)ticks));
        var ntp = stream.LastReportNtp.Add(elapsed);
        SenderReport.TryWrite(ref writer, Options.Ssrc, ntp, timestamp, _packets, _octets, []);
        SourceDescription.TryWrite(ref writer, Options.Ssrc, _cname);
        _reportedNtp = ntp.Middle;
        _reportedAt = now;
        return true;
    }
}
