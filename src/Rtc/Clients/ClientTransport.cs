using System.Text;
using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Rtc.Srtp;

namespace Roomcast.Rtc.Clients;

/// <summary>A client's end of a transport to an ICE-lite server: what it sends or receives, with descriptions, media and reports.</summary>
/// <remarks>
/// <para>Sans-IO like the connection below it, and in the controlling role: the client finds the server and begins the handshake.
/// Its owner hands it one input at a time, and after each takes everything out by <see cref="TryTakeDatagram"/>,
/// <see cref="TryTakeFrame"/> and <see cref="TryTakeEvent"/>, and comes back at <see cref="NextDeadline"/>.</para>
/// <para>Each side offers in turn (<see cref="CreateOffer"/> and <see cref="TryApplyAnswer"/>; <see cref="TryApplyOffer"/>); the
/// owner has one negotiation under way at a time. One socket, UDP, no TURN: what the servers of this house need. The rate of what
/// is sent is its source's; there is no pacing. Not thread-safe.</para>
/// </remarks>
public sealed partial class ClientTransport : IDisposable
{
    /// <summary>Frames that wait to be taken; of more the oldest are dropped.</summary>
    public const int MaxWaitingFrames = 512;

    private const int MaxWaitingDatagrams = 8_192;
    private const int MaxReportBlocks = 24;
    private const uint OwnSsrc = 1;

    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RequestInterval = TimeSpan.FromMilliseconds(20);

    private readonly bool _isSending;
    private readonly DtlsIdentity _identity;
    private readonly NtpTime _clockOrigin;
    private readonly IceCredentials _credentials = IceCredentials.Create();
    private readonly List<ClientSection> _sections = [];
    private readonly Dictionary<uint, ReceivingTrack> _receivedBySsrc = [];
    private readonly RtpExtensionMap _remoteExtensions = new();
    private readonly FeedbackRecorder _recorder = new();
    private readonly Queue<byte[]> _media = new();
    private readonly Queue<ReceivedMediaFrame> _frames = new();
    private readonly Queue<RtcEvent> _events = new();
    private RtcConnection? _connection;
    private TimeSpan _reportAt;
    private TimeSpan _requestsAt;

    /// <summary>Makes a transport with nothing agreed.</summary>
    /// <param name="isSending">Whether it sends, or receives.</param>
    /// <param name="identity">The client's certificate; may be shared by all its transports.</param>
    /// <param name="clockOrigin">The wall clock at monotonic time zero, for sender reports.</param>
    public ClientTransport(bool isSending, DtlsIdentity identity, NtpTime clockOrigin)
    {
        ArgumentNullException.ThrowIfNull(identity);
        _isSending = isSending;
        _identity = identity;
        _clockOrigin = clockOrigin;
        AddPlaceholders();
    }

    /// <summary>Where it stands; connecting before the first answer.</summary>
    public RtcConnectionState State => _connection?.State ?? RtcConnectionState.Connecting;

    /// <summary>What it has met.</summary>
    public RtcCounters Counters => _connection?.Counters ?? default;

    /// <summary>Time that a check and its answer took; null before the first.</summary>
    public TimeSpan? RoundTripTime => _connection?.RoundTripTime;

    /// <summary>Frames that were dropped because nobody took them.</summary>
    public long DroppedFrames { get; private set; }

    /// <summary>Packets that belong to no section.</summary>
    public long Strangers { get; private set; }

    /// <summary>When to call <see cref="HandleDeadline"/>; null when nothing is timed.</summary>
    public TimeSpan? NextDeadline
    {
        get
        {
            if (_connection?.NextDeadline is not { } next)
            {
                return null;
            }

            if (State is RtcConnectionState.Connected)
            {
                next = _requestsAt < next ? _requestsAt : next;
                next = _recorder.NextDeadline is { } report && report < next ? report : next;
            }

            return next;
        }
    }

