using FsCheck;
using FsCheck.Fluent;
using Roomcast.Meetings.Media;

namespace Roomcast.Meetings.Tests.Media;

public sealed class DeadlineHeapTests
{
    [Fact]
    public void The_first_and_all_that_are_due_are_found_whatever_was_added_moved_and_taken_out() =>
        Prop.ForAll(Gen.Choose(0, 1_000_000).ArrayOf().ToArbitrary(), Walk).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_not_touched_and_not_due_is_not_looked_at()
    {
        var heap = new DeadlineHeap<Entry>();
        var idle = Enumerable.Range(0, 1_000).Select(_ => new Entry { NextDeadline = TimeSpan.MaxValue }).ToList();
        idle.ForEach(heap.Add);
        var busy = new Entry { NextDeadline = At(5) };
        heap.Add(busy);
        idle.ForEach(entry => entry.Looks = 0);

        var due = new List<Entry>();
        for (var i = 5; i < 500; i++)
        {
            Assert.Equal(At(i), heap.NextDeadline);
            due.Clear();
            heap.FindDue(At(i), due);
            Assert.Same(busy, Assert.Single(due));
            busy.NextDeadline = At(i + 1);
            heap.Touch(busy);
        }

        Assert.All(idle, entry => Assert.Equal(0, entry.Looks));
    }

    private static void Walk(int[] steps)
    {
        var heap = new DeadlineHeap<Entry>();
        var held = new List<Entry>();
        foreach (var step in steps)
        {
            var value = step % 1_000;
            switch (step / 1_000 % 3)
            {
                case 0 when held.Count > 0:
                    var moved = held[value % held.Count];
                    moved.NextDeadline = value % 7 == 0 ? TimeSpan.MaxValue : At(value);
                    heap.Touch(moved);
                    break;

                case 1 when held.Count > 0:
                    var removed = held[value % held.Count];
                    heap.Touch(removed);
                    heap.Remove(removed);
                    heap.Remove(removed);
                    held.Remove(removed);
                    break;

                default:
                    var added = new Entry { NextDeadline = At(value) };
                    heap.Add(added);
                    held.Add(added);
                    break;
            }

            var first = held.Count == 0 ? TimeSpan.MaxValue : held.Min(entry => entry.NextDeadline);
            Assert.Equal(first == TimeSpan.MaxValue ? null : first, heap.NextDeadline);
            var due = new List<Entry>();
            heap.FindDue(At(value), due);
            Assert.Equal(
                held.Where(entry => entry.NextDeadline <= At(value)).ToHashSet(), due.ToHashSet());
        }
    }

    private static TimeSpan At(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private sealed class Entry : IDeadlined
    {
        private TimeSpan _nextDeadline;

        public int Looks { get; set; }

        public TimeSpan NextDeadline
        {
            get
            {
                Looks++;
                return _nextDeadline;
            }
            set => _nextDeadline = value;
        }

        public TimeSpan KnownDeadline { get; set; }

        public int HeapIndex { get; set; } = -1;
    }
}
