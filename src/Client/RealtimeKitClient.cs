using System.Text.Json;
using Roomcast.Client.Meeting;
using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client;

/// <summary>A meeting, as one participant has it: initialised, joined, left.</summary>
/// <remarks>
/// State is changed before events tell of it; reads never block. Events are raised one after another on one context
/// (<see cref="RealtimeKitOptions.EventContext"/>). A lost connection is made anew by itself. Thread-safe.
/// </remarks>
public sealed partial class RealtimeKitClient : IAsyncDisposable
{
    private readonly RealtimeKitOptions _options;
    private readonly MeetingLink _link;
    private readonly ClientHttp _http;
    private readonly EventQueue _events;
    private readonly SynchronizationContext? _eventContext;
    private readonly CancellationTokenSource _over = new();
    private readonly SemaphoreSlim _entering = new(1, 1);
    private TaskCompletionSource<bool>? _admission;
    private Task _watching = Task.CompletedTask;
    private bool _wasJoined;
    private int _isEnding;
    private volatile RoomState _endsAs = RoomState.Left;
    private int _isReconnecting;

    private RealtimeKitClient(RealtimeKitOptions options, string meetingId, ClientHttp http, EventQueue events, SynchronizationContext? eventContext, JsonElement details)
    {
        _options = options;
        _http = http;
        _events = events;
        _eventContext = eventContext;
        _link = new MeetingLink(options, meetingId, events);
        var participant = details.GetProperty("participant");
        var preset = details.GetProperty("preset");
        var title = details.TryGetProperty("meeting", out var meeting) ? TextOf(meeting, "title") : null;
        var viewType = preset.TryGetProperty("config", out var config) ? TextOf(config, "view_type") : null;
        Participants = new Participants(_link);
        Participants.Media.TransportLost = isSending => _ = RenewAsync(isSending);
        var permissions = preset.TryGetProperty("permissions", out var given) ? Permissions.Read(given) : new Permissions();
        Self = new Self(
            _link,
            Participants.Media,
            TextOf(participant, "id") ?? "",
            TextOf(participant, "name") is { Length: > 0 } name ? name : "Participant",
            TextOf(participant, "picture") is { Length: > 0 } picture ? picture : null,
            TextOf(participant, "custom_participant_id"),
            TextOf(preset, "name") ?? "",
            permissions);
        Meta = new Meta(_link, title ?? "", viewType ?? "GROUP_CALL", Self);
        Chat = new Chat(_link, http, Self.UserId);
        Polls = new Polls(_link);
        Stores = new Stores(_link);
        Plugins = new Plugins(_link);
        Ai = new Ai(_link, http);
        Stage = new Stage(_link, Self.UserId, () => Self.Permissions.StageAccess, FollowStageAsync);
        Recording = new Recording(_link, http);
        Livestream = new Livestream(_link, http, () => Self.Permissions.CanLivestream);
        ConnectedMeetings = new ConnectedMeetings(_link);
    }

    /// <summary>A handler of the application threw; the others were called all the same.</summary>
    public event Action<Exception>? HandlerFailed;

    /// <summary>Handlers took so long that events were left out, and how many: those that waited longest, messages and the like before changes of state.</summary>
    /// <remarks>Happens when more than 8,192 events wait. The state is as it is: what a handler has kept of it is to be read anew.</remarks>
    public event Action<int>? EventsMissed;

    /// <summary>The own participant.</summary>
    public Self Self { get; }

    /// <summary>The others.</summary>
    public Participants Participants { get; }

    /// <summary>What is known of the meeting itself.</summary>
    public Meta Meta { get; }

    /// <summary>Messages.</summary>
    public Chat Chat { get; }

    /// <summary>Polls.</summary>
    public Polls Polls { get; }

    /// <summary>Plugins of the application.</summary>
    public Plugins Plugins { get; }

    /// <summary>Keys and values that applications share.</summary>
    public Stores Stores { get; }

    /// <summary>What is written down of what is said.</summary>
    public Ai Ai { get; }

    /// <summary>Who may send.</summary>
    public Stage Stage { get; }

    /// <summary>Recordings of the session.</summary>
    public Recording Recording { get; }

    /// <summary>The livestream of the meeting.</summary>
    public Livestream Livestream { get; }

    /// <summary>The meetings that are connected with this one.</summary>
    public ConnectedMeetings ConnectedMeetings { get; }

