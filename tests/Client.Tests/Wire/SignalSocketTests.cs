using System.Net;
using System.Net.WebSockets;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Tests.Wire;

public sealed class SignalSocketTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // The question behind an act, whose answer shows that the act is done, finds the connection ended by the act.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_act_that_has_ended_the_connection_is_done_if_it_was_seen_to_be(bool isShown)
    {
        var queued = new TaskCompletionSource();
        var heard = new TaskCompletionSource();
        await using var server = await StartAsync(async (socket, abort) =>
        {
            await queued.Task;
            await ReceiveAsync(socket); // What is large, and then the act.
            await ReceiveAsync(socket);

            if (isShown)
            {
                await socket.SendAsync(Envelope.Write(SocketEvent.KickAll, "", null), WebSocketMessageType.Binary, true, CancellationToken.None);
            }

            await socket.SendAsync(Envelope.Write(SocketEvent.GetRoom, "", null), WebSocketMessageType.Binary, true, CancellationToken.None);
            await heard.Task;
            abort();
        });
        await using var client = new SignalSocket(
            message =>
            {
                // Messages are taken one after the other, so that the one before is done with.
                if ((SocketEvent)message.Event is SocketEvent.GetRoom)
                {
                    heard.SetResult();
                }
            },
            "test", TimeProvider.System, Patience, null);
        await client.ConnectAsync(new Uri(server.Urls.Single().Replace("http:", "ws:", StringComparison.Ordinal)), CancellationToken.None);

        // More than the connection takes unread, so that what is sent waits: the act for the first, and the question for the second.
        var large = new BroadcastMessage { Payload = ByteString.CopyFrom(new byte[32 << 20]) };
        var first = client.TellAsync(SocketEvent.Broadcast, large, CancellationToken.None);
        var act = client.DoAsync(
            SocketEvent.KickAll, null, static told => (SocketEvent)told.Event is SocketEvent.KickAll, isFenced: true, CancellationToken.None);
        var second = client.TellAsync(SocketEvent.Broadcast, large, CancellationToken.None);
        Assert.False(first.IsCompleted);
        queued.SetResult();

        await first.WaitAsync(Patience);
        await Assert.ThrowsAsync<RealtimeKitException>(() => second.WaitAsync(Patience));
        if (isShown)
        {
            await act.WaitAsync(Patience);
        }
        else
        {
            Assert.Equal(RealtimeKitError.Unreachable, (await Assert.ThrowsAsync<RealtimeKitException>(() => act.WaitAsync(Patience))).Error);
        }
    }

    private static async Task<WebApplication> StartAsync(Func<WebSocket, Action, Task> serve)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.UseWebSockets();
        app.Map("/", async (HttpContext context) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await serve(socket, context.Abort);
        });
        await app.StartAsync();
        return app;
    }

    private static async Task ReceiveAsync(WebSocket socket)
    {
        var buffer = new byte[64 << 10];
        while (!(await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None)).EndOfMessage)
        {
        }
    }
}
