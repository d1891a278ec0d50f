using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Roomcast.Client.Relay;
using Roomcast.Client.Tests.Meeting;

namespace Roomcast.Client.Tests.Relay;

/// <summary>Rooms of the real server, controlled by our client, with participants of ours in them.</summary>
[Collection(nameof(MeetingServer))]
public sealed class RelayTests(MeetingServer server)
{
    [Fact]
    public async Task A_room_is_told_of_from_its_beginning_to_its_end()
    {
        await using var client = await ConnectAsync();
        var heard = new Heard();
        var begun = new TaskCompletionSource<RoomSession>(TaskCreationOptions.RunContinuationsAsynchronously);
        var title = $"Lobby {Guid.NewGuid():N}";
        client.Video.RoomStarted += room =>
        {
            if (room.DisplayName == title)
            {
                heard.Add($"started {room.HasEnded}");
                begun.TrySetResult(room);
            }
        };
        client.Video.RoomEnded += room =>
        {
            if (room.DisplayName == title)
            {
                heard.Add($"ended {room.HasEnded} {room.Members.Count}");
            }
        };
        await client.Video.ListenAsync();
        var meeting = await server.CreateMeetingAsync(title);

        await using var ada = await JoinAsync(meeting, "Ada");
        var room = await begun.Task.WaitAsync(MeetingServer.Patience);
        Assert.Equal((meeting, title, title), (room.RoomId, room.Name, room.DisplayName));
        Assert.False(room.IsStreaming || room.IsRecording || room.IsLocked || room.HasEnded);
        Assert.Same(room, (await client.Video.GetRoomSessionsAsync()).Single(each => each.RoomId == meeting));
        Assert.Same(room, await client.Video.GetRoomSessionAsync(room.Id));

        room.MemberJoined += member => heard.Add($"joined {member.Name} {room.TryGetMember(member.Id, out _)}");
        room.MemberLeft += member => heard.Add($"left {member.Name} {room.TryGetMember(member.Id, out _)}");
        room.Ended += each => heard.Add($"over {each.HasEnded}");
        await room.ListenAsync();
        Assert.Equal(["Ada"], room.Members.Select(member => member.Name));
        await using (var ben = await JoinAsync(meeting, "Ben"))
        {
            await MeetingServer.UntilAsync(() => room.Members.Count == 2, "Ben is a member");
            Assert.True(room.TryGetMember(ben.Self.Id, out var member));
            Assert.Equal(("Ben", "member", (string?)null, meeting, room.Id), (member.Name, member.Type, member.ParentId, member.RoomId, member.RoomSessionId));
            Assert.Equal(2, (await room.GetMembersAsync()).Count);
        }

        await MeetingServer.UntilAsync(() => room.Members.Count == 1, "Ben is gone");
        await room.RemoveAllMembersAsync();
        await room.WaitForEndAsync().WaitAsync(MeetingServer.Patience);
        await client.DrainEventsAsync();

        Assert.Equal(["started False", "joined Ben True", "left Ben False", "left Ada False", "over True", "ended True 0"], heard.All);
        Assert.DoesNotContain(await client.Video.GetRoomSessionsAsync(), each => each.RoomId == meeting);
        Assert.Equal(RealtimeKitError.WrongState, (await Assert.ThrowsAsync<RealtimeKitException>(() => room.LockAsync())).Error);
        Assert.Equal(RealtimeKitError.NotFound, (await Assert.ThrowsAsync<RelayException>(() => client.Video.GetRoomSessionAsync(room.Id))).Error);
    }

