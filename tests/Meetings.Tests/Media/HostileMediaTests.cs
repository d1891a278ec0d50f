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
    public async Task Only_programs_of_this_machine_are_told_the_ways_inside_it_and_each_way_once()
    {
        using var media = new VirtualMedia(30);
        using var browser = new BrowserLikePeer(BrowserFlavor.Chromium, 1);
        Assert.DoesNotContain("10.1.2.3", await AnswerAsync("anna", isHere: false), StringComparison.Ordinal);
        var answer = await AnswerAsync("page", isHere: true);
        Assert.Contains(" 10.1.2.3 8844 typ host", answer, StringComparison.Ordinal);
        Assert.Equal(2, answer.Split(" 198.51.100.1 8844 typ host").Length - 1); // UDP and TCP.

        async Task<string> AnswerAsync(string peerId, bool isHere) =>
            (await media.Room.CreateTransportAsync(peerId, TransportDirection.FromPeer, browser.Sending.CreateOffer(), isHere)).AnswerSdp;
    }

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

    [Theory]
    [InlineData("consume", false, true)]
    [InlineData("prefer", false, true)]
    [InlineData("produce", true, false)]
    [InlineData("make the sending transport anew", true, false)]
    [InlineData("make the receiving transport anew", false, true)]
    [InlineData("leave", true, true)]
    public async Task A_request_that_meets_a_fault_of_ours_costs_its_peer_what_it_was_at_and_nobody_else_anything(
        string request, bool costsSending, bool costsReceiving)
    {
        using var media = new VirtualMedia(39);
        var (anna, ben, received) = await WatchingAsync(media);
        var carol = media.AddBot("carol");
        await carol.JoinAsync();
        var (voice, _) = await carol.PublishMicrophoneAsync();
        var ofCarol = await ben.ConsumeAsync(voice);
        media.Run(1_100);
        while (media.Room.Events.TryRead(out _))
        {
            // What was before.
        }

        var code = await CodeOfAsync(request switch
        {
            "consume" => media.Room.ConsumeAsync("carol", carol.ReceiveTransportId, new Faulty<ConsumeRequest>()).AsTask(),
            "prefer" => media.Room.PreferAsync("carol", carol.ReceiveTransportId, new Faulty<LayerPreference>()).AsTask(),
            "produce" => media.Room.ProduceAsync("carol", new ProduceRequest(
                MediaKind.Audio, IsPaused: false, IsScreenShare: false, AppData: null!, "9", "audio/opus", carol.Browser.Sending.CreateOffer())).AsTask(),
            "make the sending transport anew" => FailAsync(TransportDirection.FromPeer),
            "make the receiving transport anew" => FailAsync(TransportDirection.ToPeer),
            _ => LeaveAsync(),
        });
        Assert.Equal(MediaErrorCode.Fault, code);

        var heard = ofCarol.Frames.Count;
        await AssertFlowsAsync(media, anna, ben, received);
        var events = new List<MediaEvent>();
        while (media.Room.Events.TryRead(out var happened))
        {
            events.Add(happened);
        }

        Assert.Empty(events.OfType<RoomFailed>());
        Assert.All(events.OfType<TransportLost>(), lost => Assert.Equal(("carol", TransportLossReason.Fault), (lost.PeerId, lost.Reason)));
        Assert.Equal(
            costsSending ? [voice.Id] : [], events.OfType<TransportLost>().SelectMany(lost => lost.Dropped).Select(producer => producer.Id));
        Assert.Equal(costsSending, heard == ofCarol.Frames.Count);
        Assert.True(costsSending || carol.Browser.Sending.IsConnected);
        Assert.True(costsReceiving || carol.Browser.Receiving.IsConnected);
        Assert.Equal(4 + (costsSending ? 0 : 1) + (costsReceiving ? 0 : 1), media.Ufrags.Count);
        Assert.NotEmpty(Assert.Single(media.Faults));
        media.Faults.Clear();
        Assert.Equal(1, media.FailedRequests);

        // Carol comes back, and is heard by those who stayed.
        var again = media.AddBot("carol");
        await again.JoinAsync();
        var (voiceAgain, _) = await again.PublishMicrophoneAsync();
        var heardAgain = await ben.ConsumeAsync(voiceAgain);
        media.Run(500);
        Assert.True(heardAgain.Frames.Count >= 20, $"{heardAgain.Frames.Count} of Carol's");

        Task FailAsync(TransportDirection direction)
        {
            // The fault is in saying goodbye on the old one.
            media.FailsForRequest = true;
            var offer = new BrowserLikePeer(BrowserFlavor.Chromium, 3_939);
            return media.Room.CreateTransportAsync(
                "carol", direction, (direction is TransportDirection.FromPeer ? offer.Sending : offer.Receiving).CreateOffer()).AsTask();
        }

        Task LeaveAsync()
        {
            media.FailsForRequest = true;
            return media.Room.LeaveAsync("carol").AsTask();
        }
    }

    [Fact]
    public async Task A_request_that_only_reads_costs_nothing_when_it_meets_a_fault()
    {
        using var media = new VirtualMedia(40);
        var (anna, ben, received) = await WatchingAsync(media);
        Assert.Equal(MediaErrorCode.Fault, await CodeOfAsync(media.Room.TapAsync(new FaultyListener()).AsTask()));
        Assert.Single(media.Faults);
        media.Faults.Clear();
        await AssertFlowsAsync(media, anna, ben, received);
    }

    [Fact]
    public async Task What_is_due_on_one_transport_and_meets_a_fault_of_ours_costs_its_peer_the_transport_and_nobody_else_anything()
    {
        using var media = new VirtualMedia(41);
        var (anna, ben, received) = await WatchingAsync(media);
        anna.IsSendingMedia = false;
        media.Run(1_100);

        // Of all of them only Carol's sending transport has something to write by itself: its reports on what arrives.
        var carol = media.AddBot("carol");
        await carol.JoinAsync();
        await carol.PublishMicrophoneAsync();
        media.Run(100);
        media.FailsForDeadline = true;
        Assert.True(media.RunUntil(() => !media.FailsForDeadline));
        media.Run(100);

        var events = new List<MediaEvent>();
        while (media.Room.Events.TryRead(out var happened))
        {
            events.Add(happened);
        }

        Assert.Empty(events.OfType<RoomFailed>());
        var lost = Assert.Single(events.OfType<TransportLost>());
        Assert.Equal(TransportLossReason.Fault, lost.Reason);
        Assert.Contains("not supposed to happen", Assert.Single(media.Faults));
        media.Faults.Clear();
        anna.IsSendingMedia = true;
        await AssertFlowsAsync(media, anna, ben, received);
    }

    [Fact]
    public async Task A_packet_of_the_servers_own_that_meets_a_fault_ends_what_it_sends_and_nothing_else()
    {
        using var media = new VirtualMedia(42);
        var (anna, ben, received) = await WatchingAsync(media);
        var listener = new FaultyListener { TakesTracks = true };
        await media.Room.TapAsync(listener);
        await using var source = await media.Room.AddSourceAsync("source", hasSound: true, hasPicture: false, new NoListener());
        while (media.Room.Events.TryRead(out _))
        {
            // What was before.
        }

        listener.FailsOnPackets = true;
        source.Send(new RtpPacketizer(MediaSource.SoundSsrc, MediaSource.OpusPayloadType, 48_000).Opus([0xFC, 1, 2], media.Now), isRtcp: false);
        listener.FailsOnPackets = false;
        Assert.Single(media.Faults);
        media.Faults.Clear();

        Assert.True(media.Room.Events.TryRead(out var happened));
        Assert.Equal(["source"], Assert.IsType<TransportLost>(happened).Dropped.Select(producer => producer.PeerId));
        await AssertFlowsAsync(media, anna, ben, received);
        Assert.Empty((await media.Room.MeasureAsync("source")).Producers);
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

    /// <summary>A list that meets a fault when it is looked at.</summary>
    private sealed class Faulty<T> : IReadOnlyList<T>
    {
        public int Count => 1;

        public T this[int index] => throw new InvalidOperationException("This is not supposed to happen.");

        public IEnumerator<T> GetEnumerator() => throw new InvalidOperationException("This is not supposed to happen.");

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private sealed class FaultyListener : IMediaListener
    {
        public bool TakesTracks { get; init; }

        public bool FailsOnPackets { get; set; }

        public void OnTrack(MediaProducer producer, uint ssrc, byte payloadType) => Check(TakesTracks);

        public void OnTrackEnded(string producerId)
        {
        }

        public void OnPacket(ReadOnlySpan<byte> packet, bool isRtcp) => Check(!FailsOnPackets);

        public void OnRoomEnded()
        {
        }

        private static void Check(bool isWell)
        {
            if (!isWell)
            {
                throw new InvalidOperationException("This is not supposed to happen.");
            }
        }
    }

    private sealed class NoListener : IMediaSourceListener
    {
        public void OnKeyframeWanted()
        {
        }
    }
}
