using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Roomcast.Server.Configuration;

/// <summary>Writes the settings for people and tools: help, the README's table, the JSON schema, the values in force.</summary>
internal static class SettingsText
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>What <c>--help</c> prints.</summary>
    public static string Help(SettingsRegistry registry)
    {
        var text = new StringBuilder();
        text.AppendLine("Roomcast: a self-hosted media server. Usage: ./start [--demo] [--option value | --option=value …]");
        text.AppendLine();
        text.AppendLine("Each setting can stand on the command line, in the environment (ROOMCAST_ and the key in capitals) and in");
        text.AppendLine("roomcast.json (the key). The command line wins over the environment, and that over the file.");
        text.AppendLine();
        text.AppendLine("  --help          print this");
        text.AppendLine("  --version       print the version");
        text.AppendLine("  --print-config  print every setting's value and where it was set, secrets covered");
        foreach (var group in registry.All.GroupBy(setting => setting.Group))
        {
            text.AppendLine().Append(group.Key).AppendLine(":");
            foreach (var setting in group)
            {
                text.Append("  ").AppendLine(setting.Option);
                text.Append("      ").AppendLine(setting.Meaning);
                text.Append("      Allowed: ").Append(setting.Allowed).Append(". Default: ")
                    .Append(setting.DefaultText.Length == 0 ? "not set" : setting.DefaultText).AppendLine(".");
            }
        }

        return text.ToString();
    }

    /// <summary>The README's configuration table, in Markdown.</summary>
    public static string Markdown(SettingsRegistry registry)
    {
        var text = new StringBuilder();
        foreach (var group in registry.All.GroupBy(setting => setting.Group))
        {
            text.Append("\n**").Append(group.Key).Append("**\n\n| Setting | Default | Allowed | Meaning |\n| --- | --- | --- | --- |\n");
            foreach (var setting in group)
            {
                text.Append(CultureInfo.InvariantCulture, $"| `{setting.Key}` | {(setting.DefaultText.Length == 0 ? "" : $"`{setting.DefaultText}`")} | {setting.Allowed} | {setting.Meaning} |\n");
            }
        }

        return text.ToString();
    }

    /// <summary>The JSON schema of <c>roomcast.json</c>.</summary>
    public static string Schema(SettingsRegistry registry)
    {
        var properties = new JsonObject { ["$schema"] = new JsonObject { ["type"] = "string" } };
        foreach (var setting in registry.All.Where(setting => setting.IsAllowedInFile))
        {
            properties[setting.Key] = setting.Schema();
        }

        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "Roomcast settings",
            ["type"] = "object",
            ["additionalProperties"] = false,
            ["properties"] = properties,
        };
        return schema.ToJsonString(Indented) + "\n";
    }

    /// <summary>What <c>--print-config</c> prints: value and origin of every setting, secrets covered.</summary>
    public static string Values(SettingsRegistry registry, SettingValues values)
    {
        var text = new StringBuilder();
        foreach (var setting in registry.All)
        {
            text.Append(CultureInfo.InvariantCulture, $"{setting.Key} = {values.Show(setting)}  # {values.OriginOf(setting)}\n");
        }

        return text.ToString();
    }

    /// <summary>What is printed when settings are wrong.</summary>
    public static string Faults(IReadOnlyList<SettingFault> faults)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"roomcast: {(faults.Count == 1 ? "1 setting is" : $"{faults.Count} settings are")} wrong, so nothing was started.\n");
        foreach (var fault in faults)
        {
            text.Append("  ").Append(fault).Append('\n');
        }

        return text.ToString();
    }
}
