using Roomcast.Client.Wire;

namespace Roomcast.Client.Tests.Wire;

/// <summary>Events wait for handlers, and what waits is bounded.</summary>
public class EventQueueTests
{
    [Fact]
    public async Task Events_come_in_their_order_and_a_handler_that_throws_keeps_none_from_the_others()
    {
        var faults = new List<Exception>();
        var queue = new EventQueue(null, faults.Add, _ => { });
        var seen = new List<int>();
        for (var i = 0; i < 100; i++)
        {
            var number = i;
            queue.Raise(() =>
            {
                seen.Add(number);
                if (number == 50)
                {
                    throw new InvalidOperationException("A handler of the application.");
                }
            });
        }

        await queue.DrainAsync();

        Assert.Equal(Enumerable.Range(0, 100), seen);
        Assert.IsType<InvalidOperationException>(Assert.Single(faults));
        queue.Complete();
    }

    [Fact]
    public void Events_of_a_thing_are_told_one_by_one_while_few_wait()
    {
        var (context, seen) = (new HeldContext(), new List<string>());
        var queue = QueueOn(context);
        for (var i = 0; i < EventQueue.MergeFrom; i++)
        {
            var number = i;
            queue.Raise(this, "count", () => seen.Add($"{number}"));
        }

        context.RunAll();

        Assert.Equal(Enumerable.Range(0, EventQueue.MergeFrom).Select(number => $"{number}"), seen);
    }

    [Fact]
    public void Where_many_wait_only_the_last_state_of_each_thing_is_told_and_what_happened_once_all_the_same()
    {
        var (context, seen, missed) = (new HeldContext(), new List<string>(), new List<int>());
        var queue = QueueOn(context, missed.Add);
        var things = Enumerable.Range(0, 3).Select(_ => new object()).ToArray();
        for (var i = 0; i < EventQueue.MergeFrom; i++)
        {
            queue.Raise(() => { });
        }

        for (var i = 0; i < 100_000; i++)
        {
            var (thing, name, text) = (i % 3, i % 2 == 0 ? "even" : "odd", $"{i % 3} {(i % 2 == 0 ? "even" : "odd")} {i}");
            queue.Raise(things[thing], name, () => seen.Add(text));
            if (i % 25_000 == 0)
            {
                queue.Raise(() => seen.Add("message"));
            }
        }

        Assert.Equal(EventQueue.MergeFrom + 6 + 4, queue.Waiting);
        context.RunAll();

        // Each in the order of its last change.
        Assert.Equal(
            ["message", "message", "message", "message", "1 even 99994", "2 odd 99995", "0 even 99996", "1 odd 99997", "2 even 99998", "0 odd 99999"],
            seen);
        Assert.Empty(missed);
    }

    [Fact]
    public void Of_more_than_may_wait_the_oldest_messages_are_left_out_and_how_many_is_told_first_and_no_state_is_lost()
    {
        var (context, seen) = (new HeldContext(), new List<string>());
        var queue = QueueOn(context, count => seen.Add($"missed {count}"));
        queue.Raise(this, "state", () => seen.Add("old"));
        for (var i = 0; i < EventQueue.MaxWaiting + 50; i++)
        {
            var number = i;
            queue.Raise(() => seen.Add($"message {number}"));
        }

        queue.Raise(this, "state", () => seen.Add("new"));
        queue.Raise(this, "other", () => seen.Add("other"));
        Assert.Equal(EventQueue.MaxWaiting, queue.Waiting);

        context.RunAll();

        // Of the first state nothing is told any more: the last one took its place.
        Assert.Equal("missed 52", seen[0]);
        Assert.Equal("message 52", seen[1]);
        Assert.Equal(["new", "other"], seen[^2..]);
        Assert.DoesNotContain("old", seen);
        Assert.Equal(1 + EventQueue.MaxWaiting, seen.Count);
    }

    [Fact]
    public void Changes_of_ever_new_things_are_bounded_as_well_and_the_newest_are_told()
    {
        var (context, seen) = (new HeldContext(), new List<string>());
        var queue = QueueOn(context, count => seen.Add($"missed {count}"));
        for (var i = 0; i < EventQueue.MaxWaiting + 1_000; i++)
        {
            var number = i;
            queue.Raise(new object(), "state", () => seen.Add($"{number}"));
        }

        Assert.Equal(EventQueue.MaxWaiting, queue.Waiting);
        context.RunAll();

        Assert.Equal(["missed 1000", "1000"], seen[..2]);
        Assert.Equal($"{EventQueue.MaxWaiting + 999}", seen[^1]);
    }

    [Fact]
    public async Task What_a_handler_goes_on_with_after_an_await_is_never_left_out()
    {
        var queue = new EventQueue(null, _ => { }, _ => { });
        var held = new TaskCompletionSource(); // It is posted to the queue within SetResult.
        var isBack = false;
        using var begun = new SemaphoreSlim(0);
        using var released = new ManualResetEventSlim();
        queue.Raise(async void () =>
        {
            begun.Release();
            await held.Task;
            isBack = true;
        });
        await begun.WaitAsync();
        queue.Raise(() =>
        {
            begun.Release();
            released.Wait();
        });
        await begun.WaitAsync();

        held.SetResult();
        for (var i = 0; i < 2 * EventQueue.MaxWaiting; i++)
        {
            queue.Raise(() => { });
        }

        released.Set();
        await queue.DrainAsync();
        Assert.True(isBack);
    }

    private static EventQueue QueueOn(HeldContext context, Action<int>? onMissed = null) =>
        new(context, fault => throw fault, onMissed ?? (count => Assert.Fail($"{count} events were left out.")));

    /// <summary>Runs what is posted when the test says so, and not before.</summary>
    private sealed class HeldContext : SynchronizationContext
    {
        private readonly Queue<(SendOrPostCallback Call, object? State)> _posted = new();

        public override void Post(SendOrPostCallback d, object? state) => _posted.Enqueue((d, state));

        public void RunAll()
        {
            while (_posted.TryDequeue(out var next))
            {
                next.Call(next.State);
            }
        }
    }
}
