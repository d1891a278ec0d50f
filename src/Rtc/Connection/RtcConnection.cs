using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Srtp;

namespace Roomcast.Rtc.Connection;

/// <summary>One transport to a peer: ICE finds the path, DTLS the keys, SRTP protects what flows.</summary>
/// <remarks>
/// <para>Sans-IO. Its owner hands it one input at a time (<see cref="Handle"/>, <see cref="HandleDeadline"/>,
/// <see cref="Close"/>) and after each takes everything out: <see cref="TryTakeDatagram"/> until false, then
/// <see cref="TryTakeEvent"/> until false; and comes back at <see cref="NextDeadline"/>.</para>
/// <para>Media does not pass through queues here. What arrives is decrypted in the datagram's own memory and lent back by
/// <see cref="Handle"/>; what leaves is encrypted in the owner's memory by <see cref="ProtectRtp"/> and sent by the owner
/// to <see cref="Path"/>. Nothing is allocated per packet. Not thread-safe.</para>
/// </remarks>
public sealed class RtcConnection : IDisposable
{
    private readonly DatagramQueue _outgoing = new();
    private readonly Queue<RtcEvent> _events = new(4);
    private readonly IceAgent _ice;
    private readonly DtlsConnection _dtls;
    private readonly DtlsRole _dtlsRole;
    private readonly TimeSpan _connectDeadline;
    private SrtpSender? _sender;
    private SrtpReceiver? _receiver;
    private bool _hasStartedDtls;

    private long _rtpReceived;
    private long _rtcpReceived;
    private long _protected;
    private long _malformed;
    private long _fromUnknown;
    private long _beforeKeys;
    private long _forged;
    private long _replayed;
    private long _refused;

    /// <summary>Makes a connection that waits for its peer, or will look for it.</summary>
    /// <param name="options">What the descriptions have agreed.</param>
    /// <param name="now">Monotonic time.</param>
    public RtcConnection(RtcConnectionOptions options, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(options);
        _ice = options.IsControlling
            ? new IceControllingAgent(
                options.LocalCredentials, options.RemoteCredentials, _outgoing, options.Nomination, options.ConsentTimeout, now)
            : new IceLiteAgent(options.LocalCredentials, options.RemoteCredentials, _outgoing, options.ConsentTimeout, now);
        _dtlsRole = options.DtlsRole;
        _dtls = new DtlsConnection(
            options.Identity, options.DtlsRole, options.RemoteFingerprint, _outgoing, options.FirstHandshakeRetransmission);
        _connectDeadline = now + options.ConsentTimeout;
        NextDeadline = _ice.NextDeadline;
    }

    /// <summary>Where it stands.</summary>
    public RtcConnectionState State { get; private set; }

    /// <summary>Why it is over.</summary>
    public RtcCloseReason CloseReason { get; private set; }

    /// <summary>Where media goes; null before there is a path and when it is over.</summary>
    public RtcAddress? Path { get; private set; }

    /// <summary>When to call <see cref="HandleDeadline"/>; null when it is over.</summary>
    public TimeSpan? NextDeadline { get; private set; }

    /// <summary>What was agreed for media; null before there are keys.</summary>
    public SrtpProfile? Profile { get; private set; }

    /// <summary>Bytes by which <see cref="ProtectRtp"/> and <see cref="ProtectRtcp"/> make a packet longer, at most.</summary>
    public const int MaxOverhead = 20;

    /// <summary>Time that a check and its answer took; for clients, and null before the first.</summary>
    public TimeSpan? RoundTripTime => (_ice as IceControllingAgent)?.RoundTripTime;

    /// <summary>What it has met.</summary>
    public RtcCounters Counters
    {
        get
        {
            var ice = _ice.Counters;
            return new RtcCounters
            {
                RtpReceived = _rtpReceived,
                RtcpReceived = _rtcpReceived,
                Protected = _protected,
                Malformed = _malformed + ice.Malformed + _dtls.Malformed,
                FromUnknownAddress = _fromUnknown,
                BeforeKeys = _beforeKeys,
                Forged = _forged,
                Replayed = _replayed,
                Refused = _refused,
                UnauthenticatedChecks = ice.Unauthenticated,
                RoleConflicts = ice.RoleConflicts,
                ChecksAnswered = ice.Answered,
            };
        }
    }

    /// <summary>The handshake, whose timer OpenSSL ties to the machine's clock; for tests that run in virtual time.</summary>
    internal DtlsConnection Dtls => _dtls;

