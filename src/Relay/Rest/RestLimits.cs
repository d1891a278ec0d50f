using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Roomcast.Accounts;

namespace Roomcast.Relay.Rest;

/// <summary>How often a project may ask, and how often an address may fail to say who it is. Thread-safe.</summary>
internal sealed class RestLimits : IDisposable
{
    /// <summary>Requests of a project at once; as many as <see cref="ProjectPerSecond"/> more each second.</summary>
    public const int ProjectBurst = 500;

    /// <summary>Requests of a project each second, lastingly.</summary>
    public const int ProjectPerSecond = 100;

    /// <summary>Failures of an address within a minute.</summary>
    public const int StrangerFailures = 200;

    private readonly PartitionedRateLimiter<AppId> _projects = PartitionedRateLimiter.Create<AppId, AppId>(
        static project => RateLimitPartition.GetTokenBucketLimiter(project, static _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = ProjectBurst,
            TokensPerPeriod = ProjectPerSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        }));

    // Not a bucket of tokens: parts of one would let those pass that are only looked at.
    private readonly PartitionedRateLimiter<IPAddress> _strangers = PartitionedRateLimiter.Create<IPAddress, IPAddress>(
        static address => RateLimitPartition.GetSlidingWindowLimiter(NetworkOf(address), static _ => new SlidingWindowRateLimiterOptions
        {
            PermitLimit = StrangerFailures,
            Window = TimeSpan.FromMinutes(1),
            SegmentsPerWindow = 12,
            QueueLimit = 0,
        }));

    /// <summary>Counts a request of a project.</summary>
    /// <returns>Null when it may be answered; otherwise how long to wait.</returns>
    public TimeSpan? Take(AppId project) => WaitOf(_projects.AttemptAcquire(project));

    /// <summary>How long an address that failed too often is to wait; null when it need not.</summary>
    public TimeSpan? WaitOfStranger(IPAddress? address) => WaitOf(_strangers.AttemptAcquire(address ?? IPAddress.None, 0));

    /// <summary>Counts a failure of an address.</summary>
    public void CountStranger(IPAddress? address)
    {
        using var lease = _strangers.AttemptAcquire(address ?? IPAddress.None);
    }

    public void Dispose()
    {
        _projects.Dispose();
        _strangers.Dispose();
    }

    private static TimeSpan? WaitOf(RateLimitLease lease)
    {
        using (lease)
        {
            return lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromSeconds(1);
        }
    }

    /// <summary>What counts as one address: whoever has one of IPv6 has all of its /64.</summary>
    internal static IPAddress NetworkOf(IPAddress address)
    {
        if (address.AddressFamily is not AddressFamily.InterNetworkV6 || address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv6();
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
