using Roomcast.Media;
using Roomcast.Media.Buffers;
using Roomcast.Media.Time;

namespace Roomcast.Feeds.Tests;

public sealed class FeedTests
{
    private const int VideoId = 0;
    private const int AudioId = 1;

    private static readonly Track Video = new()
    {
        Id = VideoId, Codec = Codec.H264, Configuration = new byte[] { 1, 100, 0, 31 }, CodecString = "avc1.64001f", Width = 640, Height = 360,
    };

    private static readonly Track Audio = new()
    {
        Id = AudioId, Codec = Codec.Aac, Configuration = new byte[] { 0x11, 0x90 }, CodecString = "mp4a.40.2", SampleRateHz = 48_000, Channels = 2,
    };

    [Fact]
    public void A_feed_has_one_publisher_at_a_time_and_takes_another_when_it_leaves()
    {
        var feed = new Feed();
        var first = feed.TryBeginPublish();
        Assert.NotNull(first);
        Assert.Null(feed.TryBeginPublish());

        first.Leave();
        var second = feed.TryBeginPublish();
        Assert.NotNull(second);

        // The one who left is deaf and mute.
        using var subscription = feed.TrySubscribe()!;
        second.SetTracks([Video]);
        first.SetTracks([Audio]);
        Publish(first, VideoId, 0, isKeyframe: true);
        Assert.Equal([Video], Read(subscription).Tracks);
        Assert.False(subscription.TryRead(out _));
    }

    [Fact]
    public void A_new_subscriber_starts_at_the_newest_keyframe()
    {
        var feed = new Feed();
        var publisher = feed.TryBeginPublish()!;
        publisher.SetTracks([Video, Audio]);
        Publish(publisher, VideoId, 0, isKeyframe: true);
        Publish(publisher, VideoId, 1);
        Publish(publisher, VideoId, 2, isKeyframe: true);
        Publish(publisher, AudioId, 2);
        Publish(publisher, VideoId, 3);

        using var subscription = feed.TrySubscribe()!;
        Assert.Equal(FeedItemKind.Tracks, Read(subscription).Kind);
        Assert.Equal([(VideoId, 2), (AudioId, 2), (VideoId, 3)], ReadFrames(subscription));
    }

    [Fact]
    public void Sound_alone_starts_at_once()
    {
        var feed = new Feed();
        var publisher = feed.TryBeginPublish()!;
        publisher.SetTracks([Audio]);
        using var subscription = feed.TrySubscribe()!;
        Publish(publisher, AudioId, 0, isKeyframe: true);
        Publish(publisher, AudioId, 1, isKeyframe: true);
        Assert.Equal(FeedItemKind.Tracks, Read(subscription).Kind);
        Assert.Equal([(AudioId, 0), (AudioId, 1)], ReadFrames(subscription));
    }

    [Fact]
    public void What_is_kept_for_new_subscribers_is_bounded()
    {
        var feed = new Feed(new FeedOptions { MaxStartFrames = 3 });
        var publisher = feed.TryBeginPublish()!;
        publisher.SetTracks([Video]);
        var before = MediaBuffer.Outstanding;
        Publish(publisher, VideoId, 0, isKeyframe: true);
        for (var i = 1; i < 100; i++)
        {
            Publish(publisher, VideoId, i);
            Assert.InRange(MediaBuffer.Outstanding - before, 0, 3);
        }

        using var subscription = feed.TrySubscribe()!;
        Assert.Equal(FeedItemKind.Tracks, Read(subscription).Kind);
        Assert.False(subscription.TryRead(out _));
        Publish(publisher, VideoId, 100);
        Assert.False(subscription.TryRead(out _));
        Publish(publisher, VideoId, 101, isKeyframe: true);
        Assert.Equal([(VideoId, 101)], ReadFrames(subscription));
    }

    [Fact]
    public void A_slow_subscriber_drops_to_the_next_keyframe_and_the_other_loses_nothing()
    {
        var feed = new Feed();
        var publisher = feed.TryBeginPublish()!;
        publisher.SetTracks([Video]);
        using var slow = feed.TrySubscribe(new SubscriberOptions { MaxFrames = 4 })!;
        using var quick = feed.TrySubscribe()!;
        for (var i = 0; i < 25; i++)
        {
            Publish(publisher, VideoId, i, isKeyframe: i % 10 == 0);
        }

        Assert.Equal(FeedItemKind.Tracks, Read(quick).Kind);
        Assert.Equal(25, ReadFrames(quick).Count);
        Assert.Equal(0, quick.DroppedFrames);

        // 0-3 fit, 4 overflows: 5 lost; 5-9 withheld; 10-13 fit, 14 overflows; 15-19 withheld; 20-23 fit, 24 overflows.
        Assert.Equal(25, slow.DroppedFrames);
        Publish(publisher, VideoId, 30, isKeyframe: true);
        Assert.Equal([FeedItemKind.Tracks, FeedItemKind.Discontinuity, FeedItemKind.Frame], ReadAll(slow).Select(item => item.Kind));
    }

