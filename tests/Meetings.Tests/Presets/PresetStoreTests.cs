using Roomcast.Accounts;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tests.Records;
using Roomcast.Storage;
using Roomcast.TestKit.Databases;

namespace Roomcast.Meetings.Tests.Presets;

public sealed class SqlitePresetStoreTests() : PresetStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresPresetStoreTests() : PresetStoreTests(DatabaseEngine.Postgres);

public abstract class PresetStoreTests(DatabaseEngine engine) : MeetingRecordsTests(engine)
{
    private static readonly PageRequest First = new(1, 100);

    [Fact]
    public async Task An_app_begins_with_the_built_in_presets()
    {
        var app = await MakeAppAsync();
        var page = await Presets.ListAsync(app, First, search: null, SortOrder.Descending, None);

        Assert.Equal(BuiltInPresets.All.Select(preset => preset.Key), page.Items.Select(preset => preset.Name));
        var presets = await Task.WhenAll(page.Items.Select(preset => Presets.FindAsync(app, preset.Id, None)));
        Assert.Equal(BuiltInPresets.All.Select(preset => preset.Value), presets.Select(preset => preset!.Content));
        Assert.NotEqual(
            page.Items[0].Id, (await Presets.FindByNameAsync(await MakeAppAsync(), page.Items[0].Name, None))!.Id);
    }

    [Fact]
    public async Task Built_in_presets_are_made_once_whoever_asks_first_and_how_many_at_once()
    {
        var app = await MakeAppAsync();
        var lists = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            _ => Presets.ListAsync(app, First, search: null, SortOrder.Descending, None)));

        Assert.All(lists, list => Assert.Equal(BuiltInPresets.All.Count, list.TotalCount));
        Assert.Single(lists.Select(list => list.Items[0].Id).Distinct());
    }

    [Fact]
    public async Task A_deleted_built_in_preset_does_not_come_back()
    {
        var app = await MakeAppAsync();
        var host = (await Presets.FindByNameAsync(app, "group_call_host", None))!;
        Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(host with { UpdatedAt = Now }, await Presets.DeleteAsync(app, host.Id, None));
        Assert.Null(await Presets.DeleteAsync(app, host.Id, None));
        Assert.Null(await Presets.FindAsync(app, host.Id, None));
        Assert.Null(await Presets.FindByNameAsync(app, "group_call_host", None));
        Assert.DoesNotContain(host.Id, (await Presets.ListAsync(app, First, null, SortOrder.Descending, None)).Items.Select(preset => preset.Id));
        Assert.NotNull(await Presets.CreateAsync(app, "group_call_host", host.Content, None));
    }

    [Fact]
    public async Task A_preset_is_found_as_it_was_made()
    {
        var app = await MakeAppAsync();
        var content = PresetContent.DefaultsOf(ViewType.AudioRoom) with { Ui = new PresetUi { ConfigDiff = """{"é":[1,{}]}""" } };
        var made = (await Presets.CreateAsync(app, "Käfig", content, None))!;

        Assert.Equal(made, await Presets.FindAsync(app, made.Id, None));
        Assert.Equal(made, await Presets.FindByNameAsync(app, "Käfig", None));
        Assert.Null(await Presets.FindByNameAsync(app, "käfig", None));
        Assert.Null(await Presets.FindByNameAsync(app, "nul\0", None));
        Assert.Equal(
            [new PresetSummary(made.Id, made.Name, made.CreatedAt, made.UpdatedAt)],
            (await Presets.ListAsync(app, First, "KÄF", SortOrder.Descending, None)).Items);
    }

    [Fact]
    public async Task Two_presets_of_an_app_cannot_have_one_name()
    {
        var app = await MakeAppAsync();
        var content = PresetContent.DefaultsOf(ViewType.GroupCall);
        var made = (await Presets.CreateAsync(app, "mine", content, None))!;

        Assert.Null(await Presets.CreateAsync(app, "mine", content, None));
        Assert.Equal(
            (PresetOutcome.NameTaken, null), await Presets.UpdateAsync(app, made.Id, "webinar_viewer", before => before, None));
        Assert.Equal(PresetOutcome.Done, (await Presets.UpdateAsync(app, made.Id, "mine", before => before, None)).Outcome);
        Assert.NotNull(await Presets.CreateAsync(await MakeAppAsync(), "mine", content, None));

        var raced = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Presets.CreateAsync(app, "raced", content, None)));
        Assert.Single(raced, preset => preset is not null);
    }

    [Fact]
    public async Task A_change_is_kept()
    {
        var app = await MakeAppAsync();
        var made = (await Presets.CreateAsync(app, "mine", PresetContent.DefaultsOf(ViewType.GroupCall), None))!;
        Clock.Advance(TimeSpan.FromSeconds(1));
        var (outcome, changed) = await Presets.UpdateAsync(
            app, made.Id, "yours", before => before with { Permissions = before.Permissions with { CanRecord = true } }, None);

        Assert.Equal(PresetOutcome.Done, outcome);
        Assert.True(changed!.Permissions.CanRecord);
        Assert.Equal(("yours", Now, made.CreatedAt), (changed.Name, changed.UpdatedAt, changed.CreatedAt));
        Assert.Equal(changed, await Presets.FindAsync(app, made.Id, None));
    }

    [Fact]
    public async Task A_preset_of_another_app_does_not_exist()
    {
        var (mine, other) = (await MakeAppAsync(), await MakeAppAsync());
        var preset = (await Presets.CreateAsync(mine, "mine", PresetContent.DefaultsOf(ViewType.GroupCall), None))!;

        Assert.Null(await Presets.FindAsync(other, preset.Id, None));
        Assert.Null(await Presets.FindByNameAsync(other, "mine", None));
        Assert.Null(await Presets.DeleteAsync(other, preset.Id, None));
        Assert.Equal((PresetOutcome.Unknown, null), await Presets.UpdateAsync(other, preset.Id, "x", before => before, None));
        Assert.Empty((await Presets.ListAsync(other, First, "mine", SortOrder.Descending, None)).Items);
        Assert.Equal(preset, await Presets.FindAsync(mine, preset.Id, None));
    }

    [Fact]
    public async Task An_app_that_does_not_exist_has_no_presets()
    {
        var fault = await Assert.ThrowsAsync<StorageException>(
            () => Presets.FindAsync(new AppId(Guid.NewGuid()), new PresetId(Guid.NewGuid()), None));
        Assert.Equal(StorageFailure.Constraint, fault.Failure);
    }

    [Fact]
    public async Task No_list_reads_the_whole_table()
    {
        var app = await MakeAppAsync();
        foreach (var search in new[] { null, "x" })
        {
            Assert.Empty((await QueryPlan.OfAsync(Database, PresetStore.ListQuery(app, search))).Faults);
        }
    }
}
