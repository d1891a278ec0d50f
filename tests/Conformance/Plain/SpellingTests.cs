using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Roomcast.Conformance.Running;

namespace Roomcast.Conformance.Plain;

/// <summary>What the sources of this API spell in several ways, and calls as people make them by hand.</summary>
[Collection(PlainServerTests.Name)]
public sealed class SpellingTests(PlainServer plain)
{
    private RunningServer Server => plain.Server;

    private string App => plain.Owner.AppPath;

    [Fact]
    public async Task Posts_without_a_body_and_with_an_empty_one_are_the_same()
    {
        var participant = $"/meetings/{plain.Ids["meeting_id"]}/participants/{plain.Ids["participant_id"]}";
        foreach (var content in new Func<HttpContent?>[] { () => null, () => Json("{}"), () => Json("{}", null), () => Json("", "application/json"), () => Json("{}", "application/json; charset=utf-8") })
        {
            Assert.Equal(201, (await PostAsync("/livestreams", content())).Status);
            Assert.Equal(201, (await PostAsync("/meetings", content())).Status);
            Assert.NotNull((string?)(await PostAsync($"{participant}/token", content())).Body["data"]!["token"]);
            Assert.Equal("COMPLETED", (string)(await PostAsync($"/sessions/{plain.Ids["session_id"]}/summary", content())).Body["data"]!["status"]!);
            Assert.Equal((404, 40404), Codes(await PostAsync($"/meetings/{plain.Ids["meeting_id"]}/active-livestream/stop", content())));
            Assert.Equal((404, 40402), Codes(await PostAsync($"/meetings/{plain.Ids["meeting_id"]}/active-session/kick-all", content())));
            Assert.Equal((404, 40402), Codes(await PostAsync($"/meetings/{plain.Ids["meeting_id"]}/active-session/mute-all", content())));
        }
    }

    [Fact]
    public async Task A_kick_names_participants_in_any_of_the_spellings()
    {
        foreach (var (field, isCustom) in new[] { ("participant_ids", false), ("custom_participant_ids", true), ("user_ids", false), ("user_ids", true) })
        {
            var (meeting, peer) = await plain.MeetAsync("Kicked");
            await using var present = peer;
            var kick = $"{meeting}/active-session/kick";
            Assert.Equal((400, 40001), Codes(await PostAsync(kick, Json("{}"))));
            Assert.Equal((400, 40001), Codes(await PostAsync(kick, Json($$"""{"{{field}}":[]}"""))));
            Assert.Equal((404, 40401), Codes(await PostAsync(kick, Json($$"""{"{{field}}":["{{Guid.NewGuid()}}"]}"""))));
            var kicked = await PostAsync(kick, Json($$"""{"{{field}}":["{{Guid.NewGuid()}}","{{(isCustom ? "Kicked-id" : peer.Self.UserId)}}"]}"""));
            Assert.Equal((200, "kick"), (kicked.Status, (string)kicked.Body["data"]!["action"]!));
            Assert.Equal(peer.Self.UserId, (string)Assert.Single(kicked.Body["data"]!["participants"]!.AsArray())!["id"]!);
        }
    }

    [Fact]
    public async Task The_end_of_a_session_by_hand_counts_who_was_there_and_mutes_have_their_default()
    {
        var (meeting, peer) = await plain.MeetAsync("Muted", sends: true);
        await using var present = peer;
        var all = await PostAsync($"{meeting}/active-session/mute-all", null);
        Assert.Equal((200, "mute-all", 1), (all.Status, (string)all.Body["data"]!["action"]!, (int)all.Body["data"]!["muted_participants_count"]!));
        var one = await PostAsync($"{meeting}/active-session/mute", Json($$"""{"custom_participant_ids":["Muted-id"]}"""));
        Assert.Equal((200, "mute"), (one.Status, (string)one.Body["data"]!["action"]!));
        Assert.Equal((400, 40001), Codes(await PostAsync($"{meeting}/active-session/mute", null)));
        var ended = await PostAsync($"{meeting}/active-session/kick-all", null);
        Assert.Equal(("kick-all", 1), ((string)ended.Body["data"]!["action"]!, (int)ended.Body["data"]!["kicked_participants_count"]!));
        Assert.Equal((404, 40402), Codes(await PostAsync($"{meeting}/active-session/kick-all", null)));
    }

