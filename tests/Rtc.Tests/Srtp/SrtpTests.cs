using System.Buffers.Binary;
using Roomcast.Rtc.Srtp;

namespace Roomcast.Rtc.Tests.Srtp;

public sealed class SrtpTests
{
    public static TheoryData<SrtpProfile> Profiles => new(SrtpProfile.AeadAes128Gcm, SrtpProfile.Aes128CmHmacSha1Tag80);

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Packets_of_every_size_come_back_over_two_wraps_of_the_sequence_number(SrtpProfile profile)
    {
        using var pair = new SrtpPair(profile);
        var buffer = new byte[1500];
        for (var i = 0; i < 140_000; i++)
        {
            var length = 12 + (i * 37 % 1_180);
            SrtpPair.Fill(buffer, length, ssrc: 7, unchecked((ushort)(65_000 + i)), seed: i);
            var expected = Convert.ToHexString(buffer.AsSpan(12, Math.Min(64, length - 12)));
            var protectedLength = length;

            Assert.Equal(SrtpStatus.Done, pair.Sender.ProtectRtp(buffer, ref protectedLength));
            Assert.Equal(length + pair.Sender.RtpOverhead, protectedLength);
            Assert.Equal(SrtpStatus.Done, pair.Receiver.UnprotectRtp(buffer.AsSpan(0, protectedLength), out var clearLength));

            Assert.Equal(length, clearLength);
            Assert.Equal(expected, Convert.ToHexString(buffer.AsSpan(12, Math.Min(64, length - 12))));
        }
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Every_packet_is_accepted_once_in_any_order_within_the_window(SrtpProfile profile)
    {
        using var pair = new SrtpPair(profile);
        var packets = new List<byte[]>();
        for (var i = 0; i < 3_000; i++)
        {
            packets.Add(pair.Protected(ssrc: 1, unchecked((ushort)(64_000 + i)), length: 60));
        }

        var random = new Random(5);
        var order = Enumerable.Range(0, packets.Count).OrderBy(i => i + (random.NextDouble() * 900)).ToArray();
        order = [0, .. order.Where(i => i != 0)]; // The first sets the counter; a receiver cannot know of wraps before it.
        foreach (var i in order)
        {
            Assert.Equal(SrtpStatus.Done, pair.Receiver.UnprotectRtp((byte[])packets[i].Clone(), out _));
            Assert.Equal(SrtpStatus.Replayed, pair.Receiver.UnprotectRtp((byte[])packets[i].Clone(), out _));
        }

        Assert.Equal(SrtpStatus.TooOld, pair.Receiver.UnprotectRtp((byte[])packets[5].Clone(), out _));
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void A_changed_bit_anywhere_is_noticed(SrtpProfile profile)
    {
        using var pair = new SrtpPair(profile);
        var packet = pair.Protected(ssrc: 1, 100, length: 40);
        for (var at = 0; at < packet.Length * 8; at++)
        {
            var changed = (byte[])packet.Clone();
            changed[at / 8] ^= (byte)(1 << (at % 8));

            Assert.NotEqual(SrtpStatus.Done, pair.Receiver.UnprotectRtp(changed, out _));
        }

        Assert.Equal(SrtpStatus.Done, pair.Receiver.UnprotectRtp(packet, out _));
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void A_forged_packet_does_not_move_the_window(SrtpProfile profile)
    {
        using var pair = new SrtpPair(profile);
        Assert.Equal(SrtpStatus.Done, pair.Receiver.UnprotectRtp(pair.Protected(1, 10, 40), out _));
        var forged = pair.Protected(1, 30_000, 40);
        forged[^1] ^= 1;

        Assert.Equal(SrtpStatus.Forged, pair.Receiver.UnprotectRtp(forged, out _));

        Assert.Equal(SrtpStatus.Done, pair.Receiver.UnprotectRtp(pair.Protected(1, 11, 40), out _));
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void A_repeated_packet_is_protected_to_the_same_bytes(SrtpProfile profile)
    {
        using var pair = new SrtpPair(profile);
        var first = pair.Protected(1, 65_535, 200);
        pair.Protected(1, 0, 200);
        pair.Protected(1, 1, 200);

        Assert.Equal(first, pair.Protected(1, 65_535, 200)); // The counter of the wrap before is found again.
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Sources_have_counters_and_windows_of_their_own(SrtpProfile profile)
    {
        using var pair = new SrtpPair(profile);
        for (var i = 0; i < 70_000; i++)
        {
            var packet = pair.Protected(1, unchecked((ushort)i), 30);
            Assert.Equal(SrtpStatus.Done, pair.Receiver.UnprotectRtp(packet, out _));
        }

        Assert.Equal(SrtpStatus.Done, pair.Receiver.UnprotectRtp(pair.Protected(2, 5, 30), out _));
        Assert.Equal(SrtpStatus.Done, pair.Receiver.UnprotectRtp(pair.Protected(1, unchecked((ushort)70_000), 30), out _));
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void More_sources_than_are_counted_are_refused(SrtpProfile profile)
    {
        using var pair = new SrtpPair(profile);
        for (var ssrc = 1u; ssrc <= SrtpReceiver.MaxSources; ssrc++)
        {
            Assert.Equal(SrtpStatus.Done, pair.Receiver.UnprotectRtp(pair.Protected(ssrc, 1, 30), out _));
        }

        Assert.Equal(SrtpStatus.TooManySources, pair.Receiver.UnprotectRtp(pair.Protected(99_999, 1, 30), out _));
        Assert.Equal(SrtpStatus.Done, pair.Receiver.UnprotectRtp(pair.Protected(1, 2, 30), out _));
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Rtcp_comes_back_once_and_not_in_the_clear(SrtpProfile profile)
    {
        using var pair = new SrtpPair(profile);
        for (var i = 0; i < 2_000; i++)
        {
            var clear = new byte[8 + (4 * (i % 50))];
            clear[0] = 0x80;
            clear[1] = 201;
            BinaryPrimitives.WriteUInt16BigEndian(clear.AsSpan(2), (ushort)((clear.Length / 4) - 1));
            BinaryPrimitives.WriteUInt32BigEndian(clear.AsSpan(4), 77);
            var buffer = new byte[clear.Length + pair.Sender.RtcpOverhead];
            clear.CopyTo(buffer, 0);
            var length = clear.Length;

            Assert.Equal(SrtpStatus.Done, pair.Sender.ProtectRtcp(buffer, ref length));
            var again = (byte[])buffer.Clone();
            Assert.Equal(SrtpStatus.Done, pair.Receiver.UnprotectRtcp(buffer, out var clearLength));
            Assert.Equal(clear, buffer[..clearLength]);
            Assert.Equal(SrtpStatus.Replayed, pair.Receiver.UnprotectRtcp(again, out _));
        }

        var unencrypted = new byte[40];
        unencrypted[0] = 0x80;
        unencrypted[1] = 201;
        Assert.Equal(SrtpStatus.NotEncrypted, pair.Receiver.UnprotectRtcp(unencrypted, out _));
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Cut_packets_and_missing_room_are_answers_and_not_faults(SrtpProfile profile)
    {
        using var pair = new SrtpPair(profile);
        var packet = pair.Protected(1, 1, 60);
        for (var length = 0; length < packet.Length; length++)
        {
            Assert.NotEqual(SrtpStatus.Done, pair.Receiver.UnprotectRtp(packet.AsSpan(0, length).ToArray(), out _));
            Assert.NotEqual(SrtpStatus.Done, pair.Receiver.UnprotectRtcp(packet.AsSpan(0, length).ToArray(), out _));
        }

        var full = new byte[60];
        SrtpPair.Fill(full, 60, 1, 2, 0);
        var clearLength = 60;
        Assert.Equal(SrtpStatus.NotPossible, pair.Sender.ProtectRtp(full, ref clearLength));
        Assert.Equal(60, clearLength);
    }

    [Fact]
    public void The_replay_window_agrees_with_a_plain_set()
    {
        var random = new Random(3);
        var window = new ReplayWindow();
        var seen = new HashSet<long>();
        var highest = -1L;
        for (var i = 0; i < 200_000; i++)
        {
            var number = Math.Max(0, highest + random.Next(-1_100, random.Next(40) == 0 ? 1_500 : 4));
            var expected = highest - number >= ReplayWindow.Width ? SrtpStatus.TooOld
                : seen.Contains(number) ? SrtpStatus.Replayed : SrtpStatus.Done;

            Assert.Equal(expected, window.Judge(number));
            if (expected is SrtpStatus.Done)
            {
                window.Accept(number);
                seen.Add(number);
                highest = Math.Max(highest, number);
            }
        }
    }

    [Theory]
    [InlineData(-1, 5, 5)]
    [InlineData(65_535, 0, 65_536)]
    [InlineData(65_536, 65_535, 65_535)]
    [InlineData(0, 65_535, -1)]
    [InlineData(0x1_0000_7FFF, 0x8000, 0x1_0000_8000)]
    public void The_index_is_the_nearest_that_fits(long highest, int sequenceNumber, long index) =>
        Assert.Equal(index, PacketIndex.Estimate(highest, (ushort)sequenceNumber));
}
