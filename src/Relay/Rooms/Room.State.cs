using System.Text.Json.Nodes;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Relay.Controllers;
using Roomcast.Relay.Framing;

namespace Roomcast.Relay.Rooms;

/// <content>The room as controllers read it. Called on its loop.</content>
internal sealed partial class Room
{
    /// <summary>How long a greeting is given to whoever comes while nothing happens: its time is that of its making.</summary>
    private static readonly TimeSpan GreetingHolds = TimeSpan.FromSeconds(1);

    private RelayEvent? _greeting;

    /// <summary>Whether somebody is in it under this id, on stage, or a screen is shown.</summary>
    public bool HasMember(string memberId) => _members.ContainsKey(memberId);

    /// <summary>The peer of a member or of somebody in the audience, and whether its screen is meant; null when there is none.</summary>
    public (string PeerId, bool IsScreen)? FindPeer(string memberId)
    {
        if (_peers.TryGetValue(memberId, out var peer) && !peer.IsGuest)
        {
            return (memberId, false);
        }

        return _members.TryGetValue(memberId, out var member) && member.ParentId.Length > 0 ? (member.ParentId, true) : null;
    }

    /// <summary>Whether it has, or had lately, a stream of this id.</summary>
    public bool HasStream(Guid id) => _streams.ContainsKey(id) || _endedLately.Contains(id);

    /// <summary>Whether it has, or had lately, a recording of this id.</summary>
    public bool HasRecording(Guid id) => _recordings.ContainsKey(id) || _endedLately.Contains(id);

    /// <summary>Whether it has, or had lately, a playback of this id.</summary>
    public bool HasPlayback(Guid id) => _playbacks.ContainsKey(id) || _endedLately.Contains(id);

    /// <summary>The streams that run, and those that are being begun.</summary>
    public IReadOnlyCollection<SessionPush> Streams => _streams.Values;

    /// <summary>Its layout's name. May be asked from anywhere.</summary>
    public string LayoutName => LayoutNames.Of(Direction);

    /// <summary>Whether nobody new is let in. May be asked from anywhere.</summary>
    public bool IsLocked => Volatile.Read(ref _traits).IsLocked;

    /// <summary>The notes of a peer, on stage or in the audience; null when there is none.</summary>
    public string? MetaOf(string peerId) => _peers.TryGetValue(peerId, out var peer) ? peer.Notes : null;

    /// <summary>How many recordings run or are being begun.</summary>
    public int RecordingsUnderWay => _beginning + _recordings.Count;

    /// <summary>The notes of the room.</summary>
    public string Meta => _traits.Notes;

    public JsonArray WriteMembers() => new([.. _members.Values.Select(member => (JsonNode)member.Write(MeetingId, SessionId))]);

    /// <summary>The streams that run.</summary>
    /// <param name="seesSecrets">Whether whoever reads it may see stream keys.</param>
    public JsonArray WriteStreams(bool seesSecrets) => new(
    [
        .. _streams.Values.Where(push => push.State is SessionPushState.Running).OrderBy(push => push.StartedAt)
            .Select(push => (JsonNode)RoomEntities.Write(push, seesSecrets)),
    ]);

    public JsonArray WriteRecordings() => new(
    [
        .. _recordings.Values.Where(recording => recording.Status is not RecordingStatus.Invoked).OrderBy(recording => recording.StartedAt)
            .Select(recording => (JsonNode)RoomEntities.Write(recording)),
    ]);

    /// <summary>The playbacks that have begun.</summary>
    /// <param name="seesSecrets">Whether whoever reads it may see signatures in addresses.</param>
    public JsonArray WritePlaybacks(bool seesSecrets) => new(
    [
        .. _playbacks.Values.Where(playback => playback.State is not PlaybackState.Starting).OrderBy(playback => playback.StartedAt)
            .Select(playback => (JsonNode)RoomEntities.Write(playback, seesSecrets, _time.GetUtcNow())),
    ]);

