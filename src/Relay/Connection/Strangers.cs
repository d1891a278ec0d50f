using System.Net;
using Roomcast.Relay.Rest;

namespace Roomcast.Relay.Connection;

/// <summary>Connections that have not said so far who they are, counted by address. Thread-safe.</summary>
/// <param name="maxConnections">Most connections of the server: one address has half of them at most.</param>
internal sealed class Strangers(int maxConnections)
{
    /// <summary>Most of one address at once, an IPv6 /64 being one. Many controllers of one network come back at once after a restart.</summary>
    public const int MaxOfAddress = 500;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _counts = [];
    private readonly int _most = Math.Clamp(maxConnections / 2, 1, MaxOfAddress);

    /// <summary>Counts one more.</summary>
    /// <returns>What is disposed when it has said who it is, or is gone; null when its address has as many as it may.</returns>
    public IDisposable? TryEnter(IPAddress? address)
    {
        var network = RestLimits.NetworkOf(address ?? IPAddress.None);
        lock (_lock)
        {
            var count = _counts.GetValueOrDefault(network);
            if (count >= _most)
            {
                return null;
            }

            _counts[network] = count + 1;
        }

        return new Seat(this, network);
    }

    private void Leave(IPAddress network)
    {
        lock (_lock)
        {
            if (--_counts[network] == 0)
            {
                _counts.Remove(network);
            }
        }
    }

    private sealed class Seat(Strangers strangers, IPAddress network) : IDisposable
    {
        private int _isLeft;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLeft, 1) == 0)
            {
                strangers.Leave(network);
            }
        }
    }
}
