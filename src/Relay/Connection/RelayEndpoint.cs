using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Accounts;
using Roomcast.Relay.Methods;
using Roomcast.Relay.Rest;

namespace Roomcast.Relay.Connection;

/// <summary>Where controllers open their sockets: <c>/</c> and <c>/api/relay/ws</c>, on every host.</summary>
internal sealed class RelayEndpoint : IDisposable
{
    private readonly ConcurrentDictionary<RelayConnection, byte> _connections = new();
    private readonly MethodTable _methods;
    private readonly RelayOptions _options;
    private readonly RelayTimes _times;
    private readonly RestLimits _limits;
    private readonly Strangers _strangers;
    private readonly RelayMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenRegistration _stopping;
    private volatile bool _isStopping;

    public RelayEndpoint(
        MethodTable methods,
        IOptions<RelayOptions> options,
        RelayTimes times,
        RestLimits limits,
        RelayMetrics metrics,
        TimeProvider time,
        IHostApplicationLifetime lifetime,
        ILogger<RelayEndpoint> logger)
    {
        _methods = methods;
        _options = options.Value;
        _times = times;
        _limits = limits;
        _strangers = new Strangers(_options.MaxConnections);
        _metrics = metrics;
        _time = time;
        _logger = logger;
        _methods.CountOfApp = CountOf;

        // Before the web server waits for its connections to end, which these would not do by themselves.
        _stopping = lifetime.ApplicationStopping.Register(() => _ = DrainAsync());
    }

    /// <summary>Maps it. What comes to <c>/</c> and is no WebSocket goes on to another.</summary>
    public static void Map(IEndpointRouteBuilder routes, RelayEndpoint endpoint, RequestDelegate otherwise)
    {
        // Every method, since over HTTP/2 a socket is opened with CONNECT (RFC 8441).
        routes.Map("/", context => context.WebSockets.IsWebSocketRequest ? endpoint.ServeAsync(context) : otherwise(context));
        routes.Map("/api/relay/ws", endpoint.ServeAsync);
    }

    public void Dispose() => _stopping.Dispose();

    private async Task ServeAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            Refuse(context, StatusCodes.Status426UpgradeRequired, "it is no WebSocket");
            return;
        }

        if (_isStopping || _connections.Count >= _options.MaxConnections)
        {
            Refuse(context, StatusCodes.Status503ServiceUnavailable, _isStopping ? "the server stops" : "there are as many connections as may be");
            return;
        }

        var address = context.Connection.RemoteIpAddress;
        if (_limits.WaitOfStranger(address) is not null)
        {
            Refuse(context, StatusCodes.Status429TooManyRequests, "its address failed too often to say who it is");
            return;
        }

        using var seat = _strangers.TryEnter(address);
        if (seat is null)
        {
            Refuse(context, StatusCodes.Status429TooManyRequests, "its address has as many connections as may be that have not said who they are");
            return;
        }

        var connection = new RelayConnection(_methods, _times, _options.RequestsPerSecond, _time, _metrics, _logger) { Known = seat.Dispose };
        _connections.TryAdd(connection, 0);
        if (_isStopping)
        {
            // Since the look above: those who were told are told already.
            _ = connection.SayGoodbyeAsync();
        }

        try
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await connection.RunAsync(socket);
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException)
        {
            // The network.
        }
        catch (Exception fault)
        {
            RelayLog.ConnectionFailed(_logger, fault);
        }
        finally
        {
            _connections.TryRemove(connection, out _);
            if (connection.WasDenied)
            {
                _limits.CountStranger(address);
            }
        }
    }

    private int CountOf(AppId appId) => _connections.Keys.Count(connection => connection.Controller is not null && connection.AppId == appId);

    private async Task DrainAsync()
    {
        _isStopping = true;
        try
        {
            await _methods.EndMediaAsync();
        }
        catch (Exception fault)
        {
            RelayLog.EndsUntold(_logger, fault);
        }

        foreach (var connection in _connections.Keys)
        {
            _ = connection.SayGoodbyeAsync();
        }
    }

    private void Refuse(HttpContext context, int status, string reason)
    {
        RelayLog.Refused(_logger, reason);
        _metrics.Refused("upgrade");
        context.Response.StatusCode = status;
        context.Response.Headers.CacheControl = "no-store";
    }
}
