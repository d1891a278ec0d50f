using System.Text.Json.Nodes;
using Roomcast.Client.Meeting;
using Roomcast.TestKit.Speech;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>What a host does with a meeting of the real server: lets people in, records, goes live, and parts it.</summary>
[Collection(nameof(MeetingServer))]
public sealed class HostTests(MeetingServer server)
{
    [Fact]
    public async Task Who_waits_is_let_in_or_turned_away()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await InitAsync(meeting, "Host");
        await host.JoinAsync();
        await using var guest = await InitAsync(meeting, "Guest", "group_call_guest");
        await using var other = await InitAsync(meeting, "Other", "group_call_guest");
        var waited = 0;
        guest.Self.Waitlisted += () => waited++;
        var came = new Heard();
        host.Participants.Waitlisted.ParticipantJoined += participant => came.Add(participant.Name);
        var entering = guest.JoinAsync();
        await came.UntilAsync("Guest");
        var knocking = other.JoinAsync();
        await came.UntilAsync("Other");
        await MeetingServer.UntilAsync(() => host.Participants.Waitlisted.Count == 2, "both wait");
        Assert.Equal((RoomState.Waitlisted, RoomState.Waitlisted), (guest.Self.RoomState, other.Self.RoomState));
        Assert.Empty(host.Participants.Joined);

        await host.Participants.AcceptWaitingRoomRequestAsync(IdOf("Guest"));
        await entering.WaitAsync(MeetingServer.Patience);
        await MeetingServer.UntilAsync(() => host.Participants.Joined.ToArray() is [{ Name: "Guest" }] && host.Participants.Waitlisted.Count == 1, "the guest is in");
        await host.Participants.RejectWaitingRoomRequestAsync(IdOf("Other"));
        var refused = await Assert.ThrowsAsync<RealtimeKitException>(() => knocking.WaitAsync(MeetingServer.Patience));

        Assert.Equal(RealtimeKitError.NotAllowed, refused.Error);
        await MeetingServer.UntilAsync(() => other.Self.RoomState is RoomState.Rejected && host.Participants.Waitlisted.Count == 0, "the other is turned away");
        Assert.Equal((RoomState.Joined, 1), (guest.Self.RoomState, waited));

