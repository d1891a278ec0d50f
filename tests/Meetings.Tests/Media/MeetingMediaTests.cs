using Roomcast.Meetings.Media;
using Roomcast.Rtc.Connection;
using Roomcast.TestKit.Network;
using Roomcast.TestKit.Rtc;

namespace Roomcast.Meetings.Tests.Media;

/// <summary>Peers who meet: what one sends arrives at the others, whatever browsers they are.</summary>
public sealed class MeetingMediaTests
{
    [Theory]
    [InlineData(BrowserFlavor.Chromium, BrowserFlavor.Chromium)]
    [InlineData(BrowserFlavor.Chromium, BrowserFlavor.Firefox)]
    [InlineData(BrowserFlavor.Firefox, BrowserFlavor.Chromium)]
    public async Task Two_peers_see_and_hear_each_other(BrowserFlavor one, BrowserFlavor other)
    {
        using var media = new VirtualMedia();
        var anna = media.AddBot("anna", one);
        var ben = media.AddBot("ben", other);
        await anna.JoinAsync();
        await ben.JoinAsync();
        var (sound, voice) = await anna.PublishMicrophoneAsync();
        var (picture, camera) = await anna.PublishCameraAsync();
        var (answerSound, reply) = await ben.PublishMicrophoneAsync();

        var seen = await ben.ConsumeAsync([sound, picture]);
        var heard = await anna.ConsumeAsync(answerSound);
        media.Run(3_000);

        AssertIsOf(voice, seen[0], 140);
        AssertIsOf(camera, seen[1], 80);
        AssertIsOf(reply, heard, 140);
        Assert.Equal(0, ben.Browser.Receiving.Strangers + anna.Browser.Receiving.Strangers);
        Assert.Equal((MediaKind.Video, "video/VP8", "anna"), (picture.Kind, picture.MimeType, picture.PeerId));
    }

    [Fact]
    public async Task Four_peers_receive_all_of_each_other()
    {
        using var media = new VirtualMedia(2);
        MediaBot[] bots = [media.AddBot("a"), media.AddBot("b", BrowserFlavor.Firefox), media.AddBot("c"), media.AddBot("d")];
        var sent = new List<(MediaProducer Producer, BrowserTrack Track)>();
        foreach (var bot in bots)
        {
            await bot.JoinAsync();
            sent.Add(await bot.PublishMicrophoneAsync());
            sent.Add(await bot.PublishCameraAsync());
        }

        var received = new List<(BrowserTrack Track, ReceivedTrack Received)>();
        foreach (var bot in bots)
        {
            var others = sent.Where(track => track.Producer.PeerId != bot.PeerId).ToList();
            var tracks = await bot.ConsumeAsync([.. others.Select(track => track.Producer)]);
            received.AddRange(others.Zip(tracks, (track, arrived) => (track.Track, arrived)));
        }

        media.Run(2_000);

        Assert.Equal(24, received.Count);
        Assert.All(received, pair => AssertIsOf(pair.Track, pair.Received, 40));
    }

    [Fact]
    public async Task A_peer_has_transports_when_both_have_been_connected_for_a_while()
    {
        using var media = new VirtualMedia();
        var anna = media.AddBot("anna");
        Assert.False(await media.Room.HasTransportsAsync("anna"));
        await anna.ConnectAsync(TransportDirection.FromPeer);
        media.Run(3_000);
        Assert.False(await media.Room.HasTransportsAsync("anna"));

        // A moment ago: who made it is still at it.
        await anna.ConnectAsync(TransportDirection.ToPeer);
        media.Run(1_000);
        Assert.False(await media.Room.HasTransportsAsync("anna"));
        media.Run(1_000);
        Assert.True(await media.Room.HasTransportsAsync("anna"));
    }

