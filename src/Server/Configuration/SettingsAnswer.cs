using Roomcast.Server.Observability;

namespace Roomcast.Server.Configuration;

/// <summary>Answers a command line that does not ask to run the server, and one that cannot.</summary>
internal static class SettingsAnswer
{
    /// <summary>The process's exit code when settings are wrong.</summary>
    public const int WrongSettings = 2;

    /// <summary>Prints the answer when one is due.</summary>
    /// <param name="reading">What was read.</param>
    /// <param name="exitCode">What the process ends with.</param>
    /// <returns>False when the server is to run.</returns>
    public static bool TryGive(SettingsReading reading, out int exitCode)
    {
        exitCode = 0;
        switch (reading.Request)
        {
            case CommandLineRequest.Help:
                Console.Out.Write(SettingsText.Help(ServerSettings.Registry));
                return true;
            case CommandLineRequest.Version:
                Console.Out.WriteLine($"Roomcast {BuildVersion.Current}");
                return true;
            case var _ when reading.Faults.Count > 0:
                Console.Error.Write(SettingsText.Faults(reading.Faults));
                exitCode = WrongSettings;
                return true;
            case CommandLineRequest.PrintConfig:
                Console.Out.Write(SettingsText.Values(ServerSettings.Registry, reading.Values));
                return true;
            default:
                return false;
        }
    }
}
