using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Roomcast.Accounts;

namespace Roomcast.RealtimeKit.Rest.Access;

/// <summary>Counts the calls of each account against the limits that are set.</summary>
/// <remarks>
/// Each limit and account keeps one moment: when its allowance will be whole again (the generic cell rate algorithm). A call
/// moves it on by the window divided by the requests; a call is refused when that would pass the window. Memory is bounded by
/// the number of accounts, since only callers with a valid token are counted. Thread-safe.
/// </remarks>
internal sealed class RateLimits(IOptions<RealtimeKitOptions> options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Limit[] _limits = [.. options.Value.RateLimits.Select(limit => new Limit(limit))];

    /// <summary>Whether any limit is set.</summary>
    public bool IsOff => _limits.Length == 0;

    /// <summary>Counts one call.</summary>
    /// <param name="accountId">Who calls.</param>
    /// <param name="method">The HTTP method; HEAD counts as GET.</param>
    /// <param name="route">The route below the account, with its placeholders; null for one that lies elsewhere.</param>
    /// <returns>Null when it is within every limit; otherwise how long to wait, and nothing was counted.</returns>
    public TimeSpan? Take(AccountId accountId, string method, string? route)
    {
        var now = time.GetElapsedTime(0, time.GetTimestamp());
        var counted = HttpMethods.IsHead(method) ? HttpMethods.Get : method;
        var counting = _limits.Where(limit => limit.Counts(counted, route)).ToArray();
        lock (_lock)
        {
            var wait = TimeSpan.Zero;
            foreach (var limit in counting)
            {
                var needed = limit.Wait(accountId, now);
                wait = needed > wait ? needed : wait;
            }

            if (wait > TimeSpan.Zero)
            {
                return wait;
            }

            foreach (var limit in counting)
            {
                limit.Take(accountId, now);
            }

            return null;
        }
    }

    private sealed class Limit(RateLimitOptions options)
    {
        private readonly TimeSpan _cost = options.Window / options.Requests;
        private readonly Dictionary<AccountId, TimeSpan> _wholeAgainAt = [];

        public bool Counts(string method, string? route) => options.Counts(method, route);

        public TimeSpan Wait(AccountId accountId, TimeSpan now) => WholeAgainAfter(accountId, now) - (now + options.Window);

        public void Take(AccountId accountId, TimeSpan now) => _wholeAgainAt[accountId] = WholeAgainAfter(accountId, now);

        private TimeSpan WholeAgainAfter(AccountId accountId, TimeSpan now)
        {
            var before = _wholeAgainAt.GetValueOrDefault(accountId);
            return (before > now ? before : now) + _cost;
        }
    }
}
