using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;

namespace Roomcast.Meetings;

/// <summary>Which participants are meant: those that either set names.</summary>
/// <param name="Ids">By id.</param>
/// <param name="CustomIds">By the customer's own name for them.</param>
public sealed record ParticipantChoice(IReadOnlySet<ParticipantId> Ids, IReadOnlySet<string> CustomIds)
{
    /// <summary>Whether this one is meant.</summary>
    public bool Includes(ParticipantId id, string customId) => Ids.Contains(id) || CustomIds.Contains(customId);
}

/// <summary>A poll to be made.</summary>
/// <param name="Question">What is asked, 1 to 1,024 characters.</param>
/// <param name="Options">2 to 50 answers to choose from, 1 to 256 characters each.</param>
/// <param name="IsAnonymous">Whether nobody learns who voted for what.</param>
/// <param name="HidesVotes">Whether nobody learns how others voted before voting.</param>
public sealed record PollRequest(string Question, IReadOnlyList<string> Options, bool IsAnonymous, bool HidesVotes);

/// <summary>What the owner of a meeting can do to the session under way, from outside of it. Thread-safe.</summary>
/// <remarks>
/// "No session" is answered where nobody is in the meeting. Whoever only waits to be let in is not in it, but can be removed.
/// <c>AddMeetings</c> adds one that knows of no session; the one added last is taken.
/// </remarks>
public interface IActiveSessions
{
    /// <summary>The session under way in a meeting, or null.</summary>
    SessionId? Find(MeetingId meetingId);

    /// <summary>Removes participants with all their peers, as a host does.</summary>
    /// <returns>Those that were removed, each once; null when there is no session.</returns>
    Task<IReadOnlyList<Participant>?> KickAsync(MeetingId meetingId, ParticipantChoice who, CancellationToken cancellationToken);

    /// <summary>Removes everybody and ends the session at once.</summary>
    /// <returns>How many participants were removed; null when there is no session.</returns>
    Task<int?> KickAllAsync(MeetingId meetingId, CancellationToken cancellationToken);

    /// <summary>Switches off the microphones of participants; they may switch them on again.</summary>
    /// <returns>Those that are in the session, each once; null when there is no session.</returns>
    Task<IReadOnlyList<Participant>?> MuteAsync(MeetingId meetingId, ParticipantChoice who, CancellationToken cancellationToken);

    /// <summary>Switches off every microphone.</summary>
    /// <param name="meetingId">The meeting.</param>
    /// <param name="allowUnmute">Whether they may be switched on again.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>How many participants were muted; null when there is no session.</returns>
    Task<int?> MuteAllAsync(MeetingId meetingId, bool allowUnmute, CancellationToken cancellationToken);

    /// <summary>Makes a poll that nobody in the session has made.</summary>
    /// <returns>The poll; null when there is no session.</returns>
    Task<Poll?> CreatePollAsync(MeetingId meetingId, PollRequest poll, CancellationToken cancellationToken);

    /// <summary>Tells everybody who has joined what happened outside of the session. Nobody is told where there is none.</summary>
    Task TellAsync(MeetingId meetingId, SessionEvent happened, CancellationToken cancellationToken);

    /// <summary>
    /// What a participant may do: the preset as it was changed in the session under way. Null when the participant is not in it.
    /// </summary>
    Task<PresetPermissions?> FindPermissionsAsync(Participant participant, CancellationToken cancellationToken);

    /// <summary>Told that the settings of a meeting changed.</summary>
    Task MeetingChangedAsync(Meeting meeting, CancellationToken cancellationToken);

    /// <summary>Told that name, picture or preset of a participant changed.</summary>
    Task ParticipantChangedAsync(Participant participant, CancellationToken cancellationToken);

    /// <summary>
    /// Told that a preset changed. It holds at once for all who have it, in every session under way, in the place of what a host
    /// changed for one of them in the meeting.
    /// </summary>
    Task PresetChangedAsync(Preset preset, CancellationToken cancellationToken);

    /// <summary>Told that a participant was deleted: its peers are disconnected.</summary>
    Task ParticipantDeletedAsync(Participant participant, CancellationToken cancellationToken);
}

/// <summary>Where no meeting takes place.</summary>
internal sealed class NoActiveSessions : IActiveSessions
{
    public SessionId? Find(MeetingId meetingId) => null;

    public Task<IReadOnlyList<Participant>?> KickAsync(MeetingId meetingId, ParticipantChoice who, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Participant>?>(null);

    public Task<int?> KickAllAsync(MeetingId meetingId, CancellationToken cancellationToken) => Task.FromResult<int?>(null);

    public Task<IReadOnlyList<Participant>?> MuteAsync(MeetingId meetingId, ParticipantChoice who, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Participant>?>(null);

    public Task<int?> MuteAllAsync(MeetingId meetingId, bool allowUnmute, CancellationToken cancellationToken) =>
        Task.FromResult<int?>(null);

    public Task<Poll?> CreatePollAsync(MeetingId meetingId, PollRequest poll, CancellationToken cancellationToken) =>
        Task.FromResult<Poll?>(null);

    public Task TellAsync(MeetingId meetingId, SessionEvent happened, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<PresetPermissions?> FindPermissionsAsync(Participant participant, CancellationToken cancellationToken) =>
        Task.FromResult<PresetPermissions?>(null);

    public Task MeetingChangedAsync(Meeting meeting, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ParticipantChangedAsync(Participant participant, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task PresetChangedAsync(Preset preset, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ParticipantDeletedAsync(Participant participant, CancellationToken cancellationToken) => Task.CompletedTask;
}
