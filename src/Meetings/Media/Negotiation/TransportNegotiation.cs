using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Rtc.Sdp;

namespace Roomcast.Meetings.Media.Negotiation;

/// <summary>The offers and answers of one transport, from both sides in turn.</summary>
/// <remarks>
/// <para>Sources: RFC 8829 (JSEP), RFC 9143 (BUNDLE), RFC 8843, RFC 8853 (simulcast). Reading an offer changes nothing and
/// throws <see cref="MediaException"/>; applying what was read cannot fail. Not thread-safe: its room's worker does one step
/// at a time, and so serialises what both sides describe.</para>
/// <para>Lenient about what clients write into their descriptions: lines for formats that a section does not have, unknown
/// attributes, missing msid. Strict about what others depend on: sections keep their places and names, and the transport its
/// credentials and certificate.</para>
/// </remarks>
internal sealed partial class TransportNegotiation
{
    private static readonly string[] VideoFeedback = ["nack", "nack pli", "ccm fir", "transport-cc"];
    private static readonly string[] AudioFeedback = ["nack", "transport-cc"];

    private readonly TransportDirection _direction;
    private readonly IceCredentials _credentials;
    private readonly DtlsFingerprint _fingerprint;
    private readonly IReadOnlyList<IceCandidate> _candidates;
    private readonly ulong _sessionId;
    private List<MediaSection> _sections = [];
    private ulong _version;
    private int _lastMid = -1;
    private IceCredentials? _peerCredentials;
    private DtlsFingerprint? _peerFingerprint;

    /// <summary>Makes the negotiation of a transport that nothing is known of yet.</summary>
    /// <param name="direction">Which way its tracks go.</param>
    /// <param name="credentials">Our ICE credentials.</param>
    /// <param name="fingerprint">Of our certificate.</param>
    /// <param name="candidates">Where we are reached.</param>
    /// <param name="sessionId">For the origin line; at most 2^62.</param>
    public TransportNegotiation(
        TransportDirection direction,
        IceCredentials credentials,
        DtlsFingerprint fingerprint,
        IReadOnlyList<IceCandidate> candidates,
        ulong sessionId)
    {
        _direction = direction;
        _credentials = credentials;
        _fingerprint = fingerprint;
        _candidates = candidates;
        _sessionId = sessionId;
    }

    /// <summary>The sections, agreed or offered.</summary>
    public IReadOnlyList<MediaSection> Sections => _sections;

    /// <summary>The numbers of the header extensions over all sections.</summary>
    public RtpExtensionMap Extensions { get; } = new();

    /// <summary>Whether the peer described itself like this: then it is the same end of the same connection.</summary>
    public bool IsWith(IceCredentials credentials, DtlsFingerprint fingerprint) =>
        _peerCredentials is { } peer && peer.Ufrag == credentials.Ufrag && peer.Password == credentials.Password && fingerprint.Equals(_peerFingerprint);

    /// <summary>Reads a description.</summary>
    /// <exception cref="MediaException">BadDescription, TooMany.</exception>
    /// <remarks>Needs no transport; can be done on any thread.</remarks>
    public static SessionDescription Parse(string? sdp)
    {
        if (SessionDescription.TryParse(sdp, out var description, out var error))
        {
            return description;
        }

        throw new MediaException(
            error is SdpError.TooLong ? MediaErrorCode.TooMany : MediaErrorCode.BadDescription, $"The description cannot be read: {error}.");
    }

    /// <summary>Reads an offer of the peer against what was agreed before.</summary>
    /// <exception cref="MediaException">BadDescription, UnsupportedCodec, TooMany.</exception>
    public OfferReading Read(SessionDescription offer)
    {
        var known = WithoutUnseen(offer);
        if (offer.Media.Count == 0 || offer.Media.Count < known.Count)
        {
            throw Bad($"The offer has {offer.Media.Count} sections, and {known.Count} are agreed.");
        }

        if (offer.Media.Count > MediaLimits.Sections)
        {
            throw new MediaException(MediaErrorCode.TooMany, $"An offer may have {MediaLimits.Sections} sections.");
        }

        var mids = new HashSet<string>(StringComparer.Ordinal);
        var bundle = offer.Bundle;
        var ids = new ExtensionNumbers(Extensions);
        var sections = new List<MediaSection>(offer.Media.Count);
        MediaDescription? first = null;
        for (var i = 0; i < offer.Media.Count; i++)
        {
            var media = offer.Media[i];
            if (!IsName(media.Mid) || !mids.Add(media.Mid!))
            {
                throw Bad($"Section {i} has no usable name of its own.");
            }

            var section = ReadSection(media, i < known.Count ? known[i] : null, ids);
            sections.Add(section);
            if (section.IsStopped || section.Kind is null)
            {
                continue;
            }

            if (bundle.Count > 0 ? !bundle.Contains(media.Mid!) : first is not null)
            {
                throw Bad($"Section {i} is outside of the bundle.");
            }

            first ??= media;
        }

        first ??= offer.Media[0];
        if (!first.TryGetCredentials(offer, out var credentials) || !first.TryGetFingerprint(offer, out var fingerprint))
        {
            throw Bad("ICE credentials or the fingerprint of the certificate are missing or malformed.");
        }

        if (_peerCredentials is not null && !IsWith(credentials, fingerprint))
        {
            throw Bad("Credentials or certificate have changed; that takes a new transport.");
        }

        return new OfferReading(sections, [.. offer.Media], credentials, fingerprint, first.SetupIn(offer) ?? SdpSetup.ActivePassive);
    }

