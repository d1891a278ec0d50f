using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Roomcast.Server.Configuration;

/// <summary>The kinds of value a setting may have.</summary>
internal static partial class SettingTypes
{
    private static readonly (string Unit, double Seconds)[] DurationUnits =
        [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];

    private static readonly (string Unit, long Amount)[] BitrateUnits = [("Gbit", 1_000_000_000), ("Mbit", 1_000_000), ("kbit", 1_000)];

    private static readonly (string Unit, long Amount)[] SizeUnits =
        [("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1)];

    /// <summary>A TCP or UDP port; 0 means any free one.</summary>
    public static SettingType<int> Port { get; } = Whole(0, 65_535, "a port from 0 to 65535, where 0 takes any free one");

    /// <summary>True or false.</summary>
    public static SettingType<bool> Boolean { get; } = new(
        "true or false", bool.TryParse, value => value ? "true" : "false", () => new JsonObject { ["type"] = "boolean" });

    /// <summary>The path of a file or folder. A relative one starts from the working directory.</summary>
    public static SettingType<string> Path { get; } = new(
        "a path", TryParsePath, value => value, () => new JsonObject { ["type"] = "string", ["minLength"] = 1 });

    /// <summary>One address of this machine, or <c>0.0.0.0</c> or <c>::</c> for all of them.</summary>
    public static SettingType<IPAddress> Address { get; } = new(
        "an IP address such as 127.0.0.1, 0.0.0.0 or ::1", IPAddress.TryParse, value => value.ToString(), () => new JsonObject { ["type"] = "string" });

    /// <summary>IP addresses and networks in CIDR notation, separated by commas; empty for none.</summary>
    public static SettingType<IReadOnlyList<IPNetwork>> Networks { get; } = new(
        "IP addresses and networks separated by commas, such as 10.0.0.5, 192.168.0.0/16",
        TryParseNetworks,
        networks => string.Join(", ", networks.Select(Format)),
        () => new JsonObject { ["type"] = "string" });

    /// <summary>A host name or an IP address, without scheme and port.</summary>
    public static SettingType<string> Host { get; } = new(
        "a host name or IP address, without scheme, port or path", TryParseHost, value => value, () => new JsonObject { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = 253 });

    /// <summary>An absolute http or https URL.</summary>
    public static SettingType<Uri> HttpUrl { get; } = new(
        "an absolute http:// or https:// URL", TryParseHttpUrl, value => value.OriginalString, () => new JsonObject { ["type"] = "string", ["format"] = "uri" });

    /// <summary>A whole number within a range, both ends included.</summary>
    public static SettingType<int> Whole(int min, int max, string? allowed = null) => new(
        allowed ?? string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}"),
        (string text, out int value) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= min && value <= max,
        value => value.ToString(CultureInfo.InvariantCulture),
        () => new JsonObject { ["type"] = "integer", ["minimum"] = min, ["maximum"] = max });

    /// <summary>A length of time within a range, both ends included, such as <c>500ms</c>, <c>2s</c> or <c>1.5h</c>.</summary>
    public static SettingType<TimeSpan> Duration(TimeSpan min, TimeSpan max) => new(
        $"a duration from {Format(min)} to {Format(max)}, written like 500ms, 2s, 5m, 1h or 2d",
        (string text, out TimeSpan value) => TryParseDuration(text, out value) && value >= min && value <= max,
        Format,
        () => new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$" });

    /// <summary>An amount of bytes within a range, both ends included, such as <c>64MiB</c>.</summary>
    public static SettingType<long> Size(long min, long max) => new(
        $"a size from {FormatSize(min)} to {FormatSize(max)}, written like 512KiB, 64MiB or 2GiB",
        (string text, out long value) => TryParseSize(text, out value) && value >= min && value <= max,
        FormatSize,
        () => new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]+(\\.[0-9]+)?(B|kB|KiB|MB|MiB|GB|GiB|TB|TiB)$" });

    /// <summary>Bits per second within a range, both ends included, such as <c>60Mbit</c>.</summary>
    public static SettingType<long> Bitrate(long min, long max) => new(
        $"a bit rate from {FormatAmount(min, BitrateUnits)} to {FormatAmount(max, BitrateUnits)} per second, written like 800kbit or 60Mbit",
        (string text, out long value) => TryParseAmount(text, BitrateUnits, out value) && value >= min && value <= max,
        value => FormatAmount(value, BitrateUnits),
        () => new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]+(\\.[0-9]+)?(kbit|Mbit|Gbit)$" });

    /// <summary>The same for sizes below 2 GiB, which are kept as 32-bit numbers.</summary>
    public static SettingType<int> SmallSize(int min, int max)
    {
        var type = Size(min, max);
        return new SettingType<int>(
            type.Allowed,
            (string text, out int value) =>
            {
                var isAllowed = type.TryParse(text, out var bytes);
                value = (int)bytes;
                return isAllowed;
            },
            value => type.Format(value),
            type.Schema);
    }

    /// <summary>One of an enum's members, written in lower case with underscores.</summary>
    public static SettingType<T> Choice<T>()
        where T : struct, Enum
    {
        var names = Enum.GetValues<T>().ToDictionary(NameOf, value => value, StringComparer.OrdinalIgnoreCase);
        return new SettingType<T>(
            string.Join(", ", names.Keys.SkipLast(1)) + " or " + names.Keys.Last(),
            (string text, out T value) => names.TryGetValue(text, out value),
            NameOf,
            () => new JsonObject { ["enum"] = new JsonArray([.. names.Keys.Select(name => (JsonNode)name)]) });

        static string NameOf(T value) => WordStart().Replace(value.ToString(), "_$0").ToLowerInvariant();
    }

    /// <summary>Any text of bounded length without control characters.</summary>
    public static SettingType<string> Text(int minLength, int maxLength, string? allowed = null) => new(
        allowed ?? string.Create(CultureInfo.InvariantCulture, $"text of {minLength} to {maxLength} characters"),
        (string text, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out string value) =>
        {
            value = text;
            return text.Length >= minLength && text.Length <= maxLength && !text.Any(char.IsControl);
        },
        value => value,
        () => new JsonObject { ["type"] = "string", ["minLength"] = minLength, ["maxLength"] = maxLength });

    /// <summary>The same kind of value, where leaving it out means something of its own.</summary>
    public static SettingType<T?> Optional<T>(this SettingType<T> type)
        where T : class => new(
            type.Allowed,
            (string text, out T? value) => type.TryParse(text, out value),
            value => value is null ? "" : type.Format(value),
            type.Schema);

    internal static bool TryParseDuration(string text, out TimeSpan value)
    {
        value = default;
        foreach (var (unit, seconds) in DurationUnits)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal) && TryParseAmount(text[..^unit.Length], out var amount))
            {
                var ticks = amount * seconds * TimeSpan.TicksPerSecond;
                if (ticks > TimeSpan.MaxValue.Ticks / 2.0)
                {
                    return false;
                }

                value = TimeSpan.FromTicks((long)Math.Round(ticks));
                return true;
            }
        }

