using System.Diagnostics;
using System.Globalization;
using Roomcast.Meetings.Records;

namespace Roomcast.Bench.Relay;

/// <summary>Controllers that are connected and subscribed while rooms begin and end: each hears of each once and in order, and how late.</summary>
internal static class RelayBench
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

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
        if (!await UntilAsync(() => sockets.TrueForAll(socket => Count(socket, "video.room.started") == rooms)))
        {
            return Fail("Not every controller heard of every beginning.");
        }

        await Task.WhenAll(meetings.Select(server.EndAsync));
        if (!await UntilAsync(() => sockets.TrueForAll(socket => Count(socket, "video.room.ended") == rooms)))
        {
            return Fail("Not every controller heard of every end.");
        }

        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        process.Refresh();
        var spent = (process.TotalProcessorTime - cpu).TotalSeconds;
        var wrong = sockets.Count(socket => !IsOnceAndInOrder(socket));
        var late = sockets.SelectMany(socket => socket.Heard).Where(heard => heard.Type.StartsWith("video.room.", StringComparison.Ordinal))
            .Select(heard => heard.LateMs).Order().ToList();
        var events = sockets.Sum(socket => socket.Heard.Count);
        Say($"{rooms} rooms began and ended in {seconds:F1} s: {events} events told, {events / seconds:F0} per second, {spent:F1} s of processor time for server and controllers together.");
        Say($"From a room's beginning or end to a controller: median {late[late.Count / 2]:F0} ms, 95 % {late[(int)(late.Count * 0.95)]:F0} ms, longest {late[^1]:F0} ms.");
        Say($"Controllers that heard something twice, not at all or out of order: {wrong}.");
        foreach (var socket in sockets)
        {
            await socket.DisposeAsync();
        }

        return wrong == 0 ? 0 : 1;
    }

    private static bool IsOnceAndInOrder(ControllerSocket socket) => socket.Heard.GroupBy(heard => heard.SessionId).All(session =>
    {
        var types = session.Select(heard => heard.Type).ToList();
        return types[0] == "video.room.started" && types[^1] == "video.room.ended"
            && types.Count(type => type == "video.room.started") == 1 && types.Count(type => type == "video.room.ended") == 1;
    });

    private static int Count(ControllerSocket socket, string type)
    {
        var count = 0;
        for (var i = 0; i < socket.Heard.Count; i++)
        {
            count += socket.Heard[i].Type == type ? 1 : 0;
        }

        return count;
    }

    private static async Task<bool> UntilAsync(Func<bool> holds)
    {
        var began = Stopwatch.GetTimestamp();
        while (!holds())
        {
            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                return false;
            }

            await Task.Delay(20);
        }

        return true;
    }

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static int Fail(string line)
    {
        Console.Error.WriteLine(line);
        return 1;
    }
}