    /// <summary>Takes one datagram.</summary>
    /// <param name="datagram">What arrived; media is decrypted in place.</param>
    /// <param name="from">Where it came from.</param>
    /// <param name="now">Monotonic time.</param>
    public void Handle(Span<byte> datagram, RtcAddress from, TimeSpan now)
    {
        if (_connection is null)
        {
            return;
        }

        var received = _connection.Handle(datagram, from, now);
        if (received.Kind is RtcDatagramKind.Rtp)
        {
            var header = received.Header;
            var values = new RtpExtensionValues(received.Packet, header, _remoteExtensions);
            if (values.TransportSequenceNumber is { } number)
            {
                _recorder.OnPacket(number, header.Ssrc, now);
            }

            if (_receivedBySsrc.TryGetValue(header.Ssrc, out var track))
            {
                track.Add(received.Packet, header, values.VideoOrientation, now);
                TakeFrames(track, now);
                if (track.IsWaiting && now + RequestInterval < _requestsAt)
                {
                    _requestsAt = now + RequestInterval;
                }
            }
            else
            {
                Strangers++;
            }
        }
        else if (received.Kind is RtcDatagramKind.Rtcp)
        {
            HandleRtcp(received.Packet, now);
        }

        TakeEvents();
    }

    /// <summary>Does what is due: checks, the handshake, reports, requests.</summary>
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

