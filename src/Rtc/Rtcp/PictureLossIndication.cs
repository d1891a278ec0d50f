namespace Roomcast.Rtc.Rtcp;

/// <summary>PLI: a receiver needs a keyframe (RFC 4585 section 6.3.1).</summary>
/// <param name="SenderSsrc">Who needs it.</param>
/// <param name="MediaSsrc">Of which source.</param>
public readonly record struct PictureLossIndication(uint SenderSsrc, uint MediaSsrc)
{
    /// <summary>Reads it.</summary>
    /// <returns>False when it is another kind or too short.</returns>
    public static bool TryRead(in RtcpPacket packet, out PictureLossIndication indication)
    {
        indication = default;
        if (!Feedback.Is(packet, RtcpType.PayloadFeedback, Feedback.PictureLoss, 0))
        {
            return false;
        }

        indication = new PictureLossIndication(Feedback.SenderOf(packet.Body), Feedback.MediaOf(packet.Body));
        return true;
    }

    /// <summary>Writes it.</summary>
    /// <returns>False, with nothing written, when there is no room.</returns>
    public bool TryWrite(ref RtcpWriter writer)
    {
        if (!writer.TryAdd(RtcpType.PayloadFeedback, Feedback.PictureLoss, Feedback.FixedLength, out var body))
        {
            return false;
        }

        Feedback.WriteHead(body, SenderSsrc, MediaSsrc);
        return true;
    }
}
