using Roomcast.Client.Meeting;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>Who may come on stage, by what the preset says of it: asked of the real server.</summary>
[Collection(nameof(MeetingServer))]
public sealed class StageAccessTests(MeetingServer server)
{
    /// <summary>Presets whose holders come on stage by themselves, of both kinds of meetings that have one by their type.</summary>
    public static readonly TheoryData<string> Presenters = ["webinar_presenter", "livestream_host"];

    /// <summary>Those whose holders ask, and who answers them.</summary>
    public static readonly TheoryData<string, string> Viewers = new() { { "webinar_viewer", "webinar_presenter" }, { "livestream_viewer", "livestream_host" } };

    [Theory]
    [MemberData(nameof(Presenters))]
    public async Task Who_is_allowed_is_let_come_at_once_without_anybody_being_asked_and_may_think_better_of_it(string preset)
    {
        var (host, guest) = await MeetAsync(preset, preset);
        await using var _ = host;
        await using var __ = guest;
        Assert.Equal(StageStatus.OnStage, guest.Stage.Status);
        await guest.Stage.RequestAccessAsync();
        Assert.Equal(StageStatus.OnStage, guest.Stage.Status); // There is nothing to ask for.
        await guest.Stage.LeaveAsync();
        Assert.Equal(StageStatus.OffStage, guest.Stage.Status);
        var told = new Heard();
        guest.Stage.StageStatusUpdated += status => told.Add($"{status}");

        await guest.Stage.RequestAccessAsync();
        Assert.Equal(StageStatus.AcceptedToJoinStage, guest.Stage.Status);
        await guest.Stage.CancelRequestAccessAsync();
        Assert.Equal(StageStatus.OffStage, guest.Stage.Status);
        await guest.Stage.RequestAccessAsync();
        await guest.Stage.JoinAsync();

        Assert.Equal(StageStatus.OnStage, guest.Stage.Status);
        await UntilSeenAsync(host, guest, StageStatus.OnStage);
        await told.UntilAsync("OnStage");
        await host.DrainEventsAsync();
        Assert.Empty(host.Stage.AccessRequests);
    }

    [Theory]
    [MemberData(nameof(Viewers))]
    public async Task Who_may_ask_waits_for_an_answer_and_comes_when_it_is_yes(string preset, string ofHost)
    {
        var (host, guest) = await MeetAsync(ofHost, preset);
        await using var _ = host;
        await using var __ = guest;
        Assert.Equal(StageStatus.OffStage, guest.Stage.Status);
        Assert.Equal(RealtimeKitError.Refused, (await Assert.ThrowsAsync<RealtimeKitException>(() => guest.Stage.JoinAsync())).Error);
        var asked = new Heard();
        host.Stage.StageAccessRequestsUpdated += requests => asked.Add(string.Join(", ", requests.Select(request => $"{request.DisplayName} {request.UserId} {request.PeerId}")));

        await guest.Stage.RequestAccessAsync();
        Assert.Equal(StageStatus.RequestedToJoinStage, guest.Stage.Status);
        await asked.UntilAsync($"Guest {guest.Self.UserId} {guest.Self.Id}");
        await UntilSeenAsync(host, guest, StageStatus.RequestedToJoinStage);
        await guest.Stage.RequestAccessAsync();
        Assert.Equal(StageStatus.RequestedToJoinStage, guest.Stage.Status);
        await guest.Stage.CancelRequestAccessAsync();
        Assert.Equal(StageStatus.OffStage, guest.Stage.Status);
        await MeetingServer.UntilAsync(() => host.Stage.AccessRequests.Count == 0, "nobody asks any longer");

        await guest.Stage.RequestAccessAsync();
        await MeetingServer.UntilAsync(() => host.Stage.AccessRequests is [{ DisplayName: "Guest" }], "the guest asks again");
        await host.Stage.DenyAccessAsync([guest.Self.UserId]);
        await MeetingServer.UntilAsync(() => guest.Stage.Status is StageStatus.OffStage && host.Stage.AccessRequests.Count == 0, "the answer is no");
        Assert.Equal(RealtimeKitError.Refused, (await Assert.ThrowsAsync<RealtimeKitException>(() => guest.Stage.JoinAsync())).Error);

        await guest.Stage.RequestAccessAsync();
        await MeetingServer.UntilAsync(() => host.Stage.AccessRequests.Count == 1, "the guest asks once more");
        await host.Stage.GrantAccessAsync([guest.Self.UserId]);
        await MeetingServer.UntilAsync(() => guest.Stage.Status is StageStatus.AcceptedToJoinStage && host.Stage.AccessRequests.Count == 0, "the answer is yes");
        Assert.Equal((false, false), (guest.Self.AudioEnabled, guest.Self.VideoEnabled));
        await guest.Stage.JoinAsync();

        await UntilSeenAsync(host, guest, StageStatus.OnStage);
        await MeetingServer.UntilMoreIsReceivedAsync(host, guest);
    }

