using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.OpenSsl;
using Roomcast.Rtc.Srtp;

namespace Roomcast.Rtc.Dtls;

/// <summary>Which side opens the handshake.</summary>
public enum DtlsRole
{
    /// <summary>Sends the first flight: <c>a=setup:active</c>.</summary>
    Client,

    /// <summary>Waits for it: <c>a=setup:passive</c>.</summary>
    Server,
}

/// <summary>Where a DTLS connection stands.</summary>
internal enum DtlsState
{
    /// <summary>No keys yet.</summary>
    Handshaking,

    /// <summary>The peer is who the description says, and there are keys.</summary>
    Connected,

    /// <summary>It came to nothing; see <see cref="DtlsConnection.Failure"/>. Final.</summary>
    Failed,

    /// <summary>One side has said goodbye. Final.</summary>
    Closed,
}

/// <summary>Why a DTLS connection failed.</summary>
public enum DtlsFailure
{
    /// <summary>It did not.</summary>
    None,

    /// <summary>The two sides do not agree, one sent an alert, or a message was forged.</summary>
    Handshake,

    /// <summary>The peer stayed silent through all retransmissions.</summary>
    TimedOut,

    /// <summary>The certificate is not the one whose fingerprint the description carries.</summary>
    WrongFingerprint,

    /// <summary>No SRTP profile in common.</summary>
    NoSrtpProfile,
}

/// <summary>DTLS 1.2 with use_srtp over datagrams: one handshake, its keys, and the goodbye.</summary>
/// <remarks>
/// <para>Sources: RFC 6347, RFC 5764, RFC 8827 section 6.5. OpenSSL does the protocol over two memory BIOs; datagrams
/// go in one at a time and come out cut at record borders and packed up to the MTU.</para>
/// <para>Time: the owner calls <see cref="HandleDeadline"/> at <see cref="NextDeadline"/>. OpenSSL keeps its own timer by
/// the machine's clock and cannot be handed another, so a retransmission happens when both have come; see
/// docs/protocols/webrtc.md. Application data is read and dropped: there are no data channels. Not thread-safe.</para>
/// </remarks>
internal sealed unsafe class DtlsConnection : IDisposable
{
    /// <summary>Bytes of payload in a datagram of ours: fits every path, tunnels included.</summary>
    public const int Mtu = 1200;

    /// <summary>The first wait before a flight is sent again; each further one is twice as long.</summary>
    public static readonly TimeSpan DefaultFirstRetransmission = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest wait. OpenSSL gives up after twelve.</summary>
    public static readonly TimeSpan MaxRetransmission = TimeSpan.FromSeconds(4);

    private const int MaxDatagramLength = 4096;

    private readonly SslHandle _ssl;
    private readonly nint _readBio;
    private readonly nint _writeBio;
    private readonly DtlsFingerprint _expected;
    private readonly DatagramQueue _outgoing;
    private uint _timerStarts;
    private SrtpKeyingMaterial? _keys;

    /// <summary>Makes a connection that has not sent anything yet.</summary>
    /// <param name="identity">What we show.</param>
    /// <param name="role">Which side begins.</param>
    /// <param name="expected">The peer's fingerprint from its description.</param>
    /// <param name="outgoing">Where our datagrams go.</param>
    /// <param name="firstRetransmission">See <see cref="DefaultFirstRetransmission"/>.</param>
    public DtlsConnection(
        DtlsIdentity identity, DtlsRole role, DtlsFingerprint expected, DatagramQueue outgoing, TimeSpan firstRetransmission)
    {
        _expected = expected;
        _outgoing = outgoing;
        _ssl = new SslHandle(LibSsl.SSL_new(identity.Context));
        _readBio = LibCrypto.BIO_new(LibCrypto.BIO_s_mem());
        _writeBio = LibCrypto.BIO_new(LibCrypto.BIO_s_mem());
        if (_ssl.IsInvalid || _readBio == 0 || _writeBio == 0)
        {
            throw new InvalidOperationException("OpenSSL could not make a connection: " + LibCrypto.TakeError());
        }

        // An empty BIO means "nothing yet", not the end.
        LibCrypto.BIO_ctrl(_readBio, LibCrypto.BioSetEofReturn, -1, 0);
        LibCrypto.BIO_ctrl(_writeBio, LibCrypto.BioSetEofReturn, -1, 0);
        LibSsl.SSL_set_bio(_ssl, _readBio, _writeBio);
        LibSsl.SSL_ctrl(_ssl, LibSsl.ControlSetMtu, Mtu, 0);
        _ssl.Timer->FirstUs = (uint)firstRetransmission.TotalMicroseconds;
        _ssl.Timer->MaxUs = (uint)MaxRetransmission.TotalMicroseconds;
        LibSsl.SSL_set_ex_data(_ssl, 0, (nint)_ssl.Timer);
        LibSsl.DTLS_set_timer_cb(_ssl, &NextWait);
        if (role is DtlsRole.Client)
        {
            LibSsl.SSL_set_connect_state(_ssl);
        }
        else
        {
            LibSsl.SSL_set_accept_state(_ssl);
        }
    }