    [Fact]
    public async Task Members_and_the_room_are_changed_and_that_is_told()
    {
        await using var client = await ConnectAsync();
        var meeting = await server.CreateMeetingAsync();
        await using var ada = await server.InitAsync(meeting, "Ada");
        await ada.JoinAsync();
        await using var ben = await JoinAsync(meeting, "Ben");
        var room = await FindAsync(client, meeting);
        await room.ListenAsync();
        await MeetingServer.UntilAsync(() => room.TryGetMember(ada.Self.Id, out var member) && member is { IsAudioMuted: false, IsVideoMuted: false }, "Ada sends");
        Assert.True(room.TryGetMember(ada.Self.Id, out var member));
        var heard = new Heard();
        room.MemberUpdated += (who, names) => heard.Add($"{who.Name}: {string.Join(' ', names)}");
        room.MemberAudioMuted += who => heard.Add($"{who.Name} audio {who.IsAudioMuted}");
        room.MemberInputVolume += who => heard.Add($"{who.Name} volume {who.InputVolume}");
        room.Updated += names => heard.Add($"room: {string.Join(' ', names)}");
        var layouts = 0;
        room.LayoutChanged += layout => layouts += layout.Layers.Count > 0 ? 1 : 0;

        await member.AudioMuteAsync();
        await heard.UntilAsync("Ada audio True");
        Assert.False(ada.Self.AudioEnabled);
        await member.SetInputVolumeAsync(-10);
        await heard.UntilAsync("Ada volume -10");
        await member.SetRaisedHandAsync(true);
        await heard.UntilAsync("Ada: handraised");
        Assert.True(member.HasHandRaised);
        await room.SetMemberMetaAsync(member.Id, Json("""{"team":"red","seat":1}"""));
        await room.UpdateMemberMetaAsync(member.Id, Json("""{"seat":2}"""));
        await room.DeleteMemberMetaAsync(member.Id, ["team"]);
        Assert.Equal("""{"seat":2}""", (await room.GetMemberMetaAsync(member.Id)).GetRawText());
        await MeetingServer.UntilAsync(() => member.Meta.GetRawText() == """{"seat":2}""", "the notes are told");

        await room.SetMetaAsync(Json("""{"topic":"tea","open":true}"""));
        await room.UpdateMetaAsync(Json("""{"topic":"coffee"}"""));
        await room.DeleteMetaAsync(["open"]);
        Assert.Equal("""{"topic":"coffee"}""", (await room.GetMetaAsync()).GetRawText());
        await room.LockAsync();
        await heard.UntilAsync("room: locked");
        Assert.True(room.IsLocked);
        await room.UnlockAsync();
        await room.SetHideVideoMutedAsync(true);
        await MeetingServer.UntilAsync(() => !room.IsLocked && room.HidesVideoMuted, "the room is unlocked, and hides who sends no picture");
        await room.SetHideVideoMutedAsync(false);
        await room.SetPrioritizeHandraiseAsync(true);
        await MeetingServer.UntilAsync(() => room is { PrioritizesHandraise: true, HidesVideoMuted: false }, "hands come first");

        Assert.Contains("2x2", await room.GetLayoutsAsync());
        await room.SetLayoutAsync("2x2", new Dictionary<string, string> { [member.Id] = "standard-2" });
        await MeetingServer.UntilAsync(() => room.LayoutName == "2x2" && member.RequestedPosition == "standard-2", "the layout is another");
        await room.SetPositionsAsync(new Dictionary<string, string> { [member.Id] = "off-canvas" });
        await MeetingServer.UntilAsync(() => member is { CurrentPosition: "off-canvas", IsVisible: false }, "Ada is off the canvas");
        await member.SetPositionAsync("auto");
        await MeetingServer.UntilAsync(() => member.CurrentPosition != "off-canvas" && layouts > 0 && room.Layout is { Layers.Count: > 0 }, "Ada is back");
        await room.RemoveMemberAsync(ben.Self.Id);
        await MeetingServer.UntilAsync(() => !room.TryGetMember(ben.Self.Id, out _), "Ben is gone");
    }