    [Fact]
    public async Task What_is_closed_stops_and_its_section_is_recycled_under_a_new_name()
    {
        using var media = new VirtualMedia(3);
        var (anna, ben) = await TwoAsync(media);
        var (sound, _) = await anna.PublishMicrophoneAsync();
        var (picture, _) = await anna.PublishCameraAsync();
        var tracks = await ben.ConsumeAsync([sound, picture]);
        media.Run(500);
        Assert.Equal(["2", "3"], tracks.Select(track => track.Mid));

        await ben.StopConsumingAsync("3");
        media.Run(100);
        var before = tracks[1].Packets;
        media.Run(500);
        Assert.Equal(before, tracks[1].Packets);
        Assert.Equal(0, ben.Browser.Receiving.Strangers);

        var consumed = await media.Room.ConsumeAsync("ben", ben.ReceiveTransportId, [new ConsumeRequest(picture.Id)]);
        Assert.Contains("a=group:BUNDLE 0 1 2 4\r\n", consumed.OfferSdp, StringComparison.Ordinal);
        await media.Room.CompleteConsumeAsync("ben", ben.ReceiveTransportId, ben.Browser.Receiving.ApplyOffer(consumed.OfferSdp!));
        media.Run(1_000);

        var again = ben.Browser.Receiving.Received["4"];
        Assert.True(again.Frames.Count > 20);
        Assert.NotEqual(tracks[1].Ssrc, again.Ssrc);
        Assert.Empty(again.Faults);
    }

    [Fact]
    public async Task A_screen_is_shared_twice()
    {
        using var media = new VirtualMedia(4);
        var (anna, ben) = await TwoAsync(media);
        for (var i = 0; i < 2; i++)
        {
            var (producer, screen) = await anna.PublishScreenAsync();
            Assert.True(producer.IsScreenShare);
            var received = await ben.ConsumeAsync(producer);
            media.Run(1_500);
            AssertIsOf(screen, received, 10);

            var closed = await anna.UnpublishAsync(producer, screen);
            Assert.Equal(producer.Id, closed.Id);
            await ben.StopConsumingAsync(received.Mid);
            media.Run(100);
        }

        Assert.Empty((await media.Room.MeasureAsync("anna")).Producers);
    }

    [Fact]
    public async Task A_receiver_gets_the_encoding_it_prefers()
    {
        using var media = new VirtualMedia(5);
        var (anna, ben) = await TwoAsync(media);
        var (picture, camera) = await anna.PublishCameraAsync();
        camera.PacketsPerFrame = 2;
        camera.PayloadBytes = 300;
        var received = await ben.ConsumeAsync(picture, "f");
        Assert.True(media.RunUntil(() => received.Last.Mark.Rank == 0 && received.Frames.Count > 10));

        await media.Room.PreferAsync("ben", ben.ReceiveTransportId, [new LayerPreference(picture.Id, received.Mid, "q")]);
        Assert.True(media.RunUntil(() => received.Last.Mark.Rank == 2), "It stayed with the better encoding.");

        await media.Room.PreferAsync("ben", ben.ReceiveTransportId, [new LayerPreference(picture.Id, null, "h")]);
        Assert.True(media.RunUntil(() => received.Last.Mark.Rank == 1), "It stayed with the worst encoding.");

        // A small camera has no q: the nearest serves.
        camera.Sends = rank => rank < 2;
        await media.Room.PreferAsync("ben", ben.ReceiveTransportId, [new LayerPreference("", received.Mid, "q")]);
        media.Run(4_000);
        Assert.Equal(1, received.Last.Mark.Rank);
        Assert.Empty(received.Faults);
        var figures = (await media.Room.MeasureAsync("ben")).Consumers.Single();
        Assert.Equal(("h", 0), (figures.Rid, figures.Freezes));
    }

    [Theory]
    [InlineData(new[] { "f", "h" }, 0)]
    [InlineData(new[] { "f", "h", "q" }, 1)]
    public async Task Who_shows_a_picture_large_again_gets_a_better_encoding_than_the_worst(string[] rids, int large)
    {
        using var media = new VirtualMedia(15);
        var (anna, ben) = await TwoAsync(media);
        var (picture, _) = await anna.PublishAsync(MediaKind.Video, rids, isScreenShare: false, 33);
        var received = await ben.ConsumeAsync(picture, "f");
        Assert.True(media.RunUntil(() => received.Last.Mark.Rank == 0 && received.Frames.Count > 10));

        await media.Room.PreferAsync("ben", ben.ReceiveTransportId, [new LayerPreference(picture.Id, received.Mid, "q")]);
        Assert.True(media.RunUntil(() => received.Last.Mark.Rank == rids.Length - 1), "It stayed with the better encoding.");

        await media.Room.PreferAsync("ben", ben.ReceiveTransportId, [new LayerPreference(picture.Id, received.Mid, "h", IsLarge: true)]);
        Assert.True(media.RunUntil(() => received.Last.Mark.Rank == large), "It stayed with the worst encoding.");
        Assert.Empty(received.Faults);
    }

