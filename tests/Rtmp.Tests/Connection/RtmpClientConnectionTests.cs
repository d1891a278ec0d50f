using Roomcast.Media;
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

        // onMetaData, as a file has it: an object with a number.
        client.SendMetadata(Convert.FromHexString("02000A6F6E4D65746144617461" + "03" + "0005776964746800" + "4094000000000000" + "000009"));
        wire.Run();

        var events = wire.ServerEvents[^4..];
        Assert.Equal(640, events[0].Metadata!["width"]!.AsNumber());
        Assert.Equal(1_280, events[3].Metadata!["width"]!.AsNumber());
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
        Assert.Equal(RtmpRefusal.PublishDenied, client.Refusal);
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
    public void The_server_tells_which_codecs_it_takes()
    {
        using var client = new RtmpClientConnection(Target());
        using var server = new RtmpServerConnection();
        var wire = new Wire(client, server, cut: 100);
        client.Start();
        Assert.True(client.Takes(Codec.H264) && client.Takes(Codec.Aac));
        Assert.False(client.Takes(Codec.H265));
        wire.Run();
        Assert.All(Enum.GetValues<Codec>(), codec => Assert.True(client.Takes(codec)));

        using var classic = new RtmpClientConnection(Target(), new RtmpClientOptions { IsEnhanced = false });
        using var other = new RtmpServerConnection();
        var classicWire = new Wire(classic, other, cut: 100);
        classic.Start();
        classicWire.Run();
        Assert.Equal([Codec.H264, Codec.Aac], Enum.GetValues<Codec>().Where(classic.Takes));
    }

    [Theory]
    [InlineData("fourCcList", "hvc1", Codec.H265)]
    [InlineData("videoFourCcInfoMap", "av01", Codec.Av1)]
    [InlineData("audioFourCcInfoMap", "Opus", Codec.Opus)]
    [InlineData("fourCcList", "*", Codec.Vp9)]
    public void Codecs_are_found_in_every_place_where_servers_tell_them(string property, string fourCc, Codec expected)
    {
        var list = new AmfArray();
        list.Add(fourCc);
        var answer = new AmfObject().Add(property, property == "fourCcList" ? list : new AmfObject().Add(fourCc, 4));
        Assert.Contains(expected, EnhancedRtmp.CodecsOf(null, answer));
        Assert.Contains(expected, EnhancedRtmp.CodecsOf(answer, null));
        Assert.Empty(EnhancedRtmp.CodecsOf(null, new AmfObject().Add(property, 7)));
    }

    [Fact]
    public void A_client_that_wants_to_hear_often_asks_for_it_and_is_acknowledged()
    {
        using var client = new RtmpClientConnection(Target(), new RtmpClientOptions { AcknowledgementWindowBytes = 50_000 });
        using var server = new RtmpServerConnection();
        var wire = new Wire(client, server, cut: 100_000);
        client.Start();
        wire.Run();
        for (var i = 0; i < 100; i++)
        {
            client.SendMedia(RtmpMediaKind.Video, (uint)(i * 33), new byte[10_000]);
            wire.Run();
        }

        // Our server acknowledges at half the window, so as never to be late.
        Assert.InRange(client.Acknowledgements, 15, 50);
        Assert.InRange(client.LargestAcknowledgementStep, 20_000, 80_000);
        Assert.InRange(client.UnacknowledgedBytes!.Value, 0, 80_000);
        wire.Release();
    }

    [Fact]
    public void Output_can_be_taken_out_in_pieces_of_any_size()
    {
        using var whole = new RtmpClientConnection(Target());
        whole.Start();
        for (var size = 1; size < 2_000; size = (size * 3) + 1)
        {
            using var client = new RtmpClientConnection(Target());
            using var server = new RtmpServerConnection();
            client.Start();
            var piece = new byte[size];
            var taken = new List<byte>();
            while (client.TakeOutput(piece) is > 0 and var count)
            {
                taken.AddRange(piece[..count]);
            }

            Assert.Equal(whole.Output.Length, taken.Count);
            Assert.Equal(taken.Count, client.BytesSent);
            Assert.True(client.Output.IsEmpty);
        }
    }

    [Theory]
    [InlineData("NetStream.Publish.BadName", "", RtmpRefusal.BadName)]
    [InlineData("NetStream.Publish.BadName", "Already publishing", RtmpRefusal.NameInUse)]
    [InlineData("NetStream.Publish.Denied", "", RtmpRefusal.PublishDenied)]
    [InlineData("NetStream.Publish.Rejected", "The name is in use", RtmpRefusal.NameInUse)]
    [InlineData("NetStream.publish.Unauthorized", "Authorization required.", RtmpRefusal.AuthenticationFailed)]
    [InlineData("NetStream.Publish.BadConnection", "", RtmpRefusal.NameInUse)]
    [InlineData("NetConnection.Connect.InvalidApp", "", RtmpRefusal.UnknownApplication)]
    [InlineData("NetConnection.Connect.Rejected", "", RtmpRefusal.ConnectRejected)]
    [InlineData("NetConnection.Connect.Rejected", "[ code=403 need auth; authmod=adobe ]", RtmpRefusal.AuthenticationNeeded)]
    [InlineData("NetConnection.Connect.Rejected", "authmod=llnw?reason=authfailed", RtmpRefusal.AuthenticationFailed)]
    [InlineData("NetConnection.Connect.AppShutdown", "", RtmpRefusal.ShuttingDown)]
    [InlineData("NetConnection.Connect.Closed", "", RtmpRefusal.Closed)]
    [InlineData("NetStream.Unpublish.Success", "", RtmpRefusal.Closed)]
    [InlineData("NetConnection.Call.Failed", "", RtmpRefusal.Failed)]
    [InlineData("", "", RtmpRefusal.Unknown)]
    [InlineData("Nonsense", "", RtmpRefusal.Unknown)]
    public void Refusals_are_told_apart(string code, string description, RtmpRefusal expected) =>
        Assert.Equal(expected, RtmpRefusals.Of(RtmpStatus.Error(code, description)));

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
    [InlineData("rtmps://host:443/rtmp/", "key?a=b", "rtmp", "rtmps://host:443/rtmp")]
    [InlineData("rtmp://host/live/instance", "k/e/y", "live/instance", "rtmp://host/live/instance")]
    [InlineData("rtmp://host/live?token=secret", "key", "live?token=secret", "rtmp://host/live?token=secret")]
    [InlineData("rtmp://host", "key", "", "rtmp://host/")]
    public void A_stream_name_may_stand_beside_the_address(string address, string name, string app, string tcUrl)
    {
        Assert.True(RtmpTarget.TryParse(address, name, out var target));
        Assert.Equal((app, name, tcUrl, false), (target.App, target.StreamName, target.TcUrl, target.NamesUser));
        Assert.DoesNotContain("secret", $"{target}", StringComparison.Ordinal);
        Assert.False(RtmpTarget.TryParse(address, "", out _));
    }

    [Fact]
    public void A_user_in_the_address_is_noticed_and_not_passed_on()
    {
        var target = Target("rtmp://user:password@host/live/key");
        Assert.True(target.NamesUser);
        Assert.Equal("rtmp://host/live", target.TcUrl);
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
