using Roomcast.Livestreams.Viewers;
using static Roomcast.Livestreams.Tests.Viewers.VirtualAudience;

namespace Roomcast.Livestreams.Tests.Viewers;

public sealed class ViewerBookTests
{
    private readonly VirtualAudience _audience = new();

    private ViewerBook Book => _audience.Book;

    [Fact]
    public void A_low_latency_player_is_counted_while_its_requests_are_held()
    {
        _audience.PollBlocking(Seconds(1), Seconds(61), part: Seconds(0.5), roundTrip: Seconds(0.02));

        _audience.RunTo(Seconds(31));
        Assert.Equal(1, Book.Concurrent(_audience.Now));
        Assert.InRange(Book.ViewerSeconds(_audience.Now), 29, 30);

        _audience.RunTo(Seconds(61) + Seconds(3.5));
        Assert.Equal(0, Book.Concurrent(_audience.Now));
        _audience.AssertCounted();
    }

    [Fact]
    public void A_plain_player_that_polls_every_2_s_is_counted()
    {
        _audience.Poll(Seconds(0), Seconds(60), every: Seconds(2));

        _audience.RunTo(Seconds(59));
        Assert.Equal(1, Book.Concurrent(_audience.Now));
        _audience.RunTo(Seconds(90));
        Assert.Equal(0, Book.Concurrent(_audience.Now));
        _audience.AssertCounted();
        Assert.Equal(1, Book.MaxConcurrent(_audience.Now));
    }

