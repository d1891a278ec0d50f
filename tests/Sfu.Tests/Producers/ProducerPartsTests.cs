using Roomcast.Sfu.Producers;

namespace Roomcast.Sfu.Tests.Producers;

public sealed class ProducerPartsTests
{
    [Fact]
    public void A_missing_packet_is_asked_for_after_a_moment_and_then_four_times_in_a_round_trip()
    {
        var missing = new MissingPackets();
        missing.OnPacket(65_534, At(0));
        Assert.Null(missing.NextDeadline);
        missing.OnPacket(65_538, At(1));
        Assert.Equal(At(11), missing.NextDeadline);
        Assert.Empty(Due(missing, 10));

        Assert.Equal([65_535, 0, 1], Due(missing, 11));
        Assert.Empty(Due(missing, 35));
        Assert.Equal([65_535, 0, 1], Due(missing, 36));
        missing.OnPacket(65_536, At(111)); // As long as was assumed: 100 ms.
        Assert.Equal([65_535, 1], Due(missing, 112));
        Assert.Empty(Due(missing, 136));
        Assert.Equal([65_535, 1], Due(missing, 137));
        Assert.False(missing.TakeIsHopeless());

        // Two repetitions have not come: a keyframe may be sooner. It is wanted once.
        Assert.Equal([65_535, 1], Due(missing, 222));
        Assert.True(missing.TakeIsHopeless());
        Assert.Equal([65_535, 1], Due(missing, 260));
        Assert.False(missing.TakeIsHopeless());
    }

    [Fact]
    public void The_round_trip_is_learnt_from_what_was_asked_for()
    {
        var missing = new MissingPackets();
        var next = 0;
        for (var i = 1; i < 100; i++)
        {
            for (var j = 0; j < 100; j++)
            {
                missing.OnPacket(next++, At((1_000 * i) - 100));
            }

            missing.OnPacket(++next, At(1_000 * i));
            Assert.Single(Due(missing, (1_000 * i) + 10));
            missing.OnPacket(next++ - 1, At((1_000 * i) + 170)); // 160 ms later.
        }

        missing.OnPacket(next + 1, At(200_000));
        Assert.NotEmpty(Due(missing, 200_010));
        Assert.Empty(Due(missing, 200_049));
        Assert.NotEmpty(Due(missing, 200_051));
    }

    [Fact]
    public void Packets_out_of_order_are_not_asked_for()
    {
        var missing = new MissingPackets();
        missing.OnPacket(1, At(0));
        missing.OnPacket(3, At(1));
        missing.OnPacket(2, At(5));

        Assert.Null(missing.NextDeadline);
        Assert.Empty(Due(missing, 100));
    }

    [Fact]
    public void A_packet_that_never_comes_is_given_up_and_a_keyframe_is_the_only_help()
    {
        var missing = new MissingPackets();
        missing.OnPacket(1, At(0));
        missing.OnPacket(3, At(0));
        var requests = 0;
        for (var at = 0; at < 2_000; at += 5)
        {
            requests += Due(missing, at).Length;
        }

        Assert.Equal(MissingPackets.MaxRequests, requests);
        Assert.Equal(0, missing.Count);
        Assert.True(missing.TakeIsHopeless());
        Assert.False(missing.TakeIsHopeless());
    }

    [Fact]
    public void A_hole_too_wide_to_mend_is_not_asked_for_at_all()
    {
        var missing = new MissingPackets();
        missing.OnPacket(1, At(0));
        missing.OnPacket(1 + MissingPackets.MaxMissing + 2, At(0));

        Assert.Equal(0, missing.Count);
        Assert.True(missing.TakeIsHopeless());
    }

    [Fact]
    public void What_lies_before_a_keyframe_is_not_needed_any_more()
    {
        var missing = new MissingPackets();
        missing.OnPacket(1, At(0));
        missing.OnPacket(4, At(0));
        missing.OnPacket(6, At(0));
        missing.OnKeyframe(4);

        Assert.Equal([5], Due(missing, 100));
    }

    [Fact]
    public void Many_wishes_for_a_keyframe_become_one_request_and_it_is_repeated_until_one_comes()
    {
        var requests = new KeyframeRequests(TimeSpan.FromMilliseconds(500));
        Assert.Null(requests.NextDeadline);
        var sent = new List<int>();
        for (var at = 0; at < 3_000; at += 10)
        {
            if (at is < 700 or >= 2_300)
            {
                requests.Want();
            }

            if (at == 1_700)
            {
                requests.OnKeyframe();
            }

            if (requests.TryTakeDue(At(at), isLossy: false))
            {
                sent.Add(at);
            }
        }

        Assert.Equal([0, 500, 1_000, 1_500, 2_300, 2_800], sent);
    }