    [Fact]
    public async Task A_paused_track_does_not_flow_and_returns_with_a_keyframe()
    {
        using var media = new VirtualMedia(6);
        var (anna, ben) = await TwoAsync(media);
        var (picture, _) = await anna.PublishCameraAsync();
        var received = await ben.ConsumeAsync(picture);
        media.Run(500);

        Assert.True((await media.Room.SetProducerPausedAsync("anna", picture.Id, isPaused: true)).IsPaused);
        media.Run(100);
        var before = received.Frames.Count;
        media.Run(500);
        Assert.Equal(before, received.Frames.Count);

        await media.Room.SetProducerPausedAsync("anna", picture.Id, isPaused: false);
        Assert.True(media.RunUntil(() => received.Frames.Count > before + 5));
        Assert.True(received.Frames[before].IsKeyframe);
        Assert.Empty(received.Faults);
    }

    [Fact]
    public async Task A_replaced_sending_transport_ends_its_tracks_and_takes_new_ones()
    {
        using var media = new VirtualMedia(7);
        var (anna, ben) = await TwoAsync(media);
        var (picture, _) = await anna.PublishCameraAsync();
        await ben.ConsumeAsync(picture);
        media.Run(300);
        var old = anna.SendTransportId;

        anna.StopTracks();
        media.Cut(anna.Browser.Sending);
        anna.Browser.Renew(isSending: true);
        var created = await anna.ConnectAsync(TransportDirection.FromPeer);

        Assert.Equal(old, created.ReplacedTransportId);
        Assert.Equal(picture.Id, Assert.Single(created.Dropped).Id);
        Assert.True(media.RunUntil(() => anna.Browser.Sending.IsConnected));
        var (again, camera) = await anna.PublishCameraAsync();
        var received = await ben.ConsumeAsync(again);
        media.Run(1_000);
        AssertIsOf(camera, received, 20);
        Assert.Equal(4, media.Ufrags.Count);
    }

    [Fact]
    public async Task A_replaced_receiving_transport_is_filled_anew()
    {
        using var media = new VirtualMedia(8);
        var (anna, ben) = await TwoAsync(media);
        var (picture, camera) = await anna.PublishCameraAsync();
        await ben.ConsumeAsync(picture);
        media.Run(300);

        media.Cut(ben.Browser.Receiving);
        ben.Browser.Renew(isSending: false);
        var created = await ben.ConnectAsync(TransportDirection.ToPeer);
        Assert.Empty(created.Dropped);
        var received = await ben.ConsumeAsync(picture);
        media.Run(1_000);

        AssertIsOf(camera, received, 20);
    }

    [Fact]
    public async Task After_a_lost_socket_the_transports_go_on_and_producers_are_made_again()
    {
        using var media = new VirtualMedia(9);
        var (anna, ben) = await TwoAsync(media);
        var (picture, _) = await anna.PublishCameraAsync();
        var (voiceOfBen, reply) = await ben.PublishMicrophoneAsync();
        await ben.ConsumeAsync(picture);
        var heard = await anna.ConsumeAsync(voiceOfBen);
        media.Run(500);

        // Anna's socket is lost, and comes back a second later.
        Assert.Equal(picture.Id, Assert.Single(await media.Room.DropProducersAsync("anna")).Id);
        media.Run(1_000);
        Assert.Empty(await media.Room.JoinAsync("anna"));
        anna.StopTracks();
        var (again, camera) = await anna.PublishCameraAsync();
        var received = await ben.ConsumeAsync(again);
        media.Run(1_000);

        AssertIsOf(camera, received, 20);
        AssertIsOf(reply, heard, 100); // What she received never stopped.
        Assert.True(heard.Last.At > media.Now - TimeSpan.FromMilliseconds(50));
        Assert.DoesNotContain(Events(media), happened => happened is TransportLost);
    }

