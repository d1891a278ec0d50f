using Roomcast.Client.Media;
using Roomcast.Client.Tests.Meeting;

namespace Roomcast.Client.Tests.Media;

/// <summary>What becomes of a sink of the application that fails.</summary>
[Collection(nameof(MeetingServer))]
public class SinkTests(MeetingServer server)
{
    [Fact]
    public async Task A_sink_that_throws_is_left_out_and_the_others_go_on()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var alice = await server.InitAsync(meeting, "Alice");
        await using var bob = await server.InitAsync(meeting, "Bob", change: static options => options with { Video = null, Audio = null, ScreenShare = null });
        var faults = new Heard();
        bob.HandlerFailed += fault => faults.Add(fault.Message);
        await alice.JoinAsync();
        await bob.JoinAsync();
        await MeetingServer.UntilAsync(() => bob.Participants.Joined.ToArray() is [{ VideoTrack: not null, AudioTrack: not null }], "the tracks are received");
        var seen = bob.Participants.Joined.ToArray()[0];
        var (failing, counting, sounds) = (new Failing(), new Counting(), new Counting());

        seen.VideoTrack!.AddSink(failing);
        seen.VideoTrack.AddSink(counting);
        seen.AudioTrack!.AddSink(sounds);
        await MeetingServer.UntilAsync(() => counting.Count > 20 && sounds.Count > 40, "pictures and sound go on");

        Assert.Equal((1, 1), (failing.Frames, failing.Ends));
        await bob.DrainEventsAsync();
        Assert.Equal(["no frame at all", "no end either"], faults.All);
    }

    private sealed class Failing : IFrameSink
    {
        public int Frames { get; private set; }

        public int Ends { get; private set; }

        public void OnFrame(in EncodedFrame frame)
        {
            Frames++;
            throw new InvalidOperationException("no frame at all");
        }

        public void OnEnded()
        {
            Ends++;
            throw new InvalidOperationException("no end either");
        }
    }

    private sealed class Counting : IFrameSink
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public void OnFrame(in EncodedFrame frame) => Interlocked.Increment(ref _count);

        public void OnEnded()
        {
        }
    }
}
