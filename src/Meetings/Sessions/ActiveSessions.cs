using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;

namespace Roomcast.Meetings.Sessions;

/// <summary>The sessions under way, for the owner of their meetings.</summary>
internal sealed class ActiveSessions(MeetingSessions sessions, PresetStore presets) : IActiveSessions
{
    public SessionId? Find(MeetingId meetingId) => Of(meetingId)?.SessionId;

    public async Task<IReadOnlyList<Participant>?> KickAsync(
        MeetingId meetingId, ParticipantChoice who, CancellationToken cancellationToken) =>
        Of(meetingId) is { } session ? await session.KickAsync(who, cancellationToken) : null;

    public async Task<int?> KickAllAsync(MeetingId meetingId, CancellationToken cancellationToken) =>
        Of(meetingId) is { } session ? await session.KickAllAsync(cancellationToken) : null;

    public async Task<IReadOnlyList<Participant>?> MuteAsync(
        MeetingId meetingId, ParticipantChoice who, CancellationToken cancellationToken) =>
        Of(meetingId) is { } session ? await session.MuteAsync(who, cancellationToken) : null;

    public async Task<int?> MuteAllAsync(MeetingId meetingId, bool allowUnmute, CancellationToken cancellationToken) =>
        Of(meetingId) is { } session ? await session.MuteAllAsync(allowUnmute, cancellationToken) : null;

    public async Task<Poll?> CreatePollAsync(MeetingId meetingId, PollRequest poll, CancellationToken cancellationToken) =>
        Of(meetingId) is { } session ? await session.CreatePollAsync(poll, cancellationToken) : null;

    public async Task TellAsync(MeetingId meetingId, SessionEvent happened, CancellationToken cancellationToken)
    {
        if (Of(meetingId) is { } session)
        {
            await session.TellAsync(happened, cancellationToken);
        }
    }

    public async Task<PresetPermissions?> FindPermissionsAsync(Participant participant, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(participant);
        return Of(participant.MeetingId) is { } session ? await session.FindPermissionsAsync(participant.Id, cancellationToken) : null;
    }

    public async Task MeetingChangedAsync(Meeting meeting, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(meeting);
        if (Of(meeting.Id) is { } session)
        {
            await session.ApplyAsync(meeting, cancellationToken);
        }
    }

    public async Task ParticipantChangedAsync(Participant participant, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(participant);
        if (Of(participant.MeetingId) is { } session)
        {
            await session.ApplyAsync(participant, await presets.GetForParticipantAsync(participant, cancellationToken), cancellationToken);
        }
    }

    public Task PresetChangedAsync(Preset preset, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(preset);
        return Task.WhenAll(sessions.All.Select(session => session.ApplyAsync(preset, cancellationToken)));
    }

    public async Task ParticipantDeletedAsync(Participant participant, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(participant);
        if (Of(participant.MeetingId) is { } session)
        {
            await session.RemoveAsync(participant.Id, cancellationToken);
        }
    }

    private MeetingSession? Of(MeetingId meetingId) => sessions.TryGet(meetingId, out var session) ? session : null;
}
