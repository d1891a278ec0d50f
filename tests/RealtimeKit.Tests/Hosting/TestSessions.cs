using System.Collections.Concurrent;
using Roomcast.Meetings;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;

namespace Roomcast.RealtimeKit.Tests.Hosting;

/// <summary>Sessions without media or sockets: who is in them is what a test says.</summary>
public sealed class TestSessions : IActiveSessions
{
    private readonly ConcurrentDictionary<MeetingId, TestSession> _sessions = new();

    /// <summary>What the routes told, in order.</summary>
    public ConcurrentQueue<object> Told { get; } = new();

    /// <summary>Begins a session with these in it.</summary>
    public void Begin(SessionRecord session, params Participant[] present)
    {
        ArgumentNullException.ThrowIfNull(session);
        _sessions[session.MeetingId] = new TestSession(session.Id, [.. present]);
    }

    public SessionId? Find(MeetingId meetingId) => _sessions.TryGetValue(meetingId, out var session) ? session.Id : null;

    public Task<IReadOnlyList<Participant>?> KickAsync(MeetingId meetingId, ParticipantChoice who, CancellationToken cancellationToken)
    {
        var chosen = Choose(meetingId, who);
        if (chosen is not null)
        {
            _sessions[meetingId].Present.RemoveAll(chosen.Contains);
        }

        return Task.FromResult(chosen);
    }

    public Task<int?> KickAllAsync(MeetingId meetingId, CancellationToken cancellationToken) =>
        Task.FromResult(_sessions.TryRemove(meetingId, out var session) ? session.Present.Count : (int?)null);

    public Task<IReadOnlyList<Participant>?> MuteAsync(MeetingId meetingId, ParticipantChoice who, CancellationToken cancellationToken) =>
        Task.FromResult(Choose(meetingId, who));

    public Task<int?> MuteAllAsync(MeetingId meetingId, bool allowUnmute, CancellationToken cancellationToken)
    {
        Told.Enqueue(allowUnmute);
        return Task.FromResult(_sessions.TryGetValue(meetingId, out var session) ? session.Present.Count : (int?)null);
    }

    public Task<Poll?> CreatePollAsync(MeetingId meetingId, PollRequest poll, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(poll);
        return Task.FromResult(!_sessions.ContainsKey(meetingId) ? null : new Poll
        {
            Id = new PollId(Guid.NewGuid()),
            Question = poll.Question,
            Options = [.. poll.Options.Select(option => new PollOption(option, []))],
            IsAnonymous = poll.IsAnonymous,
            HidesVotes = poll.HidesVotes,
            CreatedAt = DateTimeOffset.UnixEpoch,
        });
    }

    public Task TellAsync(MeetingId meetingId, SessionEvent happened, CancellationToken cancellationToken) => TellAsync(happened);

    public Task<PresetPermissions?> FindPermissionsAsync(Participant participant, CancellationToken cancellationToken) =>
        Task.FromResult<PresetPermissions?>(null);

    public Task MeetingChangedAsync(Meeting meeting, CancellationToken cancellationToken) => TellAsync(meeting);

    public Task ParticipantChangedAsync(Participant participant, CancellationToken cancellationToken) => TellAsync(participant);

    public Task PresetChangedAsync(Preset preset, CancellationToken cancellationToken) => TellAsync(preset);

    public Task ParticipantDeletedAsync(Participant participant, CancellationToken cancellationToken) => TellAsync(("deleted", participant));

    private Task TellAsync(object what)
    {
        Told.Enqueue(what);
        return Task.CompletedTask;
    }

    private IReadOnlyList<Participant>? Choose(MeetingId meetingId, ParticipantChoice who) =>
        _sessions.TryGetValue(meetingId, out var session)
            ? [.. session.Present.Where(participant => who.Includes(participant.Id, participant.CustomId))]
            : null;

    private sealed record TestSession(SessionId Id, List<Participant> Present);
}
