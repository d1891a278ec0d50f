using System.Buffers.Binary;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Roomcast.Rtc;
using Roomcast.TestKit;
using Roomcast.Transports.Rtc;
using static Roomcast.Transports.Tests.Rtc.TestRtcHost;

namespace Roomcast.Transports.Tests.Rtc;

public sealed class RtcTcpTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static RtcHostOptions One => new() { Threads = 1 };

    [Fact]
    public async Task Frames_come_and_go_however_the_network_cuts_them()
    {
        await using var test = new TestRtcHost(One);
        test.Worker.AddUfrag("abcd");
        var check = Frame(Check("abcd"));
        for (var cut = 1; cut < check.Length; cut++)
        {
            using var each = await ConnectAsync(test);
            await SendCutAsync(test, each, check, cut);
            Assert.Equal(check, await ReadFramesAsync(each, 1));
        }

        using var client = await ConnectAsync(test);
        byte[] sent = [.. check, 0, 0, .. Frame(Packet(30, 1)), 0, 0, .. Frame(Packet(3, 2))];
        byte[] expected = [.. check, .. Frame(Packet(30, 1)), .. Frame(Packet(3, 2))];
        await SendCutAsync(test, client, check, cut: 1);
        await ReadFramesAsync(client, 1);
        for (var cut = 1; cut < sent.Length; cut++)
        {
            await SendCutAsync(test, client, sent, cut);
            Assert.Equal(expected, await ReadFramesAsync(client, 3));
        }

        foreach (var one in sent)
        {
            client.Send([one]);
        }

        Assert.Equal(expected, await ReadFramesAsync(client, 3));
    }

    [Fact]
    public async Task Large_traffic_arrives_whole_and_in_order()
    {
        await using var test = new TestRtcHost(One);
        test.Worker.AddUfrag("abcd");
        using var client = await ConnectAsync(test);
        client.Send(Frame(Check("abcd")));
        await ReadFramesAsync(client, 1);

        for (var round = 0; round < 20; round++)
        {
            var sent = Enumerable.Range(0, 50).SelectMany(i => Frame(Packet(2 + (i * 37 % (RtcWorker.MaxDatagramLength - 1)), (byte)i))).ToArray();
            client.Send(sent);
            Assert.Equal(sent, await ReadFramesAsync(client, 50));
        }
    }

    public static TheoryData<string, byte[]> NoChecks => new()
    {
        { nameof(RtcTcpEnd.NoCheck), Frame(Packet(100)) },
        { nameof(RtcTcpEnd.NoCheck), Frame(Check("nobody")) },
        { nameof(RtcTcpEnd.NoCheck), Frame(Check("abcd")[..23]) },
        { nameof(RtcTcpEnd.BadFraming), "GET / HTTP/1.1\r\n\r\n"u8.ToArray() },
        { nameof(RtcTcpEnd.BadFraming), [.. Frame(Check("abcd")), 0xFF, 0xFF] },
        { nameof(RtcTcpEnd.BadFraming), [.. Frame(Check("abcd")), .. Frame(new byte[RtcWorker.MaxDatagramLength + 1])] },
    };

    [Theory]
    [MemberData(nameof(NoChecks))]
    public async Task A_connection_that_begins_with_anything_but_a_known_check_is_closed(string reason, byte[] sent)
    {
        await using var test = new TestRtcHost(One);
        test.Worker.AddUfrag("abcd");
        var ended = new List<string>();
        using var listener = Listen(test, "roomcast.transports.rtc.tcp.ended", ended);
        using var client = await ConnectAsync(test);

        client.Send(sent);

        await ReadToEndAsync(client);
        await UntilAsync(() => test.Host.Tcp.ConnectionCount == 0 && Count() > 0);
        lock (ended)
        {
            Assert.Equal([reason], ended);
        }

        // Counted a moment after the connection is no longer held.
        int Count()
        {
            lock (ended)
            {
                return ended.Count;
            }
        }
    }

    [Fact]
    public async Task A_connection_on_which_no_check_passes_in_time_is_closed()
    {
        var clock = new ManualClock();
        await using var test = new TestRtcHost(One, clock: clock, engines: worker => new DeafEngine());
        test.Worker.AddUfrag("abcd");
        using var silent = await ConnectAsync(test);
        using var forged = await ConnectAsync(test);
        forged.Send(Frame(Check("abcd")));
        await UntilAsync(() => test.Host.Tcp.ConnectionCount == 2 && test.Worker.Counters.Handled == 1);

        clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(2, test.Host.Tcp.ConnectionCount);
        clock.Advance(TimeSpan.FromSeconds(2));

        await UntilAsync(() => test.Host.Tcp.ConnectionCount == 0);
        await ReadToEndAsync(silent);
        await ReadToEndAsync(forged);
    }

    [Fact]
    public async Task A_connection_that_sends_on_without_a_check_that_passes_is_closed()
    {
        await using var test = new TestRtcHost(One, engines: worker => new DeafEngine());
        test.Worker.AddUfrag("abcd");
        using var client = await ConnectAsync(test);

        for (var i = 0; i < 65; i++)
        {
            client.Send(Frame(Check("abcd")));
        }

        await ReadToEndAsync(client);
        Assert.True(test.Worker.Counters.Handled <= 64);
    }

    [Fact]
    public async Task Connections_are_limited_for_each_address_and_counted()
    {
        var options = One;
        options.MaxUnprovenTcpPerAddress = 2;
        options.MaxTcpConnectionsPerAddress = 3;
        await using var test = new TestRtcHost(options);
        test.Worker.AddUfrag("abcd");
        var refused = new List<string>();
        using var listener = Listen(test, "roomcast.transports.rtc.tcp.refused", refused);
        var taken = new List<Socket>();
        for (var i = 0; i < 2; i++)
        {
            taken.Add(await ConnectAsync(test));
        }

        using (var third = await ConnectAsync(test))
        {
            await ReadToEndAsync(third);
        }

        foreach (var client in taken)
        {
            client.Send(Frame(Check("abcd")));
            await ReadFramesAsync(client, 1);
        }

        taken.Add(await ConnectAsync(test));
        using (var fourth = await ConnectAsync(test))
        {
            await ReadToEndAsync(fourth);
        }

        await UntilAsync(() => refused.Count == 2);
        Assert.Equal(["TooManyUnproven", "TooManyOfAddress"], refused);
        foreach (var client in taken)
        {
            client.Dispose();
        }

        await UntilAsync(() => test.Host.Tcp.ConnectionCount == 0);
    }

    [Fact]
    public async Task A_peer_that_reads_nothing_loses_the_newest_and_is_disconnected()
    {
        var clock = new ManualClock();
        EchoEngine? engine = null;
        var options = One;
        options.TcpSendBytes = 16 << 10;
        await using var test = new TestRtcHost(options, clock: clock, engines: worker => engine = new EchoEngine(worker));
        test.Worker.AddUfrag("abcd");
        using var client = await ConnectAsync(test, receiveBuffer: 4 << 10);
        client.Send(Frame(Check("abcd")));
        await ReadFramesAsync(client, 1);
        var path = RtcAddress.From(IPAddress.Loopback, ((IPEndPoint)client.LocalEndPoint!).Port, RtcProtocol.Tcp);

        while (test.Worker.Counters.TcpUnsendable < 100)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            test.Worker.TryPost(_ =>
            {
                for (var i = 0; i < 50; i++)
                {
                    test.Worker.Sink.Reserve(1000);
                    test.Worker.Sink.Commit(1000, path);
                }

                done.SetResult();
            });
            await done.Task;
        }

        clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(1, test.Host.Tcp.ConnectionCount);
        clock.Advance(TimeSpan.FromSeconds(2));

        await UntilAsync(() => engine!.ClosedCount == 1);
        Assert.Equal(0, test.Host.Tcp.ConnectionCount);
        Assert.Null(test.Host.Directory.FindPath(path));
    }

    [Fact]
    public async Task A_removed_path_is_closed_behind_the_last_word()
    {
        EchoEngine? engine = null;
        await using var test = new TestRtcHost(One, engines: worker => engine = new EchoEngine(worker));
        test.Worker.AddUfrag("abcd");
        using var client = await ConnectAsync(test);
        client.Send(Frame(Check("abcd")));
        await ReadFramesAsync(client, 1);
        var path = RtcAddress.From(IPAddress.Loopback, ((IPEndPoint)client.LocalEndPoint!).Port, RtcProtocol.Tcp);

        test.Worker.TryPost(_ =>
        {
            Packet(500, 5).CopyTo(test.Worker.Sink.Reserve(500));
            test.Worker.Sink.Commit(500, path);
            test.Worker.RemovePath(path);
        });

        Assert.Equal(Frame(Packet(500, 5)), await ReadToEndAsync(client));
        await UntilAsync(() => test.Host.Tcp.ConnectionCount == 0);

        // The engine has taken it back itself, so it is not told.
        Assert.Equal(0, engine!.ClosedCount);
    }

    [Fact]
    public async Task The_engine_is_told_when_the_peer_closes()
    {
        EchoEngine? engine = null;
        await using var test = new TestRtcHost(One, engines: worker => engine = new EchoEngine(worker));
        test.Worker.AddUfrag("abcd");
        using var client = await ConnectAsync(test);
        client.Send(Frame(Check("abcd")));
        await ReadFramesAsync(client, 1);
        var path = RtcAddress.From(IPAddress.Loopback, ((IPEndPoint)client.LocalEndPoint!).Port, RtcProtocol.Tcp);

        client.Dispose();

        await UntilAsync(() => engine!.ClosedCount == 1);
        Assert.False(test.Worker.AddPath(path));
        test.Worker.TryPost(_ =>
        {
            test.Worker.Sink.Reserve(10);
            test.Worker.Sink.Commit(10, path);
        });
        await UntilAsync(() => test.Worker.Counters.TcpUnsendable == 1);
    }

    [Fact]
    public async Task Each_connection_is_served_by_the_worker_that_owns_its_ufrag()
    {
        await using var test = new TestRtcHost(new RtcHostOptions { Threads = 3 });
        for (var i = 0; i < 3; i++)
        {
            test.Host.Workers[i].AddUfrag($"worker{i}");
        }

        for (var i = 0; i < 3; i++)
        {
            using var client = await ConnectAsync(test);
            client.Send(Frame(Check($"worker{i}")));
            await ReadFramesAsync(client, 1);
            client.Send(Frame(Packet(100)));
            await ReadFramesAsync(client, 1);
            Assert.Equal(2, test.Host.Workers[i].Counters.Handled);
        }
    }

    private static byte[] Frame(byte[] datagram)
    {
        var frame = new byte[2 + datagram.Length];
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)datagram.Length);
        datagram.CopyTo(frame, 2);
        return frame;
    }

    /// <summary>Sends in two parts, the second when the first has been taken in; else they would travel as one.</summary>
    private static async Task SendCutAsync(TestRtcHost test, Socket client, byte[] bytes, int cut)
    {
        var before = test.Host.Tcp.BytesReceived;
        client.Send(bytes.AsSpan(0, cut));
        await UntilAsync(() => test.Host.Tcp.BytesReceived == before + cut);
        client.Send(bytes.AsSpan(cut));
    }

    private static async Task<Socket> ConnectAsync(TestRtcHost test, int? receiveBuffer = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer is { } bytes)
        {
            socket.ReceiveBufferSize = bytes;
        }

        await socket.ConnectAsync(test.EndPoint);
        return socket;
    }

    private static async Task<byte[]> ReadFramesAsync(Socket socket, int count)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var stream = new NetworkStream(socket, ownsSocket: false);
        var all = new List<byte>();
        for (var i = 0; i < count; i++)
        {
            var header = new byte[2];
            await stream.ReadExactlyAsync(header, limit.Token);
            var body = new byte[BinaryPrimitives.ReadUInt16BigEndian(header)];
            await stream.ReadExactlyAsync(body, limit.Token);
            all.AddRange(header);
            all.AddRange(body);
        }

        return [.. all];
    }

    private static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(Patience);
        var all = new List<byte>();
        var buffer = new byte[4096];
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

    private static MeterListener Listen(TestRtcHost test, string instrument, List<string> reasons)
    {
        var listener = new MeterListener();
        listener.InstrumentPublished = (published, self) =>
        {
            if (published.Name == instrument && published.Meter.Scope == test.Meters)
            {
                self.EnableMeasurementEvents(published);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            lock (reasons)
            {
                reasons.Add((string)tags[0].Value!);
            }
        });
        listener.Start();
        return listener;
    }

    private sealed class DeafEngine : EngineOfOne
    {
        public override void Handle(Span<byte> datagram, in RtcAddress from, TimeSpan now)
        {
        }
    }
}
