using Roomcast.Livestreams.Lifecycle;
using static Roomcast.Livestreams.Lifecycle.LivestreamInput;
using static Roomcast.Livestreams.Lifecycle.LivestreamState;

namespace Roomcast.Livestreams.Tests.Lifecycle;

public sealed class LivestreamLifecycleTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Now = TimeSpan.FromHours(5);

    // The whole table: what each state does with each input, before and after the grace time. Null means "nothing".
    public static TheoryData<int, int, int?> Table
    {
        get
        {
            var table = new TheoryData<int, int, int?>();
            void Row(LivestreamState from, params (LivestreamInput Input, LivestreamState To)[] moves)
            {
                foreach (var input in Enum.GetValues<LivestreamInput>())
                {
                    var move = moves.Where(candidate => candidate.Input == input).Select(candidate => (int?)candidate.To).FirstOrDefault();
                    table.Add((int)from, (int)input, move);
                }
            }

            Row(OffAir, (PublisherCame, Starting));
            Row(Starting, (BecamePlayable, OnAir), (PublisherLeft, OffAir), (Stopped, OffAir), (Failed, OffAir));
            Row(OnAir, (PublisherLeft, Interrupted), (Stopped, OffAir), (Failed, OffAir));
            Row(Interrupted, (PublisherCame, OnAir), (DeadlineReached, OffAir), (Stopped, OffAir), (Failed, OffAir));
            return table;
        }
    }

    [Theory]
    [MemberData(nameof(Table))]
    public void Every_state_answers_every_input_as_the_table_says(int from, int input, int? to)
    {
        var lifecycle = In((LivestreamState)from);
        var move = lifecycle.Apply((LivestreamInput)input, Now + Grace);

        if (to is { } expected)
        {
            Assert.Equal(new LivestreamTransition((LivestreamState)from, (LivestreamState)expected, (LivestreamInput)input), move);
            Assert.Equal((LivestreamState)expected, lifecycle.State);
        }
        else
        {
            Assert.Null(move);
            Assert.Equal((LivestreamState)from, lifecycle.State);
        }
    }

    [Fact]
    public void The_grace_time_is_waited_for_to_the_end_and_begins_anew_each_time()
    {
        var lifecycle = In(Interrupted);
        Assert.Equal(Now + Grace, lifecycle.Deadline);
        Assert.Null(lifecycle.Apply(DeadlineReached, Now + Grace - TimeSpan.FromTicks(1)));

        lifecycle.Apply(PublisherCame, Now + TimeSpan.FromSeconds(29));
        Assert.Null(lifecycle.Deadline);
        lifecycle.Apply(PublisherLeft, Now + TimeSpan.FromSeconds(40));
        Assert.Equal(Now + TimeSpan.FromSeconds(70), lifecycle.Deadline);
        Assert.True(lifecycle.HasSession);
        Assert.NotNull(lifecycle.Apply(DeadlineReached, Now + TimeSpan.FromSeconds(70)));
        Assert.False(lifecycle.HasSession);
    }

    private static LivestreamLifecycle In(LivestreamState state)
    {
        var lifecycle = new LivestreamLifecycle(Grace);
        LivestreamInput[] way = state switch
        {
            OffAir => [],
            Starting => [PublisherCame],
            OnAir => [PublisherCame, BecamePlayable],
            _ => [PublisherCame, BecamePlayable, PublisherLeft],
        };
        foreach (var input in way)
        {
            Assert.NotNull(lifecycle.Apply(input, Now));
        }

        Assert.Equal(state, lifecycle.State);
        return lifecycle;
    }
}
