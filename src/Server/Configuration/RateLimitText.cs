using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Nodes;
using Roomcast.RealtimeKit;

namespace Roomcast.Server.Configuration;

/// <summary>Writes limits as <c>*=3500/5m, POST /{app_id}/livestreams=10/1m</c>: method if any, route, requests, window.</summary>
internal static class RateLimitText
{
    private const int MaxLimits = 32;
    private const int MaxRequests = 1_000_000;

    public static SettingType<IReadOnlyList<RateLimitOptions>> Type { get; } = new(
        "limits like *=3500/5m, POST /{app_id}/livestreams=10/1m: an optional method, * or a path, requests, window",
        TryParse,
        limits => string.Join(", ", limits.Select(Format)),
        () => new JsonObject { ["type"] = "string" });

    private static string Format(RateLimitOptions limit) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(limit.Method is null ? "" : limit.Method + " ")}{limit.Route}={limit.Requests}/{SettingTypes.Format(limit.Window)}");

    private static bool TryParse(string text, [MaybeNullWhen(false)] out IReadOnlyList<RateLimitOptions> limits)
    {
        var found = new List<RateLimitOptions>();
        limits = found;
        foreach (var part in text.Split(',', MaxLimits + 1, StringSplitOptions.TrimEntries))
        {
            if (found.Count == MaxLimits || !TryParseOne(part, out var limit))
            {
                return false;
            }

            found.Add(limit);
        }

        return true;
    }

    private static bool TryParseOne(string text, [MaybeNullWhen(false)] out RateLimitOptions limit)
    {
        limit = null;
        var equals = text.LastIndexOf('=');
        var slash = text.LastIndexOf('/');
        if (equals <= 0 || slash < equals
            || !int.TryParse(text[(equals + 1)..slash], NumberStyles.None, CultureInfo.InvariantCulture, out var requests) || requests is < 1 or > MaxRequests
            || !SettingTypes.TryParseDuration(text[(slash + 1)..], out var window) || window < TimeSpan.FromSeconds(1) || window > TimeSpan.FromDays(1))
        {
            return false;
        }

        var words = text[..equals].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var route = words[^1];
        if (words.Length > 2 || (route != "*" && route[0] != '/') || (words.Length == 2 && !words[0].All(char.IsAsciiLetter)))
        {
            return false;
        }

        limit = new RateLimitOptions { Route = route, Method = words.Length == 2 ? words[0].ToUpperInvariant() : null, Requests = requests, Window = window };
        return true;
    }
}
