using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Opus;
using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.TestKit.Network;
using Roomcast.TestKit.Rtc;

namespace Roomcast.Rtc.Tests.Rtp;

public sealed class FrameAssemblyTests
{
    /// <summary>Seeds of lossy runs: the first ones, and each that ever failed.</summary>
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    private static readonly TimeSpan FrameTime = TimeSpan.FromSeconds(1.0 / 30);

    [Fact]
    public void Frames_come_out_whole_and_in_order_whatever_order_their_packets_came_in()
    {
        var frames = MakeFrames(60, new Random(7));
        var packets = Packetize(frames);
        var shuffled = packets.Select((packet, i) => (packet, Key: i + (i * 7919 % 11))).OrderBy(each => each.Key).Select(each => each.packet);
        var assembler = new Vp8FrameAssembler();
        // The first packet in sequence comes first: what is before the first that came is not waited for.
        var read = new List<(Vp8Frame Frame, byte[] Data)>();
        foreach (var packet in shuffled)
        {
            Assert.Equal(AssemblyOutcome.Held, Add(assembler, packet, TimeSpan.Zero));
            Drain(assembler, read);
        }

        Assert.Equal(frames.Count, read.Count);
        for (var i = 0; i < frames.Count; i++)
        {
            Assert.Equal(frames[i], read[i].Data);
            Assert.False(read[i].Frame.FollowsGap);
            Assert.Equal((frames[i][0] & 1) == 0, read[i].Frame.IsKeyframe);
        }

        Assert.Equal(0, assembler.HeldPackets);
    }