    [Fact]
    public async Task An_offer_of_a_connection_that_is_there_is_negotiated_on_it()
    {
        using var media = new VirtualMedia(21);
        var (anna, ben) = await TwoAsync(media);
        var (picture, camera) = await anna.PublishCameraAsync();
        var received = await ben.ConsumeAsync(picture);
        media.Run(500);

        foreach (var (bot, direction, browser) in new[]
        {
            (anna, TransportDirection.FromPeer, anna.Browser.Sending), (ben, TransportDirection.ToPeer, ben.Browser.Receiving),
        })
        {
            var before = direction is TransportDirection.FromPeer ? bot.SendTransportId : bot.ReceiveTransportId;
            var created = await media.Room.CreateTransportAsync(bot.PeerId, direction, browser.CreateOffer());
            Assert.Equal((before, null), (created.TransportId, created.ReplacedTransportId));
            Assert.Empty(created.Dropped);
            browser.ApplyAnswer(created.AnswerSdp, media.Now);
        }

        var frames = received.Frames.Count;
        media.Run(1_000);
        Assert.True(received.Frames.Count > frames + 20, $"{received.Frames.Count - frames} frames in a second");
        AssertIsOf(camera, received, 40);
    }

    [Fact]
    public async Task Joining_again_drops_what_was_sent_before()
    {
        using var media = new VirtualMedia(10);
        var (anna, _) = await TwoAsync(media);
        var (sound, _) = await anna.PublishMicrophoneAsync();
        var (picture, _) = await anna.PublishCameraAsync();

        var dropped = await media.Room.JoinAsync("anna");

        Assert.Equal([sound.Id, picture.Id], dropped.Select(producer => producer.Id));
        Assert.Empty((await media.Room.MeasureAsync("anna")).Producers);
        Assert.Empty(await media.Room.JoinAsync("anna"));
    }

    /// <summary>What a track had come to between its last sample and its end was lost, and with it a track that ended before its first.</summary>
    [Fact]
    public async Task What_a_track_came_to_is_told_once_after_its_end_to_its_sender_and_its_receivers()
    {
        using var media = new VirtualMedia(20);
        var (anna, ben) = await TwoAsync(media);
        var (picture, camera) = await anna.PublishCameraAsync();
        var (screen, _) = await anna.PublishScreenAsync();
        var received = await ben.ConsumeAsync([picture, screen]);
        Assert.True(media.RunUntil(() => received.All(track => track.Frames.Count > 20)));
        media.Run(5_000); // Until the receiver has reported.
        var before = (await media.Room.MeasureAsync("ben")).Consumers.Single(consumer => consumer.ProducerId == picture.Id);
        media.Run(2_000);
        await ben.StopConsumingAsync(received[1].Mid);
        await anna.UnpublishAsync(picture, camera);
        media.Run(1_000);

        var annas = await media.Room.MeasureAsync("anna");
        var ended = Assert.Single(annas.EndedProducers);
        Assert.Equal((picture.Id, picture.Id, 1_000), (ended.Track.Id, ended.Figures.ProducerId, ended.Ago.TotalMilliseconds));
        Assert.True(ended.Figures.PacketsReceived > before.PacketsExpected, $"{ended.Figures.PacketsReceived} packets");
        Assert.Equal(screen.Id, Assert.Single(annas.Producers).ProducerId);
        Assert.Empty(annas.EndedConsumers);

        var bens = await media.Room.MeasureAsync("ben");
        Assert.Equal([screen.Id, picture.Id], bens.EndedConsumers.Select(track => track.Track.Id));
        Assert.True(bens.EndedConsumers[1].Figures.Totals.Bytes > before.Totals.Bytes, "Nothing of the last two seconds is in it.");
        Assert.Empty(bens.EndedProducers);
        var (again, other) = (await media.Room.MeasureAsync("anna"), await media.Room.MeasureAsync("ben"));
        Assert.Empty(again.EndedProducers);
        Assert.Empty(other.EndedConsumers);
    }