    /// <summary>Makes an offer that was read the state of things.</summary>
    public void Apply(OfferReading reading)
    {
        _sections = [.. reading.Sections];
        _peerCredentials = reading.Credentials;
        _peerFingerprint = reading.Fingerprint;
        foreach (var section in _sections)
        {
            NoteExtensions(section);
        }
    }

    private static MediaException Bad(string message) => new(MediaErrorCode.BadDescription, message);

    private static bool IsName(string? name) =>
        name is { Length: > 0 and <= MediaLimits.NameLength }
        && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.' or '+');

    private static MediaKind? KindOf(MediaDescription media) => media.Kind switch
    {
        "audio" when media.Protocol.EndsWith("RTP/SAVPF", StringComparison.Ordinal) => MediaKind.Audio,
        "video" when media.Protocol.EndsWith("RTP/SAVPF", StringComparison.Ordinal) => MediaKind.Video,
        _ => null,
    };

    private static bool IsForwarded(SdpCodec codec, MediaKind kind) => kind is MediaKind.Audio
        ? codec.Is("opus") && codec is { ClockRateHz: 48_000, Channels: 2 }
        : codec.Is("VP8") && codec.ClockRateHz == 90_000;

    /// <summary>The sections without those of an offer of ours that the peer never saw, as its own offer shows.</summary>
    private List<MediaSection> WithoutUnseen(SessionDescription offer)
    {
        var known = new List<MediaSection>(_sections);
        for (var i = known.Count - 1; i >= 0; i--)
        {
            var section = known[i];
            if (!section.IsPending)
            {
                continue;
            }

            if (i < offer.Media.Count && offer.Media[i].Mid == section.Mid)
            {
                known[i] = section with { IsPending = false };
            }
            else if (section.Recycles is { } old)
            {
                known[i] = section with { Mid = old, IsStopped = true, IsPending = false, Recycles = null, Consumed = null };
            }
            else if (i >= offer.Media.Count && i == known.Count - 1)
            {
                known.RemoveAt(i);
            }
        }

        return known;
    }

    private MediaSection ReadSection(MediaDescription media, MediaSection? known, ExtensionNumbers ids)
    {
        var kind = KindOf(media);
        if (known is not null && known.Mid != media.Mid)
        {
            // RFC 8829 section 5.2.2: a stopped section may come back under another name.
            if (!known.IsStopped || known.Kind is null)
            {
                throw Bad($"Section {known.Mid} is now called {media.Mid}.");
            }

            known = null;
        }

        if (known is not null)
        {
            if (known.Kind is null)
            {
                return known;
            }

            if (known.Kind != kind)
            {
                throw Bad($"Section {known.Mid} has changed its kind.");
            }

            if (media.IsStopped || known.IsStopped)
            {
                return known with { IsStopped = true, Consumed = null, Rids = [] };
            }

            return ReadKnown(media, known, ids);
        }

        if (kind is null)
        {
            return new MediaSection
            {
                Mid = media.Mid!, Kind = null, Codec = new SdpCodec(0, "none", 1), Refused = (media.Kind, media.Protocol, media.Formats[0]),
            };
        }

        var codec = media.Codecs.FirstOrDefault(codec => IsForwarded(codec, kind.Value));
        if (codec is null)
        {
            throw new MediaException(
                MediaErrorCode.UnsupportedCodec, $"Section {media.Mid} offers none of the codecs that are forwarded: Opus and VP8.");
        }

        var extensions = ReadExtensions(media, ids);
        return new MediaSection
        {
            Mid = media.Mid!,
            Kind = kind,
            Codec = Agree(codec, kind.Value, extensions),
            Extensions = extensions,
            Rids = ReadRids(media, kind.Value),
            IsStopped = media.IsStopped,
        };
    }

    private MediaSection ReadKnown(MediaDescription media, MediaSection known, ExtensionNumbers ids)
    {
        if (_direction is TransportDirection.ToPeer)
        {
            return known; // What leaves by it stays as it was offered.
        }

        var codec = media.Codecs.FirstOrDefault(codec => codec.PayloadType == known.Codec.PayloadType && IsForwarded(codec, known.Kind!.Value))
            ?? throw Bad($"Section {known.Mid} no longer has payload type {known.Codec.PayloadType}.");
        var extensions = ReadExtensions(media, ids);
        return known with
        {
            Codec = Agree(codec, known.Kind!.Value, extensions),
            Extensions = extensions,
            Rids = known.Rids.Count > 0 ? known.Rids : ReadRids(media, known.Kind.Value),
        };
    }

