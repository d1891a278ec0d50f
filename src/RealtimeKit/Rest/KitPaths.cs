namespace Roomcast.RealtimeKit.Rest;

/// <summary>The fixed parts of this API's paths.</summary>
internal static class KitPaths
{
    /// <summary>What the hosted service has before every path. Callers set the base themselves, and may leave it out.</summary>
    public const string HostedPrefix = "/client/v4";

    /// <summary>Where an account's routes begin.</summary>
    public const string Account = "/accounts/{account_id}/realtime/kit";

    /// <summary>The prefixes under which every route is served.</summary>
    public static readonly string[] Prefixes = [HostedPrefix, ""];

    /// <summary>The first words of this API's paths: below them an unknown path is answered by this API.</summary>
    public static readonly string[] Roots = [HostedPrefix, "/accounts", "/user"];

    /// <summary>A route without its prefix, as the OpenAPI document writes it.</summary>
    public static string WithoutPrefix(string route) =>
        route.StartsWith($"{HostedPrefix}/", StringComparison.Ordinal) ? route[HostedPrefix.Length..] : route;

    /// <summary>A route below <see cref="Account"/>; null when it lies elsewhere.</summary>
    public static string? BelowAccount(string route) =>
        WithoutPrefix(route) is var path && path.StartsWith(Account, StringComparison.Ordinal) ? path[Account.Length..] : null;
}
