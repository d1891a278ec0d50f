using System.Text.Json;
using Roomcast.Meetings.Presets;

namespace Roomcast.RealtimeKit.Rest.Presets;

/// <summary>A preset as this API tells it.</summary>
internal sealed record PresetResponse(
    Guid Id,
    string Name,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    JsonElement Config,
    JsonElement Permissions,
    JsonElement Ui)
{
    public static PresetResponse Of(Preset preset)
    {
        using var document = JsonDocument.Parse(PresetJson.Write(preset.Content));
        var content = document.RootElement;
        return new PresetResponse(
            preset.Id.Value,
            preset.Name,
            preset.CreatedAt,
            preset.UpdatedAt,
            content.GetProperty("config").Clone(),
            content.GetProperty("permissions").Clone(),
            content.GetProperty("ui").Clone());
    }
}

/// <summary>A preset in a list.</summary>
internal sealed record PresetListItem(Guid Id, string Name, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static PresetListItem Of(PresetSummary preset) => new(preset.Id.Value, preset.Name, preset.CreatedAt, preset.UpdatedAt);
}
