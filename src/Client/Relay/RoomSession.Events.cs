using System.Collections.Immutable;
using System.Text.Json;
using Roomcast.Client.Wire;

namespace Roomcast.Client.Relay;

/// <content>What happens in the session.</content>
public sealed partial class RoomSession
{
    /// <summary>The room has changed: the names of what has, as the protocol calls it, for example <c>locked</c>.</summary>
    public event Action<IReadOnlyList<string>>? Updated;

    /// <summary>The session is over; all that ran in it is too.</summary>
    public event Action<RoomSession>? Ended;

    /// <summary>The server has told all that is in the session, for the first time or again.</summary>
    public event Action<RoomSession>? Subscribed;

    /// <summary>So many watch without being members.</summary>
    public event Action<int>? AudienceCountChanged;

    /// <summary>Somebody came.</summary>
    public event Action<RoomSessionMember>? MemberJoined;

    /// <summary>Somebody has changed: the names of what has, as the protocol calls it, for example <c>audio_muted</c>.</summary>
    public event Action<RoomSessionMember, IReadOnlyList<string>>? MemberUpdated;

    /// <summary>Somebody went; they are no longer in <see cref="Members"/>.</summary>
    public event Action<RoomSessionMember>? MemberLeft;

    /// <summary>Somebody's sound was switched off, or on.</summary>
    public event Action<RoomSessionMember>? MemberAudioMuted;

    /// <summary>Somebody's picture was switched off, or on.</summary>
    public event Action<RoomSessionMember>? MemberVideoMuted;

    /// <summary>Somebody hears nothing, or hears again.</summary>
    public event Action<RoomSessionMember>? MemberDeaf;

    /// <summary>Somebody is seen in the composition, or no longer.</summary>
    public event Action<RoomSessionMember>? MemberVisible;

    /// <summary>Somebody is heard louder or softer.</summary>
    public event Action<RoomSessionMember>? MemberInputVolume;

    /// <summary>Somebody hears louder or softer.</summary>
    public event Action<RoomSessionMember>? MemberOutputVolume;

    /// <summary>Somebody's microphone is heard from another level on.</summary>
    public event Action<RoomSessionMember>? MemberInputSensitivity;

    /// <summary>Somebody begins or stops talking.</summary>
    public event Action<RoomSessionMember>? MemberTalking;

    /// <summary>Somebody begins to talk.</summary>
    public event Action<RoomSessionMember>? MemberTalkingStarted;

    /// <summary>Somebody stops talking.</summary>
    public event Action<RoomSessionMember>? MemberTalkingEnded;

    /// <summary>Somebody of the audience was made a member: the id.</summary>
    public event Action<string>? MemberPromoted;

    /// <summary>A member was sent to the audience: the id.</summary>
    public event Action<string>? MemberDemoted;

    /// <summary>Members are laid out otherwise.</summary>
    public event Action<RoomLayout>? LayoutChanged;

    /// <summary>A stream has begun.</summary>
    public event Action<RoomSessionStream>? StreamStarted;

    /// <summary>A stream is over, or could not begin (<see cref="RoomSessionAction.Error"/>).</summary>
    public event Action<RoomSessionStream>? StreamEnded;

    /// <summary>A recording has begun.</summary>
    public event Action<RoomSessionRecording>? RecordingStarted;

    /// <summary>A recording rests, or goes on.</summary>
    public event Action<RoomSessionRecording>? RecordingUpdated;

    /// <summary>A recording is over, or could not begin (<see cref="RoomSessionAction.Error"/>).</summary>
    public event Action<RoomSessionRecording>? RecordingEnded;

    /// <summary>A playback has begun.</summary>
    public event Action<RoomSessionPlayback>? PlaybackStarted;

    /// <summary>A playback has changed.</summary>
    public event Action<RoomSessionPlayback>? PlaybackUpdated;

    /// <summary>A playback is over, or could not begin (<see cref="RoomSessionAction.Error"/>).</summary>
    public event Action<RoomSessionPlayback>? PlaybackEnded;

    /// <summary>Takes what the server says of the room itself, without a word.</summary>
    internal void Apply(JsonElement room) => _traits = _traits.With(room);