    [Fact]
    public async Task What_is_refused_is_refused_by_its_kind()
    {
        await using var client = await ConnectAsync();
        var meeting = await server.CreateMeetingAsync();
        await using var ada = await JoinAsync(meeting, "Ada");
        var room = await FindAsync(client, meeting);

        await RefusedAsync(RealtimeKitError.NotFound, "404", () => room.AudioMuteAsync(Guid.NewGuid().ToString()));
        await RefusedAsync(RealtimeKitError.Refused, "422", () => room.SetLayoutAsync("7x7"));
        await RefusedAsync(RealtimeKitError.Refused, "422", () => room.SetMemberPositionAsync(ada.Self.Id, "nowhere"));
        await RefusedAsync(RealtimeKitError.Refused, "422", () => room.StartStreamAsync("http://127.0.0.1/x"));
        await RefusedAsync(RealtimeKitError.NotSupported, "501", () => room.SetOutputVolumeAsync(ada.Self.Id, 10));
        await RefusedAsync(RealtimeKitError.Refused, "422", () => room.PlayAsync("file:///etc/hostname", new PlayOptions { Volume = 1 }));
        await RefusedAsync(RealtimeKitError.WrongState, "409", () => room.PromoteAsync(ada.Self.Id));
        Assert.Empty(await room.GetPlaybacksAsync());
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = room.SetInputVolumeAsync(ada.Self.Id, 51); });

        static async Task RefusedAsync(RealtimeKitError error, string code, Func<Task> call)
        {
            var refused = await Assert.ThrowsAsync<RelayException>(call);
            Assert.Equal((error, code), (refused.Error, refused.Code));
            Assert.NotEmpty(refused.Message);
        }
    }

    [Fact]
    public async Task A_room_is_streamed_to_another_server_until_the_stream_is_stopped()
    {
        await using var client = await ConnectAsync();
        var meeting = await server.CreateMeetingAsync();
        await using var ada = await server.InitAsync(meeting, "Ada");
        await ada.JoinAsync();
        var room = await FindAsync(client, meeting);
        var heard = new Heard();
        room.StreamStarted += stream => heard.Add($"started {stream.State} {room.RunningStreams.Contains(stream)}");
        room.StreamEnded += stream => heard.Add($"ended {stream.State} {room.RunningStreams.Contains(stream)}");
        var (url, livestream) = await server.CreateIngestAsync();

        // Nothing is listened to: who starts a stream is told all the same.
        var stream = await room.StartStreamAsync(url).WaitAsync(2 * MeetingServer.Patience);
        Assert.Equal((RoomSessionStreamState.Streaming, url, room.Id, meeting), (stream.State, stream.Url, stream.RoomSessionId, stream.RoomId));
        Assert.True(stream is { HasEnded: false, StartedAt: not null, EndedAt: null, Duration: null, Error: null });
        Assert.DoesNotContain(url, stream.ToString(), StringComparison.Ordinal);
        await server.UntilAsync($"/livestreams/{livestream}", answer => (string?)answer["data"]!["livestream"]!["status"] == "LIVE", "the other side is live");
        await room.ListenAsync();
        Assert.Same(stream, Assert.Single(await room.GetStreamsAsync()));
        await MeetingServer.UntilAsync(() => room.IsStreaming, "the room is told to be streamed");
        var started = new TaskCompletionSource<RoomSessionStream>(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource<RoomSessionStream>(TaskCreationOptions.RunContinuationsAsynchronously);
        stream.Started += started.SetResult;
        stream.Ended += ended.SetResult;
        Assert.Same(stream, await started.Task.WaitAsync(MeetingServer.Patience));

        await stream.StopAsync();
        Assert.Same(stream, await ended.Task.WaitAsync(MeetingServer.Patience));
        await stream.WaitForEndAsync();

        Assert.True(stream is { HasEnded: true, State: RoomSessionStreamState.Completed, EndedAt: not null });
        Assert.Equal(stream.EndedAt - stream.StartedAt, stream.Duration);
        Assert.Empty(await room.GetStreamsAsync());
        await MeetingServer.UntilAsync(() => !room.IsStreaming, "the room is told to be streamed no longer");
        await client.DrainEventsAsync();
        Assert.Equal(["started Streaming True", "ended Completed False"], heard.All);
        Assert.Equal(RealtimeKitError.WrongState, (await Assert.ThrowsAsync<RealtimeKitException>(() => stream.StopAsync())).Error);
    }

    [Fact]
    public async Task A_stream_to_a_server_that_is_not_there_does_not_begin_and_says_why()
    {
        await using var client = await ConnectAsync();
        var meeting = await server.CreateMeetingAsync();
        await using var ada = await JoinAsync(meeting, "Ada");
        var room = await FindAsync(client, meeting);
        var ended = new TaskCompletionSource<RoomSessionStream>(TaskCreationOptions.RunContinuationsAsynchronously);
        room.StreamEnded += ended.SetResult;

        var fault = await Assert.ThrowsAsync<RelayException>(() => room.StartStreamAsync("rtmp://127.0.0.1:1/live/s3cr3t").WaitAsync(2 * MeetingServer.Patience));
        Assert.Equal((RealtimeKitError.Failed, ""), (fault.Error, fault.Code));
        Assert.DoesNotContain("s3cr3t", fault.ToString(), StringComparison.Ordinal);
        var stream = await ended.Task.WaitAsync(MeetingServer.Patience);
        Assert.True(stream is { HasEnded: true, StartedAt: null, EndedAt: not null, Error.Length: > 0 } && stream.Duration == TimeSpan.Zero);
        Assert.Contains(stream.Error!, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_room_is_recorded_rests_goes_on_and_is_ended()
    {
        await using var client = await ConnectAsync();
        var meeting = await server.CreateMeetingAsync();
        await using var ada = await server.InitAsync(meeting, "Ada");
        await ada.JoinAsync();
        var room = await FindAsync(client, meeting);
        await room.ListenAsync(RoomSessionEvents.Room | RoomSessionEvents.Recordings);
        var states = new Heard();
        room.RecordingUpdated += recording => states.Add($"{recording.State}");

        var recording = await room.StartRecordingAsync().WaitAsync(2 * MeetingServer.Patience);
        Assert.True(recording is { State: RoomSessionRecordingState.Recording, StartedAt: not null, HasEnded: false });
        Assert.Same(recording, Assert.Single(await room.GetRecordingsAsync()));
        await recording.PauseAsync();
        await states.UntilAsync("Paused");
        Assert.Equal(RoomSessionRecordingState.Paused, recording.State);
        Assert.Equal(RealtimeKitError.WrongState, (await Assert.ThrowsAsync<RelayException>(() => recording.PauseAsync())).Error);
        await recording.ResumeAsync();
        await states.UntilAsync("Recording");
        await recording.StopAsync();
        await recording.WaitForEndAsync().WaitAsync(2 * MeetingServer.Patience);

        Assert.True(recording is { State: RoomSessionRecordingState.Completed, EndedAt: not null, Duration: not null });
        Assert.Empty(room.RunningRecordings);
    }

    [Fact]
    public async Task What_happens_while_the_connection_is_lost_is_told_afterwards_and_once()
    {
        await using var client = await ConnectAsync();
        var states = new Heard();
        client.StateChanged += state => states.Add($"{state}");
        var meeting = await server.CreateMeetingAsync();
        await using var ada = await JoinAsync(meeting, "Ada");
        var room = await FindAsync(client, meeting);
        var heard = new Heard();
        room.MemberJoined += member => heard.Add($"+{member.Name}");
        room.MemberLeft += member => heard.Add($"-{member.Name}");
        await room.ListenAsync();

        for (var i = 0; i < 3; i++)
        {
            await client.LoseConnectionAsync();
            await using (await JoinAsync(meeting, $"Guest {i}"))
            {
                await room.LockAsync(); // Waits for the connection.
                await MeetingServer.UntilAsync(() => room.IsLocked, "the lock is told");
                await room.UnlockAsync();
            }

            await MeetingServer.UntilAsync(() => room.Members.Count == 1 && !room.IsLocked, "the guest has gone");
        }

        await client.DrainEventsAsync();
        Assert.Equal(["+Guest 0", "-Guest 0", "+Guest 1", "-Guest 1", "+Guest 2", "-Guest 2"], heard.All);
        Assert.Equal(3, states.All.Count(state => state == "Reconnecting"));
        Assert.Equal(RealtimeClientState.Connected, client.State);
    }

    [Fact]
    public async Task A_connection_may_be_over_TLS_and_is_judged()
    {
        using var authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(server.Process.DataFolder, "tls", "ca.pem"));
        var options = Options() with { Host = server.Process.HttpsBase.Authority };
        var refused = await Assert.ThrowsAsync<RealtimeKitException>(() => RealtimeClient.ConnectAsync(options));
        Assert.Equal(RealtimeKitError.Unreachable, refused.Error);

        await using var client = await RealtimeClient.ConnectAsync(options with
        {
            CertificateValidation = (_, certificate, _, _) =>
            {
                using var chain = new X509Chain { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck } };
                chain.ChainPolicy.CustomTrustStore.Add(authority);
                return chain.Build(X509CertificateLoader.LoadCertificate(certificate!.GetRawCertData()));
            },
        });
        Assert.True(await client.PingAsync() > TimeSpan.Zero);
    }

    [Fact]
    public async Task A_token_that_is_wrong_and_a_server_that_is_not_there_are_told_apart_and_no_token_is_shown()
    {
        var wrong = await Assert.ThrowsAsync<RelayException>(() => RealtimeClient.ConnectAsync(Options() with { Token = "t0k3n-that-is-wrong" }));
        Assert.Equal((RealtimeKitError.InvalidToken, "-32002"), (wrong.Error, wrong.Code));
        Assert.DoesNotContain("t0k3n", wrong.ToString(), StringComparison.Ordinal);
        var absent = await Assert.ThrowsAsync<RealtimeKitException>(() => RealtimeClient.ConnectAsync(Options() with { Host = "ws://127.0.0.1:1" }));
        Assert.Equal(RealtimeKitError.Unreachable, absent.Error);
    }

    [Fact]
    public async Task A_client_that_was_disconnected_says_so()
    {
        var client = await ConnectAsync();
        await client.DisposeAsync();

        Assert.Equal(RealtimeClientState.Closed, client.State);
        Assert.Null(client.Fault);
        Assert.Equal(RealtimeKitError.WrongState, (await Assert.ThrowsAsync<RealtimeKitException>(() => client.Video.GetRoomSessionsAsync())).Error);
    }

    private RealtimeClientOptions Options() => new()
    {
        Project = server.Process.Credentials.AppId,
        Token = server.Process.Credentials.ApiToken,
        Host = $"ws://{server.Base.Authority}",
        RequestTimeout = MeetingServer.Patience,
    };

    private Task<RealtimeClient> ConnectAsync() => RealtimeClient.ConnectAsync(Options());

    private async Task<RealtimeKitClient> JoinAsync(string meeting, string name)
    {
        var participant = await server.InitAsync(meeting, name, change: static options => options with { Video = null, Audio = null });
        await participant.JoinAsync();
        return participant;
    }

    private static async Task<RoomSession> FindAsync(RealtimeClient client, string meeting)
    {
        RoomSession? found = null;
        for (var end = TimeProvider.System.GetUtcNow() + MeetingServer.Patience; found is null && TimeProvider.System.GetUtcNow() < end;)
        {
            found = (await client.Video.GetRoomSessionsAsync()).FirstOrDefault(room => room.RoomId == meeting);
            await Task.Delay(20);
        }

        return found ?? throw new TimeoutException("The room session did not begin.");
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
