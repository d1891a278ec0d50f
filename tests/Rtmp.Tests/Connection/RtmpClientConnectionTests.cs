using Roomcast.Media.Buffers;
using Roomcast.Rtmp.Amf;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Connection;
using Roomcast.Rtmp.Handshake;

namespace Roomcast.Rtmp.Tests.Connection;

/// <summary>The two engines facing each other, with a wire between them that may cut bytes anywhere.</summary>
[Collection(nameof(MediaBuffer))]
public sealed class RtmpClientConnectionTests
{
    private static RtmpTarget Target(string address = "rtmp://host/live/key?x=y") =>
        RtmpTarget.TryParse(address, out var target) ? target : throw new ArgumentException(address);

    [Theory]
    [InlineData(RtmpHandshakeForm.Simple, 128, 1)]
    [InlineData(RtmpHandshakeForm.Simple, 4_096, 1_000)]
    [InlineData(RtmpHandshakeForm.Complex, 60_000, 7)]
    [InlineData(RtmpHandshakeForm.ComplexDigestFirst, 4_096, 100_000)]
    public void The_engines_understand_each_other_however_the_wire_cuts(RtmpHandshakeForm form, int chunkSize, int cut)
    {
        using var client = new RtmpClientConnection(Target(), new RtmpClientOptions { Handshake = form, ChunkSize = chunkSize });
        using var server = new RtmpServerConnection();
        var wire = new Wire(client, server, cut);
        client.Start();
        wire.Run();

        Assert.Equal(RtmpClientState.Publishing, client.State);
        var publish = wire.ServerEvents.Single(happened => happened.Kind is RtmpServerEventKind.PublishRequested).Publish!;
        Assert.Equal(("live", "key?x=y"), (publish.App, publish.StreamName));
        Assert.Equal("rtmp://host/live", publish.TcUrl);
        Assert.True(server.Connect!.IsEnhanced);

        client.SendMetadata(new AmfObject { IsEcmaArray = true }.Add("width", 640));
        var body = new byte[9_000];
        new Random(3).NextBytes(body);
        client.SendMedia(RtmpMediaKind.Video, 0, body.AsSpan(0, 5), body.AsSpan(5));
        client.SendMedia(RtmpMediaKind.Audio, 23, [1, 2, 3]);
        wire.Run();

        var events = wire.ServerEvents[^3..];
        Assert.Equal(640, events[0].Metadata!["width"]!.AsNumber());
        Assert.Equal(body, events[1].Media.Body.ToArray());
        Assert.Equal(23u, events[2].Media.TimestampMs);

        client.Unpublish();
        wire.Run();
        Assert.Equal(RtmpServerEventKind.PublishEnded, wire.ServerEvents[^1].Kind);
        Assert.Equal(RtmpClientState.Ended, client.State);
        wire.Release();
    }

    [Fact]
    public void A_refusal_reaches_the_client_with_its_reason()
    {
        using var client = new RtmpClientConnection(Target());
        using var server = new RtmpServerConnection();
        var wire = new Wire(client, server, cut: 100) { OnPublish = asked => asked.RefusePublish(RtmpStatus.Error(RtmpStatusCodes.PublishDenied, "No livestream has this stream key.")) };
        client.Start();
        wire.Run();

        Assert.Equal(RtmpClientState.Rejected, client.State);
        Assert.Equal("No livestream has this stream key.", client.Rejection!.Description);
        Assert.Throws<InvalidOperationException>(() => client.SendMedia(RtmpMediaKind.Audio, 0, [1]));
    }

    [Fact]
    public void An_end_by_the_server_and_a_request_to_reconnect_reach_the_client()
    {
        using var client = new RtmpClientConnection(Target());
        using var server = new RtmpServerConnection();
        var wire = new Wire(client, server, cut: 100);
        client.Start();
        wire.Run();

        server.Tell(RtmpStatus.Of(RtmpStatusCodes.ConnectReconnectRequest, "The server is restarting."));
        wire.Run();
        Assert.Equal(RtmpClientEventKind.ReconnectRequested, wire.ClientEvents[^1].Kind);
        Assert.Equal(RtmpClientState.Publishing, client.State);

        server.End(RtmpStatus.Error(RtmpStatusCodes.ConnectAppShutdown, "The server is shutting down."));
        wire.Run();
        Assert.Equal(RtmpClientState.Rejected, client.State);
        Assert.Equal(RtmpStatusCodes.ConnectAppShutdown, client.Rejection!.Code);
    }