    [Fact]
    public void Where_much_is_lost_each_request_for_a_keyframe_is_sent_twice()
    {
        var requests = new KeyframeRequests(TimeSpan.FromMilliseconds(300));
        var sent = new List<int>();
        for (var at = 0; at < 1_000; at += 5)
        {
            if (at is 0 or 700)
            {
                requests.Want();
            }

            if (at is 400 or 710)
            {
                requests.OnKeyframe(); // The second time before its second copy is due.
            }

            if (requests.TryTakeDue(At(at), isLossy: true))
            {
                sent.Add(at);
            }
        }

        Assert.Equal([0, 25, 300, 325, 700], sent);
        Assert.Null(requests.NextDeadline);
    }

    [Fact]
    public void Where_much_is_lost_packets_are_asked_for_sooner_and_oftener()
    {
        var missing = LossyMissing(out var next, out var now);
        missing.OnPacket(next + 1, At(now));

        Assert.True(missing.IsLossy);
        Assert.Empty(Due(missing, now + 1));
        Assert.Single(Due(missing, now + 2));
        Assert.Empty(Due(missing, now + 11));
        Assert.Single(Due(missing, now + 12));
        Assert.Empty(Due(missing, now + 24));
        Assert.Single(Due(missing, now + 25)); // An eighth of 100 ms later.
    }

    [Fact]
    public void Where_much_is_lost_the_rest_of_a_frame_is_asked_for_before_the_next_frame_comes()
    {
        var missing = LossyMissing(out var next, out var now);
        missing.OnPacket(next, At(now), hasMore: true);
        Assert.Equal(At(now + 15), missing.NextDeadline);
        Assert.Empty(Due(missing, now + 14));
        Assert.Equal([(int)next + 1], Due(missing, now + 15));

        missing.OnPacket(next + 1, At(now + 125), hasMore: true);
        Assert.Equal(0, missing.Count);
        missing.OnPacket(next + 2, At(now + 126), hasMore: false); // It ends the frame: nothing is known to follow.
        Assert.Null(missing.NextDeadline);
    }

    [Fact]
    public void Where_packets_come_out_of_order_they_are_given_the_time_for_it_however_much_is_lost()
    {
        var missing = LossyMissing(out var next, out var now);
        missing.OnPacket(next + 1, At(now));
        missing.OnPacket(next, At(now + 1)); // Overtaken.
        missing.OnPacket(next + 3, At(now + 10));
        Assert.Empty(Due(missing, now + 19));
        Assert.Single(Due(missing, now + 20));

        // Ten seconds in order, and it is as before.
        missing.OnPacket(next + 2, At(now + 120));
        missing.OnPacket(next + 5, At(now + 11_000));
        Assert.Single(Due(missing, now + 11_002));
    }

    [Fact]
    public void The_cache_has_the_newest_packets_and_no_others()
    {
        var cache = new PacketCache(8);
        for (var i = -3; i < 20; i++)
        {
            cache.Add(i, new byte[100 + (i * 10) + 30].Select(_ => (byte)i).ToArray());
        }

        for (var i = -3; i < 20; i++)
        {
            Assert.Equal(i >= 12, cache.TryGet(i, out var packet));
            if (i >= 12)
            {
                Assert.Equal(130 + (i * 10), packet.Length);
                Assert.Equal((byte)i, packet[^1]);
            }
        }
    }

    /// <summary>A stream of which each tenth packet comes only when asked for, after 100 ms.</summary>
    private static MissingPackets LossyMissing(out long next, out int now)
    {
        var missing = new MissingPackets();
        now = 0;
        for (next = 0; next < 300; next++, now += 200)
        {
            if (next % 10 == 9)
            {
                missing.OnPacket(++next, At(now));
                Assert.Single(Due(missing, now + 10));
                missing.OnPacket(next - 1, At(now + 110));
            }
            else
            {
                missing.OnPacket(next, At(now));
            }
        }

        Assert.Equal(0, missing.Count);
        return missing;
    }

    private static TimeSpan At(int milliseconds) => TimeSpan.FromSeconds(10) + TimeSpan.FromMilliseconds(milliseconds);

    private static int[] Due(MissingPackets missing, int milliseconds)
    {
        Span<ushort> due = stackalloc ushort[64];
        var count = missing.TakeDue(At(milliseconds), due);
        return due[..count].ToArray().Select(number => (int)number).ToArray();
    }
}
