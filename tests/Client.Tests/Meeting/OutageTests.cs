using Roomcast.Client.Meeting;
using Roomcast.TestKit.Network;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>A participant whose network goes away for longer than transports live: the socket, the media, or both.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    private static readonly NetworkConditions Whole = new();
    private static readonly NetworkConditions Gone = new() { Loss = 1 };

    // More than ICE takes to give a transport up.
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private readonly MeetingServer _server = new("--public-ip", LossyNetwork.MediaAddress.ToString());
    private readonly HurriedClock _clock = new();
    private LossyNetwork _network = null!;
    private CuttableProxy _proxy = null!;

    public async Task InitializeAsync()
    {
        await _server.InitializeAsync();
        _network = LossyNetwork.Start(_server.Process.RtcPort, Whole);
        _proxy = CuttableProxy.Start(_server.Base.Port);
    }

    public async Task DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _network.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task What_others_send_is_received_again_when_transports_died_while_the_socket_was_away()
    {
        var (alice, bob) = await MeetAsync();
        await using var _ = alice;
        await using var __ = bob;
        await LoseForLongAsync(alice);
        _proxy.Mend();

        await MeetingServer.UntilAsync(() => alice.Self.IsRoomJoined, "Alice is back");
        await MeetingServer.UntilMoreIsReceivedAsync(alice, bob);
    }

    [Fact]
    public async Task A_return_that_fails_since_media_is_still_away_spoils_none_that_follows()
    {
        var (alice, bob) = await MeetAsync();
        await using var _ = alice;
        await using var __ = bob;
        await LoseForLongAsync(alice);
        _network.Change(Gone);
        _clock.Hurry = 20;
        var tried = _network.Clients;
        _proxy.Mend();

        // Each attempt makes two transports, which nobody answers.
        await MeetingServer.UntilAsync(() => _network.Clients >= tried + 6, "it has tried three times");
        _clock.Hurry = 1;
        _network.Change(Whole);

        await MeetingServer.UntilAsync(() => alice.Self.IsRoomJoined, "Alice is back");
        await MeetingServer.UntilMoreIsReceivedAsync(alice, bob);
        await MeetingServer.UntilAsync(() => bob.Participants.Joined.ToArray() is [{ VideoEnabled: true, AudioEnabled: true }], "Bob is told that Alice sends");
    }

    [Fact]
    public async Task Media_that_is_lost_while_the_socket_lives_is_sought_for_as_long_as_it_takes()
    {
        var (alice, bob) = await MeetAsync();
        await using var _ = alice;
        await using var __ = bob;
        var left = 0;
        alice.Self.RoomLeft += _ => Interlocked.Increment(ref left);

        _network.Change(Gone);
        _clock.Hurry = 20;
        var tried = _network.Clients;
        _clock.Skip(Long);
        await MeetingServer.UntilAsync(() => _network.Clients >= tried + 16, "either transport was tried more than a few times");
        _clock.Hurry = 1;
        _network.Change(Whole);

        await MeetingServer.UntilMoreIsReceivedAsync(alice, bob);
        var sent = alice.Self.VideoFramesSent;
        await MeetingServer.UntilAsync(() => alice.Self.VideoFramesSent > sent + 20, "Alice sends again");
        await alice.DrainEventsAsync();
        Assert.Equal(0, left);
    }

    /// <summary>Waits until nothing arrives any more: the transport has been given up.</summary>
    private static async Task UntilItStandsStillAsync(RealtimeKitClient client)
    {
        for (var frames = -1L; ; await Task.Delay(1_000))
        {
            var now = client.Participants.Joined.ToArray().Sum(static each => (each.VideoTrack?.Frames ?? 0) + (each.AudioTrack?.Frames ?? 0));
            if (now == frames)
            {
                return;
            }

            frames = now;
        }
    }

    /// <summary>Has Alice and Bob join, until Alice sees and hears Bob.</summary>
    private async Task<(RealtimeKitClient Alice, RealtimeKitClient Bob)> MeetAsync()
    {
        var meeting = await _server.CreateMeetingAsync();

        // Requests wait by the same clock.
        var alice = await _server.InitAsync(meeting, "Alice", change: options => options with
        {
            BaseUri = new UriBuilder(options.BaseUri) { Port = _proxy.Port }.Uri,
            Time = _clock,
            RequestTimeout = MeetingServer.Patience * 20,
        });
        var bob = await _server.InitAsync(meeting, "Bob");
        await alice.JoinAsync();
        await bob.JoinAsync();
        await MeetingServer.UntilMoreIsReceivedAsync(alice, bob);
        return (alice, bob);
    }

    /// <summary>Cuts the socket for longer than transports live, until they have died.</summary>
    private async Task LoseForLongAsync(RealtimeKitClient alice)
    {
        _proxy.Cut();
        await MeetingServer.UntilAsync(() => alice.Self.RoomState is RoomState.Disconnected, "the loss of the socket is noticed");
        _clock.Skip(Long);
        await UntilItStandsStillAsync(alice);
    }
}