    /// <summary>Adds a candidate of the peer, in the client's role. Candidates with host names are the owner's to resolve.</summary>
    /// <param name="address">Where a check may go.</param>
    /// <param name="priority">From the candidate's line.</param>
    /// <param name="now">Monotonic time.</param>
    /// <returns>False in the server's role, when there are too many, or it is known already.</returns>
    public bool AddRemoteCandidate(RtcAddress address, uint priority, TimeSpan now)
    {
        var added = _ice is IceControllingAgent agent && agent.AddRemote(address, priority, now);
        Settle(now);
        return added;
    }

    /// <summary>Takes one datagram.</summary>
    /// <param name="datagram">What arrived; media is decrypted in place.</param>
    /// <param name="from">Where it came from.</param>
    /// <param name="now">Monotonic time.</param>
    /// <returns>The packet in it, if it was media and right.</returns>
    public RtcReceived Handle(Span<byte> datagram, RtcAddress from, TimeSpan now)
    {
        if (State is RtcConnectionState.Closed)
        {
            return default;
        }

        switch (RtcDatagram.KindOf(datagram))
        {
            case RtcDatagramKind.Rtp:
                return HandleRtp(datagram, from);

            case RtcDatagramKind.Rtcp:
                return HandleRtcp(datagram, from);

            case RtcDatagramKind.Stun:
                _ice.Handle(datagram, from, now);
                Settle(now);
                return default;

            case RtcDatagramKind.Dtls:
                if (_ice.IsKnown(from))
                {
                    _dtls.Handle(datagram, _ice.Path ?? from, now);
                    Settle(now);
                }
                else
                {
                    _fromUnknown++;
                }

                return default;

            default:
                _malformed++;
                return default;
        }
    }

    /// <summary>Does what is due.</summary>
    /// <param name="now">Monotonic time.</param>
    public void HandleDeadline(TimeSpan now)
    {
        if (State is RtcConnectionState.Closed)
        {
            return;
        }

        _ice.HandleDeadline(now);
        if (_ice.Path is { } path)
        {
            _dtls.HandleDeadline(path, now);
        }

        if (State is RtcConnectionState.Connecting && now >= _connectDeadline)
        {
            End(RtcCloseReason.ConnectTimedOut, DtlsFailure.None);
            return;
        }

        Settle(now);
    }

    /// <summary>Protects an RTP packet in place. It is then to be sent to <see cref="Path"/>.</summary>
    /// <param name="buffer">The packet, with <see cref="MaxOverhead"/> bytes of room behind it.</param>
    /// <param name="length">Bytes of the packet; afterwards of what is to be sent.</param>
    /// <returns><see cref="SrtpStatus.NotPossible"/> before there are keys.</returns>
    /// <remarks>A sequence number may be used again only for exactly the same bytes; see docs/protocols/webrtc.md.</remarks>
    public SrtpStatus ProtectRtp(Span<byte> buffer, ref int length)
    {
        if (_sender is null)
        {
            return SrtpStatus.NotPossible;
        }

        _protected++;
        return _sender.ProtectRtp(buffer, ref length);
    }

    /// <summary>Protects an RTCP compound in place. It is then to be sent to <see cref="Path"/>.</summary>
    /// <param name="buffer">The compound, with <see cref="MaxOverhead"/> bytes of room behind it.</param>
    /// <param name="length">Bytes of the compound; afterwards of what is to be sent.</param>
    /// <returns><see cref="SrtpStatus.NotPossible"/> before there are keys.</returns>
    public SrtpStatus ProtectRtcp(Span<byte> buffer, ref int length)
    {
        if (_sender is null)
        {
            return SrtpStatus.NotPossible;
        }

        _protected++;
        return _sender.ProtectRtcp(buffer, ref length);
    }

    /// <summary>Takes the oldest datagram that ICE or DTLS wants sent.</summary>
    /// <param name="to">Where it goes.</param>
    /// <param name="datagram">Lent until the next call on the connection.</param>
    public bool TryTakeDatagram(out RtcAddress to, out ReadOnlySpan<byte> datagram) => _outgoing.TryTake(out to, out datagram);

    /// <summary>Takes the oldest event.</summary>
    public bool TryTakeEvent(out RtcEvent happened) => _events.TryDequeue(out happened);

    /// <summary>Says goodbye and ends the connection. The goodbye is still to be taken and sent.</summary>
    public void Close()
    {
        if (State is not RtcConnectionState.Closed)
        {
            End(RtcCloseReason.ClosedByUs, DtlsFailure.None);
        }
    }

