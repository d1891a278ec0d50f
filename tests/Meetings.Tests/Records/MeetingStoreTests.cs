using Roomcast.Accounts;
using Roomcast.Meetings.Records;
using Roomcast.Storage;
using Roomcast.TestKit.Databases;

namespace Roomcast.Meetings.Tests.Records;

public sealed class SqliteMeetingStoreTests() : MeetingStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresMeetingStoreTests() : MeetingStoreTests(DatabaseEngine.Postgres);

public abstract class MeetingStoreTests(DatabaseEngine engine) : MeetingRecordsTests(engine)
{
    private static readonly MeetingQuery All = new(new PageRequest(1, 100), Status: null, default, Search: null, SortOrder.Descending);

    [Fact]
    public async Task A_meeting_is_found_as_it_was_made()
    {
        var app = await MakeAppAsync();
        var settings = new MeetingSettings
        {
            PersistsChat = true,
            RecordsOnStart = true,
            GoesLiveOnStart = true,
            SummarizesOnEnd = true,
            TranscribesOnEnd = true,
            KeepAlive = TimeSpan.FromSeconds(300),
            AiConfig = """{"transcription":{"language":"de"}}""",
            RecordingConfig = """{"max_seconds":60}""",
        };
        var made = await Meetings.CreateAsync(app, "Grüße 👋", settings, None);

        Assert.Equal(MeetingStatus.Active, made.Status);
        Assert.Equal(made, await Meetings.FindAsync(app, made.Id, None));
        Assert.Equal(made, Assert.Single((await Meetings.ListAsync(app, All, None)).Items));
        Assert.DoesNotContain("transcription", made.ToString() + made.Settings, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_meeting_of_no_app_is_refused()
    {
        var fault = await Assert.ThrowsAsync<StorageException>(
            () => Meetings.CreateAsync(new AppId(Guid.NewGuid()), "", new MeetingSettings(), None));
        Assert.Equal(StorageFailure.Constraint, fault.Failure);
    }

    [Fact]
    public async Task A_meeting_of_another_app_does_not_exist()
    {
        var (mine, other) = (await MakeAppAsync(), await MakeAppAsync());
        var meeting = await MakeMeetingAsync(mine, "mine");

        Assert.Null(await Meetings.FindAsync(other, meeting.Id, None));
        Assert.Null(await Meetings.UpdateAsync(other, meeting.Id, found => found with { Title = "stolen" }, None));
        Assert.Equal(0, (await Meetings.ListAsync(other, All, None)).TotalCount);
        Assert.Equal(meeting, await Meetings.FindAsync(mine, meeting.Id, None));
    }

    [Fact]
    public async Task A_change_touches_title_status_and_settings_and_nothing_else()
    {
        var meeting = await MakeMeetingAsync(title: "before");
        Clock.Advance(TimeSpan.FromSeconds(3));
        var changed = await Meetings.UpdateAsync(
            meeting.AppId,
            meeting.Id,
            found => found with
            {
                Id = new MeetingId(Guid.NewGuid()),
                Title = "after",
                Status = MeetingStatus.Inactive,
                Settings = found.Settings with { PersistsChat = true },
                CreatedAt = default,
            },
            None);

        Assert.Equal(
            meeting with
            {
                Title = "after",
                Status = MeetingStatus.Inactive,
                Settings = meeting.Settings with { PersistsChat = true },
                UpdatedAt = Now,
            },
            changed);
        Assert.Equal(changed, await Meetings.FindAsync(meeting.AppId, meeting.Id, None));
    }

    [Fact]
    public async Task A_search_finds_titles_in_any_case_and_ids_and_takes_wildcards_literally()
    {
        var app = await MakeAppAsync();
        var umlaut = await MakeMeetingAsync(app, "WÖCHENTLICH 100%");
        var other = await MakeMeetingAsync(app, "Daily_1");

        Assert.Equal([umlaut], await FoundAsync("wöchent"));
        Assert.Equal([umlaut], await FoundAsync("100%"));
        Assert.Equal([other], await FoundAsync("y_1"));
        Assert.Equal([other], await FoundAsync(other.Id.ToString()));
        Assert.Equal([other], await FoundAsync(other.Id.ToString().ToUpperInvariant()));
        Assert.Empty(await FoundAsync("D%1"));
        Assert.Empty(await FoundAsync("nothing"));
        Assert.Empty(await FoundAsync("nul\0"));
        Assert.Equal(2, (await FoundAsync("")).Count);

        async Task<IReadOnlyList<Meeting>> FoundAsync(string search) =>
            (await Meetings.ListAsync(app, All with { Search = search }, None)).Items;
    }

    [Fact]
    public async Task A_list_is_filtered_by_time_and_status_and_paged_in_both_orders()
    {
        var app = await MakeAppAsync();
        var meetings = new List<Meeting>();
        for (var i = 0; i < 5; i++)
        {
            meetings.Add(await MakeMeetingAsync(app, $"{i}"));
            Clock.Advance(TimeSpan.FromMinutes(1));
        }

        await Meetings.UpdateAsync(app, meetings[1].Id, found => found with { Status = MeetingStatus.Inactive }, None);

        var page = await Meetings.ListAsync(app, All with { Page = new PageRequest(2, 2) }, None);
        Assert.Equal((5, "2 1"), (page.TotalCount, Titles(page)));
        Assert.Equal("2 3", Titles(await Meetings.ListAsync(app, All with { Page = new PageRequest(2, 2), Order = SortOrder.Ascending }, None)));
        Assert.Equal("1", Titles(await Meetings.ListAsync(app, All with { Status = MeetingStatus.Inactive }, None)));
        Assert.Equal(
            "3 2",
            Titles(await Meetings.ListAsync(app, All with { Created = new TimeRange(meetings[2].CreatedAt, meetings[4].CreatedAt) }, None)));

        static string Titles(Page<Meeting> page) => string.Join(' ', page.Items.Select(meeting => meeting.Title));
    }

    [Fact]
    public async Task No_list_reads_a_whole_table()
    {
        var app = await MakeAppAsync();
        foreach (var query in new[] { All, All with { Status = MeetingStatus.Active }, All with { Search = "x" } })
        {
            var plan = await QueryPlan.OfAsync(Database, MeetingStore.ListQuery(app, query));
            Assert.Empty(plan.Faults);
            Assert.NotEmpty(plan.Indexes);
        }
    }
}
