using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Roomcast.Media;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Rtc.Sdp;

namespace Roomcast.Rtc.Clients;

/// <content>What the client writes of itself, and what it reads of the server (RFC 8829, RFC 9143).</content>
public sealed partial class ClientTransport
{
    private const byte OpusPayloadType = 111;
    private const byte Vp8PayloadType = 96;
    /// <summary>Most encodings of one picture.</summary>
    public const int MaxEncodings = 3;

    private const ulong OriginId = 4_611_731_400_430_051_336;

    private static readonly (int Id, RtpExtensionKind Kind)[] AudioExtensions =
    [
        (1, RtpExtensionKind.AudioLevel), (2, RtpExtensionKind.AbsoluteSendTime), (3, RtpExtensionKind.TransportSequenceNumber), (4, RtpExtensionKind.Mid),
    ];

    private static readonly (int Id, RtpExtensionKind Kind)[] VideoExtensions =
    [
        (2, RtpExtensionKind.AbsoluteSendTime), (13, RtpExtensionKind.VideoOrientation), (3, RtpExtensionKind.TransportSequenceNumber), (4, RtpExtensionKind.Mid),
    ];

    private static readonly (int Id, RtpExtensionKind Kind) EncodingExtension = (9, RtpExtensionKind.RtpStreamId);

    private ulong _version = 1;

    /// <summary>Adds a section by which a track leaves; to be offered next.</summary>
    /// <param name="kind">Sound (Opus) or picture (VP8).</param>
    /// <param name="streamId">What the track shares with those to be kept together with it; without spaces.</param>
    /// <param name="trackId">The track's own id; without spaces.</param>
    /// <param name="rids">
    /// The names of its encodings, best first, when it is a picture of up to <see cref="MaxEncodings"/>; null or empty for one without
    /// a name. Servers of this house take the name that comes first in the order of characters for the best.
    /// </param>
    public SendingTrack AddTrack(TrackKind kind, string streamId, string trackId, IReadOnlyList<string>? rids = null)
    {
        if (rids is { Count: > 0 })
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(rids.Count, MaxEncodings, nameof(rids));
            if (kind is not TrackKind.Video || rids.Any(rid => !SdpRid.IsId(rid) || rid.Length > 16) || rids.Distinct(StringComparer.Ordinal).Count() != rids.Count)
            {
                throw new ArgumentException("Encodings are of pictures, and each has a name of its own of 1 to 16 letters, digits, '-' and '_'.", nameof(rids));
            }
        }

