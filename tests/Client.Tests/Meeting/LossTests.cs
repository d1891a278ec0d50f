using Roomcast.Client.Media;
using Roomcast.Media;
using Roomcast.TestKit;
using Roomcast.TestKit.Network;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>Participants of ours behind a network that loses one datagram in twenty, both ways.</summary>
public sealed class LossTests : IAsyncLifetime
{
    private readonly MeetingServer _server = new("--public-ip", LossyNetwork.MediaAddress.ToString());
    private LossyNetwork _network = null!;

    public async Task InitializeAsync()
    {
        await _server.InitializeAsync();
        _network = LossyNetwork.Start(_server.Process.RtcPort, new NetworkConditions { Loss = 0.05, Delay = TimeSpan.FromMilliseconds(15), Jitter = TimeSpan.FromMilliseconds(5) });
    }

    public async Task DisposeAsync()
    {
        await _network.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Two_see_and_hear_each_other_through_loss_and_what_is_recorded_can_be_decoded()
    {
        using var folder = new TemporaryFolder();
        var meeting = await _server.CreateMeetingAsync();
        await using var alice = await _server.InitAsync(meeting, "Alice");
        await using var bob = await _server.InitAsync(meeting, "Bob");
        await alice.JoinAsync();
        await bob.JoinAsync();
        await SeesAsync(alice);
        await SeesAsync(bob);
        var seen = bob.Participants.Joined.ToArray()[0];
        var (picture, sound) = (folder.PathOf("picture.webm"), folder.PathOf("sound.webm"));
        await using (var pictures = new WebMRecorder(picture, TrackKind.Video))
        await using (var sounds = new WebMRecorder(sound, TrackKind.Audio))
        {
            seen.VideoTrack!.AddSink(pictures);
            seen.AudioTrack!.AddSink(sounds);
            var lost = _network.Lost;
            await MeetingServer.UntilAsync(() => pictures.Frames > 90 && sounds.Frames > 300, "enough is recorded");
            Assert.True(_network.Lost > lost, "The network lost nothing.");
        }

        // Whatever was lost, what is handed on can be decoded without a fault.
        foreach (var file in (string[])[picture, sound])
        {
            var (exitCode, errors) = await FfmpegTool.TryRunAsync("-v", "error", "-xerror", "-i", file, "-f", "null", "-");
            Assert.Equal((0, ""), (exitCode, errors.Trim()));
        }

        alice.LoseSocket();
        await MeetingServer.UntilAsync(() => !alice.Self.IsRoomJoined, "the loss of the socket is noticed");
        await MeetingServer.UntilAsync(() => alice.Self.IsRoomJoined, "Alice is back");
        await SeesAsync(alice);
        await SeesAsync(bob);
        await alice.Chat.SendTextMessageAsync("still here");
        await MeetingServer.UntilAsync(() => bob.Chat.Messages is [{ Text: "still here" }], "the message is heard");
    }

    /// <summary>Waits for frames that were not there before.</summary>
    private static async Task SeesAsync(RealtimeKitClient client)
    {
        await MeetingServer.UntilAsync(
            () => client.Participants.Joined.ToArray() is [{ VideoTrack: { IsEnded: false, Frames: > 10 }, AudioTrack: { IsEnded: false, Frames: > 20 } }],
            $"{client.Self.Name} sees and hears");
        var before = client.Participants.Joined.ToArray()[0];
        var (pictures, sounds) = (before.VideoTrack!.Frames, before.AudioTrack!.Frames);
        await MeetingServer.UntilAsync(
            () => client.Participants.Joined.ToArray() is [{ VideoTrack: { } video, AudioTrack: { } audio }] && video.Frames > pictures + 10 && audio.Frames > sounds + 20,
            $"{client.Self.Name} sees and hears more");
    }
}
