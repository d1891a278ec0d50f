using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Roomcast.Livestreams.Ingest;
using Roomcast.Media;
using Roomcast.Media.Buffers;
using Roomcast.Rtmp.Amf;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Connection;
using Roomcast.Rtmp.Handshake;
using Roomcast.TestKit.Rtmp;
using Roomcast.Transports.Tcp;

namespace Roomcast.Livestreams.Tests.Ingest;

[Collection(nameof(MediaBuffer))]
public sealed class RtmpIngestTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static void AssertWhole(PublishMedia media, RecordingPublisher publisher)
    {
        Assert.Equal(Enumerable.Range(0, media.PictureFrames).Select(i => (long)i), publisher.Pictures.Select(frame => frame.Number));
        Assert.Equal(Enumerable.Range(0, media.SoundFrames).Select(i => (long)i), publisher.Sound.Select(frame => frame.Number));
    }

    [Theory]
    [InlineData(RtmpHandshakeForm.Simple, 128, true, false)]
    [InlineData(RtmpHandshakeForm.Complex, 4_096, true, false)]
    [InlineData(RtmpHandshakeForm.ComplexDigestFirst, 60_000, false, false)]
    [InlineData(RtmpHandshakeForm.Simple, 128, false, true)]
    public async Task Everything_published_arrives_over_plain_TCP_and_TLS(RtmpHandshakeForm handshake, int chunkSize, bool repeats, bool isEncrypted)
    {
        await using var server = new IngestServer();
        var key = server.Gate.Admit("secretkey");
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { StartMs = 16_776_500, HasReorderedFrames = true, Length = TimeSpan.FromSeconds(3) });
        await using var publisher = await RtmpPublisher.ConnectAsync(
            isEncrypted ? server.TlsAddress("secretkey") : server.Address("secretkey"),
            new RtmpPublisherOptions
            {
                Client = new RtmpClientOptions { Handshake = handshake, ChunkSize = chunkSize, RepeatsExtendedTimestamp = repeats },
                Metadata = new AmfObject { IsEcmaArray = true }.Add("videocodecid", 2).Add("audiocodecid", 2), // Lies, which nobody believes.
            });
        Assert.Equal(RtmpClientState.Publishing, publisher.State);
        Assert.Equal(handshake is not RtmpHandshakeForm.Simple, publisher.IsServerVerified);

        await publisher.PublishAsync(media);
        await publisher.UnpublishAsync();
        Assert.Equal(IngestEndReason.ConnectionClosed, await key.Newest.Closed.WaitAsync(Patience));

        AssertWhole(media, key.Newest);
        Assert.Equal(0, key.Newest.ExtraCloses);
        Assert.Equal((0L, 0L), (key.Newest.Measurements!.DroppedFrames, key.Newest.Measurements.TimestampJumps));
        Assert.True(key.Newest.Measurements.BytesReceived > media.Messages.Sum(message => message.Body.Length));

        var request = Assert.Single(server.Gate.Requests);
        Assert.Equal((isEncrypted ? "rtmps" : "rtmp", "127.0.0.1", "FMLE/3.0 (compatible; Roomcast)"), (request.Protocol, request.RemoteAddress, request.Encoder));
        Assert.All(server.ServerNames, name => Assert.Equal("localhost", name));
        Assert.Equal(isEncrypted ? 1 : 0, server.ServerNames.Count);
    }

    [Theory]
    [InlineData(IngestRefusal.UnknownKey, "No livestream has this stream key.")]
    [InlineData(IngestRefusal.Disabled, "This livestream is disabled.")]
    [InlineData(IngestRefusal.AlreadyPublishing, "Another encoder is publishing to this livestream.")]
    [InlineData(IngestRefusal.Unavailable, "The server takes no more publishers for the moment; try again later.")]
    public async Task A_refused_publish_says_why_in_the_status_and_in_the_log_but_never_the_key(IngestRefusal refusal, string description)
    {
        await using var server = new IngestServer();
        server.Gate.Refuse("secretkey", refusal);
        await using var publisher = await RtmpPublisher.ConnectAsync(server.Address("secretkey"));

        Assert.Equal(RtmpClientState.Rejected, publisher.State);
        Assert.Equal(new RtmpStatus("error", RtmpStatusCodes.PublishDenied, description), publisher.Rejection);
        await publisher.Ended.WaitAsync(Patience);
        Assert.Contains(server.Log.Entries, entry => entry is { Level: LogLevel.Warning, Id: 2101 } && entry.Text.Contains(description, StringComparison.Ordinal));
        Assert.DoesNotContain(server.Log.Entries, entry => entry.Text.Contains("secretkey", StringComparison.Ordinal));
        Assert.DoesNotContain(publisher.Statuses, status => status.ToString().Contains("secretkey", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("live/instance", "secretkey")]
    [InlineData("live", "secretkey?token=a/b")]
    public async Task Usual_forms_of_the_address_reach_the_gate_with_the_key_alone(string app, string name)
    {
        await using var server = new IngestServer();
        server.Gate.Admit("secretkey");
        await using var publisher = await RtmpPublisher.ConnectAsync(server.Address(name, app));
        Assert.Equal(RtmpClientState.Publishing, publisher.State);
        Assert.Equal("secretkey", Assert.Single(server.Gate.Requests).StreamKey);
        Assert.DoesNotContain(server.Log.Entries, entry => entry.Text.Contains("secretkey", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_key_the_gate_is_not_asked()
    {
        await using var server = new IngestServer();
        await using var publisher = await RtmpPublisher.ConnectAsync($"rtmp://127.0.0.1:{server.EndPoint.Port}/?");
        Assert.Equal("There is no stream key in the address.", publisher.Rejection!.Description);
        Assert.Empty(server.Gate.Requests);
    }

    [Fact]
    public async Task A_gate_that_fails_or_takes_too_long_refuses_one_and_harms_nobody()
    {
        await using var server = new IngestServer(new IngestOptions { AdmissionTimeout = TimeSpan.FromSeconds(1) });
        var good = server.Gate.Admit("good");
        server.Gate.Answer("failing", (_, _) => throw new InvalidOperationException("The store is down."));
        server.Gate.Answer("slow", async (_, cancellationToken) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return default;
        });

        await using var failing = await RtmpPublisher.ConnectAsync(server.Address("failing"));
        var slowTask = RtmpPublisher.ConnectAsync(server.Address("slow"));
        await using var other = await RtmpPublisher.ConnectAsync(server.Address("good"));
        await using var slow = await slowTask;

        Assert.Equal(RtmpClientState.Publishing, other.State);
        Assert.Single(good.All);
        Assert.All(new[] { failing, slow }, refused => Assert.StartsWith("The server takes no more publishers", refused.Rejection!.Description, StringComparison.Ordinal));
        Assert.Equal(2, server.Log.Entries.Count(entry => entry is { Level: LogLevel.Error, Id: 2107 }));
    }

    [Theory]
    [InlineData(IngestEndReason.TakenOver, RtmpStatusCodes.PublishDenied, "Another encoder has taken over this livestream.")]
    [InlineData(IngestEndReason.Stopped, RtmpStatusCodes.PublishDenied, "This livestream was stopped, disabled or deleted, or has a new stream key.")]
    [InlineData(IngestEndReason.ServerStopping, RtmpStatusCodes.ConnectAppShutdown, "The server is shutting down.")]
    public async Task A_livestream_that_wants_its_publisher_gone_is_rid_of_it_at_once_with_a_reason(IngestEndReason reason, string code, string description)
    {
        await using var server = new IngestServer();
        var key = server.Gate.Admit("k");
        await using var publisher = await RtmpPublisher.ConnectAsync(server.Address("k"));
        using var stop = new CancellationTokenSource();
        var publishing = publisher.PublishAsync(SyntheticMedia.Create().Repeat(20, TimeSpan.FromSeconds(2)), speed: 4, stop.Token);
        await key.Newest.WaitForFramesAsync(20);

        key.Newest.End(reason);

        Assert.Equal(reason, await key.Newest.Closed.WaitAsync(Patience));
        await publisher.Ended.WaitAsync(Patience);
        await stop.CancelAsync();
        await publishing.ContinueWith(static _ => { }, TaskScheduler.Default);
        Assert.Equal(new RtmpStatus("error", code, description), publisher.Rejection);
        Assert.Equal(reason is IngestEndReason.ServerStopping, publisher.Statuses.Any(status => status.Code == RtmpStatusCodes.ConnectReconnectRequest));
    }

    [Fact]
    public async Task Stopping_the_ingest_ends_every_connection_and_tells_publishers()
    {
        await using var server = new IngestServer();
        var key = server.Gate.Admit("k");
        await using var publisher = await RtmpPublisher.ConnectAsync(server.TlsAddress("k"));
        using var idle = new TcpClient();
        await idle.ConnectAsync(server.EndPoint);
        await publisher.PublishAsync(SyntheticMedia.Create());

        using var limit = new CancellationTokenSource(Patience);
        await server.Ingest.StopAsync(limit.Token);

        Assert.Equal(0, server.Ingest.ConnectionCount);
        Assert.Equal(IngestEndReason.ServerStopping, await key.Newest.Closed);
        await publisher.Ended.WaitAsync(Patience);
        Assert.Equal(RtmpStatusCodes.ConnectAppShutdown, publisher.Rejection!.Code);
        await Assert.ThrowsAnyAsync<SocketException>(async () =>
        {
            using var late = new TcpClient();
            await late.ConnectAsync(server.EndPoint);
        });
    }

    [Fact]
    public async Task Sound_that_cannot_be_carried_ends_the_publisher_with_its_name()
    {
        await using var server = new IngestServer();
        var key = server.Gate.Admit("k");
        await using var publisher = await RtmpPublisher.ConnectAsync(server.Address("k"));
        await publisher.SendAsync(SyntheticMedia.PictureHeader(new SyntheticMediaOptions(), Codec.H264));
        await publisher.SendAsync(new PublishMessage(RtmpMediaKind.Audio, 0, new byte[] { 0x2F, 0xFF, 0xFB }));

        await publisher.Ended.WaitAsync(Patience);
        Assert.Equal(RtmpStatusCodes.PublishRejected, publisher.Rejection!.Code);
        Assert.StartsWith("MP3 is not carried.", publisher.Rejection.Description, StringComparison.Ordinal);
        Assert.Equal(IngestEndReason.ConnectionClosed, await key.Newest.Closed);
    }

    [Fact]
    public async Task A_publisher_that_vanishes_is_closed_and_may_return()
    {
        await using var server = new IngestServer();
        var key = server.Gate.Admit("k");
        await using (var publisher = await RtmpPublisher.ConnectAsync(server.Address("k")))
        {
            await publisher.PublishAsync(SyntheticMedia.Create());
            await key.Newest.WaitForFramesAsync(60);
            publisher.Vanish();
        }

        Assert.Equal(IngestEndReason.ConnectionClosed, await key.All[0].Closed.WaitAsync(Patience));
        await using var again = await RtmpPublisher.ConnectAsync(server.Address("k"));
        Assert.Equal(RtmpClientState.Publishing, again.State);
        Assert.Equal(2, key.All.Count);
    }

    [Fact]
    public async Task One_connection_may_publish_again_after_it_has_ended()
    {
        await using var server = new IngestServer();
        var key = server.Gate.Admit("k");
        using var client = new RawRtmpClient(server.EndPoint);
        await client.ConnectAsync();
        await client.PublishAsync("k");
        await client.CommandAsync("FCUnpublish", "k");
        Assert.Equal(IngestEndReason.ConnectionClosed, await key.Newest.Closed.WaitAsync(Patience));
        await client.PublishAsync("k");
        await client.WaitForAsync("NetStream.Publish.Start", times: 2);
        Assert.Equal(2, key.All.Count);
        Assert.False(key.Newest.Closed.IsCompleted);
    }

    [Fact]
    public async Task Too_high_a_bit_rate_ends_the_publisher()
    {
        await using var server = new IngestServer(new IngestOptions { MaxBitrateBps = 1_000_000, BitrateWindow = TimeSpan.FromSeconds(1) });
        var key = server.Gate.Admit("k");
        await using var publisher = await RtmpPublisher.ConnectAsync(server.Address("k"));
        using var stop = new CancellationTokenSource();
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { PictureBytes = 20_000, Length = TimeSpan.FromSeconds(30) });
        var publishing = publisher.PublishAsync(media, speed: 1, stop.Token);

        await publisher.Ended.WaitAsync(Patience);
        await stop.CancelAsync();
        await publishing.ContinueWith(static _ => { }, TaskScheduler.Default);
        Assert.Equal(RtmpStatusCodes.PublishRejected, publisher.Rejection!.Code);
        Assert.Contains("1 Mbit/s", publisher.Rejection.Description, StringComparison.Ordinal);
        await key.Newest.Closed;
    }

    [Fact]
    public async Task A_busy_port_is_one_clear_error_that_names_address_and_setting()
    {
        await using var server = new IngestServer();
        await using var other = new IngestServer();
        var busy = Assert.Throws<ListenException>(() => other.Ingest.Listen(
            new ListenOptions { Address = server.EndPoint, Setting = "ROOMCAST_RTMP_PORT", Protocol = "rtmp" }));
        Assert.Equal($"Cannot listen on {server.EndPoint} for rtmp (ROOMCAST_RTMP_PORT): another process listens there already.", busy.Message);
    }

    [Fact]
    public async Task A_socket_bound_by_the_host_is_used()
    {
        await using var server = new IngestServer();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var bound = (IPEndPoint)socket.LocalEndPoint!;
        server.Ingest.Listen(new ListenOptions { Address = bound, Socket = socket, Setting = "x", Protocol = "rtmp" });
        server.Gate.Admit("k");

        await using var publisher = await RtmpPublisher.ConnectAsync($"rtmp://127.0.0.1:{bound.Port}/live/k");
        Assert.Equal(RtmpClientState.Publishing, publisher.State);
    }

    [Fact]
    public async Task No_buffer_stays_behind()
    {
        var outstanding = MediaBuffer.Outstanding;
        await using (var server = new IngestServer())
        {
            var key = server.Gate.Admit("k");
            await using var publisher = await RtmpPublisher.ConnectAsync(server.Address("k"));
            await publisher.PublishAsync(SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(1), Sound = null }));
            await publisher.SendRawAsync(new byte[] { 0x06, 0, 0, 0, 0, 0xFF, 0xFF, 0x09, 1, 0, 0, 0, 1, 2, 3 }); // The beginning of a large message.
            publisher.Vanish();
            await key.Newest.Closed.WaitAsync(Patience);
        }

        Assert.Equal(outstanding, MediaBuffer.Outstanding);
    }
}
