using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Roomcast.Rtc.Sdp;

/// <summary>A codec of a section: the <c>a=rtpmap</c>, <c>a=fmtp</c> and <c>a=rtcp-fb</c> lines of one payload type.</summary>
public sealed class SdpCodec
{
    private const int MaxClockRateHz = 1_000_000;

    /// <summary>Makes a codec.</summary>
    /// <param name="payloadType">0 to 127.</param>
    /// <param name="name">As registered: VP8, opus, rtx …</param>
    /// <param name="clockRateHz">Ticks of its timestamps in a second.</param>
    /// <param name="channels">For sound; 1 when the line does not say.</param>
    public SdpCodec(byte payloadType, string name, int clockRateHz, int channels = 1)
    {
        PayloadType = payloadType;
        Name = name;
        ClockRateHz = clockRateHz;
        Channels = channels;
    }

    /// <summary>0 to 127.</summary>
    public byte PayloadType { get; }

    /// <summary>As registered; compared without regard to case.</summary>
    public string Name { get; }

    /// <summary>Ticks of its timestamps in a second.</summary>
    public int ClockRateHz { get; }

    /// <summary>For sound; 1 otherwise.</summary>
    public int Channels { get; }

    /// <summary>The value of its <c>a=fmtp</c> line; null without one.</summary>
    public string? Parameters { get; init; }

    /// <summary>Its feedback, as the lines name it: nack, nack pli, ccm fir, transport-cc, goog-remb.</summary>
    public IReadOnlyList<string> Feedback { get; init; } = [];

    /// <summary>The payload type that it retransmits, when it is RTX (RFC 4588 section 8.1).</summary>
    public byte? RetransmissionOf =>
        Is("rtx") && byte.TryParse(FindParameter("apt"), NumberStyles.None, CultureInfo.InvariantCulture, out var apt) ? apt : null;

    /// <summary>Whether it has this name.</summary>
    public bool Is(string name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    /// <summary>One parameter out of <see cref="Parameters"/>; null when it is not there.</summary>
    public string? FindParameter(string name)
    {
        foreach (var range in (Parameters ?? string.Empty).AsSpan().Split(';'))
        {
            var pair = Parameters.AsSpan(range).Trim();
            var equals = pair.IndexOf('=');
            if (equals > 0 && pair[..equals].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return pair[(equals + 1)..].Trim().ToString();
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{PayloadType} {Name}/{ClockRateHz}{(Channels > 1 ? $"/{Channels}" : string.Empty)}");

    internal static List<SdpCodec> ReadAll(MediaDescription media)
    {
        // One walk over the lines, so that a hostile section costs no more than its length.
        var maps = new Dictionary<string, string>(StringComparer.Ordinal);
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        var feedback = new List<(string Format, string Value)>();
        foreach (var attribute in media.Attributes)
        {
            if (attribute.Value is not { } value || attribute.Name is not ("rtpmap" or "fmtp" or "rtcp-fb")
                || !TrySplit(value, out var format, out var rest))
            {
                continue;
            }

            switch (attribute.Name)
            {
                case "rtpmap":
                    maps.TryAdd(format, rest);
                    break;
                case "fmtp":
                    parameters.TryAdd(format, rest);
                    break;
                default:
                    feedback.Add((format, rest));
                    break;
            }
        }

        var byFormat = feedback.ToLookup(line => line.Format, line => line.Value);
        var codecs = new List<SdpCodec>();
        foreach (var format in media.Formats)
        {
            if (maps.Remove(format, out var map) && TryParseMap(format, map, out var codec))
            {
                codecs.Add(new SdpCodec(codec.PayloadType, codec.Name, codec.ClockRateHz, codec.Channels)
                {
                    Parameters = parameters.GetValueOrDefault(format),
                    Feedback = [.. byFormat[format], .. byFormat["*"]],
                });
            }
        }

        return codecs;
    }

    internal void WriteTo(SdpAttributes attributes)
    {
        attributes.Add("rtpmap", ToString());
        if (Parameters is not null)
        {
            attributes.Add("fmtp", string.Create(CultureInfo.InvariantCulture, $"{PayloadType} {Parameters}"));
        }

        foreach (var feedback in Feedback)
        {
            attributes.Add("rtcp-fb", string.Create(CultureInfo.InvariantCulture, $"{PayloadType} {feedback}"));
        }
    }

    private static bool TrySplit(string value, out string first, out string rest)
    {
        var space = value.IndexOf(' ', StringComparison.Ordinal);
        first = space <= 0 ? string.Empty : value[..space];
        rest = space <= 0 ? string.Empty : value[(space + 1)..].Trim();
        return rest.Length > 0;
    }

    private static bool TryParseMap(string format, string map, [NotNullWhen(true)] out SdpCodec? codec)
    {
        codec = null;
        var parts = map.Split('/', 4);
        var channels = 1;
        if (parts.Length is < 2 or > 3
            || parts[0].Length == 0
            || !byte.TryParse(format, NumberStyles.None, CultureInfo.InvariantCulture, out var payloadType)
            || payloadType > 127
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var clockRateHz)
            || clockRateHz is < 1 or > MaxClockRateHz
            || (parts.Length == 3 && (!int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out channels)
                || channels is < 1 or > 255)))
        {
            return false;
        }

        codec = new SdpCodec(payloadType, parts[0], clockRateHz, channels);
        return true;
    }
}
