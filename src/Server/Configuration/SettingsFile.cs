using System.Text.Json;

namespace Roomcast.Server.Configuration;

/// <summary>Reads <c>roomcast.json</c>: one object whose keys are settings.</summary>
internal static class SettingsFile
{
    private const int MaxLength = 1 << 20;

    private static readonly JsonDocumentOptions Options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 8 };

    /// <summary>Reads the file. What is wrong with it goes to <paramref name="faults"/>; what can be used is returned.</summary>
    public static List<WrittenSetting> Read(string path, string origin, SettingsRegistry registry, List<SettingFault> faults)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            faults.Add(new SettingFault(ServerSettings.Config.Key, origin, $"\"{path}\" cannot be read: {fault.Message}"));
            return [];
        }

        if (bytes.Length > MaxLength)
        {
            faults.Add(new SettingFault(ServerSettings.Config.Key, origin, $"\"{path}\" is larger than 1MiB, which no settings file is."));
            return [];
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(bytes, Options);
        }
        catch (JsonException fault)
        {
            var place = $"line {fault.LineNumber + 1}, column {fault.BytePositionInLine + 1}";
            faults.Add(new SettingFault(ServerSettings.Config.Key, origin, $"\"{path}\" is not JSON: it breaks at {place}."));
            return [];
        }

        using (document)
        {
            return ReadObject(document.RootElement, path, registry, faults);
        }
    }

    private static List<WrittenSetting> ReadObject(JsonElement root, string path, SettingsRegistry registry, List<SettingFault> faults)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            faults.Add(new SettingFault(ServerSettings.Config.Key, path, "it must hold one JSON object with settings as keys."));
            return [];
        }

        var written = new List<WrittenSetting>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in root.EnumerateObject())
        {
            if (!seen.Add(property.Name))
            {
                faults.Add(new SettingFault(property.Name, path, "it is set twice in this file."));
            }
            else if (property.Name != "$schema")
            {
                ReadProperty(property, path, registry, written, faults);
            }
        }

        return written;
    }

    private static void ReadProperty(
        JsonProperty property, string path, SettingsRegistry registry, List<WrittenSetting> written, List<SettingFault> faults)
    {
        if (registry.Find(property.Name) is not { } setting)
        {
            var suggestion = NameSuggestion.For(property.Name, registry.All.Where(known => known.IsAllowedInFile).Select(known => known.Key));
            faults.Add(new SettingFault(property.Name, path, "no setting has this name" + (suggestion is null ? "." : $"; did you mean {suggestion}?")));
        }
        else if (!setting.IsAllowedInFile)
        {
            faults.Add(new SettingFault(setting.Key, path, $"it cannot stand in a settings file; use {setting.Option} or {setting.EnvironmentVariable}."));
        }
        else if (property.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)
        {
            var text = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : property.Value.GetRawText();
            written.Add(new WrittenSetting(setting, text, path));
        }
        else
        {
            faults.Add(new SettingFault(setting.Key, path, $"it must be one value, not {Describe(property.Value.ValueKind)}; allowed is {setting.Allowed}."));
        }
    }

    private static string Describe(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => "null (leave the key out instead)",
    };
}
