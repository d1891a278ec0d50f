using System.Text.Json.Nodes;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Tests.Sessions;

public sealed class HostAndMediaTests : IAsyncLifetime
{
    private SessionFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await SessionFixture.StartAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task One_that_is_kicked_is_told_leaves_and_is_cut_off_if_it_stays()
    {
        var host = await _fixture.JoinAsync("Host");
        var guest = await _fixture.JoinAsync("Guest");
        for (var times = 0; times < 2; times++)
        {
            await host.DoAsync(room => room.Host.Kick(host.Peer, [guest.Id]));
        }

        Assert.Single(guest.Heard<Kicked>());
        Assert.Single(host.Heard<PeerLeft>());
        Assert.Equal(SessionFault.NotJoined, await TestPeer.RefusalOfAsync(() => guest.JoinAsync()));
        Assert.Null(guest.Link.Closed);
        await _fixture.PassAsync(TimeSpan.FromSeconds(6));
        Assert.Equal(LinkCloseReason.Removed, guest.Link.Closed);
    }

    [Fact]
    public async Task Kicking_everybody_ends_the_session_at_once()
    {
        var host = await _fixture.JoinAsync("Host");
        var guest = await _fixture.JoinAsync("Guest");
        await host.DoAsync(room => room.Host.KickAll(host.Peer, fromConnected: false));
        Assert.Single(host.Heard<EverybodyKicked>());
        Assert.Single(guest.Heard<EverybodyKicked>());
        Assert.Null(host.Session.SessionId);
        Assert.Null(_fixture.Active.Find(_fixture.Meeting.Id));
    }