    /// <summary>Ends the connection without a word and frees what is native.</summary>
    public void Dispose()
    {
        State = RtcConnectionState.Closed;
        NextDeadline = null;
        _dtls.Dispose();
        _sender?.Dispose();
        _receiver?.Dispose();
        _sender = null;
        _receiver = null;
    }

    private RtcReceived HandleRtp(Span<byte> datagram, RtcAddress from)
    {
        if (!MayDecrypt(from))
        {
            return default;
        }

        var status = _receiver!.UnprotectRtp(datagram, out var length);
        if (status is not SrtpStatus.Done)
        {
            Count(status);
            return default;
        }

        var packet = datagram[..length];
        if (!RtpHeader.TryRead(packet, out var header))
        {
            _malformed++;
            return default;
        }

        _rtpReceived++;
        return new RtcReceived(packet, header);
    }

    private RtcReceived HandleRtcp(Span<byte> datagram, RtcAddress from)
    {
        if (!MayDecrypt(from))
        {
            return default;
        }

        var status = _receiver!.UnprotectRtcp(datagram, out var length);
        if (status is not SrtpStatus.Done)
        {
            Count(status);
            return default;
        }

        _rtcpReceived++;
        return new RtcReceived(datagram[..length]);
    }

    private bool MayDecrypt(RtcAddress from)
    {
        // The path in use is the usual case and needs no search.
        if (Path != from && !_ice.IsKnown(from))
        {
            _fromUnknown++;
            return false;
        }

        if (_receiver is null)
        {
            _beforeKeys++;
            return false;
        }

        return true;
    }

    private void Count(SrtpStatus status)
    {
        switch (status)
        {
            case SrtpStatus.Malformed:
                _malformed++;
                break;
            case SrtpStatus.Forged:
                _forged++;
                break;
            case SrtpStatus.Replayed or SrtpStatus.TooOld:
                _replayed++;
                break;
            default:
                _refused++;
                break;
        }
    }

    /// <summary>Draws the conclusions after an input: a path, keys, the end, and when to come back.</summary>
    private void Settle(TimeSpan now)
    {
        if (State is RtcConnectionState.Closed)
        {
            return;
        }

        if (_ice.State is IceState.Failed or IceState.Expired)
        {
            End(
                _ice.State is IceState.Failed ? RtcCloseReason.ConnectTimedOut : RtcCloseReason.ConsentExpired, DtlsFailure.None);
            return;
        }

        if (_ice.Path != Path)
        {
            Path = _ice.Path;
            _events.Enqueue(new RtcEvent(RtcEventKind.PathChanged, Path));
        }

        if (_dtlsRole is DtlsRole.Client && !_hasStartedDtls && _ice.State is IceState.Connected)
        {
            _hasStartedDtls = true;
            _dtls.Start(Path!.Value, now);
        }

        if (_dtls.State is DtlsState.Connected && _sender is null)
        {
            UseKeys();
        }

        if (_dtls.State is DtlsState.Failed)
        {
            End(RtcCloseReason.HandshakeFailed, _dtls.Failure);
            return;
        }

        if (_dtls.State is DtlsState.Closed)
        {
            End(RtcCloseReason.ClosedByPeer, DtlsFailure.None);
            return;
        }

        var deadline = State is RtcConnectionState.Connecting ? _connectDeadline : TimeSpan.MaxValue;
        deadline = _ice.NextDeadline is { } ice && ice < deadline ? ice : deadline;
        deadline = _dtls.NextDeadline is { } dtls && Path is not null && dtls < deadline ? dtls : deadline;
        NextDeadline = deadline;
    }

    private void UseKeys()
    {
        using var keys = _dtls.TakeKeys()!;
        var isClient = _dtlsRole is DtlsRole.Client;
        _sender = new SrtpSender(
            keys.Profile, isClient ? keys.ClientKey : keys.ServerKey, isClient ? keys.ClientSalt : keys.ServerSalt);
        _receiver = new SrtpReceiver(
            keys.Profile, isClient ? keys.ServerKey : keys.ClientKey, isClient ? keys.ServerSalt : keys.ClientSalt);
        Profile = keys.Profile;
        State = RtcConnectionState.Connected;
        _events.Enqueue(new RtcEvent(RtcEventKind.Connected, Path));
    }

    private void End(RtcCloseReason reason, DtlsFailure failure)
    {
        _dtls.Close(_ice.Path ?? Path);
        State = RtcConnectionState.Closed;
        CloseReason = reason;
        Path = null;
        NextDeadline = null;
        _events.Enqueue(new RtcEvent(RtcEventKind.Closed, null, reason, failure));
    }
}
