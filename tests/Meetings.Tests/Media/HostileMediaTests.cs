using Roomcast.Meetings.Media;
using Roomcast.Rtc;
using Roomcast.Sfu.Routing;
using Roomcast.TestKit.Rtc;
using Roomcast.Transports.Rtc;

namespace Roomcast.Meetings.Tests.Media;

/// <summary>What strangers and peers send who mean no good: it gets nowhere and is counted, and the others notice nothing.</summary>
public sealed class HostileMediaTests
{
    private static readonly RtcAddress Stranger = RtcAddress.FromIPv4(0xCB007101, 40_000);

    [Fact]
    public async Task Garbage_gets_nowhere()
    {
        using var media = new VirtualMedia(31);
        var (anna, ben, received) = await WatchingAsync(media);
        var random = new Random(31);
        var bens = media.Paths.ToList();
        for (var i = 0; i < 20_000; i++)
        {
            var datagram = new byte[random.Next(1, 1_500)];
            random.NextBytes(datagram);
            if (i % 4 == 0)
            {
                datagram[0] = (byte)random.Next(4); // It looks like a check.
            }

            media.Inject(datagram, i % 2 == 0 ? Stranger : bens[random.Next(bens.Count)]);
        }

        media.Run(1_100);

        var totals = media.Engine.Totals;
        Assert.True(totals.Strangers >= 10_000, $"{totals.Strangers} strangers");
        Assert.True(totals.Malformed + totals.Forged + totals.Refused + totals.Replayed + totals.UnknownSource > 5_000);
        Assert.Equal(4, media.Paths.Count);
        Assert.Equal(0, media.SentNowhere);
        await AssertFlowsAsync(media, anna, ben, received);
    }

