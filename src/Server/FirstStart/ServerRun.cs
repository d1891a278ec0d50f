using Microsoft.Extensions.Options;
using Roomcast.Server.Configuration;
using Roomcast.Server.Listening;
using Roomcast.Server.Observability;
using Roomcast.Server.Tls;
using Roomcast.Storage;

namespace Roomcast.Server.FirstStart;

/// <summary>Starts a built server, tells when it is ready, and ends it; what hinders the start becomes one message.</summary>
internal static class ServerRun
{
    private const int CannotStart = 1;

    /// <summary>Runs until a signal ends it.</summary>
    /// <param name="build">Builds the server; called once.</param>
    /// <returns>The process's exit code: 0 after a drain, 1 when it could not start, 2 when an option is wrong.</returns>
    public static async Task<int> UntilSignalAsync(Func<WebApplication> build)
    {
        try
        {
            await using var app = build();
            var settings = app.Services.GetRequiredService<SettingValues>();
            var logger = app.Services.GetRequiredService<ILogger<SignalLifetime>>();
            var dataFolder = Path.GetFullPath(settings.Get(ServerSettings.Data));
            ServerLog.Starting(logger, BuildVersion.Current, dataFolder);
            foreach (var warning in app.Services.GetRequiredService<SettingsReading>().Warnings)
            {
                ServerLog.SettingsWarning(logger, warning);
            }

            await app.Services.GetRequiredService<Database>().OpenAsync(CancellationToken.None);
            await Credentials.EnsureAsync(app.Services, dataFolder, CancellationToken.None);
            _ = app.Services.GetRequiredService<TlsCertificates>();

            // Routes are built at the first request; one that cannot be is a fault to find before that.
            foreach (var routes in ((IEndpointRouteBuilder)app).DataSources)
            {
                _ = routes.Endpoints;
            }

            await app.StartAsync();

            var sockets = app.Services.GetRequiredService<ListenerSockets>();
            foreach (var address in sockets.Addresses)
            {
                ServerLog.Listening(logger, address);
            }

            Console.Out.WriteLine(sockets.ReadyLine);
            await app.WaitForShutdownAsync();
            ServerLog.Stopped(logger);
            return 0;
        }
        catch (Exception fault) when (fault is StartFailure or StorageException)
        {
            Console.Error.WriteLine($"roomcast: {fault.Message}");
            return CannotStart;
        }
        catch (OptionsValidationException fault)
        {
            // The registry knows the ranges; a feature's own validator knows how its options go together.
            Console.Error.Write(SettingsText.Faults([.. fault.Failures.Select(failure => new SettingFault(fault.OptionsType.Name, "settings", failure))]));
            return SettingsAnswer.WrongSettings;
        }
        catch (IOException fault)
        {
            Console.Error.WriteLine($"roomcast: the server cannot start: {fault.Message}");
            return CannotStart;
        }
        catch (OperationCanceledException)
        {
            // A signal came before the start was done.
            return 0;
        }
    }
}
