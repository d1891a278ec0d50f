namespace Roomcast.TestKit.Network;

/// <summary>One direction of a network in virtual time. The same seed and the same sending give the same receiving.</summary>
/// <typeparam name="TTag">What travels beside each datagram: its addresses, for example.</typeparam>
/// <remarks>Not thread-safe. Time is the caller's and may only grow.</remarks>
public sealed class NetworkEmulator<TTag>(int seed, NetworkConditions conditions)
{
    private readonly Random _random = new(seed);
    private readonly PriorityQueue<(byte[] Datagram, TTag Tag), (TimeSpan At, long Order)> _underWay = new();
    private TimeSpan _lastInOrder;
    private TimeSpan _busyUntil;
    private long _order;
    private bool _isBad;

    /// <summary>What happens to datagrams sent from now on.</summary>
    public NetworkConditions Conditions { get; set; } = conditions;

    /// <summary>Datagrams that were sent.</summary>
    public long Sent { get; private set; }

    /// <summary>Datagrams that were lost, to chance or to a full queue.</summary>
    public long Lost { get; private set; }

    /// <summary>When the next datagram arrives; null when none is under way.</summary>
    public TimeSpan? NextArrival => _underWay.TryPeek(out _, out var when) ? when.At : null;

    /// <summary>Sends a datagram.</summary>
    public void Send(ReadOnlySpan<byte> datagram, TTag tag, TimeSpan now)
    {
        Sent++;
        if (IsLost())
        {
            Lost++;
            return;
        }

        var leaves = now;
        if (Conditions.RateBps > 0)
        {
            var begins = _busyUntil > now ? _busyUntil : now;
            var waiting = (begins - now).TotalSeconds * Conditions.RateBps / 8;
            if (waiting + datagram.Length > Conditions.QueueBytes)
            {
                Lost++;
                return;
            }

            leaves = begins + TimeSpan.FromSeconds(datagram.Length * 8.0 / Conditions.RateBps);
            _busyUntil = leaves;
        }

        var arrives = leaves + Conditions.Delay + (Conditions.Jitter * _random.NextDouble());
        if (Conditions.Reorder > 0 && _random.NextDouble() < Conditions.Reorder)
        {
            arrives += Conditions.ReorderDelay;
        }
        else
        {
            // Jitter alone does not reorder: a queue somewhere grows and shrinks.
            arrives = arrives > _lastInOrder ? arrives : _lastInOrder;
            _lastInOrder = arrives;
        }

        _underWay.Enqueue((datagram.ToArray(), tag), (arrives, _order++));
        if (Conditions.Duplicate > 0 && _random.NextDouble() < Conditions.Duplicate)
        {
            _underWay.Enqueue((datagram.ToArray(), tag), (arrives + TimeSpan.FromMilliseconds(1), _order++));
        }
    }

    /// <summary>Takes the next datagram that has arrived by now.</summary>
    public bool TryReceive(TimeSpan now, out byte[] datagram, out TTag tag)
    {
        if (_underWay.TryPeek(out var next, out var when) && when.At <= now)
        {
            _underWay.Dequeue();
            (datagram, tag) = next;
            return true;
        }

        datagram = [];
        tag = default!;
        return false;
    }

    /// <summary>Loses everything under way: a cable is pulled.</summary>
    public void Clear() => _underWay.Clear();

    private bool IsLost()
    {
        if (Conditions.Bursts is { } bursts)
        {
            _isBad = _isBad ? _random.NextDouble() >= bursts.BadToGood : _random.NextDouble() < bursts.GoodToBad;
            var share = _isBad ? bursts.LossWhenBad : bursts.LossWhenGood;
            if (share > 0 && _random.NextDouble() < share)
            {
                return true;
            }
        }

        return Conditions.Loss > 0 && _random.NextDouble() < Conditions.Loss;
    }
}
