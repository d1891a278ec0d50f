using Roomcast.Accounts;
using Roomcast.Egress.Recording;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Egress.Tests.Recording;

public sealed class SqliteRecordingStoreTests() : RecordingStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresRecordingStoreTests() : RecordingStoreTests(DatabaseEngine.Postgres);

public abstract class RecordingStoreTests(DatabaseEngine engine) : DatabaseTests(engine)
{
    private readonly ManualClock _clock = new();

    private RecordingStore Store => new(Database, _clock);

    [Fact]
    public async Task A_recording_is_found_as_it_was_kept()
    {
        var made = await MakeAsync(await MakeAppAsync());
        Assert.Equivalent(made, await Store.FindAsync(made.AppId, made.Id, CancellationToken.None), strict: true);

        var changed = made with
        {
            Status = RecordingStatus.Uploaded,
            StopReason = RecordingStopReason.AllPeersLeft,
            Stopper = new RecordingCaller(true, "p", null),
            StartedAt = Now,
            StoppedAt = Now,
            Duration = TimeSpan.FromMilliseconds(61_234),
            FileSize = 5L << 32,
            MediaFile = "a.mp4",
            AudioFile = "a.m4a",
            TrackFiles = [new RecordedTrackFile("t.webm", "default", 7)],
            LinksExpireAt = Now,
            ErrorMessage = "why",
            Plan = made.Plan.Settled(),
        };
        await Store.SaveAsync(changed, CancellationToken.None);
        Assert.Equivalent(changed, await Store.FindAsync(made.AppId, made.Id, CancellationToken.None), strict: true);
    }

    [Fact]
    public async Task A_recording_of_another_app_does_not_exist()
    {
        var made = await MakeAsync(await MakeAppAsync());
        var other = await MakeAppAsync();
        Assert.Null(await Store.FindAsync(other, made.Id, CancellationToken.None));
        Assert.Empty(await Store.FindActiveAsync(other, made.MeetingId, CancellationToken.None));
        Assert.Equal(0, (await ListAsync(other)).TotalCount);
    }

    [Fact]
    public async Task One_that_is_to_be_alone_is_refused_beside_an_active_one_of_its_kind()
    {
        var app = await MakeAppAsync();
        var first = await MakeAsync(app);
        var second = Draft(app) with { MeetingId = first.MeetingId };
        Assert.False(await Store.AddAsync(second, isAlone: true, CancellationToken.None));
        Assert.True(await Store.AddAsync(second with { Kind = RecordingKind.Tracks }, isAlone: true, CancellationToken.None));
        await Store.SaveAsync(first with { Status = RecordingStatus.Uploading }, CancellationToken.None);
        Assert.True(await Store.AddAsync(Draft(app) with { MeetingId = first.MeetingId }, isAlone: true, CancellationToken.None));
    }

    [Fact]
    public async Task Lists_walk_an_index_whatever_the_filters()
    {
        var app = await MakeAppAsync();
        foreach (var query in
            from meeting in new Guid?[] { null, Guid.NewGuid() }
            from statuses in new RecordingStatus[][] { [], [RecordingStatus.Uploaded], [RecordingStatus.Invoked, RecordingStatus.Paused] }
            from range in new[] { default, new TimeRange(Now, Now.AddDays(1)), new TimeRange(null, Now) }
            from isExpired in new bool?[] { null, true, false }
            select new RecordingQuery(new PageRequest(1, 20), meeting, statuses, range, isExpired, SortOrder.Descending))
        {
            var plan = await QueryPlan.OfAsync(Database, RecordingStore.ListQuery(app, query, Now));
            Assert.Empty(plan.Faults);
            Assert.NotEmpty(plan.Indexes);
        }
    }

