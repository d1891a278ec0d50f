using System.Globalization;
using Roomcast.Transports.Rtc;

namespace Roomcast.Bench.Sfu;

/// <summary>Measures what forwarding costs: packets per CPU second, memory for each peer, and how long joining takes.</summary>
internal static class SfuBench
{
    private const int GoalPerCpuSecond = 300_000;
    private const int GoalIdleKib = 200;
    private const int EstimatedRate = 45_000;
    private static uint s_lastSsrc = 1_000;
    private static bool s_takesRuns;

    public static async Task<int> RunAsync(BenchOptions options)
    {
        s_takesRuns = !options.Cut;
        Describe(options);
        if (options.Only is null or "fanout")
        {
            foreach (var receivers in options.Receivers is { } only ? [only] : (int[])[16, 100])
            {
                await FanOutAsync(receivers, options);
            }

            if (options is { Estimate: false, Receivers: null, Form: null })
            {
                // What browsers do, and what costs most. Once and at a lower rate, as its small pictures take so many more peers.
                var estimated = options with
                {
                    Estimate = true, Form = UdpForm.Batched, Rounds = 1, Rate = Math.Min(options.Rate, EstimatedRate),
                };
                Console.WriteLine();
                Describe(estimated);
                await FanOutAsync(100, estimated);
            }
        }

        if (options.Only is null or "memory")
        {
            await MemoryAsync(options);
        }

        if (options.Only is null or "join")
        {
            await JoinAsync();
        }

        return 0;
    }

    private static void Describe(BenchOptions options)
    {
        var (frames, packets) = Shape(options);
        Print($"VP8 of {frames} frames/s, {packets} packets of 1,100 bytes each; every receiver {(options.Estimate ? "reports on packets each 100 ms" : "reports each second")} and asks again for one packet in a hundred. {options.WarmUp.TotalSeconds:0} s warm-up, {options.Measured.TotalSeconds:0} s measured.");
    }

