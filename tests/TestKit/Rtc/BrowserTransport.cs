using System.Text;
using Roomcast.Rtc;
using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Rtc.Sdp;
using Roomcast.Rtc.Srtp;

namespace Roomcast.TestKit.Rtc;

/// <summary>A browser's peer connection as the meeting client uses it: its descriptions, its connection, and its media.</summary>
/// <remarks>
/// Sans-IO like the connection it is built on: datagrams and the time go in, datagrams come out of <see cref="TryTake"/>. What it
/// writes is what the client lets the browser write, its edits included. Not thread-safe.
/// </remarks>
public sealed class BrowserTransport : IDisposable
{
    private static readonly DtlsIdentity SharedIdentity = DtlsIdentity.Create(new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero));
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);

    private readonly bool _isSending;
    private readonly Random _random;
    private readonly IceCredentials _credentials = IceCredentials.Create();
    private readonly List<BrowserSection> _sections = [];
    private readonly List<BrowserTrack> _tracks = [];
    private readonly Dictionary<string, ReceivedTrack> _received = new(StringComparer.Ordinal);
    private readonly Dictionary<uint, ReceivedTrack> _receivedBySsrc = [];
    private readonly RtpExtensionMap _remoteExtensions = new();
    private readonly FeedbackRecorder _recorder = new();
    private readonly Queue<byte[]> _outgoing = new();
    private readonly byte[] _packet = new byte[2_200];
    private RtcConnection? _connection;
    private ulong _version = 1;
    private ushort _transportNumber;
    private TimeSpan _reportAt;
    private TimeSpan _requestsAt;
    private bool _numbersAudio;
    private bool _numbersVideo;

    /// <summary>Makes one with the two sections that the client begins with.</summary>
    public BrowserTransport(BrowserFlavor flavor, bool isSending, int seed)
    {
        Flavor = flavor;
        _isSending = isSending;
        _random = new Random(seed);
        _sections.Add(new BrowserSection { Mid = "0", IsAudio = true });
        _sections.Add(new BrowserSection { Mid = "1", IsAudio = false, Rids = isSending ? ["f", "h", "q"] : [] });
    }

    /// <summary>Whose habits it has.</summary>
    public BrowserFlavor Flavor { get; }

    /// <summary>Its connection; null before the first answer.</summary>
    public RtcConnection? Connection => _connection;

    /// <summary>Whether media can flow.</summary>
    public bool IsConnected => _connection is { State: RtcConnectionState.Connected };

    /// <summary>What arrives, by section.</summary>
    public IReadOnlyDictionary<string, ReceivedTrack> Received => _received;

    /// <summary>What it sends.</summary>
    public IReadOnlyList<BrowserTrack> Tracks => _tracks;

    /// <summary>Packets that belong to no track of its descriptions.</summary>
    public int Strangers { get; private set; }

    /// <summary>The server's candidates from its answer.</summary>
    public IReadOnlyList<IceCandidate> Candidates { get; private set; } = [];

    /// <summary>Which of them checks go to: UDP by default.</summary>
    public RtcProtocol Protocol { get; set; } = RtcProtocol.Udp;

    /// <summary>Where the server is; null before the first answer.</summary>
    public RtcAddress? ServerAddress { get; private set; }

    /// <summary>Share of received media that it loses, for the feedback it gives: none by default.</summary>
    public Func<bool> Loses { get; set; } = static () => false;

    /// <summary>When to call <see cref="HandleDeadline"/>.</summary>
    public TimeSpan? NextDeadline => _connection?.NextDeadline is { } due && due < _requestsAt ? due : _connection is null ? null : _requestsAt;

    internal byte MidId { get; private set; }

    internal byte RidId { get; private set; }

    internal byte TransportNumberId { get; private set; }

    internal byte AudioLevelId { get; private set; }

    /// <summary>Adds a section for a track to be sent, and offers it.</summary>
    /// <param name="isAudio">Sound or picture.</param>
    /// <param name="rids">Encodings, best first; empty for one.</param>
    /// <param name="tag">What its packets are to be marked with.</param>
    /// <param name="track">The track. It sends nothing that arrives anywhere before the answer is applied.</param>
    public string Publish(bool isAudio, IReadOnlyList<string> rids, uint tag, out BrowserTrack track)
    {
        var mid = _sections.Count.ToString(System.Globalization.CultureInfo.InvariantCulture);
        track = new BrowserTrack(this, mid, isAudio, tag, rids, _random);
        _tracks.Add(track);
        _sections.Add(new BrowserSection { Mid = mid, IsAudio = isAudio, IsPublished = true, Rids = rids, Track = track });
        return CreateOffer();
    }

    /// <summary>Stops sending a track, and offers that.</summary>
    public string Unpublish(BrowserTrack track)
    {
        var section = _sections.Single(section => section.Track == track);
        section.Direction = SdpDirection.Inactive;
        section.Track = null;
        _tracks.Remove(track);
        return CreateOffer();
    }

    /// <summary>Stops receiving, and offers that.</summary>
    public string Stop(IEnumerable<string> mids)
    {
        foreach (var mid in mids)
        {
            var section = _sections.Single(section => section.Mid == mid);
            section.IsStopped = true;
            if (_received.Remove(mid, out var track))
            {
                _receivedBySsrc.Remove(track.Ssrc);
            }
        }

        return CreateOffer();
    }

    /// <summary>Offers what there is.</summary>
    public string CreateOffer()
    {
        var offer = Begin();
        foreach (var section in _sections)
        {
            offer.Media.Add(section.Remote is { } remote ? WriteReceiving(section, remote, isOffer: true) : WriteOwn(section));
        }

        var text = offer.ToString();

        // The client appends this to what it sends to the server; it stands in whatever section is the last.
        return Flavor is BrowserFlavor.Chromium && _isSending ? text + "a=rtcp-fb:111 nack\r\n" : text;
    }

    /// <summary>Takes an answer of the server.</summary>
    public void ApplyAnswer(string sdp, TimeSpan now)
    {
        var answer = Parse(sdp);
        Demand(answer.Media.Count == _sections.Count, "The answer has another number of sections.");
        Demand(answer.Attributes.Has("ice-lite"), "The server is to be ICE-lite.");
        for (var i = 0; i < _sections.Count; i++)
        {
            var media = answer.Media[i];
            Demand(media.Mid == _sections[i].Mid, $"Section {_sections[i].Mid} is called {media.Mid} in the answer.");
            Demand(media.IsStopped == _sections[i].IsStopped, $"Section {media.Mid} is stopped on one side only.");
            Demand(media.IsStopped != answer.Bundle.Contains(media.Mid!), $"Section {media.Mid} is bundled and stopped, or neither.");
            Apply(_sections[i], media);
        }

        Connect(answer, now);
    }

    /// <summary>Takes an offer of the server.</summary>
    /// <returns>The answer, as the client alters it.</returns>
    public string ApplyOffer(string sdp)
    {
        var offer = Parse(sdp);
        Demand(offer.Media.Count >= _sections.Count, "The offer has lost sections.");
        for (var i = 0; i < offer.Media.Count; i++)
        {
            var media = offer.Media[i];
            if (i == _sections.Count)
            {
                _sections.Add(new BrowserSection { Mid = media.Mid!, IsAudio = media.Kind == "audio", Direction = SdpDirection.Inactive });
            }
            else if (_sections[i].Mid != media.Mid)
            {
                Demand(_sections[i].IsStopped, $"Section {_sections[i].Mid} was renamed to {media.Mid} while it lived.");
                Demand(_sections[i].IsAudio == (media.Kind == "audio"), $"Section {media.Mid} has changed its kind.");
                _sections[i] = new BrowserSection { Mid = media.Mid!, IsAudio = media.Kind == "audio", Direction = SdpDirection.Inactive };
            }

            ApplyOffered(_sections[i], media);
        }

        var answer = Begin();
        foreach (var section in _sections)
        {
            answer.Media.Add(section.Remote is { } remote ? WriteReceiving(section, remote, isOffer: false) : WriteOwn(section, isAnswer: true));
        }

        return answer.ToString();
    }

    /// <summary>Takes a datagram.</summary>
    public void Handle(byte[] datagram, TimeSpan now)
    {
        if (_connection is null)
        {
            return;
        }

        var received = _connection.Handle(datagram, ServerAddress!.Value, now);
        if (received.Kind is RtcDatagramKind.Rtp)
        {
            HandleRtp(received.Packet.ToArray(), received.Header, now);
        }
        else if (received.Kind is RtcDatagramKind.Rtcp)
        {
            HandleRtcp(received.Packet, now);
        }

        Drain();
    }

    /// <summary>Does what is due: checks, reports, requests.</summary>
    public void HandleDeadline(TimeSpan now)
    {
        if (_connection is null)
        {
            return;
        }

        if (_connection.NextDeadline <= now)
        {
            _connection.HandleDeadline(now);
        }

        if (now >= _requestsAt)
        {
            _requestsAt = now + TimeSpan.FromMilliseconds(10);
            SendRequests(now);
        }

        Drain();
    }

    /// <summary>Takes a datagram that is to be sent to <see cref="ServerAddress"/>.</summary>
    public bool TryTake(out byte[] datagram) => _outgoing.TryDequeue(out datagram!);

    /// <summary>Closes the connection with a goodbye.</summary>
    public void Close()
    {
        _connection?.Close();
        Drain();
    }

    /// <inheritdoc/>
    public void Dispose() => _connection?.Dispose();

    internal bool NumbersPackets(bool isAudio) => TransportNumberId != 0 && (isAudio ? _numbersAudio : _numbersVideo);

    internal ushort NextTransportNumber() => _transportNumber++;

    internal void SendRtp(ReadOnlySpan<byte> packet, TimeSpan now) => Protect(packet, isRtcp: false);

    internal void SendRtcp(ReadOnlySpan<byte> compound, TimeSpan now) => Protect(compound, isRtcp: true);

    private static void Demand(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new InvalidOperationException(otherwise);
        }
    }

    private static SessionDescription Parse(string sdp)
    {
        Demand(SessionDescription.TryParse(sdp, out var description, out var error), $"The description cannot be read: {error}.");
        return description!;
    }

    private void Protect(ReadOnlySpan<byte> packet, bool isRtcp)
    {
        if (!IsConnected)
        {
            return;
        }

        packet.CopyTo(_packet);
        var length = packet.Length;
        var status = isRtcp ? _connection!.ProtectRtcp(_packet, ref length) : _connection!.ProtectRtp(_packet, ref length);
        Demand(status is SrtpStatus.Done, $"A packet could not be protected: {status}.");
        _outgoing.Enqueue(_packet[..length]);
    }

    private void Connect(SessionDescription answer, TimeSpan now)
    {
        if (_connection is not null)
        {
            return;
        }

        var media = answer.Media[0];
        Demand(media.TryGetCredentials(answer, out var credentials) & media.TryGetFingerprint(answer, out var fingerprint), "No credentials.");
        Candidates = [.. media.Candidates];
        _connection = new RtcConnection(
            new RtcConnectionOptions
            {
                LocalCredentials = _credentials,
                RemoteCredentials = credentials,
                IsControlling = true,
                Identity = SharedIdentity,
                DtlsRole = DtlsRole.Client,
                RemoteFingerprint = fingerprint!,
            },
            now);
        _requestsAt = now;
        _reportAt = now + ReportInterval;
        var candidate = Candidates.First(candidate => candidate.Protocol == Protocol);
        Demand(candidate.TryGetAddress(out var address), "The candidate has no address.");
        ServerAddress = address;
        _connection.AddRemoteCandidate(address, candidate.Priority, now);
        Drain();
    }

    private void Apply(BrowserSection section, MediaDescription media)
    {
        if (section.IsStopped)
        {
            return;
        }

        if (section.Remote is not null)
        {
            section.Remote = media;
            return;
        }

        if (!_isSending || section.Track is null)
        {
            return;
        }

        if (media.Direction is SdpDirection.Inactive && section != _sections[^1])
        {
            section.Track.IsRefused = true; // The server no longer takes it: what a client left behind when it joined again.
            return;
        }

        Demand(media.Direction is SdpDirection.ReceiveOnly, $"Section {media.Mid} is {media.Direction}, and sends a track.");
        Demand(section.Rids.Count < 2 || section.Rids.SequenceEqual(media.Simulcast!.Receive.Select(encoding => encoding.Rid)), "Encodings were lost.");
        foreach (var extension in media.Extensions)
        {
            if (!RtpExtensionUris.TryGetKind(extension.Uri, out var kind))
            {
                continue;
            }

            switch (kind)
            {
                case RtpExtensionKind.Mid:
                    MidId = (byte)extension.Id;
                    break;
                case RtpExtensionKind.RtpStreamId:
                    RidId = (byte)extension.Id;
                    break;
                case RtpExtensionKind.TransportSequenceNumber:
                    TransportNumberId = (byte)extension.Id;
                    _numbersAudio |= section.IsAudio;
                    _numbersVideo |= !section.IsAudio;
                    break;
                case RtpExtensionKind.AudioLevel:
                    AudioLevelId = (byte)extension.Id;
                    break;
            }
        }
    }

    private void ApplyOffered(BrowserSection section, MediaDescription media)
    {
        if (media.IsStopped)
        {
            section.IsStopped = true;
            section.Remote ??= media;
            if (_received.Remove(section.Mid, out var ended))
            {
                _receivedBySsrc.Remove(ended.Ssrc);
            }

            return;
        }

        if (media.Direction is not SdpDirection.SendOnly)
        {
            return;
        }

        var isNew = section.Remote is null;
        section.Remote = media;
        foreach (var extension in media.Extensions)
        {
            if (RtpExtensionUris.TryGetKind(extension.Uri, out var kind))
            {
                Demand(_remoteExtensions.TryAdd(extension.Id, kind), $"Extension number {extension.Id} has changed its meaning.");
            }
        }

        if (isNew)
        {
            var codec = media.Codecs.Single();
            var track = new ReceivedTrack(
                section.Mid, section.IsAudio, media.Sources.First().Ssrc, codec.PayloadType, media.StreamId?.Track);
            Demand(_receivedBySsrc.TryAdd(track.Ssrc, track), "A source was given twice.");
            _received.Add(section.Mid, track);
        }
    }

    private void HandleRtp(byte[] packet, in RtpHeader header, TimeSpan now)
    {
        if (Loses())
        {
            return;
        }

        var values = new RtpExtensionValues(packet, header, _remoteExtensions);
        if (values.TransportSequenceNumber is { } number)
        {
            _recorder.OnPacket(number, header.Ssrc, now);
        }

        if (!_receivedBySsrc.TryGetValue(header.Ssrc, out var track))
        {
            Strangers++;
            return;
        }

        if (!values.Mid.SequenceEqual(Encoding.ASCII.GetBytes(track.Mid)))
        {
            track.Faults.Add("a packet without its section's name");
        }

        track.Add(packet, header, now);
    }

    private void HandleRtcp(ReadOnlySpan<byte> compound, TimeSpan now)
    {
        var reader = new RtcpReader(compound);
        while (reader.TryRead(out var packet))
        {
            if (Nack.TryRead(packet, out var nack))
            {
                while (nack.TryReadNumber(out var number))
                {
                    foreach (var track in _tracks)
                    {
                        if (track.Repeat(nack.MediaSsrc, number, now))
                        {
                            break;
                        }
                    }
                }
            }
            else if (PictureLossIndication.TryRead(packet, out var loss))
            {
                var ssrc = loss.MediaSsrc;
                _ = _tracks.Exists(track => track.AskKeyframe(ssrc));
            }
            else if (SenderReport.TryRead(packet, out var report) && _receivedBySsrc.TryGetValue(report.Ssrc, out var received))
            {
                received.OnSenderReport(report.Ntp, now);
            }
        }
    }

    private void SendRequests(TimeSpan now)
    {
        if (!IsConnected)
        {
            return;
        }

        var buffer = new byte[1_180];
        var writer = new RtcpWriter(buffer);
        if (now >= _reportAt)
        {
            _reportAt = now + ReportInterval;
            foreach (var track in _tracks)
            {
                track.SendReport(now);
            }

            var blocks = _received.Values.Select(track => track.Report(now)).OfType<ReportBlock>().Take(24).ToArray();
            if (blocks.Length > 0)
            {
                ReceiverReport.TryWrite(ref writer, 1, blocks);
            }
        }

        foreach (var track in _received.Values)
        {
            track.WriteRequests(ref writer, now);
        }

        if (_recorder.NextDeadline <= now)
        {
            while (_recorder.TryReport(ref writer, 1, now))
            {
            }
        }

        if (writer.Length > 0)
        {
            SendRtcp(buffer.AsSpan(0, writer.Length), now);
        }
    }

    private void Drain()
    {
        while (_connection!.TryTakeDatagram(out _, out var datagram))
        {
            _outgoing.Enqueue(datagram.ToArray());
        }

        while (_connection.TryTakeEvent(out _))
        {
        }
    }

    private SessionDescription Begin()
    {
        var description = new SessionDescription { SessionId = 4_611_731_400_430_051_336, SessionVersion = ++_version };
        if (Flavor is BrowserFlavor.Firefox)
        {
            description.OriginUser = "mozilla...THIS_IS_SDPARTA-99.0";
            description.OriginAddress = "IN IP4 0.0.0.0";
            description.Attributes.Add("fingerprint", SharedIdentity.Fingerprint.ToString());
        }

        description.SetBundle(_sections.Where(section => !section.IsStopped).Select(section => section.Mid));
        if (Flavor is BrowserFlavor.Chromium)
        {
            description.Attributes.Add("extmap-allow-mixed");
        }

        return description;
    }

    private MediaDescription BeginSection(BrowserSection section, bool isOffer)
    {
        var isBundleOnly = isOffer && Flavor is BrowserFlavor.Firefox && !section.IsStopped && section != _sections[0];
        var media = new MediaDescription(section.IsAudio ? "audio" : "video", section.IsStopped || isBundleOnly ? 0 : 9);
        media.Lines.Add(new SdpLine('c', "IN IP4 0.0.0.0"));
        media.Attributes.Add("ice-ufrag", _credentials.Ufrag);
        media.Attributes.Add("ice-pwd", _credentials.Password);
        if (Flavor is BrowserFlavor.Chromium)
        {
            media.Attributes.Add("fingerprint", SharedIdentity.Fingerprint.ToString());
        }

        media.Attributes.Add("setup", isOffer ? "actpass" : "active");
        media.Attributes.Add("mid", section.Mid);
        if (isBundleOnly)
        {
            media.Attributes.Add("bundle-only");
        }

        return media;
    }

    /// <summary>A section that the browser itself began.</summary>
    private MediaDescription WriteOwn(BrowserSection section, bool isAnswer = false)
    {
        var media = BeginSection(section, !isAnswer);
        foreach (var (id, direction, uri) in Flavor.Extensions(section.IsAudio, section.Rids.Count > 0))
        {
            media.Attributes.Add("extmap", $"{id}{direction} {uri}");
        }

        media.Direction = isAnswer ? SdpDirection.Inactive : section.Direction;
        if (section.Track is not null)
        {
            var braces = Flavor is BrowserFlavor.Firefox;
            media.Attributes.Add("msid", braces ? $"{{stream}} {{track-{section.Track.Tag}}}" : $"stream track-{section.Track.Tag}");
        }

        media.Attributes.Add("rtcp-mux");
        AddCodecs(media, section);
        if (section.Rids.Count > 0)
        {
            foreach (var rid in section.Rids)
            {
                media.Attributes.Add("rid", $"{rid} send");
            }

            media.Attributes.Add("simulcast", "send " + string.Join(';', section.Rids));
        }

        if (section.Track is { } track && (section.Rids.Count == 0 || Flavor is BrowserFlavor.Firefox))
        {
            foreach (var ssrc in track.Ssrcs)
            {
                media.Attributes.Add("ssrc", $"{ssrc} cname:browser");
            }
        }

        return media;
    }

    private void AddCodecs(MediaDescription media, BrowserSection section)
    {
        if (section.IsAudio)
        {
            media.Add(new SdpCodec(Flavor.Opus(), "opus", 48_000, 2)
            {
                Parameters = Flavor is BrowserFlavor.Chromium
                    ? "minptime=10;useinbandfec=1" + (section.IsPublished ? ";maxaveragebitrate=32000" : string.Empty)
                    : "maxplaybackrate=48000;stereo=1;useinbandfec=1",
                Feedback = Flavor is BrowserFlavor.Chromium ? ["transport-cc"] : [],
            });
            if (!section.IsPublished)
            {
                media.Add(new SdpCodec(9, "G722", 8_000));
                media.Add(new SdpCodec(0, "PCMU", 8_000));
            }

            return;
        }

        media.Add(new SdpCodec(Flavor.Vp8(), "VP8", 90_000)
        {
            Parameters = Flavor is BrowserFlavor.Firefox ? "max-fs=12288;max-fr=60" : null,
            Feedback = ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"],
        });
        if (!section.IsPublished)
        {
            media.Add(new SdpCodec((byte)(Flavor.Vp8() + 1), "rtx", 90_000) { Parameters = $"apt={Flavor.Vp8()}" });
        }
    }

    /// <summary>A section that the server began: what the browser takes over from its last description.</summary>
    private MediaDescription WriteReceiving(BrowserSection section, MediaDescription remote, bool isOffer)
    {
        var media = BeginSection(section, isOffer);
        foreach (var extension in remote.Attributes.FindAll("extmap"))
        {
            media.Attributes.Add("extmap", extension);
        }

        media.Direction = section.IsStopped || !_received.ContainsKey(section.Mid) ? SdpDirection.Inactive : SdpDirection.ReceiveOnly;
        media.Attributes.Add("rtcp-mux");
        foreach (var codec in remote.Codecs)
        {
            media.Add(new SdpCodec(codec.PayloadType, codec.Name, codec.ClockRateHz, codec.Channels)
            {
                // The client makes sound stereo in its answers, under payload type 111 only, and asks for NACK.
                Parameters = codec is { PayloadType: 111, Parameters: { } parameters } && !isOffer ? parameters + ";stereo=1;sprop-stereo=1" : codec.Parameters,
                Feedback = section.IsAudio && !isOffer && !codec.Feedback.Contains("nack") ? [.. codec.Feedback, "nack"] : codec.Feedback,
            });
        }

        return media;
    }
}
