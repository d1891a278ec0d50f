using Roomcast.Meetings.Media;
using Roomcast.Rtc;

namespace Roomcast.Meetings.Tests.Media;

public sealed class ForwardingAllocationTests
{
    private const int Receivers = 16;
    private const int Measured = 2_000;

    // As many packets as the record of what is under way can grow to: here nobody ever confirms one.
    private const int Warming = 8_500;

    [Fact]
    public async Task Forwarding_one_track_to_sixteen_peers_through_encryption_allocates_nothing()
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
        for (var i = 0; i < Warming + Measured; i++)
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
