using System.Diagnostics;
using System.Globalization;
using Roomcast.Meetings.Records;

namespace Roomcast.Bench.Relay;

/// <summary>
/// Controllers that are connected and subscribed while rooms begin, are joined and end: each hears of everything once and in order, how
/// late, and how long its requests take.
/// </summary>
internal static class RelayBench
{
    // Two people come into each room: the first begins it, the second comes when every controller has subscribed to it.
    private const int Members = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static async Task<int> RunAsync(RelayServer server, int controllers, int rooms)
    {
        var connecting = Stopwatch.GetTimestamp();
        var sockets = Enumerable.Range(0, controllers).Select(_ => new ControllerSocket()).ToList();
        foreach (var batch in sockets.Chunk(50))
        {
            await Task.WhenAll(batch.Select(socket => socket.ConnectAsync(server)));
        }

        Say($"{controllers} controllers connected and subscribed in {Stopwatch.GetElapsedTime(connecting).TotalSeconds:F1} s.");
        var meetings = new List<Meeting>();
        for (var i = 0; i < rooms; i++)
        {
            meetings.Add(await server.NewMeetingAsync($"Room {i}"));
        }

        using var process = Process.GetCurrentProcess();
        var (cpu, began) = (process.TotalProcessorTime, Stopwatch.GetTimestamp());
        await Task.WhenAll(meetings.Select(meeting => server.JoinAsync(meeting, "Ada")));

        // A room that ends before a controller's subscription to it is taken is not there to subscribe to: so they end only afterwards.
        var heardAll = await UntilAsync(sockets, socket => socket.RoomsSubscribed >= rooms, "subscribed to every room");
        var subscribed = Stopwatch.GetElapsedTime(began).TotalSeconds;
        await Task.WhenAll(meetings.Select(meeting => server.JoinAsync(meeting, "Ben")));
        heardAll &= await UntilAsync(sockets, socket => socket.Joined >= rooms, "heard the second member of every room");
        await Task.WhenAll(meetings.Select(server.EndAsync));
        heardAll &= await UntilAsync(sockets, socket => socket.RoomsEnded >= rooms, "heard the end of every room");
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        process.Refresh();
        var spent = (process.TotalProcessorTime - cpu).TotalSeconds;
        var lost = sockets.Count(socket => socket.Lost is not null);
        foreach (var socket in sockets)
        {
            // No more is added to what it heard from here on.
            await socket.DisposeAsync();
        }

        var wrong = sockets.Count(socket => !HeardEachOnceAndInOrder(socket, rooms));
        var events = sockets.SelectMany(socket => socket.Heard).ToList();
        Say($"{rooms} rooms began, were subscribed to after {subscribed:F1} s, were joined and ended, in {seconds:F1} s: {events.Count} events told ({Kinds(events)}), {events.Count / seconds:F0} per second, {spent:F1} s of processor time for server and controllers together.");
        Say($"From what happened to a controller: {Spread(events.Where(heard => heard.Type != "video.room.subscribed").Select(heard => heard.LateMs))}.");
        Say($"From a request to its answer: {Spread(sockets.SelectMany(socket => socket.Answers))}.");
        var refusals = sockets.SelectMany(socket => socket.Refusals).GroupBy(code => code).Select(code => $"{code.Count()} times {code.Key}").ToList();
        Say($"Refused answers: {(refusals.Count == 0 ? "none" : string.Join(", ", refusals))}. Connections lost: {lost}.");
        Say($"Controllers that heard something twice, not at all or out of order: {wrong}.");
        return heardAll && wrong == 0 && refusals.Count == 0 && lost == 0 ? 0 : 1;
    }

    /// <summary>
    /// Each room's beginning, its greeting, whoever was there or came, that each of them left, its end: each once, and nothing else. Who
    /// came before the controller had subscribed stands in the greeting, who came after it is told of.
    /// </summary>
    private static bool HeardEachOnceAndInOrder(ControllerSocket socket, int rooms)
    {
        var sessions = socket.Heard.GroupBy(heard => heard.SessionId).ToList();
        return sessions.Count == rooms && sessions.TrueForAll(session =>
        {
            var heard = session.ToList();
            if (heard.Count < 3 || heard[0].Type != "video.room.started" || heard[1].Type != "video.room.subscribed" || heard[^1].Type != "video.room.ended")
            {
                return false;
            }

            var (there, gone) = (new HashSet<string>(heard[1].MemberIds), 0);
            foreach (var each in heard.Skip(2).SkipLast(1))
            {
                var isInOrder = each.Type switch
                {
                    "video.member.joined" => gone == 0 && there.Add(each.MemberIds[0]),
                    "video.member.left" => there.Remove(each.MemberIds[0]) && ++gone <= Members,
                    _ => false,
                };
                if (!isInOrder)
                {
                    return false;
                }
            }

            return there.Count == 0 && gone == Members;
        });
    }

    private static string Kinds(List<HeardEvent> events) =>
        string.Join(", ", events.GroupBy(heard => heard.Type).OrderBy(kind => kind.Key, StringComparer.Ordinal).Select(kind => $"{kind.Count()} {kind.Key["video.".Length..]}"));

    private static string Spread(IEnumerable<double> milliseconds)
    {
        var sorted = milliseconds.Order().ToList();
        return sorted.Count == 0
            ? "none"
            : string.Create(
                CultureInfo.InvariantCulture, $"median {sorted[sorted.Count / 2]:F0} ms, 95 % {sorted[(int)(sorted.Count * 0.95)]:F0} ms, longest {sorted[^1]:F0} ms");
    }

    private static async Task<bool> UntilAsync(List<ControllerSocket> sockets, Func<ControllerSocket, bool> holds, string what)
    {
        var began = Stopwatch.GetTimestamp();
        while (!sockets.TrueForAll(socket => holds(socket)))
        {
            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                Console.Error.WriteLine($"{sockets.Count(socket => !holds(socket))} controllers have not {what}.");
                return false;
            }

            await Task.Delay(20);
        }

        return true;
    }

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
