using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.Tests.Records;

public sealed class SqliteChatMessageStoreTests() : ChatMessageStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresChatMessageStoreTests() : ChatMessageStoreTests(DatabaseEngine.Postgres);

public abstract class ChatMessageStoreTests(DatabaseEngine engine) : MeetingRecordsTests(engine)
{
    private Meeting _meeting = null!;
    private SessionRecord _session = null!;
    private Participant _alice = null!;
    private Participant _bob = null!;
    private Participant _carol = null!;

    private ChatScope Scope => new(_meeting.Id, _session.Id, IncludesEarlier: false);

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        _meeting = await MakeMeetingAsync();
        (_alice, _bob, _carol) = (
            await MakeParticipantAsync(_meeting, "alice"),
            await MakeParticipantAsync(_meeting, "bob"),
            await MakeParticipantAsync(_meeting, "carol"));
        _session = await Sessions.BeginAsync(_meeting, Now, TimeSpan.Zero, None);
    }

    [Fact]
    public async Task A_message_is_read_as_it_was_kept()
    {
        var message = await SayAsync(_alice, "Hallo 👋 ü", to: [_bob], kind: ChatMessageKind.Custom);
        Assert.Equal([_bob.Id, _alice.Id], message.Targets);
        var found = await Chat.FindAsync(Scope, message.Id, None);
        Assert.Equal(message.Targets.OrderBy(id => id.Value), found!.Targets.OrderBy(id => id.Value));
        Assert.Equal(message with { Targets = [] }, found with { Targets = [] });
        Assert.Equal(found, Assert.Single(await ReadAsync(_bob)));
        Assert.DoesNotContain("Hallo", message.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Private_messages_are_read_by_their_targets_and_nobody_else()
    {
        await SayAsync(_alice, "all");
        await SayAsync(_alice, "for bob", to: [_bob]);
        await SayAsync(_carol, "for alice", to: [_alice]);

        Assert.Equal("all, for bob, for alice", await TextsAsync(_alice));
        Assert.Equal("all, for bob", await TextsAsync(_bob));
        Assert.Equal("all, for alice", await TextsAsync(_carol));
        Assert.Equal("all", await TextsAsync(_alice, query => query with { IsPublicOnly = true }));
        Assert.Equal("for bob", await TextsAsync(_alice, query => query with { PrivateWith = _bob.Id }));
        Assert.Equal("for alice", await TextsAsync(_alice, query => query with { PrivateWith = _carol.Id }));
        Assert.Equal("", await TextsAsync(_bob, query => query with { PrivateWith = _carol.Id }));
    }

    [Fact]
    public async Task Messages_keep_the_order_in_which_they_were_kept_even_in_one_millisecond()
    {
        var at = Now;
        for (var i = 0; i < 5; i++)
        {
            var message = await SayAsync(_alice, $"{i}");
            Assert.Equal(at.AddMilliseconds(i), message.CreatedAt);
        }

        Assert.Equal("0, 1, 2, 3, 4", await TextsAsync(_bob));
    }

    [Fact]
    public async Task Messages_said_at_once_all_get_a_moment_of_their_own()
    {
        var said = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => SayAsync(_alice, $"{i}")));
        Assert.Equal(4, said.Select(message => message.CreatedAt).Distinct().Count());
    }

    [Fact]
    public async Task Pages_are_taken_from_either_end_of_a_moment()
    {
        var said = new List<ChatMessage>();
        for (var i = 0; i < 7; i++)
        {
            said.Add(await SayAsync(_alice, $"{i}"));
            Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("1, 2", await TextsAsync(_bob, query => query with { Before = said[3].CreatedAt, TakesNewest = true, Size = 2 }));
        Assert.Equal("4, 5", await TextsAsync(_bob, query => query with { After = said[3].CreatedAt, Size = 2 }));
        Assert.Equal("5, 6", await TextsAsync(_bob, query => query with { TakesNewest = true, Size = 2 }));
        Assert.Equal("3, 4", await TextsAsync(_bob, query => query with { TakesNewest = true, Size = 2, Skip = 2 }));
        Assert.True((await PageAsync(query => query with { Size = 6 })).HasMore);
        Assert.False((await PageAsync(query => query with { Size = 7 })).HasMore);
        Assert.False((await PageAsync(query => query with { After = said[6].CreatedAt })).HasMore);

        Task<ChatPage> PageAsync(Func<ChatQuery, ChatQuery> ask) =>
            Chat.ListAsync(Scope, ask(new ChatQuery { Viewer = _bob.Id }), None);
    }

    [Fact]
    public async Task A_search_finds_text_in_any_case_and_only_what_the_viewer_may_read()
    {
        await SayAsync(_alice, "GRÜSSE 100%");
        await SayAsync(_alice, "grüsse, geheim", to: [_bob]);
        await SayAsync(_alice, "https://example.org/grüsse", kind: ChatMessageKind.Image);

        Assert.Equal("GRÜSSE 100%, grüsse, geheim", await TextsAsync(_bob, query => query with { Search = "Grüsse" }));
        Assert.Equal("GRÜSSE 100%", await TextsAsync(_carol, query => query with { Search = "grüsse" }));
        Assert.Equal("GRÜSSE 100%", await TextsAsync(_carol, query => query with { Search = "0%" }));
        Assert.Equal("", await TextsAsync(_carol, query => query with { Search = "1_0" }));
        Assert.Equal("", await TextsAsync(_carol, query => query with { Search = "\0" }));
    }

    [Fact]
    public async Task A_message_can_be_edited_pinned_and_deleted()
    {
        var message = await SayAsync(_alice, "before");
        var edited = await Chat.EditAsync(Scope, message.Id, ChatMessageKind.Text, "after\0", None);
        Assert.Equal(message with { Payload = "after", IsEdited = true }, edited);
        Assert.Equal("after", await TextsAsync(_bob, query => query with { Search = "AFTER" }));
        Assert.Equal("", await TextsAsync(_bob, query => query with { Search = "before" }));

        var pinned = await Chat.PinAsync(Scope, message.Id, isPinned: true, None);
        Assert.Equal(edited! with { IsPinned = true }, pinned);
        await SayAsync(_alice, "other");
        Assert.Equal("after", await TextsAsync(_bob, query => query with { IsPinnedOnly = true }));
        await Chat.PinAsync(Scope, message.Id, isPinned: false, None);
        Assert.Equal("", await TextsAsync(_bob, query => query with { IsPinnedOnly = true }));

        Assert.Equal(edited, await Chat.DeleteAsync(Scope, message.Id, None));
        Assert.Null(await Chat.DeleteAsync(Scope, message.Id, None));
        Assert.Null(await Chat.EditAsync(Scope, message.Id, ChatMessageKind.Text, "x", None));
        Assert.Null(await Chat.PinAsync(Scope, message.Id, true, None));
        Assert.Equal("other", await TextsAsync(_bob));

        var secret = await SayAsync(_alice, "secret", to: [_bob]);
        Assert.NotNull(await Chat.DeleteAsync(Scope, secret.Id, None));
    }

    [Fact]
    public async Task A_later_session_sees_only_what_lasts_and_only_when_the_meeting_persists_its_chat()
    {
        await SayAsync(_alice, "passing");
        var kept = await SayAsync(_alice, "lasting", isLasting: true);
        await Sessions.EndAsync(_session.Id, Now, SessionEndReason.EverybodyLeft, None);
        Clock.Advance(TimeSpan.FromMinutes(1));
        var old = Scope;
        _session = await Sessions.BeginAsync(_meeting, Now, TimeSpan.Zero, None);
        await SayAsync(_alice, "new");

        Assert.Equal("new", await TextsAsync(_bob));
        Assert.Equal("lasting, new", await TextsAsync(_bob, includesEarlier: true));
        Assert.Null(await Chat.FindAsync(Scope, kept.Id, None));
        Assert.NotNull(await Chat.FindAsync(Scope with { IncludesEarlier = true }, kept.Id, None));
        Assert.NotNull(await Chat.PinAsync(Scope with { IncludesEarlier = true }, kept.Id, true, None));
        Assert.Equal(2, (await Chat.ListAsync(old, new ChatQuery { Viewer = _bob.Id }, None)).Messages.Count);
    }

    [Fact]
    public async Task The_chat_of_another_meeting_is_another_chat()
    {
        var message = await SayAsync(_alice, "here", isLasting: true);
        var other = await MakeMeetingAsync(_meeting.AppId);
        var elsewhere = new ChatScope(other.Id, _session.Id, IncludesEarlier: true);

        Assert.Null(await Chat.FindAsync(elsewhere, message.Id, None));
        Assert.Null(await Chat.EditAsync(elsewhere, message.Id, ChatMessageKind.Text, "x", None));
        Assert.Null(await Chat.DeleteAsync(elsewhere with { IncludesEarlier = false }, message.Id, None));
        Assert.Empty((await Chat.ListAsync(elsewhere, new ChatQuery { Viewer = _alice.Id }, None)).Messages);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1_001, 0)]
    [InlineData(1, -1)]
    public async Task A_page_outside_its_bounds_is_a_mistake_of_the_caller(int size, int skip) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Chat.ListAsync(Scope, new ChatQuery { Viewer = _bob.Id, Size = size, Skip = skip }, None));

    private Task<ChatMessage> SayAsync(
        Participant sender, string text, Participant[]? to = null, bool isLasting = false, ChatMessageKind kind = ChatMessageKind.Text) =>
        Chat.AddAsync(
            _meeting.AppId,
            new ChatMessage
            {
                Id = new ChatMessageId(Guid.NewGuid()),
                MeetingId = _meeting.Id,
                SessionId = _session.Id,
                PeerId = new PeerId(Guid.NewGuid()),
                ParticipantId = sender.Id,
                DisplayName = sender.CustomId,
                Kind = kind,
                Payload = text,
                Targets = [.. (to ?? []).Select(participant => participant.Id)],
                CreatedAt = Now,
            },
            isLasting,
            None);

    private async Task<IReadOnlyList<ChatMessage>> ReadAsync(
        Participant viewer, Func<ChatQuery, ChatQuery>? ask = null, bool includesEarlier = false) =>
        (await Chat.ListAsync(
            Scope with { IncludesEarlier = includesEarlier },
            (ask ?? (query => query))(new ChatQuery { Viewer = viewer.Id }),
            None)).Messages;

    private async Task<string> TextsAsync(Participant viewer, Func<ChatQuery, ChatQuery>? ask = null, bool includesEarlier = false) =>
        string.Join(", ", (await ReadAsync(viewer, ask, includesEarlier)).Select(message => message.Payload));
}