    [Fact]
    public async Task Who_closes_its_connection_before_it_leaves_is_measured_all_the_same()
    {
        using var media = new VirtualMedia(21);
        var (anna, _) = await TwoAsync(media);
        var (sound, _) = await anna.PublishMicrophoneAsync();
        media.Run(1_000);
        anna.Browser.Sending.Close();
        Assert.True(media.RunUntil(() => Events(media).OfType<TransportLost>().Any()), "The goodbye was not heard.");
        var ended = Assert.Single((await media.Room.MeasureAsync("anna")).EndedProducers);
        Assert.Equal(sound.Id, ended.Track.Id);
        Assert.True(ended.Figures.PacketsReceived > 40, $"{ended.Figures.PacketsReceived} packets");
    }

    [Fact]
    public async Task Who_leaves_is_gone_and_the_abandoned_section_is_stopped_later()
    {
        using var media = new VirtualMedia(11);
        var (anna, ben) = await TwoAsync(media);
        var (picture, _) = await anna.PublishCameraAsync();
        var received = await ben.ConsumeAsync(picture);
        media.Run(300);

        var dropped = await media.Room.LeaveAsync("anna");
        anna.StopTracks();

        Assert.Equal(picture.Id, Assert.Single(dropped).Id);
        Assert.Equal(2, media.Ufrags.Count);
        media.Run(50);
        Assert.False(anna.Browser.Sending.IsConnected); // It was told goodbye.
        var error = await Assert.ThrowsAsync<MediaException>(async () => await media.Room.MeasureAsync("anna"));
        Assert.Equal(MediaErrorCode.UnknownPeer, error.Code);

        // Ben's client has dropped the track without a word. What is offered to him next is left alone at first …
        var clara = media.AddBot("clara");
        await clara.JoinAsync();
        var (sound, _) = await clara.PublishMicrophoneAsync();
        await ben.ConsumeAsync(sound);
        Assert.True(ben.Browser.Receiving.Received.ContainsKey(received.Mid));
        media.Run(16_000);

        // … and stopped when he has not closed it for a while.
        var (another, camera) = await clara.PublishCameraAsync();
        var next = await ben.ConsumeAsync(another);
        Assert.False(ben.Browser.Receiving.Received.ContainsKey(received.Mid));
        media.Run(500);
        AssertIsOf(camera, next, 10);
    }

    [Fact]
    public async Task A_track_that_is_consumed_again_gets_a_new_section()
    {
        using var media = new VirtualMedia(12);
        var (anna, ben) = await TwoAsync(media);
        var (picture, camera) = await anna.PublishCameraAsync();
        var first = await ben.ConsumeAsync(picture);
        media.Run(300);

        var second = await ben.ConsumeAsync(picture);
        media.Run(1_000);

        Assert.NotEqual(first.Mid, second.Mid);
        Assert.False(ben.Browser.Receiving.Received.ContainsKey(first.Mid));
        AssertIsOf(camera, second, 20);
        Assert.Single((await media.Room.MeasureAsync("ben")).Consumers);
    }

    [Fact]
    public async Task An_offer_that_was_never_answered_is_made_again_with_the_next()
    {
        using var media = new VirtualMedia(13);
        var (anna, ben) = await TwoAsync(media);
        var (sound, voice) = await anna.PublishMicrophoneAsync();
        var (picture, camera) = await anna.PublishCameraAsync();

        var lost = await media.Room.ConsumeAsync("ben", ben.ReceiveTransportId, [new ConsumeRequest(sound.Id)]);
        var tracks = await ben.ConsumeAsync([sound, picture]);
        Assert.Equal(lost.Tracks[0].Mid, tracks[0].Mid);
        media.Run(1_000);
        AssertIsOf(voice, tracks[0], 40);
        AssertIsOf(camera, tracks[1], 20);

        // One that the client never saw does not stand in the way of its own offer.
        var (screen, _) = await anna.PublishScreenAsync();
        await media.Room.ConsumeAsync("ben", ben.ReceiveTransportId, [new ConsumeRequest(screen.Id)]);
        await ben.StopConsumingAsync(tracks[1].Mid);
        Assert.Empty(await ConsumersOfAsync(media, "ben", picture.Id, screen.Id));
    }

