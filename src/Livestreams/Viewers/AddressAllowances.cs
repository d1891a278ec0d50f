using System.Net;
using System.Runtime.InteropServices;
using Roomcast.Transports.Tcp;

namespace Roomcast.Livestreams.Viewers;

/// <summary>Limits the viewer calls of each network address. Remembers a bounded number of addresses, and only while they matter.</summary>
/// <remarks>Thread-safe. When the table is full of busy addresses, those not in it share one allowance.</remarks>
internal sealed class AddressAllowances(ViewerCountingOptions options, TimeProvider time)
{
    private const int MaxAddresses = 65_536;

    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, RequestAllowance> _allowances = [];
    private readonly long _openedAt = time.GetTimestamp();
    private RequestAllowance _others;
    private TimeSpan _sweptAt;

    /// <summary>Takes one call of an address, or says that it has made too many.</summary>
    public bool TryTake(IPAddress? address)
    {
        var origin = NetworkOrigin.Of(address);
        var now = time.GetElapsedTime(_openedAt);
        lock (_lock)
        {
            if (now - _sweptAt > SweepEvery)
            {
                Sweep(now);
            }

            if (_allowances.Count >= MaxAddresses && !_allowances.ContainsKey(origin))
            {
                return _others.TryTake(now, options.AddressBurst, options.AddressCallsPerSecond);
            }

            ref var allowance = ref CollectionsMarshal.GetValueRefOrAddDefault(_allowances, origin, out _);
            return allowance.TryTake(now, options.AddressBurst, options.AddressCallsPerSecond);
        }
    }

    private void Sweep(TimeSpan now)
    {
        _sweptAt = now;
        foreach (var (origin, allowance) in _allowances)
        {
            if (allowance.FullAt(options.AddressCallsPerSecond) <= now)
            {
                _allowances.Remove(origin); // Allowed while a dictionary is walked.
            }
        }
    }
}
