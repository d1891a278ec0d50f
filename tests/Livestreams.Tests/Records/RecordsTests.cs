using Roomcast.Accounts;
using Roomcast.Livestreams.Records;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Livestreams.Tests.Records;

/// <summary>What the tests of the livestream records share: the stores, a clock, and apps.</summary>
public abstract class RecordsTests(DatabaseEngine engine) : DatabaseTests(engine)
{
    protected ManualClock Clock { get; } = new();

    protected LivestreamStore Livestreams => new(Database, Clock);

    protected LivestreamSessionStore Sessions => new(Database, Clock);

    protected LivestreamAnalytics Analytics => new(Database);

    protected DateTimeOffset Now => StoredTime.Now(Clock);

    protected async Task<AppId> MakeAppAsync()
    {
        var account = await new AccountStore(Database, Clock).CreateAsync(null, CancellationToken.None);
        return (await new AppStore(Database, Clock).CreateAsync(account.Id, null, CancellationToken.None)).Id;
    }

    protected Task<Livestream> MakeLivestreamAsync(AppId app, string? name = null, Guid? meeting = null) =>
        Livestreams.CreateAsync(app, name, meeting, isManual: false, CancellationToken.None);
}
