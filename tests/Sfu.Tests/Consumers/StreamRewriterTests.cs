using Roomcast.Sfu.Consumers;

namespace Roomcast.Sfu.Tests.Consumers;

public sealed class StreamRewriterTests
{
    private const int ClockRateHz = 90_000;

    /// <summary>The worked example of docs/protocols/sfu.md.</summary>
    [Fact]
    public void The_worked_example_comes_out_as_it_is_written_down()
    {
        var rewriter = new StreamRewriter(ClockRateHz, firstNumber: 500);

        // The best encoding is taken up at its packet 10,000, timestamp 900,000.
        rewriter.Switch(10_000, 900_000, aligned: null, At(0));
        Assert.Equal((500, 900_000u), Map(rewriter, 10_000, 900_000, 0));
        Assert.Equal((501, 900_000u), Map(rewriter, 10_001, 900_000, 0));
        Assert.Equal((503, 903_000u), Map(rewriter, 10_003, 903_000, 33)); // 10,002 is lost, and its place stays free.
        rewriter.Drop(10_004); // Padding of the sender's own probe.
        Assert.Equal((504, 906_000u), Map(rewriter, 10_005, 906_000, 67));
        Assert.Equal((502, 900_000u), Map(rewriter, 10_002, 900_000, 70)); // The lost one comes late, to its own place.
        Assert.Equal(505, rewriter.Insert()); // Padding of ours.
        Assert.Equal((506, 909_000u), Map(rewriter, 10_006, 909_000, 100));

        // The second encoding is taken up at its packet 77, timestamp 40,000: reports say that this is 912,000 of the first.
        rewriter.Switch(77, 40_000, aligned: 912_000, At(133));
        Assert.Equal((507, 912_000u), Map(rewriter, 77, 40_000, 133));
        Assert.Equal((509, 915_000u), Map(rewriter, 79, 43_000, 167));
        Assert.Null(Map(rewriter, 76, 37_000, 170)); // Before the place where it was taken up.
    }

    [Fact]
    public void A_packet_taken_out_does_not_come_back_into_another_s_place()
    {
        var rewriter = new StreamRewriter(ClockRateHz, 0);
        rewriter.Switch(1, 0, null, At(0));
        Map(rewriter, 1, 0, 0);
        rewriter.Drop(2);
        Assert.Equal(1, Map(rewriter, 3, 0, 0)!.Value.Number);

        Assert.Null(Map(rewriter, 2, 0, 0));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void No_number_is_ever_given_twice_and_order_is_kept(int seed)
    {
        var random = new Random(seed);
        var rewriter = new StreamRewriter(ClockRateHz, 32_000);
        var given = new Dictionary<long, string>();
        var now = 0;
        for (var source = 0; source < 40; source++)
        {
            var next = random.Next(0, 60_000);
            var start = next;
            var late = new List<int>();
            var dropped = new HashSet<int>();
            var mapped = new SortedDictionary<int, long>();
            rewriter.Switch(next, (uint)random.Next(), null, At(now));
            for (var step = 0; step < 300; step++)
            {
                now += random.Next(3);
                switch (random.Next(12))
                {
                    case 0 when step > 0:
                        late.Add(next++); // Lost for now.
                        break;
                    case 1 when step > 0:
                        dropped.Add(next);
                        rewriter.Drop(next++);
                        break;
                    case 2 when step > 0:
                        Give(rewriter.Insert(), "padding");
                        break;
                    case 3 when late.Count > 0:
                        var at = random.Next(late.Count);
                        Take(late[at]);
                        late.RemoveAt(at);
                        break;
                    default:
                        Take(next++);
                        break;
                }
            }

            Assert.True(mapped.Values.SequenceEqual(mapped.Values.Order()), "Within a source the order must stay.");
            Assert.True(mapped.Count > 200);

            void Take(int number)
            {
                if (rewriter.TryMap(number, 0, At(now), out var line))
                {
                    Assert.DoesNotContain(number, dropped);
                    Assert.True(number >= start);
                    mapped[number] = line;
                    Give(line, $"{source}:{number}");
                }
            }
        }

        void Give(long number, string to) => Assert.True(given.TryAdd(number, to), $"{number} was {given.GetValueOrDefault(number)} and is {to}.");
    }

    [Fact]
    public void Without_reports_time_itself_tells_the_timestamp_at_a_switch()
    {
        var rewriter = new StreamRewriter(ClockRateHz, 0);
        rewriter.Switch(1, 1_000, null, At(0));
        Map(rewriter, 1, 1_000, 0);
        rewriter.Switch(1, 4_000_000_000, null, At(100));

        Assert.Equal(10_000u, Map(rewriter, 1, 4_000_000_000, 100)!.Value.Timestamp);
    }

    [Theory]
    [InlineData(4_294_000_000u)] // Ten seconds backwards.
    [InlineData(900_000u)] // Ten seconds ahead of the time that has passed.
    public void Reports_that_are_nonsense_are_not_followed(uint aligned)
    {
        var rewriter = new StreamRewriter(ClockRateHz, 0);
        rewriter.Switch(1, 1_000, null, At(0));
        Map(rewriter, 1, 1_000, 0);
        rewriter.Switch(50, 77, aligned, At(100));

        Assert.Equal(10_000u, Map(rewriter, 50, 77, 100)!.Value.Timestamp);
    }

    [Fact]
    public void A_frame_of_the_same_moment_comes_one_tick_later()
    {
        var rewriter = new StreamRewriter(ClockRateHz, 0);
        rewriter.Switch(1, 1_000, null, At(0));
        Map(rewriter, 1, 1_000, 0);
        rewriter.Switch(50, 77, aligned: 1_000, At(5));

        Assert.Equal(1_001u, Map(rewriter, 50, 77, 5)!.Value.Timestamp);
    }

    private static TimeSpan At(int milliseconds) => TimeSpan.FromSeconds(10) + TimeSpan.FromMilliseconds(milliseconds);

    private static (long Number, uint Timestamp)? Map(StreamRewriter rewriter, long number, uint timestamp, int milliseconds) =>
        rewriter.TryMap(number, timestamp, At(milliseconds), out var mapped) ? (mapped, rewriter.MapTimestamp(timestamp)) : null;
}
