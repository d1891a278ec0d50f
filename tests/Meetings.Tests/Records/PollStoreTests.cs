using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.Tests.Records;

public sealed class SqlitePollStoreTests() : PollStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresPollStoreTests() : PollStoreTests(DatabaseEngine.Postgres);

public abstract class PollStoreTests(DatabaseEngine engine) : MeetingRecordsTests(engine)
{
    [Fact]
    public async Task Polls_are_read_as_they_were_last_saved_oldest_first()
    {
        var session = await Sessions.BeginAsync(await MakeMeetingAsync(), Now, TimeSpan.Zero, None);
        var first = Make("Wohin? 🏖");
        Clock.Advance(TimeSpan.FromSeconds(1));
        var second = Make("Wann?") with { IsAnonymous = true, HidesVotes = true, CreatedBy = "", CreatedById = null };
        await Polls.SaveAsync(session.Id, second, None);
        await Polls.SaveAsync(session.Id, first, None);
        var voted = first with
        {
            Options = [first.Options[0] with { Votes = [new PollVote(new ParticipantId(Guid.NewGuid()), "Bob\0")] }, first.Options[1]],
        };
        await Polls.SaveAsync(session.Id, voted, None);

        var read = await Polls.ListAsync(session.Id, None);
        Assert.Equal([first.Id, second.Id], read.Select(poll => poll.Id));
        Assert.Equal(second, read[1]);
        Assert.Equal("Bob", read[0].Options[0].Votes[0].Name);
        Assert.Equal(voted with { Options = [] }, read[0] with { Options = [] });
        Assert.Empty(await Polls.ListAsync(new SessionId(Guid.NewGuid()), None));
    }

    private Poll Make(string question) => new()
    {
        Id = new PollId(Guid.NewGuid()),
        Question = question,
        Options = [new PollOption("a", []), new PollOption("b", [])],
        CreatedBy = "Alice",
        CreatedById = new ParticipantId(Guid.NewGuid()),
        CreatedAt = Now,
    };
}
