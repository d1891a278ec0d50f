using Roomcast.Client.Meeting;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>What is sent by somebody who goes off the stage or is muted, and comes back: it arrives at another participant of the real server.</summary>
[Collection(nameof(MeetingServer))]
public sealed class StageTests(MeetingServer server)
{
    /// <summary>Presets whose holders come on stage by themselves, of both kinds of meetings that have one by their type.</summary>
    public static readonly TheoryData<string> Presenters = ["webinar_presenter", "livestream_host"];

    [Theory]
    [MemberData(nameof(Presenters))]
    public async Task Who_leaves_the_stage_and_comes_onto_it_again_sends_as_before(string preset)
    {
        var (host, guest) = await MeetAsync(preset);
        await using var _ = host;
        await using var __ = guest;
        await guest.Self.EnableScreenShareAsync();
        for (var round = 0; round < 2; round++)
        {
            await guest.Stage.LeaveAsync();
            await UntilOffStageAsync(host, guest);

            await guest.Stage.JoinAsync();

            await UntilSeenAndHeardAsync(host, guest);
            await MeetingServer.UntilAsync(
                () => host.Participants.Joined.Get(guest.Self.Id) is { ScreenShareEnabled: true, ScreenShareTracks: [{ Frames: > 5 }] }, "the screen is shared again");
        }
    }

    [Theory]
    [MemberData(nameof(Presenters))]
    public async Task Who_is_taken_from_the_stage_sends_as_before_once_on_it_again(string preset)
    {
        var (host, guest) = await MeetAsync(preset);
        await using var _ = host;
        await using var __ = guest;
        for (var round = 0; round < 2; round++)
        {
            await host.Stage.KickAsync([guest.Self.UserId]);
            await UntilOffStageAsync(host, guest);

            await host.Stage.GrantAccessAsync([guest.Self.UserId]);
            await MeetingServer.UntilAsync(() => guest.Stage.Status is StageStatus.AcceptedToJoinStage, "the guest may come");
            await guest.Stage.JoinAsync();

            await UntilSeenAndHeardAsync(host, guest);
        }
    }

    [Fact]
    public async Task What_was_switched_off_off_the_stage_stays_off_on_the_next_and_goes_on_when_switched_on()
    {
        var (host, guest) = await MeetAsync("webinar_presenter");
        await using var _ = host;
        await using var __ = guest;
        await guest.Stage.LeaveAsync();
        await UntilOffStageAsync(host, guest);
        await guest.Self.DisableVideoAsync();

        await guest.Stage.JoinAsync();

        await MeetingServer.UntilMoreIsReceivedAsync(host, guest, pictures: false);
        Assert.Equal((true, false), (guest.Self.AudioEnabled, guest.Self.VideoEnabled));
        Assert.False(host.Participants.Joined.Get(guest.Self.Id)!.VideoEnabled);
        await guest.Self.EnableVideoAsync();
        await UntilSeenAndHeardAsync(host, guest);
    }

    [Fact]
    public async Task Who_leaves_the_stage_of_a_livestream_and_watches_receives_nothing_and_sees_the_others_once_on_it_again()
    {
        var (host, guest) = await MeetAsync("livestream_host");
        await using var _ = host;
        await using var __ = guest;

        await guest.Stage.LeaveAsync();

        await MeetingServer.UntilAsync(() => guest.Participants.Joined.ToArray() is [{ VideoTrack: null, AudioTrack: null }], "the media side was left");
        await guest.Chat.SendTextMessageAsync("still here");
        await MeetingServer.UntilAsync(() => host.Chat.Messages is [{ Text: "still here" }], "the guest is in the meeting");
        await guest.Stage.JoinAsync();
        await MeetingServer.UntilMoreIsReceivedAsync(guest, host);
    }

    [Fact]
    public async Task Who_was_muted_by_a_host_sends_again_when_switched_on_again()
    {
        var (host, guest) = await MeetAsync("group_call_host");
        await using var _ = host;
        await using var __ = guest;
        for (var round = 0; round < 2; round++)
        {
            var seen = host.Participants.Joined.Get(guest.Self.Id)!;
            await seen.DisableAudioAsync();
            await seen.DisableVideoAsync();
            await MeetingServer.UntilAsync(() => guest.Self is { AudioEnabled: false, VideoEnabled: false }, "the guest is muted");
            await MeetingServer.UntilAsync(() => seen is { AudioEnabled: false, VideoEnabled: false, VideoTrack: null }, "the host sees it");

            await guest.Self.EnableAudioAsync();
            await guest.Self.EnableVideoAsync();

            await UntilSeenAndHeardAsync(host, guest);
        }
    }

    [Fact]
    public async Task Who_was_muted_on_stage_is_silent_on_the_next_too_until_switched_on_again()
    {
        var (host, guest) = await MeetAsync("webinar_presenter");
        await using var _ = host;
        await using var __ = guest;
        await host.Participants.Joined.Get(guest.Self.Id)!.DisableAudioAsync();
        await MeetingServer.UntilAsync(() => !guest.Self.AudioEnabled, "the guest is muted");
        await guest.Stage.LeaveAsync();
        await UntilOffStageAsync(host, guest);

        await guest.Stage.JoinAsync();

        await MeetingServer.UntilMoreIsReceivedAsync(host, guest, sound: false);
        Assert.Equal((false, true), (guest.Self.AudioEnabled, guest.Self.VideoEnabled));
        Assert.False(host.Participants.Joined.Get(guest.Self.Id)!.AudioEnabled);
        await guest.Self.EnableAudioAsync();
        await UntilSeenAndHeardAsync(host, guest);
    }

    private static async Task UntilSeenAndHeardAsync(RealtimeKitClient host, RealtimeKitClient guest)
    {
        await MeetingServer.UntilMoreIsReceivedAsync(host, guest);
        Assert.True(guest.Self is { AudioEnabled: true, VideoEnabled: true });
        Assert.Equal(StageStatus.OnStage, guest.Stage.Status);
        Assert.True(host.Participants.Joined.Get(guest.Self.Id) is { AudioEnabled: true, VideoEnabled: true });
    }

    private static async Task UntilOffStageAsync(RealtimeKitClient host, RealtimeKitClient guest)
    {
        await MeetingServer.UntilAsync(() => guest is { Stage.Status: StageStatus.OffStage, Self: { AudioEnabled: false, VideoEnabled: false } }, "the guest is off the stage");
        await MeetingServer.UntilAsync(
            () => host.Participants.Joined.Get(guest.Self.Id) is { StageStatus: StageStatus.OffStage, AudioEnabled: false, VideoEnabled: false, VideoTrack: null }, "the host sees it");
    }

    private async Task<(RealtimeKitClient Host, RealtimeKitClient Guest)> MeetAsync(string preset)
    {
        var meeting = await server.CreateMeetingAsync();
        var host = await server.InitAsync(meeting, "Host", preset);
        var guest = await server.InitAsync(meeting, "Guest", preset);
        await host.JoinAsync();
        await guest.JoinAsync();
        await MeetingServer.UntilMoreIsReceivedAsync(host, guest);
        return (host, guest);
    }
}