    [Fact]
    public async Task Who_kicked_everybody_finds_the_session_ended()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var id = alice.Session.SessionId!.Value;
        var disk = new TaskCompletionSource();
        await alice.DoAsync(room => room.Journal.TryAdd(() => disk.Task));
        var kicking = _fixture.Active.KickAllAsync(_fixture.Meeting.Id, CancellationToken.None);
        await SessionFixture.UntilAsync(() => alice.Session.SessionId is null);
        await Task.Delay(TimeSpan.FromMilliseconds(20));
        var waited = !kicking.IsCompleted;
        disk.SetResult();
        Assert.Equal(1, await kicking);
        Assert.True(waited);
        var kept = await _fixture.Service<SessionRecordStore>().FindAsync(_fixture.App.Id, id, CancellationToken.None);
        Assert.NotNull(kept!.EndedAt);
    }

    [Fact]
    public async Task A_storage_that_takes_no_end_does_not_hold_up_who_kicks_everybody_for_ever()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var disk = new TaskCompletionSource();
        await alice.DoAsync(room => room.Journal.TryAdd(() => disk.Task));
        var kicking = _fixture.Active.KickAllAsync(_fixture.Meeting.Id, CancellationToken.None);
        await SessionFixture.UntilAsync(() =>
        {
            _fixture.Clock.Advance(TimeSpan.FromSeconds(1));
            return kicking.IsCompleted;
        });
        Assert.Equal(1, await kicking);
        disk.SetResult();
    }

    [Fact]
    public async Task The_owner_kicks_and_mutes_by_either_name()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var bob = await _fixture.JoinAsync("Bob");
        var muted = await _fixture.Active.MuteAsync(
            _fixture.Meeting.Id, new ParticipantChoice(new HashSet<ParticipantId> { alice.Participant.Id }, new HashSet<string>()), CancellationToken.None);
        Assert.Equal(alice.Participant.Id, Assert.Single(muted!).Id);
        var kicked = await _fixture.Active.KickAsync(
            _fixture.Meeting.Id, new ParticipantChoice(new HashSet<ParticipantId>(), new HashSet<string> { "Bob", "Nobody" }), CancellationToken.None);
        Assert.Equal(bob.Participant.Id, Assert.Single(kicked!).Id);
        Assert.Single(bob.Heard<Kicked>());
        Assert.Equal(1, await _fixture.Active.KickAllAsync(_fixture.Meeting.Id, CancellationToken.None));
        Assert.Null(await _fixture.Active.KickAllAsync(_fixture.Meeting.Id, CancellationToken.None));
    }

    [Fact]
    public async Task Muting_holds_the_track_back_and_tells_the_muted_as_well()
    {
        var host = await ReadyAsync("Host");
        var guest = await ReadyAsync("Guest");
        var (audio, video) = (await ProduceAsync(guest, MediaKind.Audio), await ProduceAsync(guest, MediaKind.Video));
        await host.DoAsync(room => room.Host.Mute(host.Peer, guest.Id, new MediaChoice(Audio: true, Video: false, Screen: false)));
        await SessionFixture.UntilAsync(() => guest.Heard<ProducerPaused>().Count == 1 && host.Heard<ProducerPaused>().Count == 1);
        var paused = guest.Heard<ProducerPaused>()[0];
        Assert.Equal((audio.Producer.Id, true, host.Id), (paused.Producer.Id, paused.Producer.IsPaused, paused.InitiatorPeerId));
        Assert.Contains($"pause {guest.Id} True", _fixture.Media!.Calls);

        await guest.AskAsync<MediaProducer>((room, answer) => room.Media.SetPaused(guest.Peer, audio.Producer.Id, false, answer));
        Assert.False(host.Heard<ProducerPaused>()[^1].Producer.IsPaused);
        Assert.Equal(
            SessionFault.NotFound,
            await host.RefusedAsync(room => room.Media.SetPaused(host.Peer, video.Producer.Id, true, new(_ => { }, _ => { }))));
    }

    [Fact]
    public async Task What_was_brought_in_switched_off_stays_off_until_its_owner_switches_it_on()
    {
        var guest = await ReadyAsync("Guest");
        var steering = new SessionSteering(_fixture.Sessions);
        var sessionId = _fixture.Active.Find(_fixture.Meeting.Id)!.Value;
        var sound = new MediaChoice(Audio: true, Video: false, Screen: false);
        var audio = await guest.AskAsync<Produced>((room, answer) =>
            room.Media.Produce(guest.Peer, new ProduceRequest(MediaKind.Audio, IsPaused: true, false, "{}", null, null, "offer"), answer));
        Assert.Equal(SteerOutcome.OnlyItself, await steering.UnmuteAsync(sessionId, guest.Id, sound, CancellationToken.None));
        Assert.Equal(SteerOutcome.Done, await steering.UnmuteAsync(sessionId, null, sound, CancellationToken.None));
        Assert.True(guest.Peer.Producers[audio.Producer.Id].IsPaused);

        await guest.AskAsync<MediaProducer>((room, answer) => room.Media.SetPaused(guest.Peer, audio.Producer.Id, false, answer));
        await steering.MuteAsync(sessionId, guest.Id, sound, CancellationToken.None);
        Assert.Equal(SteerOutcome.Done, await steering.UnmuteAsync(sessionId, guest.Id, sound, CancellationToken.None));
        Assert.False(guest.Peer.Producers[audio.Producer.Id].IsPaused);

        // Nothing is remembered of what is closed.
        await guest.AskAsync<MediaProducer>((room, answer) => room.Media.SetPaused(guest.Peer, audio.Producer.Id, true, answer));
        await guest.AskAsync<ClosedProducer>((room, answer) => room.Media.CloseProducer(guest.Peer, audio.Producer.Id, null, answer));
        await SessionFixture.UntilAsync(() => guest.Peer.PausedByItself.Count == 0);
    }

    [Fact]
    public async Task Who_is_let_on_stage_switched_off_is_so_once_and_may_switch_on_what_it_sends()
    {
        await _fixture.JoinAsync("Host", "webinar_presenter");
        var viewer = await _fixture.JoinAsync("Viewer", "webinar_viewer");
        await viewer.AskAsync<bool>((room, answer) => room.Media.Enter(viewer.Peer, isReturn: false, answer));
        await viewer.DoAsync(room => room.Media.Complete(viewer.Peer));
        var steering = new SessionSteering(_fixture.Sessions);
        var sessionId = _fixture.Active.Find(_fixture.Meeting.Id)!.Value;
        Task<SteerOutcome> LetOnAsync(string? notes) => steering.LetOnStageAsync(
            sessionId, viewer.Id, new MediaChoice(Audio: true, Video: false, Screen: false), notes, CancellationToken.None);

        Assert.Equal(SteerOutcome.Done, await LetOnAsync("""{"seat":7}"""));
        await viewer.DoAsync(room => room.Stage.Join(viewer.Peer));
        Assert.Equal("""{"seat":7}""", viewer.Peer.Notes);
        var picture = await ProduceAsync(viewer, MediaKind.Video);
        var sound = await ProduceAsync(viewer, MediaKind.Audio);
        await SessionFixture.UntilAsync(() => viewer.Heard<ProducerPaused>().Count == 1);
        Assert.Equal((sound.Producer.Id, true, ""), (viewer.Heard<ProducerPaused>()[0].Producer.Id, viewer.Heard<ProducerPaused>()[0].Producer.IsPaused, viewer.Heard<ProducerPaused>()[0].InitiatorPeerId));
        Assert.False(viewer.Peer.Producers[picture.Producer.Id].IsPaused);

        // Switched on by itself, or sent anew, it stays on; so it does where another promotion comes late.
        await viewer.AskAsync<MediaProducer>((room, answer) => room.Media.SetPaused(viewer.Peer, sound.Producer.Id, false, answer));
        Assert.Equal(SteerOutcome.Done, await LetOnAsync(null));
        Assert.Equal("""{"seat":7}""", viewer.Peer.Notes);
        await viewer.AskAsync<ClosedProducer>((room, answer) => room.Media.CloseProducer(viewer.Peer, sound.Producer.Id, null, answer));
        var again = await ProduceAsync(viewer, MediaKind.Audio);
        await viewer.SettleAsync();
        Assert.False(viewer.Peer.Producers[again.Producer.Id].IsPaused);

        // Off stage, it is forgotten how it was to come.
        Assert.Equal(SteerOutcome.Done, await steering.SendOffStageAsync(sessionId, viewer.Id, CancellationToken.None));
        Assert.Equal(SteerOutcome.Done, await LetOnAsync(null));
        Assert.Equal(SteerOutcome.Done, await steering.SendOffStageAsync(sessionId, viewer.Id, CancellationToken.None));
        Assert.Equal(SteerOutcome.Done, await steering.LetOnStageAsync(sessionId, viewer.Id, default, null, CancellationToken.None));
        await viewer.DoAsync(room => room.Stage.Join(viewer.Peer));
        var last = await ProduceAsync(viewer, MediaKind.Audio);
        await viewer.SettleAsync();
        Assert.False(viewer.Peer.Producers[last.Producer.Id].IsPaused);
    }

    [Fact]
    public async Task Notes_that_would_be_too_long_are_refused_and_stay_as_they_were()
    {
        var guest = await ReadyAsync("Guest");
        var steering = new SessionSteering(_fixture.Sessions);
        var sessionId = _fixture.Active.Find(_fixture.Meeting.Id)!.Value;
        Assert.Equal(SteerOutcome.Done, await steering.NoteAsync(sessionId, guest.Id, _ => """{"a":1}""", CancellationToken.None));
        Assert.Equal(SteerOutcome.TooLong, await steering.NoteAsync(sessionId, guest.Id, _ => null, CancellationToken.None));
        Assert.Equal("""{"a":1}""", guest.Peer.Notes);
        Assert.Equal(SteerOutcome.TooLong, await steering.NoteAsync(sessionId, _ => null, CancellationToken.None));
    }

    [Fact]
    public async Task Muting_all_for_good_takes_the_permission_to_speak()
    {
        var guest = await ReadyAsync("Guest");
        var audio = await ProduceAsync(guest, MediaKind.Audio);
        Assert.Equal(1, await _fixture.Active.MuteAllAsync(_fixture.Meeting.Id, allowUnmute: false, CancellationToken.None));
        await SessionFixture.UntilAsync(() => guest.Heard<ProducerPaused>().Count == 1);
        Assert.Equal(
            SessionFault.NotAllowed,
            await guest.RefusedAsync(room => room.Media.SetPaused(guest.Peer, audio.Producer.Id, false, new(_ => { }, _ => { }))));
    }

    [Fact]
    public async Task Producers_are_told_to_others_and_gone_with_the_connection()
    {
        var alice = await ReadyAsync("Alice");
        var bob = await ReadyAsync("Bob");
        var produced = await ProduceAsync(alice, MediaKind.Video);
        Assert.Equal(produced.Producer.Id, Assert.Single(bob.Heard<ProducerOpened>()).Producer.Id);
        Assert.Empty(alice.Heard<ProducerOpened>());
        var snapshot = await bob.DoAsync(room => room.Media.Complete(bob.Peer));
        Assert.Equal(produced.Producer.Id, Assert.Single(Assert.Single(snapshot.Others).Producers).Id);

        await alice.AskAsync<bool>((room, answer) => room.Media.Enter(alice.Peer, isReturn: false, answer));
        Assert.Single(bob.Heard<ProducerClosed>());
        await alice.DoAsync(room => room.Media.Complete(alice.Peer));
        await ProduceAsync(alice, MediaKind.Video);
        await alice.DisconnectAsync(isFinal: false);
        var told = bob.Link.Told.Where(happened => happened is PeerLeft or MediaPeerLeft).ToArray();
        Assert.True(told is [PeerLeft, MediaPeerLeft]);
        await SessionFixture.UntilAsync(() => _fixture.Media!.Calls.Contains($"drop {alice.Id}"));
    }

    [Fact]
    public async Task As_many_screens_are_shown_as_the_preset_says()
    {
        var alice = await ReadyAsync("Alice");
        var bob = await ReadyAsync("Bob");
        await ProduceAsync(alice, MediaKind.Video, isScreen: true);
        Assert.Equal(SessionFault.TooMany, await TestPeer.RefusalOfAsync(() => ProduceAsync(bob, MediaKind.Video, isScreen: true)));
    }

    [Fact]
    public async Task Speakers_are_told_in_order_and_the_dropped_with_them()
    {
        var alice = await ReadyAsync("Alice");
        await alice.AskAsync<bool>((room, answer) => room.Media.Enter(alice.Peer, isReturn: false, answer));
        await alice.DoAsync(room => room.Media.Complete(alice.Peer));
        _fixture.Media!.Raise(new SpeakersChanged(["a", "b"]));
        _fixture.Media.Raise(new SpeakersChanged(["b"]));
        await SessionFixture.UntilAsync(() => alice.Heard<SpeakersHeard>().Count == 2);
        Assert.Equal(["a"], alice.Heard<SpeakersHeard>()[1].Dropped);
    }

    [Fact]
    public async Task A_media_room_that_fails_is_entered_anew()
    {
        var alice = await ReadyAsync("Alice");
        await alice.AskAsync<bool>((room, answer) => room.Media.Enter(alice.Peer, isReturn: false, answer));
        var failed = _fixture.Media!;
        failed.Raise(new RoomFailed());
        await SessionFixture.UntilAsync(() => alice.Heard<MediaRestarted>().Count == 1);
        await alice.AskAsync<bool>((room, answer) => room.Media.Enter(alice.Peer, isReturn: false, answer));
        Assert.NotSame(failed, _fixture.Media);
    }

    [Fact]
    public async Task A_guest_of_the_servers_own_whose_media_failed_leaves_and_is_told()
    {
        var alice = await ReadyAsync("Alice");
        await alice.AskAsync<bool>((room, answer) => room.Media.Enter(alice.Peer, isReturn: false, answer));
        var id = Guid.NewGuid();
        var link = new FakeLink();
        await alice.DoAsync(room => room.Media.OpenGuest(room.Guests.Add(id, "Film", link)!, []));
        _fixture.Media!.Raise(new TransportLost(id.ToString(), "t", TransportDirection.FromPeer, TransportLossReason.Fault, []));
        await SessionFixture.UntilAsync(() => alice.Heard<PeerLeft>().Count == 1);
        Assert.Equal(id.ToString(), alice.Heard<PeerLeft>()[0].Peer.PeerId);
        await SessionFixture.UntilAsync(() => link.Closed is LinkCloseReason.Removed);
        Assert.DoesNotContain(link.Told, happened => happened is MediaRestarted);
    }

    [Fact]
    public async Task A_return_to_transports_that_are_not_there_waits_for_new_ones()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var back = AskToReturnAsync(alice);
        await SessionFixture.UntilAsync(() => _fixture.Media?.Calls.Contains($"join {alice.Id}") == true);
        await _fixture.PassAsync(TimeSpan.FromSeconds(2));
        Assert.False(back.IsCompleted);
        await OpenTransportsAsync(alice);

        // Whoever asks again meanwhile keeps what it sends by then.
        var sent = await ProduceAsync(alice, MediaKind.Video);
        var again = AskToReturnAsync(alice);
        await SessionFixture.UntilAsync(async () =>
        {
            await _fixture.PassAsync(TimeSpan.FromMilliseconds(500));
            return again.IsCompleted;
        });
        Assert.True(await again);
        Assert.Equal(sent.Producer.Id, Assert.Single(alice.Peer.Producers).Key);

        // With transports there is nothing to wait for.
        Assert.True(await AskToReturnAsync(alice));
    }

    [Fact]
    public async Task A_return_is_refused_before_the_client_gives_up_and_not_held_up_for_ever()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var back = AskToReturnAsync(alice);
        await SessionFixture.UntilAsync(async () =>
        {
            await _fixture.PassAsync(TimeSpan.FromMilliseconds(500));
            await alice.SettleAsync();
            return back.IsCompleted;
        });
        Assert.Equal(SessionFault.WrongState, await TestPeer.RefusalOfAsync(() => back));

        // By then the client has found out, and whoever asks again has no transports to find dead.
        await _fixture.PassAsync(TimeSpan.FromSeconds(6));
        Assert.True(await AskToReturnAsync(alice));
        Assert.Single(_fixture.Media!.Calls, call => call == $"join {alice.Id}");
        Assert.True(await AskToReturnAsync(alice));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_transport_that_a_client_asks_for_on_its_way_back_in_is_not_made_for_it_to_throw_away(bool wasIn)
    {
        var alice = wasIn ? await ReadyAsync("Alice") : await _fixture.JoinAsync("Alice");
        if (wasIn)
        {
            await OpenTransportsAsync(alice);
            await alice.DisconnectAsync(isFinal: false);
            alice = await _fixture.ConnectAsync(_fixture.Meeting, alice.Participant, alice.Preset, alice.Id);
            await alice.JoinAsync();
        }

        var before = _fixture.Media?.Calls.Count(IsTransport) ?? 0;
        var early = OpenTransportAsync(alice, TransportDirection.FromPeer);
        var twice = OpenTransportAsync(alice, TransportDirection.FromPeer);
        Assert.Equal(SessionFault.WrongState, await TestPeer.RefusalOfAsync(() => early));
        await _fixture.PassAsync(TimeSpan.FromSeconds(3));
        await alice.SettleAsync();
        Assert.Equal((false, before), (twice.IsCompleted, _fixture.Media?.Calls.Count(IsTransport) ?? 0));

        await alice.AskAsync<bool>((room, answer) => room.Media.Enter(alice.Peer, isReturn: false, answer));
        Assert.Equal(SessionFault.WrongState, await TestPeer.RefusalOfAsync(() => twice));
        await OpenTransportsAsync(alice);
        Assert.Equal(before + 2, _fixture.Media!.Calls.Count(IsTransport));

        static bool IsTransport(string call) => call.StartsWith("transport", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_transport_that_is_held_up_is_made_for_nobody_who_has_gone(bool isLost)
    {
        var alice = await _fixture.JoinAsync("Alice");
        var opening = OpenTransportAsync(alice, TransportDirection.ToPeer);
        if (isLost)
        {
            await alice.DisconnectAsync(isFinal: false);
        }
        else
        {
            await alice.AskAsync<bool>((room, answer) => room.Media.Leave(alice.Peer, answer));
        }

        Assert.Equal(SessionFault.WrongState, await TestPeer.RefusalOfAsync(() => opening));
        await _fixture.PassAsync(TimeSpan.FromSeconds(5));
        await alice.SettleAsync();
        Assert.DoesNotContain(_fixture.Media?.Calls ?? [], call => call.StartsWith("transport", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_transport_of_a_client_that_does_not_ask_to_enter_is_made_after_a_while()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var opening = OpenTransportAsync(alice, TransportDirection.ToPeer);
        await SessionFixture.UntilAsync(async () =>
        {
            await _fixture.PassAsync(TimeSpan.FromMilliseconds(500));
            await alice.SettleAsync();
            return opening.IsCompleted;
        });
        Assert.NotEmpty((await opening).TransportId);
    }

    [Fact]
    public async Task A_pin_is_told_to_all_kept_for_later_and_gone_with_its_peer()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var bob = await _fixture.JoinAsync("Bob");
        await alice.DoAsync(room => room.Host.Pin(alice.Peer, bob.Id));
        Assert.Equal(bob.Id, Assert.Single(alice.Heard<PinChanged>()).PeerId);
        var late = await _fixture.JoinAsync("Late");
        Assert.Equal(bob.Id, (await late.DoAsync(room => room.Media.Complete(late.Peer))).Pinned);
        await bob.DisconnectAsync(isFinal: true);
        Assert.Equal("", alice.Heard<PinChanged>()[^1].PeerId);
    }

    [Fact]
    public async Task Permissions_change_at_once_and_nobody_gives_more_than_it_has()
    {
        var host = await _fixture.JoinAsync("Host", patch: """{"permissions":{"can_record":false}}""");
        var guest = await ReadyAsync("Guest");
        await ProduceAsync(guest, MediaKind.Audio);
        await host.DoAsync(room => room.Permissions.Change(
            host.Peer, [(guest.UserId, JsonNode.Parse("""{"media":{"audio":{"can_produce":"NOT_ALLOWED"}},"chat":{"public":{"can_send":false}}}""")!.AsObject())]));
        Assert.Equal(guest.UserId, Assert.Single(guest.Heard<PermissionsChanged>()).UserId);
        await SessionFixture.UntilAsync(() => guest.Heard<ProducerPaused>().Count == 1);
        Assert.Equal(
            SessionFault.NotAllowed, await guest.RefusedAsync(room => room.Chat.Send(guest.Peer, ChatMessageKind.Text, "x", _ => { })));
        Assert.False((await host.DoAsync(room => room.Permissions.Read(host.Peer, [guest.UserId])))[0].Preset.Permissions.Chat.Public.CanSend);

        var weak = await _fixture.JoinAsync("Weak", "group_call_participant");
        Assert.Equal(
            SessionFault.NotAllowed,
            await host.RefusedAsync(room => room.Permissions.Change(host.Peer, [(weak.UserId, new JsonObject { ["can_record"] = true })])));
        Assert.Equal(
            SessionFault.Invalid,
            await host.RefusedAsync(room => room.Permissions.Change(host.Peer, [(weak.UserId, new JsonObject { ["can_record"] = "yes" })])));
    }

    [Fact]
    public async Task The_owners_change_of_a_participant_reaches_the_session()
    {
        var guest = await _fixture.JoinAsync("Guest");
        var participants = _fixture.Service<ParticipantStore>();
        var less = await _fixture.PresetAsync("group_call_participant");
        var changed = await participants.UpdateAsync(
            _fixture.App.Id, _fixture.Meeting.Id, guest.Participant.Id, new ParticipantPatch(null, null, less.Id), CancellationToken.None);
        await _fixture.Active.ParticipantChangedAsync(changed!, CancellationToken.None);
        Assert.Single(guest.Heard<PermissionsChanged>());
        Assert.Equal(SessionFault.NotAllowed, await guest.RefusedAsync(room => room.Host.KickAll(guest.Peer, fromConnected: false)));
        await _fixture.Active.ParticipantDeletedAsync(changed!, CancellationToken.None);
        Assert.Single(guest.Heard<Kicked>());
    }

    [Fact]
    public async Task Stores_are_read_written_deleted_and_bounded()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var bob = await _fixture.ConnectAsync("Bob");
        await WriteAsync(alice, "k", "1"u8.ToArray());
        Assert.Equal("k", Assert.Single(Assert.Single(bob.Heard<StoreChanged>()).Items).Key);
        Assert.Empty(alice.Heard<StoreChanged>());
        Assert.Equal(alice.Id, Assert.Single(await bob.DoAsync(room => room.Stores.Read(bob.Peer, "m", "s", []))).PeerId);
        Assert.Empty(await bob.DoAsync(room => room.Stores.Read(bob.Peer, "m", "s", ["other"])));
        await alice.DoAsync(room => room.Stores.Delete(alice.Peer, "m", "s", ["k"], [SessionAct.WriteStore]));
        Assert.True(bob.Heard<StoreChanged>()[^1].AreDeleted);
        Assert.Empty(await bob.DoAsync(room => room.Stores.Read(bob.Peer, "m", "s", [])));

        Assert.Equal(
            SessionFault.Invalid, await TestPeer.RefusalOfAsync(() => WriteAsync(alice, "k", new byte[SessionLimits.MaxStoreValueBytes + 1])));
        var fault = default(SessionFault?);
        for (var i = 0; fault is null; i++)
        {
            Assert.InRange(i, 0, 1_000);
            _fixture.Clock.Advance(TimeSpan.FromMilliseconds(100));
            try
            {
                await WriteAsync(alice, $"{i}", new byte[SessionLimits.MaxStoreValueBytes]);
            }
            catch (SessionException refusal)
            {
                fault = refusal.Fault;
            }
        }

        Assert.Equal(SessionFault.TooMany, fault);
    }

    [Fact]
    public async Task Stores_are_written_before_joining_and_kept_when_the_session_begins()
    {
        var early = await _fixture.ConnectAsync("Early");
        await WriteAsync(early, "k", "1"u8.ToArray());
        var alice = await _fixture.JoinAsync("Alice");
        Assert.Equal(early.Id, Assert.Single(await alice.DoAsync(room => room.Stores.Read(alice.Peer, "m", "s", []))).PeerId);
        await WriteAsync(early, "l", "2"u8.ToArray());
        Assert.Equal("l", Assert.Single(Assert.Single(alice.Heard<StoreChanged>()).Items).Key);
        await _fixture.RestartAsync();
        var back = await _fixture.JoinAsync("Alice", peerId: alice.Id);
        Assert.Equal(["k", "l"], (await back.DoAsync(room => room.Stores.Read(back.Peer, "m", "s", []))).Select(item => item.Key).Order());
    }

    [Fact]
    public async Task The_screens_of_others_count_and_ones_own_do_not()
    {
        var alice = await ReadyAsync("Alice");
        var bob = await ReadyAsync("Bob");
        await ProduceAsync(alice, MediaKind.Video, isScreen: true);
        await ProduceAsync(alice, MediaKind.Video, isScreen: true);
        Assert.Equal(SessionFault.TooMany, await TestPeer.RefusalOfAsync(() => ProduceAsync(bob, MediaKind.Video, isScreen: true)));
        await alice.DoAsync(room => room.Attendance.Leave(alice.Peer));
        await ProduceAsync(bob, MediaKind.Video, isScreen: true);
    }

    [Fact]
    public async Task Who_leaves_media_and_then_the_session_is_told_to_have_left_in_the_other_order()
    {
        var alice = await ReadyAsync("Alice");
        var bob = await ReadyAsync("Bob");
        var cleo = await ReadyAsync("Cleo");
        alice.Link.Forget();
        await bob.AskAsync<bool>((room, answer) => room.Media.Leave(bob.Peer, answer));
        await bob.DisconnectAsync(isFinal: true);
        Assert.True(alice.Link.Told.Where(happened => happened is PeerLeft or MediaPeerLeft).ToArray() is [PeerLeft, MediaPeerLeft]);

        // Who stays has left the media side alone, and may come back to it.
        await cleo.AskAsync<bool>((room, answer) => room.Media.Leave(cleo.Peer, answer));
        await alice.SettleAsync();
        Assert.Single(alice.Heard<MediaPeerLeft>());
        await _fixture.PassAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(cleo.Id, alice.Heard<MediaPeerLeft>()[^1].PeerId);
        await cleo.AskAsync<bool>((room, answer) => room.Media.Enter(cleo.Peer, isReturn: false, answer));
        await cleo.DoAsync(room => room.Media.Complete(cleo.Peer));
        Assert.Equal((2, cleo.Id), (alice.Heard<MediaPeerLeft>().Count, alice.Heard<MediaPeerJoined>()[^1].Peer.PeerId));
    }

    [Fact]
    public async Task The_media_of_one_that_hides_is_told_to_nobody()
    {
        var alice = await ReadyAsync("Alice");
        var hidden = await _fixture.JoinAsync("Hidden", patch: """{"permissions":{"hidden_participant":true}}""");
        await hidden.AskAsync<bool>((room, answer) => room.Media.Enter(hidden.Peer, isReturn: false, answer));
        await hidden.DoAsync(room => room.Media.Complete(hidden.Peer));
        await ProduceAsync(hidden, MediaKind.Audio);
        await alice.SettleAsync();
        Assert.Empty(alice.Heard<MediaPeerJoined>());
        Assert.Empty(alice.Heard<ProducerOpened>());
        var late = await _fixture.JoinAsync("Late");
        Assert.Equal(alice.Id, Assert.Single((await late.DoAsync(room => room.Media.Complete(late.Peer))).Others).PeerId);
    }

    [Fact]
    public async Task The_spotlight_is_told_to_those_who_come_later_until_its_peer_goes()
    {
        var alice = await _fixture.JoinAsync("Alice");
        await alice.DoAsync(room => room.Broadcasts.Send(alice.Peer, new BroadcastMessage("spotlight", "{}"u8.ToArray(), 1), isSpotlight: true));
        var bob = await _fixture.JoinAsync("Bob");
        await bob.SettleAsync();
        Assert.True(Assert.Single(bob.Heard<BroadcastHeard>()).IsTargeted);
        await alice.DisconnectAsync(isFinal: true);
        var late = await _fixture.JoinAsync("Late");
        await late.SettleAsync();
        Assert.Empty(late.Heard<BroadcastHeard>());
    }

    [Fact]
    public async Task Connected_meetings_are_made_seen_visited_and_closed()
    {
        const string MayAlter = """{"permissions":{"connected_meetings":{"can_alter_connected_meetings":true}}}""";
        var host = await _fixture.JoinAsync("Host", patch: MayAlter);
        var guest = await _fixture.JoinAsync("Guest");
        var made = Assert.Single(await host.AskAsync<IReadOnlyList<ConnectedMeeting>>((room, answer) =>
            room.Connected.Create(host.Peer, ["Breakout"], answer)));
        Assert.Equal(made, Assert.Single(Assert.Single(guest.Heard<ConnectedCreated>()).Meetings));

        await host.AskAsync<IReadOnlyList<ConnectedMoveFailure>>((room, answer) => room.Connected.Move(
            host.Peer, _fixture.Meeting.Id.ToString(), made.Id, [new ConnectedMove(guest.UserId, null)], answer));
        await SessionFixture.UntilAsync(() => guest.Heard<Transferred>().Count == 1);
        var transferred = guest.Heard<Transferred>()[0];
        Assert.Equal(made.Id, transferred.MeetingId);
        Assert.DoesNotContain(transferred.Token, transferred.ToString(), StringComparison.Ordinal);
        _ = MeetingId.TryParse(made.Id, out var childId);
        var admitted = await _fixture.Service<Roomcast.Meetings.Tokens.ParticipantAdmission>().AuthenticateAsync(transferred.Token, childId, CancellationToken.None);
        Assert.Equal("Guest", admitted.Participant!.CustomId);

        var child = (await _fixture.Service<MeetingStore>().FindAsync(_fixture.App.Id, childId, CancellationToken.None))!;
        var there = await _fixture.ConnectAsync(child, admitted.Participant, guest.Preset);
        await there.JoinAsync();
        var connected = await new SessionHistory(_fixture.Service<Storage.Database>()).ListConnectedAsync(
            _fixture.Active.Find(_fixture.Meeting.Id)!.Value, DateTimeOffset.UnixEpoch, CancellationToken.None);
        Assert.Equal(childId, Assert.Single(connected).MeetingId);
        var view = await host.AskAsync<ConnectedView>((room, answer) => room.Connected.Read(host.Peer, answer));
        Assert.Equal(_fixture.Meeting.Id.ToString(), view.Parent.Meeting.Id);
        Assert.Equal("Guest", Assert.Single(Assert.Single(view.Meetings).Participants).CustomId);

        await host.AskAsync<IReadOnlyList<ConnectedMeeting>>((room, answer) => room.Connected.Delete(host.Peer, [made.Id], answer));
        await SessionFixture.UntilAsync(() => there.Heard<Transferred>().Count == 1);
        Assert.Equal(_fixture.Meeting.Id.ToString(), there.Heard<Transferred>()[0].MeetingId);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task To_end_a_meeting_for_all_ends_the_connected_ones_too_where_that_is_asked(bool fromConnected)
    {
        const string MayAlter = """{"permissions":{"connected_meetings":{"can_alter_connected_meetings":true}}}""";
        var host = await _fixture.JoinAsync("Host", patch: MayAlter);
        var made = Assert.Single(await host.AskAsync<IReadOnlyList<ConnectedMeeting>>((room, answer) =>
            room.Connected.Create(host.Peer, ["Breakout"], answer)));
        _ = MeetingId.TryParse(made.Id, out var childId);
        var child = (await _fixture.Service<MeetingStore>().FindAsync(_fixture.App.Id, childId, CancellationToken.None))!;
        var there = await _fixture.ConnectAsync("There", meeting: child);
        await there.JoinAsync();

        await host.DoAsync(room => room.Host.KickAll(host.Peer, fromConnected));
        Assert.Single(host.Heard<EverybodyKicked>());
        if (fromConnected)
        {
            await SessionFixture.UntilAsync(() => there.Heard<EverybodyKicked>().Count == 1);
        }

        await there.SettleAsync();
        Assert.Equal(fromConnected ? 1 : 0, there.Heard<EverybodyKicked>().Count);
    }

    private static Task WriteAsync(TestPeer peer, string key, byte[] value) => peer.DoAsync(room => room.Stores.Write(
        peer.Peer, "m", "s", new Dictionary<string, ReadOnlyMemory<byte>> { [key] = value }, [SessionAct.WriteStore]));

    private static Task<Produced> ProduceAsync(TestPeer peer, MediaKind kind, bool isScreen = false) => peer.AskAsync<Produced>((room, answer) =>
        room.Media.Produce(peer.Peer, new ProduceRequest(kind, false, isScreen, "{}", null, null, "offer"), answer));

    private static Task<bool> AskToReturnAsync(TestPeer peer) =>
        peer.AskAsync<bool>((room, answer) => room.Media.Enter(peer.Peer, isReturn: true, answer));

    private static async Task OpenTransportsAsync(TestPeer peer)
    {
        foreach (var direction in new[] { TransportDirection.FromPeer, TransportDirection.ToPeer })
        {
            await OpenTransportAsync(peer, direction);
        }
    }

    private static Task<CreatedTransport> OpenTransportAsync(TestPeer peer, TransportDirection direction) =>
        peer.AskAsync<CreatedTransport>((room, answer) => room.Media.Open(peer.Peer, direction, "offer", answer));

    private async Task<TestPeer> ReadyAsync(string name)
    {
        var peer = await _fixture.JoinAsync(name);
        await peer.AskAsync<bool>((room, answer) => room.Media.Enter(peer.Peer, isReturn: false, answer));
        await peer.DoAsync(room => room.Media.Complete(peer.Peer));
        return peer;
    }
}
