using System.Text.Json.Serialization;
using Roomcast.Meetings.Records;

namespace Roomcast.Meetings.Presets;

/// <summary>What kind of meeting a preset makes, and its media.</summary>
public sealed record PresetConfig
{
    /// <summary>The kind of meeting.</summary>
    public required ViewType ViewType { get; init; }

    /// <summary>How many videos a page shows at once.</summary>
    public MaxVideoStreams MaxVideoStreams { get; init; } = new();

    /// <summary>How many may share their screen at once, 0 to 100.</summary>
    public int MaxScreenshareCount { get; init; } = 1;

    /// <summary>What is captured.</summary>
    public PresetMedia Media { get; init; } = new();

    /// <summary>Heights that viewers of a livestream may choose from, in lines; null when not given.</summary>
    [JsonConverter(typeof(NumbersConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ValueList<double>? LivestreamViewerQualities { get; init; }
}

/// <summary>How many videos a page shows at once, 0 to 100 each.</summary>
public sealed record MaxVideoStreams
{
    /// <summary>On a large screen.</summary>
    public int Desktop { get; init; } = 6;

    /// <summary>On a small one.</summary>
    public int Mobile { get; init; } = 6;
}

/// <summary>What is captured.</summary>
public sealed record PresetMedia
{
    /// <summary>From the microphone.</summary>
    public PresetAudio Audio { get; init; } = new();

    /// <summary>From the camera.</summary>
    public PresetVideo Video { get; init; } = new();

    /// <summary>From the screen.</summary>
    public PresetScreenshare Screenshare { get; init; } = new();
}

/// <summary>Sound from the microphone.</summary>
public sealed record PresetAudio
{
    /// <summary>Two channels.</summary>
    public bool EnableStereo { get; init; }

    /// <summary>More bits for music.</summary>
    public bool EnableHighBitrate { get; init; }
}

/// <summary>Video from the camera.</summary>
public sealed record PresetVideo
{
    /// <summary>Its size.</summary>
    public VideoQuality Quality { get; init; } = VideoQuality.Vga;

    /// <summary>Frames per second, 1 to 30.</summary>
    public int FrameRate { get; init; } = 30;

    /// <summary>Whether several sizes are sent at once.</summary>
    public bool Simulcast { get; init; } = true;
}

/// <summary>Video of the screen.</summary>
public sealed record PresetScreenshare
{
    /// <summary>Its size.</summary>
    public VideoQuality Quality { get; init; } = VideoQuality.Hd;

    /// <summary>Frames per second, 1 to 60.</summary>
    public int FrameRate { get; init; } = 5;
}
