using System.Security.Cryptography;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;

namespace Roomcast.Livestreams.Tests.Viewers;

/// <summary>Plays viewers against a book in virtual time, and knows the truth about how long each really watched.</summary>
internal sealed class VirtualAudience
{
    public static readonly LivestreamId Livestream = new(new Guid("6f1a2f5e-8a51-4a57-9d7b-0f4b9c0c2a11"));

    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private long _order;

    public VirtualAudience(ViewerCountingOptions? options = null)
    {
        Options = options ?? new ViewerCountingOptions();
        Book = new ViewerBook(Livestream, Tokens, Options, new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    }

    public static ViewerTokens Tokens { get; } = new(RandomNumberGenerator.GetBytes(ViewerTokens.MinKeyLength));

    public ViewerCountingOptions Options { get; }

    public ViewerBook Book { get; }

    public TimeSpan Now { get; private set; }

    /// <summary>Time that viewers really watched, added up.</summary>
    public TimeSpan Watched { get; private set; }

    public static string NewViewer() => Tokens.NewViewerId(Livestream);

    public static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    public void At(TimeSpan moment, Action act) => _events.Enqueue(act, (moment, _order++));

    public void RunTo(TimeSpan end)
    {
        while (_events.TryPeek(out _, out var key) && key.At <= end)
        {
            var act = _events.Dequeue();
            Now = key.At;
            act();
        }

        Now = end;
    }

    /// <summary>A player that polls a playlist, as plain HLS players do.</summary>
    public string Poll(TimeSpan from, TimeSpan to, TimeSpan every, string userAgent = "VLC/3.0.18 LibVLC/3.0.18")
    {
        var viewer = NewViewer();
        PollAs(viewer, from, to, every, userAgent);
        return viewer;
    }

    public void PollAs(string viewer, TimeSpan from, TimeSpan to, TimeSpan every, string userAgent = "VLC/3.0.18 LibVLC/3.0.18")
    {
        Watched += to - from;
        for (var at = from; at < to; at += every)
        {
            At(at, () => Book.Seen(viewer, userAgent, Now));
        }
    }

    /// <summary>A low-latency player: each playlist request is held until the next part, and reported at both ends.</summary>
    public string PollBlocking(TimeSpan from, TimeSpan to, TimeSpan part, TimeSpan roundTrip)
    {
        const string UserAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36";
        var viewer = NewViewer();
        Watched += to - from;
        for (var at = from; at < to; at += part)
        {
            var answered = at + part - roundTrip;
            At(at, () => Book.Seen(viewer, UserAgent, Now));
            At(answered < to ? answered : to, () => Book.Seen(viewer, UserAgent, Now));
        }

        return viewer;
    }

    /// <summary>A page with heartbeats: it sends one at each change of state and then once an interval, and says when it leaves.</summary>
    public string Beat(bool leaves, params (TimeSpan From, TimeSpan To, ViewerPlayback Playback)[] spans)
    {
        var viewer = NewViewer();
        foreach (var (from, to, playback) in spans)
        {
            Watched += playback == ViewerPlayback.Playing ? to - from : TimeSpan.Zero;
            for (var at = from; at < to; at += Options.HeartbeatInterval)
            {
                At(at, () => Assert.True(Book.Beat(viewer, playback, "hls.js", null, Now)));
            }
        }

        if (leaves)
        {
            At(spans[^1].To, () => Book.Leave(viewer, Now));
        }

        return viewer;
    }

    /// <summary>The promise: right within 5 % or 2 s for each viewer.</summary>
    public void AssertCounted(int viewers = 1)
    {
        var counted = Book.ViewerSeconds(Now);
        var allowed = Math.Max(0.05 * Watched.TotalSeconds, 2.0 * viewers);
        Assert.InRange(counted, Watched.TotalSeconds - allowed, Watched.TotalSeconds + allowed);
    }
}
