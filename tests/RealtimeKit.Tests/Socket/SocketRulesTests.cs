using System.Net.WebSockets;
using Google.Protobuf;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Tests.Socket;

/// <summary>The socket itself: heartbeats, errors, closing, coming back.</summary>
public sealed class SocketRulesTests : IAsyncLifetime
{
    private MeetingHost _host = null!;

    public async Task InitializeAsync() => _host = await MeetingHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task The_server_pings_and_answers_pings_and_gives_up_who_is_silent()
    {
        await using var alice = await JoinAsync("Alice");
        await alice.SendFrameAsync("2"u8.ToArray(), WebSocketMessageType.Text);
        await alice.WaitAsync(heard => heard.Text == "3");
        _host.Clock.Advance(TimeSpan.FromSeconds(10));
        await alice.WaitAsync(heard => heard.Text == "2");

        await using var bob = await JoinAsync("Bob", alice);
        for (var i = 0; i < 3; i++)
        {
            _host.Clock.Advance(TimeSpan.FromSeconds(10));
            await alice.SendFrameAsync("3"u8.ToArray(), WebSocketMessageType.Text);
            await alice.SettleAsync();
        }

        _host.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(await bob.ClosedAsync());
        await alice.HearAsync(SocketEvent.LeaveRoom, PeerInfoResponse.Parser, left => left.Peer.PeerId == bob.PeerId);
        await alice.SettleAsync();
    }

    [Fact]
    public async Task What_cannot_be_read_or_is_not_known_is_answered_and_closes_nothing()
    {
        await using var alice = await JoinAsync("Alice");
        Assert.Contains("not known", await alice.RefusedAsync((SocketEvent)12_345, null), StringComparison.Ordinal);
        Assert.Contains("not known", await alice.RefusedAsync((SocketEvent)0x0100_0002, null), StringComparison.Ordinal);

        await alice.SendFrameAsync(new SocketMessage
        {
            Event = (uint)SocketEvent.Produce, Id = "bad", Payload = ByteString.CopyFrom(0xFF, 0xFF, 0xFF),
        }.ToByteArray());
        var error = await alice.WaitAsync(heard => heard.Message?.Id == "bad");
        Assert.Equal(SocketEvent.Error, error.Event);

        await alice.SendFrameAsync([0xFF, 0xFF, 0xFF, 0xFF]);
        await alice.WaitAsync(heard => heard.Message is { HasId: false } && heard.Event == SocketEvent.Error);
        await alice.SendFrameAsync("nonsense"u8.ToArray(), WebSocketMessageType.Text);
        await alice.SettleAsync();
    }

