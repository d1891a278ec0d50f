using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Roomcast.Rtc;
using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Rtc.Sdp;

namespace Roomcast.Bench.Sfu;

/// <summary>One transport of a peer, with a socket of its own: sends VP8, or takes it in and reports on it. Belongs to the crowd's thread.</summary>
/// <remarks>
/// A receiver does what a browser's network side does, but for decrypting: that only of every <see cref="VerifyEvery"/>th packet, so that
/// the peers leave the machine to the server. It asks again for every <see cref="MissEvery"/>th packet, as if one in a hundred were lost.
/// </remarks>
internal sealed class Bot : IDisposable
{
    private const int VerifyEvery = 64;
    private const int MissEvery = 100;
    private const int DatagramsAtOnce = 64;
    private const int LevelUdp = 17;
    private const int UdpGro = 104;
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);
    private static readonly DtlsIdentity s_identity = DtlsIdentity.Create(TimeProvider.System.GetUtcNow());

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false, ReceiveBufferSize = 2 << 20 };
    // One for all: bots are turned by one thread.
    private static readonly byte[] s_buffer = new byte[64 << 10];

    private readonly byte[] _buffer = new byte[2048];
    private readonly bool _isSending;
    private readonly uint _ssrc;
    private readonly RtpExtensionMap _extensions = new();
    private readonly FeedbackRecorder _recorder = new();
    private RtcConnection? _connection;
    private RtcAddress _server;
    private ReceiveStatistics? _statistics;
    private TimeSpan _reportAt;
    private TimeSpan _frameAt;
    private TimeSpan _frameInterval;
    private int _packetsPerFrame;
    private ushort _number;
    private ushort _transportNumber;
    private ushort _pictureId;
    private uint _timestamp;
    private uint _packetsSent;
    private bool _wantsKeyframe = true;
    private int _packetLength;

    /// <summary>Makes one.</summary>
    /// <param name="isSending">Whether it sends, or receives.</param>
    /// <param name="isEstimated">Whether it reports on each packet.</param>
    /// <param name="takesRuns">Whether the system hands it runs of packets in one piece (UDP GRO), as a network card does.</param>
    /// <param name="ssrc">Its source.</param>
    public Bot(bool isSending, bool isEstimated, bool takesRuns, uint ssrc)
    {
        if (takesRuns)
        {
            _socket.SetRawSocketOption(LevelUdp, UdpGro, BitConverter.GetBytes(1));
        }

        _isSending = isSending;
        _ssrc = ssrc;
        Offer = BotDescriptions.Offer(Credentials, s_identity.Fingerprint, isSending, isEstimated, ssrc);
        _extensions.TryAdd(BotDescriptions.TransportNumberId, RtpExtensionKind.TransportSequenceNumber);
    }

    public IceCredentials Credentials { get; } = IceCredentials.Create();

    public string Offer { get; }

    public long PacketsReceived { get; private set; }

    /// <summary>Media packets of the right kind that were decrypted.</summary>
    public long Verified { get; private set; }

    public RtcCounters Counters => _connection?.Counters ?? default;

    /// <summary>Completed when there are keys.</summary>
    public TaskCompletionSource Connected { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completed when the first media was decrypted.</summary>
    public TaskCompletionSource FirstMedia { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Answers the server's offer.</summary>
    public string Answer(string offer) => BotDescriptions.Answer(Parse(offer), Credentials, s_identity.Fingerprint);

    /// <summary>Begins to connect.</summary>
    public void Connect(string answer, TimeSpan now)
    {
        var description = Parse(answer);
        var media = description.Media[0];
        media.TryGetCredentials(description, out var credentials);
        media.TryGetFingerprint(description, out var fingerprint);
        var candidate = media.Candidates.First(static candidate => candidate.Protocol is RtcProtocol.Udp);
        candidate.TryGetAddress(out _server);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _socket.Connect(_server.ToEndPoint());
        _connection = new RtcConnection(
            new RtcConnectionOptions
            {
                LocalCredentials = Credentials,
                RemoteCredentials = credentials,
                IsControlling = true,
                Identity = s_identity,
                DtlsRole = DtlsRole.Client,
                RemoteFingerprint = fingerprint!,
            },
            now);
        _connection.AddRemoteCandidate(_server, candidate.Priority, now);
        SendDatagrams();
    }

    /// <summary>Begins to send frames.</summary>
    public void Send(TimeSpan interval, int packetsPerFrame, TimeSpan firstAt)
    {
        _frameInterval = interval;
        _packetsPerFrame = packetsPerFrame;
        _frameAt = firstAt;
    }

    /// <summary>Does what there is to do.</summary>
    public void Turn(TimeSpan now)
    {
        if (_connection is not { } connection)
        {
            return;
        }

        for (var i = 0; i < DatagramsAtOnce; i++)
        {
            var length = _socket.Receive(s_buffer, SocketFlags.None, out var error);
            if (error is not SocketError.Success)
            {
                break;
            }

            var run = s_buffer.AsSpan(0, length);
            for (var each = LengthInRun(run); run.Length > 0; run = run[Math.Min(each, run.Length)..])
            {
                Handle(connection, run[..Math.Min(each, run.Length)], now);
            }
        }

        if (connection.NextDeadline <= now)
        {
            connection.HandleDeadline(now);
            SendDatagrams();
        }

        if (connection.State is not RtcConnectionState.Connected)
        {
            return;
        }

        Connected.TrySetResult();
        if (_packetsPerFrame > 0 && now >= _frameAt)
        {
            _frameAt += _frameInterval;
            _frameAt = _frameAt > now ? _frameAt : now + _frameInterval; // A crowd that is late does not catch up in a burst.
            SendFrame(connection);
        }

        SendReports(connection, now);
    }

    public void Dispose()
    {
        _connection?.Dispose();
        _socket.Dispose();
    }

    private static SessionDescription Parse(string sdp) =>
        SessionDescription.TryParse(sdp, out var description, out var error)
            ? description
            : throw new InvalidOperationException($"The server's description cannot be read: {error}.");

    /// <summary>The length of the packets of a run; the framework does not tell what the system says of it.</summary>
    private int LengthInRun(ReadOnlySpan<byte> run)
    {
        const int least = 1_100;
        const int most = 1_300;
        if (run.Length <= least)
        {
            return run.Length;
        }

        for (var length = _packetLength; length < Math.Min(most, run.Length - 12); length++)
        {
            if (length >= least && run[length] == run[0] && run.Slice(length + 8, 4).SequenceEqual(run.Slice(8, 4)))
            {
                _packetLength = length;
                return length;
            }
        }

        // One packet, and perhaps a report behind it.
        return _packetLength > 0 ? Math.Min(_packetLength, run.Length) : run.Length;
    }

    private void Handle(RtcConnection connection, Span<byte> datagram, TimeSpan now)
    {
        var kind = RtcDatagram.KindOf(datagram);
        if (kind is RtcDatagramKind.Rtp)
        {
            PacketsReceived++;
            if (RtpHeader.TryRead(datagram, out var header))
            {
                NotePacket(connection, datagram, header, now);
            }

            if (PacketsReceived % VerifyEvery != 1)
            {
                return;
            }
        }

        var received = connection.Handle(datagram, _server, now);
        switch (received.Kind)
        {
            case RtcDatagramKind.Rtp:
                Verified++;
                FirstMedia.TrySetResult();
                break;

            case RtcDatagramKind.Rtcp when _isSending:
                TakeRequests(connection, received.Packet);
                break;
        }

        if (kind is RtcDatagramKind.Stun or RtcDatagramKind.Dtls)
        {
            SendDatagrams();
        }
    }

    private void NotePacket(RtcConnection connection, ReadOnlySpan<byte> packet, in RtpHeader header, TimeSpan now)
    {
        var values = new RtpExtensionValues(packet, header, _extensions);
        if (values.TransportSequenceNumber is { } number)
        {
            _recorder.OnPacket(number, header.Ssrc, now);
        }

        _statistics ??= new ReceiveStatistics(header.Ssrc, 90_000);
        _statistics.OnPacket(header.SequenceNumber, header.Timestamp, header.PayloadLength, now);
        if (header.SequenceNumber % MissEvery == 0 && connection.State is RtcConnectionState.Connected)
        {
            // What it asks for left a while ago, so that the server does not take it for impatience.
            Span<byte> compound = stackalloc byte[64];
            var writer = new RtcpWriter(compound[..^RtcConnection.MaxOverhead]);
            Nack.Write(ref writer, _ssrc, header.Ssrc, [unchecked((ushort)(header.SequenceNumber - 60))]);
            SendRtcp(connection, compound, writer.Length);
        }
    }

    private void TakeRequests(RtcConnection connection, ReadOnlySpan<byte> compound)
    {
        var reader = new RtcpReader(compound);
        while (reader.TryRead(out var packet))
        {
            _wantsKeyframe |= PictureLossIndication.TryRead(packet, out _);
        }
    }

    private void SendReports(RtcConnection connection, TimeSpan now)
    {
        var isReportDue = now >= _reportAt;
        if (!isReportDue && !(_recorder.NextDeadline <= now))
        {
            return;
        }

        Span<byte> compound = stackalloc byte[1200];
        var writer = new RtcpWriter(compound[..1000]);
        if (isReportDue)
        {
            _reportAt = now + ReportInterval;
            if (_isSending && _packetsSent > 0)
            {
                var ntp = new NtpTime((ulong)((Int128)now.Ticks * (1L << 32) / TimeSpan.TicksPerSecond) + (3_900_000_000ul << 32));
                SenderReport.TryWrite(ref writer, _ssrc, ntp, _timestamp, _packetsSent, 0, []);
            }
            else if (_statistics is { } statistics)
            {
                ReceiverReport.TryWrite(ref writer, _ssrc, [statistics.Report(now)]);
            }
        }

        while (_recorder.TryReport(ref writer, _ssrc, now))
        {
        }

        if (writer.Length > 0)
        {
            SendRtcp(connection, compound, writer.Length);
        }
    }

    private void SendFrame(RtcConnection connection)
    {
        const int payload = 1_100;
        Span<byte> transportNumber = stackalloc byte[2];
        var isKeyframe = _wantsKeyframe;
        _wantsKeyframe = false;
        for (var i = 0; i < _packetsPerFrame; i++)
        {
            var writer = new RtpHeaderWriter(_buffer, BotDescriptions.PayloadType, i == _packetsPerFrame - 1, _number++, _timestamp, _ssrc);
            writer.AddExtension(BotDescriptions.MidId, "0"u8);
            BinaryPrimitives.WriteUInt16BigEndian(transportNumber, _transportNumber++);
            writer.AddExtension(BotDescriptions.TransportNumberId, transportNumber);
            var at = writer.Finish();

            // RFC 7741: X, I and L; then the bit that tells a keyframe.
            ReadOnlySpan<byte> descriptor =
            [
                (byte)(i == 0 ? 0x90 : 0x80), 0xC0, (byte)(0x80 | (_pictureId >> 8)), (byte)_pictureId, 0, (byte)(isKeyframe && i == 0 ? 0 : 1),
            ];
            descriptor.CopyTo(_buffer.AsSpan(at));
            var length = at + payload;
            connection.ProtectRtp(_buffer, ref length);
            _socket.Send(_buffer.AsSpan(0, length), SocketFlags.None, out _);
            _packetsSent++;
        }

        _timestamp += (uint)(_frameInterval.TotalSeconds * 90_000);
        _pictureId = (ushort)((_pictureId + 1) & 0x7FFF);
    }

    private void SendRtcp(RtcConnection connection, Span<byte> compound, int length)
    {
        connection.ProtectRtcp(compound, ref length);
        _socket.Send(compound[..length], SocketFlags.None, out _);
    }

    private void SendDatagrams()
    {
        while (_connection!.TryTakeDatagram(out _, out var datagram))
        {
            _socket.Send(datagram, SocketFlags.None, out _);
        }

        while (_connection.TryTakeEvent(out _))
        {
        }
    }
}
