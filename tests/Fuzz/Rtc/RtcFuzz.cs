using System.Buffers;
using System.Text;
using Roomcast.Rtc;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Rtc.Rtp.H264;
using Roomcast.Rtc.Rtp.Opus;
using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.Rtc.Rtp.Vp9;
using Roomcast.Rtc.Srtp;
using Roomcast.Rtc.Stun;

namespace Roomcast.Fuzz.Rtc;

/// <summary>What a stranger's datagram meets before anything is verified, and what a peer's meets after.</summary>
public sealed class RtcFuzz
{
    private static readonly RtcAddress Somewhere = RtcAddress.FromIPv4(0xC0000201, 9);

    [Fact]
    public void Stun_messages()
    {
        var key = "a password of some length"u8.ToArray();
        FuzzRun.Of("rtc-stun", [Check("ufrag", "password-of-22-characters"), Answer(key)], input =>
        {
            if (!StunMessage.TryRead(input, out var message))
            {
                return;
            }

            _ = message.Class;
            _ = message.Method;
            message.HasValidFingerprint();
            message.HasValidIntegrity(key);
            message.TryGetPriority(out _);
            Span<ushort> types = stackalloc ushort[4];
            message.CopyUnknownRequired(types);
            StunMessage.TryReadAskedUfrag(input, out _);
        });
    }

    [Fact]
    public void The_lite_agent()
    {
        Assert.True(IceCredentials.TryCreate("ufrag", "password-of-22-characters", out var credentials));
        var outgoing = new DatagramQueue();
        var agent = new IceLiteAgent(credentials, null, outgoing, IceAgent.DefaultConsentTimeout, TimeSpan.Zero);
        FuzzRun.Of("rtc-stun", [Check(credentials.Ufrag, credentials.Password)], input =>
        {
            agent.Handle(input, Somewhere, TimeSpan.FromSeconds(1));
            while (outgoing.TryTake(out _, out var datagram))
            {
                // Whatever is answered is well-formed, and never longer than what a request can make it.
                Assert.True(StunMessage.TryRead(datagram, out _));
            }
        });
    }

    [Fact]
    public void Dtls_records()
    {
        byte[] record = [22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4];
        FuzzRun.Of("rtc-dtls-record", [record, [.. record, .. record]], input =>
        {
            var left = input.AsSpan();
            while (DtlsRecord.PackInto(left, 100) is > 0 and var packed)
            {
                Assert.True(packed <= left.Length);
                left = left[packed..];
            }
        });
    }

    [Fact]
    public void A_dtls_server_that_waits_for_a_client()
    {
        using var identity = DtlsIdentity.Create(new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero));
        var hello = ClientHello(identity);
        var outgoing = new DatagramQueue();
        var waiting = New();
        var rounds = 0;
        FuzzRun.Of("rtc-dtls-server", [hello], input =>
        {
            // A new one now and then, and whenever the last one has had enough: most inputs then meet a fresh state.
            if (++rounds % 50 == 0 || waiting.State is not DtlsState.Handshaking)
            {
                waiting.Dispose();
                waiting = New();
            }

            waiting.Handle(input, Somewhere, TimeSpan.FromSeconds(1));
            while (outgoing.TryTake(out _, out var datagram))
            {
                Assert.InRange(datagram.Length, DtlsRecord.HeaderLength, 4_096);
            }
        });
        waiting.Dispose();

