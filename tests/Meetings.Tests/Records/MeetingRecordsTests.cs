using Roomcast.Accounts;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Meetings.Tests.Records;

/// <summary>What the tests of the meeting records share: the stores, a clock, apps and meetings.</summary>
public abstract class MeetingRecordsTests : DatabaseTests
{
    protected MeetingRecordsTests(DatabaseEngine engine)
        : base(engine)
    {
    }

    protected static CancellationToken None => CancellationToken.None;

    protected ManualClock Clock { get; } = new();

    protected PresetStore Presets => new(Database, Clock);

    protected MeetingStore Meetings => new(Database, Clock);

    protected ParticipantStore Participants => new(Database, Clock);

    protected SessionRecordStore Sessions => new(Database, Clock);

    protected ChatMessageStore Chat => new(Database, Clock);

    protected PollStore Polls => new(Database, Clock);

    protected DateTimeOffset Now => StoredTime.Now(Clock);

    protected async Task<AppId> MakeAppAsync()
    {
        var account = await new AccountStore(Database, Clock).CreateAsync(null, None);
        return (await new AppStore(Database, Clock).CreateAsync(account.Id, null, None)).Id;
    }

    protected async Task<Meeting> MakeMeetingAsync(AppId? app = null, string title = "", MeetingSettings? settings = null) =>
        await Meetings.CreateAsync(app ?? await MakeAppAsync(), title, settings ?? new MeetingSettings(), None);

    protected async Task<Participant> MakeParticipantAsync(
        Meeting meeting, string customId = "alice", string preset = "group_call_participant", string? name = null)
    {
        ArgumentNullException.ThrowIfNull(meeting);
        var found = await Presets.FindByNameAsync(meeting.AppId, preset, None);
        return (await Participants.AddAsync(meeting.AppId, meeting.Id, customId, found!.Id, name, picture: null, None))!;
    }

    protected static JoiningPeer PeerOf(Participant participant, PeerId? id = null) => new(
        id ?? new PeerId(Guid.NewGuid()),
        participant?.Id ?? default,
        participant?.CustomId ?? "",
        participant?.Name ?? "Participant",
        participant?.PresetName ?? "",
        ViewType.GroupCall);
}