    [Fact]
    public void The_client_knows_how_much_the_server_has_not_acknowledged()
    {
        using var client = new RtmpClientConnection(Target());
        using var server = new RtmpServerConnection();
        var wire = new Wire(client, server, cut: 100_000);
        client.Start();
        wire.Run();
        Assert.Null(client.UnacknowledgedBytes);

        for (var i = 0; i < 200; i++)
        {
            client.SendMedia(RtmpMediaKind.Video, (uint)(i * 33), new byte[10_000]);
            wire.Run();
        }

        Assert.InRange(client.UnacknowledgedBytes!.Value, 0, 1_250_000);
        wire.Release();
    }

    [Fact]
    public void Timestamps_cross_the_24_and_the_32_bit_limits()
    {
        using var client = new RtmpClientConnection(Target());
        using var server = new RtmpServerConnection();
        var wire = new Wire(client, server, cut: 3);
        client.Start();
        wire.Run();

        uint[] times = [16_777_182, 16_777_215, 16_777_248, 0xFFFF_FFF0, 0x11, 0x32];
        foreach (var time in times)
        {
            client.SendMedia(RtmpMediaKind.Video, time, new byte[300]);
        }

        wire.Run();
        Assert.Equal(times, wire.ServerEvents.Where(happened => happened.Kind is RtmpServerEventKind.Media).Select(happened => happened.Media.TimestampMs));
        wire.Release();
    }

    [Fact]
    public void A_server_that_breaks_the_protocol_is_left()
    {
        using var client = new RtmpClientConnection(Target());
        client.Start();
        client.Read("HTTP/1.1 400 Bad Request"u8, out var happened);

        Assert.Equal(RtmpClientEventKind.StateChanged, happened.Kind);
        Assert.Equal((RtmpClientState.Faulted, RtmpFault.NotRtmp), (client.State, client.Fault));
    }

    [Theory]
    [InlineData("rtmp://host/live/key", "host", 1935, false, "live", "key", "rtmp://host/live")]
    [InlineData("rtmps://host/live/key?a=b/c", "host", 443, true, "live", "key?a=b/c", "rtmps://host/live")]
    [InlineData("rtmp://127.0.0.1:1936/live/instance/key", "127.0.0.1", 1936, false, "live/instance", "key", "rtmp://127.0.0.1:1936/live/instance")]
    [InlineData("rtmp://host/key", "host", 1935, false, "", "key", "rtmp://host/")]
    public void Addresses_are_taken_apart(string address, string host, int port, bool isEncrypted, string app, string name, string tcUrl)
    {
        var target = Target(address);
        Assert.Equal((host, port, isEncrypted, app, name, tcUrl), (target.Host, target.Port, target.IsEncrypted, target.App, target.StreamName, target.TcUrl));
        Assert.DoesNotContain("key", target.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("http://host/live/key")]
    [InlineData("rtmp://host")]
    [InlineData("rtmp://host/live/")]
    [InlineData("rtmp:///live/key")]
    public void What_is_no_address_is_refused(string? address) => Assert.False(RtmpTarget.TryParse(address, out _));

    private sealed class Wire(RtmpClientConnection client, RtmpServerConnection server, int cut)
    {
        public List<RtmpServerEvent> ServerEvents { get; } = [];

        public List<RtmpClientEvent> ClientEvents { get; } = [];

        public Action<RtmpServerConnection> OnPublish { get; init; } = static asked => asked.AcceptPublish();

        public void Run()
        {
            while (client.Output.Length + server.Output.Length > 0)
            {
                var toServer = client.Output.ToArray();
                client.OutputSent(toServer.Length);
                foreach (var piece in toServer.Chunk(cut))
                {
                    ToServer(piece);
                }

                var toClient = server.Output.ToArray();
                server.OutputSent(toClient.Length);
                foreach (var piece in toClient.Chunk(cut))
                {
                    ToClient(piece);
                }
            }
        }

        public void Release()
        {
            foreach (var happened in ServerEvents.Where(happened => happened.Kind is RtmpServerEventKind.Media))
            {
                happened.Media.Buffer.Release();
            }
        }

        private void ToServer(ReadOnlySpan<byte> bytes)
        {
            while (true)
            {
                bytes = bytes[server.Read(bytes, out var happened)..];
                if (happened.Kind is RtmpServerEventKind.None)
                {
                    return;
                }

                ServerEvents.Add(happened);
                if (happened.Kind is RtmpServerEventKind.PublishRequested)
                {
                    OnPublish(server);
                }
            }
        }

        private void ToClient(ReadOnlySpan<byte> bytes)
        {
            while (true)
            {
                bytes = bytes[client.Read(bytes, out var happened)..];
                if (happened.Kind is RtmpClientEventKind.None)
                {
                    return;
                }

                ClientEvents.Add(happened);
            }
        }
    }
}
