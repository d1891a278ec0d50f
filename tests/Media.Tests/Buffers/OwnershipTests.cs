using Roomcast.Media.Buffers;
using Roomcast.Media.Time;

namespace Roomcast.Media.Tests.Buffers;

/// <summary>Counting of owners. The counter of outstanding buffers is the process's, so these tests run by themselves.</summary>
[Collection("The process's buffers")]
public sealed class OwnershipTests
{
    [Fact]
    public void A_buffer_goes_back_with_its_last_owner()
    {
        var before = MediaBuffer.Outstanding;
        var buffer = MediaBuffer.Rent(1_000);
        Assert.Equal((1_000, 1_000), (buffer.Length, buffer.Span.Length));
        buffer.Retain();
        buffer.Release();
        Assert.Equal(before + 1, MediaBuffer.Outstanding);
        buffer.Release();
        Assert.Equal(before, MediaBuffer.Outstanding);
    }

    [Fact]
    public void A_frame_holds_its_buffer_until_its_own_last_owner_lets_go()
    {
        var before = MediaBuffer.Outstanding;
        var buffer = MediaBuffer.Rent(10);
        buffer.Span.Fill(7);
        var frame = Frame.Create(1, MediaTime.Zero, MediaTime.Zero, TimeSpan.Zero, isKeyframe: true, buffer, offset: 2, length: 5);
        buffer.Release();
        frame.Retain();
        frame.Release();

        Assert.Equal([7, 7, 7, 7, 7], frame.Payload.ToArray());
        Assert.Equal(before + 1, MediaBuffer.Outstanding);

        frame.Release();
        Assert.Equal(before, MediaBuffer.Outstanding);
        Assert.Throws<InvalidOperationException>(() => frame.Payload);
    }

    [Fact]
    public void A_frame_cannot_reach_outside_its_buffer()
    {
        var buffer = MediaBuffer.Rent(10);
        Assert.Throws<ArgumentOutOfRangeException>(() => At(buffer, 6, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => At(buffer, -1, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => At(buffer, 0, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => At(buffer, int.MaxValue, 1));
        buffer.Release();

        static Frame At(MediaBuffer buffer, int offset, int length) =>
            Frame.Create(0, MediaTime.Zero, MediaTime.Zero, TimeSpan.Zero, isKeyframe: true, buffer, offset, length);
    }

    [Fact]
    public void An_empty_buffer_is_a_buffer()
    {
        var before = MediaBuffer.Outstanding;
        var frame = Frame.CopyOf(0, MediaTime.Zero, MediaTime.Zero, TimeSpan.Zero, isKeyframe: true, []);
        Assert.Equal(0, frame.Payload.Length);
        frame.Release();
        Assert.Equal(before, MediaBuffer.Outstanding);
    }

    [Fact]
    public async Task Owners_on_many_threads_let_go_exactly_once()
    {
        const int Owners = 8;
        const int Rounds = 2_000;
        var before = MediaBuffer.Outstanding;
        using var barrier = new Barrier(Owners);
        var shared = new Frame[Rounds];
        for (var round = 0; round < Rounds; round++)
        {
            shared[round] = Frame.CopyOf(
                round, new MediaTime(round), new MediaTime(round), TimeSpan.Zero, isKeyframe: false, BitConverter.GetBytes(round));
            for (var owner = 1; owner < Owners; owner++)
            {
                shared[round].Retain();
            }
        }

        var wrong = 0;
        await Task.WhenAll(Enumerable.Range(0, Owners).Select(owner => Task.Run(() =>
        {
            barrier.SignalAndWait();
            for (var i = 0; i < Rounds; i++)
            {
                // Each owner goes through them in another order, renting on the way, so that objects are used again at once.
                var round = (i * ((2 * owner) + 1)) % Rounds;
                var frame = shared[round];
                frame.Retain();
                var own = Frame.CopyOf(-1, MediaTime.Zero, MediaTime.Zero, TimeSpan.Zero, isKeyframe: false, [1, 2, 3, 4]);
                if (frame.TrackId != round || BitConverter.ToInt32(frame.Payload.Span) != round || own.Payload.Span[3] != 4)
                {
                    Interlocked.Increment(ref wrong);
                }

                own.Release();
                frame.Release();
            }
        })));
        Assert.Equal(before + Rounds, MediaBuffer.Outstanding);

        await Task.WhenAll(Enumerable.Range(0, Owners).Select(_ => Task.Run(() =>
        {
            foreach (var frame in shared)
            {
                frame.Release();
            }
        })));

        Assert.Equal(0, wrong);
        Assert.Equal(before, MediaBuffer.Outstanding);
    }

    [Fact]
    public void Renting_and_letting_go_costs_no_memory_in_the_long_run()
    {
        Round();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            Round();
        }

        // The spare lists may grow by a segment now and then; frames and buffers do not.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 * 1_024);

        static void Round() =>
            Frame.CopyOf(0, MediaTime.Zero, MediaTime.Zero, TimeSpan.Zero, isKeyframe: true, stackalloc byte[512]).Release();
    }

#if DEBUG
    [Fact]
    public void Letting_go_twice_is_noticed_while_debugging()
    {
        var buffer = MediaBuffer.Rent(4);
        buffer.Release();
        Assert.ThrowsAny<Exception>(buffer.Release);
        Assert.ThrowsAny<Exception>(buffer.Retain);

        var frame = Frame.CopyOf(0, MediaTime.Zero, MediaTime.Zero, TimeSpan.Zero, isKeyframe: true, [1]);
        frame.Release();
        Assert.ThrowsAny<Exception>(frame.Release);
    }
#endif
}

/// <summary>Runs alone: the counter is shared by the process.</summary>
[CollectionDefinition("The process's buffers", DisableParallelization = true)]
public sealed class ProcessBuffersDefinition;