        string IdOf(string name) => host.Participants.Waitlisted.Single(participant => participant.Name == name).Id;
    }

    [Fact]
    public async Task Who_waits_while_the_socket_is_lost_waits_on()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await InitAsync(meeting, "Host");
        await host.JoinAsync();
        await using var guest = await InitAsync(meeting, "Guest", "group_call_guest");
        var entering = guest.JoinAsync();
        await MeetingServer.UntilAsync(() => host.Participants.Waitlisted.Count == 1, "the guest waits");

        guest.LoseSocket();
        Assert.False(entering.IsCompleted);
        for (var began = TimeProvider.System.GetTimestamp(); !entering.IsCompleted && TimeProvider.System.GetElapsedTime(began) < MeetingServer.Patience; await Task.Delay(100))
        {
            // Whether the server has seen the loss, and the return, is not told to the host.
            await host.Participants.AcceptAllWaitingRoomRequestsAsync();
        }

        await entering.WaitAsync(MeetingServer.Patience);
        Assert.Equal(RoomState.Joined, guest.Self.RoomState);
    }

    [Fact]
    public async Task A_meeting_is_recorded_rests_goes_on_and_is_ended()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await server.InitAsync(meeting, "Host");
        await using var guest = await InitAsync(meeting, "Guest", "group_call_participant");
        await host.JoinAsync();
        await guest.JoinAsync();
        var states = new Heard();
        guest.Recording.RecordingUpdated += state => states.Add($"{state} {guest.Recording.RecordingState}");

        var id = await host.Recording.StartAsync();
        await states.UntilAsync("Recording Recording");
        Assert.Equal(id, Assert.Single(guest.Recording.Recordings).Id);
        Assert.Equal(RealtimeKitError.AlreadyRunning, (await Assert.ThrowsAsync<RealtimeKitException>(() => host.Recording.StartAsync())).Error);
        await MeetingServer.UntilAsync(() => host.Recording.RecordingState is RecordingState.Recording, "the host is told");
        await host.Recording.PauseAsync();
        await states.UntilAsync("Paused Paused");
        await using (var late = await InitAsync(meeting, "Late"))
        {
            await late.JoinAsync();
            Assert.Equal((id, RecordingState.Paused), (Assert.Single(late.Recording.Recordings).Id, late.Recording.RecordingState));
        }

        await host.Recording.ResumeAsync();
        await MeetingServer.UntilAsync(() => guest.Recording.RecordingState is RecordingState.Recording, "it goes on");
        await host.Recording.StopAsync();
        await states.UntilAsync("Idle Idle");
        Assert.Empty(guest.Recording.Recordings);
        await server.UntilAsync($"/recordings/{id}", answer => (string?)answer["data"]!["status"] is "UPLOADING" or "UPLOADED", "the recording is kept");
    }

    [Fact]
    public async Task A_meeting_goes_live_is_watched_and_goes_off_air()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await server.InitAsync(meeting, "Host", "livestream_host");
        await using var viewer = await InitAsync(meeting, "Viewer", "livestream_viewer");
        await host.JoinAsync();
        await viewer.JoinAsync();
        Assert.Equal(LivestreamState.Idle, viewer.Livestream.State);
        Assert.Null(viewer.Livestream.PlaybackUrl);
        var told = new Heard();
        var measured = new Heard();
        host.Livestream.Updated += state => told.Add($"host {state} {host.Livestream.State}");
        viewer.Livestream.Updated += state => told.Add($"viewer {state} {viewer.Livestream.PlaybackUrl is not null}");
        host.Livestream.Telemetry = what => measured.Add($"{what.Name} {what.State}");

        await host.Livestream.StartAsync();
        await MeetingServer.UntilAsync(
            () => host.Livestream.State is LivestreamState.Livestreaming && viewer.Livestream.State is LivestreamState.Livestreaming, "it is on air");
        Assert.Equal(host.Livestream.PlaybackUrl, viewer.Livestream.PlaybackUrl);
        Assert.StartsWith("#EXTM3U", await server.GetPlaylistAsync(new Uri(viewer.Livestream.PlaybackUrl!)), StringComparison.Ordinal);
        Assert.Equal(RealtimeKitError.AlreadyRunning, (await Assert.ThrowsAsync<RealtimeKitException>(() => host.Livestream.StartAsync())).Error);
        await MeetingServer.UntilAsync(() => host.Livestream.ViewerCount == 2, "two are counted");
        await using (var late = await InitAsync(meeting, "Late", "livestream_viewer"))
        {
            await late.JoinAsync();
            Assert.Equal((LivestreamState.Livestreaming, host.Livestream.PlaybackUrl), (late.Livestream.State, late.Livestream.PlaybackUrl));
            await MeetingServer.UntilAsync(() => host.Livestream.ViewerCount == 3, "three are counted");
        }

        host.LoseSocket();
        await MeetingServer.UntilAsync(() => host.Self.RoomState is RoomState.Disconnected, "the loss is noticed");
        await MeetingServer.UntilAsync(() => host.Self.IsRoomJoined, "the host is back");
        Assert.Equal(LivestreamState.Livestreaming, host.Livestream.State);
        await host.Livestream.StopAsync();
        await MeetingServer.UntilAsync(
            () => host.Livestream is { State: LivestreamState.Idle, PlaybackUrl: null } && viewer.Livestream is { State: LivestreamState.Idle, PlaybackUrl: null }, "it is off air");
        Assert.Equal(RealtimeKitError.WrongState, (await Assert.ThrowsAsync<RealtimeKitException>(() => host.Livestream.StopAsync())).Error);
        await host.DrainEventsAsync();
        await viewer.DrainEventsAsync();

        // What an application sets is told as what the server tells is.
        host.Livestream.SetLivestreamState(LivestreamState.Stopping);
        Assert.Equal(LivestreamState.Stopping, host.Livestream.State);
        await host.DrainEventsAsync();
        Assert.Contains("host Stopping Stopping", told.All);
        Assert.Contains("host Starting Starting", told.All);
        Assert.Equal(["viewer Livestreaming True", "viewer Idle False"], told.All.Where(what => what.StartsWith("viewer", StringComparison.Ordinal)));
        Assert.Contains("start Starting", measured.All);
        Assert.Contains("stopped Idle", measured.All);
    }

    [Fact]
    public async Task An_encoder_of_the_hosts_own_is_told_where_to_publish()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await InitAsync(meeting, "Host", "livestream_host");
        await using var viewer = await InitAsync(meeting, "Viewer", "livestream_viewer");
        await using var other = await InitAsync(meeting, "Other host", "livestream_host");
        await host.JoinAsync();
        await viewer.JoinAsync();
        await other.JoinAsync();

        await host.Livestream.StartAsync(new StartLivestreamConfig { ManualIngestion = true });
        await MeetingServer.UntilAsync(
            () => host.Livestream.State is LivestreamState.WaitingOnManualIngestion && viewer.Livestream.State is LivestreamState.WaitingOnManualIngestion, "an encoder is waited for");

        var credentials = Assert.IsType<IngestionCredentials>(host.Livestream.IngestionCredentials);
        Assert.StartsWith("rtmp", credentials.IngestionServer, StringComparison.Ordinal);
        Assert.DoesNotContain(credentials.StreamKey, credentials.ToString(), StringComparison.Ordinal);
        await MeetingServer.UntilAsync(() => other.Livestream.IngestionCredentials == credentials, "the other host knows it too");
        Assert.Null(viewer.Livestream.IngestionCredentials);
        await host.Livestream.StopAsync();
        await MeetingServer.UntilAsync(() => host.Livestream.State is LivestreamState.Idle && host.Livestream.IngestionCredentials is null, "it is over");
    }

    [Fact]
    public async Task A_meeting_is_parted_and_its_participants_move()
    {
        var meeting = await server.CreateMeetingAsync("Plenary");
        await using var host = await InitAsync(meeting, "Host");
        await using var guest = await InitAsync(meeting, "Guest", "group_call_participant");
        await host.JoinAsync();
        await guest.JoinAsync();
        var transferred = new TaskCompletionSource<(string Meeting, string Token)>(TaskCreationOptions.RunContinuationsAsynchronously);
        guest.ConnectedMeetings.Transferred += (to, token) => transferred.TrySetResult((to, token));

        var made = await host.ConnectedMeetings.CreateMeetingsAsync(["Red", "Blue"]);
        Assert.Equal(2, made.OfType<string>().Distinct().Count());
        await MeetingServer.UntilAsync(() => host.ConnectedMeetings is { IsActive: true, Meetings.Count: 2, ParentMeeting: not null }, "the meetings are known");
        Assert.Equal(meeting, host.ConnectedMeetings.ParentMeeting!.Id);
        Assert.Equal(["Blue", "Red"], host.ConnectedMeetings.Meetings.Select(each => each.Title).Order(StringComparer.Ordinal));
        var stayed = Assert.Single(await host.ConnectedMeetings.MoveParticipantsAsync(meeting, made[0]!, [guest.Self.UserId, "nobody"]));
        Assert.Equal("nobody", stayed.ParticipantId);
        Assert.NotEmpty(stayed.Reason);

        var (to, token) = await transferred.Task.WaitAsync(MeetingServer.Patience);
        Assert.Equal(made[0], to);
        await using var moved = await RealtimeKitClient.InitAsync(new() { AuthToken = token, BaseUri = server.Base, RequestTimeout = MeetingServer.Patience });
        await moved.JoinAsync();
        Assert.Equal((to, "Guest"), (moved.Meta.MeetingId, moved.Self.Name));
        await host.ConnectedMeetings.GetConnectedMeetingsAsync();
        await MeetingServer.UntilAsync(
            () => host.ConnectedMeetings.Meetings.Single(each => each.Id == to).Participants.Any(participant => participant.Name == "Guest"), "the guest is seen there");
        await moved.LeaveAsync();
        await host.ConnectedMeetings.DeleteMeetingsAsync(made.OfType<string>());
        await MeetingServer.UntilAsync(() => !host.ConnectedMeetings.IsActive, "the meetings are gone");
    }

    [Fact]
    public async Task Who_is_moved_to_another_meeting_is_there_without_the_applications_doing()
    {
        var meeting = await server.CreateMeetingAsync("Plenary");
        await using var host = await InitAsync(meeting, "Host");
        await using var guest = await server.InitAsync(meeting, "Guest", "group_call_participant");
        await host.JoinAsync();
        await guest.JoinAsync();
        await guest.Self.DisableVideoAsync();
        var followed = new TaskCompletionSource<RealtimeKitClient>(TaskCreationOptions.RunContinuationsAsynchronously);
        var came = new Heard();
        guest.ConnectedMeetings.MeetingChanged += other =>
        {
            other.Self.RoomJoined += _ => came.Add(other.Meta.MeetingId);
            followed.SetResult(other);
        };
        var red = (await host.ConnectedMeetings.CreateMeetingsAsync(["Red"]))[0]!;

        await host.ConnectedMeetings.MoveParticipantsAsync(meeting, red, [guest.Self.UserId]);

        await using var moved = await followed.Task.WaitAsync(MeetingServer.Patience);
        await came.UntilAsync(red);
        await MeetingServer.UntilAsync(() => moved.Self is { AudioEnabled: true, VideoEnabled: false, AudioFramesSent: > 20 }, "sound is sent there, and no pictures");
        Assert.Equal((RoomState.Left, "Guest"), (guest.Self.RoomState, moved.Self.Name));
        await MeetingServer.UntilAsync(() => host.Participants.Joined.Count == 0, "the guest has left");
    }

    [Fact]
    public async Task What_is_said_is_written_down()
    {
        await using var endpoint = await HearingEndpoint.StartAsync();
        var listening = new MeetingServer("--transcription-url", endpoint.Address.AbsoluteUri, "--transcription-longest-piece", "2s");
        await listening.InitializeAsync();
        try
        {
            var meeting = await listening.CreateMeetingAsync("Spoken", new JsonObject { ["transcribe_on_end"] = true });
            await listening.CreatePresetAsync("reader", "group_call_host", preset => preset["permissions"]!["transcription_enabled"] = true);
            await using var host = await listening.InitAsync(meeting, "Host", "reader", static options => options with { Video = null, Audio = null });
            var heard = new Heard();
            host.Ai.TranscriptAdded += item => heard.Add($"{item.Name}: {item.Text} {host.Ai.Transcripts.Contains(item)}");
            await host.JoinAsync();
            await using var speaker = await listening.InitAsync(meeting, "Speaker", change: static options => options with { Video = null });
            await speaker.JoinAsync();

            await heard.UntilAsync("Speaker: tone 440 True"); // What the test's tone sounds like.
            Assert.All(host.Ai.Transcripts, item => Assert.Equal((speaker.Self.Id, speaker.Self.UserId), (item.PeerId, item.UserId)));
            using var handler = listening.CreateTrustingHandler();
            await using var late = await listening.InitAsync(meeting, "Late", "reader", options => options with { Video = null, Audio = null, HttpHandler = handler });
            await late.JoinAsync();
            Assert.Contains(host.Ai.Transcripts[0], late.Ai.Transcripts);
            Assert.Contains(host.Ai.Transcripts[0], await late.Ai.GetActiveTranscriptAsync());
        }
        finally
        {
            await listening.DisposeAsync();
        }
    }

    private Task<RealtimeKitClient> InitAsync(string meeting, string name, string preset = "group_call_host") =>
        server.InitAsync(meeting, name, preset, static options => options with { Video = null, Audio = null, ScreenShare = null });
}