    [Fact]
    public void Silence_is_not_counted_and_its_end_begins_another_visit()
    {
        var viewer = _audience.Poll(Seconds(0), Seconds(20), every: Seconds(2));
        _audience.PollAs(viewer, Seconds(80), Seconds(100), every: Seconds(2));

        _audience.RunTo(Seconds(50));
        Assert.Equal(0, Book.Concurrent(_audience.Now));
        _audience.RunTo(Seconds(90));
        Assert.Equal(1, Book.Concurrent(_audience.Now));
        var again = Assert.Single(Book.Report(_audience.Now).Viewers);
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 5, 25, TimeSpan.Zero), again.Since);

        _audience.RunTo(Seconds(130));
        _audience.AssertCounted(2);
    }

    [Fact]
    public void A_short_silence_is_counted_and_does_not_make_a_second_viewer()
    {
        var viewer = NewViewer();
        _audience.PollAs(viewer, Seconds(0), Seconds(20), every: Seconds(0.5));
        _audience.At(Seconds(28), () => Book.Seen(viewer, null, _audience.Now));
        _audience.RunTo(Seconds(24));
        Assert.Equal(0, Book.Concurrent(_audience.Now)); // Missed soon, for it asked twice a second.

        _audience.RunTo(Seconds(28));
        Assert.Equal(1, Book.Concurrent(_audience.Now));
        Assert.Equal(28, Book.ViewerSeconds(_audience.Now), 0.01);
        _audience.RunTo(Seconds(60));
        Assert.Equal(1, Book.MaxConcurrent(_audience.Now));
    }

    [Fact]
    public void A_playlist_request_that_a_goodbye_overtook_is_no_return()
    {
        var viewer = NewViewer();
        Book.Seen(viewer, null, Seconds(1));
        Assert.True(Book.Beat(viewer, ViewerPlayback.Playing, "hls.js", null, Seconds(2)));
        Book.Leave(viewer, Seconds(4));
        Book.Seen(viewer, null, Seconds(4.1));
        Assert.Equal(0, Book.Concurrent(Seconds(4.2)));
        Assert.Equal(0, Book.Concurrent(Seconds(30)));
        Assert.Equal(3, Book.ViewerSeconds(Seconds(60)), 0.01);
        Assert.Equal(1, Book.MaxConcurrent(Seconds(60)));
    }

    [Fact]
    public void Who_left_may_come_back_with_the_same_id()
    {
        var viewer = NewViewer();
        Assert.True(Book.Beat(viewer, ViewerPlayback.Playing, "hls.js", null, Seconds(1)));
        Book.Leave(viewer, Seconds(2));
        Assert.True(Book.Beat(viewer, ViewerPlayback.Playing, "hls.js", null, Seconds(5)));
        Assert.Equal(1, Book.Concurrent(Seconds(5)));
        Book.Leave(viewer, Seconds(6));
        Assert.Equal(2, Book.ViewerSeconds(Seconds(60)), 0.01);
    }

    [Fact]
    public void What_its_goodbye_has_overtaken_brings_nobody_back_and_what_its_return_has_overtaken_takes_nobody_away()
    {
        var viewer = NewViewer();
        Assert.True(Book.Beat(viewer, ViewerPlayback.Playing, "hls.js", null, Seconds(1), number: 1));
        Book.Leave(viewer, Seconds(3), number: 3);
        Assert.True(Book.Beat(viewer, ViewerPlayback.Playing, "hls.js", null, Seconds(3.1), number: 2));
        Assert.Equal(0, Book.Concurrent(Seconds(3.2)));
        Assert.Equal(2, Book.ViewerSeconds(Seconds(4)), 0.01);

        Assert.True(Book.Beat(viewer, ViewerPlayback.Playing, "hls.js", null, Seconds(4), number: 5));
        Book.Leave(viewer, Seconds(4.1), number: 4);
        Assert.Equal(1, Book.Concurrent(Seconds(5)));
        Book.Leave(viewer, Seconds(5), number: 6);
        Assert.Equal(3, Book.ViewerSeconds(Seconds(60)), 0.01);
    }

    [Fact]
    public void A_plain_player_that_pauses_stops_being_counted()
    {
        var viewer = _audience.Poll(Seconds(0), Seconds(30), every: Seconds(2));
        _audience.PollAs(viewer, Seconds(150), Seconds(180), every: Seconds(2));
        _audience.RunTo(Seconds(220));
        _audience.AssertCounted(2);
    }

    [Fact]
    public void A_page_that_pauses_is_neither_counted_nor_shown_while_it_does()
    {
        _audience.Beat(
            leaves: true,
            (Seconds(0), Seconds(33), ViewerPlayback.Playing),
            (Seconds(33), Seconds(120), ViewerPlayback.Paused),
            (Seconds(120), Seconds(151), ViewerPlayback.Playing));

        _audience.RunTo(Seconds(20));
        Assert.Equal(1, Book.Concurrent(_audience.Now));
        _audience.RunTo(Seconds(60));
        Assert.Equal(0, Book.Concurrent(_audience.Now));
        Assert.Equal(33, Book.ViewerSeconds(_audience.Now), 0.01);
        _audience.RunTo(Seconds(151));
        Assert.Equal(64, Book.ViewerSeconds(_audience.Now), 0.01);
        Assert.Equal(0, Book.Concurrent(_audience.Now));
    }

    [Fact]
    public void A_stalled_page_is_shown_and_its_waiting_is_not_counted()
    {
        _audience.Beat(
            leaves: false,
            (Seconds(0), Seconds(10), ViewerPlayback.Playing),
            (Seconds(10), Seconds(20), ViewerPlayback.Stalled));
        _audience.RunTo(Seconds(19));
        Assert.Equal(1, Book.Concurrent(_audience.Now));
        Assert.Equal(10, Book.ViewerSeconds(_audience.Now), 0.01);
    }

    [Fact]
    public void At_any_moment_a_playing_page_is_counted_within_2_s()
    {
        _audience.Beat(leaves: true, (Seconds(0), Seconds(60), ViewerPlayback.Playing));
        for (var at = 1.0; at < 60; at += 1.3)
        {
            _audience.RunTo(Seconds(at));
            Assert.InRange(Book.ViewerSeconds(_audience.Now), at - 2.0, at + 0.001); // Settled once a second.
        }
    }

    [Theory]
    [InlineData(20.1)]
    [InlineData(22.0)]
    [InlineData(23.9)]
    public void A_page_that_vanishes_without_a_word_is_counted_within_2_s(double vanishedAt)
    {
        _audience.Beat(leaves: false, (Seconds(0), Seconds(vanishedAt), ViewerPlayback.Playing));
        _audience.RunTo(Seconds(vanishedAt + 30));
        Assert.InRange(Book.ViewerSeconds(_audience.Now), vanishedAt - 2, vanishedAt + 2);
        Assert.Equal(0, Book.Concurrent(_audience.Now));
    }

    [Fact]
    public void One_lost_heartbeat_loses_no_time()
    {
        var viewer = NewViewer();
        foreach (var at in (double[])[0, 3, 9, 12])
        {
            _audience.At(Seconds(at), () => Book.Beat(viewer, ViewerPlayback.Playing, null, null, _audience.Now));
        }

        _audience.RunTo(Seconds(12));
        Assert.Equal(12, Book.ViewerSeconds(_audience.Now), 0.01);
        Assert.Equal(1, Book.Concurrent(_audience.Now));
    }

    [Fact]
    public void A_reload_of_a_page_is_one_viewer_after_another()
    {
        _audience.Beat(leaves: true, (Seconds(0), Seconds(30), ViewerPlayback.Playing));
        _audience.Beat(leaves: true, (Seconds(31), Seconds(61), ViewerPlayback.Playing));
        _audience.RunTo(Seconds(40));
        Assert.Equal(1, Book.Concurrent(_audience.Now));
        _audience.RunTo(Seconds(90));
        _audience.AssertCounted();
        Assert.Equal(1, Book.MaxConcurrent(_audience.Now));
    }

    [Fact]
    public void A_reload_of_a_player_without_heartbeats_is_not_two_viewers_at_the_peak()
    {
        _audience.PollBlocking(Seconds(0), Seconds(30), Seconds(0.5), Seconds(0.02));
        _audience.PollBlocking(Seconds(30.6), Seconds(60), Seconds(0.5), Seconds(0.02));
        _audience.RunTo(Seconds(34));
        Assert.Equal(1, Book.Concurrent(_audience.Now));
        _audience.RunTo(Seconds(90));
        _audience.AssertCounted(2);
        Assert.Equal(1, Book.MaxConcurrent(_audience.Now));
    }

    [Fact]
    public void Two_tabs_are_two_viewers()
    {
        _audience.Beat(leaves: true, (Seconds(0), Seconds(60), ViewerPlayback.Playing));
        _audience.Beat(leaves: true, (Seconds(20), Seconds(60), ViewerPlayback.Playing));
        _audience.RunTo(Seconds(30));
        Assert.Equal(2, Book.Concurrent(_audience.Now));
        _audience.RunTo(Seconds(90));
        Assert.Equal(100, Book.ViewerSeconds(_audience.Now), 0.1);
        Assert.Equal(2, Book.MaxConcurrent(_audience.Now));
    }

    [Fact]
    public void Fifty_viewers_at_once_are_fifty()
    {
        for (var i = 0; i < 50; i++)
        {
            _audience.PollBlocking(Seconds(i * 0.01), Seconds(120), Seconds(0.5), Seconds(0.03));
        }

        _audience.RunTo(Seconds(60));
        Assert.Equal(50, Book.Concurrent(_audience.Now));
        _audience.RunTo(Seconds(140));
        _audience.AssertCounted(50);
        Assert.Equal(50, Book.MaxConcurrent(_audience.Now));
    }

    [Fact]
    public void Viewers_behind_a_cache_that_collapses_requests_are_counted_by_their_heartbeats()
    {
        // All share one playlist address without an id, of which the server sees a single flight.
        for (var i = 0; i < 30; i++)
        {
            _audience.Beat(leaves: i % 2 == 0, (Seconds(i * 0.5), Seconds(90), ViewerPlayback.Playing));
        }

        _audience.RunTo(Seconds(60));
        Assert.Equal(30, Book.Concurrent(_audience.Now));
        _audience.RunTo(Seconds(120));
        _audience.AssertCounted();
        Assert.Equal(0, Book.Concurrent(_audience.Now));
    }

    [Fact]
    public void A_viewer_seen_both_ways_is_counted_once()
    {
        var viewer = _audience.Poll(Seconds(0), Seconds(60), every: Seconds(0.5));
        for (var at = 5.0; at < 60; at += 4)
        {
            _audience.At(Seconds(at), () => Book.Beat(viewer, ViewerPlayback.Playing, "hls.js", null, _audience.Now));
        }

        _audience.RunTo(Seconds(30));
        Assert.Equal(1, Book.Concurrent(_audience.Now));
        _audience.RunTo(Seconds(80));
        _audience.AssertCounted();
        Assert.Equal(1, Book.MaxConcurrent(_audience.Now));
    }

    [Fact]
    public void Playlists_count_again_when_heartbeats_cease()
    {
        var viewer = _audience.Poll(Seconds(0), Seconds(60), every: Seconds(0.5));
        foreach (var at in (double[])[5, 9, 13])
        {
            _audience.At(Seconds(at), () => Book.Beat(viewer, ViewerPlayback.Playing, "hls.js", null, _audience.Now));
        }

        _audience.RunTo(Seconds(55));
        Assert.Equal(1, Book.Concurrent(_audience.Now));
        _audience.RunTo(Seconds(80));
        Assert.InRange(Book.ViewerSeconds(_audience.Now), 52, 60); // What lay between the last heartbeat and its being missed is lost.
    }

    [Fact]
    public void An_id_that_we_did_not_make_is_not_counted()
    {
        var other = new ViewerTokens(new byte[32]).NewViewerId(Livestream);
        var elsewhere = Tokens.NewViewerId(new Roomcast.Livestreams.Records.LivestreamId(Guid.Empty));
        foreach (var id in (string[])[other, elsewhere, "", "x", new string('A', 32), new string('é', 32), new string('A', 5_000)])
        {
            Book.Seen(id, "VLC/3", Seconds(1));
            Book.Seen(id, "VLC/3", Seconds(3));
        }

        Assert.Equal(0, Book.Concurrent(Seconds(3)));
        Assert.Equal(0, Book.ViewerSeconds(Seconds(3)));
    }

    [Fact]
    public void Long_segments_lengthen_the_silence()
    {
        Book.SetTargetDuration(Seconds(8));
        _audience.Poll(Seconds(0), Seconds(120), every: Seconds(12));
        _audience.RunTo(Seconds(110));
        Assert.Equal(108, Book.ViewerSeconds(_audience.Now), 0.01);
        Assert.Equal(1, Book.Concurrent(_audience.Now));
    }

    [Fact]
    public void Viewers_beyond_the_cap_are_estimated()
    {
        var audience = new VirtualAudience(new ViewerCountingOptions { MaxTracked = 100 });
        for (var i = 0; i < 300; i++)
        {
            audience.PollBlocking(Seconds(i * 0.001), Seconds(60), Seconds(0.5), Seconds(0.02));
        }

        audience.RunTo(Seconds(50));
        Assert.InRange(audience.Book.Concurrent(audience.Now), 285, 315);
        audience.RunTo(Seconds(60));
        Assert.InRange(audience.Book.ViewerSeconds(audience.Now), 0.95 * audience.Watched.TotalSeconds, 1.05 * audience.Watched.TotalSeconds);
        Assert.InRange(audience.Book.Report(audience.Now).ByPlayer["untracked"], 190, 210);
    }

    [Fact]
    public void Places_of_those_who_left_are_free_again()
    {
        var audience = new VirtualAudience(new ViewerCountingOptions { MaxTracked = 10 });
        for (var round = 0; round < 5; round++)
        {
            for (var i = 0; i < 10; i++)
            {
                audience.Poll(Seconds(round * 100), Seconds((round * 100) + 50), every: Seconds(2));
            }
        }

        audience.RunTo(Seconds(600));
        Assert.InRange(audience.Book.ViewerSeconds(audience.Now), 2_300, 2_500);
        Assert.Equal(10, audience.Book.MaxConcurrent(audience.Now));
    }

    [Fact]
    public void A_viewer_cannot_send_heartbeats_without_end()
    {
        var viewer = NewViewer();
        var taken = 0;
        for (var i = 0; i < 1_000; i++)
        {
            taken += Book.Beat(viewer, ViewerPlayback.Playing, null, null, Seconds(i * 0.01)) ? 1 : 0;
        }

        Assert.InRange(taken, 10, 20);
        Assert.InRange(Book.ViewerSeconds(Seconds(10)), 8, 10);
    }

    [Fact]
    public void The_end_of_the_session_counts_those_who_are_there()
    {
        _audience.Beat(leaves: false, (Seconds(0), Seconds(30), ViewerPlayback.Playing));
        _audience.PollBlocking(Seconds(0), Seconds(30), Seconds(0.5), Seconds(0.02));
        _audience.RunTo(Seconds(30));
        Book.Close(Seconds(30));
        _audience.AssertCounted(2);
        Assert.Equal(2, Book.MaxConcurrent(Seconds(30)));
        Assert.Equal(0, Book.Concurrent(Seconds(30)));
    }

    [Fact]
    public void The_report_names_players_and_the_latest_viewers()
    {
        const string AppleTv = "AppleCoreMedia/1.0.0.20L563 (Apple TV; U; CPU OS 16_5 like Mac OS X; en_us)";
        _audience.Poll(Seconds(0), Seconds(60), Seconds(2), AppleTv);
        _audience.Poll(Seconds(1), Seconds(60), Seconds(2), "Lavf/59.27.100");
        _audience.Poll(Seconds(2), Seconds(60), Seconds(2), "Lavf/59.27.100");
        _audience.Beat(leaves: false, (Seconds(3), Seconds(60), ViewerPlayback.Playing));
        _audience.RunTo(Seconds(10));

        var report = Book.Report(_audience.Now);
        Assert.Equal(4, report.Count);
        Assert.Equal(new Dictionary<string, int> { ["AVPlayer"] = 1, ["FFmpeg"] = 2, ["hls.js"] = 1 }, report.ByPlayer);
        Assert.Equal(["hls.js", "FFmpeg", "FFmpeg", "AVPlayer"], report.Viewers.Select(viewer => viewer.Player));
    }

    [Fact]
    public void Many_threads_at_once_lose_nothing()
    {
        var viewers = Enumerable.Range(0, 64).Select(_ => NewViewer()).ToArray();
        Parallel.For(0, 64 * 200, i => Book.Seen(viewers[i % 64], null, Seconds(i / 64 * 0.5)));
        foreach (var viewer in viewers)
        {
            Book.Seen(viewer, null, Seconds(100));
        }

        Assert.Equal(64, Book.Concurrent(Seconds(100)));
        Assert.InRange(Book.ViewerSeconds(Seconds(100)), 0, 64 * 100.0);
    }
}