        var section = new ClientSection(_sections.Count.ToString(CultureInfo.InvariantCulture), kind);
        section.Sending = new SendingTrack(section.Mid, kind, streamId, trackId, rids);
        _sections.Add(section);
        return section.Sending;
    }

    /// <summary>Takes a track out of its section; to be offered next.</summary>
    public void RemoveTrack(SendingTrack track)
    {
        if (_sections.Find(section => section.Sending == track) is { } section)
        {
            section.Sending = null;
        }
    }

    /// <summary>Stops receiving by some sections for good; to be offered next.</summary>
    public void Stop(IEnumerable<string> mids)
    {
        ArgumentNullException.ThrowIfNull(mids);
        foreach (var mid in mids)
        {
            if (_sections.Find(section => section.Mid == mid) is { } section)
            {
                section.IsStopped = true;
                Forget(section);
            }
        }
    }

    /// <summary>Writes an offer of all there is.</summary>
    public string CreateOffer()
    {
        var offer = Begin();
        foreach (var section in _sections)
        {
            offer.Media.Add(section.Remote is { } remote ? WriteReceiving(section, remote, isOffer: true) : WriteOwn(section, isOffer: true));
        }

        return offer.ToString();
    }

    /// <summary>Takes the server's answer; with the first one the transport begins to connect.</summary>
    /// <param name="sdp">The answer.</param>
    /// <param name="now">Monotonic time.</param>
    /// <param name="fault">What is wrong with it; nothing has changed then.</param>
    public bool TryApplyAnswer(string sdp, TimeSpan now, [NotNullWhen(false)] out string? fault)
    {
        if (!SessionDescription.TryParse(sdp, out var answer, out var error))
        {
            fault = $"The answer cannot be read: {error}.";
            return false;
        }

        fault = FaultOf(answer);
        if (fault is not null)
        {
            return false;
        }

        if (_connection is null && !TryConnect(answer, now, out fault))
        {
            return false;
        }

        for (var i = 0; i < _sections.Count; i++)
        {
            var section = _sections[i];
            if (section.Remote is not null)
            {
                section.Remote = answer.Media[i];
            }
            else if (section.Sending is { } track)
            {
                Agree(track, answer.Media[i]);
            }
        }

        fault = null;
        return true;
    }

    /// <summary>Takes an offer of the server.</summary>
    /// <param name="sdp">The offer.</param>
    /// <param name="answer">What to answer.</param>
    /// <param name="fault">What is wrong with it; nothing has changed then.</param>
    public bool TryApplyOffer(string sdp, [NotNullWhen(true)] out string? answer, [NotNullWhen(false)] out string? fault)
    {
        answer = null;
        if (!SessionDescription.TryParse(sdp, out var offer, out var error))
        {
            fault = $"The offer cannot be read: {error}.";
            return false;
        }

        fault = FaultOfOffer(offer);
        if (fault is not null)
        {
            return false;
        }

        for (var i = 0; i < offer.Media.Count; i++)
        {
            var media = offer.Media[i];
            if (i == _sections.Count)
            {
                _sections.Add(new ClientSection(media.Mid!, KindOf(media)));
            }
            else if (_sections[i].Mid != media.Mid)
            {
                Forget(_sections[i]);
                _sections[i] = new ClientSection(media.Mid!, KindOf(media));
            }

            ApplyOffered(_sections[i], media);
        }

        var written = Begin();
        foreach (var section in _sections)
        {
            written.Media.Add(section.Remote is { } remote ? WriteReceiving(section, remote, isOffer: false) : WriteOwn(section, isOffer: false));
        }

        answer = written.ToString();
        return true;
    }

    private static TrackKind KindOf(MediaDescription media) => media.Kind == "audio" ? TrackKind.Audio : TrackKind.Video;

    private static void Agree(SendingTrack track, MediaDescription media)
    {
        var codec = media.Codecs.FirstOrDefault(codec => codec.Is(track.Kind is TrackKind.Audio ? "opus" : "VP8"));
        if (codec is null || media.IsStopped || media.Direction is SdpDirection.Inactive or SdpDirection.SendOnly)
        {
            foreach (var encoding in track.Encodings)
            {
                encoding.PayloadType = 0; // The server does not take it, or no longer.
            }

            return;
        }

        byte mid = 0, rid = 0, level = 0, orientation = 0;
        foreach (var extension in media.Extensions)
        {
            if (RtpExtensionUris.TryGetKind(extension.Uri, out var kind) && extension.Id is > 0 and < 15)
            {
                mid = kind is RtpExtensionKind.Mid ? (byte)extension.Id : mid;
                rid = kind is RtpExtensionKind.RtpStreamId ? (byte)extension.Id : rid;
                level = kind is RtpExtensionKind.AudioLevel ? (byte)extension.Id : level;
                orientation = kind is RtpExtensionKind.VideoOrientation ? (byte)extension.Id : orientation;
            }
        }

        // Of those that the server does not name again it wants none (RFC 8853 section 5.3); one without a name is always wanted.
        var taken = media.Simulcast?.Receive.Where(encoding => !encoding.IsPaused).Select(encoding => encoding.Rid).ToList() ?? [];
        foreach (var encoding in track.Encodings)
        {
            var isTaken = encoding.Rid is null || taken.Contains(encoding.Rid) || (taken.Count == 0 && encoding == track);
            encoding.PayloadType = isTaken ? codec.PayloadType : (byte)0;
            (encoding.MidId, encoding.RidId) = (mid, taken.Count == 0 ? (byte)0 : rid);
            (encoding.AudioLevelId, encoding.OrientationId) = (level, orientation);
        }
    }

    private void AddPlaceholders()
    {
        _sections.Add(new ClientSection("0", TrackKind.Audio));
        _sections.Add(new ClientSection("1", TrackKind.Video));
    }

    private string? FaultOf(SessionDescription answer)
    {
        if (answer.Media.Count != _sections.Count)
        {
            return $"The answer has {answer.Media.Count} sections, and the offer {_sections.Count}.";
        }

        for (var i = 0; i < _sections.Count; i++)
        {
            if (answer.Media[i].Mid != _sections[i].Mid)
            {
                return $"Section {_sections[i].Mid} is called {answer.Media[i].Mid ?? "nothing"} in the answer.";
            }
        }

        return null;
    }

    private string? FaultOfOffer(SessionDescription offer)
    {
        if (_connection is null)
        {
            return "The server offers before it has answered.";
        }

        if (offer.Media.Count < _sections.Count)
        {
            return $"The offer has {offer.Media.Count} sections, and {_sections.Count} are agreed.";
        }

        var mids = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < offer.Media.Count; i++)
        {
            var media = offer.Media[i];
            if (media.Mid is not { Length: > 0 and <= 16 } mid || !mids.Add(mid))
            {
                return $"Section {i} has no usable name of its own.";
            }

            if (i < _sections.Count && _sections[i].Mid != mid && !_sections[i].IsStopped)
            {
                return $"Section {_sections[i].Mid} was renamed to {mid} while it lived.";
            }

            if (media.Kind is not ("audio" or "video") || (i < _sections.Count && _sections[i].Kind != KindOf(media)))
            {
                return $"Section {mid} is {media.Kind}, which it cannot be.";
            }

            foreach (var extension in media.Extensions)
            {
                if (RtpExtensionUris.TryGetKind(extension.Uri, out var kind)
                    && _remoteExtensions.TryGetKind((byte)extension.Id, out var known) && known != kind)
                {
                    return $"Extension number {extension.Id} has changed its meaning.";
                }
            }
        }

        return null;
    }

    private void ApplyOffered(ClientSection section, MediaDescription media)
    {
        if (media.IsStopped)
        {
            section.IsStopped = true;
            section.Remote ??= media;
            Forget(section);
            return;
        }

        if (media.Direction is not SdpDirection.SendOnly)
        {
            return;
        }

        section.Remote = media;
        foreach (var extension in media.Extensions)
        {
            if (RtpExtensionUris.TryGetKind(extension.Uri, out var kind))
            {
                _remoteExtensions.TryAdd(extension.Id, kind);
            }
        }

        var codec = media.Codecs.FirstOrDefault(codec => codec.Is(section.Kind is TrackKind.Audio ? "opus" : "VP8"));
        if (section.Receiving is not null || codec is null || media.Sources.FirstOrDefault() is not { } source)
        {
            return;
        }

        section.Receiving = new ReceivingTrack(section.Mid, section.Kind, source.Ssrc, codec.PayloadType);
        _receivedBySsrc[source.Ssrc] = section.Receiving;
    }

    private void Forget(ClientSection section)
    {
        if (section.Receiving is { } track)
        {
            _receivedBySsrc.Remove(track.Ssrc);
            track.Clear();
            section.Receiving = null;
        }
    }

    private bool TryConnect(SessionDescription answer, TimeSpan now, [NotNullWhen(false)] out string? fault)
    {
        var media = answer.Media.FirstOrDefault(media => !media.IsStopped);
        if (media is null || !media.TryGetCredentials(answer, out var credentials) || !media.TryGetFingerprint(answer, out var fingerprint))
        {
            fault = "The answer has no ICE credentials, or no fingerprint that can be used.";
            return false;
        }

        var candidates = answer.Media.SelectMany(section => section.Candidates).Where(candidate => candidate.Protocol is RtcProtocol.Udp).ToList();
        var connection = new RtcConnection(
            new RtcConnectionOptions
            {
                LocalCredentials = _credentials,
                RemoteCredentials = credentials,
                IsControlling = true,
                Identity = _identity,
                DtlsRole = media.SetupIn(answer) is SdpSetup.Active ? DtlsRole.Server : DtlsRole.Client,
                RemoteFingerprint = fingerprint,
            },
            now);
        var isReachable = false;
        foreach (var candidate in candidates)
        {
            isReachable |= candidate.TryGetAddress(out var address) && connection.AddRemoteCandidate(address, candidate.Priority, now);
        }

        if (!isReachable)
        {
            connection.Dispose();
            fault = "The answer has no candidate of UDP with an address.";
            return false;
        }

        _connection = connection;
        _reportAt = _requestsAt = now;
        fault = null;
        return true;
    }

    private SessionDescription Begin()
    {
        var description = new SessionDescription { SessionId = OriginId, SessionVersion = ++_version };
        description.SetBundle(_sections.Where(section => !section.IsStopped).Select(section => section.Mid));
        return description;
    }

    private MediaDescription BeginSection(ClientSection section, bool isOffer)
    {
        var media = new MediaDescription(section.Kind is TrackKind.Audio ? "audio" : "video", section.IsStopped ? 0 : 9);
        media.Lines.Add(new SdpLine('c', "IN IP4 0.0.0.0"));
        media.SetTransport(_credentials, _identity.Fingerprint, isOffer ? SdpSetup.ActivePassive : SdpSetup.Active);
        media.Attributes.Add("mid", section.Mid);
        return media;
    }

    /// <summary>A section that the client began: a placeholder, or one by which a track leaves.</summary>
    private MediaDescription WriteOwn(ClientSection section, bool isOffer)
    {
        var media = BeginSection(section, isOffer);
        var isPlaceholder = section.Mid is "0" or "1";
        foreach (var (id, kind) in section.Kind is TrackKind.Audio ? AudioExtensions : VideoExtensions)
        {
            // Nothing reads what a server says of single packets that were sent: the source has one rate.
            if (!_isSending || kind is not RtpExtensionKind.TransportSequenceNumber)
            {
                media.Attributes.Add("extmap", new SdpExtension(id, RtpExtensionUris.Of(kind)).ToString());
            }
        }

        if (section.Encodings.Count > 1)
        {
            media.Attributes.Add("extmap", new SdpExtension(EncodingExtension.Id, RtpExtensionUris.Of(EncodingExtension.Kind)).ToString());
        }

        media.Direction = isOffer && (section.Sending is not null || isPlaceholder) ? SdpDirection.SendOnly : SdpDirection.Inactive;
        if (section.Sending is { } named)
        {
            media.Attributes.Add("msid", $"{named.StreamId} {named.TrackId}");
        }

        media.Attributes.Add("rtcp-mux");
        string[] feedback = _isSending ? [] : ["transport-cc"];
        media.Add(section.Kind is TrackKind.Audio
            ? new SdpCodec(OpusPayloadType, "opus", 48_000, 2) { Parameters = "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1", Feedback = ["nack", .. feedback] }
            : new SdpCodec(Vp8PayloadType, "VP8", 90_000) { Feedback = ["ccm fir", "nack", "nack pli", .. feedback] });
        if (section.Encodings is { Count: > 1 } encodings)
        {
            // Named and not numbered, as browsers do: packets say by their extension which encoding they are of.
            foreach (var encoding in encodings)
            {
                media.Attributes.Add("rid", $"{encoding.Rid} send");
            }

            media.Attributes.Add("simulcast", "send " + string.Join(';', encodings.Select(encoding => encoding.Rid)));
        }
        else if (section.Sending is { } track)
        {
            media.Attributes.Add("ssrc", new SdpSource(track.Ssrc, "cname", track.StreamId).ToString());
        }

        return media;
    }

    /// <summary>A section that the server began: its lines, and our own transport.</summary>
    private MediaDescription WriteReceiving(ClientSection section, MediaDescription remote, bool isOffer)
    {
        var media = BeginSection(section, isOffer);
        foreach (var extension in remote.Attributes.FindAll("extmap"))
        {
            media.Attributes.Add("extmap", extension);
        }

        media.Direction = section.Receiving is null ? SdpDirection.Inactive : SdpDirection.ReceiveOnly;
        media.Attributes.Add("rtcp-mux");
        foreach (var codec in remote.Codecs)
        {
            media.Add(codec);
        }

        return media;
    }
}
