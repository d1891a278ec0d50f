using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Roomcast.Rtc.Sdp;

/// <summary>An offer or an answer (RFC 8866, as RFC 8829 uses it).</summary>
/// <remarks>
/// Lenient where browsers and clients that edit descriptions are not exact: line ends may be LF, unknown lines and
/// attributes are kept where they stood, and a malformed value of one attribute spoils no other. Not thread-safe.
/// </remarks>
public sealed class SessionDescription
{
    private const string OtherSessionLines = "iuepcbtrzk";
    private const string OtherMediaLines = "icbk";

    /// <summary>The number of the session, from the origin line.</summary>
    public ulong SessionId { get; set; }

    /// <summary>Rises with each description of the session, from the origin line.</summary>
    public ulong SessionVersion { get; set; }

    /// <summary>User name of the origin line; without meaning.</summary>
    public string OriginUser { get; set; } = "-";

    /// <summary>Network, address type and address of the origin line; without meaning.</summary>
    public string OriginAddress { get; set; } = "IN IP4 127.0.0.1";

    /// <summary>The <c>s=</c> line.</summary>
    public string SessionName { get; set; } = "-";

    /// <summary>The session's lines that are neither version, origin, name nor attribute, in their order.</summary>
    public IList<SdpLine> Lines { get; } = new List<SdpLine>();

    /// <summary>The session's attributes.</summary>
    public SdpAttributes Attributes { get; } = new();

    /// <summary>The media sections.</summary>
    public IList<MediaDescription> Media { get; } = new List<MediaDescription>();

    /// <summary>The sections that share a transport, by their mids; empty without bundling (RFC 9143).</summary>
    public IReadOnlyList<string> Bundle
    {
        get
        {
            foreach (var group in Attributes.FindAll("group"))
            {
                var words = group.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length > 0 && words[0] == "BUNDLE")
                {
                    return words[1..];
                }
            }

            return [];
        }
    }

    /// <summary>Writes the line that says which sections share a transport.</summary>
    public void SetBundle(IEnumerable<string> mids) => Attributes.Set("group", "BUNDLE " + string.Join(' ', mids));

    /// <summary>The section with a mid; null when there is none.</summary>
    public MediaDescription? FindMedia(string mid)
    {
        foreach (var media in Media)
        {
            if (media.Mid == mid)
            {
                return media;
            }
        }

        return null;
    }

    /// <summary>An attribute of the section, or that of the session when the section has none (RFC 8839 and 8122 allow both).</summary>
    public string? FindAttribute(MediaDescription media, string name)
    {
        ArgumentNullException.ThrowIfNull(media);
        return media.Attributes.Find(name) ?? Attributes.Find(name);
    }

    /// <summary>Reads a description.</summary>
    /// <param name="text">What the peer sent.</param>
    /// <param name="description">The description.</param>
    /// <param name="error">Why it was refused.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SessionDescription? description, out SdpError error)
    {
        description = null;
        if (text is null || text.Length > SdpLimits.MaxLength)
        {
            error = text is null ? SdpError.BadLine : SdpError.TooLong;
            return false;
        }

        var read = new SessionDescription();
        error = read.Read(text);
        if (error is SdpError.None)
        {
            description = read;
        }

        return description is not null;
    }

    /// <summary>Writes the description with CRLF line ends.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(2048);
        text.Append("v=0\r\n");
        text.Append(CultureInfo.InvariantCulture, $"o={OriginUser} {SessionId} {SessionVersion} {OriginAddress}\r\n");
        text.Append("s=").Append(SessionName).Append("\r\n");
        var hasTime = false;
        foreach (var line in Lines)
        {
            text.Append(line).Append("\r\n");
            hasTime |= line.Type == 't';
        }

        if (!hasTime)
        {
            text.Append("t=0 0\r\n"); // RFC 8866 section 5.9 wants one.
        }

        foreach (var attribute in Attributes)
        {
            text.Append(attribute).Append("\r\n");
        }

        foreach (var media in Media)
        {
            media.WriteTo(text);
        }

        return text.ToString();
    }

    private SdpError Read(string text)
    {
        var hasVersion = false;
        var hasOrigin = false;
        var lines = 0;
        MediaDescription? media = null;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            if (raw.IsEmpty)
            {
                continue;
            }

            if (raw.Length > SdpLimits.MaxLineLength || ++lines > SdpLimits.MaxLinesPerSection)
            {
                return SdpError.TooLong;
            }

            if (raw.Length < 2 || raw[1] != '=' || !char.IsAsciiLetterLower(raw[0]))
            {
                return SdpError.BadLine;
            }

            var type = raw[0];
            var value = raw[2..];
            if (type == 'm')
            {
                if (Media.Count == SdpLimits.MaxSections)
                {
                    return SdpError.TooLong;
                }

                if (!hasOrigin || !MediaDescription.TryParse(value.ToString(), out media))
                {
                    return hasOrigin ? SdpError.BadMedia : SdpError.BadOrigin;
                }

                Media.Add(media);
                lines = 0;
                continue;
            }

            var error = media is null
                ? ReadSessionLine(type, value.ToString(), ref hasVersion, ref hasOrigin)
                : ReadMediaLine(media, type, value.ToString());
            if (error is not SdpError.None)
            {
                return error;
            }
        }

        return hasOrigin ? SdpError.None : SdpError.BadOrigin;
    }

    private SdpError ReadSessionLine(char type, string value, ref bool hasVersion, ref bool hasOrigin)
    {
        if (!hasVersion)
        {
            hasVersion = true;
            return type == 'v' && value == "0" ? SdpError.None : SdpError.BadVersion;
        }

        switch (type)
        {
            case 'o' when !hasOrigin:
                hasOrigin = true;
                return ReadOrigin(value) ? SdpError.None : SdpError.BadOrigin;
            case 's':
                SessionName = value;
                return SdpError.None;
            case 'a':
                AddAttribute(Attributes, value);
                return SdpError.None;
            case 'v' or 'o':
                return SdpError.BadLine;
            default:
                if (OtherSessionLines.Contains(type, StringComparison.Ordinal))
                {
                    Lines.Add(new SdpLine(type, value));
                }

                return SdpError.None; // RFC 8866 section 5: lines of other letters are ignored.
        }
    }

    private static SdpError ReadMediaLine(MediaDescription media, char type, string value)
    {
        switch (type)
        {
            case 'a':
                AddAttribute(media.Attributes, value);
                return SdpError.None;
            case 'v' or 'o' or 's' or 't':
                return SdpError.BadLine;
            default:
                if (OtherMediaLines.Contains(type, StringComparison.Ordinal))
                {
                    media.Lines.Add(new SdpLine(type, value));
                }

                return SdpError.None;
        }
    }

    private static void AddAttribute(SdpAttributes attributes, string value)
    {
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            attributes.Add(value);
        }
        else
        {
            attributes.Add(value[..colon], value[(colon + 1)..]);
        }
    }

    private bool ReadOrigin(string value)
    {
        var words = value.Split(' ', 4);
        if (words.Length < 4
            || !ulong.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            || !ulong.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            return false;
        }

        OriginUser = words[0];
        SessionId = id;
        SessionVersion = version;
        OriginAddress = words[3];
        return true;
    }
}