    [Fact]
    public async Task What_cannot_be_consumed_is_said_for_each_track()
    {
        using var media = new VirtualMedia(14);
        var (anna, ben) = await TwoAsync(media);
        var (sound, _) = await anna.PublishMicrophoneAsync();

        var consumed = await media.Room.ConsumeAsync(
            "ben", ben.ReceiveTransportId, [new ConsumeRequest("nothing"), new ConsumeRequest(sound.Id), new ConsumeRequest(sound.Id)]);

        Assert.Equal([MediaErrorCode.UnknownProducer, null, null], consumed.Tracks.Select(track => track.Error));
        Assert.Equal(consumed.Tracks[1], consumed.Tracks[2]);
        Assert.Null((await media.Room.ConsumeAsync("ben", ben.ReceiveTransportId, [new ConsumeRequest("nothing")])).OfferSdp);
    }

    [Fact]
    public async Task A_peer_that_moves_to_another_address_goes_on()
    {
        using var media = new VirtualMedia(15);
        var (anna, ben) = await TwoAsync(media);
        var (picture, camera) = await anna.PublishCameraAsync();
        var received = await ben.ConsumeAsync(picture);
        media.Run(300);

        media.Move(anna.Browser.Sending);
        media.Move(ben.Browser.Receiving);
        media.Run(6_000);
        var before = received.Frames.Count;
        media.Run(1_000);

        Assert.True(received.Frames.Count > before + 20, $"{received.Frames.Count - before} frames in a second");
        Assert.All(received.Frames, frame => Assert.Equal(camera.Tag, frame.Mark.Tag));
    }

    [Fact]
    public async Task Transports_tell_when_they_connect_and_when_they_are_lost()
    {
        using var media = new VirtualMedia(16);
        var (anna, ben) = await TwoAsync(media);
        var (sound, _) = await anna.PublishMicrophoneAsync();
        Assert.Equal(4, Events(media).OfType<TransportConnected>().Count());

        // One says goodbye, the other's cable is cut.
        anna.Browser.Sending.Close();
        media.Run(50);
        var lost = Assert.Single(Events(media).OfType<TransportLost>());
        Assert.Equal(("anna", anna.SendTransportId, TransportDirection.FromPeer, TransportLossReason.ClosedByPeer), (lost.PeerId, lost.TransportId, lost.Direction, lost.Reason));
        Assert.Equal(sound.Id, Assert.Single(lost.Dropped).Id);

        media.Cut(ben.Browser.Receiving);
        media.Run(35_000);
        lost = Assert.Single(Events(media).OfType<TransportLost>());
        Assert.Equal(("ben", TransportLossReason.ConsentExpired), (lost.PeerId, lost.Reason));
        var error = await Assert.ThrowsAsync<MediaException>(
            async () => await media.Room.ConsumeAsync("ben", ben.ReceiveTransportId, [new ConsumeRequest(sound.Id)]));
        Assert.Equal(MediaErrorCode.UnknownTransport, error.Code);
        Assert.Equal(2, media.Ufrags.Count);
    }

    [Fact]
    public async Task Loss_is_made_good_on_both_sides()
    {
        using var media = new VirtualMedia(17);
        var (anna, ben) = await TwoAsync(media);
        var (sound, voice) = await anna.PublishMicrophoneAsync();
        var (picture, camera) = await anna.PublishCameraAsync();
        var tracks = await ben.ConsumeAsync([sound, picture]);
        media.SetConditions(new NetworkConditions { Loss = 0.05, Delay = TimeSpan.FromMilliseconds(30), Jitter = TimeSpan.FromMilliseconds(5) });
        media.Run(10_000);

        Assert.Empty(tracks[1].Faults);
        Assert.True(tracks[1].Frames.Count > 250, $"{tracks[1].Frames.Count} frames");
        Assert.True(tracks[0].Frames.Count > 480, $"{tracks[0].Frames.Count} frames of sound");
        Assert.All(tracks[1].Frames, frame => Assert.Equal(camera.Tag, frame.Mark.Tag));
        Assert.All(tracks[0].Frames, frame => Assert.Equal(voice.Tag, frame.Mark.Tag));
        var sent = Assert.Single((await media.Room.MeasureAsync("anna")).Producers, figures => figures.Kind is MediaKind.Video);
        Assert.True(sent.BitrateBps > 500_000);
        Assert.Equal(["f", "h", "q"], sent.Rids);
        var figures = await media.Room.MeasureAsync("ben");
        var seen = Assert.Single(figures.Consumers, consumer => consumer.Kind is MediaKind.Video);
        Assert.True(seen.PacketsRepeated > 5);
        Assert.InRange(figures.Transports[1].RoundTripTime!.Value.TotalMilliseconds, 50, 200);
    }

