using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Storage;
using Roomcast.TestKit.Databases;

namespace Roomcast.Meetings.Tests.Records;

public sealed class SqliteParticipantStoreTests() : ParticipantStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresParticipantStoreTests() : ParticipantStoreTests(DatabaseEngine.Postgres);

public abstract class ParticipantStoreTests(DatabaseEngine engine) : MeetingRecordsTests(engine)
{
    private static readonly PageRequest First = new(1, 100);

    [Fact]
    public async Task A_participant_is_found_as_it_was_added()
    {
        var meeting = await MakeMeetingAsync();
        var preset = (await Presets.FindByNameAsync(meeting.AppId, "group_call_host", None))!;
        var added = (await Participants.AddAsync(
            meeting.AppId, meeting.Id, "42 ü", preset.Id, "Zoë 🙂", "https://example.org/z.png", None))!;

        Assert.Equal(("42 ü", "Zoë 🙂", "https://example.org/z.png"), (added.CustomId, added.Name, added.Picture));
        Assert.Equal((preset.Id, "group_call_host", 1), (added.PresetId, added.PresetName, added.TokenGeneration));
        Assert.Equal(added, await Participants.FindAsync(meeting.AppId, meeting.Id, added.Id, None));
        Assert.Equal([added], (await Participants.ListAsync(meeting.AppId, meeting.Id, First, SortOrder.Descending, None)).Items);
    }

    [Fact]
    public async Task The_same_custom_id_again_is_the_same_participant_changed()
    {
        var meeting = await MakeMeetingAsync();
        var first = await MakeParticipantAsync(meeting, "alice", "group_call_participant", "Alice");
        Clock.Advance(TimeSpan.FromSeconds(1));
        var second = await MakeParticipantAsync(meeting, "alice", "group_call_host");

        Assert.Equal(first with { PresetId = second.PresetId, PresetName = "group_call_host", UpdatedAt = Now }, second);
        Assert.Equal("Alice", second.Name);
        Assert.Equal(1, (await Participants.ListAsync(meeting.AppId, meeting.Id, First, SortOrder.Descending, None)).TotalCount);
        Assert.NotEqual(first.Id, (await MakeParticipantAsync(await MakeMeetingAsync(meeting.AppId), "alice")).Id);
    }

