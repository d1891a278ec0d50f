using System.Text.Json;
using System.Text.Json.Serialization;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.Presets;

/// <summary>The preset object in JSON: keys in snake case, as it is stored, told over the API and handed to clients.</summary>
public static class PresetJson
{
    private const int MaxPlugins = 200;
    private const int MaxPluginIdLength = 128;
    private const int MaxConfigDiffBytes = 65_536;
    private const int MaxColorLength = 64;
    private const int MaxFontLength = 256;
    private const int MaxAddressLength = 2_048;

    /// <summary>The kinds of meeting by their names.</summary>
    public static IReadOnlyDictionary<string, ViewType> ViewTypes { get; } = WordsOf<ViewType>(JsonNamingPolicy.SnakeCaseUpper);

    private static readonly Dictionary<string, Permission> Permissions = WordsOf<Permission>(JsonNamingPolicy.SnakeCaseUpper);
    private static readonly Dictionary<string, WaitingRoomType> WaitingRoomTypes = WordsOf<WaitingRoomType>(JsonNamingPolicy.SnakeCaseUpper);
    private static readonly Dictionary<string, RecorderType> RecorderTypes = WordsOf<RecorderType>(JsonNamingPolicy.SnakeCaseUpper);
    private static readonly Dictionary<string, PluginAccess> PluginAccesses = WordsOf<PluginAccess>(JsonNamingPolicy.SnakeCaseUpper);
    private static readonly Dictionary<string, VideoQuality> Qualities = WordsOf<VideoQuality>(JsonNamingPolicy.SnakeCaseLower);
    private static readonly Dictionary<string, BorderRadius> Radii = WordsOf<BorderRadius>(JsonNamingPolicy.KebabCaseLower);
    private static readonly Dictionary<string, BorderWidth> Widths = WordsOf<BorderWidth>(JsonNamingPolicy.SnakeCaseLower);
    private static readonly Dictionary<string, Theme> Themes = WordsOf<Theme>(JsonNamingPolicy.SnakeCaseLower);

    /// <summary>Writes what a preset says: an object with <c>config</c>, <c>permissions</c> and <c>ui</c>.</summary>
    public static string Write(PresetContent content) => JsonSerializer.Serialize(content, PresetJsonContext.Default.PresetContent);

    /// <summary>Writes a preset for a client: the same with <c>id</c> and <c>name</c>, UTF-8.</summary>
    public static byte[] WriteForClient(Preset preset)
    {
        ArgumentNullException.ThrowIfNull(preset);
        return WriteForClient(preset.Id, preset.Name, preset.Content);
    }

    /// <summary>The same for what holds for a peer now, which others may have changed since it joined.</summary>
    public static byte[] WriteForClient(PresetId id, string name, PresetContent content) => JsonSerializer.SerializeToUtf8Bytes(
        new ClientPreset(id.ToString(), name, content), PresetJsonContext.Default.ClientPreset);

    /// <summary>Reads a new preset, or one that replaces another. What it leaves out is filled from the defaults of its view type.</summary>
    /// <param name="preset">An object with <c>config</c> (required, with a view type), <c>permissions</c> and <c>ui</c>.</param>
    /// <param name="faults">Every field that is wrong; fields that nobody knows are passed over.</param>
    /// <returns>What it says; worth something only while nothing was added to <paramref name="faults"/>.</returns>
    public static PresetContent Read(JsonElement preset, IList<PresetFault> faults)
    {
        ArgumentNullException.ThrowIfNull(faults);
        var noted = new List<PresetFault>();
        var fields = PresetFields.Of(preset, "", "the preset", noted);
        var viewType = ViewType.GroupCall;
        if (!fields.Has("config"))
        {
            fields.Fault("config", "is required");
        }
        else
        {
            var config = PresetFields.Of(preset.GetProperty("config"), "/config", "config", []);
            if (config.Has("view_type"))
            {
                viewType = PresetFields.Of(preset.GetProperty("config"), "/config", "config", []).Word("view_type", viewType, ViewTypes);
            }
            else if (preset.GetProperty("config").ValueKind == JsonValueKind.Object)
            {
                noted.Add(new PresetFault("/config/view_type", "view_type is required"));
            }
        }

        var content = Read(fields, PresetContent.DefaultsOf(viewType), isChange: false);
        Pass(noted, faults);
        return content;
    }

