using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;

namespace Roomcast.Rtc.Sdp;

/// <summary>Which way media flows, as seen by whoever wrote the description.</summary>
public enum SdpDirection
{
    /// <summary>Both ways, which is what no line means.</summary>
    SendReceive,

    /// <summary>From the writer.</summary>
    SendOnly,

    /// <summary>To the writer.</summary>
    ReceiveOnly,

    /// <summary>Neither way, for now.</summary>
    Inactive,
}

/// <summary>Who begins the DTLS handshake (RFC 8842 section 5.2, RFC 4145 section 4).</summary>
public enum SdpSetup
{
    /// <summary>The writer leaves it to the other: in offers.</summary>
    ActivePassive,

    /// <summary>The writer begins.</summary>
    Active,

    /// <summary>The other begins.</summary>
    Passive,

    /// <summary>Nobody, for now.</summary>
    HoldConnection,
}

/// <summary>One <c>m=</c> section.</summary>
/// <remarks>The typed members read the lines each time they are asked: descriptions are rare, and stay what they were.</remarks>
public sealed class MediaDescription
{
    private const int MaxFormats = 256;

    /// <summary>Makes a section.</summary>
    /// <param name="kind">audio, video or application.</param>
    /// <param name="port">9 for a live section, 0 for a stopped one (RFC 8829 section 5.2.1).</param>
    /// <param name="protocol">Usually UDP/TLS/RTP/SAVPF.</param>
    public MediaDescription(string kind, int port = 9, string protocol = "UDP/TLS/RTP/SAVPF")
    {
        Kind = kind;
        Port = port;
        Protocol = protocol;
    }

    /// <summary>audio, video or application.</summary>
    public string Kind { get; set; }

    /// <summary>0 when the section is stopped, or rides on another one's transport (<see cref="IsBundleOnly"/>).</summary>
    public int Port { get; set; }

    /// <summary>Usually UDP/TLS/RTP/SAVPF.</summary>
    public string Protocol { get; set; }

    /// <summary>Payload types, best first.</summary>
    public IList<string> Formats { get; } = new List<string>();

    /// <summary>The section's lines that are no attributes, in their order.</summary>
    public IList<SdpLine> Lines { get; } = new List<SdpLine>();

    /// <summary>The section's attributes.</summary>
    public SdpAttributes Attributes { get; } = new();

    /// <summary>The section's name; null when it has none.</summary>
    public string? Mid => Attributes.Find("mid");

    /// <summary>Whether it is only there as part of a bundle, so that port 0 does not mean stopped. Firefox offers all but
    /// the first section like this.</summary>
    public bool IsBundleOnly => Attributes.Has("bundle-only");

    /// <summary>Whether it is stopped for good and may be recycled.</summary>
    public bool IsStopped => Port == 0 && !IsBundleOnly;

    /// <summary>Which way media flows.</summary>
    public SdpDirection Direction
    {
        get
        {
            foreach (var attribute in Attributes)
            {
                if (attribute.Value is null && DirectionNames.TryRead(attribute.Name, out var direction))
                {
                    return direction;
                }
            }

            return SdpDirection.SendReceive;
        }

        set
        {
            foreach (var name in DirectionNames.All)
            {
                Attributes.Remove(name);
            }

            Attributes.Add(DirectionNames.Of(value));
        }
    }

    /// <summary>Whether RTCP shares the port (RFC 5761).</summary>
    public bool IsRtcpMultiplexed => Attributes.Has("rtcp-mux");

    /// <summary>The codecs, best first, with their parameters and feedback. Formats without an <c>a=rtpmap</c> line are left out.</summary>
    public IReadOnlyList<SdpCodec> Codecs => SdpCodec.ReadAll(this);

    /// <summary>The header extensions. Malformed lines are left out.</summary>
    public IEnumerable<SdpExtension> Extensions
    {
        get
        {
            foreach (var value in Attributes.FindAll("extmap"))
            {
                if (SdpExtension.TryParse(value, out var extension))
                {
                    yield return extension;
                }
            }
        }
    }

    /// <summary>The encodings that are named. Malformed lines are left out.</summary>
    public IEnumerable<SdpRid> Rids
    {
        get
        {
            foreach (var value in Attributes.FindAll("rid"))
            {
                if (SdpRid.TryParse(value, out var rid))
                {
                    yield return rid;
                }
            }
        }
    }

    /// <summary>How encodings are sent and received together; null when they are not.</summary>
    public SdpSimulcast? Simulcast => SdpSimulcast.TryParse(Attributes.Find("simulcast"), out var simulcast) ? simulcast : null;