    [Fact]
    public async Task Recordings_take_the_older_type_and_both_forms_of_layers()
    {
        var (meeting, peer) = await plain.MeetAsync("Recorded", sends: true);
        await using var present = peer;
        var id = meeting.Split('/')[^1];
        Assert.Equal((400, 40001), Codes(await PostAsync("/recordings", Json($$"""{"meeting_id":"{{id}}","type":"nonsense"}"""))));
        foreach (var layers in new[] { """[{"media_kind":"audio","file_name_prefix":"a"}]""", """{"default":{"media_kind":"audio","file_name_prefix":"a"}}""" })
        {
            var track = await PostAsync("/recordings/track", Json($$"""{"meeting_id":"{{id}}","layers":{{layers}}}"""));
            Assert.Equal((200, "TRACK", id), (track.Status, (string)track.Body["data"]!["recording"]!["type"]!, (string)track.Body["data"]!["recording"]!["meeting_id"]!));
            Assert.StartsWith("a_", (string)track.Body["data"]!["recording"]!["output_file_name"]!, StringComparison.Ordinal);
            await EndAsync((string)track.Body["data"]!["recording"]!["id"]!);
        }

        // The same by the other route answers in that route's shape.
        var older = await PostAsync("/recordings", Json($$"""{"meeting_id":"{{id}}","type":"track"}"""));
        Assert.True(older.Status == 200, older.Text);
        Assert.Equal("INVOKED", (string)older.Body["data"]!["status"]!);
        var second = await PostAsync("/recordings", Json($$"""{"meeting_id":"{{id}}","type":"track"}"""));
        Assert.Equal((409, 40901, "false"), (second.Status, second.Code, second.Headers["x-should-retry"]));
        await EndAsync((string)older.Body["data"]!["id"]!);
    }

    [Fact]
    public async Task Webhooks_take_the_older_names_of_events_and_need_no_name()
    {
        var made = await PostAsync("/webhooks", Json("""{"url":"https://older.example.org/x","events":["session.started","session.ended","meeting.started"]}"""));
        Assert.Equal(201, made.Status);
        Assert.Equal("older.example.org", (string)made.Body["data"]!["name"]!);
        Assert.Equal(["meeting.started", "meeting.ended"], made.Body["data"]!["events"]!.AsArray().Select(name => (string)name!));
        var refused = await PostAsync("/webhooks", Json("""{"url":"https://x.example.org/","events":["session.paused"]}"""));
        Assert.Equal((400, 40001), Codes(refused));
        Assert.StartsWith("/events", (string)refused.Body["errors"]![0]!["source"]!["pointer"]!, StringComparison.Ordinal);
        Assert.Equal(9, (await Server.GetAsync("/webhooks/all"))["events"]!.AsArray().Count);
    }