    [Fact]
    public async Task Checks_that_are_not_authentic_open_no_way()
    {
        using var media = new VirtualMedia(32);
        var anna = media.AddBot("anna");
        await anna.JoinAsync();
        var tap = media.Tap(anna.Browser.Sending);
        media.Run(6_000);
        var check = tap.First(datagram => datagram[0] < 4);

        // A check for somebody unknown, and one that was tampered with, from an address of their own.
        var foreign = (byte[])check.Clone();
        var at = foreign.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(media.Ufrags.First(ufrag => foreign.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(ufrag)) >= 0)));
        foreign[at] ^= 1;
        media.Inject(foreign, Stranger);
        var tampered = (byte[])check.Clone();
        tampered[^1] ^= 1;
        media.Inject(tampered, Stranger);
        media.Run(1_100);

        Assert.DoesNotContain(Stranger, media.Paths);
        Assert.Equal(0, media.SentNowhere);
        Assert.Equal(1, media.Engine.Totals.Strangers);
        Assert.True(media.Engine.Totals.Malformed + media.Engine.Totals.UnauthenticatedChecks >= 1);
        Assert.True(anna.Browser.Sending.IsConnected);
    }

    [Fact]
    public async Task Packets_seen_before_are_not_forwarded_again()
    {
        using var media = new VirtualMedia(33);
        var (anna, ben, received) = await WatchingAsync(media);
        var tap = media.Tap(anna.Browser.Sending);
        media.Run(500);
        var packets = tap.Where(datagram => datagram[0] is >= 128 and < 192).ToList();
        var totals = media.Engine.Totals;
        var path = anna.Browser.Sending;
        Assert.True(packets.Count > 50);

        var from = media.AddressOf(path);
        foreach (var packet in packets)
        {
            media.Inject(packet, from);
            media.Inject(packet, Stranger);
        }

        var before = received.Packets;
        anna.IsSendingMedia = false;
        media.Run(1_100);

        Assert.True(media.Engine.Totals.Replayed - totals.Replayed >= packets.Count);
        Assert.Equal(before, received.Packets);
        anna.IsSendingMedia = true;
        await AssertFlowsAsync(media, anna, ben, received);
    }

    [Fact]
    public async Task Nobody_speaks_for_another()
    {
        using var media = new VirtualMedia(34);
        var (anna, ben, received) = await WatchingAsync(media);
        ben.IsSendingMedia = false;
        var (_, bens) = await ben.PublishMicrophoneAsync();
        var annas = anna.Browser.Sending.Tracks[0];
        media.Run(200);
        var before = received.Frames.Count;
        anna.IsSendingMedia = false;
        media.Run(200);
        var shown = received.Frames.Count;

        // Ben sends with Anna's sources, with the name of her section, and with a payload type that is not his.
        for (var i = 0; i < 50; i++)
        {
            bens.SendForged(annas.Ssrcs[0], "9", 96, media.Now);
            bens.SendForged(77, annas.Mid, 96, media.Now);
            bens.SendForged(bens.Ssrcs[0], bens.Mid, 96, media.Now);
            media.Run(1);
        }

        media.Run(1_100);

        Assert.Equal(shown, received.Frames.Count);
        Assert.Empty(received.Faults);
        Assert.True(before > 0);
        Assert.True(media.Engine.Totals.UnknownSource >= 98, $"{media.Engine.Totals.UnknownSource} of unknown sources");
        Assert.True(media.Engine.Totals.WrongPayloadType >= 49, $"{media.Engine.Totals.WrongPayloadType} of wrong payload types");
    }

    [Fact]
    public async Task Nobody_decides_for_another()
    {
        using var media = new VirtualMedia(35);
        var (anna, ben, _) = await WatchingAsync(media);
        var annas = (await media.Room.MeasureAsync("anna")).Producers[0].ProducerId;

        Assert.Equal(MediaErrorCode.NotTheOwner, await CodeOfAsync(media.Room.CloseProducerAsync("ben", annas, null).AsTask()));
        Assert.Equal(MediaErrorCode.NotTheOwner, await CodeOfAsync(media.Room.SetProducerPausedAsync("ben", annas, true).AsTask()));
        Assert.Equal(MediaErrorCode.UnknownProducer, await CodeOfAsync(media.Room.CloseProducerAsync("ben", "no such", null).AsTask()));
        Assert.Equal(MediaErrorCode.UnknownPeer, await CodeOfAsync(media.Room.CloseProducerAsync("nobody", annas, null).AsTask()));
        Assert.Equal(MediaErrorCode.UnknownTransport, await CodeOfAsync(media.Room.ConsumeAsync("ben", anna.ReceiveTransportId, []).AsTask()));
        Assert.Equal(MediaErrorCode.UnknownTransport, await CodeOfAsync(media.Room.PreferAsync("ben", ben.SendTransportId, []).AsTask()));
        Assert.False(Assert.Single(await media.Room.DropProducersAsync("anna")).IsPaused);
    }

    [Fact]
    public async Task What_a_peer_may_have_is_bounded()
    {
        using var media = new VirtualMedia(36);
        var anna = media.AddBot("anna");
        await anna.JoinAsync();
        for (var i = 0; i < MediaLimits.ProducersOfPeer; i++)
        {
            await anna.PublishMicrophoneAsync();
        }

        Assert.Equal(MediaErrorCode.TooMany, await CodeOfAsync(anna.PublishMicrophoneAsync()));
        Assert.Equal(
            MediaErrorCode.TooMany,
            await CodeOfAsync(media.Room.ConsumeAsync(
                "anna", anna.ReceiveTransportId, [.. Enumerable.Repeat(new ConsumeRequest("x"), MediaLimits.ConsumeRequests + 1)]).AsTask()));
    }

    [Fact]
    public async Task Packets_too_long_to_be_sent_on_are_dropped_and_disturb_nobody()
    {
        using var media = new VirtualMedia(37);
        var anna = media.AddBot("anna");
        var ben = media.AddBot("ben");
        var carol = media.AddBot("carol");
        await anna.JoinAsync();
        await ben.JoinAsync();
        await carol.JoinAsync();
        var (sound, annas) = await anna.PublishMicrophoneAsync();
        var (voice, _) = await carol.PublishMicrophoneAsync();
        var ofAnna = await ben.ConsumeAsync(sound);
        var ofCarol = await ben.ConsumeAsync(voice);
        anna.IsSendingMedia = false;
        media.Run(500);
        var tap = media.Tap(anna.Browser.Sending);
        var atFirst = (Anna: ofAnna.Frames.Count, Carol: ofCarol.Frames.Count);

        // Every length that a datagram can have, with Anna's own keys.
        const int shortest = 20;
        const int longestTaken = MediaLimits.PacketBytes - Router.MaxHeaderBytes;
        for (annas.PayloadBytes = shortest; annas.PayloadBytes <= RtcWorker.MaxDatagramLength; annas.PayloadBytes++)
        {
            annas.SendFrame(media.Now);
            media.Run(1);
        }

        media.Run(1_100);

        Assert.Equal(RtcWorker.MaxDatagramLength, tap.Max(datagram => datagram.Length));
        Assert.Equal(longestTaken - shortest + 1, ofAnna.Frames.Count - atFirst.Anna);
        Assert.True(media.Engine.Totals.TooLong >= 50, $"{media.Engine.Totals.TooLong} too long");
        Assert.Empty(ofAnna.Faults);
        var heard = ofCarol.Frames.Skip(atFirst.Carol).Select(frame => frame.Mark.Frame).ToList();
        Assert.True(heard.Count > 100, $"{heard.Count} of Carol's");
        Assert.Equal(Enumerable.Range((int)heard[0], heard.Count).Select(number => (uint)number), heard);

        // Anna has harmed nobody, and goes on.
        annas.PayloadBytes = 60;
        anna.IsSendingMedia = true;
        media.Run(500);
        Assert.True(ofAnna.Frames.Count >= atFirst.Anna + longestTaken - shortest + 20);
    }

    [Fact]
    public async Task A_datagram_that_meets_a_fault_of_ours_costs_its_sender_the_transport_and_nobody_else_anything()
    {
        using var media = new VirtualMedia(38);
        var (anna, ben, received) = await WatchingAsync(media);
        var carol = media.AddBot("carol");
        await carol.JoinAsync();
        var (voice, _) = await carol.PublishMicrophoneAsync();
        var ofCarol = await ben.ConsumeAsync(voice);
        carol.IsSendingMedia = false;
        media.Run(1_100);
        media.FailsFor = media.AddressOf(anna.Browser.Sending);
        Assert.True(media.RunUntil(() => media.FailsFor is null));
        var shown = received.Frames.Count;
        media.Run(1_100);

        var events = new List<MediaEvent>();
        while (media.Room.Events.TryRead(out var happened))
        {
            events.Add(happened);
        }

        var lost = Assert.Single(events.OfType<TransportLost>());
        Assert.Equal(("anna", anna.SendTransportId, TransportLossReason.Fault), (lost.PeerId, lost.TransportId, lost.Reason));
        Assert.Single(lost.Dropped);
        Assert.Empty(events.OfType<RoomFailed>());
        Assert.False(anna.Browser.Sending.IsConnected);
        Assert.InRange(received.Frames.Count - shown, 0, 1);
        Assert.Contains("not supposed to happen", Assert.Single(media.Faults));
        media.Faults.Clear();

        // The others go on.
        carol.IsSendingMedia = true;
        media.Run(500);
        Assert.True(ofCarol.Frames.Count >= 20, $"{ofCarol.Frames.Count} of Carol's");
        Assert.Empty(ofCarol.Faults);
        Assert.True(anna.Browser.Receiving.IsConnected && ben.Browser.Receiving.IsConnected && carol.Browser.Sending.IsConnected);
    }

    private static async Task<MediaErrorCode> CodeOfAsync(Task task) => (await Assert.ThrowsAsync<MediaException>(() => task)).Code;

    private static async Task<(MediaBot Anna, MediaBot Ben, ReceivedTrack Received)> WatchingAsync(VirtualMedia media)
    {
        var anna = media.AddBot("anna");
        var ben = media.AddBot("ben");
        await anna.JoinAsync();
        await ben.JoinAsync();
        var (picture, _) = await anna.PublishCameraAsync();
        var received = await ben.ConsumeAsync(picture);
        media.Run(500);
        Assert.NotEmpty(received.Frames);
        return (anna, ben, received);
    }

    private static async Task AssertFlowsAsync(VirtualMedia media, MediaBot anna, MediaBot ben, ReceivedTrack received)
    {
        var before = received.Frames.Count;
        media.Run(1_000);
        Assert.True(received.Frames.Count > before + 20, $"{received.Frames.Count - before} frames in a second");
        Assert.Empty(received.Faults);
        Assert.True((await media.Room.MeasureAsync("anna")).Transports[0].IsConnected);
        Assert.True(anna.Browser.Sending.IsConnected && ben.Browser.Receiving.IsConnected);
    }
}
