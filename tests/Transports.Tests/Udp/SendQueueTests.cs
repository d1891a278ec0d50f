using Roomcast.Rtc;
using Roomcast.Transports.Udp;

namespace Roomcast.Transports.Tests.Udp;

public sealed class SendQueueTests
{
    private static readonly RtcAddress Somewhere = RtcAddress.FromIPv4(1, 1);

    [Fact]
    public void A_full_queue_has_no_room_until_something_was_sent()
    {
        var queue = new SendQueue(1000, 8);
        for (byte i = 0; i < 4; i++)
        {
            Add(queue, 250, i);
        }

        Assert.True(queue.Reserve(1).IsEmpty);

        // The second and the first are sent, in this order, as runs may have it.
        queue.Entries[1].Length = 0;
        queue.RemoveSent();
        Assert.Equal(4, queue.Count);
        queue.Entries[0].Length = 0;
        queue.RemoveSent();

        Add(queue, 500, 9);
        Assert.Equal([(250, 2), (250, 3), (500, 9)], Contents(queue));
        Assert.True(queue.Reserve(1).IsEmpty);
    }

    [Fact]
    public void The_number_of_datagrams_is_bounded_too()
    {
        var queue = new SendQueue(1000, 2);
        Add(queue, 1, 0);
        Add(queue, 1, 1);

        Assert.True(queue.Reserve(1).IsEmpty);
    }

    [Fact]
    public void An_emptied_queue_begins_at_its_start()
    {
        var queue = new SendQueue(100, 8);
        Add(queue, 60, 1);
        queue.Entries[0].Length = 0;
        queue.RemoveSent();

        Assert.True(queue.IsEmpty);
        Add(queue, 100, 2);
        Assert.Equal([(100, 2)], Contents(queue));
    }

    private static void Add(SendQueue queue, int length, byte mark)
    {
        queue.Reserve(length)[..length].Fill(mark);
        queue.Commit(length, Somewhere);
    }

    private static List<(int Length, byte Mark)> Contents(SendQueue queue)
    {
        var all = new List<(int, byte)>();
        foreach (var entry in queue.Entries)
        {
            if (entry.Length > 0)
            {
                Assert.Equal(-1, queue.Bytes.AsSpan(entry.Start, entry.Length).IndexOfAnyExcept(queue.Bytes[entry.Start]));
                all.Add((entry.Length, queue.Bytes[entry.Start]));
            }
        }

        return all;
    }
}
