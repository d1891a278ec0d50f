using System.Globalization;
using Roomcast.Rtc.Sdp;

namespace Roomcast.Meetings.Media.Negotiation;

/// <content>What we write: answers, offers of what a peer is to receive, and what becomes of its answers.</content>
internal sealed partial class TransportNegotiation
{
    // What we say of Opus when we offer it: RFC 7587 section 7.
    private const string OpusParameters = "minptime=10;useinbandfec=1";

    /// <summary>Writes the answer to the offer that was applied last.</summary>
    /// <param name="receives">Whether a track arrives by a section.</param>
    public SessionDescription Answer(Func<MediaSection, bool> receives) => Write(
        section => section.Consumed is not null ? SdpDirection.SendOnly
            : receives(section) ? SdpDirection.ReceiveOnly
            : SdpDirection.Inactive,
        SdpSetup.Passive);

    /// <summary>Whether the peer can be offered a track of a kind: its first offer says how it calls the codec.</summary>
    public bool CanOffer(MediaKind kind) => FindTemplate(kind) is not null;

    /// <summary>How many more sections can be added.</summary>
    public int RoomForSections => MediaLimits.Sections - _sections.Count + _sections.Count(section => section is { IsStopped: true, IsPending: false });

    /// <summary>Adds a section for a track that leaves, in the place of a stopped one of its kind or at the end. Its name is a new one.</summary>
    public MediaSection Add(MediaKind kind, ConsumedSection consumed)
    {
        var template = FindTemplate(kind)!;
        var recycled = _sections.FindIndex(section => section.Kind == kind && section is { IsStopped: true, IsPending: false });
        var section = template with
        {
            Mid = NewMid(),
            Codec = new SdpCodec(template.Codec.PayloadType, template.Codec.Name, template.Codec.ClockRateHz, template.Codec.Channels)
            {
                Parameters = kind is MediaKind.Audio ? OpusParameters : null,

                // The client's answers accept NACK for sound, although browsers do not offer it by themselves.
                Feedback = kind is MediaKind.Audio && !template.Codec.Feedback.Contains("nack")
                    ? ["nack", .. template.Codec.Feedback]
                    : template.Codec.Feedback,
            },
            Rids = [],
            IsStopped = false,
            IsPending = true,
            Consumed = consumed,
            Recycles = recycled >= 0 ? _sections[recycled].Mid : null,
        };
        if (recycled >= 0)
        {
            _sections[recycled] = section;
        }
        else
        {
            _sections.Add(section);
        }

        return section;
    }

    /// <summary>Ends a section with the next offer.</summary>
    public void Stop(int index) =>
        _sections[index] = _sections[index] with { IsStopped = true, IsPending = true, Consumed = null, Recycles = null };

    /// <summary>Writes an offer of all sections.</summary>
    public SessionDescription Offer() => Write(
        section => section.Consumed is not null ? SdpDirection.SendOnly : SdpDirection.Inactive, SdpSetup.ActivePassive);

    /// <summary>Takes the peer's answer to <see cref="Offer"/>: what was offered is agreed, or stopped where the peer refused it.</summary>
    /// <returns>The places of the sections that were stopped by the peer.</returns>
    /// <exception cref="MediaException">BadDescription.</exception>
    public IReadOnlyList<int> Complete(SessionDescription answer)
    {
        if (answer.Media.Count != _sections.Count)
        {
            throw Bad($"The answer has {answer.Media.Count} sections, and the offer {_sections.Count}.");
        }

        for (var i = 0; i < _sections.Count; i++)
        {
            // Of stopped sections browsers may leave the name out.
            if (answer.Media[i].Mid != _sections[i].Mid && !(_sections[i].IsStopped && answer.Media[i].Mid is null))
            {
                throw Bad($"Section {_sections[i].Mid} is called {answer.Media[i].Mid} in the answer.");
            }
        }

        var stopped = new List<int>();
        for (var i = 0; i < _sections.Count; i++)
        {
            var section = _sections[i] with { IsPending = false, Recycles = null };
            var media = answer.Media[i];
            var payloadType = section.Codec.PayloadType.ToString(CultureInfo.InvariantCulture);
            if (section.Kind is not null && !section.IsStopped
                && (media.IsStopped || (section.Consumed is not null && !media.Formats.Contains(payloadType))))
            {
                section = section with { IsStopped = true, Consumed = null };
                stopped.Add(i);
            }
            else if (section.Consumed is not null && !section.IsStopped)
            {
                var answered = media.Extensions.ToList();
                section = section with
                {
                    Extensions = [.. section.Extensions.Where(
                        ours => answered.Exists(theirs => theirs.Id == ours.Id && theirs.Uri == ours.Uri))],
                };
            }

            _sections[i] = section;
        }

        return stopped;
    }

