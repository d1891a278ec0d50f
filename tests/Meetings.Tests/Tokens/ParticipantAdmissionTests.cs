using Microsoft.Extensions.Options;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tests.Records;
using Roomcast.Meetings.Tokens;
using Roomcast.Storage;

namespace Roomcast.Meetings.Tests.Tokens;

public sealed class SqliteParticipantAdmissionTests() : ParticipantAdmissionTests(DatabaseEngine.Sqlite);

public sealed class PostgresParticipantAdmissionTests() : ParticipantAdmissionTests(DatabaseEngine.Postgres);

public abstract class ParticipantAdmissionTests(DatabaseEngine engine) : MeetingRecordsTests(engine)
{
    private readonly ParticipantTokens _tokens = new(new byte[32]);
    private readonly OwnParticipants _own = new();

    [Fact]
    public async Task A_token_finds_its_participant_until_it_expires()
    {
        var admission = Make();
        var participant = await MakeParticipantAsync(await MakeMeetingAsync());
        var token = admission.Issue(participant);
        Assert.True(await admission.IsThereAsync(participant, None));

        var result = await admission.AuthenticateAsync(token, participant.MeetingId, None);
        Assert.Equal((ParticipantTokenVerdict.Valid, participant), (result.Verdict, result.Participant));
        Assert.InRange(result.ExpiresAt - Clock.GetUtcNow(), TimeSpan.FromHours(24), TimeSpan.FromHours(24) + TimeSpan.FromSeconds(1));
        Assert.Equal(participant, (await admission.AuthenticateAsync(token, meetingId: null, None)).Participant);

        Clock.Advance(TimeSpan.FromHours(24) + TimeSpan.FromSeconds(1));
        await RefusedAsync(admission, token, ParticipantTokenVerdict.Expired);
    }

    [Fact]
    public async Task A_token_of_another_meeting_is_refused()
    {
        var admission = Make();
        var meeting = await MakeMeetingAsync();
        var token = admission.Issue(await MakeParticipantAsync(meeting));
        var result = await admission.AuthenticateAsync(token, (await MakeMeetingAsync(meeting.AppId)).Id, None);
        Assert.Equal((ParticipantTokenVerdict.OtherMeeting, null), (result.Verdict, result.Participant));
    }

    [Fact]
    public async Task A_token_that_mixes_apps_or_meetings_finds_nobody()
    {
        var admission = Make();
        var (mine, other) = (await MakeParticipantAsync(await MakeMeetingAsync()), await MakeParticipantAsync(await MakeMeetingAsync()));
        await RefusedAsync(admission, admission.Issue(mine with { AppId = other.AppId }), ParticipantTokenVerdict.UnknownParticipant);
        await RefusedAsync(admission, admission.Issue(mine with { MeetingId = other.MeetingId }), ParticipantTokenVerdict.UnknownParticipant);
        await RefusedAsync(admission, admission.Issue(mine with { Id = other.Id }), ParticipantTokenVerdict.UnknownParticipant);
        await RefusedAsync(
            admission, admission.Issue(mine with { Id = new ParticipantId(Guid.NewGuid()) }), ParticipantTokenVerdict.UnknownParticipant);
    }

    [Fact]
    public async Task A_token_of_a_deleted_participant_is_worth_nothing_at_once()
    {
        var admission = Make();
        var participant = await MakeParticipantAsync(await MakeMeetingAsync());
        var token = admission.Issue(participant);
        await Participants.DeleteAsync(participant.AppId, participant.MeetingId, participant.Id, None);
        Assert.False(await admission.IsThereAsync(participant, None));

        await RefusedAsync(admission, token, ParticipantTokenVerdict.UnknownParticipant);
        Assert.Null(await admission.RefreshAsync(participant, None));

        // The same person added anew is another participant.
        await MakeParticipantAsync((await Meetings.FindAsync(participant.AppId, participant.MeetingId, None))!, participant.CustomId);
        await RefusedAsync(admission, token, ParticipantTokenVerdict.UnknownParticipant);
    }

