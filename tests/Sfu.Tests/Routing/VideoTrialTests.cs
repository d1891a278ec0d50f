using Roomcast.Rtc.Congestion;
using Roomcast.Sfu.Routing;

namespace Roomcast.Sfu.Tests.Routing;

/// <summary>When a video is tried on a path whose estimate has no room for one. Nothing gets through here, and nobody reports.</summary>
public sealed class VideoTrialTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(200);

    private readonly BandwidthProbe _burst = new();
    private readonly VideoTrial _trial;
    private TimeSpan _now = TimeSpan.FromSeconds(50);

    public VideoTrialTests() => _trial = new VideoTrial(new BandwidthEstimator(), _burst);

    [Fact]
    public void Each_trial_that_fails_doubles_the_wait_for_the_next_up_to_twenty_seconds()
    {
        Assert.Equal([5, 10, 20, 20, 20, 20], Enumerable.Range(0, 6).Select(_ => SecondsUntilSending(burstBps: null)));
    }

    [Fact]
    public void A_picture_that_lasted_makes_earlier_failures_forgotten()
    {
        SecondsUntilSending(burstBps: null);
        SecondsUntilSending(burstBps: null);
        HaveRoom(TimeSpan.FromSeconds(11));
        Assert.Equal(5, SecondsUntilSending(burstBps: null));
    }

    [Fact]
    public void A_picture_that_was_soon_gone_again_counts_as_a_failure()
    {
        HaveRoom(TimeSpan.FromSeconds(3));
        Assert.Equal(10, SecondsUntilSending(burstBps: null));
        HaveRoom(TimeSpan.FromSeconds(3));
        Assert.Equal(20, SecondsUntilSending(burstBps: null));
    }

    [Fact]
    public void A_burst_goes_out_every_few_seconds_and_no_video_while_no_burst_arrives()
    {
        var bursts = 0;
        for (var end = _now + TimeSpan.FromSeconds(60); _now < end; _now += Step)
        {
            Assert.False(_trial.Sends(costBps: 100_000, burstBps: 150_000, isGuess: false, _now));
            if (_burst.IsActive)
            {
                bursts++;
                for (var at = _now; _burst.IsActive; at += TimeSpan.FromMilliseconds(10))
                {
                    _burst.OnSent(200, at);
                }
            }
        }

        Assert.InRange(bursts, 8, 12);
    }

    [Fact]
    public void A_guess_is_tried_at_once()
    {
        Assert.True(_trial.Sends(costBps: 100_000, burstBps: 150_000, isGuess: true, _now));
    }

    private void HaveRoom(TimeSpan time)
    {
        for (var end = _now + time; _now < end; _now += Step)
        {
            _trial.OnRoom(_now);
        }
    }

    /// <summary>Lets the time pass until a video is sent, and then until its trial has ended.</summary>
    private int SecondsUntilSending(long? burstBps)
    {
        var from = _now;
        while (!_trial.Sends(100_000, burstBps, isGuess: false, _now))
        {
            _now += Step;
            Assert.True(_now - from < TimeSpan.FromMinutes(5), "It is never tried again.");
        }

        var seconds = (int)(_now - from).TotalSeconds;
        while (_trial.Sends(100_000, burstBps, isGuess: false, _now))
        {
            _now += Step;
        }

        return seconds;
    }
}
