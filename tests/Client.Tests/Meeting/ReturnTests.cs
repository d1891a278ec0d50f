using Roomcast.Client.Meeting;
using Roomcast.TestKit.Network;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>What has changed while the socket was away is found out on return.</summary>
[Collection(nameof(MeetingServer))]
public sealed class ReturnTests(MeetingServer server) : IAsyncLifetime
{
    private CuttableProxy _proxy = null!;

    public Task InitializeAsync()
    {
        _proxy = CuttableProxy.Start(server.Base.Port);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _proxy.DisposeAsync();

    [Fact]
    public async Task A_livestream_that_went_off_air_meanwhile_is_off_air()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var host = await server.InitAsync(meeting, "Host", "livestream_host");
        await using var viewer = await InitAsync(meeting, "Viewer", "livestream_viewer");
        await host.JoinAsync();
        await viewer.JoinAsync();
        await host.Livestream.StartAsync();
        await MeetingServer.UntilAsync(() => viewer.Livestream is { State: LivestreamState.Livestreaming, PlaybackUrl: not null }, "it is on air");
        var told = new Heard();
        viewer.Livestream.Updated += state => told.Add($"{state} {viewer.Livestream.PlaybackUrl is null}");

        await LoseAsync(viewer);
        await host.Livestream.StopAsync();
        await MeetingServer.UntilAsync(() => host.Livestream.State is LivestreamState.Idle, "it is off air");
        await ComeBackAsync(viewer);

        await told.UntilAsync("Idle True");
        Assert.Equal((LivestreamState.Idle, null), (viewer.Livestream.State, viewer.Livestream.PlaybackUrl));
    }

    private async Task LoseAsync(RealtimeKitClient client)
    {
        _proxy.Cut();
        await MeetingServer.UntilAsync(() => client.Self.RoomState is RoomState.Disconnected, "the loss is noticed");
    }

    private async Task ComeBackAsync(RealtimeKitClient client)
    {
        var back = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        client.Self.RoomJoined += _ => back.TrySetResult();
        _proxy.Mend();
        await back.Task.WaitAsync(MeetingServer.Patience);
    }

    private Task<RealtimeKitClient> InitAsync(string meeting, string name, string preset = "group_call_host") => server.InitAsync(meeting, name, preset, options => options with
    {
        BaseUri = new UriBuilder(options.BaseUri) { Port = _proxy.Port }.Uri,
        Video = null,
        Audio = null,
    });
}
