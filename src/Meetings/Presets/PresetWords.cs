using System.Text.Json;
using System.Text.Json.Serialization;

namespace Roomcast.Meetings.Presets;

/// <summary>What kind of meeting a preset makes.</summary>
[JsonConverter(typeof(UpperWords<ViewType>))]
public enum ViewType
{
    /// <summary>Everybody sees and hears everybody.</summary>
    GroupCall,

    /// <summary>Some are on stage; the others watch.</summary>
    Webinar,

    /// <summary>Sound only.</summary>
    AudioRoom,

    /// <summary>Some are on stage; the others watch over HLS.</summary>
    Livestream,
}

/// <summary>Whether something may be done.</summary>
[JsonConverter(typeof(UpperWords<Permission>))]
public enum Permission
{
    /// <summary>At once.</summary>
    Allowed,

    /// <summary>Not at all.</summary>
    NotAllowed,

    /// <summary>After somebody with the power to do so has agreed.</summary>
    CanRequest,
}

/// <summary>Who passes the waiting room.</summary>
[JsonConverter(typeof(UpperWords<WaitingRoomType>))]
public enum WaitingRoomType
{
    /// <summary>The holder does not wait.</summary>
    Skip,

    /// <summary>The holder waits until somebody who may accept has come, and then all who wait come in.</summary>
    OnPrivilegedUserEntry,

    /// <summary>The holder waits until accepted.</summary>
    SkipOnAccept,
}

/// <summary>Whether a holder is one of the server's own recorders.</summary>
[JsonConverter(typeof(UpperWords<RecorderType>))]
public enum RecorderType
{
    /// <summary>A person.</summary>
    None,

    /// <summary>Records.</summary>
    Recorder,

    /// <summary>Composes a livestream.</summary>
    Livestreamer,
}

/// <summary>Size of captured video.</summary>
[JsonConverter(typeof(LowerWords<VideoQuality>))]
public enum VideoQuality
{
    /// <summary>320 by 240.</summary>
    Qvga,

    /// <summary>640 by 480.</summary>
    Vga,

    /// <summary>1280 by 720.</summary>
    Hd,

    /// <summary>1920 by 1080.</summary>
    Fhd,

    /// <summary>3840 by 2160.</summary>
    Uhd,
}

/// <summary>What a plugin lets its user do.</summary>
[JsonConverter(typeof(UpperWords<PluginAccess>))]
public enum PluginAccess
{
    /// <summary>Everything.</summary>
    FullAccess,

    /// <summary>Look only.</summary>
    ViewOnly,
}

/// <summary>How round corners are.</summary>
[JsonConverter(typeof(KebabWords<BorderRadius>))]
public enum BorderRadius
{
    /// <summary>Not at all.</summary>
    Sharp,

    /// <summary>A little.</summary>
    Rounded,

    /// <summary>More.</summary>
    ExtraRounded,

    /// <summary>Wholly.</summary>
    Circular,
}

/// <summary>How wide borders are.</summary>
[JsonConverter(typeof(LowerWords<BorderWidth>))]
public enum BorderWidth
{
    /// <summary>No border.</summary>
    None,

    /// <summary>Thin.</summary>
    Thin,

    /// <summary>Fat.</summary>
    Fat,
}

/// <summary>Light or dark.</summary>
[JsonConverter(typeof(LowerWords<Theme>))]
public enum Theme
{
    /// <summary>Black.</summary>
    Darkest,

    /// <summary>Dark.</summary>
    Dark,

    /// <summary>Light.</summary>
    Light,
}

/// <summary>Words in UPPER_CASE.</summary>
internal sealed class UpperWords<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseUpper, allowIntegerValues: false)
    where T : struct, Enum;

/// <summary>Words in lower_case.</summary>
internal sealed class LowerWords<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;

/// <summary>Words in kebab-case.</summary>
internal sealed class KebabWords<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
