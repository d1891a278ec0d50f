using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;
using Roomcast.RealtimeKit.Client;
using Roomcast.Storage;

namespace Roomcast.RealtimeKit.Socket.Connection;

/// <summary>Where clients open their sockets: <c>/ws</c>, on every host.</summary>
internal sealed class SocketEndpoint(
    ClientAdmission admission,
    MeetingSessions sessions,
    SocketOptions options,
    SocketMetrics metrics,
    TimeProvider time,
    ClientVersions versions,
    ILogger<SocketEndpoint> logger)
{
    /// <summary>Maps it. Every method, since over HTTP/2 a socket is opened with CONNECT (RFC 8441).</summary>
    public static void Map(IEndpointRouteBuilder routes, SocketEndpoint endpoint) => routes.Map("/ws", endpoint.ServeAsync);

    /// <summary>Everything that can be refused is refused before the upgrade: a client whose socket opens and closes again gives up.</summary>
    private async Task ServeAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            Refuse(context, StatusCodes.Status426UpgradeRequired, "it is no WebSocket");
            return;
        }

        var query = context.Request.Query;
        var peerId = query["peerID"].ToString();
        if (!MeetingId.TryParse(query["roomID"], out var meetingId) || !PeerId.TryParse(peerId, out var parsed) || parsed.ToString() != peerId)
        {
            Refuse(context, StatusCodes.Status400BadRequest, "roomID or peerID is missing, or no UUID");
            return;
        }

        var connection = new SocketConnection(
            options, time, logger, metrics, PeerClient.Of(context.Request.Headers.UserAgent, context.Connection.RemoteIpAddress?.ToString(), versions.Find(peerId)));
        MeetingSession session;
        SessionPeer peer;
        try
        {
            var admitted = await admission.AdmitAsync(query["authToken"], meetingId, context.RequestAborted);
            if (admitted.Status != StatusCodes.Status200OK)
            {
                Refuse(context, admitted.Status, "the token gives no right to it");
                return;
            }

            (session, peer) = await sessions.ConnectAsync(
                admitted.Meeting!, admitted.Participant!, admitted.Preset!, peerId, connection, context.RequestAborted);
            var isThere = false;
            try
            {
                isThere = await admission.IsStillAsync(admitted, context.RequestAborted);
            }
            finally
            {
                if (!isThere)
                {
                    await session.DisconnectAsync(peer, connection, isFinal: true);
                }
            }

            if (!isThere)
            {
                Refuse(context, StatusCodes.Status401Unauthorized, "the participant was deleted meanwhile");
                return;
            }
        }
        catch (SessionException refusal)
        {
            Refuse(context, refusal.Fault is SessionFault.NotAllowed ? StatusCodes.Status403Forbidden : StatusCodes.Status503ServiceUnavailable, refusal.Message);
            return;
        }
        catch (StorageException)
        {
            // The storage has logged it; the client tries again.
            Refuse(context, StatusCodes.Status503ServiceUnavailable, "the storage cannot be reached");
            return;
        }
        catch (OperationCanceledException)
        {
            return;
        }

        try
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await connection.RunAsync(socket, session, peer);
        }
        catch (Exception fault)
        {
            // The network, or we: either way the peer must not stay behind without its connection.
            if (fault is not (IOException or OperationCanceledException))
            {
                SocketLog.Failed(logger, fault);
            }

            await session.DisconnectAsync(peer, connection, isFinal: false);
        }
    }

    private void Refuse(HttpContext context, int status, string reason)
    {
        SocketLog.Refused(logger, reason);
        metrics.Refused("Upgrade");
        context.Response.StatusCode = status;
        context.Response.Headers.CacheControl = "no-store";
    }
}
