using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Roomcast.Egress.Composition.Wire;

namespace Roomcast.Egress.Playback;

/// <summary>What a player is asked.</summary>
public enum PlayerAct
{
    /// <summary>To stand still.</summary>
    Pause,

    /// <summary>To go on.</summary>
    Resume,

    /// <summary>To go on elsewhere: <see cref="WireCommand.Value"/> is milliseconds from the beginning.</summary>
    Seek,

    /// <summary>To be louder or softer: <see cref="WireCommand.Value"/> is decibels.</summary>
    Volume,

    /// <summary>To make the next picture a keyframe.</summary>
    Keyframe,
}

/// <summary>What a player is started with.</summary>
/// <param name="Version"><see cref="PlaybackWire.CurrentVersion"/> of the server.</param>
/// <param name="Url">What to play.</param>
public sealed record WirePlay(int Version, string Url)
{
    /// <summary>Networks that are not public and may be connected to all the same, as prefixes.</summary>
    public IReadOnlyList<string> PrivateNetworks { get; init; } = [];

    /// <summary>Decibels.</summary>
    public double VolumeDb { get; init; }

    /// <summary>Where to begin, in milliseconds.</summary>
    public double SeekMs { get; init; }

    /// <summary>Longest that the source may give nothing, in milliseconds.</summary>
    public int StallMs { get; init; } = 30_000;
}

/// <summary>Something that a player is asked.</summary>
/// <param name="Act">What.</param>
/// <param name="Value">How much of it, where the act has a measure.</param>
/// <param name="Number">Which of all that it was asked; the player says how far it has come.</param>
public sealed record WireCommand(PlayerAct Act, double Value, long Number = 0);

/// <summary>How a player stands: at first when it knows what it plays, then after each command, and at its end.</summary>
public sealed record WirePlaying
{
    /// <summary>Whether there is sound.</summary>
    public bool HasSound { get; init; }

    /// <summary>Whether there is a picture.</summary>
    public bool HasPicture { get; init; }

    /// <summary>Whether it stands still.</summary>
    public bool IsPaused { get; init; }

    /// <summary>How far it has come, in milliseconds.</summary>
    public double PositionMs { get; init; }

    /// <summary>How long it is, in milliseconds; null where that is not known.</summary>
    public double? LengthMs { get; init; }

    /// <summary>Decibels.</summary>
    public double VolumeDb { get; init; }

    /// <summary>The <see cref="WireCommand.Number"/> of the last command it has done; 0 before the first.</summary>
    public long Done { get; init; }

    /// <summary>Whether it is over: nothing follows.</summary>
    public bool HasEnded { get; init; }

    /// <summary>Why it is over, where that is not because it has been played; null where it is, or is not over.</summary>
    public string? Fault { get; init; }
}

/// <summary>
/// What server and player say to each other, framed as between the server and a composing worker. The server: Play first, then
/// Commands; the player: Playing, and RTP and RTCP between.
/// </summary>
public static class PlaybackWire
{
    /// <summary>The protocol's version. Server and player come from one build, so that any change raises it.</summary>
    public const int CurrentVersion = 2;

    /// <summary>Payload type of Opus.</summary>
    public const byte OpusPayloadType = 111;

    /// <summary>Payload type of VP8.</summary>
    public const byte Vp8PayloadType = 96;

    /// <summary>Source of the sound.</summary>
    public const uint SoundSsrc = 0x1001;

    /// <summary>Source of the picture.</summary>
    public const uint PictureSsrc = 0x1002;

    /// <summary>Most characters of a fault.</summary>
    public const int MaxFault = 300;

    // Thirty years: more than a time of day can be added to.
    private const double LongestMs = 1e12;

    internal static JsonTypeInfo<T>? Find<T>() => PlaybackJsonContext.Default.GetTypeInfo(typeof(T)) as JsonTypeInfo<T>;

    internal static bool IsWhole(object value) => value switch
    {
        WirePlay play => play is { Url.Length: > 0 and <= PlaybackAddress.MaxLength, PrivateNetworks.Count: <= 256, StallMs: > 0 }
            && play.PrivateNetworks.All(network => network is not null) && double.IsFinite(play.VolumeDb) && play.SeekMs is >= 0 and <= LongestMs,
        WireCommand command => double.IsFinite(command.Value),
        WirePlaying playing => playing is { Fault: null or { Length: <= MaxFault }, PositionMs: >= 0 and <= LongestMs, LengthMs: null or (>= 0 and <= LongestMs) }
            && double.IsFinite(playing.VolumeDb),
        _ => true,
    };
}

[JsonSourceGenerationOptions(
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectRequiredConstructorParameters = true,
    MaxDepth = 8)]
[JsonSerializable(typeof(WirePlay))]
[JsonSerializable(typeof(WireCommand))]
[JsonSerializable(typeof(WirePlaying))]
internal sealed partial class PlaybackJsonContext : JsonSerializerContext;
