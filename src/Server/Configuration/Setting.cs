using System.Text.Json.Nodes;

namespace Roomcast.Server.Configuration;

/// <summary>One thing an owner can set, and all that is known about it.</summary>
internal abstract class Setting
{
    private protected Setting(string group, string key, string meaning)
    {
        Group = group;
        Key = key;
        Meaning = meaning;
    }

    /// <summary>Its key in <c>roomcast.json</c>, in lower case with underscores.</summary>
    public string Key { get; }

    /// <summary>The heading it stands under in tables.</summary>
    public string Group { get; }

    /// <summary>What it does, in one line.</summary>
    public string Meaning { get; }

    /// <summary>Whether its value is never printed.</summary>
    public bool IsSecret { get; init; }

    /// <summary>Whether it may stand in the settings file. The file's own place may not.</summary>
    public bool IsAllowedInFile { get; init; } = true;

    /// <summary>Whether the option alone, without a value, means true.</summary>
    public abstract bool IsSwitch { get; }

    /// <summary>What may be written.</summary>
    public abstract string Allowed { get; }

    /// <summary>The default as an owner would write it; empty when not being set means something of its own.</summary>
    public abstract string DefaultText { get; }

    /// <summary>Its environment variable.</summary>
    public string EnvironmentVariable => "ROOMCAST_" + Key.ToUpperInvariant();

    /// <summary>Its command line option, with the leading hyphens.</summary>
    public string Option => "--" + Key.Replace('_', '-');

    /// <summary>The JSON schema of its value.</summary>
    public abstract JsonObject Schema();

    /// <summary>Reads a written value; false when it is not allowed.</summary>
    public abstract bool TryParse(string text, out object? value);

    /// <summary>Its default value.</summary>
    public abstract object? DefaultValue { get; }

    /// <summary>Writes a value for people, secrets covered.</summary>
    public abstract string Show(object? value);
}

/// <summary>One thing an owner can set.</summary>
/// <typeparam name="T">What its value becomes.</typeparam>
internal sealed class Setting<T>(string group, string key, SettingType<T> type, T defaultValue, string meaning) : Setting(group, key, meaning)
{
    private const string Covered = "(secret)";

    /// <summary>Its value when nobody sets it.</summary>
    public T Default { get; } = defaultValue;

    public override bool IsSwitch => typeof(T) == typeof(bool);

    public override string Allowed => type.Allowed;

    public override string DefaultText => Default is null ? "" : type.Format(Default);

    public override object? DefaultValue => Default;

    public override JsonObject Schema()
    {
        var schema = type.Schema();
        schema["description"] = $"{Meaning} Allowed is {Allowed}.";
        if (Default is not null && DefaultText.Length > 0)
        {
            schema["default"] = (string?)schema["type"] switch
            {
                "integer" => (int)(object)Default,
                "boolean" => (bool)(object)Default,
                _ => DefaultText,
            };
        }

        return schema;
    }

    public override bool TryParse(string text, out object? value)
    {
        var isAllowed = type.TryParse(text, out var parsed);
        value = parsed;
        return isAllowed;
    }

    public override string Show(object? value) => value is null ? "" : IsSecret ? Covered : type.Format((T)value);
}