    /// <summary>What is said of single sources. Malformed lines are left out.</summary>
    public IEnumerable<SdpSource> Sources
    {
        get
        {
            foreach (var value in Attributes.FindAll("ssrc"))
            {
                if (SdpSource.TryParse(value, out var source))
                {
                    yield return source;
                }
            }
        }
    }

    /// <summary>Sources that belong together. Malformed lines are left out.</summary>
    public IEnumerable<SdpSourceGroup> SourceGroups
    {
        get
        {
            foreach (var value in Attributes.FindAll("ssrc-group"))
            {
                if (SdpSourceGroup.TryParse(value, out var group))
                {
                    yield return group;
                }
            }
        }
    }

    /// <summary>Stream and track of the section (RFC 8830); null when it names none.</summary>
    public SdpStreamId? StreamId => SdpStreamId.TryParse(Attributes.Find("msid"), out var id) ? id : null;

    /// <summary>The candidates. Malformed lines, and those of other transports than UDP and TCP, are left out.</summary>
    public IEnumerable<IceCandidate> Candidates
    {
        get
        {
            foreach (var value in Attributes.FindAll("candidate"))
            {
                if (IceCandidate.TryParse(value, out var candidate))
                {
                    yield return candidate;
                }
            }
        }
    }

    /// <summary>Adds a codec: its format and all its lines.</summary>
    public void Add(SdpCodec codec)
    {
        ArgumentNullException.ThrowIfNull(codec);
        Formats.Add(codec.PayloadType.ToString(CultureInfo.InvariantCulture));
        codec.WriteTo(Attributes);
    }

    /// <summary>Writes the lines of a transport: credentials, fingerprint and role (RFC 8839, RFC 8122, RFC 8842).</summary>
    public void SetTransport(IceCredentials credentials, DtlsFingerprint fingerprint, SdpSetup setup)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        ArgumentNullException.ThrowIfNull(fingerprint);
        Attributes.Set("ice-ufrag", credentials.Ufrag);
        Attributes.Set("ice-pwd", credentials.Password);
        Attributes.Set("fingerprint", fingerprint.ToString());
        Attributes.Set("setup", SetupNames.Of(setup));
    }

    /// <summary>The credentials of the section, or of the session it stands in.</summary>
    /// <returns>False when they are missing or malformed.</returns>
    public bool TryGetCredentials(SessionDescription session, [NotNullWhen(true)] out IceCredentials? credentials)
    {
        ArgumentNullException.ThrowIfNull(session);
        return IceCredentials.TryCreate(
            session.FindAttribute(this, "ice-ufrag"), session.FindAttribute(this, "ice-pwd"), out credentials);
    }

    /// <summary>The first acceptable fingerprint of the section, or of the session it stands in.</summary>
    /// <returns>False when there is none with a hash function that we accept.</returns>
    public bool TryGetFingerprint(SessionDescription session, [NotNullWhen(true)] out DtlsFingerprint? fingerprint)
    {
        ArgumentNullException.ThrowIfNull(session);
        var attributes = Attributes.Has("fingerprint") ? Attributes : session.Attributes;
        foreach (var value in attributes.FindAll("fingerprint"))
        {
            if (DtlsFingerprint.TryParse(value, out fingerprint))
            {
                return true;
            }
        }

        fingerprint = null;
        return false;
    }

    /// <summary>Who begins the handshake; null when the lines do not say.</summary>
    public SdpSetup? SetupIn(SessionDescription session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return SetupNames.TryRead(session.FindAttribute(this, "setup"), out var setup) ? setup : null;
    }

    /// <summary>Reads what stands behind <c>m=</c>.</summary>
    internal static bool TryParse(string value, [NotNullWhen(true)] out MediaDescription? media)
    {
        media = null;
        var words = value.Split(' ', MaxFormats + 4, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is < 4 or > MaxFormats + 3)
        {
            return false;
        }

        // "port/number of ports" is legal, and means nothing here.
        var slash = words[1].IndexOf('/', StringComparison.Ordinal);
        if (!ushort.TryParse(
            slash < 0 ? words[1] : words[1][..slash], NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }

        media = new MediaDescription(words[0], port, words[2]);
        foreach (var format in words.AsSpan(3))
        {
            media.Formats.Add(format);
        }

        return true;
    }

    internal void WriteTo(StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"m={Kind} {Port} {Protocol} {string.Join(' ', Formats)}\r\n");
        foreach (var line in Lines)
        {
            text.Append(line).Append("\r\n");
        }

        foreach (var attribute in Attributes)
        {
            text.Append(attribute).Append("\r\n");
        }
    }
}