    [Fact]
    public void A_subscriber_that_asked_for_it_is_disconnected_when_it_falls_behind()
    {
        var feed = new Feed();
        var publisher = feed.TryBeginPublish()!;
        publisher.SetTracks([Video]);
        using var subscription = feed.TrySubscribe(new SubscriberOptions { MaxFrames = 2, Overflow = OverflowPolicy.Disconnect })!;
        for (var i = 0; i < 5; i++)
        {
            Publish(publisher, VideoId, i, isKeyframe: i == 0);
        }

        Assert.Equal(
            [FeedItemKind.Tracks, FeedItemKind.Frame, FeedItemKind.Frame, FeedItemKind.Ended],
            ReadAll(subscription).Select(item => item.Kind));
    }

    [Fact]
    public void Payload_bytes_are_bounded_too()
    {
        var feed = new Feed();
        var publisher = feed.TryBeginPublish()!;
        publisher.SetTracks([Video]);
        using var subscription = feed.TrySubscribe(new SubscriberOptions { MaxBytes = 10 })!;
        Publish(publisher, VideoId, 0, isKeyframe: true, length: 6);
        Publish(publisher, VideoId, 1, length: 6);
        Assert.Equal(2, subscription.DroppedFrames);
        Assert.Equal(0, subscription.QueuedFrames);
    }

    [Fact]
    public void Leaving_returning_and_ending_are_told_in_order()
    {
        var feed = new Feed();
        var publisher = feed.TryBeginPublish()!;
        publisher.SetTracks([Video]);
        using var subscription = feed.TrySubscribe()!;
        Publish(publisher, VideoId, 0, isKeyframe: true);
        publisher.Leave();
        publisher = feed.TryBeginPublish()!;
        publisher.SetTracks([Video]);
        Publish(publisher, VideoId, 5, isKeyframe: true);
        publisher.MarkDiscontinuity();
        Publish(publisher, VideoId, 6);
        Publish(publisher, VideoId, 7, isKeyframe: true);
        feed.End();

        Assert.Equal(
            [
                FeedItemKind.Tracks, FeedItemKind.Frame, FeedItemKind.Interrupted, FeedItemKind.Tracks, FeedItemKind.Frame,
                FeedItemKind.Discontinuity, FeedItemKind.Frame, FeedItemKind.Ended,
            ],
            ReadAll(subscription).Select(item => item.Kind));
        Assert.Null(feed.TryBeginPublish());
        Assert.Null(feed.TrySubscribe());
    }

    [Fact]
    public void A_publisher_that_comes_and_goes_while_nobody_reads_does_not_grow_the_queue()
    {
        var feed = new Feed();
        using var subscription = feed.TrySubscribe()!;
        for (var i = 0; i < 1_000; i++)
        {
            var publisher = feed.TryBeginPublish()!;
            publisher.SetTracks([Video]);
            Publish(publisher, VideoId, i, isKeyframe: true);
            publisher.Leave();
        }

        var items = ReadAll(subscription);
        Assert.InRange(items.Count, 1, 200);
        Assert.Equal(FeedItemKind.Tracks, items[0].Kind);
        Assert.Equal(FeedItemKind.Interrupted, items[^1].Kind);
    }

    [Fact]
    public async Task A_waiting_reader_is_woken_by_a_frame_and_by_the_end_of_its_subscription()
    {
        var feed = new Feed();
        var publisher = feed.TryBeginPublish()!;
        publisher.SetTracks([Video]);
        var subscription = feed.TrySubscribe()!;
        Assert.True(await subscription.WaitToReadAsync());
        Assert.Equal(FeedItemKind.Tracks, Read(subscription).Kind);

        var waiting = subscription.WaitToReadAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        Publish(publisher, VideoId, 0, isKeyframe: true);
        Assert.True(await waiting);
        Assert.Equal([(VideoId, 0)], ReadFrames(subscription));

        waiting = subscription.WaitToReadAsync().AsTask();
        subscription.Dispose();
        Assert.False(await waiting);
        Assert.Equal(0, feed.SubscriberCount);
    }