    /// <summary>Where it stands.</summary>
    public DtlsState State { get; private set; }

    /// <summary>Why it failed.</summary>
    public DtlsFailure Failure { get; private set; }

    /// <summary>When to call <see cref="HandleDeadline"/>; null when nothing is timed.</summary>
    public TimeSpan? NextDeadline { get; private set; }

    /// <summary>Datagrams that are no DTLS.</summary>
    public long Malformed { get; private set; }

    /// <summary>How long until OpenSSL's own clock agrees to send again; null when it waits for nothing.</summary>
    internal TimeSpan? OpenSslTimeLeft
    {
        get
        {
            // struct timeval: seconds and microseconds.
            var left = stackalloc nint[2];
            return LibSsl.SSL_ctrl(_ssl, LibSsl.ControlGetTimeout, 0, (nint)left) == 1
                ? TimeSpan.FromSeconds((long)left[0]) + TimeSpan.FromMicroseconds((long)left[1])
                : null;
        }
    }

    /// <summary>Sends the first flight, in the client's role.</summary>
    public void Start(RtcAddress to, TimeSpan now)
    {
        Advance();
        Drain(to);
        Arm(now, isLate: false);
    }

    /// <summary>Takes one datagram that is DTLS by its first byte.</summary>
    /// <param name="datagram">What arrived.</param>
    /// <param name="to">Where answers go.</param>
    /// <param name="now">Monotonic time.</param>
    public void Handle(ReadOnlySpan<byte> datagram, RtcAddress to, TimeSpan now)
    {
        if (State is DtlsState.Failed or DtlsState.Closed)
        {
            return;
        }

        if (datagram.Length > MaxDatagramLength || !DtlsRecord.TryRead(datagram, out _))
        {
            Malformed++;
            return;
        }

        // One record at a time: OpenSSL stops reading at a message that it has seen before, and what stands behind that in the
        // same datagram would wait for another one. A flight that is sent again shortly before the next is packed with it so.
        while (State is not (DtlsState.Failed or DtlsState.Closed) && DtlsRecord.TryRead(datagram, out var record))
        {
            // A memory BIO does not keep datagrams apart, so whatever of the last record was left unread goes first.
            LibCrypto.BIO_ctrl(_readBio, LibCrypto.BioReset, 0, 0);
            fixed (byte* bytes = datagram)
            {
                _ = LibCrypto.BIO_write(_readBio, bytes, record.Length);
            }

            Advance();
            datagram = datagram[record.Length..];
        }

        Drain(to);
        Arm(now, isLate: false);
    }

    /// <summary>Sends the last flight again when it is time.</summary>
    public void HandleDeadline(RtcAddress to, TimeSpan now)
    {
        if (NextDeadline is not { } deadline || now < deadline)
        {
            return;
        }

        LibCrypto.ERR_clear_error();
        var result = LibSsl.SSL_ctrl(_ssl, LibSsl.ControlHandleTimeout, 0, 0);
        if (result < 0)
        {
            Fail(DtlsFailure.TimedOut);
            return;
        }

        Drain(to);
        Arm(now, isLate: result == 0);
    }

    /// <summary>The keys, once, after which they are the caller's to dispose.</summary>
    public SrtpKeyingMaterial? TakeKeys()
    {
        var keys = _keys;
        _keys = null;
        return keys;
    }

    /// <summary>Says goodbye (close_notify), if there is anything to say goodbye to.</summary>
    public void Close(RtcAddress? to)
    {
        if (State is DtlsState.Connected)
        {
            LibCrypto.ERR_clear_error();
            LibSsl.SSL_shutdown(_ssl);
            if (to is { } address)
            {
                Drain(address);
            }
        }

        if (State is DtlsState.Handshaking or DtlsState.Connected)
        {
            State = DtlsState.Closed;
            NextDeadline = null;
        }
    }

    /// <summary>Frees the native connection and wipes keys that nobody has taken.</summary>
    public void Dispose()
    {
        _keys?.Dispose();
        _keys = null;
        _ssl.Dispose();
    }

    private void Advance()
    {
        LibCrypto.ERR_clear_error();
        if (State is DtlsState.Handshaking)
        {
            var result = LibSsl.SSL_do_handshake(_ssl);
            if (result == 1)
            {
                Complete();
            }
            else if (LibSsl.SSL_get_error(_ssl, result) is not (LibSsl.ErrorWantRead or LibSsl.ErrorWantWrite))
            {
                Fail(DtlsFailure.Handshake);
            }
        }

        if (State is DtlsState.Connected)
        {
            ReadAll();
        }
    }

