namespace Roomcast.Rtc.Congestion;

/// <summary>Says when and how much to send above the usual rate, to find out whether it gets through.</summary>
/// <remarks>
/// A pure state machine: the owner asks what is due, sends that many bytes (repeated packets or padding), and gives the
/// number of the cluster to <see cref="BandwidthEstimator.OnSending"/>. A cluster lasts 15 ms, unless a
/// longer one is asked for, and has five packets at least. Not thread-safe.
/// </remarks>
public sealed class BandwidthProbe
{
    private const int MinPackets = 5;

    private static readonly TimeSpan Length = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan MinDistance = TimeSpan.FromSeconds(1);

    private long _rateBps;
    private TimeSpan _length;
    private TimeSpan? _beganAt;
    private TimeSpan? _endedAt;
    private int _bytes;
    private int _packets;

    /// <summary>The number of the cluster under way or the last one; 0 before the first.</summary>
    public int Cluster { get; private set; }

    /// <summary>Whether a cluster is under way.</summary>
    public bool IsActive => _rateBps > 0;

    /// <summary>Asks for a probe.</summary>
    /// <param name="rateBps">The rate to try.</param>
    /// <param name="now">Monotonic time.</param>
    /// <returns>False when one is under way, or the last one is less than a second ago.</returns>
    public bool TryBegin(long rateBps, TimeSpan now)
    {
        if (IsActive || now - _endedAt < MinDistance)
        {
            return false;
        }

        Begin(rateBps, Length);
        return true;
    }

    /// <summary>Begins a probe that goes on for longer, whatever was before: to find out whether a rate gets through for long.</summary>
    /// <param name="rateBps">The rate to try.</param>
    /// <param name="length">How long, from its first packet on.</param>
    public void Begin(long rateBps, TimeSpan length)
    {
        Cluster++;
        _rateBps = rateBps;
        _length = length;
        _beganAt = null;
        _bytes = 0;
        _packets = 0;
    }

    /// <summary>Bytes that are due now, to keep up the rate; 0 when the owner is to come back later, or no probe is under way.</summary>
    public int BytesDue(TimeSpan now)
    {
        if (!IsActive)
        {
            return 0;
        }

        // The first packet goes at once, and time counts from it.
        var elapsed = _beganAt is { } began ? now - began : TimeSpan.Zero;
        var due = (long)(_rateBps / 8.0 * elapsed.TotalSeconds) - _bytes;
        return _beganAt is null ? 1 : (int)Math.Clamp(due, 0, int.MaxValue);
    }

    /// <summary>Notes a packet of the cluster.</summary>
    public void OnSent(int bytes, TimeSpan now)
    {
        if (!IsActive)
        {
            return;
        }

        _beganAt ??= now;
        _bytes += bytes;
        _packets++;
        if (_packets >= MinPackets && now - _beganAt >= _length)
        {
            _rateBps = 0;
            _endedAt = now;
        }
    }

    /// <summary>Breaks off what is under way.</summary>
    public void End() => _rateBps = 0;
}

/// <summary>Judges probes by how quickly their packets arrived.</summary>
internal sealed class ProbeResults
{
    private const int MinPackets = 4;
    private const double MinShareArrived = 0.8;

    private int _cluster;
    private int _sentBytes;
    private int _sentPackets;
    private TimeSpan _firstSentAt;
    private TimeSpan _lastSentAt;
    private int _lastSentBytes;
    private int _arrivedPackets;
    private int _arrivedBytes;
    private int _firstArrivedBytes;
    private TimeSpan _firstArrivedAt;
    private TimeSpan _lastArrivedAt;
    private bool _isTaken;

    private bool IsComplete => _arrivedPackets >= MinPackets && _arrivedPackets >= MinShareArrived * _sentPackets && _lastSentAt > _firstSentAt;

    // Between the first and the last there is one packet's time less than there are packets.
    private double SentBps => 8 * (_sentBytes - _lastSentBytes) / (_lastSentAt - _firstSentAt).TotalSeconds;

    private double ArrivedBps => _lastArrivedAt <= _firstArrivedAt
        ? double.MaxValue
        : 8 * (_arrivedBytes - _firstArrivedBytes) / (_lastArrivedAt - _firstArrivedAt).TotalSeconds;

    public void OnSent(int cluster, int bytes, TimeSpan now)
    {
        if (cluster != _cluster)
        {
            _cluster = cluster;
            _sentBytes = 0;
            _sentPackets = 0;
            _arrivedPackets = 0;
            _arrivedBytes = 0;
            _firstSentAt = now;
            _isTaken = false;
        }

        _sentBytes += bytes;
        _sentPackets++;
        _lastSentAt = now;
        _lastSentBytes = bytes;
    }

    public void OnArrived(in SentPacket packet, TimeSpan arrivedAt)
    {
        if (packet.ProbeCluster != _cluster)
        {
            return;
        }

        if (_arrivedPackets == 0)
        {
            _firstArrivedAt = arrivedAt;
            _lastArrivedAt = arrivedAt;
            _firstArrivedBytes = packet.Bytes;
        }

        _arrivedPackets++;
        _arrivedBytes += packet.Bytes;
        _lastArrivedAt = arrivedAt > _lastArrivedAt ? arrivedAt : _lastArrivedAt;
    }

    /// <summary>Bits per second that a complete cluster has shown to get through, once; null when there is none.</summary>
    public double? TakeResult()
    {
        if (_isTaken || !IsComplete)
        {
            return null;
        }

        _isTaken = true;
        var (sentBps, arrivedBps) = (SentBps, ArrivedBps);
        if (arrivedBps > 2 * sentBps && arrivedBps < double.MaxValue)
        {
            return null; // Held up and let go in one: it measures somebody's buffer.
        }

        // Where less came out than went in, that is the capacity; a little below it there is no queue.
        return arrivedBps < 0.9 * sentBps ? 0.95 * arrivedBps : Math.Min(sentBps, arrivedBps);
    }

    /// <summary>Bits per second at which a cluster arrived, at most what it was sent at; null when too little of it has arrived.</summary>
    public long? ArrivedBpsOf(int cluster) => cluster == _cluster && IsComplete ? (long)Math.Min(SentBps, ArrivedBps) : null;
}
