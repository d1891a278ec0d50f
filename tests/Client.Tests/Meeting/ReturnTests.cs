using System.Text.Json;
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

    [Fact]
    public async Task A_store_is_as_the_others_left_it_and_only_what_differs_is_told()
    {
        var meeting = await server.CreateMeetingAsync();
        await using var alice = await InitAsync(meeting, "Alice");
        await using var bob = await server.InitAsync(meeting, "Bob", change: static options => options with { Video = null, Audio = null });
        await alice.JoinAsync();
        await bob.JoinAsync();
        var (ours, theirs) = (await alice.Stores.CreateAsync("scores"), await bob.Stores.CreateAsync("scores"));
        foreach (var (key, value) in ((string, string)[])[("kept", """{"a":[1,2.0]}"""), ("changed", "1"), ("deleted", "1")])
        {
            await ours.SetAsync(key, Json(value));
        }

        await MeetingServer.UntilAsync(() => theirs.Items.Count == 3, "Bob has all");
        await alice.DrainEventsAsync();
        var told = new Heard();
        ours.Changed += (key, value) => told.Add($"{key} {value?.GetRawText() ?? "gone"}");

        await LoseAsync(alice);
        await theirs.DeleteAsync("deleted");
        await theirs.SetAsync("changed", Json("2"));
        await theirs.SetAsync("added", Json("3"));
        await Assert.ThrowsAsync<RealtimeKitException>(() => ours.SetAsync("never sent", Json("4")));
        await ComeBackAsync(alice);
        await alice.DrainEventsAsync();

        Assert.Equal(["added", "changed", "kept"], ours.Items.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(2, ours.Get("changed")?.GetInt32());
        Assert.Equal(["added 3", "changed 2", "deleted gone", "never sent 4", "never sent gone"], told.All.Order(StringComparer.Ordinal));
        await theirs.SetAsync("kept", Json("5"));
        await MeetingServer.UntilAsync(() => ours.Get("kept") is { ValueKind: JsonValueKind.Number }, "what follows is told as before");
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

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
