namespace Roomcast.Livestreams.Viewers;

/// <summary>Names the player behind a viewer, by a short list of families so that reports stay small.</summary>
internal static class PlayerFamily
{
    /// <summary>A player that none of the rules knows.</summary>
    public const string Other = "other";

    // The first match wins, so that what imitates something else stands before it: Edge and Opera call themselves Chrome,
    // Chrome calls itself Safari, and a player inside an application often names its library before the system.
    private static readonly (string Mark, string Family)[] Marks =
    [
        ("AppleCoreMedia", "AVPlayer"),
        ("AVFoundation", "AVPlayer"),
        ("Media3", "ExoPlayer"),
        ("ExoPlayer", "ExoPlayer"),
        ("LibVLC", "VLC"),
        ("VLC/", "VLC"),
        ("mpv", "mpv"),
        ("Kodi", "Kodi"),
        ("GStreamer", "GStreamer"),
        ("souphttpsrc", "GStreamer"),
        ("libsoup", "GStreamer"),
        ("Lavf/", "FFmpeg"),
        ("FFmpeg", "FFmpeg"),
        ("Roku", "Roku"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];

    private static readonly string[] Reported =
        ["hls.js", "Shaka Player", "video.js", "AVPlayer", "ExoPlayer", "VLC", "mpv", "GStreamer", "FFmpeg", "Safari", "native"];

    /// <summary>The family that a User-Agent shows.</summary>
    public static string OfUserAgent(string? userAgent)
    {
        if (string.IsNullOrEmpty(userAgent))
        {
            return Other;
        }

        foreach (var (mark, family) in Marks)
        {
            if (userAgent.Contains(mark, StringComparison.OrdinalIgnoreCase))
            {
                return family;
            }
        }

        return Other;
    }

    /// <summary>The family that a heartbeat reports, when it is one we list; null otherwise.</summary>
    public static string? OfReport(string? player)
    {
        foreach (var family in Reported)
        {
            if (string.Equals(family, player, StringComparison.OrdinalIgnoreCase))
            {
                return family;
            }
        }

        return null;
    }
}