    [Fact]
    public async Task Who_speaks_is_told_from_packets_and_from_what_clients_say()
    {
        using var media = new VirtualMedia(18);
        var (anna, ben) = await TwoAsync(media);
        var (_, voice) = await anna.PublishMicrophoneAsync();
        var (other, _) = await ben.PublishMicrophoneAsync();
        _ = Events(media);

        voice.AudioLevel = 25;
        media.Run(2_000);
        Assert.Equal(["anna"], Assert.Single(Events(media).OfType<SpeakersChanged>()).PeerIds);

        // A browser that marks no levels: its client says how loud it is.
        voice.AudioLevel = 127;
        ben.StopTracks();
        for (var i = 0; i < 8; i++)
        {
            media.Room.NoteAudioActivity("ben", other.Id, 9);
            media.Room.NoteAudioActivity("anna", other.Id, 0); // Not hers to tell.
            media.Run(400);
        }

        Assert.Equal(["ben", "anna"], Events(media).OfType<SpeakersChanged>().Last().PeerIds);
    }

    [Fact]
    public async Task A_closed_room_says_goodbye_and_takes_nothing_more()
    {
        using var media = new VirtualMedia(19);
        var (anna, _) = await TwoAsync(media);

        await media.Room.DisposeAsync();
        media.Run(50);

        Assert.Equal(RtcConnectionState.Closed, anna.Browser.Sending.Connection!.State);
        Assert.Empty(media.Ufrags);
        Assert.Empty(media.Paths);
        Assert.True(media.Room.Events.Completion.IsCompleted || media.Room.Events.TryPeek(out _));
        var error = await Assert.ThrowsAsync<MediaException>(async () => await media.Room.JoinAsync("anna"));
        Assert.Equal(MediaErrorCode.Closed, error.Code);
        Assert.Equal(0, media.Rooms.Count);
        await using var again = media.Rooms.Open("room");
        Assert.Empty(await again.JoinAsync("anna"));
    }

    [Fact]
    public async Task A_worker_that_takes_nothing_more_is_said_to_be_busy()
    {
        using var media = new VirtualMedia(20) { IsFull = true };

        var error = await Assert.ThrowsAsync<MediaException>(async () => await media.Room.JoinAsync("anna"));

        Assert.Equal(MediaErrorCode.Busy, error.Code);
    }

    private static async Task<(MediaBot Anna, MediaBot Ben)> TwoAsync(VirtualMedia media)
    {
        var anna = media.AddBot("anna");
        var ben = media.AddBot("ben");
        await anna.JoinAsync();
        await ben.JoinAsync();
        return (anna, ben);
    }

    private static List<MediaEvent> Events(VirtualMedia media)
    {
        var events = new List<MediaEvent>();
        while (media.Room.Events.TryRead(out var happened))
        {
            events.Add(happened);
        }

        return events;
    }

    private static async Task<List<ConsumerFigures>> ConsumersOfAsync(VirtualMedia media, string peerId, params string[] producers) =>
        [.. (await media.Room.MeasureAsync(peerId)).Consumers.Where(consumer => producers.Contains(consumer.ProducerId))];

    private static void AssertIsOf(BrowserTrack sent, ReceivedTrack received, int atLeast)
    {
        Assert.All(received.Frames, frame => Assert.Equal(sent.Tag, frame.Mark.Tag));
        Assert.Empty(received.Faults);
        Assert.True(received.Frames.Count >= atLeast, $"{received.Frames.Count} frames, and not {atLeast}");
    }
}