    /// <summary>Takes an event of the session.</summary>
    internal void Handle(string type, JsonElement said)
    {
        switch (type)
        {
            case "video.room.updated" when said.Has("room_session", out var room):
                Apply(room);
                var updated = room.Texts("updated");
                Raise(() => Updated.CallEach(updated));
                break;
            case "video.room.subscribed" when said.Has("room_session", out var room):
                ApplyAll(room);
                Raise(this, nameof(Subscribed), () => Subscribed.CallEach(this));
                break;
            case "video.room.audience_count":
                var count = (int)Math.Clamp(said.Number("total") ?? 0, 0, int.MaxValue);
                _traits = _traits with { AudienceCount = count };
                Raise(this, nameof(AudienceCountChanged), () => AudienceCountChanged.CallEach(count));
                break;
            case "video.member.joined" or "video.member.updated" or "video.member.talking" or "video.member.left"
                when said.Has("member", out var member) && member.Text("id") is { } id:
                HandleMember(type, id, member);
                break;
            case "video.member.promoted" when said.Text("member_id") is { } id:
                Raise(this, id, () => MemberPromoted.CallEach(id));
                break;
            case "video.member.demoted" when said.Text("member_id") is { } id:
                Raise(this, id, () => MemberDemoted.CallEach(id));
                break;
            case "video.layout.changed" when said.Has("layout", out var layout):
                Lay(RoomLayout.Read(layout));
                break;
            case "video.stream.started" when said.Has("stream", out var stream):
                TellStarted(Streams.Start(stream));
                break;
            case "video.stream.ended" when said.Has("stream", out var stream):
                TellEnded(Streams.End(stream));
                break;
            case "video.recording.started" when said.Has("recording", out var recording):
                TellStarted(Recordings.Start(recording));
                break;
            case "video.recording.updated" when said.Has("recording", out var recording):
                TellUpdated(Recordings.Update(recording));
                break;
            case "video.recording.ended" when said.Has("recording", out var recording):
                TellEnded(Recordings.End(recording));
                break;
            case "video.playback.started" when said.Has("playback", out var playback):
                TellStarted(Playbacks.Start(playback));
                break;
            case "video.playback.updated" when said.Has("playback", out var playback):
                TellUpdated(Playbacks.Update(playback));
                break;
            case "video.playback.ended" when said.Has("playback", out var playback):
                TellEnded(Playbacks.End(playback));
                break;
            default:
                break; // Of a later server.
        }
    }

    /// <summary>Takes all that is in the session. What is other than it was known to be is told, except the first time.</summary>
    internal void ApplyAll(JsonElement room)
    {
        Apply(room);
        ApplyRunning(Streams, room.Objects("streams"));
        ApplyRunning(Recordings, room.Objects("recordings"));
        ApplyRunning(Playbacks, room.Objects("playbacks"));
        ApplyMembers(room.Objects("members"));
    }

    /// <summary>Takes the list of members, where there is one.</summary>
    internal void ApplyMembers(IReadOnlyList<JsonElement>? all)
    {
        if (all is null)
        {
            return;
        }

        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var said in all)
        {
            if (said.Text("id") is not { } id)
            {
                continue;
            }

            ids.Add(id);
            if (_members.TryGetValue(id, out var member))
            {
                Change(member, said);
            }
            else
            {
                Join(id, said, isTold: _isFilled);
            }
        }

        foreach (var gone in _members.Values.Where(member => !ids.Contains(member.Id)).ToArray())
        {
            Leave(gone);
        }