        return false;
    }

    internal static bool TryParseSize(string text, out long value) => TryParseAmount(text, SizeUnits, out value);

    internal static string Format(TimeSpan value)
    {
        var (unit, seconds) = value == TimeSpan.Zero ? ("s", 1) : DurationUnits.Last(candidate =>
            candidate.Unit == "ms" || value.Ticks % (long)(candidate.Seconds * TimeSpan.TicksPerSecond) == 0);
        return (value.TotalSeconds / seconds).ToString("0.####", CultureInfo.InvariantCulture) + unit;
    }

    // Powers of two are written as what they are, never as 67108.864kB.
    internal static string FormatSize(long value) =>
        value == 0 ? "0B" : FormatAmount(value, [.. SizeUnits.Where(unit => unit.Unit == "B" || unit.Unit.Contains('i', StringComparison.Ordinal))]);

    private static string FormatAmount(long value, (string Unit, long Amount)[] units)
    {
        var (unit, amount) = units.First(candidate => value % candidate.Amount == 0 || candidate == units[^1]);
        return ((double)value / amount).ToString(CultureInfo.InvariantCulture) + unit;
    }

    private static bool TryParseAmount(string text, (string Unit, long Amount)[] units, out long value)
    {
        value = 0;
        foreach (var (unit, amount) in units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal) && TryParseAmount(text[..^unit.Length], out var number))
            {
                var total = number * amount;
                if (total > long.MaxValue / 2.0)
                {
                    return false;
                }

                value = (long)Math.Round(total);
                return true;
            }
        }

        return false;
    }

    private static bool TryParseAmount(string text, out double amount) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out amount) && char.IsAsciiDigit(text[0]) && char.IsAsciiDigit(text[^1]);

    private static bool TryParsePath(string text, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out string value)
    {
        value = text;
        return text.Length > 0 && !text.Contains('\0', StringComparison.Ordinal);
    }

    private static bool TryParseHost(string text, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out string value)
    {
        value = text.ToLowerInvariant();
        return IPAddress.TryParse(text, out _) ? !text.Contains('/', StringComparison.Ordinal) : text.Length <= 253 && HostName().IsMatch(value);
    }

    private static bool TryParseNetworks(string text, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out IReadOnlyList<IPNetwork> value)
    {
        var networks = new List<IPNetwork>();
        value = networks;
        foreach (var word in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (IPAddress.TryParse(word, out var address))
            {
                networks.Add(new IPNetwork(address, LengthOf(address)));
            }
            else if (IPNetwork.TryParse(word, out var network))
            {
                networks.Add(network);
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    private static string Format(IPNetwork network) =>
        network.PrefixLength == LengthOf(network.BaseAddress) ? network.BaseAddress.ToString() : network.ToString();

    private static int LengthOf(IPAddress address) => address.GetAddressBytes().Length * 8;

    private static bool TryParseHttpUrl(string text, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out Uri value) =>
        Uri.TryCreate(text, UriKind.Absolute, out value) && value.Scheme is "http" or "https" && value is { Host.Length: > 0 };

    [GeneratedRegex("(?<=[a-z0-9])[A-Z]")]
    private static partial Regex WordStart();

    // RFC 1123, section 2.1: labels of letters, digits and inner hyphens, 1 to 63 characters each.
    [GeneratedRegex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$")]
    private static partial Regex HostName();
}
