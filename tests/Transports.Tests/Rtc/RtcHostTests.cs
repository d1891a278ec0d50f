using System.Net;
using System.Net.Sockets;
using Roomcast.Rtc;
using Roomcast.Transports.Rtc;
using static Roomcast.Transports.Tests.Rtc.TestRtcHost;

namespace Roomcast.Transports.Tests.Rtc;

/// <summary>What the host does over UDP, in each of its two forms.</summary>
public abstract class RtcHostTests(UdpForm form)
{
    private RtcHostOptions One => new() { Udp = form, Threads = 1 };

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("::", "::1")]
    [InlineData("::", "127.0.0.1")]
    [InlineData("0.0.0.0", "127.0.0.1")]
    public async Task A_check_for_a_known_ufrag_opens_the_way_for_what_follows(string bound, string from)
    {
        await using var test = new TestRtcHost(One, IPAddress.Parse(bound));
        test.Worker.AddUfrag("abcd");
        using var client = test.Client(IPAddress.Parse(from));

        Assert.Equal(Check("abcd"), await ExchangeAsync(client, Check("abcd")));
        Assert.Equal(Packet(1200, 7), await ExchangeAsync(client, Packet(1200, 7)));
        Assert.Equal(2, test.Worker.Counters.Handled);
    }

    [Fact]
    public async Task What_strangers_send_reaches_no_engine_and_is_counted()
    {
        await using var test = new TestRtcHost(One);
        test.Worker.AddUfrag("abcd");
        using var stranger = test.Client();
        byte[] dtls = [22, 254, 253, .. new byte[40]];
        byte[] answer = [1, 1, .. Check("abcd").AsSpan(2)];
        byte[][] unknown = [Packet(200), dtls, [0xFF, 0xFF], [1], answer, Check("abcd")[..23]];

        foreach (var datagram in unknown)
        {
            stranger.Send(datagram);
        }

        stranger.Send(Check("efgh"));
        stranger.Send(Check("abc"));
        stranger.Send(Check(new string('x', 400)));

        var counters = test.Worker.Counters;
        await UntilAsync(() => counters.UnknownSender == unknown.Length && counters.UnknownUfrag == 3);
        Assert.Equal(0, counters.Handled);

        // Nobody is shut out by that.
        Assert.Equal(Check("abcd"), await ExchangeAsync(stranger, Check("abcd")));
    }

    [Fact]
    public async Task A_path_is_over_when_it_is_removed_and_a_ufrag_too()
    {
        await using var test = new TestRtcHost(One);
        test.Worker.AddUfrag("abcd");
        using var client = test.Client();
        await ExchangeAsync(client, Check("abcd"));

        test.Worker.RemovePath(RtcAddress.From(IPAddress.Loopback, ((IPEndPoint)client.LocalEndPoint!).Port));
        client.Send(Packet(100));
        await UntilAsync(() => test.Worker.Counters.UnknownSender == 1);

        test.Worker.RemoveUfrag("abcd");
        client.Send(Check("abcd"));
        await UntilAsync(() => test.Worker.Counters.UnknownUfrag == 1);
        Assert.Equal(1, test.Worker.Counters.Handled);
    }

    [Fact]
    public async Task Checks_of_a_stranger_are_limited_but_not_those_of_a_known_path()
    {
        var options = One;
        options.ChecksPerAddress = 10;
        await using var test = new TestRtcHost(options, clock: new TestKit.ManualClock());
        test.Worker.AddUfrag("abcd");
        using var known = test.Client();
        await ExchangeAsync(known, Check("abcd"));

        using var stranger = test.Client();
        for (var i = 0; i < 50; i++)
        {
            stranger.Send(Check("nobody"));
        }

        var counters = test.Worker.Counters;
        await UntilAsync(() => counters.UnknownUfrag + counters.TooManyChecks == 50);
        Assert.Equal(9, counters.UnknownUfrag);
        for (var i = 0; i < 20; i++)
        {
            await ExchangeAsync(known, Check("abcd"));
        }
    }

    [Fact]
    public async Task A_flood_of_garbage_is_counted_and_the_known_peer_is_served_through_it()
    {
        await using var test = new TestRtcHost(One);
        test.Worker.AddUfrag("abcd");
        using var peer = test.Client();
        await ExchangeAsync(peer, Check("abcd"));
        using var stop = new CancellationTokenSource();

        // A thread of its own: it would keep one of the pool's, of which there may be two, from all other tests.
        var flood = Task.Factory.StartNew(Flood, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        for (byte i = 0; i < 100; i++)
        {
            Assert.Equal(Packet(500, i), await ExchangeAsync(peer, Packet(500, i)));
        }

        await stop.CancelAsync();
        Assert.True(await flood > 0);
        Assert.Equal(101, test.Worker.Counters.Handled);
        Assert.True(test.Worker.Counters.UnknownSender > 0);
        Assert.Equal(0, test.Worker.Counters.Faults);

        long Flood()
        {
            // So many wait at most as the least a system gives a socket holds; what it drops itself tells nothing, and might be the peer's.
            const int Waiting = 50;
            var random = new Random(1);
            using var stranger = test.Client();
            var sent = 0L;
            while (!stop.IsCancellationRequested)
            {
                var datagram = new byte[random.Next(0, 1500)];
                random.NextBytes(datagram);
                stranger.Send(datagram);
                sent++;
                SpinWait.SpinUntil(() => sent - test.Worker.UdpCounters!.Received < Waiting || stop.IsCancellationRequested);
            }

            return sent;
        }
    }

    [Fact]
    public async Task Datagrams_of_no_bytes_and_too_long_ones_are_dropped_and_counted()
    {
        await using var test = new TestRtcHost(One);
        test.Worker.AddUfrag("abcd");
        using var client = test.Client();
        await ExchangeAsync(client, Check("abcd"));

        client.Send(Array.Empty<byte>());
        client.Send(Packet(RtcWorker.MaxDatagramLength + 1));
        client.Send(Packet(9000));

        await UntilAsync(() => test.Worker.UdpCounters!.BadLength == 3);
        Assert.Equal(Packet(RtcWorker.MaxDatagramLength, 3), await ExchangeAsync(client, Packet(RtcWorker.MaxDatagramLength, 3)));
        Assert.Equal(2, test.Worker.Counters.Handled);
    }

    [Fact]
    public async Task A_datagram_at_another_workers_socket_is_handed_to_the_owner()
    {
        await using var test = new TestRtcHost(new RtcHostOptions { Udp = form, Threads = 4 });
        test.Host.Workers[2].AddUfrag("abcd");

        // Which socket a client comes in at is the system's choice, by a hash of its port.
        for (var i = 0; i < 24; i++)
        {
            using var client = test.Client();
            await ExchangeAsync(client, Check("abcd"));
            Assert.Equal(Packet(900, (byte)i), await ExchangeAsync(client, Packet(900, (byte)i)));
        }

        Assert.Equal([0, 0, 48, 0], test.Host.Workers.Select(worker => worker.Counters.Handled));
        var handedOver = test.Host.Workers.Sum(worker => worker.Counters.HandedOver);
        Assert.InRange(handedOver, 2, 48);
        Assert.Equal(0, test.Host.Workers[2].Counters.HandedOver);
    }

    [Fact]
    public async Task Hand_overs_to_a_worker_that_is_busy_are_bounded_dropped_and_counted()
    {
        await using var test = new TestRtcHost(new RtcHostOptions { Udp = form, Threads = 2, MaxHandedOver = 8 });
        using var mayGoOn = new ManualResetEventSlim();
        test.Host.Workers[1].AddUfrag("abcd");
        var clients = Enumerable.Range(0, 32).Select(_ => test.Client()).ToList();
        foreach (var client in clients)
        {
            await ExchangeAsync(client, Check("abcd"));
        }

        using var isBusy = new ManualResetEventSlim();
        test.Host.Workers[1].TryPost(_ =>
        {
            isBusy.Set();
            mayGoOn.Wait();
        });
        isBusy.Wait();
        var before = test.Host.Workers[0].Counters.HandedOver;
        foreach (var client in clients)
        {
            for (var i = 0; i < 20; i++)
            {
                client.Send(Packet(100));
            }
        }

        await UntilAsync(() => test.Host.Workers[1].HandOversDropped > 0);
        await UntilAsync(() => test.Host.Workers[0].Counters.HandedOver - before == test.Host.Workers[1].HandOversDropped + 8);
        mayGoOn.Set();
        foreach (var client in clients)
        {
            client.Dispose();
        }
    }

    [Fact]
    public async Task Posted_work_is_done_on_the_workers_thread_in_order_with_the_hosts_time()
    {
        await using var test = new TestRtcHost(One);
        var order = new List<int>();
        var done = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        var wasElsewhere = 0;
        var before = test.Host.Now;
        for (var i = 0; i < 500; i++)
        {
            var number = i;
            Assert.True(test.Worker.TryPost(_ =>
            {
                order.Add(number);
                wasElsewhere += test.Worker.IsCurrentThread ? 0 : 1;
            }));
        }

        Assert.True(test.Worker.TryPost(done.SetResult));
        var at = await done.Task;

        Assert.Equal(Enumerable.Range(0, 500), order);
        Assert.Equal(0, wasElsewhere);
        Assert.False(test.Worker.IsCurrentThread);
        Assert.InRange(at, before, test.Host.Now);
    }

    [Fact]
    public async Task Posted_work_is_bounded_and_refused_after_the_end_but_done_before_it()
    {
        var options = One;
        options.MaxPosted = 3;
        var test = new TestRtcHost(options);
        using var isBusy = new ManualResetEventSlim();
        using var mayGoOn = new ManualResetEventSlim();
        var done = 0;
        test.Worker.TryPost(_ =>
        {
            isBusy.Set();
            mayGoOn.Wait();
        });
        isBusy.Wait();

        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => test.Worker.TryPost(_ => done++)).ToList());
        mayGoOn.Set();
        await test.DisposeAsync();

        Assert.Equal(3, done);
        Assert.False(test.Worker.TryPost(_ => done++));
    }

    [Fact]
    public async Task Deadlines_are_kept_without_traffic()
    {
        TimedEngine? engine = null;
        await using var test = new TestRtcHost(One, engines: worker => engine = new TimedEngine(TimeSpan.FromMilliseconds(5), 20));

        await UntilAsync(() => engine!.Fired.Count == 20);

        Assert.All(engine!.Fired, fired => Assert.True(fired.At >= fired.Due));
        Assert.Null(engine.NextDeadline);
    }

    [Fact]
    public async Task A_deadline_that_posted_work_brings_forward_is_kept()
    {
        TimedEngine? engine = null;
        await using var test = new TestRtcHost(One, engines: worker => engine = new TimedEngine(TimeSpan.FromHours(1), 1));

        test.Worker.TryPost(now => engine!.NextDeadline = now + TimeSpan.FromMilliseconds(1));

        await UntilAsync(() => engine!.Fired.Count == 1);
    }

    [Fact]
    public async Task Deadlines_before_and_behind_all_times_do_no_harm()
    {
        TimedEngine? engine = null;
        await using var test = new TestRtcHost(One, engines: worker => engine = new TimedEngine(TimeSpan.MaxValue, 1));
        test.Worker.TryPost(_ => engine!.NextDeadline = TimeSpan.MinValue);

        await UntilAsync(() => engine!.Fired.Count == 1);
    }

    [Fact]
    public async Task A_fault_of_the_engine_is_counted_and_the_worker_goes_on()
    {
        await using var test = new TestRtcHost(One, engines: worker => new FaultyEngine(worker));
        test.Worker.AddUfrag("abcd");
        using var client = test.Client();
        await ExchangeAsync(client, Check("abcd"));

        client.Send(Packet(100, mark: FaultyEngine.Mark));
        test.Worker.TryPost(_ => throw new InvalidOperationException("posted"));

        Assert.Equal(Packet(100, 1), await ExchangeAsync(client, Packet(100, 1)));
        await UntilAsync(() => test.Worker.Counters.Faults == 2);
    }

    [Fact]
    public async Task A_burst_to_many_peers_arrives_whole_and_in_order()
    {
        await using var test = new TestRtcHost(One);
        var clients = Enumerable.Range(0, 8).Select(_ => test.Client()).ToList();
        var to = clients.Select(client => RtcAddress.From(IPAddress.Loopback, ((IPEndPoint)client.LocalEndPoint!).Port)).ToList();
        const int each = 100;
        var random = new Random(4);
        var lengths = Enumerable.Range(0, each).Select(i => i % 7 < 5 ? 1100 : random.Next(20, 1400)).ToList();

        test.Worker.TryPost(_ =>
        {
            for (var i = 0; i < each; i++)
            {
                for (var peer = 0; peer < to.Count; peer++)
                {
                    Write(test.Worker.Sink, Packet(lengths[i], (byte)(i ^ peer)), to[peer]);
                }
            }
        });

        for (var peer = 0; peer < clients.Count; peer++)
        {
            for (var i = 0; i < each; i++)
            {
                Assert.Equal(Packet(lengths[i], (byte)(i ^ peer)), await ReceiveAsync(clients[peer]));
            }

            clients[peer].Dispose();
        }

        Assert.Equal(8 * each, test.Worker.UdpCounters!.Sent);
        Assert.Equal(8 * lengths.Sum(), test.Worker.UdpCounters.SentBytes);
    }

    [Fact]
    public async Task What_cannot_be_sent_does_not_hold_up_the_rest()
    {
        await using var test = new TestRtcHost(One);
        using var client = test.Client();
        var to = RtcAddress.From(IPAddress.Loopback, ((IPEndPoint)client.LocalEndPoint!).Port);
        test.Worker.TryPost(_ =>
        {
            Write(test.Worker.Sink, Packet(100, 1), to);
            Write(test.Worker.Sink, Packet(100, 2), RtcAddress.From(IPAddress.Parse("2001:db8::1"), 5000));
            Write(test.Worker.Sink, Packet(100, 3), RtcAddress.From(IPAddress.Loopback, 0));
            Write(test.Worker.Sink, Packet(100, 4), RtcAddress.From(IPAddress.Loopback, 0));
            Write(test.Worker.Sink, Packet(100, 5), to);
        });

        Assert.Equal(Packet(100, 1), await ReceiveAsync(client));
        Assert.Equal(Packet(100, 5), await ReceiveAsync(client));
        await UntilAsync(() => test.Worker.UdpCounters!.Unsendable == 3);
    }

    [Fact]
    public async Task Nothing_is_allocated_for_a_packet()
    {
        const int warm = 3000;
        const int all = 9000;
        AllocationProbe? probe = null;
        await using var test = new TestRtcHost(One, engines: worker => probe = new AllocationProbe(worker, warm, all));
        test.Worker.AddUfrag("abcd");
        using var client = test.Client();
        await ExchangeAsync(client, Check("abcd"));

        // Some wait for an answer each, others go in bursts, so that waits and batches both are in it.
        for (var i = 0; probe!.Count < all; i++)
        {
            for (var burst = 0; burst <= i % 12; burst++)
            {
                client.Send(Packet(300 + (i % 700)));
            }

            for (var burst = 0; burst <= i % 12; burst++)
            {
                await ReceiveAsync(client);
            }
        }

        Assert.Equal(0, probe.Allocated);
    }

    private static void Write(IDatagramSink sink, byte[] datagram, RtcAddress to)
    {
        datagram.CopyTo(sink.Reserve(datagram.Length));
        sink.Commit(datagram.Length, to);
    }

    private sealed class FaultyEngine(RtcWorker worker) : EngineOfOne
    {
        public const byte Mark = 99;

        private readonly EchoEngine _echo = new(worker);

        public override void Handle(Span<byte> datagram, in RtcAddress from, TimeSpan now)
        {
            if (datagram[^1] == Mark)
            {
                throw new InvalidOperationException("a fault");
            }

            _echo.Handle(datagram, from, now);
        }
    }

    private sealed class TimedEngine(TimeSpan interval, int times) : EngineOfOne
    {
        public override void Handle(Span<byte> datagram, in RtcAddress from, TimeSpan now)
        {
        }

        private readonly List<(TimeSpan Due, TimeSpan At)> _fired = [];

        public IReadOnlyList<(TimeSpan Due, TimeSpan At)> Fired
        {
            get
            {
                lock (_fired)
                {
                    return [.. _fired];
                }
            }
        }

        public override TimeSpan? NextDeadline { get; set; } = interval;

        public override void HandleDeadline(TimeSpan now)
        {
            lock (_fired)
            {
                _fired.Add((NextDeadline!.Value, now));
                NextDeadline = _fired.Count < times ? now + interval : null;
            }
        }
    }

    /// <summary>Echoes, and sees what its thread has allocated between two packets.</summary>
    private sealed class AllocationProbe(RtcWorker worker, int warm, int all) : EngineOfOne
    {
        private readonly EchoEngine _echo = new(worker);
        private long _before;
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public long Allocated { get; private set; } = -1;

        public override void Handle(Span<byte> datagram, in RtcAddress from, TimeSpan now)
        {
            if (_count == warm)
            {
                _before = GC.GetAllocatedBytesForCurrentThread();
            }

            if (_count == all - 1)
            {
                Allocated = GC.GetAllocatedBytesForCurrentThread() - _before;
            }

            _echo.Handle(datagram, from, now);
            Volatile.Write(ref _count, _count + 1);
        }
    }
}

public sealed class PortableRtcHostTests() : RtcHostTests(UdpForm.Portable);

public sealed class BatchedRtcHostTests() : RtcHostTests(UdpForm.Batched);
