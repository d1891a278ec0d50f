using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Roomcast.Webhooks;

namespace Roomcast.Server.Configuration;

/// <summary>Writes waits one after the other, as <c>5s, 30s, 2m</c>; <c>none</c> for no wait at all.</summary>
internal static class DurationListText
{
    private const string None = "none";

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public static SettingType<IReadOnlyList<TimeSpan>> Type { get; } = new(
        $"{None}, or 1 to {WebhookOptionsValidator.MaxRetries} durations of 10ms to 1d separated by commas, such as 5s, 30s, 2m",
        TryParse,
        waits => waits.Count == 0 ? None : string.Join(", ", waits.Select(SettingTypes.Format)),
        () => new JsonObject { ["type"] = "string" });

    private static bool TryParse(string text, [MaybeNullWhen(false)] out IReadOnlyList<TimeSpan> waits)
    {
        var found = new List<TimeSpan>();
        waits = found;
        if (text == None)
        {
            return true;
        }

        foreach (var word in text.Split(',', WebhookOptionsValidator.MaxRetries + 1, StringSplitOptions.TrimEntries))
        {
            if (found.Count == WebhookOptionsValidator.MaxRetries
                || !SettingTypes.TryParseDuration(word, out var wait) || wait < Shortest || wait > Longest)
            {
                return false;
            }

            found.Add(wait);
        }

        return true;
    }
}
