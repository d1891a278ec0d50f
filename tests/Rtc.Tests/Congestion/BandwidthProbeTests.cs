using Roomcast.Rtc.Congestion;

namespace Roomcast.Rtc.Tests.Congestion;

public sealed class BandwidthProbeTests
{
    private const int PacketBytes = 250;

    private readonly BandwidthProbe _probe = new();
    private TimeSpan _now = TimeSpan.FromSeconds(7);

    [Fact]
    public void A_probe_is_short_and_the_next_one_waits_for_a_second()
    {
        Assert.True(_probe.TryBegin(400_000, _now));
        Assert.InRange(Run().Length.TotalMilliseconds, 15, 40);
        Assert.False(_probe.TryBegin(400_000, _now));
        _now += TimeSpan.FromSeconds(1);
        Assert.True(_probe.TryBegin(400_000, _now));
        Assert.Equal(2, _probe.Cluster);
    }

    [Fact]
    public void A_long_probe_follows_at_once_and_keeps_its_rate_to_its_end()
    {
        Assert.True(_probe.TryBegin(400_000, _now));
        Run();
        _probe.Begin(160_000, TimeSpan.FromSeconds(2));
        var (length, bytes) = Run();

        Assert.InRange(length.TotalSeconds, 2, 2.02);
        Assert.InRange(bytes, 40_000, 40_000 + (2 * PacketBytes));
        Assert.Equal(2, _probe.Cluster);

        // What comes next is short again.
        _now += TimeSpan.FromSeconds(1);
        Assert.True(_probe.TryBegin(400_000, _now));
        Assert.InRange(Run().Length.TotalMilliseconds, 15, 40);
    }

    /// <summary>Sends what is due until the probe has ended.</summary>
    private (TimeSpan Length, int Bytes) Run()
    {
        var from = _now;
        var bytes = 0;
        while (_probe.IsActive)
        {
            while (_probe.BytesDue(_now) > 0)
            {
                _probe.OnSent(PacketBytes, _now);
                bytes += PacketBytes;
            }

            Assert.True(_now - from < TimeSpan.FromSeconds(10), "It never ends.");
            _now += _probe.IsActive ? TimeSpan.FromMilliseconds(2) : TimeSpan.Zero;
        }

        return (_now - from, bytes);
    }
}
