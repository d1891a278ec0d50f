using System.Text.Json;
using System.Text.Json.Serialization;
using Roomcast.Egress.Composition;
using Roomcast.Storage.Blobs;

namespace Roomcast.Egress.Recording;

/// <summary>What is to be recorded, and where it goes: read from requests and settings, and checked. Immutable.</summary>
public sealed record RecordingPlan
{
    /// <summary>
    /// Most characters of <see cref="FileNamePrefix"/>. The longest name behind it is that of a track: two ids, the kind of stream, the medium
    /// and the time, 111 characters. A file's name may have 255 bytes, and on its way to a server of SFTP has 6 more.
    /// </summary>
    public const int MaxPrefixLength = 128;

    /// <summary>Longest recording, 60 s to 24 h; default 24 h. Pauses do not count.</summary>
    public TimeSpan MaxLength { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Put before the file's name; letters, digits, <c>_</c> and <c>-</c>, at most <see cref="MaxPrefixLength"/>. Null for none.</summary>
    public string? FileNamePrefix { get; init; }

    /// <summary>Width of the composed picture, even, 128 to 1,920.</summary>
    public int Width { get; init; } = 1_280;

    /// <summary>Height of the composed picture, even, 128 to 1,920.</summary>
    public int Height { get; init; } = 720;

    /// <summary>What the picture of the file is encoded with; default H.264, as it is composed. The others are made when the recording has ended.</summary>
    public RecordingVideoCodec VideoCodec { get; init; }

    /// <summary>What the file with the sound alone is encoded with; default AAC.</summary>
    public RecordingAudioCodec AudioCodec { get; init; }

    /// <summary>Whether the sound of all files is one channel, the mean of both.</summary>
    public bool IsMono { get; init; }

    /// <summary>Whether a file with picture and sound is made.</summary>
    public bool ExportsVideo { get; init; } = true;

    /// <summary>Whether a file with the sound alone is made.</summary>
    public bool ExportsAudio { get; init; }

    /// <summary>
    /// Whether what applications send to everybody as ID3 is recorded with its time. The file is an archive of HLS segments then, with
    /// H.264 and AAC.
    /// </summary>
    public bool HoldsMessages { get; init; }

    /// <summary>Whether the files are kept by this installation, and can be downloaded.</summary>
    public bool KeepsInBucket { get; init; } = true;

    /// <summary>Storage of the owner's that the files go to; null for none. Holds keys.</summary>
    public StorageTarget? Target { get; init; }

    /// <summary>The storage as it was asked for, as a JSON object without keys: for those who ask how it is recorded. Null for none.</summary>
    public string? StorageTold { get; init; }

    /// <summary>An RTMP(S) address that the composition is pushed to as long as it is recorded; null for none. Holds a key.</summary>
    public string? PushAddress { get; init; }

    /// <summary>A picture over a corner; null for none.</summary>
    public RecordingWatermark? Watermark { get; init; }

    /// <summary>For tracks: which participants, by id or the customer's own name; empty for all.</summary>
    public IReadOnlyList<string> UserIds { get; init; } = [];

    /// <summary>For tracks: whether pictures are recorded too, beside the sound.</summary>
    public bool RecordsPictures { get; init; }

    /// <summary>For tracks: the layer's name.</summary>
    public string Layer { get; init; } = "default";

    /// <summary>Whether its delivery is over, well or not: nothing is left to be done for it at a later start.</summary>
    public bool IsSettled { get; init; }

    /// <summary>Whether a file is made at all. A recording that only pushes makes none.</summary>
    [JsonIgnore]
    public bool KeepsFiles => KeepsInBucket || Target is not null;

    /// <summary>The same once its delivery is over, without what is secret and no longer of use.</summary>
    public RecordingPlan Settled() => this with { Target = null, PushAddress = null, IsSettled = true };

    /// <summary>Says nothing of what it holds, among which are keys.</summary>
    public override string ToString() => nameof(RecordingPlan);

    internal string Write() => JsonSerializer.Serialize(this, RecordingJson.Default.RecordingPlan);

    internal static RecordingPlan Read(string text) =>
        JsonSerializer.Deserialize(text, RecordingJson.Default.RecordingPlan) ?? new RecordingPlan();
}

/// <summary>What the picture of a composite recording is encoded with.</summary>
public enum RecordingVideoCodec
{
    /// <summary>H.264, in MP4 with AAC.</summary>
    H264,

    /// <summary>VP8, in WebM with Vorbis.</summary>
    Vp8,

    /// <summary>VP9, in WebM with Vorbis.</summary>
    Vp9,
}

/// <summary>What the sound alone of a composite recording is encoded with.</summary>
public enum RecordingAudioCodec
{
    /// <summary>AAC, in MP4.</summary>
    Aac,

    /// <summary>MP3.</summary>
    Mp3,
}

/// <summary>A picture laid over a corner of what is recorded.</summary>
/// <param name="Address">Where it is fetched from, http or https.</param>
/// <param name="Corner">Where it is shown.</param>
/// <param name="Width">In pixels; 0 for its own.</param>
/// <param name="Height">In pixels; 0 for its own.</param>
public sealed record RecordingWatermark(string Address, SceneCorner Corner, int Width, int Height);

/// <summary>How plans, callers and files are kept.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RecordingPlan))]
[JsonSerializable(typeof(RecordingCaller))]
[JsonSerializable(typeof(IReadOnlyList<RecordedTrackFile>))]
internal sealed partial class RecordingJson : JsonSerializerContext;
