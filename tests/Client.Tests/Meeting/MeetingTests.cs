using System.Collections.Concurrent;
using System.Text.Json;
using Roomcast.Client.Codecs;
using Roomcast.Client.Media;
using Roomcast.Client.Meeting;
using Roomcast.Media;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>Participants of ours in a meeting of the real server.</summary>
[Collection(nameof(MeetingServer))]
public sealed class MeetingTests(MeetingServer server)
{
    [Fact]
    public async Task Two_participants_see_and_hear_each_other_and_chat()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var alice = await server.InitAsync(meeting, "Alice");
        await using var bob = await server.InitAsync(meeting, "Bob");
        Assert.Equal((RoomState.Init, "Weekly", "Alice"), (alice.Self.RoomState, alice.Meta.MeetingTitle, alice.Self.Name));

        await alice.JoinAsync();
        await bob.JoinAsync();

        Assert.Equal(RoomState.Joined, alice.Self.RoomState);
        Assert.InRange(TimeProvider.System.GetUtcNow() - alice.Meta.MeetingStartedTimestamp!.Value, TimeSpan.FromSeconds(-1), MeetingServer.Patience);
        Assert.Equal(alice.Meta.MeetingStartedTimestamp, bob.Meta.MeetingStartedTimestamp);
        await MeetingServer.UntilAsync(() => alice.Participants.Joined.Count == 1 && bob.Participants.Joined.Count == 1, "both see each other in the list");
        var bobByAlice = Assert.Single(alice.Participants.Joined.ToArray());
        var aliceByBob = Assert.Single(bob.Participants.Joined.ToArray());
        Assert.Equal((bob.Self.Id, bob.Self.UserId, "Bob"), (bobByAlice.Id, bobByAlice.UserId, bobByAlice.Name));
        foreach (var seen in (Participant[])[bobByAlice, aliceByBob])
        {
            await MeetingServer.UntilAsync(() => seen.VideoTrack?.Frames > 20 && seen.AudioTrack?.Frames > 40, $"{seen.Name} is seen and heard");
            Assert.True(seen.AudioEnabled && seen.VideoEnabled);
        }

        await alice.Chat.SendTextMessageAsync("Grüße!");
        await MeetingServer.UntilAsync(() => bob.Chat.Messages.Count == 1 && alice.Chat.Messages.Count == 1, "both have the message");
        Assert.Equal(("Grüße!", "Alice", ChatMessageType.Text), (bob.Chat.Messages[0].Text, bob.Chat.Messages[0].DisplayName, bob.Chat.Messages[0].Type));