    private static async Task FanOutAsync(int receivers, BenchOptions options)
    {
        var (frames, packets) = Shape(options);
        var rooms = Math.Max(1, options.Rate / (frames * packets * receivers));
        Console.WriteLine();
        Print($"1 to {receivers}, {rooms} rooms:");
        var results = new List<(UdpForm Form, double PerCpuSecond)>();
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var form in options.Form is { } only ? [only] : (UdpForm[])[UdpForm.Portable, UdpForm.Batched])
            {
                results.Add((form, await MeasureFanOutAsync(form, receivers, rooms, options)));
            }
        }

        if (options.Form is UdpForm.Portable)
        {
            return;
        }

        var batched = results.Where(static result => result.Form is UdpForm.Batched).Average(static result => result.PerCpuSecond);
        if (options.Form is null)
        {
            var portable = results.Where(static result => result.Form is UdpForm.Portable).Average(static result => result.PerCpuSecond);
            Print($"  batched / portable {batched / portable:0.00}.");
        }

        Print($"  Goal: {GoalPerCpuSecond:N0} packets per CPU second batched. {(batched >= GoalPerCpuSecond ? "Met." : "Not met.")}");
    }

    private static async Task<double> MeasureFanOutAsync(UdpForm form, int receivers, int rooms, BenchOptions options)
    {
        await using var server = ServerProcess.Start(form);
        using var crowd = new Crowd();
        var bots = new List<Bot>();
        for (var room = 0; room < rooms; room++)
        {
            var name = $"room{room}";
            var (publisher, producer) = await PublishAsync(server, crowd, name, "publisher");
            bots.AddRange(await Task.WhenAll(Enumerable.Range(0, receivers).Select(i => ReceiveAsync(server, crowd, name, $"receiver{i}", producer, options.Estimate))));
            var (frames, packets) = Shape(options);
            var offset = TimeSpan.FromSeconds(1.0 / frames * room / rooms);
            await crowd.PostAsync(now => publisher.Send(TimeSpan.FromSeconds(1.0 / frames), packets, now + offset));
        }

        await Task.WhenAll(bots.Select(static bot => bot.FirstMedia.Task)).WaitAsync(TimeSpan.FromSeconds(60));
        await Task.Delay(options.WarmUp);
        var before = (Figures: await server.AskAsync(new Signal(0, "figures")), server.Cost, Arrived: await crowd.SumAsync(static bot => bot.PacketsReceived), At: crowd.Now);
        await Task.Delay(options.Measured);
        var after = (Figures: await server.AskAsync(new Signal(0, "figures")), server.Cost, Arrived: await crowd.SumAsync(static bot => bot.PacketsReceived), At: crowd.Now);

        var sent = after.Figures.Sent - before.Figures.Sent;
        var cpu = after.Cost.CpuSeconds - before.Cost.CpuSeconds;
        var wall = (after.At - before.At).TotalSeconds;
        var received = after.Figures.Received - before.Figures.Received;
        var forged = await crowd.SumAsync(static bot => bot.Counters.Forged + bot.Counters.Malformed);
        Print($"  {form,-8} {sent / cpu,9:N0} packets per CPU second  ({sent / wall,7:N0}/s sent, {received / wall,6:N0}/s received, {(double)sent / (after.Figures.Calls - before.Figures.Calls):0.0} per system call, {(after.Arrived - before.Arrived) / (double)sent:0%} arrived, {(after.Figures.Allocated - before.Figures.Allocated) / (double)sent:0.00} bytes allocated each, {after.Figures.Dropped - before.Figures.Dropped} dropped, {forged} wrong, {cpu / wall:0%} of a core)");
        return sent / cpu;
    }

    private static async Task MemoryAsync(BenchOptions options)
    {
        const int idlePeers = 200;
        const int roomSize = 4;
        const int activeRooms = 20;
        await using var server = ServerProcess.Start(UdpForm.Batched);
        using var crowd = new Crowd();
        for (var i = 0; i < 20; i++)
        {
            await IdleAsync(server, crowd, "warm", $"peer{i}");
        }

        var empty = await ResidentAsync(server);
        await Task.WhenAll(Enumerable.Range(0, idlePeers).Select(i => IdleAsync(server, crowd, $"idle{i % 20}", $"peer{i}")));
        var idle = await ResidentAsync(server);
        for (var room = 0; room < activeRooms; room++)
        {
            var name = $"active{room}";
            var publishers = await Task.WhenAll(Enumerable.Range(0, roomSize).Select(i => PublishAsync(server, crowd, name, $"peer{i}")));
            for (var i = 0; i < roomSize; i++)
            {
                await ReceiveAsync(server, crowd, name, $"peer{i}", [.. publishers.Where((_, other) => other != i).Select(static publisher => publisher.Producer)]);
            }

            await crowd.PostAsync(now =>
            {
                foreach (var (bot, _) in publishers)
                {
                    bot.Send(TimeSpan.FromMilliseconds(100), 4, now);
                }
            });
        }

        await Task.Delay(options.WarmUp + TimeSpan.FromSeconds(15));
        var active = await ResidentAsync(server);
        Console.WriteLine();
        var idleKib = (idle - empty) / 1_024.0 / idlePeers;
        Print($"Memory: {empty / 1e6:0} MB with 20 peers; {idleKib:0} KiB for each idle peer (two transports, no track); {(active - idle) / 1_024.0 / (activeRooms * roomSize):0} KiB for each active one (sends a picture, receives three).");
        Print($"  Goal: {GoalIdleKib} KiB for each idle peer. {(idleKib < GoalIdleKib ? "Met." : "Not met.")}");
    }

    private static async Task JoinAsync()
    {
        const int bots = 100;
        await using var server = ServerProcess.Start(UdpForm.Batched);
        using var crowd = new Crowd();
        var (publisher, producer) = await PublishAsync(server, crowd, "room", "publisher");
        await crowd.PostAsync(now => publisher.Send(TimeSpan.FromMilliseconds(33), 2, now));
        for (var i = 0; i < 10; i++)
        {
            await JoinOnceAsync(server, crowd, $"warm{i}", producer);
        }

        var alone = new List<(double ConnectedMs, double PictureMs)>();
        for (var i = 0; i < 20; i++)
        {
            alone.Add(await JoinOnceAsync(server, crowd, $"single{i}", producer));
        }

        var together = await Task.WhenAll(Enumerable.Range(0, bots).Select(i => JoinOnceAsync(server, crowd, $"bot{i}", producer)));
        Console.WriteLine();
        Console.WriteLine("Join, from the first question on:");
        Report($"{bots} bots at once", together);
        Report("one after the other", alone);
        Console.WriteLine("  The bots share one thread that looks at its sockets each other millisecond, and the machine with the server: 200 handshakes are made at both ends.");
        Console.WriteLine("  The picture waits for a keyframe, which is asked of the sender each 300 ms at most.");
    }

    private static void Report(string who, IReadOnlyCollection<(double ConnectedMs, double PictureMs)> joins)
    {
        var connected = joins.Select(static join => join.ConnectedMs).ToList();
        var picture = joins.Select(static join => join.PictureMs).ToList();
        Print($"  {who,-20} both transports connected p50 {Percentile(connected, 0.5),4:0} ms, p95 {Percentile(connected, 0.95),4:0} ms; first picture p50 {Percentile(picture, 0.5),4:0} ms, p95 {Percentile(picture, 0.95),4:0} ms");
    }

    private static async Task<(double ConnectedMs, double PictureMs)> JoinOnceAsync(ServerProcess server, Crowd crowd, string peer, string producer)
    {
        var startedAt = crowd.Now;
        await server.AskAsync(new Signal(0, "join", "room", peer));
        var sending = ConnectAsync(server, crowd, "room", peer, isSending: true);
        var receiver = await ReceiveAsync(server, crowd, "room", peer, producer);
        var (sender, _) = await sending;
        await sender.Connected.Task;
        await receiver.Connected.Task;
        var connected = crowd.Now - startedAt;
        await receiver.FirstMedia.Task;
        return (connected.TotalMilliseconds, (crowd.Now - startedAt).TotalMilliseconds);
    }

    private static async Task<(Bot Bot, string Producer)> PublishAsync(ServerProcess server, Crowd crowd, string room, string peer)
    {
        await server.AskAsync(new Signal(0, "join", room, peer));
        var (bot, transport) = await ConnectAsync(server, crowd, room, peer, isSending: true);
        await bot.Connected.Task;
        var produced = await server.AskAsync(new Signal(0, "produce", room, peer, transport, bot.Offer));
        return (bot, produced.Name);
    }

    // An estimate begins at 0.6 Mbit/s: pictures of 0.4 are not held back while it finds its way.
    private static (int Frames, int Packets) Shape(BenchOptions options) => options.Estimate ? (15, 3) : (30, 7);

    private static Task<Bot> ReceiveAsync(ServerProcess server, Crowd crowd, string room, string peer, string producer, bool isEstimated = true) =>
        ReceiveAsync(server, crowd, room, peer, [producer], isEstimated);

    private static async Task<Bot> ReceiveAsync(
        ServerProcess server, Crowd crowd, string room, string peer, IReadOnlyList<string> producers, bool isEstimated = true)
    {
        await server.AskAsync(new Signal(0, "join", room, peer));
        var (bot, transport) = await ConnectAsync(server, crowd, room, peer, isSending: false, isEstimated);
        foreach (var producer in producers)
        {
            var consumed = await server.AskAsync(new Signal(0, "consume", room, peer, transport, Producer: producer));
            await server.AskAsync(new Signal(0, "complete", room, peer, transport, bot.Answer(consumed.Sdp)));
        }

        return bot;
    }

    private static async Task IdleAsync(ServerProcess server, Crowd crowd, string room, string peer)
    {
        await server.AskAsync(new Signal(0, "join", room, peer));
        var (sender, _) = await ConnectAsync(server, crowd, room, peer, isSending: true);
        var (receiver, _) = await ConnectAsync(server, crowd, room, peer, isSending: false);
        await sender.Connected.Task;
        await receiver.Connected.Task;
    }

    private static async Task<(Bot Bot, string Transport)> ConnectAsync(ServerProcess server, Crowd crowd, string room, string peer, bool isSending, bool isEstimated = true)
    {
        var bot = new Bot(isSending, isEstimated, takesRuns: !isSending && s_takesRuns, Interlocked.Increment(ref s_lastSsrc));
        var created = await server.AskAsync(new Signal(0, "transport", room, peer, Sdp: bot.Offer, IsSending: isSending));
        await crowd.AddAsync(bot, created.Sdp);
        return (bot, created.Name);
    }

    private static async Task<long> ResidentAsync(ServerProcess server)
    {
        await server.AskAsync(new Signal(0, "collect"));
        return server.Cost.ResidentBytes;
    }

    private static double Percentile(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToList();
        return sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
