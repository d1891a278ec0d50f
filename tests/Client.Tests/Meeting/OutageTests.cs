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
        var meeting = await _server.CreateMeetingAsync();
        await using var alice = await InitAsync(meeting);
        await using var bob = await _server.InitAsync(meeting, "Bob");
        await alice.JoinAsync();
        await bob.JoinAsync();
        await UntilMoreIsReceivedAsync(alice);

        _proxy.Cut();
        await MeetingServer.UntilAsync(() => alice.Self.RoomState is RoomState.Disconnected, "the loss of the socket is noticed");
        _clock.Skip(Long);
        await UntilItStandsStillAsync(alice);
        _proxy.Mend();

        await MeetingServer.UntilAsync(() => alice.Self.IsRoomJoined, "Alice is back");
        await UntilMoreIsReceivedAsync(alice);
    }

    [Fact]
    public async Task A_return_that_fails_since_media_is_still_away_spoils_none_that_follows()
    {
        var meeting = await _server.CreateMeetingAsync();
        await using var alice = await InitAsync(meeting);
        await using var bob = await _server.InitAsync(meeting, "Bob");
        await alice.JoinAsync();
        await bob.JoinAsync();
        await UntilMoreIsReceivedAsync(alice);

        _proxy.Cut();
        await MeetingServer.UntilAsync(() => alice.Self.RoomState is RoomState.Disconnected, "the loss of the socket is noticed");
        _clock.Skip(Long);
        await UntilItStandsStillAsync(alice);
        _network.Change(Gone);
        _clock.Hurry = 20;
        var tried = _network.Clients;
        _proxy.Mend();

        // Each attempt makes two transports, which nobody answers.
        await MeetingServer.UntilAsync(() => _network.Clients >= tried + 6, "it has tried three times");
        _clock.Hurry = 1;
        _network.Change(Whole);

        await MeetingServer.UntilAsync(() => alice.Self.IsRoomJoined, "Alice is back");
        await UntilMoreIsReceivedAsync(alice);
        await MeetingServer.UntilAsync(() => bob.Participants.Joined.ToArray() is [{ VideoEnabled: true, AudioEnabled: true }], "Bob is told that Alice sends");
    }

    [Fact]
    public async Task Media_that_is_lost_while_the_socket_lives_is_sought_for_as_long_as_it_takes()
    {
        var meeting = await _server.CreateMeetingAsync();
        await using var alice = await InitAsync(meeting);
        await using var bob = await _server.InitAsync(meeting, "Bob");
        var left = 0;
        alice.Self.RoomLeft += _ => Interlocked.Increment(ref left);
        await alice.JoinAsync();
        await bob.JoinAsync();
        await UntilMoreIsReceivedAsync(alice);

        _network.Change(Gone);
        _clock.Hurry = 20;
        var tried = _network.Clients;
        _clock.Skip(Long);
        await MeetingServer.UntilAsync(() => _network.Clients >= tried + 16, "either transport was tried more than a few times");
        _clock.Hurry = 1;
        _network.Change(Whole);

        await UntilMoreIsReceivedAsync(alice);
        var sent = alice.Self.VideoFramesSent;
        await MeetingServer.UntilAsync(() => alice.Self.VideoFramesSent > sent + 20, "Alice sends again");
        await alice.DrainEventsAsync();
        Assert.Equal(0, left);
    }

    /// <summary>Waits for frames that were not there before.</summary>
    private static async Task UntilMoreIsReceivedAsync(RealtimeKitClient client)
    {
        await MeetingServer.UntilAsync(
            () => client.Participants.Joined.ToArray() is [{ VideoTrack: { IsEnded: false, Frames: > 10 }, AudioTrack: { IsEnded: false, Frames: > 20 } }],
            $"{client.Self.Name} sees and hears");
        var before = client.Participants.Joined.ToArray()[0];
        var (picture, sound) = (before.VideoTrack, before.AudioTrack);
        var (pictures, sounds) = (picture?.Frames ?? 0, sound?.Frames ?? 0);
        await MeetingServer.UntilAsync(
            () => client.Participants.Joined.ToArray() is [{ VideoTrack: { } video, AudioTrack: { } audio }]
                && video.Frames > (video == picture ? pictures : 0) + 10 && audio.Frames > (audio == sound ? sounds : 0) + 20,
            $"{client.Self.Name} sees and hears more");
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

    // Requests wait by the same clock.
    private Task<RealtimeKitClient> InitAsync(string meeting) => _server.InitAsync(meeting, "Alice", change: options => options with
    {
        BaseUri = new UriBuilder(options.BaseUri) { Port = _proxy.Port }.Uri,
        Time = _clock,
        RequestTimeout = MeetingServer.Patience * 20,
    });
}
