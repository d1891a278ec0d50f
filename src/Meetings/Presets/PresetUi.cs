using System.Text.Json.Serialization;

namespace Roomcast.Meetings.Presets;

/// <summary>How pages look. A new instance holds the defaults.</summary>
public sealed record PresetUi
{
    /// <summary>Colours and shapes.</summary>
    public DesignTokens DesignTokens { get; init; } = new();

    /// <summary>What a UI kit was told beyond that: a JSON object, kept as it was sent, up to 64 KiB.</summary>
    [JsonConverter(typeof(RawJsonConverter))]
    public string ConfigDiff { get; init; } = "{}";
}

/// <summary>Colours and shapes.</summary>
public sealed record DesignTokens
{
    /// <summary>How round corners are.</summary>
    public BorderRadius BorderRadius { get; init; } = BorderRadius.Rounded;

    /// <summary>How wide borders are.</summary>
    public BorderWidth BorderWidth { get; init; } = BorderWidth.Thin;

    /// <summary>What distances are multiples of, in pixels; 0 to 100.</summary>
    public double SpacingBase { get; init; } = 4;

    /// <summary>Light or dark.</summary>
    public Theme Theme { get; init; } = Theme.Dark;

    /// <summary>The address of a picture, up to 2,048 characters; null when not given.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Logo { get; init; }

    /// <summary>A font of the device, up to 256 characters; null when not given.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FontFamily { get; init; }

    /// <summary>A font of Google's, up to 256 characters; null when not given.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? GoogleFont { get; init; }

    /// <summary>The colours.</summary>
    public PresetColors Colors { get; init; } = new();
}

/// <summary>The colours, each as CSS spells it, up to 64 characters.</summary>
public sealed record PresetColors
{
    /// <summary>The brand's colour from light to dark.</summary>
    public BrandColors Brand { get; init; } = new();

    /// <summary>The ground from light to dark.</summary>
    public BackgroundColors Background { get; init; } = new();

    /// <summary>What warns of harm.</summary>
    public string Danger { get; init; } = "#FF2D2D";

    /// <summary>What tells of success.</summary>
    public string Success { get; init; } = "#62A504";

    /// <summary>Text.</summary>
    public string Text { get; init; } = "#EEEEEE";

    /// <summary>Text on the brand's colour.</summary>
    public string TextOnBrand { get; init; } = "#EEEEEE";

    /// <summary>Behind videos.</summary>
    public string VideoBg { get; init; } = "#191919";

    /// <summary>What asks for care.</summary>
    public string Warning { get; init; } = "#FFCD07";
}

/// <summary>The brand's colour from light to dark.</summary>
public sealed record BrandColors
{
    /// <summary>The lightest.</summary>
    [JsonPropertyName("300")]
    public string C300 { get; init; } = "#844d1c";

    /// <summary>Light.</summary>
    [JsonPropertyName("400")]
    public string C400 { get; init; } = "#9d5b22";

    /// <summary>The brand's own.</summary>
    [JsonPropertyName("500")]
    public string C500 { get; init; } = "#b56927";

    /// <summary>Dark.</summary>
    [JsonPropertyName("600")]
    public string C600 { get; init; } = "#d37c30";

    /// <summary>The darkest.</summary>
    [JsonPropertyName("700")]
    public string C700 { get; init; } = "#d9904f";
}

/// <summary>The ground from light to dark.</summary>
public sealed record BackgroundColors
{
    /// <summary>The lightest.</summary>
    [JsonPropertyName("600")]
    public string C600 { get; init; } = "#222222";

    /// <summary>Lighter.</summary>
    [JsonPropertyName("700")]
    public string C700 { get; init; } = "#1f1f1f";

    /// <summary>In between.</summary>
    [JsonPropertyName("800")]
    public string C800 { get; init; } = "#1b1b1b";

    /// <summary>Darker.</summary>
    [JsonPropertyName("900")]
    public string C900 { get; init; } = "#181818";

    /// <summary>The darkest.</summary>
    [JsonPropertyName("1000")]
    public string C1000 { get; init; } = "#141414";
}