    [Fact]
    public async Task Who_was_let_come_and_was_denied_before_coming_stays_off()
    {
        var (host, guest) = await MeetAsync("webinar_presenter", "webinar_viewer");
        await using var _ = host;
        await using var __ = guest;
        await host.Stage.GrantAccessAsync([guest.Self.UserId]);
        await MeetingServer.UntilAsync(() => guest.Stage.Status is StageStatus.AcceptedToJoinStage, "the guest may come, unasked");

        await host.Stage.DenyAccessAsync([guest.Self.UserId]);

        await MeetingServer.UntilAsync(() => guest.Stage.Status is StageStatus.OffStage, "the guest may not come");
        Assert.Equal(RealtimeKitError.Refused, (await Assert.ThrowsAsync<RealtimeKitException>(() => guest.Stage.JoinAsync())).Error);
    }

    [Fact]
    public async Task Who_is_not_allowed_is_told_so_without_the_server_and_comes_only_when_a_host_calls_them_up()
    {
        await server.CreatePresetAsync("webinar_audience", "webinar_viewer", preset => preset["permissions"]!["stage_access"] = "NOT_ALLOWED");
        var (host, guest) = await MeetAsync("webinar_presenter", "webinar_audience");
        await using var _ = host;
        await using var __ = guest;
        Assert.Equal("NOT_ALLOWED", guest.Self.Permissions.StageAccess);

        var refused = await Assert.ThrowsAsync<RealtimeKitException>(() => guest.Stage.RequestAccessAsync());
        Assert.Equal(RealtimeKitError.NotAllowed, refused.Error);
        Assert.Equal(RealtimeKitError.Refused, (await Assert.ThrowsAsync<RealtimeKitException>(() => guest.Stage.JoinAsync())).Error);
        await host.DrainEventsAsync();
        Assert.Equal(StageStatus.OffStage, guest.Stage.Status);
        Assert.Empty(host.Stage.AccessRequests);

        await host.Stage.GrantAccessAsync([guest.Self.UserId]);
        await MeetingServer.UntilAsync(() => guest.Stage.Status is StageStatus.AcceptedToJoinStage, "the guest is called up");
        await guest.Stage.JoinAsync();
        await UntilSeenAsync(host, guest, StageStatus.OnStage);
    }

    [Fact]
    public async Task In_a_meeting_without_a_stage_everybody_is_on_it_and_nobody_asks()
    {
        var (host, guest) = await MeetAsync("group_call_host", "group_call_participant");
        await using var _ = host;
        await using var __ = guest;

        await guest.Stage.RequestAccessAsync();

        Assert.Equal(StageStatus.OnStage, guest.Stage.Status);
        await host.DrainEventsAsync();
        Assert.Empty(host.Stage.AccessRequests);
    }

    private static Task UntilSeenAsync(RealtimeKitClient host, RealtimeKitClient guest, StageStatus status) => MeetingServer.UntilAsync(
        () => host.Participants.Joined.Get(guest.Self.Id)?.StageStatus == status && host.Participants.Active.Get(guest.Self.Id) is not null == status is StageStatus.OnStage,
        $"the host sees the guest {status}");

    private async Task<(RealtimeKitClient Host, RealtimeKitClient Guest)> MeetAsync(string ofHost, string ofGuest)
    {
        var meeting = await server.CreateMeetingAsync();
        var host = await server.InitAsync(meeting, "Host", ofHost);
        var guest = await server.InitAsync(meeting, "Guest", ofGuest);
        await host.JoinAsync();
        await guest.JoinAsync();
        await MeetingServer.UntilAsync(() => host.Participants.Joined.Count == 1, "both are there");
        return (host, guest);
    }
}