    [Fact]
    public async Task A_patient_reader_is_woken_by_what_it_waits_for_and_not_by_every_frame()
    {
        var feed = new Feed();
        var publisher = feed.TryBeginPublish()!;
        publisher.SetTracks([Video, Audio]);
        Publish(publisher, VideoId, 0, isKeyframe: true);
        using var subscription = feed.TrySubscribe()!;
        Assert.Equal(FeedItemKind.Tracks, Read(subscription).Kind);
        Assert.Equal([(VideoId, 0)], ReadFrames(subscription));

        // The moment.
        var waiting = subscription.WaitToReadAsync(At(10)).AsTask();
        Publish(publisher, AudioId, 8, isKeyframe: true);
        Publish(publisher, VideoId, 9);
        Assert.False(waiting.IsCompleted);
        Publish(publisher, AudioId, 10, isKeyframe: true);
        Assert.True(await waiting);
        Assert.Equal([(AudioId, 8), (VideoId, 9), (AudioId, 10)], ReadFrames(subscription));

        // A keyframe of the picture, though it comes earlier.
        waiting = subscription.WaitToReadAsync(At(100)).AsTask();
        Publish(publisher, VideoId, 11);
        Assert.False(waiting.IsCompleted);
        Publish(publisher, VideoId, 12, isKeyframe: true);
        Assert.True(await waiting);
        Assert.Equal([(VideoId, 11), (VideoId, 12)], ReadFrames(subscription));

        // More than can wait.
        waiting = subscription.WaitToReadAsync(At(1_000)).AsTask();
        for (var at = 13; at < 13 + 63; at++)
        {
            Publish(publisher, VideoId, at);
        }

        Assert.False(waiting.IsCompleted);
        Publish(publisher, VideoId, 76);
        Assert.True(await waiting);
        Assert.Equal(64, ReadFrames(subscription).Count);

        // What is no frame; and what has come before the reader waits.
        Publish(publisher, VideoId, 77);
        waiting = subscription.WaitToReadAsync(At(1_000)).AsTask();
        Assert.False(waiting.IsCompleted);
        publisher.Leave();
        Assert.True(await waiting);
        Assert.True(await subscription.WaitToReadAsync(At(1_000)));

        static TimeSpan At(int at) => new MediaTime(at).SinceStart;
    }

    [Fact]
    public void Every_buffer_goes_back_whatever_happens()
    {
        var before = MediaBuffer.Outstanding;
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var feed = new Feed(new FeedOptions { MaxStartFrames = 20 });
            var publisher = feed.TryBeginPublish()!;
            var subscriptions = new List<FeedSubscription>();
            publisher.SetTracks([Video, Audio]);
            for (var step = 0; step < 200; step++)
            {
                switch (random.Next(12))
                {
                    case 0:
                        subscriptions.Add(feed.TrySubscribe(new SubscriberOptions { MaxFrames = 1 + random.Next(30), Overflow = (OverflowPolicy)random.Next(2) })!);
                        break;
                    case 1 when subscriptions.Count > 0:
                        subscriptions[random.Next(subscriptions.Count)].Dispose();
                        break;
                    case 2 when subscriptions.Count > 0:
                        ReadAll(subscriptions[random.Next(subscriptions.Count)]);
                        break;
                    case 3:
                        publisher.MarkDiscontinuity();
                        break;
                    case 4:
                        publisher.Leave();
                        publisher = feed.TryBeginPublish()!;
                        publisher.SetTracks([Video, Audio]);
                        break;
                    default:
                        Publish(publisher, random.Next(2), step, isKeyframe: random.Next(10) == 0);
                        break;
                }
            }

            feed.End();
            subscriptions.ForEach(subscription => subscription.Dispose());
        }

        Assert.Equal(before, MediaBuffer.Outstanding);
    }

    [Fact]
    public void Publishing_and_reading_allocate_nothing_in_steady_state()
    {
        var feed = new Feed();
        var publisher = feed.TryBeginPublish()!;
        publisher.SetTracks([Video]);
        using var subscription = feed.TrySubscribe()!;
        PublishAndRead(2_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        PublishAndRead(10_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void PublishAndRead(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var buffer = MediaBuffer.Rent(500);
                var frame = Frame.Create(VideoId, new MediaTime(i), new MediaTime(i), TimeSpan.Zero, i % 60 == 0, buffer, 0, 500);
                buffer.Release();
                publisher.Publish(frame);
                frame.Release();
                while (subscription.TryRead(out var item))
                {
                    item.Frame?.Release();
                }
            }
        }
    }

    private static void Publish(FeedPublisher publisher, int trackId, int at, bool isKeyframe = false, int length = 1)
    {
        var frame = Frame.CopyOf(trackId, new MediaTime(at), new MediaTime(at), TimeSpan.Zero, isKeyframe, new byte[length]);
        publisher.Publish(frame);
        frame.Release();
    }

    private static FeedItem Read(FeedSubscription subscription)
    {
        Assert.True(subscription.TryRead(out var item));
        return item;
    }

    private static List<(int TrackId, int At)> ReadFrames(FeedSubscription subscription)
    {
        var frames = new List<(int, int)>();
        while (subscription.TryRead(out var item))
        {
            Assert.Equal(FeedItemKind.Frame, item.Kind);
            frames.Add((item.Frame!.TrackId, (int)item.Frame.DecodeTime.Ticks));
            item.Frame.Release();
        }

        return frames;
    }

    private static List<FeedItem> ReadAll(FeedSubscription subscription)
    {
        var items = new List<FeedItem>();
        while (subscription.TryRead(out var item))
        {
            items.Add(item);
            item.Frame?.Release();
        }

        return items;
    }
}
