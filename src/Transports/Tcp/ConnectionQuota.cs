using System.Net;

namespace Roomcast.Transports.Tcp;

/// <summary>Why a connection was not taken.</summary>
public enum ConnectionRefusal
{
    /// <summary>It was taken.</summary>
    None,

    /// <summary>As many connections as there may be.</summary>
    TooMany,

    /// <summary>As many connections of this address as there may be.</summary>
    TooManyOfAddress,

    /// <summary>As many connections of this address that have not shown yet what they want.</summary>
    TooManyUnproven,
}

/// <summary>How many connections there may be, over all listeners that share it. Thread-safe.</summary>
/// <remarks>
/// A connection is unproven until its owner says otherwise, so that a flood of idle connections from one address is cut
/// early while many true publishers behind one address are not. IPv6 counts by /64, which one site commands as a whole.
/// </remarks>
/// <param name="maxConnections">Connections in all, 1 or more.</param>
/// <param name="maxPerAddress">Connections of one address, 1 or more.</param>
/// <param name="maxUnprovenPerAddress">Of these, the unproven ones, 1 or more.</param>
public sealed class ConnectionQuota(int maxConnections, int maxPerAddress, int maxUnprovenPerAddress)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Share> _shares = [];
    private int _count;

    /// <summary>Connections now.</summary>
    public int Count => Volatile.Read(ref _count);

    internal ConnectionRefusal TryEnter(IPAddress address)
    {
        var key = NetworkOrigin.Of(address);
        lock (_lock)
        {
            if (_count >= maxConnections)
            {
                return ConnectionRefusal.TooMany;
            }

            if (!_shares.TryGetValue(key, out var share))
            {
                share = _shares[key] = new Share();
            }
            else if (share.Connections >= maxPerAddress)
            {
                return ConnectionRefusal.TooManyOfAddress;
            }
            else if (share.Unproven >= maxUnprovenPerAddress)
            {
                return ConnectionRefusal.TooManyUnproven;
            }

            share.Connections++;
            share.Unproven++;
            _count++;
            return ConnectionRefusal.None;
        }
    }

    internal void Prove(IPAddress address)
    {
        lock (_lock)
        {
            _shares[NetworkOrigin.Of(address)].Unproven--;
        }
    }

    internal void Leave(IPAddress address, bool isProven)
    {
        var key = NetworkOrigin.Of(address);
        lock (_lock)
        {
            var share = _shares[key];
            share.Connections--;
            share.Unproven -= isProven ? 0 : 1;
            _count--;
            if (share.Connections == 0)
            {
                _shares.Remove(key);
            }
        }
    }

    private sealed class Share
    {
        public int Connections { get; set; }

        public int Unproven { get; set; }
    }
}
