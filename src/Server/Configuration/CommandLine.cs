namespace Roomcast.Server.Configuration;

/// <summary>What the command line asks for besides setting values.</summary>
internal enum CommandLineRequest
{
    /// <summary>Run the server.</summary>
    Run,

    /// <summary>Print how to use it.</summary>
    Help,

    /// <summary>Print the version.</summary>
    Version,

    /// <summary>Print every setting's value and origin, secrets covered.</summary>
    PrintConfig,
}

/// <summary>Reads the command line: <c>--http-port 8080</c> or <c>--http-port=8080</c> for each setting, and a few requests.</summary>
internal static class CommandLine
{
    private static readonly Dictionary<string, CommandLineRequest> Requests = new(StringComparer.Ordinal)
    {
        ["--help"] = CommandLineRequest.Help,
        ["-h"] = CommandLineRequest.Help,
        ["--version"] = CommandLineRequest.Version,
        ["--print-config"] = CommandLineRequest.PrintConfig,
    };

    /// <summary>Reads the arguments. What is wrong with them goes to <paramref name="faults"/>.</summary>
    public static (CommandLineRequest Request, List<WrittenSetting> Written) Read(
        IReadOnlyList<string> arguments, SettingsRegistry registry, List<SettingFault> faults)
    {
        var byOption = registry.All.ToDictionary(setting => setting.Option, StringComparer.Ordinal);
        var request = CommandLineRequest.Run;
        var written = new List<WrittenSetting>();
        var seen = new HashSet<Setting>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var option = equals < 0 ? argument : argument[..equals];
            if (Requests.TryGetValue(argument, out var wanted))
            {
                request = request == CommandLineRequest.Run ? wanted : request;
            }
            else if (!byOption.TryGetValue(option, out var setting))
            {
                faults.Add(Unknown(option, byOption.Keys));

                // Its value, if one follows, is not a second fault.
                i += equals < 0 && option.StartsWith("--", StringComparison.Ordinal) && HasValueAt(arguments, i + 1) ? 1 : 0;
            }
            else if (!seen.Add(setting))
            {
                faults.Add(new SettingFault(setting.Key, $"command line {setting.Option}", "it is given twice."));
                i += equals < 0 && HasValueAt(arguments, i + 1) ? 1 : 0;
            }
            else if (equals >= 0)
            {
                written.Add(Written(setting, argument[(equals + 1)..]));
            }
            else if (HasValueAt(arguments, i + 1))
            {
                written.Add(Written(setting, arguments[++i]));
            }
            else if (setting.IsSwitch)
            {
                written.Add(Written(setting, "true"));
            }
            else
            {
                faults.Add(new SettingFault(setting.Key, $"command line {setting.Option}", $"it needs a value: {setting.Allowed}."));
            }
        }

        return (request, written);
    }

    private static WrittenSetting Written(Setting setting, string text) => new(setting, text, $"command line {setting.Option}");

    private static bool HasValueAt(IReadOnlyList<string> arguments, int index) =>
        index < arguments.Count && !arguments[index].StartsWith("--", StringComparison.Ordinal);

    private static SettingFault Unknown(string option, IEnumerable<string> known)
    {
        if (!option.StartsWith('-'))
        {
            return new SettingFault(option, "command line", "a value without an option before it; options are written like --http-port 8080.");
        }

        var suggestion = NameSuggestion.For(option, known.Concat(Requests.Keys));
        return new SettingFault(option, "command line", "no option has this name" + (suggestion is null ? "; --help lists them." : $"; did you mean {suggestion}?"));
    }
}
