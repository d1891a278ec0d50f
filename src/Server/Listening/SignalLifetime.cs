using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Console;
using Roomcast.Server.Configuration;

namespace Roomcast.Server.Listening;

/// <summary>Ends the server on SIGTERM, SIGINT or SIGQUIT: the first drains, within a bound; the second quits at once.</summary>
internal sealed class SignalLifetime(
    SettingValues settings,
    IHostApplicationLifetime application,
    TimeProvider time,
    IEnumerable<ILoggerProvider> logs,
    ILogger<SignalLifetime> logger)
    : IHostLifetime, IDisposable
{
    // A terminal, a supervisor and a shell may each pass on the same signal; within this time they are one.
    private static readonly TimeSpan SameSignal = TimeSpan.FromSeconds(1);

    // What a drain may take beyond its own bound before the process is ended from outside of it.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();
    private long? _firstAt;
    private ITimer? _bound;

    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose()
    {
        _bound?.Dispose();
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (_lock)
        {
            if (_firstAt is { } firstAt)
            {
                if (time.GetElapsedTime(firstAt) > SameSignal)
                {
                    ServerLog.QuitAtOnce(logger, context.Signal);
                    End();
                }

                return;
            }

            _firstAt = time.GetTimestamp();
        }

        var bound = settings.Get(ServerSettings.DrainTimeout);
        ServerLog.Draining(logger, context.Signal, bound.TotalSeconds);
        _bound = time.CreateTimer(_ => Quit(), state: null, bound + Margin, Timeout.InfiniteTimeSpan);

        // Ending livestreams can take a while; the signal's own thread must stay free for a second signal.
        ThreadPool.QueueUserWorkItem(_ => application.StopApplication());
    }

    private void Quit()
    {
        ServerLog.DrainTooLong(logger);
        End();
    }

    private void End()
    {
        // Lines for the console wait for a thread of their own to write them; why the process ended must be among those that it
        // has written. The logger factory would not do: it leaves alone what the container made.
        foreach (var console in logs.OfType<ConsoleLoggerProvider>())
        {
            console.Dispose();
        }

        Environment.Exit(1);
    }
}
