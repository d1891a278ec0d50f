using System.Collections.Concurrent;
using System.Globalization;
using Roomcast.Client.Media;
using Roomcast.Client.Meeting;
using Xunit.Abstractions;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>Many participants of one process in one meeting of the real server. How fast and how large is printed, and measured by <c>bench/Client</c>.</summary>
[Collection(nameof(MeetingServer))]
public sealed class CrowdTests(MeetingServer server, ITestOutputHelper output)
{
    private const int Count = 100;
    private const int AtOnce = 10;

    [Fact]
    public async Task A_hundred_participants_of_one_process_see_each_other_and_receive_who_sends()
    {
        var meeting = await server.CreateMeetingAsync("Crowd");
        var tokens = new List<string>();
        for (var number = 0; number < Count; number++)
        {
            tokens.Add(await server.AddAsync(meeting, $"Number {number}", "group_call_participant"));
        }

        var memoryBefore = Environment.WorkingSet;
        var joins = new ConcurrentBag<TimeSpan>();
        var clients = new RealtimeKitClient?[Count];
        try
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, Count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, ending) =>
            {
                var begun = TimeProvider.System.GetTimestamp();
                clients[number] = await RealtimeKitClient.InitAsync(
                    new()
                    {
                        AuthToken = tokens[number],
                        BaseUri = server.Base,
                        Video = number == 0 ? new TestPatternSource() : null,
                        Audio = number == 0 ? new TestToneSource() : null,
                        RequestTimeout = MeetingServer.Patience,
                    },
                    ending);
                await clients[number]!.JoinAsync(ending);
                joins.Add(TimeProvider.System.GetElapsedTime(begun));
            });
            var all = clients.OfType<RealtimeKitClient>().ToList();
            Assert.Equal(Count, all.Count);

            // All of them, by name and presence, and not only as many.
            var expected = all.Select(client => (client.Self.Id, client.Self.Name)).OrderBy(each => each.Id, StringComparer.Ordinal).ToList();
            Assert.Equal(Count, expected.Select(each => each.Name).Distinct().Count());
            await MeetingServer.UntilAsync(() => all.TrueForAll(client => client.Participants.Joined.Count == Count - 1 && client.Participants.Count == Count), "each sees all others");
            foreach (var client in all)
            {
                var seen = client.Participants.Joined.ToArray().Select(participant => (participant.Id, participant.Name)).Append((client.Self.Id, client.Self.Name));
                Assert.Equal(expected, seen.OrderBy(each => each.Id, StringComparer.Ordinal));
            }

            var sender = all[0];
            await MeetingServer.UntilAsync(
                () => all.Skip(1).All(client => client.Participants.Joined.Get(sender.Self.Id) is { VideoTrack.Frames: > 10, AudioTrack.Frames: > 20 }), "each sees and hears the one who sends");
            var times = joins.Order().ToList();
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{Count} participants joined, {AtOnce} at once: p50 {times[Count / 2].TotalMilliseconds:0} ms, p95 {times[(Count * 95 / 100) - 1].TotalMilliseconds:0} ms, {(Environment.WorkingSet - memoryBefore) / (double)Count / (1 << 20):0.0} MiB each"));

            await all[^1].LeaveAsync();
            await MeetingServer.UntilAsync(() => all.SkipLast(1).All(client => client.Participants.Joined.Get(all[^1].Self.Id) is null), "each sees that one has left");
            Assert.All(all.SkipLast(1), client => Assert.Equal((RoomState.Joined, Count - 2), (client.Self.RoomState, client.Participants.Joined.Count)));
        }
        finally
        {
            await Parallel.ForEachAsync(clients.OfType<RealtimeKitClient>(), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, static (client, _) => client.DisposeAsync());
        }
    }
}
