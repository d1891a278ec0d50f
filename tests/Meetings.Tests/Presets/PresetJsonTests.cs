using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Accounts;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.Tests.Presets;

public sealed class PresetJsonTests
{
    public static TheoryData<string> BuiltIn => [.. BuiltInPresets.All.Select(preset => preset.Key)];

    [Theory]
    [MemberData(nameof(BuiltIn))]
    public void What_is_written_reads_as_the_same(string name)
    {
        var content = BuiltInPresets.All.Single(preset => preset.Key == name).Value;
        Assert.Equal(content, PresetJson.ReadStored(PresetJson.Write(content)));
    }

    [Fact]
    public void Every_leaf_is_read_and_written_under_its_own_name()
    {
        // Each leaf in turn gets another value than it has; only it may differ afterwards.
        var before = JsonNode.Parse(PresetJson.Write(Full()))!;
        var pointers = Leaves(before, "").ToArray();
        Assert.True(pointers.Length > 75, $"{pointers.Length} leaves");
        foreach (var pointer in pointers)
        {
            var wanted = before.DeepClone();
            Set(wanted, pointer);
            var read = PresetJson.Write(Read(wanted.ToJsonString(), out var faults));
            Assert.Empty(faults);
            Assert.True(JsonNode.DeepEquals(wanted, JsonNode.Parse(read)), $"{pointer}: {read}");
        }
    }

