using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.TestKit;
using Roomcast.Transports.Tcp;

namespace Roomcast.Transports.Tests.Tcp;

public sealed class ConnectionListenerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        var all = new List<byte>();
        var buffer = new byte[4_096];
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            while (await socket.ReceiveAsync(buffer, limit.Token) is > 0 and var count)
            {
                all.AddRange(buffer.AsSpan(0, count));
            }
        }
        catch (SocketException)
        {
            // Reset: there is no more.
        }

        return [.. all];
    }

    [Fact]
    public async Task Bytes_go_both_ways_and_are_counted()
    {
        await using var test = new TestListener(TestListener.EchoAsync);
        using var socket = await test.ConnectAsync();
        var sent = new byte[1_000_000];
        new Random(1).NextBytes(sent);
        var reading = ReadToEndAsync(socket);
        await socket.SendAsync(sent);
        socket.Shutdown(SocketShutdown.Send);

        Assert.Equal(sent, await reading);
        await test.WaitForCountAsync(0);
        Assert.Equal((1_000_000, 1_000_000), (test.Listener.BytesReceived, test.Listener.BytesSent));
    }

    [Fact]
    public async Task The_end_of_a_connection_is_told_apart()
    {
        var ends = new System.Collections.Concurrent.ConcurrentQueue<TcpEnd>();
        await using var test = new TestListener(async connection =>
        {
            while (!(await connection.ReceiveAsync()).IsEmpty)
            {
            }

            ends.Enqueue(connection.End);
        });

        (await test.ConnectAsync()).Dispose();
        await test.WaitForCountAsync(0);
        using (var reset = await test.ConnectAsync())
        {
            await test.WaitForCountAsync(1);
            reset.LingerState = new LingerOption(true, 0);
        }

        await test.WaitForCountAsync(0);
        Assert.Equal([TcpEnd.PeerClosed, TcpEnd.Broken], ends);
    }

    [Fact]
    public async Task The_bytes_counted_never_grow_fewer_and_are_all_there_in_the_end()
    {
        await using var test = new TestListener(TestListener.EchoAsync);
        using var stop = new CancellationTokenSource();
        var watching = Task.Run(() =>
        {
            var (received, sent) = (0L, 0L);
            while (!stop.IsCancellationRequested)
            {
                var now = (Received: test.Listener.BytesReceived, Sent: test.Listener.BytesSent);
                Assert.True(now.Received >= received && now.Sent >= sent, $"{now} after {(received, sent)}.");
                (received, sent) = now;
            }
        });

        for (var i = 0; i < 200; i++)
        {
            using var socket = await test.ConnectAsync();
            await socket.SendAsync(new byte[1_000]);
            socket.Shutdown(SocketShutdown.Send);
            await ReadToEndAsync(socket);
        }

        await test.WaitForCountAsync(0);
        await stop.CancelAsync();
        await watching;
        Assert.Equal((200_000, 200_000), (test.Listener.BytesReceived, test.Listener.BytesSent));
    }

    [Fact]
    public async Task An_interrupt_wakes_the_receiver_and_leaves_the_sender_free()
    {
        var started = new TaskCompletionSource<TcpConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var test = new TestListener(async connection =>
        {
            started.SetResult(connection);
            Assert.True((await connection.ReceiveAsync()).IsEmpty);
            Assert.Equal(TcpEnd.Interrupted, connection.End);
            await connection.SendAsync("bye"u8.ToArray());
            await connection.CloseAsync(TimeSpan.FromSeconds(5));
        });
        using var socket = await test.ConnectAsync();
        (await started.Task).Interrupt();
        Assert.Equal("bye", Encoding.ASCII.GetString(await ReadToEndAsync(socket)));
    }

    [Fact]
    public async Task Last_words_arrive_although_the_peer_goes_on_sending()
    {
        await using var test = new TestListener(async connection =>
        {
            await connection.ReceiveAsync();
            await connection.SendAsync("last words"u8.ToArray());
            await connection.CloseAsync(TimeSpan.FromSeconds(1));
        });
        using var socket = await test.ConnectAsync();
        using var stop = new CancellationTokenSource();
        var flooding = Task.Run(async () =>
        {
            var bytes = new byte[10_000];
            try
            {
                while (!stop.IsCancellationRequested)
                {
                    await socket.SendAsync(bytes);
                }
            }
            catch (SocketException)
            {
                // Closed by the server in the end.
            }
        });

        Assert.Equal("last words", Encoding.ASCII.GetString(await ReadToEndAsync(socket)));
        await stop.CancelAsync();
        await flooding;
    }

    [Fact]
    public async Task Time_that_runs_out_ends_a_connection_by_the_clock_alone()
    {
        var clock = new ManualClock();
        var ended = new TaskCompletionSource<TcpEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        var received = new SemaphoreSlim(0);
        await using var test = new TestListener(
            async connection =>
            {
                connection.Allow(TimeSpan.FromSeconds(10));
                while (!(await connection.ReceiveAsync()).IsEmpty)
                {
                    connection.Allow(TimeSpan.FromSeconds(20));
                    received.Release();
                }

                ended.SetResult(connection.End);
            },
            clock: clock);
        using var socket = await test.ConnectAsync();
        await test.WaitForCountAsync(1);

        clock.Advance(TimeSpan.FromSeconds(9));
        await socket.SendAsync(new byte[1]);
        while (!await received.WaitAsync(TimeSpan.FromMilliseconds(10)))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), "The byte never came.");
            clock.Advance(TimeSpan.FromMilliseconds(20)); // The next beat.
        }

        clock.Advance(TimeSpan.FromSeconds(19));
        Assert.False(ended.Task.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(TcpEnd.Overdue, await ended.Task.WaitAsync(Patience));
    }

    [Fact]
    public async Task Bytes_are_fetched_at_the_beat_and_an_idle_connection_at_every_fifth()
    {
        var clock = new ManualClock();
        var fetched = new SemaphoreSlim(0);
        await using var test = new TestListener(
            async connection =>
            {
                while (!(await connection.ReceiveAsync()).IsEmpty)
                {
                    fetched.Release();
                }
            },
            clock: clock);
        using var socket = await test.ConnectAsync();
        await test.WaitForCountAsync(1);
        await Task.Delay(50); // For the connection to wait for its first beat.

        await socket.SendAsync(new byte[1]);
        Assert.False(await fetched.WaitAsync(50));
        clock.Advance(TimeSpan.FromMilliseconds(20));
        Assert.True(await fetched.WaitAsync(Patience));

        clock.Advance(TimeSpan.FromSeconds(1)); // Fifty beats with nothing.
        await socket.SendAsync(new byte[1]);
        var beats = 0;
        while (!await fetched.WaitAsync(10))
        {
            clock.Advance(TimeSpan.FromMilliseconds(20));
            beats++;
        }

        Assert.InRange(beats, 1, 5);
    }

    [Fact]
    public async Task Who_shares_a_quota_is_counted_together_and_refusals_are_counted_by_reason()
    {
        var refusals = new List<string?>();
        var quota = new ConnectionQuota(maxConnections: 3, maxPerAddress: 2, maxUnprovenPerAddress: 1);
        await using var test = new TestListener(
            async connection =>
            {
                while (await connection.ReceiveAsync() is { IsEmpty: false } received)
                {
                    connection.Prove();
                    await connection.SendAsync(received);
                }
            },
            quota);
        await using var other = new TestListener(TestListener.EchoAsync, quota);
        using var meters = new MeterListener();
        meters.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "roomcast.transports.tcp.refused")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        meters.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            lock (refusals)
            {
                refusals.Add(tags.ToArray().First(tag => tag.Key == "reason").Value as string);
            }
        });
        meters.Start();

        using var first = await test.ConnectAsync();
        await WaitForQuotaAsync(quota, 1);
        await IsRefusedAsync(test, "127.0.0.1"); // One that has shown nothing is enough.
        await ProveAsync(first);
        using var second = await test.ConnectAsync();
        await WaitForQuotaAsync(quota, 2);
        await ProveAsync(second);
        await IsRefusedAsync(test, "127.0.0.1"); // Two of the address.
        using var third = await other.ConnectAsync("127.0.0.2");
        await WaitForQuotaAsync(quota, 3);
        await IsRefusedAsync(test, "127.0.0.3"); // Three in all.
        Assert.Equal(["TooManyUnproven", "TooManyOfAddress", "TooMany"], refusals);

        first.Dispose();
        await WaitForQuotaAsync(quota, 2);
        using var again = await test.ConnectAsync();
        await WaitForQuotaAsync(quota, 3);

        static async Task IsRefusedAsync(TestListener listener, string from)
        {
            using var socket = await listener.ConnectAsync(from);
            Assert.Empty(await ReadToEndAsync(socket));
        }

        static async Task ProveAsync(Socket socket)
        {
            await socket.SendAsync(new byte[1]);
            Assert.Equal(1, await socket.ReceiveAsync(new byte[1]));
        }

        static async Task WaitForQuotaAsync(ConnectionQuota quota, int count)
        {
            using var limit = new CancellationTokenSource(Patience);
            while (quota.Count != count)
            {
                Assert.False(limit.IsCancellationRequested, $"{quota.Count} connections, not {count}.");
                await Task.Delay(5, CancellationToken.None);
            }
        }
    }

    [Fact]
    public void An_IPv6_site_counts_as_one_address()
    {
        var quota = new ConnectionQuota(10, 1, 1);
        Assert.Equal(ConnectionRefusal.None, quota.TryEnter(IPAddress.Parse("2001:db8:1:2::1")));
        Assert.Equal(ConnectionRefusal.TooManyOfAddress, quota.TryEnter(IPAddress.Parse("2001:db8:1:2:ffff::9")));
        Assert.Equal(ConnectionRefusal.None, quota.TryEnter(IPAddress.Parse("2001:db8:1:3::1")));
        Assert.Equal(ConnectionRefusal.None, quota.TryEnter(IPAddress.Parse("192.0.2.1")));
        Assert.Equal(ConnectionRefusal.TooManyOfAddress, quota.TryEnter(IPAddress.Parse("::ffff:192.0.2.1")));
    }

    [Fact]
    public async Task A_renewed_certificate_is_used_from_the_next_handshake_on_and_the_server_name_is_told()
    {
        using var old = TestListener.MakeCertificate("old");
        using var renewed = TestListener.MakeCertificate("renewed");
        var current = old;
        var names = new List<string?>();
        await using var test = new TestListener(
            TestListener.EchoAsync,
            tls: name =>
            {
                names.Add(name);
                return new SslServerAuthenticationOptions { ServerCertificate = current };
            });

        Assert.Equal("CN=old", await SubjectAsync("first.example"));
        current = renewed;
        Assert.Equal("CN=renewed", await SubjectAsync("second.example"));
        Assert.Equal(["first.example", "second.example"], names);

        async Task<string> SubjectAsync(string name)
        {
            using var socket = await test.ConnectAsync();
            string subject = "";
            await using var stream = new SslStream(new NetworkStream(socket), leaveInnerStreamOpen: false, (_, certificate, _, _) =>
            {
                subject = certificate?.Subject ?? "";
                return certificate is not null; // Nobody vouches for it but this test.
            });
            await stream.AuthenticateAsClientAsync(name);
            await stream.WriteAsync("hello"u8.ToArray());
            var answer = new byte[5];
            await stream.ReadExactlyAsync(answer);
            Assert.Equal("hello", Encoding.ASCII.GetString(answer));
            return subject;
        }
    }

    [Fact]
    public async Task A_TLS_handshake_that_fails_or_never_comes_serves_nobody()
    {
        using var certificate = TestListener.MakeCertificate("x");
        var served = 0;
        await using var test = new TestListener(
            _ =>
            {
                served++;
                return Task.CompletedTask;
            },
            tls: _ => new SslServerAuthenticationOptions { ServerCertificate = certificate },
            tlsHandshakeTimeout: TimeSpan.FromSeconds(1));

        using var garbage = await test.ConnectAsync();
        await garbage.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        await ReadToEndAsync(garbage);
        using var silent = await test.ConnectAsync();
        Assert.Empty(await ReadToEndAsync(silent)); // After the time a handshake may take.

        await test.WaitForCountAsync(0);
        Assert.Equal(0, served);
    }

    [Fact]
    public async Task A_fault_in_one_connection_leaves_the_others_alone()
    {
        await using var test = new TestListener(async connection =>
        {
            var received = await connection.ReceiveAsync();
            if (received.Span[0] == 0)
            {
                throw new InvalidOperationException("A fault of ours.");
            }

            await connection.SendAsync(received);
            await TestListener.EchoAsync(connection);
        });
        using var good = await test.ConnectAsync();
        await good.SendAsync(new byte[] { 1 });
        await good.ReceiveAsync(new byte[1]);
        using var bad = await test.ConnectAsync();
        await bad.SendAsync(new byte[] { 0 });
        Assert.Empty(await ReadToEndAsync(bad));

        await good.SendAsync(new byte[] { 2 });
        Assert.Equal(1, await good.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public async Task Draining_waits_for_those_there_are_and_breaks_them_off_when_told()
    {
        await using var test = new TestListener(TestListener.EchoAsync);
        using var polite = await test.ConnectAsync();
        using var stubborn = await test.ConnectAsync();
        await test.WaitForCountAsync(2);

        using var giveUp = new CancellationTokenSource();
        var draining = test.Listener.DrainAsync(giveUp.Token);
        await polite.SendAsync(new byte[] { 1 });
        Assert.Equal(1, await polite.ReceiveAsync(new byte[1])); // Served to its end.
        polite.Shutdown(SocketShutdown.Send);
        Assert.Empty(await ReadToEndAsync(polite));
        Assert.False(draining.IsCompleted);

        await giveUp.CancelAsync();
        await draining.WaitAsync(Patience);
        Assert.Equal(0, test.Listener.ConnectionCount);
    }

    [Fact]
    public void An_address_that_cannot_be_used_is_named_with_its_setting()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var metrics = new TransportMetrics(services.GetRequiredService<IMeterFactory>());
        var foreign = Assert.Throws<ListenException>(() => Start(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0)));
        Assert.Equal("Cannot listen on 192.0.2.1:0 for rtmp (rtmp_port): this machine has no such address.", foreign.Message);

        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var busy = Assert.Throws<ListenException>(() => Start((IPEndPoint)taken.LocalEndPoint!));
        Assert.Equal((taken.LocalEndPoint, "rtmp_port"), (busy.Address, busy.Setting));
        Assert.EndsWith("another process listens there already.", busy.Message, StringComparison.Ordinal);

        void Start(IPEndPoint address) => ConnectionListener.Start(
            new ListenOptions { Address = address, Setting = "rtmp_port", Protocol = "rtmp" },
            static _ => Task.CompletedTask,
            new ConnectionQuota(1, 1, 1),
            TimeProvider.System,
            metrics,
            NullLogger.Instance);
    }
}
