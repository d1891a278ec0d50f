using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Accounts;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Relay.Connection;
using Roomcast.Relay.Controllers;
using Roomcast.Relay.Framing;
using Roomcast.Relay.Rooms;
using Roomcast.Storage;

namespace Roomcast.Relay.Methods;

/// <summary>Every method there is. What is about a room finds it first; what changes something asks for a token that may.</summary>
internal sealed class MethodTable : IRequestHandler
{
    private static readonly HashSet<string> Reading = new(StringComparer.Ordinal)
    {
        "video.room.get", "video.members.get", "video.member.get_meta", "video.list_available_layouts", "video.get_meta",
        "video.stream.list", "video.recording.list", "video.playback.list",
    };

    /// <summary>How long recordings have to end when the server stops. What is not stored by then is at the next start.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, RoomMethod> _roomMethods = new(StringComparer.Ordinal);
    private readonly Subscriptions _subscriptions;
    private readonly ControllerDirectory _controllers;
    private readonly RoomDirectory _rooms;
    private readonly SessionPushes _pushes;
    private readonly SessionPlaybacks _playbacks;
    private readonly Recordings _recordings;
    private readonly RelayTimes _times;
    private readonly ApiTokenStore _tokens;
    private readonly AppStore _apps;
    private readonly RelayOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public MethodTable(
        Subscriptions subscriptions,
        RoomMethods rooms,
        MemberMethods members,
        MediaMethods media,
        PlaybackMethods playing,
        ControllerDirectory controllers,
        RoomDirectory directory,
        SessionPushes pushes,
        SessionPlaybacks playbacks,
        Recordings recordings,
        ApiTokenStore tokens,
        AppStore apps,
        RelayTimes times,
        IOptions<RelayOptions> options,
        TimeProvider time,
        ILogger<MethodTable> logger)
    {
        (_subscriptions, _controllers, _rooms, _pushes, _tokens, _apps) = (subscriptions, controllers, directory, pushes, tokens, apps);
        (_playbacks, _recordings, _times) = (playbacks, recordings, times);
        (_options, _time, _logger) = (options.Value, time, logger);
        rooms.AddTo(_roomMethods);
        members.AddTo(_roomMethods);
        media.AddTo(_roomMethods);
        playing.AddTo(_roomMethods);
    }

    /// <summary>How many connections an app has; set by whoever holds them.</summary>
    public Func<AppId, int> CountOfApp { get; set; } = _ => 0;

    /// <summary>The names of all methods about rooms.</summary>
    public IEnumerable<string> RoomMethodNames => _roomMethods.Keys;

    /// <summary>The server stops: streams, playbacks and recordings end. Returns when that is told.</summary>
    /// <exception cref="TimeoutException">A room did not come to telling it.</exception>
    public async Task EndMediaAsync()
    {
        _pushes.StopAll();
        _playbacks.StopAll();
        using var patience = new CancellationTokenSource(EndPatience, _time);
        await _recordings.StopAsync(patience.Token);
        await _rooms.SettleAsync().WaitAsync(EndPatience, _time);
    }

    public async ValueTask HandleAsync(RelayConnection connection, string id, RelayFrame frame)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (frame.Method == "signalwire.connect")
        {
            await ConnectAsync(connection, id, frame);
            return;
        }

        if (connection.Controller is null)
        {
            connection.Deny(id, "signalwire.connect comes first");
            return;
        }