    /// <summary>The session of the room, with all that belongs to it when that is asked for.</summary>
    /// <param name="isFull">Whether with all that belongs to it.</param>
    /// <param name="updated">What is not as it was; null where that is not told.</param>
    /// <param name="seesSecrets">Whether whoever reads it may see stream keys.</param>
    public JsonObject Write(bool isFull, IReadOnlyList<string>? updated = null, bool seesSecrets = false)
    {
        var direction = Direction;
        var title = _title is { Length: > 0 } ? _title : MeetingId.ToString();
        var written = new JsonObject
        {
            ["id"] = SessionId.ToString(),
            ["room_id"] = MeetingId.ToString(),
            ["name"] = title,
            ["display_name"] = title,
            ["event_channel"] = Channel,
            ["recording"] = IsRecording,
            ["streaming"] = IsStreaming,
            ["hide_video_muted"] = direction.HidesWithoutPicture,
            ["layout_name"] = LayoutNames.Of(direction),
            ["locked"] = _traits.IsLocked,
            ["prioritize_handraise"] = _handsFirst,
            ["meta"] = JsonNode.Parse(_traits.Notes),
            ["start_time"] = WireTime.Of(StartedAt),
        };
        if (updated is not null)
        {
            written["updated"] = new JsonArray([.. updated.Select(name => (JsonNode)name)]);
        }

        if (isFull)
        {
            written["members"] = WriteMembers();
            written["recordings"] = WriteRecordings();
            written["playbacks"] = WritePlaybacks(seesSecrets);
            written["streams"] = WriteStreams(seesSecrets);
        }

        return written;
    }

    /// <summary>The event that shows a controller the room as it is; the same for all who come before anything else is told.</summary>
    /// <remarks>Hundreds subscribe at once when a room begins, and writing all that is in a room is what costs most of it.</remarks>
    public RelayEvent Greeting()
    {
        var now = _time.GetUtcNow();
        if (_greeting is null || now - _greeting.At >= GreetingHolds)
        {
            _greeting = new RelayEvent(
                AppId, "video.room.subscribed", Channel, null, Parameters(seesSecrets: true), now, _streams.Count + _playbacks.Count > 0 ? Parameters(seesSecrets: false) : null);
        }

        return _greeting;

        JsonObject Parameters(bool seesSecrets)
        {
            var parameters = BothForms(isFull: true, updated: null, seesSecrets);
            parameters["call_id"] = "";
            parameters["member_id"] = "";
            return parameters;
        }
    }

    /// <summary>Tells one who comes later that it has begun, unless it was told before. What is still to begin is told to all when it does.</summary>
    public void TellBegan(Controller controller)
    {
        if (_hasBegun && StartedAt < controller.HeardUntil)
        {
            controller.Knows(Channel);
        }
        else if (_hasBegun)
        {
            controller.Tell(BeganEvent());
        }
    }

    private RelayEvent BeganEvent()
    {
        var parameters = BothForms(isFull: false);
        parameters["room_id"] = MeetingId.ToString();
        parameters["room_session_id"] = SessionId.ToString();
        return new RelayEvent(AppId, RelayEvent.RoomStarted, RelayEvent.RoomsChannel, Channel, parameters, StartedAt);
    }

    private bool IsStreaming => _streams.Values.Any(push => push.State is SessionPushState.Running);

    private bool IsRecording => _recordings.Values.Any(recording => recording.Status is RecordingStatus.Recording or RecordingStatus.Paused);

    /// <summary>The session, and the older form of it that other clients read, which has its id elsewhere.</summary>
    private JsonObject BothForms(bool isFull, IReadOnlyList<string>? updated = null, bool seesSecrets = false)
    {
        var room = Write(isFull, updated, seesSecrets);
        room["room_session_id"] = SessionId.ToString();
        return new JsonObject { ["room"] = room, ["room_session"] = Write(isFull, updated, seesSecrets) };
    }
}
