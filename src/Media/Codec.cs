namespace Roomcast.Media;

/// <summary>What a track is encoded with.</summary>
public enum Codec
{
    /// <summary>H.264 / AVC.</summary>
    H264,

    /// <summary>H.265 / HEVC.</summary>
    H265,

    /// <summary>AV1.</summary>
    Av1,

    /// <summary>VP9.</summary>
    Vp9,

    /// <summary>AAC, any object type that an AudioSpecificConfig can name.</summary>
    Aac,

    /// <summary>Opus.</summary>
    Opus,
}

/// <summary>Sound or picture.</summary>
public enum TrackKind
{
    /// <summary>Sound.</summary>
    Audio,

    /// <summary>Picture.</summary>
    Video,
}
