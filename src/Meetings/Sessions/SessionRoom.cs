using System.Threading.Channels;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Loop;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;
using Roomcast.Storage;

namespace Roomcast.Meetings.Sessions;

/// <summary>Everything a session holds. Only the session's loop touches it.</summary>
/// <remarks>
/// Every act of a peer begins with <see cref="Require"/>. What waits for something else, the storage or the media side, goes
/// on beside the loop and comes back to it.
/// </remarks>
public sealed class SessionRoom
{
    private readonly Func<Action, ValueTask> _post;
    private readonly Queue<Action> _later = new();
    private readonly Dictionary<Guid, RecordingChanged> _recordings = [];

    private readonly Action<object?> _tellId;

    internal SessionRoom(Meeting meeting, SessionParts parts, Func<Action, ValueTask> post, Action<object?> tellId)
    {
        _tellId = tellId;
        Meeting = meeting;
        Parts = parts;
        _post = post;
        Journal = new SessionJournal(meeting.Id.ToString(), parts.Logger);
        Media = new SessionMedia(this);
        Attendance = new Attendance(this);
        Waiting = new WaitingRoom(this);
        Stage = new Stage(this);
        Chat = new Chat(this);
        Polls = new Polls(this);
        Stores = new Stores(this);
        Permissions = new Permissions(this);
        Broadcasts = new Broadcasts(this);
        Host = new HostControls(this);
        Connected = new ConnectedMeetings(this);
        Followers = new Followers(this);
        Roster = new Roster(this);
        Guests = new Guests(this);
        Memory = new SessionMemory(this);
        Measurements = new Measurements(this);
    }

    /// <summary>The meeting, as of when the session began or it was last changed.</summary>
    public Meeting Meeting { get; internal set; }

    /// <summary>Joining, leaving, and who is there.</summary>
    public Attendance Attendance { get; }

    /// <summary>Those who wait to be let in.</summary>
    public WaitingRoom Waiting { get; }

    /// <summary>Who is on stage.</summary>
    public Stage Stage { get; }

    /// <summary>The chat.</summary>
    public Chat Chat { get; }

    /// <summary>The polls.</summary>
    public Polls Polls { get; private set; }

    /// <summary>Values shared by all.</summary>
    public Stores Stores { get; private set; }

    /// <summary>What the participants may do.</summary>
    public Permissions Permissions { get; }

    /// <summary>Messages of applications.</summary>
    public Broadcasts Broadcasts { get; private set; }

    /// <summary>What a host does to others.</summary>
    public HostControls Host { get; }

    /// <summary>Sound and picture.</summary>
    public SessionMedia Media { get; }

    /// <summary>Meetings next to this one.</summary>
    public ConnectedMeetings Connected { get; }

    /// <summary>The session under way; null while nobody has joined since the last one ended.</summary>
    public SessionId? SessionId { get; internal set; }

    /// <summary>When it began.</summary>
    public DateTimeOffset? StartedAt { get; internal set; }

    /// <summary>The recordings that run, each as it was told last.</summary>
    public IReadOnlyCollection<RecordingChanged> Recordings => _recordings.Values;

    internal Followers Followers { get; }

    internal Roster Roster { get; }

    internal Guests Guests { get; }

    /// <summary>What outlives a restart of the server.</summary>
    internal SessionMemory Memory { get; }

    /// <summary>Whether nobody new is let in.</summary>
    internal bool IsLocked { get; set; }

    /// <summary>What the meeting's owner has noted of the session: a JSON object.</summary>
    internal string Notes { get; set; } = "{}";

    internal Measurements Measurements { get; }

    internal SessionParts Parts { get; }

    internal TimeSpan KeepAlive => Parts.Options.KeepAlive ?? Meeting.Settings.KeepAlive;

    internal SessionJournal Journal { get; }

    internal Dictionary<string, SessionPeer> Peers { get; } = new(StringComparer.Ordinal);

    internal Dictionary<string, SessionMember> Members { get; } = new(StringComparer.Ordinal);

    internal IEnumerable<SessionPeer> Joined => Peers.Values.Where(peer => peer.IsJoined);

    internal TimeSpan Now => Parts.Time.GetElapsedTime(0, Parts.Time.GetTimestamp());

    internal DateTimeOffset WallClock => Parts.Time.GetUtcNow();

    /// <summary>Lets an act pass or refuses it: by how far the peer has come, by its permissions, and by how often it acts.</summary>
    internal void Require(SessionPeer peer, SessionAct act)
    {
        var rule = ActRules.Table[act];
        if (peer.CloseAt is not null)
        {
            throw Refusal(peer, act, SessionFault.NotJoined, "you were removed from this meeting");
        }

        if (!HasComeTo(peer, rule.Phase))
        {
            throw Refusal(peer, act, SessionFault.NotJoined, "you have not joined this meeting");
        }

        if (!IsAllowed(peer, act, rule))
        {
            throw Refusal(peer, act, SessionFault.NotAllowed, "your permissions do not allow this");
        }

        if (!peer.TryTake(rule.Pace, Now))
        {
            throw Refusal(peer, act, SessionFault.TooOften, "too many requests; try again in some seconds");
        }
    }

