using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Tests.Socket;

/// <summary>A preset that the API changes while those who have it are in meetings.</summary>
[Collection(SharedMeetingHostTests.Name)]
public sealed class PresetChangeTests(SharedMeetingHost shared)
{
    private const string OwnPreset = """{"permissions":{"media":{"audio":{"can_produce":"ALLOWED"}}}}""";

    private MeetingHost Host => shared.Host;

    [Fact]
    public async Task A_change_is_told_and_enforced_at_once_in_every_meeting_for_those_who_have_the_preset()
    {
        var meeting = await Host.NewMeetingAsync();
        await using var alice = await Host.JoinAsync(await Host.NewGuestAsync(meeting, "Alice"));
        var guest = await Host.NewGuestAsync(meeting, "Bob", "group_call_participant", OwnPreset);
        await using var bob = await Host.JoinAsync(guest);
        var elsewhere = await Host.NewMeetingAsync();
        await using var carol = await Host.JoinAsync(await NewGuestLikeAsync(guest, elsewhere, "Carol"));
        await alice.EnterMediaAsync();
        await alice.CompleteMediaAsync();
        var media = await bob.EnterMediaAsync();
        await bob.CompleteMediaAsync();
        var microphone = await bob.ProduceAsync("audio", media.Sending);
        await alice.HearAsync(SocketEvent.ProducerCreated);

        await ChangeAsync(guest, """{"permissions":{"chat":{"public":{"can_send":false}},"media":{"audio":{"can_produce":"NOT_ALLOWED"}}}}""");

        foreach (var client in new[] { bob, carol })
        {
            var told = await client.HearAsync(SocketEvent.UpdatePresets, UpdatePeersPresetResponse.Parser);
            var change = Assert.Single(told.UpdatePeersPresets);
            Assert.Equal(client.UserId, change.UserIds);
            Assert.False(change.Patch.Chat.Public.CanSend);
            Assert.Equal(StreamPermissionType.NotAllowed, change.Patch.Media.Audio.CanProduce);
            await client.RefusedAsync(SocketEvent.SendMessage, new SendChatMessageToRoomRequest { Payload = "x" });
        }

        // What is being sent already is held back, and cannot be let go again.
        var held = await alice.HearAsync(SocketEvent.ProducerToggled, PeerProducerToggleBroadcastResponse.Parser);
        Assert.Equal((bob.PeerId, microphone.ProducerId, true), (held.ParticipantId, held.ProducerState.ProducerId, held.ProducerState.Pause));
        await bob.RefusedAsync(
            SocketEvent.ToggleProducer, new ProducerToggleRequest { ProducerId = microphone.ProducerId, Pause = false });

        // Who has another preset may do what it could.
        await alice.SendAsync(SocketEvent.SendMessage, new SendChatMessageToRoomRequest { Payload = "still here" });
        await bob.HearAsync(SocketEvent.SendMessage);

        await ChangeAsync(guest, """{"permissions":{"chat":{"public":{"can_send":true}}}}""");
        await bob.HearAsync(SocketEvent.UpdatePresets, UpdatePeersPresetResponse.Parser, told => told.UpdatePeersPresets[0].Patch.Chat.Public.CanSend);
        await bob.SendAsync(SocketEvent.SendMessage, new SendChatMessageToRoomRequest { Payload = "thanks" });
        await alice.HearAsync(SocketEvent.SendMessage, SendChatMessageToRoomResponse.Parser, said => said.Message.Payload == "thanks");
    }

    [Fact]
    public async Task Who_waits_is_let_in_when_its_preset_comes_to_let_it_in()
    {
        var meeting = await Host.NewMeetingAsync();
        var guest = await Host.NewGuestAsync(
            meeting, "Bob", "group_call_participant", """{"permissions":{"waiting_room_type":"SKIP_ON_ACCEPT"}}""");
        await using var alice = await Host.JoinAsync(await Host.NewGuestAsync(meeting, "Alice"));
        await using var bob = await Host.ConnectAsync(guest);
        var asked = await bob.AskAsync(SocketEvent.JoinRoom, bob.JoinOf(), PeerInfoResponse.Parser);
        Assert.True(asked.Peer.Waitlisted);

        await ChangeAsync(guest, """{"permissions":{"waiting_room_type":"SKIP"}}""");
        await bob.HearAsync(SocketEvent.WaitingAccepted);
        await bob.JoinAsync();
    }

    private async Task<Guest> NewGuestLikeAsync(Guest like, Meetings.Records.Meeting meeting, string name)
    {
        var participant = (await Host.Service<Meetings.Records.ParticipantStore>().AddAsync(
            meeting.AppId, meeting.Id, name, like.Participant.PresetId, name, null, CancellationToken.None))!;
        return new Guest(meeting, participant, Host.Service<Meetings.Tokens.ParticipantAdmission>().Issue(participant));
    }

    private async Task ChangeAsync(Guest guest, string patch)
    {
        Host.Clock.Advance(TimeSpan.FromMilliseconds(10));
        var account = Host.Api.One;
        var path = $"{account.AppPath}/presets/{guest.Participant.PresetId}";
        Assert.Equal(200, (await Host.Api.Client.PatchAsync(path, account.WriteToken, patch)).Status);
    }
}
