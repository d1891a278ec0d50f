namespace Roomcast.Rtc.Sdp;

/// <summary>What a peer's description may have at most.</summary>
/// <remarks>A browser that receives 50 participants sends some 100 sections of 2 KiB each.</remarks>
public static class SdpLimits
{
    /// <summary>Characters of the whole.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>Characters of one line.</summary>
    public const int MaxLineLength = 4096;

    /// <summary>Media sections.</summary>
    public const int MaxSections = 512;

    /// <summary>Lines of one section, and of the session's part.</summary>
    public const int MaxLinesPerSection = 1024;
}

/// <summary>Why a description was refused.</summary>
public enum SdpError
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>Longer than <see cref="SdpLimits"/> allow, in one way or another.</summary>
    TooLong,

    /// <summary>A line is no letter and equals sign, or stands where it may not.</summary>
    BadLine,

    /// <summary>The version is not 0.</summary>
    BadVersion,

    /// <summary>The origin line is missing or malformed.</summary>
    BadOrigin,

    /// <summary>A media line is malformed.</summary>
    BadMedia,
}
