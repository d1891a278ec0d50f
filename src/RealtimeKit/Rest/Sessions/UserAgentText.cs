using System.Text.RegularExpressions;

namespace Roomcast.RealtimeKit.Rest.Sessions;

/// <summary>What can be told of a browser and its machine by the words it goes by; what cannot be told is null.</summary>
/// <param name="Browser">Its name.</param>
/// <param name="BrowserVersion">Its version.</param>
/// <param name="Engine">What it draws pages with.</param>
/// <param name="Os">The system it runs on.</param>
/// <param name="OsVersion">The system's version.</param>
/// <param name="IsMobile">Whether it is a telephone or a tablet.</param>
internal sealed partial record UserAgentText(
    string? Browser, string? BrowserVersion, string? Engine, string? Os, string? OsVersion, bool IsMobile)
{
    // Browsers name those they descend from, so the youngest name counts.
    private static readonly (string Token, string Browser)[] Browsers =
    [
        ("Edg", "Edge"), ("EdgiOS", "Edge"), ("EdgA", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Vivaldi", "Vivaldi"),
        ("FxiOS", "Firefox"), ("Firefox", "Firefox"), ("CriOS", "Chrome"), ("HeadlessChrome", "Chrome"), ("Chrome", "Chrome"),
        ("Version", "Safari"),
    ];

    /// <summary>Reads it. Never fails, whatever the text.</summary>
    public static UserAgentText Of(string userAgent)
    {
        var products = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Match product in Product().Matches(userAgent))
        {
            products.TryAdd(product.Groups[1].Value, product.Groups[2].Value);
        }

        var (token, browser) = Browsers.FirstOrDefault(known =>
            products.ContainsKey(known.Token) && (known.Browser != "Safari" || products.ContainsKey("Safari")));
        var engine = products.ContainsKey("Gecko") && products.ContainsKey("Firefox") ? "Gecko"
            : products.ContainsKey("Chrome") || products.ContainsKey("HeadlessChrome") ? "Blink"
            : products.ContainsKey("AppleWebKit") ? "WebKit"
            : null;
        var (os, version) = SystemOf(userAgent);
        return new UserAgentText(
            browser,
            token is null ? null : products[token],
            engine,
            os,
            version,
            os is "Android" or "iOS" || userAgent.Contains("Mobile", StringComparison.Ordinal));
    }

    private static (string? Os, string? Version) SystemOf(string userAgent)
    {
        foreach (var (pattern, os) in new[]
        {
            (Windows(), "Windows"), (Apple(), "iOS"), (Mac(), "macOS"), (Android(), "Android"), (ChromeOs(), "Chrome OS"),
        })
        {
            if (pattern.Match(userAgent) is { Success: true } match)
            {
                return (os, match.Groups[1].Value is { Length: > 0 } version ? version.Replace('_', '.') : null);
            }
        }

        return userAgent.Contains("Linux", StringComparison.Ordinal) ? ("Linux", null) : (null, null);
    }

    [GeneratedRegex(@"([A-Za-z][A-Za-z0-9]{0,30})/([0-9A-Za-z.]{1,30})", RegexOptions.NonBacktracking)]
    private static partial Regex Product();

    [GeneratedRegex("Windows NT ([0-9.]{1,10})", RegexOptions.NonBacktracking)]
    private static partial Regex Windows();

    [GeneratedRegex("(?:iPhone|iPad|iPod)[^)]{0,60}OS ([0-9_]{1,12})", RegexOptions.NonBacktracking)]
    private static partial Regex Apple();

    [GeneratedRegex("Mac OS X ([0-9_.]{1,12})", RegexOptions.NonBacktracking)]
    private static partial Regex Mac();

    [GeneratedRegex("Android ([0-9.]{1,10})", RegexOptions.NonBacktracking)]
    private static partial Regex Android();

    [GeneratedRegex("CrOS [a-z0-9_]{1,12} ([0-9.]{1,20})", RegexOptions.NonBacktracking)]
    private static partial Regex ChromeOs();
}
