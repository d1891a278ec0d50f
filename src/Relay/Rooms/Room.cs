using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Roomcast.Accounts;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Push;
using Roomcast.Egress.Push.Records;
using Roomcast.Egress.Recording;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Relay.Controllers;
using Roomcast.Relay.Framing;

namespace Roomcast.Relay.Rooms;

/// <summary>One session under way, as controllers see it: tells them what happens, in order, and each thing once.</summary>
/// <remarks>
/// One loop owns it; what happens, and what is asked, is posted to it. So an answer and the events around it stand in the order
/// in which they were true. When the session ends, what belongs to it ends first, each with its event.
/// </remarks>
internal sealed partial class Room
{
    private const int InboxCapacity = 16_384;
    private const int MostEndedLately = 100;

    /// <summary>How long recordings have to end before the room ends without them.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);

    private readonly Channel<Action> _inbox = System.Threading.Channels.Channel.CreateBounded<Action>(
        new BoundedChannelOptions(InboxCapacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly Dictionary<string, RosterPeer> _peers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Member> _members = new(StringComparer.Ordinal);
    private readonly HashSet<string> _reserved = new(StringComparer.Ordinal);
    private readonly List<string> _handsUp = [];
    private readonly Dictionary<Guid, SessionPush> _streams = [];
    private readonly Dictionary<Guid, RecordingRecord> _recordings = [];
    private readonly Dictionary<Guid, SessionPlayback> _playbacks = [];
    // To stop what has just ended is no fault: the end may still be on its way to who asks for it.
    private readonly Queue<Guid> _endedLately = new();
    private readonly Dictionary<MeetingTargetId, (string Url, Guid PushId)> _followed = [];
    private readonly RoomLayout _layout = new();
    private readonly ControllerDirectory _controllers;
    private readonly SceneDirections _directions;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action<Room> _follow;
    private readonly Action<Room> _over;
    private string _title;
    private SessionTraits _traits = SessionTraits.Fresh;
    private ITimer? _endTimer;
    private int _audience;
    private int _beginning;
    private int _lastTurn;
    private int _followedTurn;
    private bool _hasLeftOut;
    private bool _isEnding;
    private bool _hasEnded;

    public Room(
        RoomNames names,
        SessionId sessionId,
        DateTimeOffset startedAt,
        ControllerDirectory controllers,
        SceneDirections directions,
        TimeProvider time,
        ILogger logger,
        Action<Room> follow,
        Action<Room> over)
    {
        (AppId, MeetingId, _title) = (names.AppId, names.MeetingId, names.Title);
        SessionId = sessionId;
        StartedAt = startedAt;
        Channel = $"room.{sessionId}";
        _controllers = controllers;
        _directions = directions;
        _time = time;
        _logger = logger;
        _follow = follow;
        _over = over;
        Running = Task.Run(RunAsync);
    }

    public SessionId SessionId { get; }

    public MeetingId MeetingId { get; }

    public AppId AppId { get; }

    public DateTimeOffset StartedAt { get; }

    /// <summary>The channel on which its events are told.</summary>
    public string Channel { get; }

    /// <summary>Done when the room has ended and all of it is told.</summary>
    public Task Running { get; }

    private SceneDirection Direction => _directions.Of(SessionId.Value);

    /// <summary>The number of one who is about to read the meeting's targets for <see cref="Follow"/>. Thread-safe.</summary>
    public int NextTurn() => Interlocked.Increment(ref _lastTurn);

    /// <summary>Posts something that has happened; never waits.</summary>
    public void Post(Action<Room> step)
    {
        if (!_inbox.Writer.TryWrite(() =>
        {
            // What still waited when the room ended is told to nobody.
            if (!_hasEnded)
            {
                step(this);
            }
        }) && !_hasEnded)
        {
            RelayLog.NewsLost(_logger, SessionId.ToString());
        }
    }

    /// <summary>Does something on the loop and waits for it.</summary>
    /// <returns>False when the room has ended, or is about to.</returns>
    public async ValueTask<bool> DoAsync(Action<Room> step)
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _inbox.Writer.WriteAsync(() =>
            {
                if (_isEnding)
                {
                    done.TrySetResult(false);
                    return;
                }

                try
                {
                    step(this);
                    done.TrySetResult(true);
                }
                catch (Exception fault)
                {
                    done.TrySetException(fault);
                }
            });
        }
        catch (ChannelClosedException)
        {
            return false;
        }

        return await done.Task;
    }

    private async Task RunAsync()
    {
        await foreach (var step in _inbox.Reader.ReadAllAsync())
        {
            try
            {
                step();
                EndIfDone();
            }
            catch (Exception fault)
            {
                RelayLog.NewsFailed(_logger, fault, SessionId.ToString());
            }
        }
    }

    private void EndIfDone()
    {
        if (!_isEnding || _hasEnded || _streams.Count > 0 || _recordings.Count > 0 || _playbacks.Count > 0 || _beginning > 0)
        {
            return;
        }

        _hasEnded = true;
        _endTimer?.Dispose();
        foreach (var member in _members.Values.ToArray())
        {
            Leave(member);
        }

        Publish("video.room.ended", RelayEvent.RoomsChannel, Channel, BothForms(isFull: false));
        _controllers.Forget(AppId, Channel);
        _directions.Forget(SessionId.Value);
        _inbox.Writer.TryComplete();
        _over(this);
    }

    private void Publish(string type, JsonObject parameters, JsonObject? covered = null) => Publish(type, Channel, null, parameters, covered);

    private void Publish(string type, string channel, string? otherChannel, JsonObject parameters, JsonObject? covered = null)
    {
        _greeting = null;
        foreach (var form in (JsonObject?[])[parameters, covered])
        {
            if (form is not null)
            {
                form["room_id"] = MeetingId.ToString();
                form["room_session_id"] = SessionId.ToString();
            }
        }

        _controllers.Tell(new RelayEvent(AppId, type, channel, otherChannel, parameters, _time.GetUtcNow(), covered));
    }
}
