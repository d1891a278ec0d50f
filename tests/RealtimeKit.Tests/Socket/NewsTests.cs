using Roomcast.Meetings;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Tests.Socket;

/// <summary>What peers are told that none of them has asked for, under the numbers by which the client knows it.</summary>
[Collection(SharedMeetingHostTests.Name)]
public sealed class NewsTests(SharedMeetingHost shared) : IAsyncLifetime
{
    private Meeting _meeting = null!;

    private MeetingHost Host => shared.Host;

    public async Task InitializeAsync() => _meeting = await Host.NewMeetingAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task What_was_said_is_told_to_those_who_may_read_it_and_to_nobody_else()
    {
        await using var reader = await JoinAsync("Reader", """{"permissions":{"transcription_enabled":true}}""");
        await using var other = await JoinAsync("Other", """{"permissions":{"transcription_enabled":false}}""");
        const string Line = """1500,peer,user,alice,Alice,"Hello, all" """;
        await TellAsync(new TranscriptHeard(_meeting.Id, Line));

        var told = await reader.HearAsync((SocketEvent)32, MeetingTranscript.Parser);
        Assert.Equal((_meeting.Id.ToString(), Line, false), (told.MeetingId, told.Transcript, told.IsPartial));
        await other.SettleAsync();
        Assert.Equal(0, other.CountOf((SocketEvent)32));
    }

    [Theory]
    [InlineData(SessionRecordingState.Recording, 40u, "RECORDING", "")]
    [InlineData(SessionRecordingState.Over, 41u, null, "")]
    [InlineData(SessionRecordingState.Over, 41u, null, "the disk is full")]
    [InlineData(SessionRecordingState.Paused, 42u, "PAUSED", "")]
    public async Task A_recording_is_told_by_its_number_and_listed_for_those_who_join_later(
        SessionRecordingState state, uint number, string? listed, string error)
    {
        await using var alice = await JoinAsync("Alice");
        await using var bob = await JoinAsync("Bob");
        var recordingId = Guid.NewGuid();

        // That it begins is no news: who began it knows by the answer. Who joins meanwhile finds it.
        await TellAsync(new RecordingChanged(recordingId, OfTracks: false, SessionRecordingState.Starting, ""));
        var starting = Assert.Single((await alice.AskAsync(SocketEvent.GetRoom, null, RoomInfoResponse.Parser)).Room.ActiveRecordings);
        Assert.Equal((recordingId.ToString(), "STARTING"), (starting.RecordingId, starting.RecordingStatus));
        Assert.DoesNotContain(alice.History(), heard => heard.Message is not null && (uint)heard.Event is >= 40 and <= 42);

        await TellAsync(new RecordingChanged(recordingId, OfTracks: false, state, error));
        foreach (var client in (SocketClient[])[alice, bob])
        {
            var told = await client.HearAsync((SocketEvent)number, RecordingEvent.Parser);
            Assert.Equal((recordingId.ToString(), error, RecordingType.Browser), (told.RecordingId, told.ErrMessage, told.RecordingType));
            Assert.Single(client.History(), heard => heard.Message is not null && (uint)heard.Event is >= 40 and <= 42);
        }

        await using var late = await JoinAsync("Late");
        var room = (await late.AskAsync(SocketEvent.GetRoom, null, RoomInfoResponse.Parser)).Room;
        Assert.Equal(listed, room.ActiveRecordings.SingleOrDefault()?.RecordingStatus);
    }

    [Fact]
    public async Task A_recording_of_single_tracks_says_so()
    {
        await using var alice = await JoinAsync("Alice");
        await TellAsync(new RecordingChanged(Guid.NewGuid(), OfTracks: true, SessionRecordingState.Recording, ""));
        Assert.Equal(RecordingType.Track, (await alice.HearAsync((SocketEvent)40, RecordingEvent.Parser)).RecordingType);
    }