    /// <summary>Reads alerts, repeated flights of the peer (which OpenSSL answers) and application data, which is dropped.</summary>
    private void ReadAll()
    {
        var scratch = stackalloc byte[2048];
        while (true)
        {
            var result = LibSsl.SSL_read(_ssl, scratch, 2048);
            if (result > 0)
            {
                continue;
            }

            var error = LibSsl.SSL_get_error(_ssl, result);
            if (error == LibSsl.ErrorZeroReturn)
            {
                // RFC 5246 section 7.2.1: the other side of a goodbye is one of our own.
                LibSsl.SSL_shutdown(_ssl);
                State = DtlsState.Closed;
            }
            else if (error is not (LibSsl.ErrorWantRead or LibSsl.ErrorWantWrite))
            {
                Fail(DtlsFailure.Handshake);
            }

            return;
        }
    }

    private void Complete()
    {
        if (!PeerCertificateMatches())
        {
            Refuse(DtlsFailure.WrongFingerprint);
            return;
        }

        // struct srtp_protection_profile_st { const char *name; unsigned long id; }
        var profile = LibSsl.SSL_get_selected_srtp_profile(_ssl);
        if (profile == 0 || !SrtpProfiles.TryGet((ushort)((nint*)profile)[1], out var chosen))
        {
            Refuse(DtlsFailure.NoSrtpProfile);
            return;
        }

        var exported = new byte[SrtpKeyingMaterial.ExportedLength(chosen)];
        var label = "EXTRACTOR-dtls_srtp"u8;
        int worked;
        fixed (byte* destination = exported)
        fixed (byte* text = label)
        {
            worked = LibSsl.SSL_export_keying_material(
                _ssl, destination, (nuint)exported.Length, text, (nuint)label.Length, null, 0, 0);
        }

        if (worked != 1)
        {
            Refuse(DtlsFailure.Handshake);
            return;
        }

        _keys = new SrtpKeyingMaterial(chosen, exported);
        State = DtlsState.Connected;
    }

    private bool PeerCertificateMatches()
    {
        var certificate = LibSsl.SSL_get1_peer_certificate(_ssl);
        if (certificate == 0)
        {
            return false;
        }

        try
        {
            var length = LibCrypto.i2d_X509(certificate, null);
            if (length <= 0)
            {
                return false;
            }

            var der = new byte[length];
            fixed (byte* bytes = der)
            {
                var at = bytes;
                _ = LibCrypto.i2d_X509(certificate, &at);
            }

            return _expected.Matches(der);
        }
        finally
        {
            LibCrypto.X509_free(certificate);
        }
    }

    /// <summary>The handshake worked but its outcome is not acceptable: the peer is told, and no key leaves.</summary>
    private void Refuse(DtlsFailure failure)
    {
        LibSsl.SSL_shutdown(_ssl);
        Fail(failure);
    }

    private void Fail(DtlsFailure failure)
    {
        State = DtlsState.Failed;
        Failure = failure;
        NextDeadline = null;
    }

    private void Drain(RtcAddress to)
    {
        nint data = 0;
        var length = (int)LibCrypto.BIO_ctrl(_writeBio, LibCrypto.BioInfo, 0, (nint)(&data));
        if (length <= 0)
        {
            return;
        }

        var records = new ReadOnlySpan<byte>((void*)data, length);
        while (DtlsRecord.PackInto(records, Mtu) is > 0 and var packed)
        {
            _outgoing.Add(records[..packed], to);
            records = records[packed..];
        }

        LibCrypto.BIO_ctrl(_writeBio, LibCrypto.BioReset, 0, 0);
    }

    private void Arm(TimeSpan now, bool isLate)
    {
        if (State is not DtlsState.Handshaking || OpenSslTimeLeft is not { } left)
        {
            NextDeadline = null;
            return;
        }

        if (_ssl.Timer->Starts != _timerStarts || NextDeadline is null)
        {
            _timerStarts = _ssl.Timer->Starts;
            NextDeadline = now + TimeSpan.FromMicroseconds(_ssl.Timer->CurrentUs);
        }
        else if (isLate)
        {
            // Our clock was a little ahead of OpenSSL's.
            NextDeadline = now + (left > TimeSpan.FromMilliseconds(1) ? left : TimeSpan.FromMilliseconds(1));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint NextWait(nint ssl, uint previousUs)
    {
        var timer = (DtlsTimer*)LibSsl.SSL_get_ex_data(ssl, 0);
        timer->Starts++;
        timer->CurrentUs = previousUs == 0 ? timer->FirstUs : Math.Min(2 * previousUs, timer->MaxUs);
        return timer->CurrentUs;
    }
}
