using Microsoft.Extensions.Logging;
using Roomcast.Accounts;

namespace Roomcast.RealtimeKit;

/// <summary>Event ids 3000-3099.</summary>
internal static partial class RealtimeKitLog
{
    [LoggerMessage(3001, LogLevel.Error, "{Method} {Route} failed; the caller was told 500.")]
    public static partial void RequestFailed(ILogger logger, Exception fault, string method, string route);

    [LoggerMessage(3002, LogLevel.Warning, "{Method} {Route} could not reach the storage; the caller was told 503.")]
    public static partial void StorageUnavailable(ILogger logger, Exception fault, string method, string route);

    [LoggerMessage(
        3003, LogLevel.Debug, "Account {AccountId} called {Method} {Route} too often; it may again in {WaitSeconds} s.")]
    public static partial void RateLimited(ILogger logger, AccountId accountId, string method, string route, double waitSeconds);
}