    [Fact]
    public async Task Filters_conjoin_and_pages_hold_every_recording_once_while_others_are_added()
    {
        var app = await MakeAppAsync();
        var random = new Random(5);
        var meetings = new[] { Guid.NewGuid(), Guid.NewGuid() };
        var all = new List<RecordingRecord>();
        for (var i = 0; i < 24; i++)
        {
            await AddAsync();
        }

        for (var wishes = 0; wishes < 60; wishes++)
        {
            Guid? meeting = random.Next(2) == 0 ? null : meetings[random.Next(2)];
            RecordingStatus[] statuses = [.. Enum.GetValues<RecordingStatus>().Where(_ => random.Next(3) == 0)];
            var range = random.Next(2) == 0 ? default : new TimeRange(all[random.Next(12)].CreatedAt, all[12 + random.Next(12)].CreatedAt);
            bool? isExpired = random.Next(3) switch { 0 => true, 1 => false, _ => null };
            var order = random.Next(2) == 0 ? SortOrder.Ascending : SortOrder.Descending;
            var matching = all
                .Where(each => meeting is null || each.MeetingId == meeting)
                .Where(each => statuses.Length == 0 || statuses.Contains(each.Status))
                .Where(each => range == default || (each.CreatedAt >= range.From && each.CreatedAt < range.To))
                .Where(each => isExpired is null || isExpired == (each.LinksExpireAt <= Now))
                .Select(each => each.Id)
                .ToList();
            var (size, read) = (1 + random.Next(6), new List<RecordingId>());
            for (var page = 1; ; page++)
            {
                var query = new RecordingQuery(new PageRequest(page, size), meeting, statuses, range, isExpired, order);
                var found = await Store.ListAsync(app, query, CancellationToken.None);
                read.AddRange(found.Items.Select(item => item.Id));
                if (found.Items.Count < size)
                {
                    break;
                }

                // Oldest first, what is added comes behind all there is.
                if (order is SortOrder.Ascending && page < 3 && all.Count < 90 && await AddAsync() is var added && await IsListedAsync(query, added))
                {
                    matching.Add(added);
                }
            }

            Assert.Equal(order is SortOrder.Ascending ? matching : Enumerable.Reverse(matching), read);
        }

        async Task<RecordingId> AddAsync()
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            var status = Enum.GetValues<RecordingStatus>()[random.Next(6)];
            var made = Draft(app) with
            {
                MeetingId = meetings[random.Next(2)], Status = status,
                LinksExpireAt = status is RecordingStatus.Uploaded ? Now + TimeSpan.FromDays(random.Next(2) == 0 ? -1 : 365) : null,
            };
            Assert.True(await Store.AddAsync(made, isAlone: false, CancellationToken.None));
            await Store.SaveAsync(made, CancellationToken.None);
            all.Add((await Store.FindAsync(app, made.Id, CancellationToken.None))!);
            return made.Id;
        }

