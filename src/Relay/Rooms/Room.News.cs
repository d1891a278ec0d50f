using System.Text.Json.Nodes;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Push;
using Roomcast.Egress.Push.Records;
using Roomcast.Egress.Recording;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Relay.Controllers;

namespace Roomcast.Relay.Rooms;

/// <content>What happens in the room, and what controllers are told of it. Called on its loop.</content>
internal sealed partial class Room
{
    private bool _handsFirst;

    private bool _hasBegun;

    public void Began()
    {
        _hasBegun = true;
        _controllers.Tell(BeganEvent());
    }

    /// <summary>It ended while nobody was there to see it: that it has is all that is told.</summary>
    public void EndedUnattended() => _isEnding = true;

    public void Arrived(RosterPeer peer)
    {
        _peers[peer.PeerId] = peer;
        NoteHand(peer);
        Refresh();
    }

    public void Changed(RosterPeer peer)
    {
        if (_peers.TryGetValue(peer.PeerId, out var before))
        {
            _peers[peer.PeerId] = peer;
            NoteHand(peer);
            Refresh();
            if (before.IsOnStage != peer.IsOnStage)
            {
                Publish(peer.IsOnStage ? "video.member.promoted" : "video.member.demoted", new JsonObject
                {
                    ["member_id"] = peer.PeerId,
                    ["authorization"] = new JsonObject(),
                });
            }
        }
    }

    public void Departed(RosterPeer peer)
    {
        if (_peers.Remove(peer.PeerId))
        {
            _handsUp.Remove(peer.PeerId);
            Refresh();
        }
    }

    public void Changed(SessionTraits traits)
    {
        var before = _traits;
        _traits = traits;
        var updated = new List<string>();
        if (traits.IsLocked != before.IsLocked)
        {
            updated.Add("locked");
        }

        if (traits.Notes != before.Notes)
        {
            updated.Add("meta");
        }

        Updated(updated);
        Refresh();
    }

    /// <summary>The meeting has another title, or the same.</summary>
    public void Renamed(string title)
    {
        if (title != _title)
        {
            _title = title;
            Updated(["name", "display_name"]);
        }
    }

    /// <summary>Members are placed by a controller, by these names of positions.</summary>
    public void NotePositions(IReadOnlyList<Placing> placings)
    {
        foreach (var placing in placings)
        {
            _ = PositionNames.IsReserved(placing.Position) ? _reserved.Add(placing.MemberId) : _reserved.Remove(placing.MemberId);
        }
    }

    /// <summary>Something else was chosen for the composition.</summary>
    public void DirectionChanged(SceneDirection before)
    {
        var now = Direction;
        var updated = new List<string>();
        if (LayoutNames.Of(now) != LayoutNames.Of(before))
        {
            updated.Add("layout_name");
        }

        if (now.HidesWithoutPicture != before.HidesWithoutPicture)
        {
            updated.Add("hide_video_muted");
        }

        Updated(updated);
        Refresh();
    }

    /// <summary>Puts those with their hands up before the others, or no longer.</summary>
    public void PutHandsFirst(bool isOn)
    {
        if (_handsFirst != isOn)
        {
            _handsFirst = isOn;
            Updated(["prioritize_handraise"]);
            OrderHands();
            Refresh();
        }
    }

    public void Changed(SessionPush push)
    {
        var wasStreaming = IsStreaming;
        if (push.State is SessionPushState.Ended)
        {
            _streams.Remove(push.Id);
            NoteEnded(push.Id);
            if (_hasLeftOut && !_isEnding)
            {
                _hasLeftOut = false;
                _follow(this); // There is room for one more.
            }
        }
        else
        {
            _streams[push.Id] = push;
        }

        if (push.State is not SessionPushState.Starting)
        {
            Publish(
                push.State is SessionPushState.Running ? "video.stream.started" : "video.stream.ended",
                new JsonObject { ["stream"] = RoomEntities.Write(push, seesSecrets: true) },
                new JsonObject { ["stream"] = RoomEntities.Write(push, seesSecrets: false) });
        }

        if (IsStreaming != wasStreaming)
        {
            Updated(["streaming"]);
        }
    }