    /// <summary>Asks the server who the token is for, and connects. The meeting is not joined yet.</summary>
    /// <param name="options">The token and the server; more as wanted.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">InvalidToken, NotFound, Unreachable.</exception>
    public static async Task<RealtimeKitClient> InitAsync(RealtimeKitOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.BaseUri is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            throw new ArgumentException("BaseUri is to be an absolute address of http or https.", nameof(options));
        }

        if (options.RequestTimeout < TimeSpan.FromSeconds(1))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.RequestTimeout, "RequestTimeout is to be 1 s or more.");
        }

        if (!TokenClaims.TryReadMeeting(options.AuthToken, out var meetingId))
        {
            throw new RealtimeKitException(RealtimeKitError.InvalidToken, "AuthToken is no token of a participant: it names no meeting.");
        }

        RealtimeKitClient? client = null;
        var http = new ClientHttp(options);
        var eventContext = options.EventContext ?? SynchronizationContext.Current;
        var events = new EventQueue(eventContext, fault => client?.HandlerFailed.CallEach(fault), missed => client?.EventsMissed.CallEach(missed));
        try
        {
            using var details = await http.SendAsync(HttpMethod.Get, "/v2/internals/participant-details", null, cancellationToken).ConfigureAwait(false);
            try
            {
                client = new RealtimeKitClient(options, meetingId, http, events, eventContext, details.RootElement.GetProperty("data").Clone());
            }
            catch (Exception fault) when (fault is KeyNotFoundException or InvalidOperationException)
            {
                throw new RealtimeKitException(RealtimeKitError.Protocol, "The server's account of the participant cannot be read.", fault);
            }

            await client.ConnectAsync(cancellationToken).ConfigureAwait(false);
            await client.Plugins.OpenAsync(client.Stores, cancellationToken).ConfigureAwait(false);
            return client;
        }
        catch
        {
            if (client is not null)
            {
                await client.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                events.Complete();
                http.Dispose();
            }

            throw;
        }
    }

    /// <summary>Joins the meeting, and sends what is enabled. From a waiting room it waits until somebody decides.</summary>
    /// <exception cref="RealtimeKitException">WrongState after joining or leaving, or when the meeting is ended meanwhile; NotAllowed when turned away or removed; MediaFailed; Unreachable.</exception>
    public async Task JoinAsync(CancellationToken cancellationToken = default)
    {
        if (Self.RoomState is not RoomState.Init)
        {
            throw new RealtimeKitException(RealtimeKitError.WrongState, $"A meeting is joined once; the state is {Self.RoomState}. Initialise another client to join again.");
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _over.Token);
        try
        {
            await EnterAsync(isAgain: false, either.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (_over.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // It ended while it was joined; what failed by that is none of the caller's concern.
            throw _endsAs switch
            {
                RoomState.Rejected => new RealtimeKitException(RealtimeKitError.NotAllowed, "The participant was turned away from the waiting room.", fault),
                RoomState.Kicked => new RealtimeKitException(RealtimeKitError.NotAllowed, "The participant was removed while joining.", fault),
                RoomState.Ended => new RealtimeKitException(RealtimeKitError.WrongState, "The meeting was ended for everybody while it was joined.", fault),
                RoomState.Failed => new RealtimeKitException(RealtimeKitError.Unreachable, "The connection was lost while joining, and could not be made anew.", fault),
                _ => new RealtimeKitException(RealtimeKitError.WrongState, "The meeting was left while it was joined.", fault),
            };
        }
    }

    /// <summary>Leaves the meeting. Further calls do nothing.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken = default)
    {
        var wasJoined = Self.RoomState is RoomState.Joined;
        await EndAsync(RoomState.Left, async () =>
        {
            if (wasJoined && Participants.Media.IsEntered)
            {
                await _link.AskAsync(SocketEvent.LeaveMedia, new PeerLeaveRequest(), cancellationToken).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
    }

    /// <summary>Leaves the meeting, if it was joined, and lets everything go.</summary>
    public async ValueTask DisposeAsync()
    {
        await LeaveAsync(CancellationToken.None).ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        await _events.DrainAsync().WaitAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _events.Complete();
        _http.Dispose();
    }

    /// <summary>Completes when all events that wait have been raised; for tests.</summary>
    internal Task DrainEventsAsync() => _events.DrainAsync();

    /// <summary>Cuts the socket as a lost network does; for tests.</summary>
    internal void LoseSocket() => _link.Socket?.Abort();

    private static string? TextOf(JsonElement element, string name) =>
        element.ValueKind is JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
}