    /// <summary>Whether an act would pass, pace apart.</summary>
    internal bool May(SessionPeer peer, SessionAct act)
    {
        var rule = ActRules.Table[act];
        return HasComeTo(peer, rule.Phase) && IsAllowed(peer, act, rule);
    }

    /// <summary>
    /// Whether a peer sees anything of the session: it has joined, or is about to and need not wait. One that waits sees an
    /// empty room.
    /// </summary>
    internal bool Sees(SessionPeer peer) => peer.IsJoined || (peer.State is PresenceState.Connected && !Waiting.MustWait(peer));

    /// <summary>Tells every peer that has joined how a recording stands, and remembers it for those who join later.</summary>
    internal void TellRecording(RecordingChanged recording)
    {
        if (recording.State is SessionRecordingState.Over)
        {
            _recordings.Remove(recording.RecordingId);
        }
        else
        {
            _recordings[recording.RecordingId] = recording;
        }

        // The one who starts it knows by the answer; that it records is told when it does.
        if (recording.State is not SessionRecordingState.Starting)
        {
            TellJoined(recording);
        }
    }

    /// <summary>Tells every peer that has joined.</summary>
    internal void TellJoined(SessionEvent happened, SessionPeer? except = null)
    {
        foreach (var peer in Peers.Values)
        {
            if (peer.IsJoined && peer != except)
            {
                peer.Link?.Tell(happened);
            }
        }

        // Those who look on from outside hear what everybody does.
        if (happened is BroadcastHeard heard && SessionId is { } sessionId)
        {
            foreach (var observer in Parts.Observers())
            {
                observer.MessageHeard(Meeting.Id, sessionId, heard.Message);
            }
        }
    }

    /// <summary>Tells those that have joined and may read the transcript.</summary>
    internal void TellReaders(SessionEvent happened)
    {
        foreach (var peer in Joined.Where(peer => peer.May.TranscriptionEnabled))
        {
            peer.Link?.Tell(happened);
        }
    }

    /// <summary>Tells those that have joined and may do something.</summary>
    internal void TellThoseWhoMay(SessionAct act, SessionEvent happened, SessionPeer? except = null)
    {
        foreach (var peer in Peers.Values)
        {
            if (peer.IsJoined && peer != except && May(peer, act))
            {
                peer.Link?.Tell(happened);
            }
        }
    }

    /// <summary>Does something on the loop, from beside it.</summary>
    internal ValueTask PostAsync(Action step) => _post(step);

    /// <summary>Does something once the act at hand has been answered.</summary>
    internal void Later(Action step) => _later.Enqueue(step);

    internal void RunLater()
    {
        while (_later.TryDequeue(out var step))
        {
            step();
        }
    }

    /// <summary>Keeps that a peer has left.</summary>
    internal void NoteLeft(SessionPeer peer)
    {
        if (!peer.IsGuest)
        {
            Parts.Metrics.PeerLeft();
            Parts.Recorder.Left(this, peer);
        }
    }

    /// <summary>Finds a peer that has joined.</summary>
    internal SessionPeer FindJoined(string peerId) =>
        Peers.TryGetValue(peerId, out var peer) && peer.IsJoined
            ? peer
            : throw new SessionException(SessionFault.NotFound, "there is no such participant here");

    /// <summary>The joined peers of some participants.</summary>
    internal List<SessionPeer> JoinedOf(IReadOnlyCollection<string> userIds)
    {
        CheckCount(userIds.Count);
        var wanted = userIds.ToHashSet(StringComparer.Ordinal);
        return [.. Joined.Where(peer => wanted.Contains(peer.UserId))];
    }

    internal static void CheckCount(int count)
    {
        if (count > SessionLimits.MaxIds)
        {
            throw new SessionException(SessionFault.Invalid, $"at most {SessionLimits.MaxIds} at once");
        }
    }

    /// <summary>Asks the storage beside the loop and goes on here with what it says. Comes after all that was asked before.</summary>
    internal void Ask<T>(Func<Task<T>> question, Answer<T> answer)
    {
        if (!Journal.TryAdd(async () =>
            {
                SessionException? refusal = null;
                T said = default!;
                try
                {
                    said = await question();
                }
                catch (SessionException fault)
                {
                    refusal = fault;
                }
                catch (StorageException)
                {
                    // The storage has logged it and counts it.
                    refusal = new SessionException(SessionFault.Unavailable, "the server cannot reach its storage at the moment");
                }

                await _post(() => Conclude(refusal, said, answer));
            }))
        {
            answer.Refuse(new SessionException(SessionFault.Unavailable, "the server has more to store than it can"));
        }
    }

