using Roomcast.Rtmp.Connection;

namespace Roomcast.Rtmp.Tests.Connection;

/// <summary>Peers that acknowledge each megabyte, half a megabyte after it was sent, for longer than a counter of 32 bits lasts.</summary>
public sealed class SentBytesTests
{
    private const int Chunk = 250_000;
    private const long Window = 1_000_000;
    private const long OnItsWay = 500_000;

    private readonly SentBytes _sent = new();
    private long _acknowledgedAt;

    // nginx-rtmp, ngx_rtmp_handler.c: a counter that reaches 0xF0000000 begins at 0 again.
    private static uint AsNginx(long received) => (uint)(received % 0xF000_0000L);

    [Fact]
    public void What_is_not_acknowledged_is_known_over_the_wrap_of_the_counter()
    {
        Send(3L << 32, static received => unchecked((uint)received));
        Assert.Equal(Window, _sent.LargestStep);
        Assert.Equal(OnItsWay, _sent.Unacknowledged);
    }

    [Fact]
    public void A_counter_that_begins_anew_before_it_wraps_is_no_step_and_what_follows_is_known_as_before()
    {
        Send(0xF000_0000 - (2 * Window), AsNginx);
        var before = _sent.Acknowledgements;
        Send(0xF000_0000 + (4 * Window), AsNginx);
        Assert.InRange(_sent.Acknowledgements - before, 5, 7);
        Assert.Equal(Window, _sent.LargestStep);
        Assert.InRange(_sent.Unacknowledged!.Value, 0, OnItsWay);

        // It takes nothing more: what is sent from now on is missing.
        _sent.Add(10_000_000);
        Assert.InRange(_sent.Unacknowledged!.Value, 10_000_000, 10_000_000 + OnItsWay);
    }

    [Fact]
    public void It_begins_anew_as_often_as_it_likes()
    {
        Send(5 * 0xF000_0000L, AsNginx);
        Assert.Equal(Window, _sent.LargestStep);
        Assert.InRange(_sent.Unacknowledged!.Value, 0, OnItsWay);
    }

    [Fact]
    public void A_counter_of_31_bits_that_begins_anew_is_followed_too()
    {
        Send((1L << 31) + (8 * Window), static received => (uint)(received % int.MaxValue));
        Assert.Equal(Window, _sent.LargestStep);
        _sent.Add(10_000_000);
        Assert.InRange(_sent.Unacknowledged!.Value, 10_000_000, 10_000_000 + OnItsWay);
    }

    [Fact]
    public void What_was_on_its_way_when_the_counter_began_anew_is_put_right_once_all_has_arrived()
    {
        _sent.Add(2_000_000);
        _sent.Acknowledge(1_500_000);
        _sent.Add(2_000_000);
        _sent.Acknowledge(200_000);
        Assert.Equal(0, _sent.Unacknowledged);
        _sent.Acknowledge(1_000_000); // What was on its way has arrived: all of the four million.
        _sent.Add(3_000_000);
        Assert.Equal(3_000_000, _sent.Unacknowledged);
    }

    [Fact]
    public void A_peer_that_has_acknowledged_nothing_is_not_said_to_be_behind()
    {
        _sent.Add(Chunk);
        Assert.Null(_sent.Unacknowledged);
    }

    private void Send(long total, Func<long, uint> counter)
    {
        while (_sent.Sent < total || _sent.Sent - OnItsWay != _acknowledgedAt)
        {
            _sent.Add(Chunk);
            if (_sent.Sent - OnItsWay - _acknowledgedAt >= Window)
            {
                _acknowledgedAt += Window;
                _sent.Acknowledge(counter(_acknowledgedAt));
            }
        }
    }
}
