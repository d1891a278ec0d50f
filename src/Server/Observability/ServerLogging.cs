using Microsoft.Extensions.Logging.Console;
using Roomcast.Server.Configuration;

namespace Roomcast.Server.Observability;

/// <summary>How log lines are written. They go to the standard error stream, so that standard output carries the ready line alone.</summary>
internal static class ServerLogging
{
    private const string Timestamp = "yyyy-MM-ddTHH:mm:ss.fffZ ";

    // These write paths of requests below Warning, and a path may hold a playback token.
    private static readonly string[] CategoriesWithPaths =
        ["Microsoft.AspNetCore.Hosting.Diagnostics", "Microsoft.AspNetCore.Routing", "Microsoft.AspNetCore.Server.Kestrel.BadRequests"];

    /// <summary>Adds the log as the settings want it.</summary>
    public static void AddServerLogging(this WebApplicationBuilder builder, SettingValues settings)
    {
        var level = settings.Get(ServerSettings.LogLevel);
        builder.Logging.SetMinimumLevel(level);

        // The framework's own lines matter when something is wrong, or when somebody looks closer.
        builder.Logging.AddFilter("Microsoft", level <= LogLevel.Debug ? level : (LogLevel)Math.Max((int)level, (int)LogLevel.Warning));
        foreach (var category in CategoriesWithPaths)
        {
            builder.Logging.AddFilter(category, (LogLevel)Math.Max((int)level, (int)LogLevel.Warning));
        }

        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (settings.Get(ServerSettings.LogFormat) == LogFormat.Json)
        {
            builder.Logging.AddJsonConsole(json =>
            {
                json.UseUtcTimestamp = true;
                json.TimestampFormat = Timestamp.TrimEnd();
            });
        }
        else
        {
            builder.Logging.AddSimpleConsole(line =>
            {
                line.SingleLine = true;
                line.UseUtcTimestamp = true;
                line.TimestampFormat = Timestamp;
                line.ColorBehavior = Console.IsErrorRedirected ? LoggerColorBehavior.Disabled : LoggerColorBehavior.Default;
            });
        }
    }
}