    [Fact]
    public void Every_leaf_of_a_wrong_type_is_a_fault_with_its_pointer_all_at_once()
    {
        var wrong = JsonNode.Parse(PresetJson.Write(Full()))!;
        var pointers = Leaves(wrong, "").Where(pointer => pointer != "/ui/config_diff/a").ToArray();
        foreach (var pointer in pointers)
        {
            var (parent, name) = Parent(wrong, pointer);
            parent[name] = new JsonArray(new JsonArray());
        }

        Read(wrong.ToJsonString(), out var faults);
        Assert.Equal(
            pointers.Select(pointer => pointer.StartsWith("/config/livestream_viewer_qualities", StringComparison.Ordinal)
                ? "/config/livestream_viewer_qualities/0" : pointer).Distinct().Order(StringComparer.Ordinal),
            faults.Select(fault => fault.Pointer).Distinct().Order(StringComparer.Ordinal));
        Assert.All(faults, fault => Assert.Contains(" must ", fault.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{}", "/config")]
    [InlineData("""{"config":{}}""", "/config/view_type")]
    [InlineData("""{"config":null}""", "/config")]
    [InlineData("""{"config":{"view_type":"group_call"}}""", "/config/view_type")]
    [InlineData("""{"config":{"view_type":"GROUP_CALL"},"permissions":3}""", "/permissions")]
    [InlineData("""{"config":{"view_type":"GROUP_CALL"},"ui":[]}""", "/ui")]
    [InlineData("""{"config":{"view_type":"GROUP_CALL","media":{"video":{"frame_rate":31}}}}""", "/config/media/video/frame_rate")]
    [InlineData("""{"config":{"view_type":"GROUP_CALL","max_screenshare_count":1.5}}""", "/config/max_screenshare_count")]
    [InlineData("""{"config":{"view_type":"GROUP_CALL","max_screenshare_count":1e400}}""", "/config/max_screenshare_count")]
    [InlineData("""{"config":{"view_type":"GROUP_CALL"},"permissions":{"plugins":{"config":{"a/b~":{"access_control":"ALL"}}}}}""", "/permissions/plugins/config/a~1b~0/access_control")]
    [InlineData("""{"config":{"view_type":"GROUP_CALL"},"ui":{"design_tokens":{"logo":"\u0000"}}}""", "/ui/design_tokens/logo")]
    [InlineData("""{"config":{"view_type":"GROUP_CALL"},"ui":{"design_tokens":{"logo":"\ud800"}}}""", "/ui/design_tokens/logo")]
    [InlineData("""{"config":{"view_type":"GROUP_CALL"},"ui":{"config_diff":["a"]}}""", "/ui/config_diff")]
    [InlineData("""{"config":{"view_type":"GROUP_CALL","livestream_viewer_qualities":[720,"x"]}}""", "/config/livestream_viewer_qualities/1")]
    public void A_fault_tells_its_place(string json, string pointer)
    {
        Read(json, out var faults);
        Assert.Equal([pointer], faults.Select(fault => fault.Pointer));
    }

    [Fact]
    public void What_is_left_out_is_filled_from_the_view_type_and_unknown_fields_are_passed_over()
    {
        foreach (var (word, viewType) in PresetJson.ViewTypes)
        {
            var content = Read("""{"config":{"view_type":"WORD","nonsense":[1]},"more":{}}""".Replace("WORD", word, StringComparison.Ordinal), out var faults);
            Assert.Empty(faults);
            Assert.Equal(PresetContent.DefaultsOf(viewType), content);
            Assert.Equal(viewType, content.Config.ViewType);
        }
    }

    [Fact]
    public void What_is_left_out_grants_no_power_over_others()
    {
        foreach (var viewType in Enum.GetValues<ViewType>())
        {
            var granted = PresetContent.DefaultsOf(viewType).Permissions;
            Assert.False(granted.KickParticipant || granted.CanRecord || granted.CanLivestream || granted.AcceptWaitingRequests
                || granted.CanAcceptProductionRequests || granted.AcceptStageRequests || granted.CanChangeParticipantPermissions
                || granted.DisableParticipantAudio || granted.DisableParticipantVideo || granted.DisableParticipantScreensharing
                || granted.CanSpotlight || granted.PinParticipant || granted.ConnectedMeetings.CanAlterConnectedMeetings);
        }
    }

    [Fact]
    public void A_patch_merges_objects_and_replaces_lists()
    {
        var before = Full();
        using var patch = JsonDocument.Parse(
            """
            {"config":{"livestream_viewer_qualities":[1080]},
             "permissions":{"chat":{"public":{"text":false}},"stage_access":null,
                            "plugins":{"config":{"new":{"access_control":"VIEW_ONLY"}}}}}
            """);
        var faults = new List<PresetFault>();
        var after = PresetJson.ReadPatch(patch.RootElement, before, faults);

        Assert.Empty(faults);
        var plugins = before.Permissions.Plugins.Config.ToDictionary();
        plugins["new"] = new PluginConfig { AccessControl = PluginAccess.ViewOnly };
        Assert.Equal(
            before with
            {
                Config = before.Config with { LivestreamViewerQualities = [1080] },
                Permissions = before.Permissions with
                {
                    Chat = before.Permissions.Chat with { Public = before.Permissions.Chat.Public with { Text = false } },
                    StageAccess = null,
                    Plugins = before.Permissions.Plugins with { Config = new PluginConfigDictionary(plugins) },
                },
            },
            after);
    }

    [Theory]
    [InlineData("""{"a":"\ud800"}""", "/ui/config_diff/a")]
    [InlineData("""{"a":"\udc00\ud800"}""", "/ui/config_diff/a")]
    [InlineData("""{"a":[1,{"b/c":"\u0000"}]}""", "/ui/config_diff/a/1/b~1c")]
    [InlineData("""{"a":{"\ud800":1}}""", "/ui/config_diff/a")]
    [InlineData("""{"\ud800":1}""", "/ui/config_diff")]
    [InlineData("""{"a\u0000":1}""", "/ui/config_diff")]
    public void Text_that_nobody_can_read_is_refused_wherever_it_stands_in_a_free_object(string diff, string pointer)
    {
        Read($$$"""{"config":{"view_type":"GROUP_CALL"},"ui":{"config_diff":{{{diff}}}}}""", out var faults);
        Assert.Equal([pointer], faults.Select(fault => fault.Pointer));

        using var patch = JsonDocument.Parse($$$"""{"ui":{"config_diff":{{{diff}}}}}""");
        faults.Clear();
        PresetJson.ReadPatch(patch.RootElement, Full(), faults);
        Assert.Equal([pointer], faults.Select(fault => fault.Pointer));
    }

    [Fact]
    public void A_free_object_is_read_and_written_as_it_is()
    {
        const string Diff = """{"n":[1,1.50,-2e7,12345678901234567890,true,false,null,[],{}],"t":"a\"\\/\b\f\n\r\t\u0001\u007f é \ud83d\ude00 😀 <>&","":{"k":{"k":null}}}""";
        var content = Read($$$"""{"config":{"view_type":"GROUP_CALL"},"ui":{"config_diff":{{{Diff}}}}}""", out var faults);

        Assert.Empty(faults);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Diff), JsonNode.Parse(content.Ui.ConfigDiff)), content.Ui.ConfigDiff);
        Assert.Contains("12345678901234567890", content.Ui.ConfigDiff, StringComparison.Ordinal);
        Assert.Equal(content, PresetJson.ReadStored(PresetJson.Write(content)));
    }

    [Fact]
    public void Of_a_key_that_stands_twice_in_a_free_object_the_last_counts() => Assert.Equal(
        """{"a":2}""", Read("""{"config":{"view_type":"GROUP_CALL"},"ui":{"config_diff":{"a":1,"a":2}}}""", out _).Ui.ConfigDiff);