        DtlsConnection New() => new(identity, DtlsRole.Server, identity.Fingerprint, outgoing, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void Tcp_frames() => FuzzRun.Of("rtc-tcp-frame", [[0, 3, 1, 2, 3, 0, 0, 0, 1, 9]], input =>
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(input));
        while (TcpFraming.TryRead(ref reader, out var datagram) is OperationStatus.Done)
        {
            Assert.InRange(datagram.Length, 1, TcpFraming.MaxDatagramLength);
        }
    });

    [Fact]
    public void Rtp_packets_and_their_extensions()
    {
        var map = new RtpExtensionMap();
        for (var kind = RtpExtensionKind.Mid; kind <= RtpExtensionKind.DependencyDescriptor; kind++)
        {
            map.TryAdd((int)kind + 1, kind);
        }

        FuzzRun.Of("rtc-rtp", [RtpPacket(isTwoByte: false), RtpPacket(isTwoByte: true)], input =>
        {
            if (!RtpHeader.TryRead(input, out var header))
            {
                return;
            }

            Assert.Equal(input.Length, header.HeaderLength + header.PayloadLength + header.PaddingLength);
            var values = new RtpExtensionValues(input, header, map);
            values.TryGetAudioLevel(out _, out _);
            _ = header.PayloadOf(input);
        });
    }

    [Theory]
    [InlineData(SrtpProfile.AeadAes128Gcm)]
    [InlineData(SrtpProfile.Aes128CmHmacSha1Tag80)]
    public void Protected_packets(SrtpProfile profile)
    {
        var key = new byte[16];
        var salt = new byte[profile.MasterSaltLength()];
        using var sender = new SrtpSender(profile, key, salt);
        using var receiver = new SrtpReceiver(profile, key, salt);
        var clear = RtpPacket(isTwoByte: false);
        var buffer = new byte[clear.Length + 20];
        clear.CopyTo(buffer, 0);
        var length = clear.Length;
        Assert.Equal(SrtpStatus.Done, sender.ProtectRtp(buffer, ref length));
        var good = buffer[..length];
        FuzzRun.Of("rtc-srtp", [good], input =>
        {
            var isGood = input.AsSpan().SequenceEqual(good);
            var again = (byte[])input.Clone();
            var status = receiver.UnprotectRtp(input, out _);
            Assert.True(isGood || status is not SrtpStatus.Done, "A packet that was tampered with was accepted.");
            Assert.NotEqual(SrtpStatus.Done, receiver.UnprotectRtcp(again, out _));
        });
    }

    [Fact]
    public void Vp8_descriptors() => FuzzRun.Of(
        "rtc-vp8",
        [[0x90, 0xF0, 0x92, 0x34, 0x56, 0x65, 0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01, 0xFF], [0x10, 0, 1]],
        input =>
        {
            if (Vp8PayloadDescriptor.TryRead(input, out var read))
            {
                read.Rewrite(input, 0x7ABC, 0x12);
                Assert.True(Vp8PayloadDescriptor.TryRead(input, out var again));
                Assert.Equal(read.Length, again.Length);
            }
        });

    [Fact]
    public void Vp9_descriptors() => FuzzRun.Of(
        "rtc-vp9",
        [[0xAA, 0x81, 0x23, 0x00, 0x07, 0x18, 0x05, 0x00, 0x02, 0xD0, 0x01, 0x00, 0xFF], [0xF8, 0x05, 0x23, 0x03, 0x02, 0xEE]],
        input => Assert.True(!Vp9PayloadDescriptor.TryRead(input, out var read) || read.Length < input.Length));

    [Fact]
    public void H264_payloads() => FuzzRun.Of(
        "rtc-h264",
        [[0x65, 1], [0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 1], [0x7C, 0x85, 1]],
        input => H264Payload.TryRead(input, out _));

    [Fact]
    public void Opus_payloads() => FuzzRun.Of("rtc-opus", [[0x78, 1], [0x0B, 3, 9]], input => OpusPayload.TryRead(input, out _));

    private static byte[] Check(string ufrag, string password)
    {
        var buffer = new byte[StunMessage.MaxLength];
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMessage.Binding, "transaction!"u8);
        writer.AddUsername(ufrag, "peer");
        writer.AddPriority(1);
        writer.AddRole(isControlling: true, 2);
        writer.AddUseCandidate();
        writer.AddIntegrity(Encoding.ASCII.GetBytes(password));
        return buffer[..writer.Finish()];
    }

    private static byte[] Answer(ReadOnlySpan<byte> key)
    {
        var buffer = new byte[StunMessage.MaxLength];
        var writer = new StunMessageWriter(buffer, StunClass.Success, StunMessage.Binding, "transaction!"u8);
        writer.AddXorMappedAddress(new RtcAddress(UInt128.MaxValue - 5, 9, RtcProtocol.Udp));
        writer.AddErrorCode(487, "Role Conflict");
        writer.AddIntegrity(key);
        return buffer[..writer.Finish()];
    }

    private static byte[] ClientHello(DtlsIdentity identity)
    {
        var outgoing = new DatagramQueue();
        using var client = new DtlsConnection(identity, DtlsRole.Client, identity.Fingerprint, outgoing, TimeSpan.FromMinutes(1));
        client.Start(Somewhere, TimeSpan.Zero);
        Assert.True(outgoing.TryTake(out _, out var hello));
        return hello.ToArray();
    }

    private static byte[] RtpPacket(bool isTwoByte)
    {
        var buffer = new byte[200];
        var writer = new RtpHeaderWriter(buffer, 96, true, 1, 2, 3, isTwoByte);
        for (byte id = 1; id <= 9; id++)
        {
            writer.AddExtension(id, new byte[] { 1, 2, 3 }.AsSpan(0, 1 + (id % 3)));
        }

        var length = writer.Finish();
        buffer[0] |= 0x20;
        buffer[length + 50] = 4;
        return buffer[..(length + 51)];
    }
}
