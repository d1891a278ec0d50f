using FsCheck;
using FsCheck.Fluent;
using Roomcast.Rtc;
using Roomcast.Transports.Udp;

namespace Roomcast.Transports.Tests.Udp;

public sealed class SendRunsTests
{
    [Fact]
    public void Runs_are_of_one_destination_and_one_length_but_for_a_shorter_last()
    {
        var runs = new SendRuns();

        var count = runs.Find([To('A', 1200), To('B', 1200), To('A', 1200), To('B', 1200), To('A', 300), To('A', 1200), To('B', 1300)], mayJoin: true);

        Assert.Equal(["0 2 4", "1 3", "5", "6"], Describe(runs, count));
    }

    [Fact]
    public void Without_leave_to_join_each_datagram_is_a_run()
    {
        var runs = new SendRuns();

        var count = runs.Find([To('A', 1200), default, To('A', 1200)], mayJoin: false);

        Assert.Equal(["0", "2"], Describe(runs, count));
    }

    [Fact]
    public void A_run_stays_within_what_the_system_takes()
    {
        var runs = new SendRuns();
        var small = Enumerable.Repeat(To('A', 10), 200).ToArray();
        var large = Enumerable.Repeat(To('A', 2000), 200).ToArray();

        Assert.Equal((List<int>)[64, 64, 64, 8], Counts(runs, runs.Find(small, mayJoin: true)));
        Assert.All(Counts(runs, runs.Find(large, mayJoin: true)), count => Assert.True(count * 2000 <= SendRuns.MaxRunBytes));
    }

    [Fact]
    public void Whatever_waits_is_in_one_run_each_and_in_order_for_each_destination() =>
        Prop.ForAll(
            Arb.From(Gen.ArrayOf(Gen.Choose(0, int.MaxValue))),
            numbers =>
            {
                var runs = new SendRuns();
                for (var turn = 0; turn < 3; turn++)
                {
                    var entries = numbers.Select(number => number % 11 == 0 ? default : To((char)('A' + (number % 5)), 100 + (number / 7 % 3))).ToArray();
                    var count = runs.Find(entries, mayJoin: true);
                    var order = new Dictionary<RtcAddress, List<int>>();
                    for (var i = 0; i < count; i++)
                    {
                        var members = Members(runs, i);
                        var lengths = members.Select(member => entries[member].Length).ToList();
                        if (lengths.SkipLast(1).Any(length => length != lengths[0]) || lengths[^1] > lengths[0]
                            || members.Select(member => entries[member].To).Distinct().Count() != 1
                            || runs[i].Count != members.Count || runs[i].Bytes != lengths.Sum() || runs[i].SegmentLength != lengths[0])
                        {
                            return false;
                        }

                        order.TryAdd(entries[members[0]].To, []);
                        order[entries[members[0]].To].AddRange(members);
                    }

                    if (order.Values.Any(members => !members.SequenceEqual(members.Order()))
                        || order.Values.Sum(members => members.Count) != entries.Count(entry => entry.Length > 0))
                    {
                        return false;
                    }
                }

                return true;
            }).QuickCheckThrowOnFailure();

    private static SendQueue.Entry To(char name, int length) => new() { Length = length, To = RtcAddress.FromIPv4(name, 4000) };

    private static List<int> Members(SendRuns runs, int run)
    {
        var members = new List<int>();
        for (var i = runs[run].First; i >= 0; i = runs.Next(i))
        {
            members.Add(i);
        }

        return members;
    }

    private static IEnumerable<string> Describe(SendRuns runs, int count) =>
        Enumerable.Range(0, count).Select(run => string.Join(' ', Members(runs, run)));

    private static List<int> Counts(SendRuns runs, int count) => Enumerable.Range(0, count).Select(run => runs[run].Count).ToList();
}
