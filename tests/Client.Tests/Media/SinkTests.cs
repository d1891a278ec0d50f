using Roomcast.Client.Media;
using Roomcast.Client.Tests.Meeting;
using Roomcast.Media;
using Roomcast.Rtc.Clients;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;

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

    /// <remarks>
    /// Browsers make a keyframe when one is asked for, and otherwise none: a recorder that was added after the first one recorded nothing,
    /// however long it waited.
    /// </remarks>
    [Fact]
    public async Task A_sink_that_is_added_in_the_middle_gets_a_keyframe_of_a_sender_that_makes_them_only_for_who_asks()
    {
        using var folder = new TemporaryFolder();
        var coded = folder.PathOf("one-keyframe.ivf");
        await FfmpegTool.RunAsync(
            "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=15:duration=120", "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "100k", "-g", "9999", coded);
        var camera = IvfVideoSource.Read(await File.ReadAllBytesAsync(coded), repeats: false, jumps: true);
        var meeting = await server.CreateMeetingAsync();
        await using var alice = await server.InitAsync(meeting, "Alice", change: options => options with { Video = camera, Audio = null, ScreenShare = null });
        await using var bob = await server.InitAsync(meeting, "Bob", change: static options => options with { Video = null, Audio = null, ScreenShare = null });
        await alice.JoinAsync();
        await bob.JoinAsync();
        await MeetingServer.UntilAsync(() => bob.Participants.Joined.ToArray() is [{ VideoTrack.Frames: > 30 }], "pictures flow, and the first is long gone");
        var track = bob.Participants.Joined.ToArray()[0].VideoTrack!;
        var (first, second) = (new Counting(), new Counting());

        track.AddSink(first);
        await MeetingServer.UntilAsync(() => first.Count > 30, "the first sink is given pictures");
        track.AddSink(second);
        await MeetingServer.UntilAsync(() => second.Count > 30, "the second sink is given pictures");

        Assert.True(first.BeganWithKeyframe);
        Assert.True(second.BeganWithKeyframe);
        Assert.InRange(first.Keyframes, 2, 6); // Its own, the second one's, and what a busy machine has asked for twice.
    }

    [Fact]
    public void A_keyframe_is_wanted_for_a_sink_that_has_not_begun_and_for_one_that_says_so()
    {
        var track = new RemoteTrack("id", "peer", TrackKind.Video, isScreenShare: false, fault => throw fault);
        var (first, second) = (new Counting(), new Counting());
        Assert.False(track.Take(Picture(isKeyframe: false)));

        track.AddSink(first);
        track.AddSink(first);
        Assert.True(track.Take(Picture(isKeyframe: false)));
        Assert.False(track.Take(Picture(isKeyframe: true)));
        Assert.False(track.Take(Picture(isKeyframe: false)));
        Assert.Equal((2, true), (first.Count, first.BeganWithKeyframe));

        track.AddSink(second);
        Assert.True(track.Take(Picture(isKeyframe: false)));
        Assert.Equal((3, 0), (first.Count, second.Count));
        first.NeedsKeyframe = true;
        Assert.True(track.Take(Picture(isKeyframe: true)));
        first.NeedsKeyframe = false;
        Assert.False(track.Take(Picture(isKeyframe: false)));
        Assert.Equal((5, 2), (first.Count, second.Count));

        track.RemoveSink(first);
        Assert.False(track.Take(Picture(isKeyframe: false)));
        Assert.Equal((5, 3), (first.Count, second.Count));
    }

    private static ReceivedMediaFrame Picture(bool isKeyframe) =>
        new("2", TrackKind.Video, TimeSpan.Zero, TimeSpan.Zero, isKeyframe, isKeyframe ? 160 : 0, isKeyframe ? 90 : 0, new byte[] { 1 }, TimeSpan.Zero);

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

        public int Keyframes { get; private set; }

        public bool BeganWithKeyframe { get; private set; }

        public bool NeedsKeyframe { get; set; }

        public void OnFrame(in EncodedFrame frame)
        {
            BeganWithKeyframe |= _count == 0 && frame.IsKeyframe;
            Keyframes += frame.IsKeyframe ? 1 : 0;
            Interlocked.Increment(ref _count);
        }

        public void OnEnded()
        {
        }
    }
}
