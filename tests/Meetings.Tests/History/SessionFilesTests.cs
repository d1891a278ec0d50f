using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tests.Records;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit;
using Roomcast.TestKit.Blobs;

namespace Roomcast.Meetings.Tests.History;

public sealed class SqliteSessionFilesTests() : SessionFilesTests(DatabaseEngine.Sqlite);

public sealed class PostgresSessionFilesTests() : SessionFilesTests(DatabaseEngine.Postgres);

public abstract class SessionFilesTests(DatabaseEngine engine) : MeetingRecordsTests(engine), IDisposable
{
    private static readonly HistoryOptions Times = new();

    private readonly TemporaryFolder _folder = new();
    private readonly NamedBlobs _blobs = new();

    private SessionFiles Files => new(
        Database,
        _blobs,
        new OptionsWrapper<HistoryOptions>(new HistoryOptions { Folder = _folder.PathOf("made") }),
        Clock,
        NullLogger<SessionFiles>.Instance);

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Files were looked for by age, a hundred at a time, and when none of the oldest hundred could be deleted, none ever was.</summary>
    [Fact]
    public async Task Old_files_that_cannot_be_deleted_hold_up_no_others_and_go_once_they_can()
    {
        const int Stuck = 230;
        var session = await EndedAsync();
        for (var number = 0; number < Stuck; number++)
        {
            await MakeAsync(session, $"stuck-{number}");
            Clock.Advance(TimeSpan.FromMilliseconds(number % 2)); // Pairs of one age: what comes after one is told by more than its time.
        }

        await MakeAsync(session, "old");
        Clock.Advance(Times.FileRetention);
        await MakeAsync(session, "young");
        _blobs.Refuses = name => name.StartsWith("stuck", StringComparison.Ordinal) ? BlobFailure.Refused : null;

        await Files.DeleteOldAsync(None);
        Assert.Equal(Stuck + 1, _blobs.Asked.Count); // Each once, and none that is young.
        Assert.Equal((Stuck + 1, true), await KeptAsync());
        Assert.DoesNotContain("old", _blobs.Names);

        _blobs.Refuses = _ => null;
        await Files.DeleteOldAsync(None);
        Assert.Equal((1, true), await KeptAsync());
        Assert.Equal(["young"], _blobs.Names);
    }

    [Fact]
    public async Task A_store_that_is_not_to_be_reached_is_not_asked_for_file_after_file()
    {
        var session = await EndedAsync();
        foreach (var name in new[] { "a", "b", "c", "young" })
        {
            Clock.Advance(name == "young" ? Times.FileRetention : TimeSpan.FromSeconds(1));
            await MakeAsync(session, name);
        }

        _blobs.Refuses = name => name == "b" ? BlobFailure.Unreachable : null;
        await Files.DeleteOldAsync(None);
        Assert.Equal(["a", "b"], _blobs.Asked);
        Assert.Equal((3, true), await KeptAsync());

        _blobs.Refuses = _ => null;
        await Files.DeleteOldAsync(None);
        Assert.Equal((1, true), await KeptAsync());
    }

    private async Task<SessionId> EndedAsync()
    {
        var session = await Sessions.BeginAsync(await MakeMeetingAsync(), Now, TimeSpan.FromMinutes(1), None);
        await Sessions.EndAsync(session.Id, Now, SessionEndReason.EverybodyLeft, None);
        return session.Id;
    }

    private async Task MakeAsync(SessionId session, string name) => Assert.NotNull(
        await Files.MakeAsync(session, name, name, "text/plain", null, file => file.WriteAsync("x"u8.ToArray()).AsTask(), None));

    /// <summary>How many files the database knows, and whether the young one is among them.</summary>
    private Task<(int Count, bool HasYoung)> KeptAsync() => Database.ReadAsync(
        async transaction =>
        {
            var kinds = await transaction.QueryAsync<string>("SELECT kind FROM session_files");
            return (kinds.Count, kinds.Contains("young"));
        },
        None);
}