    /// <summary>Does a media call beside the loop and goes on here with its outcome.</summary>
    internal async Task CallAsync<T>(SessionPeer peer, Func<ValueTask<T>> call, Answer<T> answer)
    {
        SessionException? refusal = null;
        T outcome = default!;
        try
        {
            outcome = await call();
        }
        catch (MediaException fault)
        {
            refusal = new SessionException(
                fault.Code switch
                {
                    MediaErrorCode.UnknownPeer or MediaErrorCode.UnknownTransport or MediaErrorCode.UnknownProducer => SessionFault.NotFound,
                    MediaErrorCode.NotTheOwner => SessionFault.NotAllowed,
                    MediaErrorCode.TooMany => SessionFault.TooMany,
                    MediaErrorCode.BadDescription or MediaErrorCode.UnsupportedCodec => SessionFault.Invalid,
                    _ => SessionFault.MediaFailed,
                },
                fault.Message);
        }
        catch (Exception fault)
        {
            SessionLog.MediaFailed(Parts.Logger, fault, peer.Id, Meeting.Id.ToString());
            refusal = new SessionException(SessionFault.MediaFailed, "the server failed to do this");
        }

        await _post(() => Conclude(refusal, outcome, answer));
    }

    /// <summary>The session has begun, or goes on that a restart of the server interrupted.</summary>
    internal void Start(SessionRecord session)
    {
        SessionId = session.Id;
        _tellId(session.Id);
        StartedAt = session.StartedAt;
        Memory.Begin(session.Id);
        Parts.Metrics.SessionBegan();
        SessionLog.Began(Parts.Logger, session.Id.ToString(), Meeting.Id.ToString());
        foreach (var observer in Parts.Observers())
        {
            if (session.IsContinued)
            {
                observer.Continued(Meeting, session.Id, session.StartedAt);
            }
            else
            {
                observer.Began(Meeting, session.Id, session.StartedAt);
            }
        }
    }

    /// <summary>Takes up the settings of the meeting as somebody has changed, or found, them.</summary>
    internal void Change(Meeting meeting)
    {
        // Of two that come at nearly the same time the older may come last.
        if (meeting == Meeting || meeting.UpdatedAt < Meeting.UpdatedAt)
        {
            return;
        }

        Meeting = meeting;
        if (SessionId is { } sessionId)
        {
            foreach (var observer in Parts.Observers())
            {
                observer.MeetingChanged(meeting, sessionId);
            }
        }
    }

    /// <summary>Ends the session. Those who are still connected may begin another.</summary>
    internal void End(SessionEndReason reason)
    {
        if (SessionId is not { } ended)
        {
            return;
        }

        Guests.End();
        Measurements.StoreAll();
        Parts.Recorder.Ended(this, ended, reason);
        Parts.Metrics.SessionEnded();
        SessionLog.EndedFor(Parts.Logger, ended.ToString(), Meeting.Id.ToString(), reason);
        Followers.End();
        Roster.End();
        foreach (var observer in Parts.Observers())
        {
            observer.Ended(Meeting.Id, ended, reason);
        }

        _recordings.Clear();
        IsLocked = false;
        Notes = "{}";
        foreach (var peer in Peers.Values)
        {
            peer.HasHandUp = false;
            peer.Notes = "{}";
            peer.ArrivesWithout = default;
            if (peer.IsDeaf)
            {
                Media.SetDeaf(peer, isDeaf: false);
            }
        }

        SessionId = null;
        _tellId(null);
        StartedAt = null;
        Memory.Forget();
        Attendance.Reset();
        Polls = new Polls(this);
        Broadcasts = new Broadcasts(this);
        foreach (var gone in Members.Keys.Except(Peers.Values.Select(peer => peer.UserId)).ToArray())
        {
            Members.Remove(gone);
        }

        ForgetState();
    }

    /// <summary>What counted in a session does not in the next one.</summary>
    internal void ForgetState()
    {
        Stores = new Stores(this);
        Host.LoadPin("");
        foreach (var member in Members.Values)
        {
            member.IsLetIn = false;
        }
    }

    /// <summary>Brings what happens elsewhere to the loop, until there is no more.</summary>
    internal async Task PumpAsync<T>(ChannelReader<T> events, Action<T> handle)
    {
        await foreach (var happened in events.ReadAllAsync())
        {
            await _post(() => handle(happened));
        }
    }

    private static bool IsAllowed(SessionPeer peer, SessionAct act, ActRule rule) =>
        (!peer.IsRecorder || ActRules.OfRecorders.Contains(act)) && rule.IsAllowed?.Invoke(peer) != false;

    private bool HasComeTo(SessionPeer peer, ActPhase phase) => phase switch
    {
        ActPhase.Connected => true,
        ActPhase.Admitted => Sees(peer),
        _ => peer.IsJoined,
    };

    private static void Conclude<T>(SessionException? refusal, T outcome, Answer<T> answer)
    {
        if (refusal is not null)
        {
            answer.Refuse(refusal);
            return;
        }

        try
        {
            answer.Give(outcome);
        }
        catch (SessionException late)
        {
            answer.Refuse(late);
        }
    }

    private SessionException Refusal(SessionPeer peer, SessionAct act, SessionFault fault, string message)
    {
        SessionLog.Refused(Parts.Logger, peer.Id, Meeting.Id.ToString(), act, fault);
        return new SessionException(fault, message);
    }
}
