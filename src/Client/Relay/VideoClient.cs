using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Client.Wire;

namespace Roomcast.Client.Relay;

/// <summary>The rooms of the project.</summary>
/// <remarks>One object stands for one session, however often it is told of. Thread-safe.</remarks>
public sealed class VideoClient
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, RoomSession> _sessions = new(StringComparer.Ordinal);

    // Used by the reader of the connection alone.
    private readonly RecentIds _ended = new();

    internal VideoClient(RealtimeClient client) => Client = client;

    /// <summary>A session has begun. Told after <see cref="ListenAsync"/>.</summary>
    public event Action<RoomSession>? RoomStarted;

    /// <summary>A session is over, with all that was in it.</summary>
    public event Action<RoomSession>? RoomEnded;

    internal RealtimeClient Client { get; }

    /// <summary>Has the beginnings and ends of all sessions told. Sessions that run already: <see cref="GetRoomSessionsAsync"/>.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">What the server refuses; Unreachable.</exception>
    public Task ListenAsync(CancellationToken cancellationToken = default) => Client.SubscribeAsync(
        RelayEventNames.RoomsChannel, [RelayEventNames.RoomStarted, RelayEventNames.RoomEnded], cancellationToken);

    /// <summary>Asks for the sessions that run. Those that were known and are not among them are over.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">TooMany when there are more than 10,000; what the server refuses; Unreachable.</exception>
    public Task<IReadOnlyList<RoomSession>> GetRoomSessionsAsync(CancellationToken cancellationToken = default)
    {
        // What begins while this is asked may be missing from the answer.
        var before = _sessions.Values;
        return Client.AskAsync("video.rooms.get", [], said => TakeAll(said, before), cancellationToken);
    }

    /// <summary>Asks for a session that runs, with all that is in it.</summary>
    /// <param name="roomSessionId">Its id.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">NotFound when it does not run.</exception>
    public Task<RoomSession> GetRoomSessionAsync(string roomSessionId, CancellationToken cancellationToken = default) => Client.AskAsync(
        "video.room.get",
        new JsonObject { ["room_session_id"] = roomSessionId },
        said =>
        {
            if (!said.Has("room", out var room) || Take(room) is not { } session)
            {
                throw new RealtimeKitException(RealtimeKitError.Protocol, "The answer to video.room.get has no session.");
            }

            session.ApplyAll(room);
            return session;
        },
        cancellationToken);

    /// <summary>Takes an event.</summary>
    internal void Handle(string type, JsonElement said)
    {
        switch (type)
        {
            case RelayEventNames.RoomStarted when said.Has("room_session", out var room) && Take(room) is { } begun:
                Client.Raise(begun, nameof(RoomStarted), () => RoomStarted.CallEach(begun));
                break;
            case RelayEventNames.RoomEnded when (Find(said, "room_session_id") ?? TakeUnseen(said)) is { } over:
                if (said.Has("room_session", out var last))
                {
                    over.Apply(last);
                }

                End(over);
                break;
            case "video.room.updated" or "video.room.subscribed" when said.Has("room_session", out var room):
                Find(room, "id")?.Handle(type, said);
                break;
            default:
                Find(said, "room_session_id")?.Handle(type, said);
                break;
        }
    }

    /// <summary>A session is over.</summary>
    internal void End(RoomSession session)
    {
        _sessions.TryRemove(session.Id, out _);
        _ended.TryAdd(session.Id);
        Client.Forget(session.Channel);
        if (session.End())
        {
            Client.Raise(session, nameof(RoomEnded), () => RoomEnded.CallEach(session));
            session.SayEnded();
        }
    }

    /// <summary>Finds out what has happened while there was no connection, and could not be told: after the server was lost.</summary>
    internal async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        try
        {
            var waiting = _sessions.Values.Select(session => (session, session.Streams.Waiting, session.Recordings.Waiting, session.Playbacks.Waiting)).ToList();
            var running = (await GetRoomSessionsAsync(cancellationToken).ConfigureAwait(false)).ToHashSet();
            foreach (var session in _sessions.Values.Where(session => session.IsListening || !running.Contains(session)))
            {
                await RefreshAsync(session, cancellationToken).ConfigureAwait(false);
            }

            // What was about to begin is in no list, and begins within this time or never.
            if (waiting.Exists(each => each.Item2.Count + each.Item3.Count + each.Item4.Count > 0))
            {
                await Task.Delay(StartPatience, Client.Time, cancellationToken).ConfigureAwait(false);
                foreach (var (session, streams, recordings, playbacks) in waiting)
                {
                    session.Streams.FailWaiting(streams.Contains);
                    session.Recordings.FailWaiting(recordings.Contains);
                    session.Playbacks.FailWaiting(playbacks.Contains);
                }
            }
        }
        catch (Exception fault) when (fault is RealtimeKitException or OperationCanceledException or ObjectDisposedException)
        {
            // Lost again, or over: coming back does it again.
        }
    }

    /// <summary>No session is told of any more: who waits for something in one does so in vain.</summary>
    /// <param name="why">What they are told.</param>
    internal void Close(RealtimeKitException why)
    {
        foreach (var session in _sessions.Values)
        {
            session.Streams.FailWaiting(static _ => true, why);
            session.Recordings.FailWaiting(static _ => true, why);
            session.Playbacks.FailWaiting(static _ => true, why);
        }
    }

    private static async Task RefreshAsync(RoomSession session, CancellationToken cancellationToken)
    {
        try
        {
            await session.RefreshAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (RelayException)
        {
            // It is over, which is taken already; or the server is busy, and it stays as it was.
        }
    }

    private IReadOnlyList<RoomSession> TakeAll(JsonElement said, IEnumerable<RoomSession> before)
    {
        var told = said.Objects("rooms") ?? throw new RealtimeKitException(RealtimeKitError.Protocol, "The answer to video.rooms.get has no list of sessions.");
        if (said.GetProperty("rooms").GetArrayLength() > RelayJson.MaxItems)
        {
            throw new RealtimeKitException(RealtimeKitError.TooMany, $"More than {RelayJson.MaxItems} sessions run: ask for those that matter by their ids.");
        }

        var ids = told.Select(room => room.Text("id")).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var session in before.Where(session => !ids.Contains(session.Id)))
        {
            End(session);
        }

        return [.. told.Select(Take).OfType<RoomSession>()];
    }

    // The end of a session whose beginning was before we listened. One whose end was found out otherwise is not told again.
    private RoomSession? TakeUnseen(JsonElement said) =>
        said.Has("room_session", out var room) && room.Text("id") is { } id && _ended.TryAdd(id) ? Take(room) : null;

    private RoomSession? Find(JsonElement said, string name) => said.Text(name) is { } id ? _sessions.GetValueOrDefault(id) : null;

    /// <summary>The session that is told of, up to date; null when there are more than are kept.</summary>
    private RoomSession? Take(JsonElement room)
    {
        if (room.Text("id") is not { } id)
        {
            return null;
        }

        if (!_sessions.TryGetValue(id, out var session))
        {
            if (_sessions.Count >= RelayJson.MaxItems)
            {
                return null;
            }

            session = _sessions[id] = new RoomSession(this, id);
        }

        session.Apply(room);
        return session;
    }
}