    [Theory]
    [InlineData("""{"b":2}""", """{"a":{"x":1,"y":[1,2]},"n":null,"b":2}""")]
    [InlineData("""{"a":{"x":3}}""", """{"a":{"x":3,"y":[1,2]},"n":null}""")]
    [InlineData("""{"a":{"y":[3]}}""", """{"a":{"x":1,"y":[3]},"n":null}""")]
    [InlineData("""{"a":{"x":null,"z":null}}""", """{"a":{"y":[1,2]},"n":null}""")]
    [InlineData("""{"a":null}""", """{"n":null}""")]
    [InlineData("""{"a":5}""", """{"a":5,"n":null}""")]
    [InlineData("""{"n":{"m":{"o":null}}}""", """{"a":{"x":1,"y":[1,2]},"n":{"m":{}}}""")]
    [InlineData("{}", """{"a":{"x":1,"y":[1,2]},"n":null}""")]
    [InlineData("null", "{}")]
    public void A_patch_merges_the_free_object_too(string change, string expected)
    {
        var before = Read(
            """{"config":{"view_type":"GROUP_CALL"},"ui":{"config_diff":{"a":{"x":1,"y":[1,2]},"n":null}}}""", out var faults);
        using var patch = JsonDocument.Parse($$$"""{"ui":{"config_diff":{{{change}}}}}""");
        var after = PresetJson.ReadPatch(patch.RootElement, before, faults);

        Assert.Empty(faults);
        Assert.Equal(expected, after.Ui.ConfigDiff);
        Assert.Equal(before with { Ui = before.Ui with { ConfigDiff = expected } }, after);
    }

    [Fact]
    public void A_free_object_is_no_larger_after_a_patch_than_it_may_be()
    {
        var before = Read($$$$"""{"config":{"view_type":"GROUP_CALL"},"ui":{"config_diff":{"a":"{{{{new string('a', 40_000)}}}}"}}}""", out var faults);
        using var patch = JsonDocument.Parse($$$$"""{"ui":{"config_diff":{"b":"{{{{new string('b', 40_000)}}}}"}}}""");
        PresetJson.ReadPatch(patch.RootElement, before, faults);
        Assert.Equal(["/ui/config_diff"], faults.Select(fault => fault.Pointer));
    }