        var call = new MethodCall(connection, id, frame.Params);
        var serving = ServeAsync(call, frame.Method!);
        try
        {
            await serving.WaitAsync(_times.AnswerWithin, _time);
        }
        catch (TimeoutException)
        {
            call.Refuse("503", "the server is slow at the moment: what was asked for may still happen, and its events tell of it");
            await serving;
        }
    }

    private async Task ServeAsync(MethodCall call, string method)
    {
        try
        {
            await DispatchAsync(call, method);
        }
        catch (Exception fault)
        {
            RelayLog.MethodFailed(_logger, fault, method);
            call.Refuse(RelayError.Internal, "the server failed to do this");
        }
    }

    private async ValueTask DispatchAsync(MethodCall call, string method)
    {
        switch (method)
        {
            case "signalwire.ping":
                Ping(call);
                return;
            case "signalwire.reauthenticate":
                await ReauthenticateAsync(call);
                return;
            case "signalwire.subscribe":
                await _subscriptions.SubscribeAsync(call);
                return;
            case "signalwire.unsubscribe":
                Subscriptions.Unsubscribe(call);
                return;
            case "video.rooms.get":
                await ListAsync(call);
                return;
        }

        if (!_roomMethods.TryGetValue(method, out var serve))
        {
            call.Refuse(RelayError.UnknownMethod, $"there is no method {method}");
        }
        else if (!call.Connection.MayChange && !Reading.Contains(method))
        {
            call.Refuse("403", "the API token may only read");
        }
        else if (!call.Params.TryId("room_session_id", out var sessionId) || _rooms.Find(call.Connection.AppId, sessionId) is not { } room)
        {
            call.RefuseRoom();
        }
        else
        {
            await serve(call, room);
        }
    }

    private static void Ping(MethodCall call)
    {
        var result = new JsonObject();
        if (call.Params.TryNumber("timestamp", double.MinValue, double.MaxValue, out var timestamp))
        {
            result["timestamp"] = timestamp;
        }

        call.Answer(result);
    }

    private async Task ListAsync(MethodCall call)
    {
        var rooms = new JsonArray();
        foreach (var room in _rooms.Of(call.Connection.AppId))
        {
            await room.DoAsync(each => rooms.Add((JsonNode)each.Write(isFull: false)));
        }

        call.Done(new JsonObject { ["rooms"] = rooms });
    }

    private async Task ConnectAsync(RelayConnection connection, string id, RelayFrame frame)
    {
        if (connection.Controller is not null)
        {
            connection.Refuse(id, RelayError.BadRequest, "this connection is a controller's already");
            return;
        }

        (ApiToken Token, byte[] TokenDigest, App App)? found;
        try
        {
            found = await AuthenticateAsync(frame.Params).WaitAsync(_times.AnswerWithin, _time);
        }
        catch (Exception fault) when (fault is StorageException or TimeoutException)
        {
            // The storage has logged it, or is slow; the client tries again when the connection is closed.
            connection.Refuse(id, RelayError.Internal, "the server cannot reach its storage at the moment");
            connection.End(System.Net.WebSockets.WebSocketCloseStatus.EndpointUnavailable);
            return;
        }

        if (found is not { } known)
        {
            const string Reason = "the project is unknown, or the token gives no right to it";
            RelayLog.Refused(_logger, Reason);
            connection.Deny(id, Reason);
            return;
        }

        if (CountOfApp(known.App.Id) >= _options.MaxConnectionsPerApp)
        {
            var reason = $"the project has as many connections as it may ({_options.MaxConnectionsPerApp})";
            RelayLog.Refused(_logger, reason);
            connection.Refuse(id, RelayError.Internal, reason);
            connection.End(System.Net.WebSockets.WebSocketCloseStatus.PolicyViolation);
            return;
        }

        var offered = frame.Params.TryText("protocol", 256, out var protocol) ? protocol : null;
        var acknowledges = frame.Params.TryBoolean("event_acks", out var acks) && acks;
        var (controller, isKnown) = _controllers.Open(known.App.Id, offered);
        var agent = frame.Params.TryText("agent", 128, out var told) ? told : "no agent";
        RelayLog.Connected(
            _logger, controller.Protocol, controller.AppId.ToString(), Printable(agent), isKnown ? "resumed" : controller.HeardUntil is not null ? "after it was given up" : controller.HearsEverything ? "from before a restart" : "new");
        connection.Become(controller, known.Token.Scope is ApiTokenScope.Write, acknowledges, RelayWriter.Result(id, new JsonObject
        {
            ["identity"] = $"{Guid.NewGuid()}@roomcast",
            ["protocol"] = controller.Protocol,
            ["authorization"] = WriteAuthorization(controller.AppId),
            ["ice_servers"] = new JsonArray(),
        }), () => _tokens.HoldsAsync(known.TokenDigest, CancellationToken.None));

        // What began before it was back from before a restart, or since it went away, it could not hear of.
        if (controller.HearsEverything && !isKnown)
        {
            foreach (var room in _rooms.Of(controller.AppId))
            {
                await room.DoAsync(each => each.TellBegan(controller));
            }
        }
    }

    /// <summary>Another token of the same project takes the place of the connection's; one that gives no right to it changes nothing.</summary>
    private async Task ReauthenticateAsync(MethodCall call)
    {
        if (await AuthenticateAsync(call.Params) is not { } known || known.App.Id != call.Connection.AppId)
        {
            call.Refuse(RelayError.Unauthorized, "the project is not the connection's, or the token gives no right to it");
            return;
        }

        call.Connection.Renew(known.Token.Scope is ApiTokenScope.Write, () => _tokens.HoldsAsync(known.TokenDigest, CancellationToken.None));
        call.Answer(new JsonObject { ["authorization"] = WriteAuthorization(known.App.Id) });
    }

    private JsonObject WriteAuthorization(AppId appId) => new()
    {
        ["type"] = "video",
        ["project_id"] = appId.ToString(),
        ["scopes"] = new JsonArray("video"),
        ["signature"] = _controllers.SignatureOf(appId),
    };

    private async Task<(ApiToken Token, byte[] TokenDigest, App App)?> AuthenticateAsync(JsonElement parameters)
    {
        if (!parameters.TryGetProperty("authentication", out var given) || given.ValueKind is not JsonValueKind.Object
            || !given.TryText("project", 64, out var project) || !given.TryText("token", 512, out var secret)
            || await _tokens.AuthenticateAsync(secret, CancellationToken.None) is not { } token)
        {
            return null;
        }

        return AppId.TryParse(project, out var appId) && await _apps.FindAsync(token.AccountId, appId, CancellationToken.None) is { } app
            ? (token, ApiTokenStore.DigestOf(secret), app)
            : null;
    }

    // What a client says of itself stands in the log.
    private static string Printable(string text) => string.Concat(text.Select(letter => letter is > ' ' and < '\x7f' ? letter : ' '));
}