    [Fact]
    public void An_orientation_holds_until_another_is_told_or_a_keyframe_tells_none()
    {
        var packetizer = new RtpPacketizer(1, 96, 90_000);
        var assembler = new Vp8FrameAssembler();
        var turns = new List<int>();
        (byte First, byte? Orientation)[] frames = [(0x11, null), (0x10, 1), (0x11, null), (0x11, 3), (0x11, null), (0x10, null), (0x11, null), (0x11, 6)];
        foreach (var (first, orientation) in frames)
        {
            var frame = new byte[20];
            frame[0] = first;
            foreach (var packet in packetizer.Vp8(frame, FrameTime * turns.Count))
            {
                Assert.True(RtpHeader.TryRead(packet, out var header));
                assembler.Add(header, header.PayloadOf(packet), TimeSpan.Zero, orientation);
            }

            Assert.True(assembler.TryPeek(out var seen));
            Assert.True(assembler.TryTake(out var taken, out _));
            Assert.Equal(seen.RotationDegrees, taken.RotationDegrees);
            turns.Add(taken.RotationDegrees);
        }

        Assert.Equal([0, 90, 90, 270, 270, 0, 0, 180], turns);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_lossy_network_costs_the_frames_whose_packets_are_missing_and_no_others(int seed)
    {
        var random = new Random(seed);
        var frames = MakeFrames(300, random);
        var network = new NetworkEmulator<int>(seed, new NetworkConditions
        {
            Loss = 0.03,
            Delay = TimeSpan.FromMilliseconds(30),
            Jitter = TimeSpan.FromMilliseconds(20),
            Reorder = 0.05,
            Duplicate = 0.05,
        });
        var sender = new RtpPacketizer(9, 96, 90_000);
        var assembler = new Vp8FrameAssembler();
        var read = new List<(Vp8Frame Frame, byte[] Data)>();
        var arrived = new HashSet<ushort>();
        var whole = new List<(int Frame, ushort[] Numbers)>();
        for (var i = 0; i < frames.Count + 30; i++)
        {
            var now = i * FrameTime;
            if (i < frames.Count)
            {
                var packets = sender.Vp8(frames[i], now);
                whole.Add((i, [.. packets.Select(Number)]));
                packets.ForEach(packet => network.Send(packet, 0, now));
            }

            while (network.TryReceive(now, out var packet, out _))
            {
                var outcome = Add(assembler, packet, now);
                Assert.True(arrived.Add(Number(packet)) == outcome is AssemblyOutcome.Held || outcome is AssemblyOutcome.Late);
            }

            Drain(assembler, read);
            // 200 ms and more after its time nothing comes any more, on this network.
            while (assembler.IsWaiting(out var timestamp) && Age(sender.TimestampAt(now), timestamp) > TimeSpan.FromMilliseconds(200))
            {
                assembler.SkipGap();
                Drain(assembler, read);
            }
        }

        var expected = whole.Where(each => each.Numbers.All(arrived.Contains)).Select(each => frames[each.Frame]).ToList();
        // Packets before the first that came at all are not waited for.
        Assert.True(read.Count >= expected.Count - 1, $"{read.Count} of {expected.Count} with seed {seed}");
        Assert.Equal(expected.Skip(expected.Count - read.Count), read.Select(each => each.Data));
        Assert.Equal(0, assembler.HeldPackets);
    }

    [Fact]
    public void A_gap_is_waited_for_until_it_is_skipped_and_what_follows_it_says_so()
    {
        var frames = MakeFrames(5, new Random(3), keyframeEvery: 4);
        var sender = new RtpPacketizer(9, 96, 90_000);
        var assembler = new Vp8FrameAssembler();
        for (var i = 0; i < frames.Count; i++)
        {
            foreach (var packet in sender.Vp8(frames[i], i * FrameTime).Skip(i == 1 ? 1 : 0))
            {
                Add(assembler, packet, i * FrameTime);
            }
        }

        Assert.True(assembler.TryTake(out _, out _));
        Assert.False(assembler.TryTake(out _, out _));
        Assert.True(assembler.IsWaiting(out var timestamp));
        Assert.Equal(sender.TimestampAt(frames[1].Length > 1_100 ? FrameTime : 2 * FrameTime), timestamp);
        Assert.True(assembler.TrySkipToKeyframe());
        Assert.True(assembler.TryTake(out var frame, out var data));
        Assert.True(frame is { IsKeyframe: true, FollowsGap: true });
        Assert.Equal(frames[4], data.ToArray());
        Assert.Equal(1, assembler.LostPackets);
    }

    [Fact]
    public void Padding_fills_its_place_and_a_source_that_begins_anew_is_followed()
    {
        var frames = MakeFrames(4, new Random(3));
        var sender = new RtpPacketizer(9, 96, 90_000);
        var assembler = new Vp8FrameAssembler();
        var read = new List<(Vp8Frame, byte[])>();
        sender.Vp8(frames[0], FrameTime).ForEach(packet => Add(assembler, packet, default));
        Add(assembler, sender.Padding(FrameTime), default);
        sender.Vp8(frames[1], 2 * FrameTime).ForEach(packet => Add(assembler, packet, default));
        Drain(assembler, read);
        var other = new RtpPacketizer(9, 96, 90_000, firstNumber: 30_000);
        other.Vp8(frames[2], 3 * FrameTime).ForEach(packet => Add(assembler, packet, default));
        Drain(assembler, read);
        Assert.Equal(frames.Take(3), read.Select(each => each.Item2));
        Assert.Equal([false, false, true], read.Select(each => each.Item1.FollowsGap));
    }

    [Fact]
    public void A_window_that_runs_over_gives_up_its_oldest()
    {
        var sender = new RtpPacketizer(9, 96, 90_000);
        var assembler = new Vp8FrameAssembler();
        Add(assembler, sender.Vp8(new byte[2_000], default)[0], default);
        for (var i = 0; i < 3 * Vp8FrameAssembler.MaxPackets; i++)
        {
            Add(assembler, sender.Vp8([1, 2, 3], i * FrameTime)[0], i * FrameTime);
            Assert.InRange(assembler.HeldPackets, 0, Vp8FrameAssembler.MaxPackets);
        }

        Assert.True(assembler.TryTake(out var frame, out _));
        Assert.True(frame.FollowsGap);
        assembler.Clear();
        Assert.Equal(0, assembler.HeldPackets);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Sound_comes_in_order_and_each_packet_tells_how_many_are_missing_before_it(int seed)
    {
        var network = new NetworkEmulator<int>(seed, new NetworkConditions
        {
            Loss = 0.05,
            Jitter = TimeSpan.FromMilliseconds(40),
            Reorder = 0.1,
            ReorderDelay = TimeSpan.FromMilliseconds(50),
            Duplicate = 0.05,
        });
        var sender = new RtpPacketizer(9, 111, 48_000);
        var queue = new OpusPacketQueue();
        var arrived = new List<int>();
        var taken = new List<int>();
        var missing = 0;
        for (var i = 0; i < 540; i++)
        {
            var now = TimeSpan.FromMilliseconds(20 * i);
            if (i < 500)
            {
                network.Send(sender.Opus([0xF8, (byte)(i >> 8), (byte)i], now), 0, now);
            }

            while (network.TryReceive(now, out var packet, out _))
            {
                RtpHeader.TryRead(packet, out var header);
                if (queue.Add(header, header.PayloadOf(packet), now) is AssemblyOutcome.Held)
                {
                    arrived.Add((packet[^2] << 8) | packet[^1]);
                }
            }

            while (queue.TryPeek(out var next) && Age(sender.TimestampAt(now), next.Timestamp, 48_000) > TimeSpan.FromMilliseconds(150))
            {
                Assert.True(queue.TryTake(out var packet, out var data));
                Assert.Equal(TimeSpan.FromMilliseconds(20), packet.Duration);
                taken.Add((data[1] << 8) | data[2]);
                missing += packet.Missing;
            }
        }

        Assert.Equal(arrived.Order(), taken);
        Assert.Equal(taken[^1] - taken[0] + 1 - taken.Count, missing);
        Assert.Equal(missing, queue.LostPackets);
    }

    private static TimeSpan Age(uint now, uint timestamp, int clockRateHz = 90_000) =>
        TimeSpan.FromSeconds(unchecked((int)(now - timestamp)) / (double)clockRateHz);

    private static ushort Number(byte[] packet) => (ushort)((packet[2] << 8) | packet[3]);

    private static AssemblyOutcome Add(Vp8FrameAssembler assembler, byte[] packet, TimeSpan now)
    {
        Assert.True(RtpHeader.TryRead(packet, out var header));
        return assembler.Add(header, header.PayloadOf(packet), now);
    }

    private static void Drain(Vp8FrameAssembler assembler, List<(Vp8Frame Frame, byte[] Data)> read)
    {
        while (assembler.TryPeek(out var next))
        {
            Assert.True(assembler.TryTake(out var frame, out var data));
            Assert.Equal(next, frame);
            Assert.Equal(frame.Length, data.Length);
            read.Add((frame, data.ToArray()));
        }
    }

    private static List<byte[]> MakeFrames(int count, Random random, int keyframeEvery = 30)
    {
        var frames = new List<byte[]>();
        for (var i = 0; i < count; i++)
        {
            var frame = new byte[random.Next(20, 6_000)];
            random.NextBytes(frame);
            frame[0] = (byte)((frame[0] & 0xFE) | (i % keyframeEvery == 0 ? 0 : 1));
            frames.Add(frame);
        }

        return frames;
    }

    private static List<byte[]> Packetize(List<byte[]> frames)
    {
        var sender = new RtpPacketizer(9, 96, 90_000);
        return [.. frames.SelectMany((frame, i) => sender.Vp8(frame, i * FrameTime))];
    }
}