    /// <summary>
    /// Reads a change: what it leaves out stays, objects are merged, lists replaced. In <c>config_diff</c>, whose members nobody here knows,
    /// null takes one away.
    /// </summary>
    /// <param name="preset">An object with any part of a preset.</param>
    /// <param name="current">What holds now.</param>
    /// <param name="faults">Every field that is wrong.</param>
    public static PresetContent ReadPatch(JsonElement preset, PresetContent current, IList<PresetFault> faults)
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(faults);
        var noted = new List<PresetFault>();
        var content = Read(PresetFields.Of(preset, "", "the preset", noted), current, isChange: true);
        Pass(noted, faults);
        return content;
    }

    /// <summary>Reads what <see cref="Write"/> wrote. Text that was kept and cannot be told has U+FFFD where it is no text.</summary>
    /// <exception cref="StorageException">It is not that.</exception>
    internal static PresetContent ReadStored(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(FreeObject.Mend(json));
            var faults = new List<PresetFault>();
            var content = Read(document.RootElement, faults);
            return faults.Count == 0
                ? content
                : throw new StorageException(StorageFailure.Corrupted, $"A stored preset is damaged: {faults[0].Message}.");
        }
        catch (JsonException e)
        {
            throw new StorageException(StorageFailure.Corrupted, "A stored preset is not JSON.", e);
        }
    }

    private static void Pass(List<PresetFault> noted, IList<PresetFault> faults)
    {
        foreach (var fault in noted)
        {
            faults.Add(fault);
        }
    }

    private static PresetContent Read(PresetFields fields, PresetContent otherwise, bool isChange) => new()
    {
        Config = ReadConfig(fields.Object("config"), otherwise.Config),
        Permissions = ReadPermissions(fields.Object("permissions"), otherwise.Permissions),
        Ui = ReadUi(fields.Object("ui"), otherwise.Ui, isChange),
    };

    private static PresetConfig ReadConfig(PresetFields fields, PresetConfig otherwise)
    {
        var streams = fields.Object("max_video_streams");
        var media = fields.Object("media");
        var (audio, video, screen) = (media.Object("audio"), media.Object("video"), media.Object("screenshare"));
        return new PresetConfig
        {
            ViewType = fields.Word("view_type", otherwise.ViewType, ViewTypes),
            MaxVideoStreams = new MaxVideoStreams
            {
                Desktop = streams.Count("desktop", otherwise.MaxVideoStreams.Desktop, 0, 100),
                Mobile = streams.Count("mobile", otherwise.MaxVideoStreams.Mobile, 0, 100),
            },
            MaxScreenshareCount = fields.Count("max_screenshare_count", otherwise.MaxScreenshareCount, 0, 100),
            Media = new PresetMedia
            {
                Audio = new PresetAudio
                {
                    EnableStereo = audio.Flag("enable_stereo", otherwise.Media.Audio.EnableStereo),
                    EnableHighBitrate = audio.Flag("enable_high_bitrate", otherwise.Media.Audio.EnableHighBitrate),
                },
                Video = new PresetVideo
                {
                    Quality = video.Word("quality", otherwise.Media.Video.Quality, Qualities),
                    FrameRate = video.Count("frame_rate", otherwise.Media.Video.FrameRate, 1, 30),
                    Simulcast = video.Flag("simulcast", otherwise.Media.Video.Simulcast),
                },
                Screenshare = new PresetScreenshare
                {
                    Quality = screen.Word("quality", otherwise.Media.Screenshare.Quality, Qualities),
                    FrameRate = screen.Count("frame_rate", otherwise.Media.Screenshare.FrameRate, 1, 60),
                },
            },
            LivestreamViewerQualities = fields.Numbers(
                "livestream_viewer_qualities", otherwise.LivestreamViewerQualities, maxCount: 20, least: 0, most: 10_000),
        };
    }

    private static PresetPermissions ReadPermissions(PresetFields fields, PresetPermissions otherwise)
    {
        var canAccept = fields.Flag("can_accept_production_requests", otherwise.CanAcceptProductionRequests);

        // Who may accept production requests may accept stage requests too, unless it is said.
        var acceptsOtherwise = fields.Has("can_accept_production_requests") ? canAccept : otherwise.AcceptStageRequests;
        return new PresetPermissions
        {
            AcceptWaitingRequests = fields.Flag("accept_waiting_requests", otherwise.AcceptWaitingRequests),
            CanAcceptProductionRequests = canAccept,
            AcceptStageRequests = fields.Flag("accept_stage_requests", acceptsOtherwise),
            CanChangeParticipantPermissions = fields.Flag("can_change_participant_permissions", otherwise.CanChangeParticipantPermissions),
            CanEditDisplayName = fields.Flag("can_edit_display_name", otherwise.CanEditDisplayName),
            CanLivestream = fields.Flag("can_livestream", otherwise.CanLivestream),
            CanRecord = fields.Flag("can_record", otherwise.CanRecord),
            CanSpotlight = fields.Flag("can_spotlight", otherwise.CanSpotlight),
            DisableParticipantAudio = fields.Flag("disable_participant_audio", otherwise.DisableParticipantAudio),
            DisableParticipantVideo = fields.Flag("disable_participant_video", otherwise.DisableParticipantVideo),
            DisableParticipantScreensharing = fields.Flag("disable_participant_screensharing", otherwise.DisableParticipantScreensharing),
            HiddenParticipant = fields.Flag("hidden_participant", otherwise.HiddenParticipant),
            IsRecorder = fields.Flag("is_recorder", otherwise.IsRecorder),
            RecorderType = fields.Word("recorder_type", otherwise.RecorderType, RecorderTypes),
            KickParticipant = fields.Flag("kick_participant", otherwise.KickParticipant),
            PinParticipant = fields.Flag("pin_participant", otherwise.PinParticipant),
            ShowParticipantList = fields.Flag("show_participant_list", otherwise.ShowParticipantList),
            StageEnabled = fields.Flag("stage_enabled", otherwise.StageEnabled),
            StageAccess = fields.OptionalWord("stage_access", otherwise.StageAccess, Permissions),
            TranscriptionEnabled = fields.Flag("transcription_enabled", otherwise.TranscriptionEnabled),
            WaitingRoomType = fields.Word("waiting_room_type", otherwise.WaitingRoomType, WaitingRoomTypes),
            Chat = ReadChat(fields.Object("chat"), otherwise.Chat),
            ConnectedMeetings = ReadConnectedMeetings(fields.Object("connected_meetings"), otherwise.ConnectedMeetings),
            Media = ReadMediaPermissions(fields.Object("media"), otherwise.Media),
            Plugins = ReadPlugins(fields.Object("plugins"), otherwise.Plugins),
            Polls = ReadPolls(fields.Object("polls"), otherwise.Polls),
        };
    }

    private static ChatPermissions ReadChat(PresetFields fields, ChatPermissions otherwise)
    {
        var (everybody, some) = (fields.Object("public"), fields.Object("private"));
        return new ChatPermissions
        {
            Public = new PublicChatPermissions
            {
                CanSend = everybody.Flag("can_send", otherwise.Public.CanSend),
                Text = everybody.Flag("text", otherwise.Public.Text),
                Files = everybody.Flag("files", otherwise.Public.Files),
            },
            Private = new PrivateChatPermissions
            {
                CanSend = some.Flag("can_send", otherwise.Private.CanSend),
                CanReceive = some.Flag("can_receive", otherwise.Private.CanReceive),
                Text = some.Flag("text", otherwise.Private.Text),
                Files = some.Flag("files", otherwise.Private.Files),
            },
        };
    }

    private static ConnectedMeetingPermissions ReadConnectedMeetings(PresetFields fields, ConnectedMeetingPermissions otherwise) => new()
    {
        CanAlterConnectedMeetings = fields.Flag("can_alter_connected_meetings", otherwise.CanAlterConnectedMeetings),
        CanSwitchConnectedMeetings = fields.Flag("can_switch_connected_meetings", otherwise.CanSwitchConnectedMeetings),
        CanSwitchToParentMeeting = fields.Flag("can_switch_to_parent_meeting", otherwise.CanSwitchToParentMeeting),
    };

    private static MediaPermissions ReadMediaPermissions(PresetFields fields, MediaPermissions otherwise) => new()
    {
        Audio = ReadProduce(fields.Object("audio"), otherwise.Audio),
        Video = ReadProduce(fields.Object("video"), otherwise.Video),
        Screenshare = ReadProduce(fields.Object("screenshare"), otherwise.Screenshare),
    };

    private static ProducePermission ReadProduce(PresetFields fields, ProducePermission otherwise) =>
        new() { CanProduce = fields.Word("can_produce", otherwise.CanProduce, Permissions) };

    private static PluginPermissions ReadPlugins(PresetFields fields, PluginPermissions otherwise)
    {
        var config = fields.Object("config");
        var plugins = new Dictionary<string, PluginConfig>(otherwise.Config, StringComparer.Ordinal);
        foreach (var id in config.Names)
        {
            if (id.Length is 0 or > MaxPluginIdLength || id.Contains('\0', StringComparison.Ordinal))
            {
                config.Fault(id, $"must be 1 to {MaxPluginIdLength} characters long, as the id of a plugin");
                continue;
            }

            var before = plugins.GetValueOrDefault(id, new PluginConfig());
            var plugin = config.Object(id);
            plugins[id] = new PluginConfig
            {
                AccessControl = plugin.Word("access_control", before.AccessControl, PluginAccesses),
                HandlesViewOnly = plugin.Flag("handles_view_only", before.HandlesViewOnly),
                Disabled = plugin.Flag("disabled", before.Disabled),
            };
        }

        if (plugins.Count > MaxPlugins)
        {
            fields.Fault("config", $"must not name more than {MaxPlugins} plugins");
            plugins = new Dictionary<string, PluginConfig>(otherwise.Config, StringComparer.Ordinal);
        }

        return new PluginPermissions
        {
            CanClose = fields.Flag("can_close", otherwise.CanClose),
            CanStart = fields.Flag("can_start", otherwise.CanStart),
            CanEditConfig = fields.Flag("can_edit_config", otherwise.CanEditConfig),
            Config = new PluginConfigDictionary(plugins),
        };
    }

    private static PollPermissions ReadPolls(PresetFields fields, PollPermissions otherwise) => new()
    {
        CanCreate = fields.Flag("can_create", otherwise.CanCreate),
        CanView = fields.Flag("can_view", otherwise.CanView),
        CanVote = fields.Flag("can_vote", otherwise.CanVote),
    };

    private static PresetUi ReadUi(PresetFields fields, PresetUi otherwise, bool isChange)
    {
        var tokens = fields.Object("design_tokens");
        var before = otherwise.DesignTokens;
        return new PresetUi
        {
            DesignTokens = new DesignTokens
            {
                BorderRadius = tokens.Word("border_radius", before.BorderRadius, Radii),
                BorderWidth = tokens.Word("border_width", before.BorderWidth, Widths),
                SpacingBase = tokens.Number("spacing_base", before.SpacingBase, 0, 100),
                Theme = tokens.Word("theme", before.Theme, Themes),
                Logo = tokens.OptionalText("logo", before.Logo, MaxAddressLength),
                FontFamily = tokens.OptionalText("font_family", before.FontFamily, MaxFontLength),
                GoogleFont = tokens.OptionalText("google_font", before.GoogleFont, MaxFontLength),
                Colors = ReadColors(tokens.Object("colors"), before.Colors),
            },
            ConfigDiff = fields.RawObject("config_diff", otherwise.ConfigDiff, MaxConfigDiffBytes, merges: isChange),
        };
    }

    private static PresetColors ReadColors(PresetFields fields, PresetColors otherwise)
    {
        var (brand, ground) = (fields.Object("brand"), fields.Object("background"));
        return new PresetColors
        {
            Brand = new BrandColors
            {
                C300 = brand.Text("300", otherwise.Brand.C300, MaxColorLength),
                C400 = brand.Text("400", otherwise.Brand.C400, MaxColorLength),
                C500 = brand.Text("500", otherwise.Brand.C500, MaxColorLength),
                C600 = brand.Text("600", otherwise.Brand.C600, MaxColorLength),
                C700 = brand.Text("700", otherwise.Brand.C700, MaxColorLength),
            },
            Background = new BackgroundColors
            {
                C600 = ground.Text("600", otherwise.Background.C600, MaxColorLength),
                C700 = ground.Text("700", otherwise.Background.C700, MaxColorLength),
                C800 = ground.Text("800", otherwise.Background.C800, MaxColorLength),
                C900 = ground.Text("900", otherwise.Background.C900, MaxColorLength),
                C1000 = ground.Text("1000", otherwise.Background.C1000, MaxColorLength),
            },
            Danger = fields.Text("danger", otherwise.Danger, MaxColorLength),
            Success = fields.Text("success", otherwise.Success, MaxColorLength),
            Text = fields.Text("text", otherwise.Text, MaxColorLength),
            TextOnBrand = fields.Text("text_on_brand", otherwise.TextOnBrand, MaxColorLength),
            VideoBg = fields.Text("video_bg", otherwise.VideoBg, MaxColorLength),
            Warning = fields.Text("warning", otherwise.Warning, MaxColorLength),
        };
    }

    private static Dictionary<string, T> WordsOf<T>(JsonNamingPolicy policy)
        where T : struct, Enum =>
        Enum.GetValues<T>().ToDictionary(value => policy.ConvertName(value.ToString()), StringComparer.Ordinal);
}

/// <summary>A preset as clients get it.</summary>
internal sealed record ClientPreset(string Id, string Name, PresetConfig Config, PresetPermissions Permissions, PresetUi Ui)
{
    public ClientPreset(string id, string name, PresetContent content)
        : this(id, name, content.Config, content.Permissions, content.Ui)
    {
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(PresetContent))]
[JsonSerializable(typeof(ClientPreset))]
[JsonSerializable(typeof(PluginConfig))]
internal sealed partial class PresetJsonContext : JsonSerializerContext;
