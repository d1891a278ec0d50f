using System.Threading.Channels;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions;

/// <summary>One meeting with somebody connected to it, and the session that takes place in it, if one does.</summary>
/// <remarks>
/// One loop owns everything in <see cref="SessionRoom"/>; others post to its inbox, which is bounded: who posts waits while it
/// is full. The loop never waits for storage, media or a slow receiver. It looks around twice a second for what is due.
/// Thread-safe.
/// </remarks>
public sealed partial class MeetingSession
{
    private const int InboxCapacity = 1_024;

    private static readonly TimeSpan LookAroundInterval = TimeSpan.FromMilliseconds(500);

    private readonly Channel<Action> _inbox = Channel.CreateBounded<Action>(
        new BoundedChannelOptions(InboxCapacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly SessionRoom _room;
    private readonly SessionParts _parts;
    private object? _sessionId;
    private bool _isRetired;
    private bool _isDraining;

    internal MeetingSession(Meeting meeting, SessionParts parts)
    {
        MeetingId = meeting.Id;
        _parts = parts;
        _room = new SessionRoom(meeting, parts, PostAsync, id => Volatile.Write(ref _sessionId, id));
    }

    /// <summary>The meeting.</summary>
    public MeetingId MeetingId { get; }

    /// <summary>The session under way; null while nobody has joined since the last one ended.</summary>
    public SessionId? SessionId => Volatile.Read(ref _sessionId) is { } boxed ? (SessionId)boxed : null;

    /// <summary>Lets a peer do something. Its refusal, and a fault of ours, reach the peer and nobody else.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="act">What; runs on the session's loop.</param>
    /// <param name="refuse">Takes the refusal, on the loop too.</param>
    public ValueTask PostAsync(SessionPeer peer, Action<SessionRoom> act, Action<SessionException> refuse)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(act);
        ArgumentNullException.ThrowIfNull(refuse);
        return PostAsync(() =>
        {
            try
            {
                act(_room);
            }
            catch (SessionException refusal)
            {
                _parts.Metrics.Refused(refusal.Fault);
                refuse(refusal);
            }
            catch (Exception fault)
            {
                // The smallest that can be thrown away: the peer comes back and finds the session as it is.
                SessionLog.ActFailed(_parts.Logger, fault, peer.Id, MeetingId.ToString());
                peer.Link?.Close(LinkCloseReason.Failed);
            }
        });
    }

    /// <summary>Tells that a peer's connection has ended.</summary>
    /// <param name="peer">Whose.</param>
    /// <param name="link">Which; one that was replaced meanwhile is passed over.</param>
    /// <param name="isFinal">Whether the peer said goodbye; otherwise its transports are kept for a while.</param>
    public ValueTask DisconnectAsync(SessionPeer peer, IPeerLink link, bool isFinal)
    {
        ArgumentNullException.ThrowIfNull(peer);
        return PostAsync(() => Disconnect(peer, link, isFinal));
    }

    /// <summary>Asks the loop. Null when the session has just been retired.</summary>
    internal async Task<T?> AskAsync<T>(Func<SessionRoom, T?> question, CancellationToken cancellationToken)
        where T : class
    {
        var answer = new TaskCompletionSource<T?>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _inbox.Writer.WriteAsync(
                () =>
                {
                    try
                    {
                        answer.TrySetResult(_isRetired ? null : question(_room));
                    }
                    catch (Exception fault)
                    {
                        answer.TrySetException(fault);
                    }
                },
                cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return null;
        }

        return await answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Connects a peer. Null when the session has just been retired: ask a new one.</summary>
    /// <exception cref="SessionException">The peer id is another participant's, or there are too many peers.</exception>
    internal Task<SessionPeer?> TryConnectAsync(
        Meeting meeting, Participant participant, Preset preset, string peerId, IPeerLink link) =>
        AskAsync(room => Connect(room, meeting, participant, preset, peerId, link), CancellationToken.None);

    /// <summary>Closes all connections so that the peers come back, and ends the loop. Returns when everything is stored.</summary>
    internal async Task DrainAsync()
    {
        try
        {
            await _inbox.Writer.WriteAsync(() =>
            {
                _isDraining = true;
                _room.Memory.Stop();
                foreach (var peer in _room.Peers.Values.ToArray())
                {
                    peer.Link?.Close(LinkCloseReason.Draining);
                    _room.Attendance.Depart(peer, PresenceState.Gone);
                }

                Retire();
            });
        }
        catch (ChannelClosedException)
        {
            // Retired already.
        }
    }

    /// <summary>Runs the loop until nobody is connected any more. The caller forgets the session then.</summary>
    internal async Task RunAsync()
    {
        // Whoever comes waits in the inbox: what was before a restart decides whether it may come in.
        await _room.Memory.RecallAsync();
        var journal = Task.Run(_room.Journal.RunAsync);
        using (var timer = _parts.Time.CreateTimer(_ => _inbox.Writer.TryWrite(LookAround), null, LookAroundInterval, LookAroundInterval))
        {
            while (await _inbox.Reader.WaitToReadAsync())
            {
                while (_inbox.Reader.TryRead(out var step))
                {
                    Do(step);
                }
            }
        }

        _room.Followers.End();
        await _room.Media.FinishAsync();
        await _room.Media.DisposeAsync();
        _room.Journal.Complete();
        await journal;
    }

    private void Do(Action step)
    {
        try
        {
            step();
            _room.RunLater();
            _room.Followers.Refresh();
            _room.Roster.Refresh();
        }
        catch (Exception fault)
        {
            SessionLog.StepFailed(_parts.Logger, fault, MeetingId.ToString());
        }
    }

    private async ValueTask PostAsync(Action step)
    {
        try
        {
            await _inbox.Writer.WriteAsync(step);
        }
        catch (ChannelClosedException)
        {
            // The session is over, and with it what was to be done in it.
        }
    }

    private SessionPeer Connect(SessionRoom room, Meeting meeting, Participant participant, Preset preset, string peerId, IPeerLink link)
    {
        room.Change(meeting);
        var userId = participant.Id.ToString();
        if (room.Peers.TryGetValue(peerId, out var peer))
        {
            if (peer.UserId != userId)
            {
                throw new SessionException(SessionFault.NotAllowed, "this peer id is another participant's");
            }

            if (peer.Link is { } old)
            {
                old.Close(LinkCloseReason.Replaced);
                Disconnect(peer, old, isFinal: false);
                room.Peers[peerId] = peer;
            }
        }
        else
        {
            if (room.Peers.Count >= _parts.Options.MaxPeers
                || room.Peers.Values.Count(other => other.UserId == userId) >= SessionLimits.MaxPeersPerParticipant)
            {
                throw new SessionException(SessionFault.TooMany, "there are as many peers as may be");
            }

            if (!room.Members.TryGetValue(userId, out var member))
            {
                room.Members.Add(userId, member = new SessionMember(participant, preset));
                room.Memory.Recall(member);
            }

            room.Peers.Add(peerId, peer = new SessionPeer(peerId, member) { IsGuest = participant.IsOwn });
            room.Memory.Recall(peer);
        }

        // What the owner changed since somebody else of this participant connected. What was changed in the session stays.
        peer.Member.Participant = participant;
        if (peer.Member.Preset.Id != preset.Id || peer.Member.Preset.UpdatedAt != preset.UpdatedAt)
        {
            room.Permissions.Replace(peer.Member, preset);
        }

        peer.Link = link;
        peer.HasAskedIn = false;
        MediaReturns.DropTransports(peer, "you connected anew meanwhile");
        peer.State = PresenceState.Connected;
        peer.CloseAt = null;
        return peer;
    }

    private void Disconnect(SessionPeer peer, IPeerLink link, bool isFinal)
    {
        if (peer.Link != link)
        {
            return;
        }

        peer.Link = null;
        peer.LostAt = _room.Now;
        var isKept = !isFinal && peer.IsInMedia && _parts.Options.PeerGrace > TimeSpan.Zero && !_isDraining;
        _room.Attendance.Depart(peer, isKept || (!isFinal && peer.IsJoined) ? PresenceState.Lost : PresenceState.Gone);
    }

    private void LookAround()
    {
        var now = _room.Now;
        foreach (var peer in _room.Peers.Values.ToArray())
        {
            if (peer.State is PresenceState.Lost && now - peer.LostAt >= _parts.Options.PeerGrace)
            {
                _room.Attendance.Depart(peer, PresenceState.Gone);
            }
            else if (peer.CloseAt <= now)
            {
                peer.CloseAt = null;
                peer.Link?.Close(LinkCloseReason.Removed);
            }
        }

        _room.Media.LookAround();
        _room.Measurements.LookAround();
        if (_room.SessionId is not null && _room.Attendance.EmptySince is { } since && now - since >= _room.KeepAlive)
        {
            _room.End(SessionEndReason.EverybodyLeft);
        }

        if (_room.SessionId is null && _room.Peers.Count == 0)
        {
            Retire();
        }
    }

    private void Retire()
    {
        _isRetired = true;
        _inbox.Writer.TryComplete();
    }
}