    /// <summary>Streams to the meeting's targets: begins for each that is new, ends for each that is gone, and does both where it is elsewhere now.</summary>
    /// <param name="targets">All there are.</param>
    /// <param name="turn">What <see cref="NextTurn"/> gave before they were read; of two readings the later counts.</param>
    /// <param name="pushes">Where they are begun and ended.</param>
    public void Follow(IReadOnlyList<MeetingTarget> targets, int turn, SessionPushes pushes)
    {
        if (turn < _followedTurn)
        {
            return;
        }

        _followedTurn = turn;
        _hasLeftOut = false;
        foreach (var (id, (url, pushId)) in _followed.ToArray())
        {
            if (!targets.Any(target => target.Id == id && target.Address.Url == url))
            {
                _followed.Remove(id);
                pushes.Stop(pushId);
            }
        }

        foreach (var target in targets.Where(target => !_followed.ContainsKey(target.Id)))
        {
            if (pushes.Start(SessionId.Value, target.Address) is { } push)
            {
                _followed[target.Id] = (target.Address.Url, push.Id);
                Changed(push);
            }
            else
            {
                _hasLeftOut = true;
                RelayLog.TargetLeftOut(_logger, SessionId.ToString(), target.Id.ToString());
            }
        }
    }

    public void Changed(RecordingRecord recording)
    {
        var wasRecording = IsRecording;
        var before = _recordings.GetValueOrDefault(recording.Id.Value);
        if (before is null && RoomEntities.IsOver(recording))
        {
            return; // What becomes of its file is not the room's matter.
        }

        var type = RoomEntities.IsOver(recording) ? "video.recording.ended"
            : recording.Status is RecordingStatus.Invoked || before?.Status == recording.Status ? null
            : before is null or { Status: RecordingStatus.Invoked } ? "video.recording.started" : "video.recording.updated";
        if (RoomEntities.IsOver(recording))
        {
            _recordings.Remove(recording.Id.Value);
            NoteEnded(recording.Id.Value);
        }
        else
        {
            _recordings[recording.Id.Value] = recording;
        }

        if (type is not null)
        {
            Publish(type, new JsonObject { ["recording"] = RoomEntities.Write(recording) });
        }

        if (IsRecording != wasRecording)
        {
            Updated(["recording"]);
        }
    }

    /// <summary>Something that is played stands otherwise than before.</summary>
    public void Changed(SessionPlayback playback)
    {
        var before = _playbacks.GetValueOrDefault(playback.Id);
        if (playback.State is PlaybackState.Ended)
        {
            _playbacks.Remove(playback.Id);
            NoteEnded(playback.Id);
        }
        else
        {
            _playbacks[playback.Id] = playback;
        }

        var type = playback.State switch
        {
            PlaybackState.Starting => null,
            PlaybackState.Ended => "video.playback.ended",
            _ => before is null or { State: PlaybackState.Starting } ? "video.playback.started" : "video.playback.updated",
        };
        if (type is not null)
        {
            Publish(
                type,
                new JsonObject { ["playback"] = RoomEntities.Write(playback, seesSecrets: true) },
                new JsonObject { ["playback"] = RoomEntities.Write(playback, seesSecrets: false) });
        }
    }

    /// <summary>A recording is being begun: the room does not end before it is known whether it did.</summary>
    public void RecordingAsked() => _beginning++;

    /// <summary>It is known now.</summary>
    /// <param name="error">Why it did not begin; null when it did.</param>
    public void RecordingAnswered(string? error)
    {
        _beginning--;
        if (error is not null)
        {
            Publish("video.recording.ended", new JsonObject
            {
                ["recording"] = RoomEntities.WriteUnbegun(Guid.NewGuid(), _time.GetUtcNow(), error),
            });
        }
    }

    /// <summary>The session is over. Its streams have been told to end; the room ends when all that belongs to it has.</summary>
    public void Ended()
    {
        _isEnding = true;
        _endTimer = _time.CreateTimer(
            _ => Post(room =>
            {
                var now = room._time.GetUtcNow();
                foreach (var recording in room._recordings.Values.ToArray())
                {
                    room.Changed(recording with { Status = RecordingStatus.Uploading, StoppedAt = now });
                }

                // The news of their end was lost, since more happened than could be told.
                foreach (var push in room._streams.Values.ToArray())
                {
                    room.Changed(push with { State = SessionPushState.Ended, EndedAt = now });
                }

                foreach (var playback in room._playbacks.Values.ToArray())
                {
                    room.Changed(playback with { State = PlaybackState.Ended, EndedAt = now });
                }

                room._beginning = 0;
            }),
            null,
            EndPatience,
            Timeout.InfiniteTimeSpan);
    }

    private void NoteEnded(Guid id)
    {
        _endedLately.Enqueue(id);
        if (_endedLately.Count > MostEndedLately)
        {
            _endedLately.Dequeue();
        }
    }

    private void Updated(List<string> updated)
    {
        if (updated.Count > 0)
        {
            Publish("video.room.updated", BothForms(isFull: false, updated));
        }
    }

    private void NoteHand(RosterPeer peer)
    {
        if (peer.HasHandUp != _handsUp.Contains(peer.PeerId))
        {
            if (peer.HasHandUp)
            {
                _handsUp.Add(peer.PeerId);
            }
            else
            {
                _handsUp.Remove(peer.PeerId);
            }

            OrderHands();
        }
    }

