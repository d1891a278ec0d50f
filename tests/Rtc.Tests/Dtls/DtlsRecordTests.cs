using Roomcast.Rtc.Dtls;

namespace Roomcast.Rtc.Tests.Dtls;

public sealed class DtlsRecordTests
{
    [Fact]
    public void Records_are_packed_into_datagrams_at_their_borders()
    {
        byte[] run = [.. Record(500), .. Record(600), .. Record(200), .. Record(1_500), .. Record(13)];

        Assert.Equal(500 + 600, DtlsRecord.PackInto(run, 1_200));
        Assert.Equal(200, DtlsRecord.PackInto(run.AsSpan(1_100), 1_200));
        Assert.Equal(1_500, DtlsRecord.PackInto(run.AsSpan(1_300), 1_200)); // Too long for any: it goes alone.
        Assert.Equal(DtlsRecord.HeaderLength, DtlsRecord.PackInto(run.AsSpan(2_800), 1_200));
    }

    [Fact]
    public void A_record_cut_anywhere_is_no_record()
    {
        var record = Record(100);
        for (var length = 0; length < record.Length; length++)
        {
            Assert.False(DtlsRecord.TryRead(record.AsSpan(0, length), out _));
        }

        Assert.True(DtlsRecord.TryRead(record, out var read));
        Assert.Equal(new DtlsRecord(22, Epoch: 1, Length: 100), read);
        Assert.Equal(0, DtlsRecord.PackInto(record.AsSpan(1), 1_200));
    }

    [Theory]
    [InlineData("sha-256")]
    [InlineData("SHA-256")]
    public void Fingerprints_are_read_in_either_case(string name)
    {
        var fingerprint = DtlsFingerprint.Of([1], System.Security.Cryptography.HashAlgorithmName.SHA256);
        var digits = fingerprint.ToString()[8..];

        Assert.True(DtlsFingerprint.TryParse($"{name} {digits}", out var upper));
        Assert.True(DtlsFingerprint.TryParse($"{name} {digits.ToLowerInvariant()}", out var lower));
        Assert.Equal(fingerprint, upper);
        Assert.Equal(fingerprint, lower);
        Assert.True(upper.Matches([1]));
        Assert.False(upper.Matches([2]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("sha-256")]
    [InlineData("sha-256 00:11")]
    [InlineData("sha-1 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33")]
    [InlineData("md5 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF")]
    [InlineData("sha-256 00-11-22-33-44-55-66-77-88-99-AA-BB-CC-DD-EE-FF-00-11-22-33-44-55-66-77-88-99-AA-BB-CC-DD-EE-FF")]
    [InlineData("sha-256 0G:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF")]
    public void Weak_and_malformed_fingerprints_are_refused(string value) => Assert.False(DtlsFingerprint.TryParse(value, out _));

    private static byte[] Record(int length)
    {
        length = Math.Max(length, DtlsRecord.HeaderLength);
        var record = new byte[length];
        record[0] = 22;
        record[1] = 0xFE;
        record[2] = 0xFD;
        record[4] = 1;
        record[11] = (byte)((length - DtlsRecord.HeaderLength) >> 8);
        record[12] = (byte)(length - DtlsRecord.HeaderLength);
        return record;
    }
}
