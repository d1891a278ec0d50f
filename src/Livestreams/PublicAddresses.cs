using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams;

/// <summary>Where others reach this server: the bases of every address that answers, events and pages tell.</summary>
/// <remarks>
/// The host registers one instance once it knows its listeners. A base is <c>scheme://host[:port]</c> without a path; a slash
/// at its end is tolerated.
/// </remarks>
public sealed record PublicAddresses
{
    private readonly string _rtmpBase = "";
    private readonly string? _rtmpsBase;
    private readonly string _httpBase = "";

    /// <summary>Where encoders publish without TLS, for example <c>rtmp://live.example.org:1935</c>.</summary>
    public required string RtmpBase
    {
        get => _rtmpBase;
        init => _rtmpBase = Trimmed(value);
    }

    /// <summary>Where encoders publish with TLS, for example <c>rtmps://live.example.org:1936</c>; null when that is off.</summary>
    public string? RtmpsBase
    {
        get => _rtmpsBase;
        init => _rtmpsBase = value is null ? null : Trimmed(value);
    }

    /// <summary>Where viewers and API callers connect, for example <c>https://live.example.org:8443</c>.</summary>
    public required string HttpBase
    {
        get => _httpBase;
        init => _httpBase = Trimmed(value);
    }

    /// <summary>What an encoder takes as its server. It ends with a slash, since FFmpeg users append the stream key to it.</summary>
    public string IngestServer => $"{RtmpBase}/live/";

    /// <summary>The same with TLS; null when that is off.</summary>
    public string? IngestServerTls => RtmpsBase is null ? null : $"{RtmpsBase}/live/";

    /// <summary>The multivariant playlist of a livestream; the same for the livestream's life.</summary>
    public string PlaybackUrl(LivestreamId id) => $"{HttpBase}/live/{id}/index.m3u8";

    /// <summary>The same with a playback token in its path, for an app whose livestreams ask for one.</summary>
    public string PlaybackUrl(LivestreamId id, string token) => $"{HttpBase}/live/t/{token}/{id}/index.m3u8";

    /// <summary>The watch page of a livestream.</summary>
    public string WatchUrl(LivestreamId id) => $"{HttpBase}/watch/{id}";

    /// <summary>The same with a playback token in its path.</summary>
    public string WatchUrl(LivestreamId id, string token) => $"{HttpBase}/watch/t/{token}/{id}";

    private static string Trimmed(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.TrimEnd('/');
    }
}