    [Fact]
    public async Task The_same_custom_id_added_many_times_at_once_is_one_participant()
    {
        var meeting = await MakeMeetingAsync();
        var preset = (await Presets.FindByNameAsync(meeting.AppId, "group_call_host", None))!;
        var added = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            _ => Participants.AddAsync(meeting.AppId, meeting.Id, "same", preset.Id, null, null, None)));

        Assert.Single(added.Select(participant => participant!.Id).Distinct());
    }

    [Fact]
    public async Task Meetings_and_presets_of_another_app_do_not_exist()
    {
        var (mine, other) = (await MakeMeetingAsync(), await MakeMeetingAsync());
        var (myPreset, otherPreset) = (await HostAsync(mine), await HostAsync(other));
        var participant = await MakeParticipantAsync(mine);

        Assert.Null(await Participants.AddAsync(mine.AppId, mine.Id, "x", otherPreset.Id, null, null, None));
        Assert.Null(await Participants.AddAsync(mine.AppId, other.Id, "x", myPreset.Id, null, null, None));
        Assert.Null(await Participants.AddAsync(other.AppId, mine.Id, "x", otherPreset.Id, null, null, None));
        Assert.Null(await Participants.FindAsync(other.AppId, mine.Id, participant.Id, None));
        Assert.Null(await Participants.FindAsync(other.AppId, other.Id, participant.Id, None));
        Assert.Null(await Participants.FindAsync(mine.AppId, (await MakeMeetingAsync(mine.AppId)).Id, participant.Id, None));
        Assert.Null(await Participants.UpdateAsync(other.AppId, mine.Id, participant.Id, new("x", null, null), None));
        Assert.Null(await Participants.DeleteAsync(other.AppId, mine.Id, participant.Id, None));
        Assert.Null(await Participants.ReplaceTokensAsync(other.AppId, mine.Id, participant.Id, None));
        Assert.Empty((await Participants.ListAsync(other.AppId, mine.Id, First, SortOrder.Descending, None)).Items);

        // A preset of another app changes nothing.
        var unchanged = await Participants.UpdateAsync(mine.AppId, mine.Id, participant.Id, new(null, null, otherPreset.Id), None);
        Assert.Equal(participant, unchanged! with { UpdatedAt = participant.UpdatedAt });

        async Task<Preset> HostAsync(Meeting meeting) => (await Presets.FindByNameAsync(meeting.AppId, "group_call_host", None))!;
    }

    [Fact]
    public async Task A_change_leaves_what_it_does_not_name()
    {
        var meeting = await MakeMeetingAsync();
        var participant = await MakeParticipantAsync(meeting, name: "Alice");
        var host = (await Presets.FindByNameAsync(meeting.AppId, "group_call_host", None))!;
        Clock.Advance(TimeSpan.FromSeconds(1));

        var named = await Participants.UpdateAsync(meeting.AppId, meeting.Id, participant.Id, new("Alicia", null, null), None);
        Assert.Equal(participant with { Name = "Alicia", UpdatedAt = Now }, named);
        var promoted = await Participants.UpdateAsync(
            meeting.AppId, meeting.Id, participant.Id, new(null, "https://example.org/", host.Id), None);
        Assert.Equal(
            named! with { Picture = "https://example.org/", PresetId = host.Id, PresetName = host.Name }, promoted);
        Assert.Equal(promoted, await Participants.FindAsync(meeting.AppId, meeting.Id, participant.Id, None));
    }

    [Fact]
    public async Task A_deleted_participant_does_not_exist_and_its_custom_id_is_free()
    {
        var meeting = await MakeMeetingAsync();
        var participant = await MakeParticipantAsync(meeting);
        Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(participant with { UpdatedAt = Now }, await Participants.DeleteAsync(meeting.AppId, meeting.Id, participant.Id, None));
        Assert.Null(await Participants.DeleteAsync(meeting.AppId, meeting.Id, participant.Id, None));
        Assert.Null(await Participants.FindAsync(meeting.AppId, meeting.Id, participant.Id, None));
        Assert.Null(await Participants.UpdateAsync(meeting.AppId, meeting.Id, participant.Id, new("x", null, null), None));
        Assert.NotEqual(participant.Id, (await MakeParticipantAsync(meeting)).Id);
    }

    [Fact]
    public async Task Replacing_tokens_begins_a_new_generation()
    {
        var meeting = await MakeMeetingAsync();
        var participant = await MakeParticipantAsync(meeting);

        Assert.Equal(2, (await Participants.ReplaceTokensAsync(meeting.AppId, meeting.Id, participant.Id, None))!.TokenGeneration);
        Assert.Equal(2, (await Participants.FindAsync(meeting.AppId, meeting.Id, participant.Id, None))!.TokenGeneration);
    }

    [Fact]
    public async Task A_deleted_preset_stays_with_its_participants_and_takes_no_new_ones()
    {
        var meeting = await MakeMeetingAsync();
        var participant = await MakeParticipantAsync(meeting, preset: "webinar_viewer");
        await Presets.DeleteAsync(meeting.AppId, participant.PresetId, None);

        Assert.Equal("webinar_viewer", (await Participants.FindAsync(meeting.AppId, meeting.Id, participant.Id, None))!.PresetName);
        Assert.Equal(ViewType.Webinar, (await Presets.GetForParticipantAsync(participant, None)).Config.ViewType);
        Assert.Null(await Participants.AddAsync(meeting.AppId, meeting.Id, "bob", participant.PresetId, null, null, None));
    }

    [Fact]
    public async Task The_list_does_not_read_the_whole_table()
    {
        var meeting = await MakeMeetingAsync();
        var plan = await QueryPlan.OfAsync(Database, ParticipantStore.ListQuery(meeting.AppId, meeting.Id));
        Assert.Empty(plan.Faults);
        Assert.Contains("participants_by_age", plan.Indexes);
    }
}