        await bob.LeaveAsync();
        await MeetingServer.UntilAsync(() => alice.Participants.Joined.Count == 0, "Bob is gone");
        Assert.Equal(RoomState.Left, bob.Self.RoomState);
        Assert.Null(alice.Participants.Joined.Get(bob.Self.Id));
    }

    [Fact]
    public async Task What_is_received_is_what_was_sent()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var alice = await server.InitAsync(meeting, "Alice");
        await using var bob = await server.InitAsync(meeting, "Bob", change: options => options with { Video = null, Audio = null });
        await alice.JoinAsync();
        await bob.JoinAsync();
        await MeetingServer.UntilAsync(() => bob.Participants.Joined.ToArray() is [{ VideoTrack: not null, AudioTrack: not null }], "the tracks are received");
        var seen = bob.Participants.Joined.ToArray()[0];
        var pictures = new Collected();
        var sounds = new Collected();
        seen.VideoTrack!.AddSink(pictures);
        seen.AudioTrack!.AddSink(sounds);

        await MeetingServer.UntilAsync(() => pictures.Count > 30 && sounds.Count > 100, "enough has arrived");

        await AssertFromAsync(new TestPatternSource(), pictures);
        await AssertFromAsync(new TestToneSource(), sounds);
        await alice.LeaveAsync();
        await MeetingServer.UntilAsync(() => pictures.IsEnded && sounds.IsEnded, "the sinks were told of the end");
    }

    [Fact]
    public async Task What_is_recorded_can_be_decoded_by_others()
    {
        using var folder = new TemporaryFolder();
        var meeting = await server.CreateMeetingAsync();
        await using var alice = await server.InitAsync(meeting, "Alice");
        await using var bob = await server.InitAsync(meeting, "Bob", change: options => options with { Video = null, Audio = null });
        await alice.JoinAsync();
        await bob.JoinAsync();
        await MeetingServer.UntilAsync(() => bob.Participants.Joined.ToArray() is [{ VideoTrack: not null, AudioTrack: not null }], "the tracks are received");
        var seen = bob.Participants.Joined.ToArray()[0];
        var (picture, sound) = (Path.Combine(folder.Path, "picture.webm"), Path.Combine(folder.Path, "sound.webm"));
        await using (var pictures = new WebMRecorder(picture, TrackKind.Video))
        await using (var sounds = new WebMRecorder(sound, TrackKind.Audio))
        {
            seen.VideoTrack!.AddSink(pictures);
            seen.AudioTrack!.AddSink(sounds);
            await MeetingServer.UntilAsync(() => pictures.Frames > 20 && sounds.Frames > 60, "enough is recorded");
            seen.VideoTrack.RemoveSink(pictures);
            seen.AudioTrack.RemoveSink(sounds);
        }

        foreach (var (file, codec) in ((string, string)[])[(picture, "vp8"), (sound, "opus")])
        {
            Assert.Contains(codec, await FfmpegTool.ProbeAsync("-show_entries", "stream=codec_name", "-of", "csv=p=0", file), StringComparison.Ordinal);
            var (exitCode, errors) = await FfmpegTool.TryRunAsync("-v", "error", "-xerror", "-i", file, "-f", "null", "-");
            Assert.Equal((0, ""), (exitCode, errors.Trim()));
        }
    }

    /// <remarks>A phone sends its pictures as its camera lies, and says by how much they are to be turned.</remarks>
    [Fact]
    public async Task Pictures_of_a_camera_that_lies_are_upright_where_they_are_received_and_recorded_and_sent_again()
    {
        using var folder = new TemporaryFolder();
        var meeting = await server.CreateMeetingAsync();
        await using var alice = await server.InitAsync(meeting, "Alice", change: options => options with { Video = new Lying(90), Audio = null });
        await using var bob = await server.InitAsync(meeting, "Bob", change: options => options with { Video = null, Audio = null });
        await alice.JoinAsync();
        await bob.JoinAsync();
        await MeetingServer.UntilAsync(() => bob.Participants.Joined.ToArray() is [{ VideoTrack: not null }], "the track is received");
        var track = bob.Participants.Joined.ToArray()[0].VideoTrack!;
        var (file, turns) = (folder.PathOf("picture.webm"), new ConcurrentBag<int>());
        using (var decoder = new DecodingSink(picture => turns.Add(picture.RotationDegrees)))
        await using (var recorder = new WebMRecorder(file, TrackKind.Video))
        {
            track.AddSink(recorder);
            track.AddSink(decoder);
            await MeetingServer.UntilAsync(() => recorder.Frames > 20 && turns.Count > 20, "enough is recorded and decoded");
            track.RemoveSink(recorder);
            track.RemoveSink(decoder);
        }

        Assert.All(turns, rotation => Assert.Equal(90, rotation));

        // FFmpeg counts counterclockwise.
        Assert.Equal("-90", (await FfmpegTool.ProbeAsync("-v", "fatal", "-show_entries", "stream_side_data=rotation", "-of", "csv=p=0", file)).Trim());
        Assert.Equal(90, (await (await WebMVideoSource.OpenAsync(file)).ReadAsync(false, default))!.Value.RotationDegrees);
    }

    [Fact]
    public async Task What_is_switched_off_is_off_for_the_others_and_may_be_switched_on_again()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var alice = await server.InitAsync(meeting, "Alice");
        await using var bob = await server.InitAsync(meeting, "Bob");
        await alice.JoinAsync();
        await bob.JoinAsync();
        await MeetingServer.UntilAsync(() => bob.Participants.Joined.ToArray() is [{ VideoEnabled: true, AudioEnabled: true }], "Alice sends");
        var seen = bob.Participants.Joined.ToArray()[0];

        await alice.Self.DisableVideoAsync();
        await alice.Self.DisableAudioAsync();

        Assert.False(alice.Self.VideoEnabled || alice.Self.AudioEnabled);
        await MeetingServer.UntilAsync(() => !seen.VideoEnabled && !seen.AudioEnabled && seen.VideoTrack is null, "both are off");

        await alice.Self.EnableVideoAsync();
        await alice.Self.EnableScreenShareAsync();
        await MeetingServer.UntilAsync(() => seen.VideoTrack?.Frames > 5 && seen.ScreenShareTracks is [{ Frames: > 5 }], "picture and screen are seen");

        await alice.Self.DisableScreenShareAsync();
        await MeetingServer.UntilAsync(() => !seen.ScreenShareEnabled && seen.ScreenShareTracks.Count == 0, "the screen is no longer shared");
    }

    [Fact]
    public async Task A_host_mutes_pins_and_kicks()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await server.InitAsync(meeting, "Host");
        await using var guest = await server.InitAsync(meeting, "Guest", "group_call_participant");
        await host.JoinAsync();
        await guest.JoinAsync();
        await MeetingServer.UntilAsync(() => host.Participants.Joined.ToArray() is [{ AudioEnabled: true }], "the guest sends");
        var seen = host.Participants.Joined.ToArray()[0];

        await seen.DisableAudioAsync();
        await MeetingServer.UntilAsync(() => !guest.Self.AudioEnabled && !seen.AudioEnabled, "the guest is muted");
        await seen.PinAsync();
        await MeetingServer.UntilAsync(() => host.Participants.Pinned.Count == 1 && seen.IsPinned, "the guest is pinned");
        await seen.UnpinAsync();
        await MeetingServer.UntilAsync(() => host.Participants.Pinned.Count == 0, "the pin is gone");
        var refused = await Assert.ThrowsAsync<RealtimeKitException>(() => guest.Participants.Joined.ToArray()[0].DisableAudioAsync());
        Assert.Equal(RealtimeKitError.Refused, refused.Error);

        await seen.KickAsync();
        await MeetingServer.UntilAsync(() => guest.Self.RoomState is RoomState.Kicked && host.Participants.Joined.Count == 0, "the guest is gone");
    }

    [Fact]
    public async Task Polls_stores_plugins_and_messages_of_applications_are_shared()
    {
        var meeting = await server.CreateMeetingAsync();
        RealtimeKitOptions WithPlugin(RealtimeKitOptions options) => options with { Video = null, Audio = null, Plugins = [new PluginDefinition("board", "Board")] };
        await using var alice = await server.InitAsync(meeting, "Alice", change: WithPlugin);
        await using var bob = await server.InitAsync(meeting, "Bob", change: WithPlugin);
        await alice.JoinAsync();
        await bob.JoinAsync();

        await alice.Polls.CreateAsync("Tea or coffee?", ["Tea", "Coffee"]);
        await MeetingServer.UntilAsync(() => bob.Polls.Items.Count == 1, "the poll is there");
        await bob.Polls.VoteAsync(bob.Polls.Items[0].Id, 1);
        await MeetingServer.UntilAsync(() => alice.Polls.Items is [{ Options: [{ Count: 0 }, { Count: 1 }] }], "the vote is counted");

        var store = await alice.Stores.CreateAsync("scores");
        await store.SetAsync("alice", JsonDocument.Parse("7").RootElement);
        var other = await bob.Stores.CreateAsync("scores");
        await MeetingServer.UntilAsync(() => other.Get("alice")?.GetInt32() == 7, "the value is shared");
        await other.DeleteAsync("alice");
        await MeetingServer.UntilAsync(() => store.Get("alice") is null, "the key is deleted");

        await alice.Plugins.ActivateAsync("board");
        await MeetingServer.UntilAsync(() => bob.Plugins.Active is [{ Id: "board" }], "the plugin is active");
        Assert.Equal(alice.Self.Id, bob.Plugins.Active[0].EnabledBy);
        await bob.Plugins.DeactivateAsync("board");
        await MeetingServer.UntilAsync(() => alice.Plugins.Active.Count == 0, "the plugin is not active");

        BroadcastedMessage? heard = null;
        bob.Participants.MessageBroadcasted += message => heard = message;
        await alice.Participants.BroadcastMessageAsync("hand", JsonDocument.Parse("""{"up":true}""").RootElement);
        await MeetingServer.UntilAsync(() => heard is not null, "the message is heard");
        Assert.Equal(("hand", true), (heard!.Type, heard.Payload.GetProperty("up").GetBoolean()));
    }

    [Fact]
    public async Task Messages_are_edited_pinned_and_deleted_and_files_uploaded()
    {
        var meeting = await server.CreateMeetingAsync();
        using var handler = server.CreateTrustingHandler();
        RealtimeKitOptions Mute(RealtimeKitOptions options) => options with { Video = null, Audio = null, HttpHandler = handler };
        await using var alice = await server.InitAsync(meeting, "Alice", change: Mute);
        await using var bob = await server.InitAsync(meeting, "Bob", change: Mute);
        await alice.JoinAsync();
        await bob.JoinAsync();
        await alice.Chat.SendTextMessageAsync("one");
        await MeetingServer.UntilAsync(() => alice.Chat.Messages.Count == 1, "the message is there");
        var id = alice.Chat.Messages[0].Id;

        await alice.Chat.EditTextMessageAsync(id, "two");
        await alice.Chat.PinAsync(id);
        await MeetingServer.UntilAsync(() => bob.Chat.Messages is [{ Text: "two", IsEdited: true, IsPinned: true }], "it is changed and pinned");
        await alice.Chat.SendFileMessageAsync("notes.txt", "content"u8.ToArray());
        await MeetingServer.UntilAsync(() => bob.Chat.Messages.Count == 2, "the file is there");
        Assert.Equal("notes.txt", bob.Chat.Messages[1].FileName);
        using var http = new HttpClient(handler, disposeHandler: false);
        Assert.Equal("content", await http.GetStringAsync(new Uri(bob.Chat.Messages[1].Link!)));
        await alice.Chat.DeleteMessageAsync(id);
        await MeetingServer.UntilAsync(() => bob.Chat.Messages.Count == 1, "it is deleted");
        Assert.Equal(2, (await bob.Chat.GetMessagesAsync(TimeProvider.System.GetUtcNow().AddMinutes(1), 50)).Count + 1);
    }

    [Fact]
    public async Task A_meeting_goes_on_after_its_socket_was_lost()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var alice = await server.InitAsync(meeting, "Alice");
        await using var bob = await server.InitAsync(meeting, "Bob");
        await alice.JoinAsync();
        await bob.JoinAsync();
        await MeetingServer.UntilAsync(() => bob.Participants.Joined.ToArray() is [{ VideoTrack.Frames: > 5 }], "Alice is seen");
        var again = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        alice.Self.RoomJoined += isAgain => (isAgain ? again : new()).TrySetResult();

        alice.LoseSocket();

        await again.Task.WaitAsync(MeetingServer.Patience);
        Assert.Equal(RoomState.Joined, alice.Self.RoomState);
        await MeetingServer.UntilAsync(
            () => bob.Participants.Joined.ToArray() is [{ VideoTrack.Frames: > 5, AudioTrack.Frames: > 5 }], "Alice is seen again");
        await MeetingServer.UntilAsync(() => alice.Participants.Joined.ToArray() is [{ VideoTrack.Frames: > 5 }], "Bob is seen by Alice");
        await alice.Chat.SendTextMessageAsync("back");
        await MeetingServer.UntilAsync(() => bob.Chat.Messages is [{ Text: "back" }], "the message is heard");
    }

    [Fact]
    public async Task An_audience_comes_on_stage_is_seen_and_leaves_it_again()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await server.InitAsync(meeting, "Host", "webinar_presenter");
        await using var viewer = await server.InitAsync(meeting, "Viewer", "webinar_viewer");
        await host.JoinAsync();
        await viewer.JoinAsync();
        Assert.Equal((StageStatus.OnStage, StageStatus.OffStage), (host.Stage.Status, viewer.Stage.Status));
        await MeetingServer.UntilAsync(() => viewer.Participants.Active.ToArray() is [{ VideoTrack.Frames: > 5 }], "the host is seen");
        Assert.Equal((0, false, false), (viewer.Self.VideoFramesSent, viewer.Self.VideoEnabled, viewer.Self.AudioEnabled));

        await viewer.Stage.RequestAccessAsync();
        await MeetingServer.UntilAsync(() => host.Stage.AccessRequests.Count == 1, "the host is asked");
        await host.Stage.GrantAccessAsync([viewer.Self.UserId]);
        await MeetingServer.UntilAsync(() => viewer.Stage.Status is StageStatus.AcceptedToJoinStage, "the viewer may come");
        await viewer.Stage.JoinAsync();
        await MeetingServer.UntilAsync(() => host.Participants.Active.ToArray() is [{ VideoTrack.Frames: > 5 }], "the viewer is on stage, and seen");
        Assert.True(viewer.Self is { VideoEnabled: true, AudioEnabled: true });
        await viewer.Self.DisableAudioAsync();

        await viewer.Stage.LeaveAsync();
        await MeetingServer.UntilAsync(() => host.Participants.Active.Count == 0 && host.Participants.Joined.Count == 1, "the viewer has left the stage");
        Assert.Equal((StageStatus.OffStage, false), (viewer.Stage.Status, viewer.Self.VideoEnabled));
    }

    [Fact]
    public async Task State_has_changed_before_events_tell_of_it_and_they_come_one_at_a_time()
    {
        var meeting = await server.CreateMeetingAsync();
        static RealtimeKitOptions Mute(RealtimeKitOptions options) => options with { Video = null, Audio = null };
        await using var alice = await server.InitAsync(meeting, "Alice", change: Mute);
        var counts = new List<int>();
        var running = 0;
        var overlaps = 0;
        void Note(int count)
        {
            overlaps += Interlocked.Increment(ref running) > 1 ? 1 : 0;
            counts.Add(count);
            Interlocked.Decrement(ref running);
        }

        alice.Participants.Joined.ParticipantJoined += participant =>
        {
            Assert.Same(participant, alice.Participants.Joined.Get(participant.Id));
            Note(alice.Participants.Joined.Count);
        };
        alice.Participants.Joined.ParticipantLeft += participant => Note(alice.Participants.Joined.Get(participant.Id) is null ? -1 : 0);
        var faults = new List<Exception>();
        alice.HandlerFailed += faults.Add;
        await alice.JoinAsync();
        await using (var bob = await server.InitAsync(meeting, "Bob", change: Mute))
        {
            await bob.JoinAsync();
        }

        await MeetingServer.UntilAsync(() => counts.Count >= 2, "Bob came and went");
        Assert.Equal((0, 0), (overlaps, faults.Count));
        Assert.Equal([1, -1], counts);
    }

    [Fact]
    public async Task A_handler_that_throws_keeps_none_from_the_others_of_the_same_event()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var alice = await server.InitAsync(meeting, "Alice", change: static options => options with { Video = null, Audio = null });
        var told = new Heard();
        alice.HandlerFailed += _ => throw new InvalidOperationException("So does the one for this.");
        alice.HandlerFailed += fault => told.Add(fault.Message);
        alice.Self.RoomJoined += _ => throw new InvalidOperationException("first");
        alice.Self.RoomJoined += isAgain => told.Add($"joined {isAgain}");
        alice.Self.RoomJoined += _ => throw new InvalidOperationException("third");
        alice.Chat.ChatUpdated += _ => throw new InvalidOperationException("chat");
        alice.Chat.ChatUpdated += update => told.Add(update.Message.Text);

        await alice.JoinAsync();
        await alice.Chat.SendTextMessageAsync("Hello!");

        await told.UntilAsync("chat");
        Assert.Equal(["joined False", "first", "third", "Hello!", "chat"], told.All);
    }

    [Fact]
    public async Task A_token_that_is_none_and_one_that_is_forged_are_refused_by_kind()
    {
        var none = await Assert.ThrowsAsync<RealtimeKitException>(() => RealtimeKitClient.InitAsync(new() { AuthToken = "x", BaseUri = server.Base }));
        Assert.Equal(RealtimeKitError.InvalidToken, none.Error);

        var token = await server.AddAsync(await server.CreateMeetingAsync(), "Alice");
        var forged = await Assert.ThrowsAsync<RealtimeKitException>(
            () => RealtimeKitClient.InitAsync(new() { AuthToken = token[..^4] + "AAAA", BaseUri = server.Base }));
        Assert.Equal(RealtimeKitError.InvalidToken, forged.Error);
        Assert.DoesNotContain(token[..40], forged.ToString(), StringComparison.Ordinal);
    }

    private static async Task AssertFromAsync(StoredSource source, Collected received)
    {
        var sent = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < source.Count; i++)
        {
            sent.Add(Convert.ToHexString((await source.ReadAsync(false, default))!.Value.Data.Span));
        }

        Assert.All(received.Frames, frame => Assert.Contains(frame, sent));
    }

    /// <summary>The test pattern of a camera that lies on its side.</summary>
    private sealed class Lying(int rotationDegrees) : IVideoSource
    {
        private readonly TestPatternSource _upright = new();

        public async ValueTask<EncodedFrame?> ReadAsync(bool isKeyframeWanted, CancellationToken cancellationToken) =>
            await _upright.ReadAsync(isKeyframeWanted, cancellationToken) is { } frame ? frame with { RotationDegrees = rotationDegrees } : null;
    }

    private sealed class Collected : IFrameSink
    {
        private readonly List<string> _frames = [];

        public int Count
        {
            get
            {
                lock (_frames)
                {
                    return _frames.Count;
                }
            }
        }

        public IReadOnlyList<string> Frames
        {
            get
            {
                lock (_frames)
                {
                    return [.. _frames];
                }
            }
        }

        public bool IsEnded { get; private set; }

        public void OnFrame(in EncodedFrame frame)
        {
            lock (_frames)
            {
                _frames.Add(Convert.ToHexString(frame.Data.Span));
            }
        }

        public void OnEnded() => IsEnded = true;
    }
}
