using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Roomcast.Egress.Composition.Wire;

/// <summary>What a worker is started with.</summary>
/// <param name="Version"><see cref="CurrentVersion"/> of the server; a worker of another one does not compose.</param>
/// <param name="Format">What it is to encode.</param>
/// <param name="Preset">x264's name of the trade of quality for time.</param>
/// <param name="EncoderThreads">Threads of the picture's encoder, 1 to 16.</param>
public sealed record WireStart(int Version, CompositionFormat Format, string Preset, int EncoderThreads)
{
    /// <summary>The protocol's version. Server and worker come from one build, so that any change raises it.</summary>
    public const int CurrentVersion = 3;
}

/// <summary>What a worker says first.</summary>
/// <param name="Version"><see cref="WireStart.CurrentVersion"/> of the worker.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="Missing">What it lacks to compose, and what to install; null when it lacks nothing.</param>
public sealed record WireReady(int Version, int ProcessId, string? Missing = null);

/// <summary>What a second came to in a worker. Counts are since its start.</summary>
public sealed record WireFigures
{
    /// <summary>Share of one processor that the process used in the last second: 1 is all of it, more with several threads.</summary>
    public double Cpu { get; init; }

    /// <summary>Resident memory in bytes.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Pictures made.</summary>
    public long Ticks { get; init; }

    /// <summary>Of them, those made later than one tick after their time.</summary>
    public long LateTicks { get; init; }

    /// <summary>Numbers of pictures left out because the worker was held up for seconds.</summary>
    public long SkippedTicks { get; init; }

    /// <summary>From a tick's time until its frames were handed to the socket: the largest of the last second, in milliseconds.</summary>
    public double TickDelayMs { get; init; }

    /// <summary>Packets that were of no track, of another payload type, or unreadable.</summary>
    public long StrayPackets { get; init; }

    /// <summary>Each track's.</summary>
    public IReadOnlyList<WireTrackFigures> Tracks { get; init; } = [];
}

/// <summary>What is known of one track of the scene in a worker. Counts are since it came.</summary>
public sealed record WireTrackFigures
{
    /// <summary>The track.</summary>
    public uint Ssrc { get; init; }

    /// <summary>Packets that came in time, once.</summary>
    public long Packets { get; init; }

    /// <summary>Packets given up.</summary>
    public long Lost { get; init; }

    /// <summary>Packets that came after they were given up.</summary>
    public long Late { get; init; }

    /// <summary>Packets of sound that were made up, or gaps in the picture.</summary>
    public long Concealed { get; init; }

    /// <summary>How long its peer's media is held now against the quickest packet, in milliseconds: 150 to 300.</summary>
    public double DelayMs { get; init; }

    /// <summary>Whether its times come of sender reports, not of arrivals.</summary>
    public bool HasReports { get; init; }
}

/// <summary>The JSON bodies.</summary>
public static class WireJson
{
    /// <summary>Most peers in a scene that is composed; of more, some are chosen (<see cref="SceneCast"/>).</summary>
    public const int MaxPeers = 200;

    /// <summary>Writes a message with a body of JSON.</summary>
    /// <exception cref="InvalidOperationException">The body is longer than <see cref="WireMessage.MaxJsonLength"/>.</exception>
    public static void Write<T>(WireKind kind, T value, IBufferWriter<byte> output)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, TypeOf<T>());
        if (body.Length > WireMessage.MaxJsonLength)
        {
            throw new InvalidOperationException($"A message of kind {kind} has {body.Length} bytes; {WireMessage.MaxJsonLength} are allowed.");
        }

        WireMessage.Write(kind, body, output);
    }

    /// <summary>Reads a body of JSON. False when it is none, or lacks what the type must have.</summary>
    public static bool TryRead<T>(ReadOnlySpan<byte> body, [NotNullWhen(true)] out T? value)
        where T : class
    {
        try
        {
            value = JsonSerializer.Deserialize(body, TypeOf<T>());
            return value is not null && IsWhole(value);
        }
        catch (JsonException)
        {
            value = null;
            return false;
        }
    }

    // The serializer leaves null where a document left out what a record's type calls never null.
    private static bool IsWhole<T>(T value) => value switch
    {
        WireStart start => start is { Format: not null, Preset: { Length: <= 32 } },
        WireReady ready => ready.Missing is null or { Length: <= WireMessage.MaxFaultLength },
        WireFigures figures => figures.Tracks is { Count: <= 4 * MaxPeers } && figures.Tracks.All(track => track is not null),
        Scene scene => scene is { Peers.IsDefault: false, SlateText: not null }
            && scene.Peers.All(peer => peer is { Id: not null, Name: not null })
            && scene.Watermark is null or { File: not null },
        _ => Playback.PlaybackWire.IsWhole(value!),
    };

    private static JsonTypeInfo<T> TypeOf<T>() =>
        Playback.PlaybackWire.Find<T>() ?? (JsonTypeInfo<T>)WireJsonContext.Default.GetTypeInfo(typeof(T))!;
}

[JsonSourceGenerationOptions(
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectRequiredConstructorParameters = true,
    MaxDepth = 16)]
[JsonSerializable(typeof(WireStart))]
[JsonSerializable(typeof(WireReady))]
[JsonSerializable(typeof(WireFigures))]
[JsonSerializable(typeof(Scene))]
internal sealed partial class WireJsonContext : JsonSerializerContext;
