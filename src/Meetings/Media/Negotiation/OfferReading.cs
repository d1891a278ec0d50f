using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Sdp;

namespace Roomcast.Meetings.Media.Negotiation;

/// <summary>What an offer would make of a transport. Nothing has changed until it is applied.</summary>
/// <param name="Sections">All sections as they would be.</param>
/// <param name="Offered">The sections of the offer, at the same places.</param>
/// <param name="Credentials">The peer's ICE credentials.</param>
/// <param name="Fingerprint">The fingerprint of its certificate.</param>
/// <param name="Setup">Who begins the handshake, as the peer would have it.</param>
internal sealed record OfferReading(
    IReadOnlyList<MediaSection> Sections,
    IReadOnlyList<MediaDescription> Offered,
    IceCredentials Credentials,
    DtlsFingerprint Fingerprint,
    SdpSetup Setup)
{
    /// <summary>The place of the section that a track is to arrive by: named, else found by its msid, else the last of its kind.</summary>
    /// <returns>-1 when there is none.</returns>
    public int FindTrack(MediaKind kind, string? mid, string? msid)
    {
        var found = -1;
        for (var i = 0; i < Sections.Count; i++)
        {
            var section = Sections[i];
            if (section.Kind != kind || section.IsStopped)
            {
                continue;
            }

            if (mid is not null)
            {
                if (section.Mid == mid)
                {
                    return i;
                }
            }
            else
            {
                if (!string.IsNullOrEmpty(msid) && Offered[i].StreamId?.ToString() == msid)
                {
                    return i;
                }

                found = Offered[i].Direction is SdpDirection.SendOnly or SdpDirection.SendReceive ? i : found;
            }
        }

        return found;
    }
}
