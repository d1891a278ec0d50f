using FsCheck;
using FsCheck.Fluent;
using Roomcast.Livestreams.Viewers;
using static Roomcast.Livestreams.Tests.Viewers.VirtualAudience;

namespace Roomcast.Livestreams.Tests.Viewers;

/// <summary>What holds for whatever a crowd of viewers, honest or not, may do.</summary>
public sealed class ViewerBookProperties
{
    private const int Viewers = 6;

    private static readonly string[] Ids = [.. Enumerable.Range(0, Viewers).Select(_ => NewViewer())];

    private static readonly Gen<(int Viewer, int Act, double Pause)[]> Crowd =
        (from viewer in Gen.Choose(0, Viewers - 1)
         from act in Gen.Choose(0, 5)
         from pause in Gen.Frequency((8, Gen.Choose(0, 30)), (3, Gen.Choose(30, 150)), (1, Gen.Choose(150, 9_000)))
         select (viewer, act, pause / 10.0)).ArrayOf();

    [Fact]
    public void The_total_never_falls_and_never_passes_wall_time_times_viewers()
    {
        Prop.ForAll(Arb.From(Crowd), static acts =>
        {
            var book = new ViewerBook(Livestream, Tokens, new ViewerCountingOptions(), DateTimeOffset.UnixEpoch);
            var now = TimeSpan.Zero;
            var total = 0.0;
            var everSeen = new HashSet<int>();
            foreach (var (viewer, act, pause) in acts)
            {
                now += TimeSpan.FromSeconds(pause);
                everSeen.Add(viewer);
                Act(book, viewer, act, now);

                var seconds = book.ViewerSeconds(now);
                Assert.True(seconds >= total, "The total fell.");
                Assert.True(seconds <= (now.TotalSeconds * everSeen.Count) + 0.001, "More was counted than could be watched.");
                Assert.InRange(book.Concurrent(now), 0, everSeen.Count);
                Assert.InRange(book.MaxConcurrent(now), 0, everSeen.Count);
                Assert.Equal(book.Concurrent(now), book.Report(now).Count);
                total = seconds;
            }

            book.Close(now);
            Assert.True(book.ViewerSeconds(now) >= total);
            Assert.Equal(0, book.Concurrent(now));
            Assert.InRange(book.MaxConcurrent(now), 0, everSeen.Count);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void Nobody_is_there_after_a_long_silence()
    {
        Prop.ForAll(Arb.From(Crowd), static acts =>
        {
            var book = new ViewerBook(Livestream, Tokens, new ViewerCountingOptions(), DateTimeOffset.UnixEpoch);
            var now = TimeSpan.Zero;
            foreach (var (viewer, act, pause) in acts)
            {
                now += TimeSpan.FromSeconds(pause);
                Act(book, viewer, act, now);
            }

            now += TimeSpan.FromSeconds(30);
            Assert.Equal(0, book.Concurrent(now));
            var total = book.ViewerSeconds(now);
            Assert.Equal(total, book.ViewerSeconds(now + TimeSpan.FromHours(1)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));
    }

    private static void Act(ViewerBook book, int viewer, int act, TimeSpan now)
    {
        switch (act)
        {
            case 0 or 1:
                book.Seen(Ids[viewer], "VLC/3", now);
                break;
            case 2 or 3:
                _ = book.Beat(Ids[viewer], ViewerPlayback.Playing, "hls.js", null, now);
                break;
            case 4:
                _ = book.Beat(Ids[viewer], viewer % 2 == 0 ? ViewerPlayback.Paused : ViewerPlayback.Stalled, null, null, now);
                break;
            default:
                book.Leave(Ids[viewer], now);
                break;
        }
    }
}
