using System.Buffers.Binary;
using Roomcast.Rtc.Srtp;

namespace Roomcast.Rtc.Tests.Srtp;

/// <summary>A sender and a receiver with the same keys.</summary>
internal sealed class SrtpPair : IDisposable
{
    public SrtpPair(SrtpProfile profile)
    {
        var random = new Random(42);
        var key = new byte[16];
        var salt = new byte[profile.MasterSaltLength()];
        random.NextBytes(key);
        random.NextBytes(salt);
        Sender = new SrtpSender(profile, key, salt);
        Receiver = new SrtpReceiver(profile, key, salt);
    }

    public SrtpSender Sender { get; }

    public SrtpReceiver Receiver { get; }

    /// <summary>Writes an RTP packet whose payload follows from the seed.</summary>
    public static void Fill(Span<byte> buffer, int length, uint ssrc, ushort sequenceNumber, int seed)
    {
        buffer[0] = 0x80;
        buffer[1] = 96;
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], sequenceNumber);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[4..], (uint)seed);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[8..], ssrc);
        for (var i = 12; i < length; i++)
        {
            buffer[i] = (byte)(i + seed);
        }
    }

    public byte[] Protected(uint ssrc, ushort sequenceNumber, int length)
    {
        var buffer = new byte[length + Sender.RtpOverhead];
        Fill(buffer, length, ssrc, sequenceNumber, seed: 1);
        Assert.Equal(SrtpStatus.Done, Sender.ProtectRtp(buffer, ref length));
        return buffer;
    }

    public void Dispose()
    {
        Sender.Dispose();
        Receiver.Dispose();
    }
}
