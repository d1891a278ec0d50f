using Roomcast.Client.Media;
using Roomcast.Client.Meeting;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>What a participant does with themselves, and a host with all others, at the real server.</summary>
[Collection(nameof(MeetingServer))]
public sealed class MemberTests(MeetingServer server)
{
    [Fact]
    public async Task A_name_is_changed_before_joining_where_the_preset_allows_it()
    {
        var meeting = await server.CreateMeetingAsync();
        await server.CreatePresetAsync("nameless", "group_call_participant", preset => preset["permissions"]!["can_edit_display_name"] = false);
        await server.CreatePresetAsync("renamed", "group_call_participant", preset => preset["permissions"]!["can_edit_display_name"] = true);
        await using var alice = await InitAsync(meeting, "Alice", "renamed");
        await using var bob = await InitAsync(meeting, "Bob", "nameless");
        await bob.JoinAsync();

        await alice.Self.SetNameAsync("Alice of Wonderland");
        await alice.JoinAsync();

        await MeetingServer.UntilAsync(() => bob.Participants.Joined.ToArray() is [{ Name: "Alice of Wonderland" }], "Bob sees the new name");
        Assert.Equal("Alice of Wonderland", alice.Self.Name);
        Assert.Equal(RealtimeKitError.WrongState, (await FailsAsync(() => alice.Self.SetNameAsync("Later"))).Error);
        await using var late = await InitAsync(meeting, "Late", "nameless");
        Assert.Equal(RealtimeKitError.NotAllowed, (await FailsAsync(() => late.Self.SetNameAsync("Other"))).Error);
        Assert.Equal("Late", late.Self.Name);
    }

    [Fact]
    public async Task Sound_that_was_off_at_first_is_switched_on()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var alice = await server.InitAsync(meeting, "Alice", change: static options => options with { Video = null, IsAudioEnabled = false });
        await using var bob = await InitAsync(meeting, "Bob");
        await alice.JoinAsync();
        await bob.JoinAsync();
        var told = new Heard();
        alice.Self.AudioUpdated += isOn => told.Add($"{isOn} {alice.Self.AudioEnabled}");
        await MeetingServer.UntilAsync(() => bob.Participants.Joined.ToArray() is [{ AudioEnabled: false }], "Bob sees that Alice is silent");
        Assert.False(alice.Self.AudioEnabled);

        await alice.Self.EnableAudioAsync();

