using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Roomcast.Accounts;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Relay.Controllers;

namespace Roomcast.Relay.Rooms;

/// <summary>Hears of recordings. It needs nothing, so that recordings can be given it.</summary>
internal sealed class RecordingEar : IRecordingListener
{
    public event Action<RecordingRecord>? Heard;

    public void Changed(RecordingRecord recording) => Heard?.Invoke(recording);
}

/// <summary>The rooms of all sessions under way. It brings what the product tells to the loop of the room it is about.</summary>
internal sealed class RoomDirectory : ISessionObserver, IRosterObserver
{
    private readonly ConcurrentDictionary<Guid, Room> _rooms = new();
    private readonly ControllerDirectory _controllers;
    private readonly SceneDirections _directions;
    private readonly RoomTargets _targets;
    private readonly SessionPushes _pushes;
    private readonly SessionPlaybacks _playbacks;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public RoomDirectory(
        ControllerDirectory controllers,
        SceneDirections directions,
        RoomTargets targets,
        SessionPushes pushes,
        SessionPlaybacks playbacks,
        RecordingEar ear,
        TimeProvider time,
        ILogger<RoomDirectory> logger)
    {
        _playbacks = playbacks;
        _controllers = controllers;
        _directions = directions;
        _targets = targets;
        _pushes = pushes;
        _time = time;
        _logger = logger;
        pushes.Changed += push => Post(push.SessionId, room => room.Changed(push));
        playbacks.Changed += playback => Post(playback.SessionId, room => room.Changed(playback));
        ear.Heard += recording =>
        {
            if (recording.Kind is RecordingKind.Composite)
            {
                Post(recording.SessionId, room => room.Changed(recording));
            }
        };
    }

    /// <summary>A room of an app.</summary>
    public Room? Find(AppId appId, Guid sessionId) => _rooms.TryGetValue(sessionId, out var room) && room.AppId == appId ? room : null;

    /// <summary>The rooms of an app, the oldest first.</summary>
    public IReadOnlyList<Room> Of(AppId appId) => [.. _rooms.Values.Where(room => room.AppId == appId).OrderBy(room => room.StartedAt)];

    /// <summary>Brings the streams of a meeting's session in line with its targets, after these have changed.</summary>
    public async Task FollowTargetsAsync(AppId appId, MeetingId meetingId)
    {
        foreach (var room in Of(appId).Where(room => room.MeetingId == meetingId))
        {
            await _targets.FollowAsync(room);
        }
    }

    /// <summary>Returns when all that was posted to rooms so far has been told.</summary>
    public async Task SettleAsync()
    {
        foreach (var room in _rooms.Values)
        {
            await room.DoAsync(static _ => { });
        }
    }

    public void Began(Meeting meeting, SessionId sessionId, DateTimeOffset startedAt)
    {
        ArgumentNullException.ThrowIfNull(meeting);
        var room = Open(new RoomNames(meeting.AppId, meeting.Id, meeting.Title), sessionId, startedAt);
        room.Post(each => each.Began());
        _ = _targets.FollowAsync(room);
    }

    public void MeetingChanged(Meeting meeting, SessionId sessionId)
    {
        ArgumentNullException.ThrowIfNull(meeting);
        Post(sessionId.Value, room => room.Renamed(meeting.Title));
    }

    public void EndedUnattended(SessionRecord session)
    {
        ArgumentNullException.ThrowIfNull(session);
        Open(new RoomNames(session.AppId, session.MeetingId, session.MeetingTitle), session.Id, session.StartedAt).Post(each => each.EndedUnattended());
    }

    private Room Open(RoomNames names, SessionId sessionId, DateTimeOffset startedAt)
    {
        var room = new Room(names, sessionId, startedAt, _controllers, _directions, _time, _logger, room => _ = _targets.FollowAsync(room), over => _rooms.TryRemove(new(over.SessionId.Value, over)));
        _rooms[sessionId.Value] = room;
        return room;
    }

    public void PeerJoined(MeetingId meetingId, SessionId sessionId, PeerView peer)
    {
    }

    public void CountChanged(MeetingId meetingId, SessionId sessionId, int count)
    {
    }

    public void StageChanged(MeetingId meetingId, SessionId sessionId, int onStage)
    {
    }

    public void Ended(MeetingId meetingId, SessionId sessionId, SessionEndReason reason)
    {
        // First the streams and playbacks: that they have ended is posted before that the room does.
        StopMedia();
        Post(sessionId.Value, room =>
        {
            StopMedia(); // What was begun on its loop meanwhile.
            room.Ended();
        });

        void StopMedia()
        {
            _pushes.StopAll(sessionId.Value);
            _playbacks.StopAll(sessionId.Value);
        }
    }

    public void Arrived(SessionId sessionId, RosterPeer peer) => Post(sessionId.Value, room => room.Arrived(peer));

    public void Changed(SessionId sessionId, RosterPeer peer, RosterPeer before) => Post(sessionId.Value, room => room.Changed(peer));

    public void Departed(SessionId sessionId, RosterPeer peer) => Post(sessionId.Value, room => room.Departed(peer));

    public void Changed(SessionId sessionId, SessionTraits traits) => Post(sessionId.Value, room => room.Changed(traits));

    private void Post(Guid sessionId, Action<Room> step)
    {
        if (_rooms.TryGetValue(sessionId, out var room))
        {
            room.Post(step);
        }
    }
}