    [Fact]
    public async Task Moments_of_the_analytics_are_read_as_iso_and_as_unix_seconds()
    {
        var (from, to) = (TimeProvider.System.GetUtcNow().AddDays(-2), TimeProvider.System.GetUtcNow().AddDays(1));
        string Iso(DateTimeOffset at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        foreach (var route in new[] { "overall", "daywise" })
        {
            var iso = await GetAsync($"/analytics/livestreams/{route}?start_time={Iso(from)}&end_time={Iso(to)}");
            var unix = await GetAsync($"/analytics/livestreams/{route}?start_time={from.ToUnixTimeSeconds()}&end_time={to.ToUnixTimeSeconds()}");
            Assert.Equal(200, iso.Status);
            Assert.True(JsonNode.DeepEquals(iso.Body["data"], unix.Body["data"]), $"{iso}\n{unix}");
            Assert.Equal((400, 40001), Codes(await GetAsync($"/analytics/livestreams/{route}?start_time={Iso(to)}&end_time={Iso(from)}")));
        }

        Assert.True((int)(await GetAsync($"/analytics/livestreams/overall?start_time={from.ToUnixTimeSeconds()}")).Body["data"]!["count"]! >= 1);
        Assert.Equal((400, 40001), Codes(await GetAsync("/analytics/daywise?start_date=2026-02-02&end_date=2026-02-01")));
        Assert.Equal(31, (await GetAsync("/analytics/daywise")).Body["data"]!["session_stats"]!["day_stats"]!.AsArray().Count);
    }

    [Fact]
    public async Task Orders_lists_of_words_and_pages_are_read_in_every_spelling()
    {
        string[] IdsOf(PlainReply reply) => [.. reply.Body["data"]!["livestreams"]!.AsArray().Select(each => (string)each!["id"]!)];
        await Server.PostAsync("/livestreams", new { name = "Another" });
        var newest = IdsOf(await GetAsync("/livestreams"));
        Assert.True(newest.Length >= 2);
        foreach (var order in new[] { "DESC", "DSC", "desc", "dsc" })
        {
            Assert.Equal(newest, IdsOf(await GetAsync($"/livestreams?sort_order={order}")));
        }

        Assert.Equal(newest, IdsOf(await GetAsync("/livestreams?sort_order=asc&per_page=100")).Reverse().Take(newest.Length));
        var repeated = await GetAsync("/recordings?status=UPLOADED&status=ERRORED&status=INVOKED");
        var listed = await GetAsync("/recordings?status=uploaded,ERRORED,INVOKED");
        Assert.True((int)repeated.Body["paging"]!["total_count"]! >= 1);
        Assert.Equal((int)repeated.Body["paging"]!["total_count"]!, (int)listed.Body["paging"]!["total_count"]!);
        Assert.Equal(newest, IdsOf(await GetAsync("/livestreams?page_no=0&per_page=0&unknown=1")));
        Assert.Equal(200, (await GetAsync("/livestreams?per_page=100000")).Status);
        Assert.Empty((await GetAsync("/meetings?page_no=100000")).Body["data"]!.AsArray());
        foreach (var wrong in new[] { "-1", "1.5", "x", "" })
        {
            Assert.Equal((400, 40001), Codes(await GetAsync($"/meetings?page_no={wrong}")));
        }
    }

    [Fact]
    public async Task Pages_and_orders_are_read_in_the_same_way_on_every_route_that_has_them()
    {
        var paged = plain.Routes.Where(route => route.IsRead && route.Query.Any(parameter => parameter.Name == "page_no")).ToArray();
        Assert.True(paged.Length >= 13, $"{paged.Length} routes have pages.");
        foreach (var route in paged)
        {
            async Task<JsonObject> AskAsync(string query)
            {
                var reply = await Server.CallAsync(HttpMethod.Get, $"{route.PathWith(plain.Ids)}?{query}", plain.Owner.WriteToken);
                Assert.True(reply.Status == 200, $"{route}?{query} answered {reply}");
                var paging = reply.Body["paging"]!.AsObject();
                var inner = reply.Body["data"] is JsonObject data ? data["paging"] : null;
                Assert.True(inner is null || JsonNode.DeepEquals(inner, paging), $"{route}?{query} answered {reply}");
                return paging;
            }

            var usual = await AskAsync("");
            var total = (int)usual["total_count"]!;
            Assert.Equal((Math.Min(1, total), Math.Min(20, total)), ((int)usual["start_offset"]!, (int)usual["end_offset"]!));
            Assert.True(JsonNode.DeepEquals(usual, await AskAsync("page_no=0&per_page=0")), $"{route}");
            Assert.Equal(Math.Min(100, total), (int)(await AskAsync("per_page=99999999999999999999"))["end_offset"]!);
            var one = await AskAsync("per_page=1&page_no=1");
            Assert.Equal((Math.Min(1, total), total), ((int)one["end_offset"]!, (int)one["total_count"]!));
            var beyond = await AskAsync("page_no=99999999999999999999");
            Assert.Equal((0, 0, total), ((int)beyond["start_offset"]!, (int)beyond["end_offset"]!, (int)beyond["total_count"]!));
            if (route.Query.Any(parameter => parameter.Name == "sort_order"))
            {
                foreach (var order in new[] { "ASC", "asc", "DESC", "Desc", "DSC", "dsc" })
                {
                    Assert.True(JsonNode.DeepEquals(usual, await AskAsync($"sort_order={order}")), $"{route} {order}");
                }
            }
        }
    }

    [Fact]
    public async Task Every_faulty_field_is_named_at_once_with_its_pointer()
    {
        var refused = await PostAsync("/meetings", Json("""
            {"title":7,"session_keep_alive_time_in_secs":5,"record_on_start":"yes","recording_config":{"max_seconds":1,"video_config":{"codec":"X"}},"ai_config":{"summarization":{"word_limit":1}}}
            """));
        Assert.Equal((400, 40001), Codes(refused));
        Assert.Equal(
            [
                "/ai_config/summarization/word_limit", "/record_on_start", "/recording_config/max_seconds", "/recording_config/video_config/codec",
                "/session_keep_alive_time_in_secs", "/title",
            ],
            refused.Body["errors"]!.AsArray().Select(error => (string)error!["source"]!["pointer"]!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Conflicts_are_not_to_be_tried_again_whatever_they_are_about()
    {
        var name = $"taken {Guid.NewGuid()}";
        var preset = $$$"""{"name":"{{{name}}}","config":{"view_type":"WEBINAR"}}""";
        Assert.Equal(200, (await PostAsync("/presets", Json(preset))).Status);
        AssertConflict(await PostAsync("/presets", Json(preset)), 40900);
        using var action = Json("""{"action":"stop"}""");
        AssertConflict(await Server.CallAsync(HttpMethod.Put, $"{App}/recordings/{plain.Ids["recording_id"]}", plain.Owner.WriteToken, action), 40902);
        var (meeting, peer) = await plain.MeetAsync("Alone");
        await using var present = peer;
        var session = (string)(await Server.GetAsync($"{meeting}/active-session"))["id"]!;
        AssertConflict(await PostAsync($"/sessions/{session}/summary", null), 40902);
    }

    private static void AssertConflict(PlainReply reply, int code) =>
        Assert.Equal((409, code, "false"), (reply.Status, reply.Code, reply.Headers.GetValueOrDefault("x-should-retry")));

    private static (int Status, int Code) Codes(PlainReply reply) => (reply.Status, reply.Code);

    private static ByteArrayContent Json(string json, string? contentType = "application/json")
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
        content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        return content;
    }

    private async Task EndAsync(string recording)
    {
        using var stop = Json("""{"action":"stop"}""");
        await Server.CallAsync(HttpMethod.Put, $"{App}/recordings/{recording}", plain.Owner.WriteToken, stop);
        await Server.UntilAsync($"/recordings/{recording}", each => (string)each["status"]! is "UPLOADED" or "ERRORED");
    }

    private Task<PlainReply> GetAsync(string path) => Server.CallAsync(HttpMethod.Get, App + path, plain.Owner.WriteToken);

    private async Task<PlainReply> PostAsync(string path, HttpContent? content)
    {
        using (content)
        {
            return await Server.CallAsync(HttpMethod.Post, App + path, plain.Owner.WriteToken, content);
        }
    }
}