        async Task<bool> IsListedAsync(RecordingQuery query, RecordingId id) =>
            (await Store.ListAsync(app, query with { Page = new PageRequest(1, 100) }, CancellationToken.None)).Items.Any(item => item.Id == id);
    }

    [Fact]
    public async Task Lists_are_filtered_and_paged()
    {
        var app = await MakeAppAsync();
        var all = new List<RecordingRecord>();
        foreach (var status in Enum.GetValues<RecordingStatus>())
        {
            var made = await MakeAsync(app);
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Store.SaveAsync(
                made with { Status = status, LinksExpireAt = status is RecordingStatus.Uploaded ? Now : null }, CancellationToken.None);
            all.Add(made);
        }

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(all.Select(made => made.Id).Reverse(), (await ListAsync(app)).Items.Select(item => item.Id));
        Assert.Equal(
            [all[3].Id, all[0].Id],
            (await ListAsync(app, query => query with { Statuses = [RecordingStatus.Invoked, RecordingStatus.Uploading] })).Items.Select(item => item.Id));
        Assert.Equal([all[2].Id], (await ListAsync(app, query => query with { MeetingId = all[2].MeetingId })).Items.Select(item => item.Id));
        Assert.Empty((await ListAsync(app, query => query with { MeetingId = Guid.NewGuid() })).Items);
        Assert.Equal([all[4].Id], (await ListAsync(app, query => query with { IsExpired = true })).Items.Select(item => item.Id));
        Assert.Equal(5, (await ListAsync(app, query => query with { IsExpired = false })).TotalCount);
        Assert.Equal(
            [all[0].Id], (await ListAsync(app, query => query with { Page = new PageRequest(2, 5) })).Items.Select(item => item.Id));
        Assert.Equal(
            [all[5].Id],
            (await ListAsync(app, query => query with { Invoked = new TimeRange(all[5].CreatedAt, null) })).Items.Select(item => item.Id));
    }

    [Fact]
    public async Task Expired_ones_of_a_server_are_found_each_once()
    {
        const int Count = 230;
        var app = await MakeAppAsync();
        var made = new List<RecordingId>();
        for (var number = 0; number < Count; number++)
        {
            // Pairs of one expiry: what comes after one is told by more than its time.
            var expired = Draft(app) with { LinksExpireAt = Now.AddMilliseconds(number / 2), MediaFile = "a.mp4", Status = RecordingStatus.Uploaded };
            Assert.True(await Store.AddAsync(expired, isAlone: false, CancellationToken.None));
            made.Add(expired.Id);
        }

        foreach (var other in new[] { Draft(app) with { Node = "elsewhere" }, Draft(app) with { LinksExpireAt = Now.AddDays(1) } })
        {
            Assert.True(await Store.AddAsync(
                other with { LinksExpireAt = other.LinksExpireAt ?? Now, MediaFile = "a.mp4" }, isAlone: false, CancellationToken.None));
        }

        _clock.Advance(TimeSpan.FromSeconds(1));
        var found = new List<RecordingRecord>();
        while (await Store.FindExpiredAsync("here", found.LastOrDefault(), CancellationToken.None) is { Count: > 0 } some)
        {
            found.AddRange(some);
        }

        Assert.Equal(made.OrderBy(id => id.Value), found.Select(recording => recording.Id).OrderBy(id => id.Value));
        Assert.Equal(found.OrderBy(recording => recording.LinksExpireAt).Select(recording => recording.LinksExpireAt), found.Select(recording => recording.LinksExpireAt));
    }

    [Fact]
    public async Task Unfinished_ones_are_those_of_their_server()
    {
        var app = await MakeAppAsync();
        var mine = await MakeAsync(app);
        await Store.AddAsync(Draft(app) with { Node = "other" }, isAlone: false, CancellationToken.None);
        Assert.Equal([mine.Id], (await Store.FindUnfinishedAsync("here", CancellationToken.None)).Select(left => left.Id));
        await Store.SaveAsync(mine with { Status = RecordingStatus.Uploaded, Plan = mine.Plan.Settled() }, CancellationToken.None);
        Assert.Empty(await Store.FindUnfinishedAsync("here", CancellationToken.None));
    }

    [Fact]
    public async Task One_that_a_fault_ended_is_unfinished_until_its_delivery_is_over()
    {
        var app = await MakeAppAsync();
        var failed = (await MakeAsync(app)) with { Status = RecordingStatus.Errored };
        await Store.SaveAsync(failed, CancellationToken.None);
        Assert.Equal([failed.Id], (await Store.FindUnfinishedAsync("here", CancellationToken.None)).Select(left => left.Id));

        // There was nothing to deliver, or something that was delivered.
        await Store.SaveAsync(failed with { Plan = failed.Plan.Settled() }, CancellationToken.None);
        Assert.Empty(await Store.FindUnfinishedAsync("here", CancellationToken.None));
        await Store.SaveAsync(failed with { FileSize = 7, Plan = failed.Plan.Settled() }, CancellationToken.None);
        Assert.Empty(await Store.FindUnfinishedAsync("here", CancellationToken.None));
    }

    [Fact]
    public async Task Keys_are_in_no_text()
    {
        var made = await MakeAsync(await MakeAppAsync());
        Assert.Equal("geheim", Assert.IsType<S3Target>(made.Plan.Target).SecretKey);
        foreach (var text in new[] { made.ToString(), made.Plan.ToString(), made.Plan.Target.ToString(), $"{made.Plan.Settled().Write()}" })
        {
            Assert.DoesNotContain("geheim", text, StringComparison.Ordinal);
        }
    }

    private DateTimeOffset Now => StoredTime.Now(_clock);

    private Task<Page<RecordingRecord>> ListAsync(AppId app, Func<RecordingQuery, RecordingQuery>? change = null)
    {
        var query = new RecordingQuery(new PageRequest(1, 100), null, [], default, null, SortOrder.Descending);
        return Store.ListAsync(app, change?.Invoke(query) ?? query, CancellationToken.None);
    }

    /// <summary>As plans were kept when S3 was the only kind of storage; written that way still, for servers of then.</summary>
    [Fact]
    public void A_plan_of_an_earlier_version_is_read_with_its_bucket()
    {
        const string Old = """
            {"MaxLength":"00:02:00","Width":1280,"Height":720,"ExportsVideo":true,"ExportsAudio":false,"KeepsInBucket":true,
             "Target":{"Bucket":"b","Endpoint":"https://s3.example.org","Region":"r","AccessKey":"k","SecretKey":"geheim","Prefix":"p/","UsesPathStyle":true,"IsPublicOnly":false},
             "UserIds":[],"RecordsPictures":false,"Layer":"default","IsSettled":false}
            """;
        var bucket = new S3Target
        {
            Bucket = "b", Endpoint = "https://s3.example.org", Region = "r", AccessKey = "k", SecretKey = "geheim", Prefix = "p/", UsesPathStyle = true,
        };
        Assert.Equal(bucket, RecordingPlan.Read(Old).Target);
        Assert.DoesNotContain("Kind", new RecordingPlan { Target = bucket }.Write(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_kind_of_storage_is_read_as_it_was_kept_and_says_no_secret()
    {
        foreach (var target in new StorageTarget[]
        {
            new S3Target { Bucket = "b", Region = "r", AccessKey = "geheim", SecretKey = "geheim", Prefix = "p/", IsPublicOnly = true },
            new AzureTarget { Account = "a", Key = "geheim", Container = "c", Endpoint = "https://a.blob.example.org", Prefix = "p/" },
            new SftpTarget { Host = "h", Port = 2_222, UserName = "u", Password = "geheim", HostKeyFingerprint = "SHA256:f", Folder = "/f" },
            new SftpTarget { Host = "h", UserName = "u", PrivateKey = "geheim" },
            new GcsTarget { Bucket = "b", Account = "a@example.org", PrivateKey = "geheim", PrivateKeyId = "1", TokenAddress = "https://example.org/t", Prefix = "p/" },
        })
        {
            Assert.Equal(target, RecordingPlan.Read(new RecordingPlan { Target = target }.Write()).Target);
            Assert.DoesNotContain("geheim", target.ToString(), StringComparison.Ordinal);
        }
    }

    private async Task<AppId> MakeAppAsync()
    {
        var account = await new AccountStore(Database, _clock).CreateAsync(null, CancellationToken.None);
        return (await new AppStore(Database, _clock).CreateAsync(account.Id, null, CancellationToken.None)).Id;
    }

    private async Task<RecordingRecord> MakeAsync(AppId app)
    {
        var made = Draft(app);
        Assert.True(await Store.AddAsync(made, isAlone: true, CancellationToken.None));
        return made;
    }

    private RecordingRecord Draft(AppId app) => new()
    {
        Id = new RecordingId(Guid.NewGuid()),
        AppId = app,
        MeetingId = Guid.NewGuid(),
        SessionId = Guid.NewGuid(),
        Kind = RecordingKind.Composite,
        Status = RecordingStatus.Invoked,
        OutputFileName = "a.mp4",
        StartReason = RecordingStartReason.OnStart,
        Starter = new RecordingCaller(false, "1", "Größe"),
        Plan = new RecordingPlan
        {
            MaxLength = TimeSpan.FromMinutes(2),
            Target = new S3Target { Bucket = "b", Region = "r", AccessKey = "k", SecretKey = "geheim", Prefix = "p/" },
            PushAddress = "rtmp://example.org/live/geheim",
        },
        Node = "here",
        CreatedAt = Now,
        UpdatedAt = Now,
    };
}
