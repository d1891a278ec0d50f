using System.Collections;

namespace Roomcast.Server.Configuration;

/// <summary>What the settings say: what was asked for, the values, and everything that is wrong.</summary>
/// <param name="Request">What the command line asks for.</param>
/// <param name="Values">The values; only to be used when there is no fault.</param>
/// <param name="Faults">Every fault, in the order in which it was met.</param>
/// <param name="Warnings">What looks like a mistake but changes nothing.</param>
internal sealed record SettingsReading(
    CommandLineRequest Request, SettingValues Values, IReadOnlyList<SettingFault> Faults, IReadOnlyList<string> Warnings);

/// <summary>Brings the settings file, the environment and the command line together. The later of these three wins.</summary>
/// <remarks>
/// Every value that is set anywhere is checked, also one that another overrides: a mistake that sleeps in a file until
/// somebody removes a variable is found now. An empty environment variable counts as not set.
/// </remarks>
internal static class SettingsReader
{
    /// <summary>The settings file that is read when none is named and this one exists.</summary>
    public const string DefaultFile = "roomcast.json";

    private const string Prefix = "ROOMCAST_";

    /// <summary>Reads everything.</summary>
    /// <param name="registry">The settings there are.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="environment">The environment's variables.</param>
    /// <param name="workingFolder">Where the default settings file is looked for.</param>
    public static SettingsReading Read(
        SettingsRegistry registry, IReadOnlyList<string> arguments, IDictionary environment, string workingFolder)
    {
        var faults = new List<SettingFault>();
        var warnings = new List<string>();
        var (request, fromCommandLine) = CommandLine.Read(arguments, registry, faults);
        var fromEnvironment = ReadEnvironment(registry, environment, warnings);
        var fromFile = ReadFile(registry, fromCommandLine, fromEnvironment, workingFolder, faults);

        var set = new Dictionary<Setting, (object? Value, string Origin)>();
        foreach (var written in fromFile.Concat(fromEnvironment).Concat(fromCommandLine))
        {
            if (written.Setting.TryParse(written.Text, out var value))
            {
                set[written.Setting] = (value, written.Origin);
            }
            else
            {
                var shown = written.Setting.IsSecret ? "the value (not shown, it is a secret)" : $"\"{Shorten(written.Text)}\"";
                faults.Add(new SettingFault(written.Setting.Key, written.Origin, $"{shown} is not allowed; allowed is {written.Setting.Allowed}."));
            }
        }

        // A key that is wrong already is not judged again with others: its value is not what the owner wrote.
        var values = new SettingValues(set);
        var wrong = faults.Select(fault => fault.Key).ToHashSet(StringComparer.Ordinal);
        faults.AddRange(registry.Rules.SelectMany(rule => rule(values)).Where(fault => !fault.Key.Split(", ").Any(wrong.Contains)));
        return new SettingsReading(request, values, faults, warnings);
    }

    private static List<WrittenSetting> ReadEnvironment(SettingsRegistry registry, IDictionary environment, List<string> warnings)
    {
        var byVariable = registry.All.ToDictionary(setting => setting.EnvironmentVariable, StringComparer.Ordinal);
        var written = new List<WrittenSetting>();
        foreach (var name in environment.Keys.Cast<string>().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var text = environment[name] as string;
            if (!byVariable.TryGetValue(name, out var setting))
            {
                // Only a warning: an environment is shared with other programs, a file and a command line are not.
                var suggestion = NameSuggestion.For(name, byVariable.Keys);
                warnings.Add($"Environment variable {name} is no setting" + (suggestion is null ? "." : $"; did you mean {suggestion}?"));
            }
            else if (!string.IsNullOrEmpty(text))
            {
                written.Add(new WrittenSetting(setting, text, $"environment variable {name}"));
            }
        }

        return written;
    }

    private static List<WrittenSetting> ReadFile(
        SettingsRegistry registry,
        List<WrittenSetting> fromCommandLine,
        List<WrittenSetting> fromEnvironment,
        string workingFolder,
        List<SettingFault> faults)
    {
        var named = fromCommandLine.Concat(fromEnvironment).FirstOrDefault(written => written.Setting == ServerSettings.Config);
        if (named is { Text.Length: > 0 })
        {
            return SettingsFile.Read(Path.GetFullPath(named.Text, workingFolder), named.Origin, registry, faults);
        }

        var path = Path.Combine(workingFolder, DefaultFile);
        return File.Exists(path) ? SettingsFile.Read(path, "found in the working directory", registry, faults) : [];
    }

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