        _isFilled = true;
    }

    /// <summary>Takes the list of what runs, where there is one.</summary>
    internal void ApplyRunning<T>(ActionList<T> list, IReadOnlyList<JsonElement>? all)
        where T : RoomSessionAction
    {
        if (all is null)
        {
            return;
        }

        var (begun, over) = list.ApplyAll(all);
        foreach (var each in begun)
        {
            if (_isFilled)
            {
                TellStarted(each);
            }
            else
            {
                each.TellStarted();
            }
        }

        foreach (var each in over)
        {
            TellEnded(each);
        }
    }

    /// <summary>It is over, with all that is in it. Nothing the second time.</summary>
    internal bool End()
    {
        if (_hasEnded)
        {
            return false;
        }

        foreach (var each in (IEnumerable<RoomSessionAction>)[.. Streams.EndAll(), .. Recordings.EndAll(), .. Playbacks.EndAll()])
        {
            TellEnded(each);
        }

        foreach (var member in _members.Values)
        {
            Leave(member);
        }

        _traits = _traits with { IsRecording = false, IsStreaming = false };
        _hasEnded = true;
        Raise(this, nameof(Ended), () => Ended.CallEach(this));
        return true;
    }

    /// <summary>Lets those go on who wait for its end: once all events of it wait to be raised.</summary>
    internal void SayEnded() => _over.TrySetResult();

    private void HandleMember(string type, string id, JsonElement said)
    {
        if (!_members.TryGetValue(id, out var member))
        {
            // Who talks, changes or goes, and was not told to have come, is not known well enough.
            if (type == "video.member.joined")
            {
                Join(id, said, isTold: true);
            }

            return;
        }

        Change(member, said);
        if (type == "video.member.left")
        {
            Leave(member);
        }
    }

    private void Join(string id, JsonElement said, bool isTold)
    {
        if (_members.Count >= RelayJson.MaxItems)
        {
            return;
        }

        var member = new RoomSessionMember(this, id);
        member.Apply(said);
        Volatile.Write(ref _members, _members.Add(id, member));
        if (isTold)
        {
            Raise(member, nameof(MemberJoined), () => MemberJoined.CallEach(member));
        }
    }

    private void Change(RoomSessionMember member, JsonElement said)
    {
        var wasTalking = member.IsTalking;
        var differences = member.Apply(said);
        TellUpdated(member, said.Texts("updated") is { Count: > 0 } named ? named : differences);
        if (member.IsTalking != wasTalking)
        {
            Raise(member, nameof(MemberTalking), () => MemberTalking.CallEach(member));
            Raise(member, nameof(MemberTalkingStarted), wasTalking ? () => MemberTalkingEnded.CallEach(member) : () => MemberTalkingStarted.CallEach(member));
        }
    }

    private void TellUpdated(RoomSessionMember member, IReadOnlyList<string> names)
    {
        if (names.Count > 0)
        {
            Raise(() => MemberUpdated.CallEach(member, names));
        }

        foreach (var name in names)
        {
            Raise(member, name, () => HandlersOf(name).CallEach(member));
        }
    }

    private Action<RoomSessionMember>? HandlersOf(string name) => name switch
    {
        "audio_muted" => MemberAudioMuted,
        "video_muted" => MemberVideoMuted,
        "deaf" => MemberDeaf,
        "visible" => MemberVisible,
        "input_volume" => MemberInputVolume,
        "output_volume" => MemberOutputVolume,
        "input_sensitivity" => MemberInputSensitivity,
        _ => null,
    };

    private void Leave(RoomSessionMember member)
    {
        Volatile.Write(ref _members, _members.Remove(member.Id));
        Raise(member, nameof(MemberJoined), () => MemberLeft.CallEach(member));
    }

    /// <summary>Takes a layout. Whoever is in none of its places is off the canvas.</summary>
    private void Lay(RoomLayout layout)
    {
        _layout = layout;
        var places = layout.Layers.Where(layer => layer.MemberId is not null).ToLookup(layer => layer.MemberId!, StringComparer.Ordinal);
        var moved = _members.Values.Where(member => member.Place(places[member.Id].FirstOrDefault()?.Position ?? "off-canvas")).ToArray();
        Raise(this, nameof(LayoutChanged), () => LayoutChanged.CallEach(layout));
        foreach (var member in moved)
        {
            TellUpdated(member, ["current_position"]);
        }
    }

    private void TellStarted(RoomSessionAction? begun)
    {
        if (begun is not null)
        {
            Raise(begun, nameof(TellStarted), () => TellOf(begun, StreamStarted, RecordingStarted, PlaybackStarted));
            begun.TellStarted();
        }
    }

    private void TellUpdated(RoomSessionAction? changed)
    {
        if (changed is not null)
        {
            Raise(changed, nameof(TellUpdated), () => TellOf(changed, null, RecordingUpdated, PlaybackUpdated));
        }
    }

    private void TellEnded(RoomSessionAction? over)
    {
        if (over is not null)
        {
            Raise(over, nameof(TellEnded), () => TellOf(over, StreamEnded, RecordingEnded, PlaybackEnded));
            over.TellEnded();
        }
    }

    private static void TellOf(
        RoomSessionAction action, Action<RoomSessionStream>? streams, Action<RoomSessionRecording>? recordings, Action<RoomSessionPlayback>? playbacks)
    {
        switch (action)
        {
            case RoomSessionStream stream:
                streams.CallEach(stream);
                break;
            case RoomSessionRecording recording:
                recordings.CallEach(recording);
                break;
            case RoomSessionPlayback playback:
                playbacks.CallEach(playback);
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"No event for {action}.");
        }
    }
}