    /// <summary>The codec as we answer it: the peer's number, and the feedback that we know too.</summary>
    private static SdpCodec Agree(SdpCodec offered, MediaKind kind, List<SdpExtension> extensions)
    {
        var known = kind is MediaKind.Audio ? AudioFeedback : VideoFeedback;
        var hasTransportNumbers = extensions.Exists(
            extension => extension.Uri == RtpExtensionUris.Of(RtpExtensionKind.TransportSequenceNumber));

        // What the peer writes about Opus is how it would like to be asked to send: rate, stereo, error correction. It asks
        // us to say it back. VP8's parameters bound what its writer receives, and are no matter of ours.
        var parameters = kind is MediaKind.Audio && offered.Parameters?.Length <= MediaLimits.ParametersLength ? offered.Parameters : null;
        return new SdpCodec(offered.PayloadType, kind is MediaKind.Audio ? "opus" : "VP8", offered.ClockRateHz, offered.Channels)
        {
            Parameters = parameters,
            Feedback = [.. known.Where(
                feedback => offered.Feedback.Contains(feedback) && (feedback != "transport-cc" || hasTransportNumbers))],
        };
    }

    private List<SdpExtension> ReadExtensions(MediaDescription media, ExtensionNumbers ids)
    {
        var extensions = new List<SdpExtension>();
        foreach (var extension in media.Extensions)
        {
            var isOurs = _direction is TransportDirection.FromPeer
                ? extension.Direction is not (SdpDirection.ReceiveOnly or SdpDirection.Inactive)
                : extension.Direction is not (SdpDirection.SendOnly or SdpDirection.Inactive);
            if (isOurs && RtpExtensionUris.TryGetKind(extension.Uri, out var kind) && IsUsed(kind) && ids.TryTake(extension.Id, kind)
                && !extensions.Exists(other => other.Uri == extension.Uri))
            {
                extensions.Add(extension with { Direction = null });
            }
        }

        return extensions;
    }

    private bool IsUsed(RtpExtensionKind kind) => kind switch
    {
        RtpExtensionKind.Mid or RtpExtensionKind.TransportSequenceNumber or RtpExtensionKind.AudioLevel
            or RtpExtensionKind.VideoOrientation or RtpExtensionKind.PlayoutDelay => true,
        RtpExtensionKind.RtpStreamId => _direction is TransportDirection.FromPeer,
        _ => false,
    };

    /// <summary>The encodings that a section offers to send, best first: the client's names fall in quality as their characters rise.</summary>
    private static List<string> ReadRids(MediaDescription media, MediaKind kind)
    {
        if (kind is MediaKind.Audio || media.Simulcast is not { Send.Count: > 0 } simulcast)
        {
            return [];
        }

        if (simulcast.Send.Count > MediaLimits.Encodings)
        {
            throw new MediaException(MediaErrorCode.TooMany, $"A track may have {MediaLimits.Encodings} encodings.");
        }

        var named = media.Rids.Where(rid => rid.IsSend).Select(rid => rid.Id).ToHashSet(StringComparer.Ordinal);
        var rids = new List<string>(simulcast.Send.Count);
        foreach (var encoding in simulcast.Send)
        {
            if (!IsName(encoding.Rid) || !named.Contains(encoding.Rid) || rids.Contains(encoding.Rid))
            {
                throw Bad($"The encodings of section {media.Mid} are not named properly.");
            }

            rids.Add(encoding.Rid);
        }

        rids.Sort(StringComparer.Ordinal);
        return rids;
    }

    private void NoteExtensions(MediaSection section)
    {
        foreach (var extension in section.Extensions)
        {
            if (RtpExtensionUris.TryGetKind(extension.Uri, out var kind))
            {
                Extensions.TryAdd(extension.Id, kind);
            }
        }
    }

    /// <summary>Which numbers are taken while an offer is read: one number for one extension in all of a bundle (RFC 9143 section 9.1).</summary>
    private sealed class ExtensionNumbers(RtpExtensionMap agreed)
    {
        private const int ReservedId = 15;

        private readonly Dictionary<int, RtpExtensionKind> _kinds = [];
        private readonly Dictionary<RtpExtensionKind, int> _ids = [];

        public bool TryTake(int id, RtpExtensionKind kind)
        {
            var agreedId = agreed.IdOf(kind);
            if (id == ReservedId || (agreedId != 0 && agreedId != id)
                || (agreed.TryGetKind((byte)id, out var agreedKind) && agreedKind != kind)
                || (_kinds.TryGetValue(id, out var takenKind) && takenKind != kind)
                || (_ids.TryGetValue(kind, out var takenId) && takenId != id))
            {
                return false;
            }

            _kinds[id] = kind;
            _ids[kind] = id;
            return true;
        }
    }
}