    [Fact]
    public async Task A_frame_that_is_too_large_closes_the_socket_so_that_it_comes_back()
    {
        await using var alice = await JoinAsync("Alice");
        await alice.SendFrameAsync(new byte[SocketEnvelope.MaxFrameBytes + 1]);
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, await alice.ClosedAsync());
    }

    [Fact]
    public async Task A_flood_of_requests_is_answered_with_errors()
    {
        await using var alice = await JoinAsync("Alice");
        const int requests = 1_000;
        for (var i = 0; i < requests; i++)
        {
            await alice.SendAsync((SocketEvent)12_345, null);
        }

        // All are answered before time goes on: what is still under way would use up what the time brings.
        await alice.WaitAsync(_ => alice.History().Count(heard => heard.Message is not null && heard.Event is SocketEvent.Error) >= requests);
        Assert.Contains(alice.History(), heard => heard.Message is { } message && heard.Event is SocketEvent.Error
            && ErrorResponse.Parser.ParseFrom(message.Payload).ErrorMessage.Contains("too many", StringComparison.Ordinal));
        _host.Clock.Advance(TimeSpan.FromSeconds(5));
        await alice.SettleAsync();
    }

    [Fact]
    public async Task A_receiver_that_does_not_keep_up_is_cut_off_and_nobody_waits_for_it()
    {
        await using var first = await JoinAsync("Sender 0");
        var senders = new List<SocketClient> { first };
        for (var i = 1; i < 3; i++)
        {
            senders.Add(await JoinAsync($"Sender {i}", first));
        }

        // Joins, and then never reads.
        var guest = await _host.NewGuestAsync(first.Guest.Meeting, "Slow");
        var peerId = Guid.NewGuid().ToString();
        using var slow = new ClientWebSocket();
        await slow.ConnectAsync(
            SocketClient.AddressOf(_host.Address, peerId, guest.Token, guest.Meeting.Id.ToString()), CancellationToken.None);
        await slow.SendAsync(
            SocketEnvelope.Write(SocketEvent.JoinRoom, "1", new JoinRoomRequest()), WebSocketMessageType.Binary, true, CancellationToken.None);
        await first.HearAsync(SocketEvent.JoinRoom, PeerInfoResponse.Parser, joined => joined.Peer.PeerId == peerId);

        var message = new BroadcastMessage { Type = "t", Payload = ByteString.CopyFrom(new byte[32 << 10]) };
        for (var round = 0; round < 190; round++)
        {
            _host.Clock.Advance(TimeSpan.FromMilliseconds(100));
            foreach (var sender in senders)
            {
                await sender.SendAsync(SocketEvent.Broadcast, message);
            }

            await first.SettleAsync();
        }

        await first.HearAsync(SocketEvent.LeaveRoom, PeerInfoResponse.Parser, left => left.Peer.PeerId == peerId);
        Assert.Contains(_host.Api.Logbook.Lines, line => line.Contains(" 4103 ", StringComparison.Ordinal) && line.Contains(peerId, StringComparison.Ordinal));
        foreach (var sender in senders)
        {
            await sender.SettleAsync();
            await sender.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_second_socket_of_a_peer_takes_the_place_of_the_first()
    {
        await using var alice = await JoinAsync("Alice");
        await using var again = await _host.JoinAsync(alice.Guest, alice.PeerId);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, await alice.ClosedAsync());
        Assert.Single((await again.AskAsync(SocketEvent.GetPeers, null, RoomPeersInfoResponse.Parser)).Peers);
    }

    [Fact]
    public async Task A_peer_that_lost_its_network_comes_back_to_its_transports()
    {
        await using var alice = await JoinAsync("Alice");
        await using var bob = await JoinAsync("Bob", alice);
        var ofBob = await bob.EnterMediaAsync();
        await bob.CompleteMediaAsync();
        await alice.EnterMediaAsync();
        await alice.CompleteMediaAsync();
        var first = await bob.ProduceAsync("audio", ofBob.Sending);
        await alice.HearAsync(SocketEvent.ProducerCreated);

        await bob.CutAsync();
        await alice.HearAsync(SocketEvent.LeaveRoom);
        await alice.HearAsync(SocketEvent.MediaPeerLeft);
        _host.Clock.Advance(TimeSpan.FromSeconds(5));
        await using var again = await _host.JoinAsync(bob.Guest, bob.PeerId);
        await again.AskAsync(SocketEvent.JoinMedia, new PeerJoinRequest { Prejoined = true }, PeerJoinResponse.Parser);
        Assert.Empty(Assert.Single((await again.CompleteMediaAsync()).Participants).ProducerStates);
        var second = await again.AskAsync(
            SocketEvent.Produce,
            new ProducerCreateRequest
            {
                Kind = "audio",
                ProducingTransportId = ofBob.Sending,
                MimeType = "audio/opus",
                AppData = """{"mid":"3"}""",
                Msid = "stream track-2",
                Description = new SessionDescription
                {
                    Type = "offer",
                    Sdp = Offers.Of(
                        ("audio", "inactive", null), ("video", "inactive", null), ("audio", "inactive", null), ("audio", "sendonly", "track-2")),
                },
            },
            ProducerCreateResponse.Parser);
        Assert.NotEqual(first.ProducerId, second.ProducerId);
    }

    [Fact]
    public async Task A_peer_that_says_goodbye_takes_its_transports_along()
    {
        await using var alice = await JoinAsync("Alice");
        var ofAlice = await alice.EnterMediaAsync();
        await alice.CompleteMediaAsync();
        await alice.CloseAsync();
        await using var again = await _host.JoinAsync(alice.Guest, alice.PeerId);
        await again.AskAsync(SocketEvent.JoinMedia, new PeerJoinRequest(), PeerJoinResponse.Parser);
        await again.RefusedAsync(SocketEvent.Produce, MediaClientExtensions.ProduceOf("audio", ofAlice.Sending));
    }

    [Fact]
    public async Task A_server_that_stops_asks_its_clients_to_come_back()
    {
        await using var alice = await JoinAsync("Alice");
        var stopping = _host.Api.StopAsync();
        Assert.Equal((WebSocketCloseStatus)1012, await alice.ClosedAsync());
        await stopping;
    }

    private async Task<SocketClient> JoinAsync(string name, SocketClient? beside = null) =>
        await _host.JoinAsync(await _host.NewGuestAsync(beside?.Guest.Meeting ?? await _host.NewMeetingAsync(), name));
}