    [Fact]
    public async Task A_refreshed_token_leaves_earlier_ones_valid()
    {
        var admission = Make();
        var participant = await MakeParticipantAsync(await MakeMeetingAsync());
        var first = admission.Issue(participant);
        var second = await admission.RefreshAsync(participant, None);

        Assert.Equal(ParticipantTokenVerdict.Valid, (await admission.AuthenticateAsync(first, null, None)).Verdict);
        Assert.Equal(ParticipantTokenVerdict.Valid, (await admission.AuthenticateAsync(second, null, None)).Verdict);
    }

    [Fact]
    public async Task A_refreshed_token_replaces_earlier_ones_where_the_options_say_so()
    {
        var admission = Make(options => options.RefreshReplaces = true);
        var participant = await MakeParticipantAsync(await MakeMeetingAsync());
        var first = admission.Issue(participant);
        var second = await admission.RefreshAsync(participant, None);

        await RefusedAsync(admission, first, ParticipantTokenVerdict.Replaced);
        Assert.Equal(ParticipantTokenVerdict.Valid, (await admission.AuthenticateAsync(second, null, None)).Verdict);
        Assert.NotNull(await admission.RefreshAsync(participant, None));
        await RefusedAsync(admission, second!, ParticipantTokenVerdict.Replaced);
    }

    [Fact]
    public async Task One_of_the_servers_own_is_known_in_its_meeting_until_it_is_ended()
    {
        var admission = Make();
        var (meeting, other) = (await MakeMeetingAsync(), await MakeMeetingAsync());
        var id = Guid.NewGuid();
        var (lent, token) = admission.Lend(meeting.AppId, meeting.Id, id, "Recorder");

        var found = (await admission.AuthenticateAsync(token, meetingId: null, None)).Participant!;
        Assert.Equal(lent, found);
        Assert.Equal((meeting.AppId, meeting.Id, new ParticipantId(id), "Recorder", true), (found.AppId, found.MeetingId, found.Id, found.Name, found.IsOwn));
        Assert.Equal(found, (await admission.AuthenticateAsync(token, meeting.Id, None)).Participant);
        Assert.Equal(ParticipantTokenVerdict.OtherMeeting, (await admission.AuthenticateAsync(token, other.Id, None)).Verdict);
        await RefusedAsync(admission, admission.Issue(found with { AppId = other.AppId }), ParticipantTokenVerdict.UnknownParticipant);
        await RefusedAsync(admission, admission.Issue(found with { MeetingId = other.Id }), ParticipantTokenVerdict.UnknownParticipant);
        Assert.Null(await Participants.FindAsync(meeting.AppId, meeting.Id, found.Id, None));
        Assert.True(_own.FindPreset(found.Id)!.Content.Permissions is { HiddenParticipant: true, IsRecorder: true });
        Assert.Null(_own.FindPreset((await MakeParticipantAsync(meeting)).Id));

        Assert.True(await admission.IsThereAsync(lent, None));
        admission.EndLent(lent.Id);
        Assert.False(await admission.IsThereAsync(lent, None));
        await RefusedAsync(admission, token, ParticipantTokenVerdict.UnknownParticipant);
        Assert.Null(_own.FindPreset(found.Id));
    }

    private static async Task RefusedAsync(ParticipantAdmission admission, string token, ParticipantTokenVerdict verdict)
    {
        var result = await admission.AuthenticateAsync(token, meetingId: null, None);
        Assert.Equal((verdict, null), (result.Verdict, result.Participant));
    }

    private ParticipantAdmission Make(Action<ParticipantTokenOptions>? set = null)
    {
        var options = new ParticipantTokenOptions();
        set?.Invoke(options);
        return new ParticipantAdmission(_tokens, Participants, _own, new OptionsWrapper<ParticipantTokenOptions>(options), Clock);
    }
}