    // Whose hand has been up for longest comes first.
    private void OrderHands()
    {
        var first = _handsFirst ? _handsUp.ToArray() : [];
        if (!Direction.First.SequenceEqual(first))
        {
            _directions.Change(SessionId.Value, direction => direction with { First = [.. first] });
        }
    }

    /// <summary>Works out anew who is a member and how they stand, and tells what is not as it was.</summary>
    private void Refresh()
    {
        var direction = Direction;
        var isElsewhere = _layout.Arrange(_peers.Values.Where(peer => peer.IsOnStage), _traits, direction);
        var now = new Dictionary<string, Member>(StringComparer.Ordinal);
        foreach (var peer in _peers.Values.Where(peer => peer is { IsOnStage: true, IsGuest: false }).OrderBy(peer => peer.JoinedAt).ThenBy(peer => peer.PeerId, StringComparer.Ordinal))
        {
            var person = PersonOf(peer, direction);
            now[person.Id] = person;
            if (peer.HasScreen)
            {
                var screen = ScreenOf(peer);
                now[screen.Id] = screen;
            }
        }

        foreach (var gone in _members.Values.Where(member => !now.ContainsKey(member.Id)).ToArray())
        {
            Leave(gone);
        }

        foreach (var member in now.Values)
        {
            if (!_members.TryGetValue(member.Id, out var before))
            {
                _members[member.Id] = member;
                Publish("video.member.joined", new JsonObject { ["member"] = member.Write(MeetingId, SessionId) });
                continue;
            }

            _members[member.Id] = member;
            if (member.DifferencesTo(before) is { Count: > 0 } differences)
            {
                Publish("video.member.updated", new JsonObject { ["member"] = member.Write(MeetingId, SessionId, differences) });
            }
        }

        // Who has fallen silent first: mostly one talks.
        foreach (var member in now.Values.OrderBy(member => member.IsTalking))
        {
            TellTalking(member);
        }

        if (isElsewhere)
        {
            Publish("video.layout.changed", new JsonObject
            {
                ["layout"] = _layout.Write(LayoutNames.Of(direction), MeetingId.ToString(), SessionId.ToString()),
            });
        }

        var audience = _peers.Values.Count(peer => !peer.IsOnStage);
        if (audience != _audience)
        {
            _audience = audience;
            Publish("video.room.audience_count", new JsonObject { ["total"] = audience });
        }
    }

    private readonly HashSet<string> _talking = new(StringComparer.Ordinal);

    private void TellTalking(Member member)
    {
        if (member.IsTalking ? _talking.Add(member.Id) : _talking.Remove(member.Id))
        {
            Publish("video.member.talking", new JsonObject
            {
                ["member"] = new JsonObject
                {
                    ["id"] = member.Id,
                    ["room_id"] = MeetingId.ToString(),
                    ["room_session_id"] = SessionId.ToString(),
                    ["talking"] = member.IsTalking,
                },
            });
        }
    }

    private void Leave(Member member)
    {
        _members.Remove(member.Id);
        _talking.Remove(member.Id);
        Publish("video.member.left", new JsonObject { ["member"] = (member with { IsTalking = false }).Write(MeetingId, SessionId) });
    }

    private Member PersonOf(RosterPeer peer, SceneDirection direction)
    {
        var position = _layout.PositionOf(peer.PeerId, isScreen: false);
        var chosen = direction.Of(peer.PeerId);
        return new Member
        {
            Id = peer.PeerId,
            Name = peer.Name,
            Type = "member",
            IsAudioMuted = !peer.HasMicrophone,
            IsVideoMuted = !peer.HasCamera,
            IsVisible = peer.HasCamera && position != PositionNames.OffCanvas,
            IsDeaf = peer.IsDeaf,
            HasHandUp = peer.HasHandUp,
            IsTalking = peer.HasMicrophone && _traits.TalkingIds.Contains(peer.PeerId),
            InputVolume = chosen.GainDb,
            InputSensitivity = chosen.Sensitivity,
            RequestedPosition = PositionNames.Of(chosen, _reserved.Contains(peer.PeerId)),
            CurrentPosition = position,
            Meta = peer.Notes,
        };
    }

    private Member ScreenOf(RosterPeer peer)
    {
        var position = _layout.PositionOf(peer.PeerId, isScreen: true);
        return new Member
        {
            Id = Member.ScreenIdOf(peer.PeerId),
            Name = peer.Name,
            Type = "screen",
            ParentId = peer.PeerId,
            IsAudioMuted = true,
            IsVisible = position != PositionNames.OffCanvas,
            CurrentPosition = position,
        };
    }
}