        await told.UntilAsync("True True");
        await MeetingServer.UntilAsync(() => bob.Participants.Joined.ToArray() is [{ AudioEnabled: true, AudioTrack.Frames: > 20 }], "Bob hears Alice");
        Assert.Equal(RealtimeKitError.WrongState, (await FailsAsync(() => alice.Self.EnableVideoAsync())).Error);
    }

    [Fact]
    public async Task Another_device_is_taken_while_the_others_watch()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var alice = await server.InitAsync(meeting, "Alice", change: static options => options with { Audio = null });
        await using var bob = await InitAsync(meeting, "Bob");
        var told = new Heard();
        alice.Self.DeviceListUpdated += all => told.Add($"list {string.Join(' ', all.Select(device => device.Id))}");
        alice.Self.DeviceUpdated += device => told.Add($"now {device.Id}");
        var front = new MediaDevice("front", MediaDeviceKind.VideoInput, new TestPatternSource());
        var back = new MediaDevice("back", MediaDeviceKind.VideoInput, new Counted(new TestPatternSource()));
        var microphone = new MediaDevice("microphone", MediaDeviceKind.AudioInput, new TestToneSource());
        var speaker = new MediaDevice("speaker", MediaDeviceKind.AudioOutput, null);
        alice.Self.AddDevice(front);
        alice.Self.AddDevice(microphone);
        await told.UntilAsync("list front microphone");
        await alice.JoinAsync();
        await bob.JoinAsync();
        await MeetingServer.UntilAsync(() => bob.Participants.Joined.ToArray() is [{ VideoTrack.Frames: > 5 }], "Bob sees Alice");
        var seen = bob.Participants.Joined.ToArray()[0].VideoTrack!;

        await alice.Self.SetDeviceAsync(back);

        await told.UntilAsync("now back");
        Assert.Same(back.Source, alice.Self.VideoTrack);
        var frames = seen.Frames;
        await MeetingServer.UntilAsync(() => ((Counted)back.Source!).Reads > 10 && seen.Frames > frames + 10, "pictures come from the other source");
        Assert.Same(seen, bob.Participants.Joined.ToArray()[0].VideoTrack); // Nothing was agreed anew.
        await alice.Self.SetDeviceAsync(microphone);
        await alice.Self.EnableAudioAsync();
        await MeetingServer.UntilAsync(() => bob.Participants.Joined.ToArray() is [{ AudioTrack.Frames: > 20 }], "Bob hears the device that was none before");
        await alice.Self.SetDeviceAsync(speaker);
        await told.UntilAsync("now speaker");

        Assert.Equal(["back", "front", "microphone", "speaker"], Ids(alice.Self.GetAllDevices()));
        Assert.Equal(["microphone"], Ids(alice.Self.GetAudioDevices()));
        Assert.Equal(["back", "front"], Ids(alice.Self.GetVideoDevices()));
        Assert.Equal(["speaker"], Ids(alice.Self.GetSpeakerDevices()));
        Assert.Equal(RealtimeKitError.WrongState, (await FailsAsync(() => alice.Self.SetDeviceAsync(microphone with { Source = null }))).Error);

        static IEnumerable<string> Ids(IEnumerable<MediaDevice> devices) => devices.Select(device => device.Id).Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task An_image_is_uploaded_and_its_address_sent()
    {
        var meeting = await server.CreateMeetingAsync();
        using var handler = server.CreateTrustingHandler();
        await using var alice = await server.InitAsync(meeting, "Alice", change: options => options with { Video = null, Audio = null, HttpHandler = handler });
        await using var bob = await InitAsync(meeting, "Bob");
        await alice.JoinAsync();
        await bob.JoinAsync();
        byte[] image = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3];

        await alice.Chat.SendImageMessageAsync("board.png", image);

        await MeetingServer.UntilAsync(() => bob.Chat.Messages is [{ Type: ChatMessageType.Image, DisplayName: "Alice", Link: not null }], "Bob has the image");
        using var http = new HttpClient(handler, disposeHandler: false);
        Assert.Equal(image, await http.GetByteArrayAsync(new Uri(bob.Chat.Messages[0].Link!)));
    }

    [Fact]
    public async Task Who_receives_nothing_by_itself_receives_those_it_asks_for()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var alice = await server.InitAsync(meeting, "Alice");
        await using var bob = await server.InitAsync(meeting, "Bob");
        await using var watcher = await server.InitAsync(meeting, "Watcher", change: static options => options with { Video = null, Audio = null, IsSubscribing = false });
        await alice.JoinAsync();
        await bob.JoinAsync();
        await watcher.JoinAsync();
        await MeetingServer.UntilAsync(() => watcher.Participants.Joined.ToArray() is [{ VideoEnabled: true }, { VideoEnabled: true }], "both send");
        Assert.All(watcher.Participants.Joined, participant => Assert.Null(participant.VideoTrack));

        await watcher.Participants.SubscribeAsync([alice.Self.Id]);
        await MeetingServer.UntilAsync(() => watcher.Participants.Joined.Get(alice.Self.Id) is { VideoTrack.Frames: > 5, AudioTrack.Frames: > 10 }, "Alice is received");
        Assert.Null(watcher.Participants.Joined.Get(bob.Self.Id)!.VideoTrack);

        await watcher.Participants.UnsubscribeAsync([alice.Self.Id]);
        await MeetingServer.UntilAsync(() => watcher.Participants.Joined.Get(alice.Self.Id) is { VideoTrack: null, AudioTrack: null, VideoEnabled: true }, "Alice is received no longer");
        await bob.Participants.UnsubscribeAsync([alice.Self.Id]); // Of one who receives all.
        await MeetingServer.UntilAsync(() => bob.Participants.Joined.Get(alice.Self.Id) is { VideoTrack: null, AudioTrack: null }, "nor by Bob");
    }

    [Fact]
    public async Task A_host_switches_all_others_off()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await server.InitAsync(meeting, "Host");
        await using var one = await server.InitAsync(meeting, "One", "group_call_participant");
        await using var two = await server.InitAsync(meeting, "Two", "group_call_participant");
        RealtimeKitClient[] guests = [one, two];
        foreach (var each in (RealtimeKitClient[])[host, .. guests])
        {
            await each.JoinAsync();
        }

        await MeetingServer.UntilAsync(
            () => host.Participants.Joined.ToArray() is [{ AudioEnabled: true, VideoEnabled: true }, { AudioEnabled: true, VideoEnabled: true }], "both send");

        await host.Participants.DisableAllAudioAsync();
        await MeetingServer.UntilAsync(() => guests.All(each => !each.Self.AudioEnabled), "both are silent");
        Assert.All(guests, each => Assert.True(each.Self.VideoEnabled));
        await host.Participants.DisableAllVideoAsync();
        await MeetingServer.UntilAsync(() => guests.All(each => !each.Self.VideoEnabled), "both are dark");

        await MeetingServer.UntilAsync(
            () => host.Participants.Joined.ToArray() is [{ AudioEnabled: false, VideoEnabled: false }, { AudioEnabled: false, VideoEnabled: false }], "the host sees it");
        Assert.True(host.Self is { AudioEnabled: true, VideoEnabled: true });
        Assert.Equal(RealtimeKitError.Refused, (await FailsAsync(() => one.Participants.DisableAllAudioAsync())).Error);
    }

    [Fact]
    public async Task Who_speaks_most_is_told()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var alice = await server.InitAsync(meeting, "Alice", change: static options => options with { Video = null });
        await using var bob = await InitAsync(meeting, "Bob");
        var told = new Heard();
        bob.Participants.ActiveSpeakerChanged += speaker => told.Add($"{speaker.Name} {bob.Participants.LastActiveSpeaker == speaker.Id}");
        await bob.JoinAsync();
        await alice.JoinAsync();

        await told.UntilAsync("Alice True");
        Assert.Equal(alice.Self.Id, bob.Participants.LastActiveSpeaker);
    }

    [Fact]
    public async Task Who_asks_for_the_stage_asks_no_longer_or_is_denied_it()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await InitAsync(meeting, "Host", "webinar_presenter");
        await using var viewer = await InitAsync(meeting, "Viewer", "webinar_viewer");
        await host.JoinAsync();
        await viewer.JoinAsync();
        var told = new Heard();
        host.Stage.StageAccessRequestsUpdated += requests => told.Add(string.Join(' ', requests.Select(request => request.DisplayName)));

        await viewer.Stage.RequestAccessAsync();
        await MeetingServer.UntilAsync(() => host.Stage.AccessRequests is [{ DisplayName: "Viewer" }], "the host is asked");
        await viewer.Stage.CancelRequestAccessAsync();
        await MeetingServer.UntilAsync(() => host.Stage.AccessRequests.Count == 0, "the host is asked no longer");

        await viewer.Stage.RequestAccessAsync();
        await MeetingServer.UntilAsync(() => host.Stage.AccessRequests is [{ DisplayName: "Viewer" }], "the host is asked again");
        await host.Stage.DenyAccessAsync([viewer.Self.UserId]);
        await MeetingServer.UntilAsync(() => host.Stage.AccessRequests.Count == 0, "the host has answered");
        await MeetingServer.UntilAsync(() => viewer.Stage.Status is StageStatus.OffStage, "the viewer stays off the stage");
        Assert.Equal(RealtimeKitError.Refused, (await FailsAsync(() => viewer.Stage.JoinAsync())).Error);
        await host.DrainEventsAsync();
        Assert.Equal(["Viewer", "", "Viewer", ""], told.All);
    }

    [Fact]
    public async Task Permissions_that_a_host_changes_hold_at_once()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var guest = await server.InitAsync(meeting, "Guest", "group_call_participant", static options => options with { Video = null, IsAudioEnabled = false });
        await guest.JoinAsync();
        var told = new Heard();
        guest.Self.PermissionsUpdated += permissions => told.Add($"{permissions.CanProduceAudio} {permissions.CanSendChat} {ReferenceEquals(permissions, guest.Self.Permissions)}");
        Assert.Equal(("ALLOWED", true), (guest.Self.Permissions.CanProduceAudio, guest.Self.Permissions.CanSendChat));

        await using var host = await InitAsync(meeting, "Host");
        await host.JoinAsync();
        await MeetingServer.UntilAsync(() => host.Participants.Joined.Count == 1, "the guest is seen");
        var seen = host.Participants.Joined.ToArray()[0];
        Assert.Equal(guest.Self.Permissions, await seen.GetPermissionsAsync());
        await seen.SetPermissionsAsync(new PermissionsChange { CanProduceAudio = "NOT_ALLOWED", CanSendChat = false });

        await told.UntilAsync("NOT_ALLOWED False True");
        Assert.Equal(RealtimeKitError.NotAllowed, (await FailsAsync(() => guest.Self.EnableAudioAsync())).Error);
        Assert.Equal(RealtimeKitError.Refused, (await FailsAsync(() => guest.Chat.SendTextMessageAsync("may I?"))).Error);
        Assert.Empty(await guest.Chat.GetMessagesAsync(TimeProvider.System.GetUtcNow().AddMinutes(1), 50));

        await host.Participants.UpdatePermissionsAsync([guest.Self.Id], new PermissionsChange { CanSendChat = true });
        await told.UntilAsync("NOT_ALLOWED True True");
        Assert.Equal(guest.Self.Permissions, await seen.GetPermissionsAsync());
        await guest.Chat.SendTextMessageAsync("now I may");
        Assert.Equal(RealtimeKitError.NotFound, (await FailsAsync(() => host.Participants.UpdatePermissionsAsync(["nobody"], new PermissionsChange()))).Error);
    }

    private static Task<RealtimeKitException> FailsAsync(Func<Task> act) => Assert.ThrowsAsync<RealtimeKitException>(act);

    private Task<RealtimeKitClient> InitAsync(string meeting, string name, string preset = "group_call_host") =>
        server.InitAsync(meeting, name, preset, static options => options with { Video = null, Audio = null, ScreenShare = null });

    private sealed class Counted(IVideoSource source) : IVideoSource
    {
        private int _reads;

        public int Reads => Volatile.Read(ref _reads);

        public ValueTask<EncodedFrame?> ReadAsync(bool isKeyframeWanted, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _reads);
            return source.ReadAsync(isKeyframeWanted, cancellationToken);
        }
    }
}