    [Theory]
    [InlineData("""{"a":"\ud800"}""", """{"a":"\ufffd"}""")]
    [InlineData("""{"\ud800":"\\ud800\uDC00\u0000x"}""", """{"\ufffd":"\\ud800\ufffd\ufffdx"}""")]
    [InlineData("""{"a":"\ud83d\ude00\ud83d","b":"\ud83d\ud83d\ude00"}""", """{"a":"\ud83d\ude00\ufffd","b":"\ufffd\ud83d\ude00"}""")]
    public void What_was_kept_and_cannot_be_told_is_mended_when_it_is_read(string kept, string told)
    {
        var stored = PresetJson.Write(Full()).Replace("""{"a":1}""", kept, StringComparison.Ordinal);
        Assert.Contains(kept, stored, StringComparison.Ordinal);
        var content = PresetJson.ReadStored(stored);

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(told), JsonNode.Parse(content.Ui.ConfigDiff)), content.Ui.ConfigDiff);
        Assert.Equal(content, PresetJson.ReadStored(PresetJson.Write(content)));
    }

    [Fact]
    public void Who_may_accept_production_may_accept_the_stage_unless_it_is_said()
    {
        Assert.True(Of("""{"can_accept_production_requests":true}""").AcceptStageRequests);
        Assert.False(Of("""{"can_accept_production_requests":true,"accept_stage_requests":false}""").AcceptStageRequests);
        Assert.False(Of("{}").AcceptStageRequests);

        static PresetPermissions Of(string permissions) =>
            Read($$"""{"config":{"view_type":"GROUP_CALL"},"permissions":{{permissions}}}""", out _).Permissions;
    }

    [Theory]
    [InlineData(null, Permission.NotAllowed, Permission.NotAllowed, Permission.NotAllowed)]
    [InlineData(null, Permission.NotAllowed, Permission.CanRequest, Permission.CanRequest)]
    [InlineData(null, Permission.CanRequest, Permission.Allowed, Permission.Allowed)]
    [InlineData(Permission.NotAllowed, Permission.Allowed, Permission.Allowed, Permission.NotAllowed)]
    public void The_stage_access_in_force_is_derived_from_media_when_it_is_not_said(
        Permission? said, Permission audio, Permission video, Permission expected) => Assert.Equal(
        expected,
        new PresetPermissions
        {
            StageAccess = said,
            Media = new MediaPermissions
            {
                Audio = new ProducePermission { CanProduce = audio },
                Video = new ProducePermission { CanProduce = video },
            },
        }.StageAccessInForce);

    [Fact]
    public void A_client_gets_the_id_the_name_and_everything_its_package_demands()
    {
        var preset = new Preset
        {
            Id = new PresetId(Guid.NewGuid()),
            AppId = new AppId(Guid.NewGuid()),
            Name = "mine",
            Content = PresetContent.DefaultsOf(ViewType.Webinar),
            CreatedAt = default,
            UpdatedAt = default,
        };
        var json = JsonNode.Parse(PresetJson.WriteForClient(preset))!;

        Assert.Equal(preset.Id.ToString(), (string?)json["id"]);
        Assert.Equal("mine", (string?)json["name"]);
        Assert.Equal("WEBINAR", (string?)json["config"]!["view_type"]);
        Assert.Equal(6, (int?)json["config"]!["max_video_streams"]!["mobile"]);
        Assert.Equal("CAN_REQUEST", (string?)json["permissions"]!["media"]!["audio"]!["can_produce"]);
        Assert.Equal("{}", json["permissions"]!["plugins"]!["config"]!.ToJsonString());
        Assert.Equal("NONE", (string?)json["permissions"]!["recorder_type"]);
        var colors = json["ui"]!["design_tokens"]!["colors"]!;
        Assert.Equal("#b56927", (string?)colors["brand"]!["500"]);
        Assert.Equal("#141414", (string?)colors["background"]!["1000"]);
        Assert.Equal("#EEEEEE", (string?)colors["text_on_brand"]);
        Assert.Equal("rounded", (string?)json["ui"]!["design_tokens"]!["border_radius"]);
        Assert.Equal("{}", json["ui"]!["config_diff"]!.ToJsonString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"config":{"view_type":"NEW"}}""")]
    public void A_damaged_row_is_told_as_such(string json) =>
        Assert.Equal(StorageFailure.Corrupted, Assert.Throws<StorageException>(() => PresetJson.ReadStored(json)).Failure);

    private static PresetContent Full() => PresetContent.DefaultsOf(ViewType.Webinar) with
    {
        Config = new PresetConfig { ViewType = ViewType.Webinar, LivestreamViewerQualities = [720] },
        Permissions = PresetContent.DefaultsOf(ViewType.Webinar).Permissions with
        {
            StageAccess = Permission.Allowed,
            Plugins = new PluginPermissions
            {
                Config = new PluginConfigDictionary([new("2e6b9c3a-0f4d-4f0e-8d3c-5a3f1c7b9e10", new PluginConfig())]),
            },
        },
        Ui = new PresetUi
        {
            DesignTokens = new DesignTokens { Logo = "https://example.org/logo.png", FontFamily = "serif", GoogleFont = "Lato" },
            ConfigDiff = """{"a":1}""",
        },
    };

    private static PresetContent Read(string json, out List<PresetFault> faults)
    {
        faults = [];
        using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(json));
        return PresetJson.Read(document.RootElement, faults);
    }

    private static IEnumerable<string> Leaves(JsonNode? node, string pointer) => node is JsonObject members
        ? members.SelectMany(member => Leaves(member.Value, $"{pointer}/{member.Key}"))
        : [pointer];

    private static (JsonObject Parent, string Name) Parent(JsonNode root, string pointer)
    {
        var steps = pointer.Split('/')[1..];
        return (steps[..^1].Aggregate(root, (node, step) => node[step]!).AsObject(), steps[^1]);
    }

    private static void Set(JsonNode root, string pointer)
    {
        string[] words = ["GROUP_CALL", "NOT_ALLOWED", "CAN_REQUEST", "ON_PRIVILEGED_USER_ENTRY", "RECORDER", "VIEW_ONLY", "uhd", "circular", "fat", "light", "#123456"];
        var (parent, name) = Parent(root, pointer);
        foreach (var value in new JsonNode?[] { true, false, 7, new JsonArray(480, 720) }.Concat(words.Select(word => (JsonNode?)word)))
        {
            if (JsonNode.DeepEquals(parent[name], value))
            {
                continue;
            }

            var trial = root.DeepClone();
            var (trialParent, _) = Parent(trial, pointer);
            trialParent[name] = value?.DeepClone();
            Read(trial.ToJsonString(), out var faults);
            if (faults.Count == 0)
            {
                parent[name] = value?.DeepClone();
                return;
            }
        }

        Assert.Fail($"no other value fits {pointer}");
    }
}