        TakeEvents();
        if (State is RtcConnectionState.Connected && (now >= _requestsAt || _recorder.NextDeadline <= now))
        {
            foreach (var track in _receivedBySsrc.Values)
            {
                TakeFrames(track, now);
            }

            SendReports(now);
        }
    }

    /// <summary>Sends a frame; before the transport is connected it is dropped.</summary>
    /// <param name="track">One of this transport's.</param>
    /// <param name="frame">VP8 or Opus.</param>
    /// <param name="sampledAt">When it was sampled, in monotonic time.</param>
    /// <param name="audioLevel">How far below full it sounds, in decibels; null when not known.</param>
    /// <param name="rotationDegrees">By how much receivers are to turn a picture clockwise: 0, 90, 180 or 270.</param>
    /// <returns>Whether it was sent.</returns>
    public bool Send(SendingTrack track, ReadOnlySpan<byte> frame, TimeSpan sampledAt, byte? audioLevel = null, int rotationDegrees = 0)
    {
        ArgumentNullException.ThrowIfNull(track);
        if (State is not RtcConnectionState.Connected || track.PayloadType == 0)
        {
            return false;
        }

        track.Cut(frame, sampledAt, audioLevel, rotationDegrees, packet => Protect(packet, isRtcp: false));
        return true;
    }

    /// <summary>Has a keyframe asked for of the picture that arrives by a section, again and again until one comes.</summary>
    /// <param name="mid">The section; one without a picture is passed over.</param>
    /// <param name="now">Monotonic time.</param>
    /// <remarks>For those who begin to look in the middle: senders make keyframes for who asks, and may make none otherwise.</remarks>
    public void RequestKeyframe(string mid, TimeSpan now)
    {
        if (_sections.Find(section => section.Mid == mid)?.Receiving?.WantKeyframe() == true && now < _requestsAt)
        {
            _requestsAt = now;
        }
    }

    /// <summary>Takes a datagram that is to be sent.</summary>
    /// <param name="to">Where it goes.</param>
    /// <param name="datagram">Lent until the next call.</param>
    public bool TryTakeDatagram(out RtcAddress to, out ReadOnlySpan<byte> datagram)
    {
        to = default;
        datagram = default;
        if (_connection is null)
        {
            return false;
        }

        if (_connection.TryTakeDatagram(out to, out datagram))
        {
            return true;
        }

        if (_connection.Path is { } path && _media.TryDequeue(out var media))
        {
            to = path;
            datagram = media;
            return true;
        }

        return false;
    }

    /// <summary>Takes a frame that has arrived.</summary>
    public bool TryTakeFrame([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ReceivedMediaFrame? frame) => _frames.TryDequeue(out frame);

    /// <summary>Takes what happened to the connection.</summary>
    public bool TryTakeEvent(out RtcEvent happened) => _events.TryDequeue(out happened);

    /// <summary>Says goodbye. The goodbye is still to be taken and sent; before the first answer there is nobody to say it to.</summary>
    public void Close()
    {
        if (_connection is not null)
        {
            _connection.Close();
            TakeEvents();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _connection?.Dispose();
        foreach (var track in _receivedBySsrc.Values)
        {
            track.Clear();
        }

        _receivedBySsrc.Clear();
    }

    private void Protect(ReadOnlySpan<byte> packet, bool isRtcp)
    {
        if (_media.Count >= MaxWaitingDatagrams)
        {
            return; // Nobody sends; receivers will ask again.
        }

        var buffer = new byte[packet.Length + RtcConnection.MaxOverhead];
        packet.CopyTo(buffer);
        var length = packet.Length;
        var status = isRtcp ? _connection!.ProtectRtcp(buffer, ref length) : _connection!.ProtectRtp(buffer, ref length);
        if (status is SrtpStatus.Done)
        {
            _media.Enqueue(buffer[..length]);
        }
    }

    private void TakeFrames(ReceivingTrack track, TimeSpan now)
    {
        while (track.TryTake(now, out var frame))
        {
            _frames.Enqueue(frame!);
            if (_frames.Count > MaxWaitingFrames)
            {
                _frames.Dequeue();
                DroppedFrames++;
            }
        }
    }

    private void TakeEvents()
    {
        while (_connection!.TryTakeEvent(out var happened))
        {
            _events.Enqueue(happened);
        }
    }

    private void HandleRtcp(ReadOnlySpan<byte> compound, TimeSpan now)
    {
        var reader = new RtcpReader(compound);
        while (reader.TryRead(out var packet))
        {
            if (Nack.TryRead(packet, out var nack))
            {
                var missed = FindSending(nack.MediaSsrc);
                while (nack.TryReadNumber(out var number))
                {
                    if (missed?.FindSent(number) is { } sent)
                    {
                        Protect(sent, isRtcp: false);
                    }
                }
            }
            else if (PictureLossIndication.TryRead(packet, out var loss))
            {
                FindSending(loss.MediaSsrc)?.AskKeyframe();
            }
            else if (FullIntraRequest.TryRead(packet, out var request))
            {
                for (var i = 0; i < request.Count; i++)
                {
                    FindSending(request[i].Ssrc)?.AskKeyframe();
                }
            }
            else if (SenderReport.TryRead(packet, out var report) && _receivedBySsrc.TryGetValue(report.Ssrc, out var track))
            {
                track.OnSenderReport(report.Ntp, now);
            }
        }
    }

    private SendingTrack? FindSending(uint ssrc)
    {
        foreach (var section in _sections)
        {
            foreach (var encoding in section.Encodings)
            {
                if (encoding.Ssrc == ssrc)
                {
                    return encoding;
                }
            }
        }

        return null;
    }

    private void SendReports(TimeSpan now)
    {
        Span<byte> buffer = stackalloc byte[1_180];
        var writer = new RtcpWriter(buffer);
        if (now >= _reportAt)
        {
            _reportAt = now + ReportInterval;
            foreach (var section in _sections)
            {
                foreach (var encoding in section.Encodings)
                {
                    encoding.WriteReport(ref writer, _clockOrigin.Add(now), now);
                }
            }

            var blocks = _receivedBySsrc.Values.Select(track => track.Report(now)).OfType<ReportBlock>().Take(MaxReportBlocks).ToArray();
            if (blocks.Length > 0)
            {
                ReceiverReport.TryWrite(ref writer, OwnSsrc, blocks);
            }
        }

        var isWaiting = false;
        foreach (var track in _receivedBySsrc.Values)
        {
            track.WriteRequests(ref writer, OwnSsrc, now);
            isWaiting |= track.IsWaiting;
        }

        while (_recorder.TryReport(ref writer, OwnSsrc, now))
        {
        }

        if (writer.Length > 0)
        {
            Protect(buffer[..writer.Length], isRtcp: true);
        }

        _requestsAt = isWaiting && now + RequestInterval < _reportAt ? now + RequestInterval : _reportAt;
    }
}
