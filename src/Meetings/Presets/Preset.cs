using Roomcast.Accounts;
using Roomcast.Meetings.Records;

namespace Roomcast.Meetings.Presets;

/// <summary>A named set of permissions, limits and looks, which participants are given.</summary>
public sealed record Preset
{
    /// <summary>Its id.</summary>
    public required PresetId Id { get; init; }

    /// <summary>The app it belongs to.</summary>
    public required AppId AppId { get; init; }

    /// <summary>1 to 256 characters; no two presets of an app have the same.</summary>
    public required string Name { get; init; }

    /// <summary>What it says.</summary>
    public required PresetContent Content { get; init; }

    /// <summary>When it was made, UTC, whole milliseconds.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed, UTC, whole milliseconds.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What kind of meeting it makes.</summary>
    public PresetConfig Config => Content.Config;

    /// <summary>What its holders may do.</summary>
    public PresetPermissions Permissions => Content.Permissions;
}

/// <summary>What a preset says. Immutable; two with the same values are equal.</summary>
public sealed record PresetContent
{
    /// <summary>What kind of meeting it makes, and its media.</summary>
    public required PresetConfig Config { get; init; }

    /// <summary>What its holders may do.</summary>
    public required PresetPermissions Permissions { get; init; }

    /// <summary>How pages look.</summary>
    public PresetUi Ui { get; init; } = new();

    /// <summary>
    /// What is meant when a preset leaves something out: the least that taking part in this kind of meeting needs, no powers
    /// over others.
    /// </summary>
    public static PresetContent DefaultsOf(ViewType viewType) => BuiltInPresets.DefaultsOf(viewType);
}

/// <summary>A preset as lists show it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name; unique in its app.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was last changed.</param>
public sealed record PresetSummary(PresetId Id, string Name, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);
