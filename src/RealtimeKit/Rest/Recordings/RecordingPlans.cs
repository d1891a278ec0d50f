using System.Text.Json.Nodes;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Recording;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Meetings;
using Roomcast.RealtimeKit.Rest.Requests;
using Roomcast.Storage.Blobs;

namespace Roomcast.RealtimeKit.Rest.Recordings;

/// <summary>Makes plans of recording configurations as this API words them.</summary>
public static class RecordingPlans
{
    /// <summary>The plan of a meeting that is recorded from its start.</summary>
    /// <param name="recordingConfig">The meeting's <c>recording_config</c>; null when it has none.</param>
    /// <param name="recordings">Know which RTMP addresses can be served.</param>
    /// <param name="fault">What cannot be had of it, for a person; null when all can.</param>
    public static RecordingPlan OfMeeting(string? recordingConfig, Egress.Recording.Recordings recordings, out string? fault)
    {
        var plan = Of(
            recordingConfig is null ? [] : JsonNode.Parse(recordingConfig)!.AsObject(), null, recordings, isTracks: false, isInteractive: false, out var faults);
        fault = faults.Count == 0 ? null : string.Join("; ", faults.Select(found => found.Message));
        return plan;
    }

    /// <summary>The plan of a configuration whose shape was checked.</summary>
    internal static RecordingPlan Of(
        JsonObject config,
        string? pushAddress,
        Egress.Recording.Recordings recordings,
        bool isTracks,
        bool isInteractive,
        out IReadOnlyList<FieldFault> faults)
    {
        var found = new List<FieldFault>();
        faults = found;
        var video = config["video_config"] as JsonObject ?? [];
        var audio = config["audio_config"] as JsonObject;
        if (!isTracks)
        {
            CheckCodecs(video, audio, found);
        }

        var pushField = pushAddress is null ? "/live_streaming_config/rtmp_url" : "/rtmp_out_config/rtmp_url";
        pushAddress ??= (string?)config["live_streaming_config"]?["rtmp_url"];
        if (pushAddress is not null && FindPushFault(pushAddress, recordings, isTracks) is { } pushFault)
        {
            Add(found, pushField, pushFault);
        }

        var plan = new RecordingPlan
        {
            MaxLength = (int?)config["max_seconds"] is { } seconds ? TimeSpan.FromSeconds(seconds) : new RecordingPlan().MaxLength,
            FileNamePrefix = PrefixOf((string?)config["file_name_prefix"]),
            Width = CompositionFormat.SideOf((int?)video["width"] ?? 1_280),
            Height = CompositionFormat.SideOf((int?)video["height"] ?? 720),
            VideoCodec = isTracks ? default : (string?)video["codec"] switch
            {
                "VP8" => RecordingVideoCodec.Vp8,
                "VP9" => RecordingVideoCodec.Vp9,
                _ => RecordingVideoCodec.H264,
            },
            AudioCodec = !isTracks && (string?)audio?["codec"] is "MP3" ? RecordingAudioCodec.Mp3 : RecordingAudioCodec.Aac,
            IsMono = !isTracks && (string?)audio?["channel"] is "mono",
            ExportsVideo = (bool?)video["export_file"] ?? true,
            ExportsAudio = audio is not null && ((bool?)audio["export_file"] ?? true),
            KeepsInBucket = (bool?)config["realtimekit_bucket_config"]?["enabled"] ?? true,
            PushAddress = pushAddress,
            HoldsMessages = isInteractive,
            Watermark = isTracks ? null : ReadWatermark(video["watermark"] as JsonObject),
        };
        if (config["storage_config"] is JsonObject storage)
        {
            plan = plan with
            {
                Target = ReadStorage(storage, recordings, found),
                StorageTold = MeetingConfigs.Told(new JsonObject { ["storage_config"] = storage.DeepClone() }.ToJsonString())!["storage_config"]!.ToJsonString(),
            };
        }

        if (!isTracks && plan.KeepsFiles && !plan.ExportsVideo && !plan.ExportsAudio)
        {
            Add(found, "/video_config/export_file", "and audio_config/export_file cannot both be false: nothing would be recorded");
        }

        if (!plan.KeepsFiles && pushAddress is null)
        {
            Add(found, "/realtimekit_bucket_config/enabled", "can be false only with a storage_config or an rtmp_out_config: nothing would be kept");
        }

        if (isInteractive)
        {
            CheckInteractive(plan, isTracks, found);
        }

        return plan;
    }

    // Messages stand in the segments of HLS, of which picture and sound as they were composed are made.
    private static void CheckInteractive(RecordingPlan plan, bool isTracks, List<FieldFault> faults)
    {
        if (isTracks)
        {
            Add(faults, "/interactive_config", "cannot be had for single tracks: messages are recorded with the composed picture");
            return;
        }

        if (!plan.KeepsFiles)
        {
            Add(faults, "/interactive_config", "needs a file for the messages to stand in, and nothing is kept of this recording");
        }

        if (plan.VideoCodec is not RecordingVideoCodec.H264)
        {
            Add(faults, "/video_config/codec", "must be H264 beside an interactive_config: its file is made of HLS segments");
        }

        if (!plan.ExportsVideo)
        {
            Add(faults, "/video_config/export_file", "cannot be false beside an interactive_config: messages stand in the file of picture and sound");
        }

        if (plan.AudioCodec is RecordingAudioCodec.Mp3)
        {
            Add(faults, "/audio_config/codec", "cannot be MP3 beside an interactive_config: HLS segments have AAC");
        }
    }

    private static string? FindPushFault(string address, Egress.Recording.Recordings recordings, bool isTracks) =>
        isTracks ? "cannot be had for single tracks"
        : !recordings.CanPush ? "is not available on this server"
        : PushAddresses.Check(address, streamKey: null, hasKeyField: false, recordings.MayPushTo, out _);

    // WebM holds Vorbis, and nothing else is to be chosen beside it.
    private static void CheckCodecs(JsonObject video, JsonObject? audio, List<FieldFault> faults)
    {
        if ((string?)video["codec"] is "VP8" or "VP9" && audio?["codec"] is not null)
        {
            Add(faults, "/audio_config/codec", "cannot be chosen where the video is VP8 or VP9");
        }
    }

    // A meeting's may have been kept when it could be longer.
    private static string? PrefixOf(string? given) =>
        given is { Length: > RecordingPlan.MaxPrefixLength } ? given[..RecordingPlan.MaxPrefixLength] : given;

    private static RecordingWatermark? ReadWatermark(JsonObject? watermark) => (string?)watermark?["url"] is not { } address
        ? null
        : new RecordingWatermark(
            address,
            (string?)watermark["position"] switch
            {
                "right top" => SceneCorner.RightTop,
                "left bottom" => SceneCorner.LeftBottom,
                "right bottom" => SceneCorner.RightBottom,
                _ => SceneCorner.LeftTop,
            },
            (int?)watermark["size"]?["width"] ?? 0,
            (int?)watermark["size"]?["height"] ?? 0);

    private static StorageTarget? ReadStorage(JsonObject storage, Egress.Recording.Recordings recordings, List<FieldFault> faults)
    {
        var found = new List<(string Field, string Message)>();
        var target = StorageConfigs.Read(storage, recordings.MayStoreAt, found);
        foreach (var (field, message) in found)
        {
            Add(faults, $"/storage_config/{field}", message);
        }

        return target;
    }

    private static void Add(List<FieldFault> faults, string pointer, string message) =>
        faults.Add(FieldFault.InBody(pointer, $"{pointer[(pointer.LastIndexOf('/') + 1)..]} {message}"));
}
