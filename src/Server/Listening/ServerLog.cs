using System.Runtime.InteropServices;

namespace Roomcast.Server.Listening;

internal static partial class ServerLog
{
    [LoggerMessage(4000, LogLevel.Information, "Roomcast {Version} starts with the data folder {DataFolder}.")]
    public static partial void Starting(ILogger logger, string version, string dataFolder);

    [LoggerMessage(4001, LogLevel.Information, "Listening on {Address}.")]
    public static partial void Listening(ILogger logger, string address);

    [LoggerMessage(4002, LogLevel.Information, "{Signal} received: no new connections, livestreams end, at most {BoundSeconds} s. A second signal quits at once.")]
    public static partial void Draining(ILogger logger, PosixSignal signal, double boundSeconds);

    [LoggerMessage(4003, LogLevel.Warning, "{Signal} received again: quitting at once.")]
    public static partial void QuitAtOnce(ILogger logger, PosixSignal signal);

    [LoggerMessage(4004, LogLevel.Error, "The drain did not end within its bound; quitting.")]
    public static partial void DrainTooLong(ILogger logger);

    [LoggerMessage(4005, LogLevel.Information, "Stopped.")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(4006, LogLevel.Warning, "{Warning}")]
    public static partial void SettingsWarning(ILogger logger, string warning);

    [LoggerMessage(4007, LogLevel.Information, "First start: account, app and API token are in {CredentialsFile}.")]
    public static partial void CredentialsMade(ILogger logger, string credentialsFile);

    [LoggerMessage(4008, LogLevel.Warning, "A figure could not be measured; /metrics is sent without it.")]
    public static partial void InstrumentFailed(ILogger logger, Exception fault);
}
