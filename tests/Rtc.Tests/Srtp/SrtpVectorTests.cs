using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Roomcast.Rtc.Srtp;

namespace Roomcast.Rtc.Tests.Srtp;

public sealed class SrtpVectorTests
{
    [Fact]
    public void Keys_are_derived_as_rfc_3711_appendix_b3_shows()
    {
        var key = Convert.FromHexString("E1F97A0D3E018BE0D64FA32C06DE4139");
        var salt = Convert.FromHexString("0EC675AD498AFEEBB6960B3AABE6");
        var cipher = new byte[16];
        var sessionSalt = new byte[14];
        var authentication = new byte[94];

        SrtpSessionKeys.DeriveOne(key, salt, 0, cipher);
        SrtpSessionKeys.DeriveOne(key, salt, 2, sessionSalt);
        SrtpSessionKeys.DeriveOne(key, salt, 1, authentication);

        Assert.Equal("C61E7A93744F39EE10734AFE3FF7A087", Convert.ToHexString(cipher));
        Assert.Equal("30CBBC08863D8C85D49DB34A9AE1", Convert.ToHexString(sessionSalt));
        Assert.Equal(
            "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E4740357"
            + "66B68642C59BBFC2F34DB60DBDFB2",
            Convert.ToHexString(authentication));
    }

    [Fact]
    public void The_key_stream_is_that_of_rfc_3711_appendix_b2()
    {
        using var keys = new SrtpSessionKeys(
            Convert.FromHexString("2B7E151628AED2A6ABF7158809CF4F3C"), new byte[20], Convert.FromHexString("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"));
        using var transform = SrtpTransform.Create(SrtpProfile.Aes128CmHmacSha1Tag80, keys, isSender: true);
        var packet = new byte[12 + 48 + 10];

        transform.ProtectRtp(packet, 12, 60, ssrc: 0, index: 0);

        Assert.Equal(
            "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0",
            Convert.ToHexString(packet.AsSpan(12, 48)));
    }

    [Fact]
    public void A_packet_is_protected_as_the_reference_implementation_does_it()
    {
        // The packet and the result are those that libsrtp's own self test has used since its first release.
        using var sender = new SrtpSender(
            SrtpProfile.Aes128CmHmacSha1Tag80,
            Convert.FromHexString("E1F97A0D3E018BE0D64FA32C06DE4139"),
            Convert.FromHexString("0EC675AD498AFEEBB6960B3AABE6"));
        var packet = new byte[28 + 10];
        Convert.FromHexString("800F1234DECAFBADCAFEBABEABABABABABABABABABABABABABABABAB").CopyTo(packet, 0);
        var length = 28;

        Assert.Equal(SrtpStatus.Done, sender.ProtectRtp(packet, ref length));

        Assert.Equal(
            "800F1234DECAFBADCAFEBABE4E55DC4CE79978D88CA4D215949D2402B78D6ACC99EA179B8DBB",
            Convert.ToHexString(packet.AsSpan(0, length)));
    }

    [Fact]
    public void The_gcm_rtp_vector_of_rfc_7714_is_met_both_ways()
    {
        using var keys = Rfc7714Keys();
        using var seal = SrtpTransform.Create(SrtpProfile.AeadAes128Gcm, keys, isSender: true);
        using var open = SrtpTransform.Create(SrtpProfile.AeadAes128Gcm, keys, isSender: false);
        var clear = Convert.FromHexString(
            "8040F17B8041F8D35501A0B247616C6C696120657374206F6D6E69732064697669736120696E207061727465732074726573");
        var packet = new byte[clear.Length + 16];
        clear.CopyTo(packet, 0);

        seal.ProtectRtp(packet, 12, clear.Length, ssrc: 0x5501A0B2, index: 0xF17B);

        Assert.Equal(
            "8040F17B8041F8D35501A0B2F24DE3A3FB34DE6CACBA861C9D7E4BCABE633BD50D294E6F42A5F47A51C7D19B36DE3ADF8833899D7F27BEB16A9152CF765EE4390CCE",
            Convert.ToHexString(packet));
        Assert.True(open.UnprotectRtp(packet, 12, 0x5501A0B2, 0xF17B));
        Assert.Equal(clear, packet[..clear.Length]);
    }

    [Fact]
    public void The_gcm_rtcp_vector_of_rfc_7714_is_met_both_ways()
    {
        using var keys = Rfc7714Keys();
        using var seal = SrtpTransform.Create(SrtpProfile.AeadAes128Gcm, keys, isSender: true);
        using var open = SrtpTransform.Create(SrtpProfile.AeadAes128Gcm, keys, isSender: false);
        var clear = Convert.FromHexString(
            "81C8000D4D6172734E5450314E545032525450200000042A0000E9304C756E61DEADBEEFDEADBEEFDEADBEEFDEADBEEFDEADBEEF");
        var packet = new byte[clear.Length + 20];
        clear.CopyTo(packet, 0);

        seal.ProtectRtcp(packet, clear.Length, ssrc: 0x4D617273, index: 0x5D4);

        Assert.Equal(
            "81C8000D4D61727363E94885DCDAB67CA727D7662F6B7E997FF5C0F76C06F32DC676A5F1730D6FDA4CE09B4686303DED0BB9275BC84AA45896CF4D2FC5ABF87245D9EADE800005D4",
            Convert.ToHexString(packet));
        Assert.Equal(0x8000_05D4u, open.RtcpWord(packet));
        Assert.True(open.UnprotectRtcp(packet, 0x4D617273, 0x5D4));
        Assert.Equal(clear, packet[..clear.Length]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [SuppressMessage("Security", "CA5350", Justification = "The SRTP profile is HMAC-SHA1 by definition.")]
    public void Hmac_is_the_framework_s_with_either_implementation(bool useFramework)
    {
        var random = new Random(1);
        for (var length = 0; length < 300; length += 7)
        {
            var key = new byte[20];
            var data = new byte[length];
            random.NextBytes(key);
            random.NextBytes(data);
            using var hmac = new HmacSha1(key, useFramework);
            var tag = new byte[20];

            hmac.Compute(data, 0x01020304, tag);
            hmac.Compute(data, 0x01020304, tag); // A second time, as the states are copied.

            Assert.Equal(HMACSHA1.HashData(key, (byte[])[.. data, 1, 2, 3, 4]), tag);
        }
    }

    private static SrtpSessionKeys Rfc7714Keys() => new(
        Convert.FromHexString("000102030405060708090A0B0C0D0E0F"), new byte[20], Convert.FromHexString("517569642070726F2071756F"));
}
