using System.Text.Json.Nodes;
using Roomcast.Meetings.Presets;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class PresetTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    [Fact]
    public async Task A_new_app_has_the_built_in_presets()
    {
        var account = await _host.NewAccountAsync();
        var list = await _host.Client.GetAsync($"{account.AppPath}/presets", account.ReadToken);

        Assert.Equal(BuiltInPresets.All.Select(preset => preset.Key), list.Data.AsArray().Select(preset => (string)preset!["name"]!));
        Assert.All(list.Data.AsArray(), preset => Assert.Equal(["id", "name", "created_at", "updated_at"], preset!.AsObject().Select(field => field.Key)));
        Assert.Equal((1, 9, 9), list.Paging);
        foreach (var listed in list.Data.AsArray())
        {
            var preset = await _host.Client.GetAsync($"{account.AppPath}/presets/{listed!["id"]}", account.ReadToken);
            Assert.Equal((200, (string?)listed["name"]), (preset.Status, (string?)preset.Data["name"]));
        }
    }

    [Fact]
    public async Task Presets_are_searched_and_paged()
    {
        var account = await _host.NewAccountAsync();
        Assert.Equal((1, 2, 2), (await _host.Client.GetAsync($"{account.AppPath}/presets?search=WEBINAR", account.ReadToken)).Paging);
        Assert.Equal((9, 9, 9), (await _host.Client.GetAsync($"{account.AppPath}/presets?per_page=4&page_no=3", account.ReadToken)).Paging);
        var oldest = await _host.Client.GetAsync($"{account.AppPath}/presets?sort_order=ASC&per_page=1", account.ReadToken);
        Assert.Equal("audio_room_participant", (string?)oldest.Data[0]!["name"]);
        Assert.Equal(400, (await _host.Client.GetAsync($"{account.AppPath}/presets?page_no=x", account.ReadToken)).Status);
    }

    [Fact]
    public async Task A_preset_is_filled_from_its_view_type_and_read_as_it_was_made()
    {
        var account = await _host.NewAccountAsync();
        var made = await MakeAsync(account, """{"name":" mine ","config":{"view_type":"WEBINAR"},"permissions":{"kick_participant":true},"more":1}""");
        var read = await _host.Client.GetAsync($"{account.AppPath}/presets/{made.Data["id"]}", account.ReadToken);

        Assert.Equal(200, made.Status);
        Assert.True(JsonNode.DeepEquals(made.Data, read.Data));
        Assert.Equal("mine", (string?)made.Data["name"]);
        var expected = JsonNode.Parse(PresetJson.Write(PresetContent.DefaultsOf(ViewType.Webinar)))!;
        expected["permissions"]!["kick_participant"] = true;
        foreach (var part in new[] { "config", "permissions", "ui" })
        {
            Assert.True(JsonNode.DeepEquals(expected[part], made.Data[part]), part);
        }
    }

    [Fact]
    public async Task A_change_is_merged_and_a_replacement_begins_anew()
    {
        var account = await _host.NewAccountAsync();
        var made = await MakeAsync(account, """{"name":"mine","config":{"view_type":"GROUP_CALL","max_screenshare_count":3},"permissions":{"can_record":true}}""");
        var path = $"{account.AppPath}/presets/{made.Data["id"]}";

        var changed = await _host.Client.PatchAsync(
            path, account.WriteToken, """{"name":"yours","config":{"media":{"video":{"frame_rate":15}}},"permissions":{"chat":{"public":{"files":false}}}}""");
        var expected = made.Data.DeepClone();
        expected["name"] = "yours";
        expected["config"]!["media"]!["video"]!["frame_rate"] = 15;
        expected["permissions"]!["chat"]!["public"]!["files"] = false;
        expected["updated_at"] = (string?)changed.Data["updated_at"];
        Assert.True(JsonNode.DeepEquals(expected, changed.Data), changed.Body.ToJsonString());

        var replaced = await _host.Client.SendAsync(
            HttpMethod.Put, path, account.WriteToken, """{"name":"theirs","config":{"view_type":"AUDIO_ROOM"}}""");
        Assert.Equal(200, replaced.Status);
        Assert.Equal((string?)made.Data["id"], (string?)replaced.Data["id"]);
        Assert.Equal(("theirs", "AUDIO_ROOM", 1, false), (
            (string?)replaced.Data["name"],
            (string?)replaced.Data["config"]!["view_type"],
            (int)replaced.Data["config"]!["max_screenshare_count"]!,
            (bool)replaced.Data["permissions"]!["can_record"]!));
    }

    [Fact]
    public async Task A_deleted_preset_is_told_once_and_stays_with_its_participants()
    {
        var account = await _host.NewAccountAsync();
        var made = await MakeAsync(account, """{"name":"mine","config":{"view_type":"GROUP_CALL"}}""");
        var meeting = await _host.NewMeetingAsync(account.First);
        var participant = await _host.NewParticipantAsync(meeting, "a", "mine");
        var path = $"{account.AppPath}/presets/{made.Data["id"]}";
        var deleted = await _host.Client.DeleteAsync(path, account.WriteToken);

        Assert.Equal((200, "mine"), (deleted.Status, (string?)deleted.Data["name"]));
        Assert.NotNull(deleted.Data["permissions"]);
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Delete, HttpMethod.Patch })
        {
            Assert.Equal(404, (await _host.Client.SendAsync(method, path, account.WriteToken, json: null)).Status);
        }

        var kept = await _host.Client.GetAsync($"{account.AppPath}/meetings/{meeting.Id}/participants/{participant.Id}", account.ReadToken);
        Assert.Equal("mine", (string?)kept.Data["preset_name"]);
    }

    [Fact]
    public async Task A_taken_name_is_a_conflict()
    {
        var account = await _host.NewAccountAsync();
        var made = await MakeAsync(account, """{"name":"mine","config":{"view_type":"GROUP_CALL"}}""");
        var path = $"{account.AppPath}/presets/{made.Data["id"]}";
        foreach (var reply in new[]
        {
            await MakeAsync(account, """{"name":"mine","config":{"view_type":"GROUP_CALL"}}"""),
            await MakeAsync(account, """{"name":"group_call_host","config":{"view_type":"GROUP_CALL"}}"""),
            await _host.Client.PatchAsync(path, account.WriteToken, """{"name":"group_call_host"}"""),
            await _host.Client.SendAsync(HttpMethod.Put, path, account.WriteToken, """{"name":"group_call_host","config":{"view_type":"GROUP_CALL"}}"""),
        })
        {
            Assert.Equal((409, 40900), (reply.Status, reply.Code));
        }

        Assert.Equal(200, (await _host.Client.PatchAsync(path, account.WriteToken, """{"name":"mine"}""")).Status);
    }

    [Fact]
    public async Task Every_faulty_field_is_named_at_once()
    {
        const string Wrong =
            """
            {"name":"","config":{"view_type":"PARTY","max_video_streams":{"mobile":-1},"media":{"video":{"quality":"8k","frame_rate":31}}},
             "permissions":{"can_record":"yes","media":{"audio":{"can_produce":true}},"plugins":{"config":{"p":{"access_control":"SOME"}}}},
             "ui":{"design_tokens":{"theme":"pink","colors":{"brand":{"500":7}}}}}
            """;
        string[] pointers =
        [
            "/name", "/config/view_type", "/config/max_video_streams/mobile", "/config/media/video/quality",
            "/config/media/video/frame_rate", "/permissions/can_record", "/permissions/media/audio/can_produce",
            "/permissions/plugins/config/p/access_control", "/ui/design_tokens/theme", "/ui/design_tokens/colors/brand/500",
        ];
        var account = await _host.NewAccountAsync();
        var made = await MakeAsync(account, """{"name":"mine","config":{"view_type":"GROUP_CALL"}}""");
        var path = $"{account.AppPath}/presets/{made.Data["id"]}";
        foreach (var reply in new[]
        {
            await MakeAsync(account, Wrong),
            await _host.Client.PatchAsync(path, account.WriteToken, Wrong),
            await _host.Client.SendAsync(HttpMethod.Put, path, account.WriteToken, Wrong),
        })
        {
            Assert.Equal((400, 40001), (reply.Status, reply.Code));
            Assert.Equal(pointers.Order(StringComparer.Ordinal), reply.Sources.Order(StringComparer.Ordinal));
        }

        var none = await MakeAsync(account, "{}");
        Assert.Equal(["/name", "/config"], none.Sources);
        Assert.Equal(["/name", "/config"], (await _host.Client.PostAsync($"{account.AppPath}/presets", account.WriteToken)).Sources);
        Assert.Equal(["/config/view_type"], (await MakeAsync(account, """{"name":"x","config":{}}""")).Sources);
        Assert.Equal(["/config/view_type"], (await MakeAsync(account, """{"name":"x","config":{"view_type":"CHAT"}}""")).Sources);
    }

    [Theory]
    [InlineData("""{"a":"\ud800"}""", "/ui/config_diff/a")]
    [InlineData("""{"\ud800":"a"}""", "/ui/config_diff")]
    [InlineData("""{"a":"\u0000"}""", "/ui/config_diff/a")]
    public async Task A_free_object_that_could_never_be_told_is_refused_and_nothing_is_kept(string diff, string pointer)
    {
        var account = await _host.NewAccountAsync();
        var json = $$$"""{"name":"mine","config":{"view_type":"GROUP_CALL"},"ui":{"config_diff":{{{diff}}}}}""";
        var refused = await MakeAsync(account, json);
        Assert.Equal((400, 40001), (refused.Status, refused.Code));
        Assert.Equal([pointer], refused.Sources);

        var made = await MakeAsync(account, """{"name":"mine","config":{"view_type":"GROUP_CALL"},"ui":{"config_diff":{"b":1}}}""");
        var path = $"{account.AppPath}/presets/{made.Data["id"]}";
        Assert.Equal([pointer], (await _host.Client.PatchAsync(path, account.WriteToken, $$$"""{"ui":{"config_diff":{{{diff}}}}}""")).Sources);
        Assert.Equal([pointer], (await _host.Client.SendAsync(HttpMethod.Put, path, account.WriteToken, json)).Sources);

        var read = await _host.Client.GetAsync(path, account.ReadToken);
        Assert.Equal((200, """{"b":1}"""), (read.Status, read.Data["ui"]!["config_diff"]!.ToJsonString()));
    }

    [Fact]
    public async Task A_change_of_a_free_object_is_merged_and_both_together_must_fit()
    {
        var account = await _host.NewAccountAsync();
        var made = await MakeAsync(account, """{"name":"mine","config":{"view_type":"GROUP_CALL"},"ui":{"config_diff":{"a":{"x":1,"y":[1,2]},"b":2}}}""");
        var path = $"{account.AppPath}/presets/{made.Data["id"]}";
        var changed = await _host.Client.PatchAsync(path, account.WriteToken, """{"ui":{"config_diff":{"a":{"y":[3]},"b":null,"c":4}}}""");
        Assert.Equal("""{"a":{"x":1,"y":[3]},"c":4}""", changed.Data["ui"]!["config_diff"]!.ToJsonString());

        Assert.Equal(200, (await _host.Client.PatchAsync(path, account.WriteToken, Long("d"))).Status);
        Assert.Equal(["/ui/config_diff"], (await _host.Client.PatchAsync(path, account.WriteToken, Long("e"))).Sources);
        var read = await _host.Client.GetAsync(path, account.ReadToken);
        Assert.Equal(["a", "c", "d"], read.Data["ui"]!["config_diff"]!.AsObject().Select(member => member.Key));

        static string Long(string key) => $$$$"""{"ui":{"config_diff":{"{{{{key}}}}":"{{{{new string('x', 40_000)}}}}"}}}""";
    }

    [Fact]
    public async Task Plugins_beyond_the_bound_are_refused_and_harm_nothing()
    {
        var account = await _host.NewAccountAsync();
        var made = await MakeAsync(account, """{"name":"mine","config":{"view_type":"GROUP_CALL"}}""");
        var path = $"{account.AppPath}/presets/{made.Data["id"]}";
        Assert.Equal(200, (await _host.Client.PatchAsync(path, account.WriteToken, Plugins("a", 150))).Status);
        Assert.Equal(400, (await _host.Client.PatchAsync(path, account.WriteToken, Plugins("b", 201))).Status);

        // Each fits by itself, and both together do not.
        Assert.Equal(["/permissions/plugins/config"], (await _host.Client.PatchAsync(path, account.WriteToken, Plugins("b", 150))).Sources);
        var read = await _host.Client.GetAsync(path, account.ReadToken);
        Assert.Equal((200, 150), (read.Status, read.Data["permissions"]!["plugins"]!["config"]!.AsObject().Count));

        static string Plugins(string prefix, int count)
        {
            var plugins = new JsonObject(Enumerable.Range(0, count).Select(i => KeyValuePair.Create($"{prefix}{i}", (JsonNode?)new JsonObject())));
            return new JsonObject { ["permissions"] = new JsonObject { ["plugins"] = new JsonObject { ["config"] = plugins } } }.ToJsonString();
        }
    }

    private Task<Reply> MakeAsync(TestAccount account, string body) =>
        _host.Client.PostAsync($"{account.AppPath}/presets", account.WriteToken, body);
}
