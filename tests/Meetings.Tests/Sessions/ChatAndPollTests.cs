using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Tests.Sessions;

public sealed class ChatAndPollTests : IAsyncLifetime
{
    private SessionFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await SessionFixture.StartAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task A_message_reaches_everybody_in_one_order_and_stands_in_the_history()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var bob = await _fixture.JoinAsync("Bob");
        for (var i = 0; i < 10; i++)
        {
            var sender = i % 2 == 0 ? alice : bob;
            await SayAsync(sender, $"{i}");
        }

        await alice.SettleAsync();
        string[] expected = [.. Enumerable.Range(0, 10).Select(i => $"{i}")];
        Assert.Equal(expected, alice.Heard<MessageSent>().Select(sent => sent.Message.Payload));
        Assert.Equal(expected, bob.Heard<MessageSent>().Select(sent => sent.Message.Payload));
        var late = await _fixture.JoinAsync("Late");
        Assert.Equal(expected, (await HistoryAsync(late)).Select(message => message.Payload));
    }

    [Fact]
    public async Task A_private_message_reaches_its_two_sides_alone_through_all_their_peers()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var bob = await _fixture.JoinAsync("Bob");
        var bobAgain = await _fixture.ConnectAsync(_fixture.Meeting, bob.Participant, bob.Preset);
        await bobAgain.JoinAsync();
        var eve = await _fixture.JoinAsync("Eve");
        await alice.DoAsync(room => room.Chat.SendTo(alice.Peer, [bob.Id, alice.Id], ChatMessageKind.Text, "psst", _ => { }));
        await alice.SettleAsync();
        Assert.Equal("psst", Assert.Single(alice.Heard<MessageSent>()).Message.Payload);
        Assert.Single(bob.Heard<MessageSent>());
        Assert.Single(bobAgain.Heard<MessageSent>());
        Assert.Empty(eve.Heard<MessageSent>());
        Assert.Empty(await HistoryAsync(eve));
        var id = alice.Heard<MessageSent>()[0].Message.Id;
        Assert.Equal(
            SessionFault.NotFound,
            await TestPeer.RefusalOfAsync(() => eve.AskAsync<ChatMessage>((room, answer) => room.Chat.Pin(eve.Peer, id, true, answer))));
        Assert.Equal(
            SessionFault.NotFound,
            await TestPeer.RefusalOfAsync(() => eve.AskAsync<ChatMessage>((room, answer) => room.Chat.Edit(eve.Peer, id, null, "x", answer))));

        var page = await bob.AskAsync<ChatPage>((room, answer) => room.Chat.Read(
            bob.Peer, new ChatQuery { Viewer = default, PrivateWith = alice.Participant.Id }, answer));
        Assert.Single(page.Messages);
    }

    [Fact]
    public async Task Who_may_not_receive_private_messages_gets_none()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var deaf = await _fixture.JoinAsync("Deaf", patch: """{"permissions":{"chat":{"private":{"can_receive":false}}}}""");
        Assert.Equal(
            SessionFault.NotFound,
            await alice.RefusedAsync(room => room.Chat.SendTo(alice.Peer, [deaf.Id], ChatMessageKind.Text, "psst", _ => { })));
    }

    [Fact]
    public async Task A_message_is_edited_pinned_and_deleted_by_who_may()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var bob = await _fixture.JoinAsync("Bob");
        await SayAsync(alice, "helo");
        await alice.SettleAsync();
        var id = alice.Heard<MessageSent>()[0].Message.Id;

        Assert.Equal(
            SessionFault.NotAllowed,
            await TestPeer.RefusalOfAsync(() => bob.AskAsync<ChatMessage>((room, answer) => room.Chat.Edit(bob.Peer, id, null, "x", answer))));
        var edited = await alice.AskAsync<ChatMessage>((room, answer) => room.Chat.Edit(alice.Peer, id, null, "hello", answer));
        Assert.True(edited is { IsEdited: true, Payload: "hello" });
        Assert.Equal("hello", Assert.Single(bob.Heard<MessageEdited>()).Message.Payload);
        Assert.Empty(alice.Heard<MessageEdited>());

        await bob.AskAsync<ChatMessage>((room, answer) => room.Chat.Pin(bob.Peer, id, true, answer));
        Assert.True(Assert.Single(alice.Heard<MessagePinned>()).Message.IsPinned);

        Assert.Equal(
            SessionFault.NotAllowed,
            await TestPeer.RefusalOfAsync(() => bob.AskAsync<ChatMessage>((room, answer) => room.Chat.Delete(bob.Peer, id, answer))));
        await alice.AskAsync<ChatMessage>((room, answer) => room.Chat.Delete(alice.Peer, id, answer));
        Assert.Equal(id, Assert.Single(bob.Heard<MessageDeleted>()).MessageId);
        Assert.Empty(await HistoryAsync(bob));
    }

    [Fact]
    public async Task What_is_too_long_is_refused()
    {
        var alice = await _fixture.JoinAsync("Alice");
        Assert.Equal(SessionFault.Invalid, await alice.RefusedAsync(room => room.Chat.Send(
            alice.Peer, ChatMessageKind.Text, new string('x', SessionLimits.MaxTextLength + 1), _ => { })));
        Assert.Equal(SessionFault.Invalid, await alice.RefusedAsync(room => room.Chat.Send(alice.Peer, ChatMessageKind.Text, "", _ => { })));
        Assert.Equal(SessionFault.Invalid, await alice.RefusedAsync(room =>
            room.Polls.Create(alice.Peer, new PollRequest("?", ["only one"], false, false))));
    }

    [Fact]
    public async Task A_meeting_that_keeps_its_chat_shows_it_to_the_next_session()
    {
        var kept = await _fixture.NewMeetingAsync(new MeetingSettings { PersistsChat = true });
        foreach (var (meeting, expected) in new[] { (_fixture.Meeting, 0), (kept, 1) })
        {
            var first = await _fixture.JoinAsync("Alice", meeting: meeting);
            await SayAsync(first, "for later");
            await first.SettleAsync();
            await first.Session.KickAllAsync(CancellationToken.None);
            var second = await _fixture.JoinAsync("Bob", meeting: meeting);
            Assert.Equal(expected, (await HistoryAsync(second)).Count);
        }
    }

    [Fact]
    public async Task A_participant_votes_once_and_all_see_how_it_stands()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var bob = await _fixture.JoinAsync("Bob");
        await alice.DoAsync(room => room.Polls.Create(alice.Peer, new PollRequest("Lunch?", ["Yes", "No"], false, false)));
        var poll = Assert.Single(bob.Heard<PollCreated>()).Poll;
        Assert.Equal(("Alice", alice.UserId), (poll.CreatorName, poll.CreatorUserId));

        await bob.DoAsync(room => room.Polls.Vote(bob.Peer, poll.Id, 1));
        var voted = Assert.Single(alice.Heard<PollVoted>()).Poll;
        Assert.Equal([0, 1], voted.Options.Select(option => option.Count));
        Assert.Equal((bob.UserId, "Bob"), (voted.Options[1].Votes[0].UserId, voted.Options[1].Votes[0].Name));
        Assert.Equal([bob.UserId], voted.VoterUserIds);
        Assert.Equal(SessionFault.WrongState, await bob.RefusedAsync(room => room.Polls.Vote(bob.Peer, poll.Id, 0)));
        Assert.Equal(SessionFault.Invalid, await alice.RefusedAsync(room => room.Polls.Vote(alice.Peer, poll.Id, 2)));
        Assert.Equal(SessionFault.Invalid, await alice.RefusedAsync(room => room.Polls.Vote(alice.Peer, poll.Id, ulong.MaxValue)));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Nobody_learns_how_others_voted_where_votes_are_secret(bool isAnonymous, bool hidesVotes)
    {
        var alice = await _fixture.JoinAsync("Alice");
        var bob = await _fixture.JoinAsync("Bob");
        await alice.DoAsync(room => room.Polls.Create(alice.Peer, new PollRequest("?", ["a", "b"], isAnonymous, hidesVotes)));
        await bob.DoAsync(room => room.Polls.Vote(bob.Peer, alice.Heard<PollCreated>()[0].Poll.Id, 0));
        var forAlice = Assert.Single(alice.Heard<PollVoted>()).Poll;
        Assert.Equal(1, forAlice.Options[0].Count);
        Assert.Empty(forAlice.Options[0].Votes);
        Assert.Empty(forAlice.VoterUserIds);
        Assert.Equal([bob.UserId], Assert.Single(bob.Heard<PollVoted>()).Poll.VoterUserIds);
        Assert.Empty(Assert.Single(await alice.DoAsync(room => room.Polls.List(alice.Peer))).VoterUserIds);
    }

    [Fact]
    public async Task A_poll_of_the_owner_is_told_to_all()
    {
        var alice = await _fixture.JoinAsync("Alice");
        var poll = await _fixture.Active.CreatePollAsync(
            _fixture.Meeting.Id, new PollRequest("?", ["a", "b"], false, false), CancellationToken.None);
        Assert.Equal(poll!.Id.ToString(), Assert.Single(alice.Heard<PollCreated>()).Poll.Id);
    }

    private static Task SayAsync(TestPeer peer, string text) =>
        peer.DoAsync(room => room.Chat.Send(peer.Peer, ChatMessageKind.Text, text, _ => { }));

    private static async Task<IReadOnlyList<ChatMessage>> HistoryAsync(TestPeer peer) =>
        (await peer.AskAsync<ChatPage>((room, answer) => room.Chat.ReadHistory(peer.Peer, answer))).Messages;
}
