using Roomcast.Meetings.Media;
using Roomcast.Rtc;

namespace Roomcast.Meetings.Tests.Media;

public sealed class ForwardingAllocationTests
{
    private const int Receivers = 16;
    private const int Measured = 2_000;
    private const int SoundsInSecond = 50;

    // Twice as long is still less than the silence after which a peer is given up.
    private const int Seconds = 10;

    // As many packets as the record of what is under way can grow to: here nobody ever confirms one.
    private const int Warming = 8_500;

    [Fact]
    public async Task Forwarding_one_track_to_sixteen_peers_through_encryption_and_reporting_on_it_allocates_nothing()
    {
        using var media = new VirtualMedia(41);
        var anna = media.AddBot("anna");
        await anna.JoinAsync();
        var (sound, voice) = await anna.PublishMicrophoneAsync();
        for (var i = 0; i < Receivers; i++)
        {
            var bot = media.AddBot($"peer {i}");
            await bot.JoinAsync();
            await bot.ConsumeAsync(sound);
        }

        media.Run(300);
        anna.IsSendingMedia = false;
        media.Run(50);

        // Made beforehand: datagrams as they come from the network.
        var from = media.AddressOf(anna.Browser.Sending);
        var datagrams = new List<byte[]>();
        for (var i = 0; i < Warming + Measured + (2 * Seconds * SoundsInSecond); i++)
        {
            voice.SendFrame(media.Now);
            while (anna.Browser.Sending.TryTake(out var datagram))
            {
                datagrams.Add(datagram);
            }
        }

        media.IsDiscarding = true;
        Forward(media, datagrams, 0, Warming, from);
        var sentBefore = media.Discarded;

        var before = GC.GetAllocatedBytesForCurrentThread();
        Forward(media, datagrams, Warming, Warming + Measured, from);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.Equal((long)Measured * Receivers, media.Discarded - sentBefore);

        // And when time passes: reports to all are due, of the room's and of each track. What the whole engine has counted is told
        // once a second, in an object of its own.
        var at = Play(media, datagrams, Warming + Measured, Seconds, from, media.Now);
        sentBefore = media.Discarded;
        before = GC.GetAllocatedBytesForCurrentThread();
        Play(media, datagrams, Warming + Measured + (Seconds * SoundsInSecond), Seconds, from, at);
        allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        before = GC.GetAllocatedBytesForCurrentThread();
        var totals = media.Engine.Totals.Copy();
        var ofTotals = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, 0, (Seconds + 1) * ofTotals);
        Assert.True(totals.Sent > 0);
        Assert.True(
            media.Discarded - sentBefore >= Seconds * (SoundsInSecond + 1) * Receivers, $"{media.Discarded - sentBefore} datagrams with the reports");
    }

    private static TimeSpan Play(VirtualMedia media, List<byte[]> datagrams, int begin, int seconds, in RtcAddress from, TimeSpan now)
    {
        for (var i = 0; i < seconds * SoundsInSecond; i++)
        {
            media.Engine.Handle(datagrams[begin + i], from, now);
            for (var end = now + TimeSpan.FromSeconds(1.0 / SoundsInSecond); now < end; now += TimeSpan.FromMilliseconds(1))
            {
                if (media.Engine.NextDeadline <= now)
                {
                    media.Engine.HandleDeadline(now);
                }
            }
        }

        return now;
    }

    private static void Forward(VirtualMedia media, List<byte[]> datagrams, int begin, int end, in RtcAddress from)
    {
        for (var i = begin; i < end; i++)
        {
            media.Engine.Handle(datagrams[i], from, media.Now);
            _ = media.Engine.NextDeadline;
        }
    }
}
