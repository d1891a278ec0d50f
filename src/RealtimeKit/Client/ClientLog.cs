using Microsoft.Extensions.Logging;

namespace Roomcast.RealtimeKit.Client;

/// <summary>Event ids 4150-4199.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(4150, LogLevel.Error, "{Method} {Path} of a web client failed; it was told 500.")]
    public static partial void RequestFailed(ILogger logger, Exception fault, string method, string path);
}
