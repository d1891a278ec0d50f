using System.Reflection;

namespace Roomcast.Server.Observability;

/// <summary>Which Roomcast this is.</summary>
internal static class BuildVersion
{
    /// <summary>The version, with the commit when the build knew it.</summary>
    public static string Current { get; } =
        typeof(BuildVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
