using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Rtc;
using Roomcast.Transports.Rtc;
using Roomcast.Transports.Udp;

namespace Roomcast.Transports.Tests.Rtc;

public sealed class RtcSinkTests : IAsyncDisposable
{
    private static readonly RtcAddress Peer = RtcAddress.FromIPv4(0xC0000201, 5_000);

    private readonly RtcTcpListener _tcp;
    private readonly RtcWorkerCounters _counters = new();
    private readonly RtcSink _sink;
    private readonly Meters _meters = new();
    private bool _takesWhatIsSent = true;
    private int _sends;

    public RtcSinkTests()
    {
        _tcp = new RtcTcpListener(
            new RtcDirectory(), new RtcHostOptions(), TimeProvider.System, new RtcMetrics(_meters), NullLogger.Instance);
        _sink = new RtcSink(_tcp, _counters, Send);
        _sink.Open();
    }

    public async ValueTask DisposeAsync()
    {
        await _tcp.DisposeAsync();
        _meters.Dispose();
    }

    [Fact]
    public void What_is_written_waits_for_the_socket_in_order()
    {
        Write(3, 1);
        Write(0, 2); // Less than was reserved, and nothing at all: no datagram of its own is made of what was not committed.
        _sink.Reserve(100);
        Write(5, 3);

        Assert.Equal([3, 0, 5], Lengths());
        Assert.Equal(0, _sends);
    }

    [Fact]
    public void A_full_turn_is_sent_before_more_is_gathered()
    {
        for (var i = 0; i < SendRuns.MaxDatagrams; i++)
        {
            Write(10, (byte)i);
        }

        Assert.Equal(0, _sends);
        Write(10, 0);
        Assert.Equal(1, _sends);
        Assert.Single(Lengths());
    }

    [Fact]
    public void A_megabyte_is_sent_before_more_is_gathered()
    {
        for (var i = 0; _sends == 0; i++)
        {
            Assert.True(i < SendRuns.MaxDatagrams, "Nothing was sent.");
            Write(RtcWorker.MaxDatagramLength, 0);
        }

        Assert.Single(Lengths());
    }

    [Fact]
    public void What_a_socket_does_not_take_is_bounded_and_the_newest_is_dropped_and_counted()
    {
        _takesWhatIsSent = false;
        var written = 0;
        for (; _counters.SendQueueFull == 0; written++)
        {
            Assert.True(written < 1_000_000, "The queue grows without bound.");
            var room = _sink.Reserve(1_200);
            if (!room.IsEmpty)
            {
                _sink.Commit(1_200, Peer);
            }
        }

        Assert.Equal(written - 1, Lengths().Count);
        Assert.True(_sink.Reserve(1_200).IsEmpty);
        Assert.Equal(2, _counters.SendQueueFull);

        _takesWhatIsSent = true;
        Assert.False(_sink.Reserve(1_200).IsEmpty);
    }

    [Fact]
    public void A_datagram_for_a_connection_that_is_gone_is_dropped_and_counted()
    {
        var gone = Peer with { Protocol = RtcProtocol.Tcp };
        _sink.Reserve(100);
        _sink.Commit(100, gone);

        Assert.Equal(1, _counters.TcpUnsendable);
        Assert.Equal(0, _counters.TcpSent);
        Assert.Empty(Lengths());
        _sink.SendTcp();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(RtcWorker.MaxDatagramLength + 1)]
    public void Room_that_no_datagram_needs_is_a_mistake_of_the_caller(int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _sink.Reserve(length).Length);

    private void Write(int length, byte value)
    {
        _sink.Reserve(Math.Max(1, length))[..length].Fill(value);
        _sink.Commit(length, Peer);
    }

    private List<int> Lengths()
    {
        var lengths = new List<int>();
        foreach (var entry in _sink.Queue.Entries)
        {
            lengths.Add(entry.Length);
        }

        return lengths;
    }

    private void Send()
    {
        _sends++;
        if (_takesWhatIsSent)
        {
            _sink.Queue.Clear();
        }
    }

    private sealed class Meters : IMeterFactory
    {
        private readonly List<Meter> _made = [];

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(options);
            _made.Add(meter);
            return meter;
        }

        public void Dispose() => _made.ForEach(meter => meter.Dispose());
    }
}