    [Fact]
    public async Task Who_speaks_takes_the_first_place_keeps_it_while_muted_and_is_taken_off_the_list_with_the_microphone()
    {
        await using var alice = await JoinAsync("Alice");
        await using var bob = await JoinAsync("Bob");
        await alice.EnterMediaAsync();
        await alice.CompleteMediaAsync();
        var media = await bob.EnterMediaAsync();
        await bob.CompleteMediaAsync();
        var microphone = await bob.ProduceAsync("audio", media.Sending);

        // As the client does it: every 400 ms while the microphone is open. What another says of it counts for nothing.
        await UntilAsync(async () =>
        {
            var loud = new AudioActivityRequest { ProducerId = microphone.ProducerId, Energy = 9 };
            await alice.SendAsync(SocketEvent.AudioActivity, loud);
            await alice.SettleAsync();
            if (alice.CountOf((SocketEvent)0x0300_0028) > 0)
            {
                return true;
            }

            await bob.SendAsync(SocketEvent.AudioActivity, loud);
            return false;
        });
        var speaking = Assert.Single((await alice.HearAsync((SocketEvent)0x0300_0028, SelectedPeersDiffResponse.Parser)).Entries);
        Assert.Equal((bob.PeerId, 1), (speaking.PeerId, speaking.Priority));
        Assert.Equal([bob.PeerId], (await alice.CompleteMediaAsync()).SelectedPeers.AudioPeers);

        // To be muted is to be silent: the place is kept until somebody else speaks.
        await bob.SendAsync(SocketEvent.ToggleProducer, new ProducerToggleRequest { ProducerId = microphone.ProducerId, Pause = true });
        await alice.HearAsync(SocketEvent.ProducerToggled);
        Assert.Equal([bob.PeerId], (await alice.CompleteMediaAsync()).SelectedPeers.AudioPeers);

        await bob.AskAsync(SocketEvent.CloseProducer, new ProducerCloseRequest { ProducerId = microphone.ProducerId }, ProducerClosingResponse.Parser);
        const int RemovedFromTheList = 229_490_415;
        var gone = await alice.HearAsync(
            (SocketEvent)0x0300_0028, SelectedPeersDiffResponse.Parser, diff => diff.Entries is not [{ Priority: 1 }]);
        var entry = Assert.Single(gone.Entries);
        Assert.Equal((bob.PeerId, RemovedFromTheList), (entry.PeerId, entry.Priority));
        Assert.Empty((await alice.CompleteMediaAsync()).SelectedPeers.AudioPeers);
    }

    [Fact]
    public async Task A_media_side_that_fails_is_told_as_ended_and_entered_anew()
    {
        await using var alice = await JoinAsync("Alice");
        await using var bob = await JoinAsync("Bob");
        var media = await alice.EnterMediaAsync();
        await alice.CompleteMediaAsync();
        await bob.EnterMediaAsync();
        await bob.CompleteMediaAsync();
        await alice.ProduceAsync("video", media.Sending);
        await bob.HearAsync(SocketEvent.ProducerCreated);
        await using var outside = await JoinAsync("Outside");

        var room = (await alice.AskAsync(SocketEvent.GetRoom, null, RoomInfoResponse.Parser)).Room;
        Assert.True(SessionId.TryParse(room.RoomUuid, out var sessionId));
        await using var following = await Host.Service<MeetingSessions>().FollowAsync(sessionId, new Follower(), CancellationToken.None);
        var faulty = await Host.Service<SessionGuests>().EnterAsync(
            sessionId, Guid.NewGuid(), "Film", hasSound: false, hasPicture: true, new FaultyGuest(), CancellationToken.None);

        // A picture, but no keyframe yet: who follows cannot begin, and the room comes to ask for one by itself.
        byte[] packet = [0x80, MediaSource.Vp8PayloadType, 0, 1, 0, 0, 0, 1, 0, 0, (byte)(MediaSource.PictureSsrc >> 8), (byte)(MediaSource.PictureSsrc & 0xFF), 0x10, 0x11, 2, 0];
        faulty!.Send(packet, isRtcp: false);
        foreach (var client in (SocketClient[])[alice, bob])
        {
            await client.HearAsync((SocketEvent)0x0300_0024);
        }

        await faulty.DisposeAsync();

        // Whoever is back sees none of what was sent before, and what is sent from now on.
        foreach (var client in (SocketClient[])[alice, bob])
        {
            media = await client.EnterMediaAsync();
            Assert.All((await client.CompleteMediaAsync()).Participants, peer => Assert.Empty(peer.ProducerStates));
        }

        var again = await bob.ProduceAsync("video", media.Sending);
        await alice.HearAsync(SocketEvent.ProducerCreated, PeerProducerCreateBroadcastResponse.Parser, told => told.ProducerState.ProducerId == again.ProducerId);
        await outside.SettleAsync();
        Assert.Equal(0, outside.CountOf((SocketEvent)0x0300_0024));
    }

    private async Task<SocketClient> JoinAsync(string name, string? patch = null) =>
        await Host.JoinAsync(await Host.NewGuestAsync(_meeting, name, patch: patch));

    private Task TellAsync(SessionEvent happened) => Host.Service<IActiveSessions>().TellAsync(_meeting.Id, happened, CancellationToken.None);

    private async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await isSo())
        {
            Host.Clock.Advance(TimeSpan.FromMilliseconds(100)); // The sessions' allowances go by it.
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, patience.Token);
        }
    }

    /// <summary>Takes the tracks of the room, and so has it ask for keyframes.</summary>
    private sealed class Follower : ISessionFollower
    {
        public void OnTrack(MediaProducer producer, uint ssrc, byte payloadType)
        {
        }

        public void OnTrackEnded(string producerId)
        {
        }

        public void OnPacket(ReadOnlySpan<byte> packet, bool isRtcp)
        {
        }

        public void OnRoomEnded()
        {
        }

        public void OnStage(StageView stage)
        {
        }

        public void OnEnded()
        {
        }
    }

    /// <summary>Meets a fault in what is due for the room, of which a single peer is not the cause.</summary>
    private sealed class FaultyGuest : ISessionGuestListener
    {
        public void OnKeyframeWanted() => throw new InvalidOperationException("A listener has a fault.");

        public void OnRemoved()
        {
        }
    }
}
