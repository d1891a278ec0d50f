using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Roomcast.Livestreams.Ingest;
using Roomcast.Media.Buffers;
using Roomcast.Rtmp.Connection;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Livestreams.Tests.Ingest;

/// <summary>What strangers and broken encoders do to an open port.</summary>
[Collection(nameof(MediaBuffer))]
public sealed class HostileClientTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly IngestOptions Impatient = new()
    {
        HandshakeTimeout = TimeSpan.FromMilliseconds(500),
        PublishTimeout = TimeSpan.FromMilliseconds(700),
        IdleTimeout = TimeSpan.FromMilliseconds(900),
        CloseLinger = TimeSpan.FromMilliseconds(200),
    };

    [Fact]
    public async Task A_handshake_that_drips_in_is_cut_off()
    {
        await using var server = new IngestServer(Impatient);
        using var client = new RawRtmpClient(server.EndPoint);
        await client.OpenAsync();
        var dripping = DripAsync(client);

        Assert.Equal("", await client.ReadToEndAsync().WaitAsync(Patience));
        await dripping;
        await NobodyStaysAsync(server);

        static async Task DripAsync(RawRtmpClient client)
        {
            try
            {
                byte[] next = [3];
                while (!client.IsClosed)
                {
                    await client.SendAsync(next);
                    next[0] = 0;
                    await Task.Delay(20);
                }
            }
            catch (SocketException)
            {
                // Cut off, as it should be.
            }
        }
    }

    [Fact]
    public async Task Who_connects_and_never_publishes_is_told_and_cut_off_however_busy_it_keeps_us()
    {
        await using var server = new IngestServer(Impatient);
        using var client = new RawRtmpClient(server.EndPoint);
        await client.ConnectAsync();
        var busy = KeepBusyAsync(client);

        Assert.Contains("The request to publish took too long.", await client.ReadToEndAsync().WaitAsync(Patience), StringComparison.Ordinal);
        await busy;
        await NobodyStaysAsync(server);

        static async Task KeepBusyAsync(RawRtmpClient client)
        {
            try
            {
                while (!client.IsClosed)
                {
                    await client.CommandAsync("_checkbw", "");
                    await Task.Delay(50);
                }
            }
            catch (SocketException)
            {
                // Cut off, as it should be.
            }
        }
    }

    [Fact]
    public async Task A_publisher_that_falls_silent_is_told_and_cut_off()
    {
        // Long enough that a slow machine is not silent while it still begins to publish.
        await using var server = new IngestServer(new IngestOptions { IdleTimeout = TimeSpan.FromSeconds(3), CloseLinger = Impatient.CloseLinger });
        var key = server.Gate.Admit("k");
        await using var publisher = await RtmpPublisher.ConnectAsync(server.Address("k"));
        await publisher.PublishAsync(SyntheticMedia.Create());
        await publisher.Ended.WaitAsync(Patience);

        Assert.Equal("Nothing was received for too long.", publisher.Rejection!.Description);
        Assert.Equal(IngestEndReason.ConnectionClosed, await key.Newest.Closed);
    }

    [Fact]
    public async Task A_client_that_never_reads_cannot_hold_us()
    {
        await using var server = new IngestServer(Impatient);
        using var client = new RawRtmpClient(server.EndPoint);
        await client.ConnectAsync();
        client.Socket.ReceiveBufferSize = 4_096;

        // Pings, each of which wants an answer, until the answers fill every buffer on the way.
        byte[] ping = [0x02, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 1, 2, 3, 4];
        var many = Enumerable.Repeat(ping, 4_000).SelectMany(static one => one).ToArray();
        using var limit = new CancellationTokenSource(Patience);
        var hasFailed = false;
        try
        {
            while (!limit.IsCancellationRequested)
            {
                await client.Socket.SendAsync(many, limit.Token);
            }
        }
        catch (SocketException)
        {
            hasFailed = true;
        }

        Assert.True(hasFailed, "The server never gave up on it.");
        await NobodyStaysAsync(server);
    }

    [Theory]
    [InlineData("474554202F20485454502F312E310D0A0D0A")] // HTTP.
    [InlineData("16030100C8010000C4")] // TLS on the plain port.
    [InlineData("06")] // RTMPE.
    [InlineData("00000000")]
    public async Task Another_protocol_is_closed_without_a_word(string hex)
    {
        await using var server = new IngestServer();
        using var client = new RawRtmpClient(server.EndPoint);
        await client.OpenAsync();
        await client.SendAsync(Convert.FromHexString(hex));
        Assert.Equal("", await client.ReadToEndAsync().WaitAsync(Patience));
    }

    [Fact]
    public async Task Plain_RTMP_and_silence_on_the_TLS_port_are_cut_off()
    {
        await using var server = new IngestServer();
        using var client = new RawRtmpClient(server.Ingest.EndPoints[1]);
        await client.OpenAsync();
        await client.SendAsync(new byte[1_537]);
        await client.ReadToEndAsync().WaitAsync(Patience);
        await NobodyStaysAsync(server);
    }

    [Fact]
    public async Task Garbage_and_oversize_in_the_middle_of_a_stream_end_that_stream_alone()
    {
        await using var server = new IngestServer();
        var key = server.Gate.Admit("k");
        await using var garbage = await RtmpPublisher.ConnectAsync(server.Address("k"));
        await using var oversize = await RtmpPublisher.ConnectAsync(server.Address("k"));
        await garbage.PublishAsync(SyntheticMedia.Create());
        await oversize.PublishAsync(SyntheticMedia.Create());

        await garbage.SendRawAsync(Enumerable.Repeat((byte)0xFF, 500).ToArray());
        await oversize.SendRawAsync(new byte[] { 0x07, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x09, 1, 0, 0, 0 }); // 16 MiB announced.

        foreach (var publisher in key.All)
        {
            Assert.Equal(IngestEndReason.ConnectionClosed, await publisher.Closed.WaitAsync(Patience));
            Assert.Equal(60, publisher.Pictures.Count);
        }
    }

    [Fact]
    public async Task Connections_of_one_address_are_limited_and_other_addresses_not_touched()
    {
        await using var server = new IngestServer(new IngestOptions { MaxPendingPerAddress = 3, MaxConnectionsPerAddress = 5, MaxConnections = 8 });
        server.Gate.Admit("k");
        var publishers = new List<RtmpPublisher>();
        var idle = new List<RawRtmpClient>();
        try
        {
            // Two that publish count no more as pending; then three that do nothing, and the limit is reached.
            for (var i = 0; i < 2; i++)
            {
                publishers.Add(await PublishFromAsync(server, "127.0.0.2"));
            }

            for (var i = 0; i < 3; i++)
            {
                idle.Add(await OpenFromAsync(server, "127.0.0.2"));
            }

            await IsRefusedAsync(server, "127.0.0.2");
            idle[0].Dispose();
            idle.RemoveAt(0);
            await WaitForCountAsync(server, 4);
            publishers.Add(await PublishFromAsync(server, "127.0.0.2"));
            await IsRefusedAsync(server, "127.0.0.2"); // Five of the address by now.

            publishers.Add(await PublishFromAsync(server, "127.0.0.3"));
            idle.Add(await OpenFromAsync(server, "127.0.0.3"));
            idle.Add(await OpenFromAsync(server, "127.0.0.3"));
            await WaitForCountAsync(server, 8);
            await IsRefusedAsync(server, "127.0.0.4"); // Eight in all.
        }
        finally
        {
            foreach (var client in idle)
            {
                client.Dispose();
            }

            foreach (var publisher in publishers)
            {
                await publisher.DisposeAsync();
            }
        }

        await NobodyStaysAsync(server);

        static Task<RtmpPublisher> PublishFromAsync(IngestServer server, string address) =>
            RtmpPublisher.ConnectAsync(server.Address("k"), new RtmpPublisherOptions { From = IPAddress.Parse(address) });

        static async Task<RawRtmpClient> OpenFromAsync(IngestServer server, string address)
        {
            var client = new RawRtmpClient(server.EndPoint, IPAddress.Parse(address));
            await client.OpenAsync();
            return client;
        }

        static async Task IsRefusedAsync(IngestServer server, string address)
        {
            using var client = await OpenFromAsync(server, address);
            await client.ReadToEndAsync().WaitAsync(Patience);
        }
    }

    [Theory]
    [InlineData(1)] // Most are turned away as too many of their address.
    [InlineData(500)] // Each is heard.
    public async Task A_good_stream_goes_on_undisturbed_while_five_hundred_connections_misbehave(int addresses)
    {
        var refused = 0L;
        var faults = 0L;
        await using var server = new IngestServer();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name is "roomcast.transports.tcp.refused" or "roomcast.livestreams.ingest.faults")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
            Interlocked.Add(ref instrument.Name.EndsWith("refused", StringComparison.Ordinal) ? ref refused : ref faults, value));
        listener.Start();

        var key = server.Gate.Admit("good");
        var media = SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(4), HasReorderedFrames = true });
        await using var publisher = await RtmpPublisher.ConnectAsync(server.Address("good"));
        var publishing = publisher.PublishAsync(media, speed: 1, CancellationToken.None);
        using (var crowd = new HostileCrowd(server.EndPoint, connections: 500, addresses))
        {
            await crowd.MisbehaveAsync();
            await publishing;
            await publisher.UnpublishAsync();
            await key.Newest.Closed.WaitAsync(Patience);
        }

        // One publisher from the beginning to the end, and of what it sent each frame once, in order, one right behind the other.
        var good = Assert.Single(key.All);
        Assert.Equal(Enumerable.Range(0, media.PictureFrames).Select(i => (long)i), good.Pictures.Select(frame => frame.Number));
        Assert.Equal(Enumerable.Range(0, media.SoundFrames).Select(i => (long)i), good.Sound.Select(frame => frame.Number));
        Assert.Empty(good.Discontinuities);
        AssertGapless(good.Pictures, TimeSpan.FromSeconds(1 / 30.0));
        AssertGapless(good.Sound, TimeSpan.FromSeconds(1_024 / 44_100.0));
        Assert.Equal((0L, 0L), (good.Measurements!.DroppedFrames, good.Measurements.TimestampJumps));
        await NobodyStaysAsync(server);
        if (addresses == 1)
        {
            Assert.True(Interlocked.Read(ref refused) >= 300, $"Only {refused} connections were turned away.");
            Assert.True(Interlocked.Read(ref faults) >= 10, $"Only {faults} faults were counted.");
        }
        else
        {
            // All that broke the protocol in words: three fifths.
            Assert.Equal(0, Interlocked.Read(ref refused));
            Assert.True(Interlocked.Read(ref faults) >= 300, $"Only {faults} faults were counted.");
        }
    }

    [Theory]
    [InlineData(1)] // At the last words of a short stream, which waits for sound that never comes.
    [InlineData(5)] // In the middle.
    public async Task A_fault_of_ours_leaves_no_publisher_and_no_memory_behind(int seconds)
    {
        var outstanding = MediaBuffer.Outstanding;
        await using (var server = new IngestServer())
        {
            var key = server.Gate.Admit("k");
            await using var publisher = await RtmpPublisher.ConnectAsync(server.Address("k"));
            key.Newest.Fault = new InvalidOperationException("A fault for the test.");
            await publisher.PublishAsync(SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(seconds), Sound = null }));
            await publisher.DisposeAsync();

            Assert.Equal(IngestEndReason.ConnectionClosed, await key.Newest.Closed.WaitAsync(Patience));
            await NobodyStaysAsync(server);
            Assert.Equal(0, key.Newest.ExtraCloses);
        }

        Assert.Equal(outstanding, MediaBuffer.Outstanding);
    }

    // To within the whole milliseconds in which RTMP counts.
    private static void AssertGapless(IReadOnlyList<RecordedFrame> frames, TimeSpan step) => Assert.All(
        frames.Zip(frames.Skip(1)),
        pair => Assert.InRange(
            (pair.Second.DecodeTime.SinceStart - pair.First.DecodeTime.SinceStart - step).Duration(), TimeSpan.Zero, TimeSpan.FromMilliseconds(1.1)));

    private static Task NobodyStaysAsync(IngestServer server) => WaitForCountAsync(server, 0);

    private static async Task WaitForCountAsync(IngestServer server, int count)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (server.Ingest.ConnectionCount != count)
        {
            Assert.False(limit.IsCancellationRequested, $"{server.Ingest.ConnectionCount} connections, not {count}.");
            await Task.Delay(10, CancellationToken.None);
        }
    }
}