    /// <summary>The section by which the peer first said how it calls a kind's codec and extensions.</summary>
    private MediaSection? FindTemplate(MediaKind kind) => _sections.Find(section => section.Kind == kind);

    private string NewMid()
    {
        // No name is ever used twice on a transport: the highest number so far has been given out already.
        foreach (var section in _sections)
        {
            if (int.TryParse(section.Mid, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < int.MaxValue / 2)
            {
                _lastMid = Math.Max(_lastMid, number);
            }
        }

        _lastMid++;
        return _lastMid.ToString(CultureInfo.InvariantCulture);
    }

    private SessionDescription Write(Func<MediaSection, SdpDirection> directionOf, SdpSetup setup)
    {
        var description = new SessionDescription { SessionId = _sessionId, SessionVersion = ++_version };
        description.Attributes.Add("ice-lite");
        description.SetBundle(_sections.Where(section => section is { IsStopped: false, Kind: not null }).Select(section => section.Mid));
        var hasCandidates = false;
        foreach (var section in _sections)
        {
            var media = section.Kind is null ? WriteRefused(section) : WriteSection(section, directionOf(section), setup);
            description.Media.Add(media);
            if (!hasCandidates && media.Port != 0)
            {
                hasCandidates = true;
                foreach (var candidate in _candidates)
                {
                    media.Attributes.Add("candidate", candidate.ToString());
                }

                media.Attributes.Add("end-of-candidates");
            }
        }

        return description;
    }

    private static MediaDescription WriteRefused(MediaSection section)
    {
        var media = new MediaDescription(section.Refused.Kind, 0, section.Refused.Protocol);
        media.Formats.Add(section.Refused.Format);
        media.Lines.Add(new SdpLine('c', "IN IP4 0.0.0.0"));
        media.Attributes.Add("mid", section.Mid);
        media.Direction = SdpDirection.Inactive;
        return media;
    }

    private MediaDescription WriteSection(MediaSection section, SdpDirection direction, SdpSetup setup)
    {
        var media = new MediaDescription(section.Kind is MediaKind.Audio ? "audio" : "video", section.IsStopped ? 0 : 9);
        media.Lines.Add(new SdpLine('c', "IN IP4 0.0.0.0"));
        media.SetTransport(_credentials, _fingerprint, setup);
        media.Attributes.Add("mid", section.Mid);
        media.Direction = section.IsStopped ? SdpDirection.Inactive : direction;
        media.Attributes.Add("rtcp-mux");
        media.Attributes.Add("rtcp-rsize");
        media.Add(section.Codec);
        foreach (var extension in section.Extensions)
        {
            media.Attributes.Add("extmap", extension.ToString());
        }

        if (direction is SdpDirection.ReceiveOnly && !section.IsStopped && section.Rids.Count > 0)
        {
            foreach (var rid in section.Rids)
            {
                media.Attributes.Add("rid", new SdpRid(rid, IsSend: false).ToString());
            }

            // Without tildes, whatever the offer had: which encodings rest is the sender's choice, and none is refused.
            media.Attributes.Add(
                "simulcast", new SdpSimulcast([], [.. section.Rids.Select(rid => new SdpSimulcastEncoding(rid, IsPaused: false))]).ToString());
        }

        if (section is { Consumed: { } consumed, IsStopped: false })
        {
            media.Attributes.Add("msid", $"{consumed.StreamId} {consumed.TrackId}");
            media.Attributes.Add("ssrc", new SdpSource(consumed.Ssrc, "cname", consumed.StreamId).ToString());
        }

        return media;
    }
}
