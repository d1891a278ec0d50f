using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.Tests.Records;

public sealed class SqliteSessionMemoryStoreTests() : SessionMemoryStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresSessionMemoryStoreTests() : SessionMemoryStoreTests(DatabaseEngine.Postgres);

public abstract class SessionMemoryStoreTests(DatabaseEngine engine) : MeetingRecordsTests(engine)
{
    [Fact]
    public async Task What_a_session_remembers_is_read_as_it_was_last_saved_and_goes_with_its_end()
    {
        var memories = new SessionMemoryStore(Database, Clock);
        var session = await Sessions.BeginAsync(await MakeMeetingAsync(), Now, TimeSpan.Zero, None);
        var other = await Sessions.BeginAsync(await MakeMeetingAsync(), Now, TimeSpan.Zero, None);
        await memories.SaveAsync(session.Id, [new("STORE", "b", [1, 0, 255]), new("MEMBER", "b", [2])], None);
        await memories.SaveAsync(session.Id, [new("STORE", "b", []), new("STORE", "a", [3])], None);
        await memories.SaveAsync(other.Id, [new("STORE", "b", [4])], None);
        Assert.Equal(["MEMBER b 02", "STORE a 03", "STORE b "], await ListAsync(session.Id));

        await memories.DeleteAsync(session.Id, "STORE", ["b", "c"], None);
        Assert.Equal(["MEMBER b 02", "STORE a 03"], await ListAsync(session.Id));
        Assert.Equal(["STORE b 04"], await ListAsync(other.Id));

        await Sessions.EndAsync(session.Id, Now, SessionEndReason.EverybodyLeft, None);
        Assert.Empty(await ListAsync(session.Id));
        await memories.SaveAsync(session.Id, [new("STORE", "late", [5])], None);
        Assert.Empty(await ListAsync(session.Id));
        Assert.Equal(["STORE b 04"], await ListAsync(other.Id));

        async Task<IEnumerable<string>> ListAsync(SessionId id) =>
            (await memories.ListAsync(id, None)).Select(row => $"{row.Kind} {row.Name} {Convert.ToHexString(row.Content)}");
    }
}
