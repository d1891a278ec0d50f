using System.Text.Json.Nodes;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class MeetingTests(SharedHost shared)
{
    private const string Full =
        """
        {
          "title": " Weekly ", "persist_chat": true, "record_on_start": true, "live_stream_on_start": true, "summarize_on_end": true,
          "transcribe_on_end": true, "session_keep_alive_time_in_secs": 300, "unknown": {"a": 1},
          "ai_config": {
            "transcription": {"language": "de", "keywords": ["Roomcast"], "profanity_filter": true, "more": 1},
            "summarization": {"summary_type": "lecture", "text_format": "plain_text", "word_limit": 150}
          },
          "recording_config": {
            "max_seconds": 60, "file_name_prefix": "a_b-1",
            "video_config": {
              "codec": "H264", "width": 640, "height": 360, "export_file": true,
              "watermark": {"url": "https://example.org/w.png", "position": "right bottom", "size": {"width": 10, "height": 20}}
            },
            "audio_config": {"codec": "MP3", "channel": "mono", "export_file": false},
            "storage_config": {
              "type": "aws", "access_key": "AKIA", "secret": "hush", "bucket": "b", "region": "eu", "path": "/p", "password": "pw",
              "private_key": "pk"
            },
            "realtimekit_bucket_config": {"enabled": false},
            "live_streaming_config": {"rtmp_url": "rtmp://example.org/live/key"}
          }
        }
        """;

    private readonly ApiHost _host = shared.Host;

    [Fact]
    public async Task A_meeting_needs_nothing_and_has_the_defaults()
    {
        foreach (var body in new[] { null, "{}" })
        {
            var made = await _host.Client.PostAsync($"{_host.One.AppPath}/meetings", _host.One.WriteToken, body);
            Assert.Equal(201, made.Status);
            Assert.Equal(
                ["id", "title", "status", "persist_chat", "record_on_start", "live_stream_on_start", "summarize_on_end", "transcribe_on_end", "session_keep_alive_time_in_secs", "created_at", "updated_at"],
                made.Data.AsObject().Select(field => field.Key));
            Assert.Equal(("", "ACTIVE", 60), ((string?)made.Data["title"], (string?)made.Data["status"], (int)made.Data["session_keep_alive_time_in_secs"]!));
            Assert.False((bool)made.Data["persist_chat"]! || (bool)made.Data["record_on_start"]!);
        }
    }

    [Fact]
    public async Task A_meeting_is_made_read_and_listed_with_what_it_was_given_and_without_secrets()
    {
        var account = await _host.NewAccountAsync();
        var made = await _host.Client.PostAsync($"{account.AppPath}/meetings", account.WriteToken, Full);
        var read = await _host.Client.GetAsync($"{account.AppPath}/meetings/{made.Data["id"]}?name=ignored", account.ReadToken);
        var list = await _host.Client.GetAsync($"{account.AppPath}/meetings", account.ReadToken);

        Assert.Equal(201, made.Status);
        Assert.True(JsonNode.DeepEquals(made.Data, read.Data));
        Assert.Equal("Weekly", (string?)made.Data["title"]);
        Assert.Equal(300, (int)made.Data["session_keep_alive_time_in_secs"]!);
        var expected = JsonNode.Parse(Full)!;
        expected["ai_config"]!["transcription"]!.AsObject().Remove("more");
        Assert.True(JsonNode.DeepEquals(expected["ai_config"], made.Data["ai_config"]));
        foreach (var secret in new[] { "access_key", "secret", "password", "private_key" })
        {
            expected["recording_config"]!["storage_config"]!.AsObject().Remove(secret);
        }

        expected["recording_config"]!["live_streaming_config"]!["rtmp_url"] = "rtmp://example.org/live/***";
        Assert.True(JsonNode.DeepEquals(expected["recording_config"], made.Data["recording_config"]));
        var listed = made.Data.DeepClone();
        listed.AsObject().Remove("ai_config");
        Assert.True(JsonNode.DeepEquals(listed, Assert.Single(list.Data.AsArray())));
        Assert.Equal((1, 1, 1), list.Paging);

        // What is not told is kept: a recording needs it.
        var id = new MeetingId(Guid.Parse((string)made.Data["id"]!));
        var kept = await _host.Service<MeetingStore>().FindAsync(account.First.Id, id, CancellationToken.None);
        Assert.Contains("hush", kept!.Settings.RecordingConfig, StringComparison.Ordinal);
        Assert.DoesNotContain(_host.Logbook.Lines, line => line.Contains("hush", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_change_leaves_what_it_does_not_name_and_merges_configurations()
    {
        var account = await _host.NewAccountAsync();
        var made = await _host.Client.PostAsync($"{account.AppPath}/meetings", account.WriteToken, Full);
        var path = $"{account.AppPath}/meetings/{made.Data["id"]}";
        _host.Clock.Advance(TimeSpan.FromSeconds(1));

        var unchanged = await _host.Client.PatchAsync(path, account.WriteToken, "{}");
        Assert.Equal(200, unchanged.Status);
        Assert.NotEqual((string?)made.Data["updated_at"], (string?)unchanged.Data["updated_at"]);
        unchanged.Data["updated_at"] = (string?)made.Data["updated_at"];
        Assert.True(JsonNode.DeepEquals(made.Data, unchanged.Data));

        var changed = await _host.Client.PatchAsync(
            path,
            account.WriteToken,
            """
            {"status":"INACTIVE","title":null,"record_on_start":null,
             "ai_config":{"summarization":{"word_limit":1000}},
             "recording_config":{"video_config":{"width":1920},"storage_config":null}}
            """);
        Assert.Equal(("INACTIVE", "", false), ((string?)changed.Data["status"], (string?)changed.Data["title"], (bool)changed.Data["record_on_start"]!));
        Assert.Equal(1_000, (int)changed.Data["ai_config"]!["summarization"]!["word_limit"]!);
        Assert.Equal("lecture", (string?)changed.Data["ai_config"]!["summarization"]!["summary_type"]);
        Assert.Equal("de", (string?)changed.Data["ai_config"]!["transcription"]!["language"]);
        Assert.Equal((1_920, 360), ((int)changed.Data["recording_config"]!["video_config"]!["width"]!, (int)changed.Data["recording_config"]!["video_config"]!["height"]!));
        Assert.Null(changed.Data["recording_config"]!["storage_config"]);
        Assert.True((bool)changed.Data["persist_chat"]!);
        Assert.Contains(_host.Sessions.Told.OfType<Meeting>(), told => told.Id.ToString() == (string?)made.Data["id"] && told.Status == MeetingStatus.Inactive);
    }

    [Fact]
    public async Task What_was_kept_under_other_rules_does_not_hold_up_a_change_of_something_else()
    {
        var account = await _host.NewAccountAsync();
        var settings = new MeetingSettings { RecordingConfig = """{"storage_config":{"type":"gcs"}}""" };
        var meeting = await _host.Service<MeetingStore>().CreateAsync(account.First.Id, "Kept", settings, CancellationToken.None);
        var path = $"{account.AppPath}/meetings/{meeting.Id}";

        var other = await _host.Client.PatchAsync(path, account.WriteToken, """{"title":"Other"}""");
        Assert.Equal((200, "Other"), (other.Status, (string?)other.Data["title"]));
        var same = await _host.Client.PatchAsync(path, account.WriteToken, """{"recording_config":{"max_seconds":90}}""");
        Assert.Equal((400, "/recording_config/storage_config/secret"), (same.Status, Assert.Single(same.Sources)));
    }

    [Fact]
    public async Task A_region_of_azure_may_be_empty_and_must_be_there()
    {
        var made = await _host.Client.PostAsync(
            $"{_host.One.AppPath}/meetings",
            _host.One.WriteToken,
            """{"recording_config":{"storage_config":{"type":"azure","access_key":"k","region":""}}}""");
        Assert.Equal((201, ""), (made.Status, (string?)made.Data["recording_config"]!["storage_config"]!["region"]));
    }

    [Fact]
    public async Task Null_takes_back_any_field_of_a_configuration_and_leaves_the_others()
    {
        string[] required = ["storage_config/type", "storage_config/access_key", "storage_config/region", "realtimekit_bucket_config/enabled"];
        var account = await _host.NewAccountAsync();
        var made = await _host.Client.PostAsync($"{account.AppPath}/meetings", account.WriteToken, Full);
        var path = $"{account.AppPath}/meetings/{made.Data["id"]}";
        var fields = new[] { "ai_config", "recording_config" }.SelectMany(config => FieldsOf(made.Data[config]!.AsObject(), config)).ToArray();
        Assert.True(fields.Length > 30, $"{fields.Length} fields");
        foreach (var field in fields)
        {
            var taken = await _host.Client.PatchAsync(path, account.WriteToken, ChangeOf(field).ToJsonString());
            if (required.Any(end => field.EndsWith(end, StringComparison.Ordinal)))
            {
                Assert.Equal([$"/{field}"], taken.Sources);
                continue;
            }

            Assert.Equal((200, field), (taken.Status, field));
            var expected = made.Data.DeepClone();
            var steps = field.Split('/');
            steps[..^1].Aggregate(expected, (node, step) => node[step]!).AsObject().Remove(steps[^1]);
            expected["updated_at"] = (string?)taken.Data["updated_at"];
            Assert.True(JsonNode.DeepEquals(expected, taken.Data), $"{field}: {taken.Data.ToJsonString()}");

            // And back again, keys and passwords too.
            Assert.Equal(200, (await _host.Client.SendAsync(HttpMethod.Put, path, account.WriteToken, Full)).Status);
        }

        static IEnumerable<string> FieldsOf(JsonObject fields, string at) => fields.SelectMany(field =>
            (field.Value is JsonObject inner ? FieldsOf(inner, $"{at}/{field.Key}") : []).Append($"{at}/{field.Key}"));

        static JsonObject ChangeOf(string field) => field.Split('/').Reverse().Aggregate(
            (JsonObject?)null, (inner, step) => new JsonObject { [step] = inner })!;
    }

    [Fact]
    public async Task Null_in_a_new_configuration_is_as_if_it_were_not_there()
    {
        const string Nulls =
            """
            {
              "ai_config": {"transcription": null, "summarization": {"summary_type": null, "word_limit": 200}},
              "recording_config": {"max_seconds": null, "file_name_prefix": null, "video_config": {"codec": null, "watermark": {"url": null}},
                                   "audio_config": null, "storage_config": null, "realtimekit_bucket_config": null, "live_streaming_config": {"rtmp_url": null}}
            }
            """;
        var account = await _host.NewAccountAsync();
        var made = await _host.Client.PostAsync($"{account.AppPath}/meetings", account.WriteToken, Nulls);
        Assert.Equal(201, made.Status);
        var other = await _host.Client.PostAsync($"{account.AppPath}/meetings", account.WriteToken, Full);
        var put = await _host.Client.SendAsync(HttpMethod.Put, $"{account.AppPath}/meetings/{other.Data["id"]}", account.WriteToken, Nulls);
        foreach (var reply in new[] { made, put })
        {
            Assert.Equal("""{"summarization":{"word_limit":200}}""", reply.Data["ai_config"]!.ToJsonString());
            Assert.Equal(
                """{"video_config":{"watermark":{}},"live_streaming_config":{}}""", reply.Data["recording_config"]!.ToJsonString());
        }
    }

    [Theory]
    [InlineData("90")]
    [InlineData("90.0")]
    [InlineData("9e1")]
    [InlineData("900e-1")]
    [InlineData("0.09E+3")]
    public async Task A_whole_number_is_one_however_it_is_spelled(string number)
    {
        var made = await _host.Client.PostAsync(
            $"{_host.One.AppPath}/meetings",
            _host.One.WriteToken,
            $$$"""{"session_keep_alive_time_in_secs":{{{number}}},"recording_config":{"max_seconds":{{{number}}}}}""");
        Assert.Equal(201, made.Status);
        Assert.Equal("90", made.Data["session_keep_alive_time_in_secs"]!.ToJsonString());
        Assert.Equal("90", made.Data["recording_config"]!["max_seconds"]!.ToJsonString());
    }

    [Fact]
    public async Task A_meeting_without_a_title_can_be_sent_back_as_it_was_told()
    {
        var made = await _host.Client.PostAsync($"{_host.One.AppPath}/meetings", _host.One.WriteToken, """{"title":""}""");
        Assert.Equal((201, ""), (made.Status, (string?)made.Data["title"]));
        var path = $"{_host.One.AppPath}/meetings/{made.Data["id"]}";
        Assert.Equal(200, (await _host.Client.SendAsync(HttpMethod.Put, path, _host.One.WriteToken, made.Data.ToJsonString())).Status);
        Assert.Equal(200, (await _host.Client.PatchAsync(path, _host.One.WriteToken, made.Data.ToJsonString())).Status);
    }

    [Fact]
    public async Task The_key_of_an_address_to_push_to_is_told_to_nobody_and_kept_when_what_was_told_comes_back()
    {
        var account = await _host.NewAccountAsync();
        var made = await _host.Client.PostAsync($"{account.AppPath}/meetings", account.WriteToken, Full);
        var path = $"{account.AppPath}/meetings/{made.Data["id"]}";
        var id = new MeetingId(Guid.Parse((string)made.Data["id"]!));
        async Task<string?> KeptAsync() => (string?)JsonNode.Parse(
            (await _host.Service<MeetingStore>().FindAsync(account.First.Id, id, CancellationToken.None))!.Settings.RecordingConfig!)!["live_streaming_config"]!["rtmp_url"];
        static string Body(string url) => new JsonObject
        {
            ["recording_config"] = new JsonObject { ["live_streaming_config"] = new JsonObject { ["rtmp_url"] = url } },
        }.ToJsonString();

        foreach (var method in new[] { HttpMethod.Patch, HttpMethod.Put })
        {
            var back = await _host.Client.SendAsync(method, path, account.WriteToken, Body("rtmp://example.org/live/***"));
            Assert.Equal(200, back.Status);
            Assert.Equal("rtmp://example.org/live/key", await KeptAsync());
            Assert.Equal("rtmp://example.org/live/***", (string?)back.Data["recording_config"]!["live_streaming_config"]!["rtmp_url"]);
        }

        await _host.Client.PatchAsync(path, account.WriteToken, Body("rtmp://example.org/live/other"));
        Assert.Equal("rtmp://example.org/live/other", await KeptAsync());
    }

    [Fact]
    public async Task Replacing_brings_back_the_defaults_and_keeps_status_and_id()
    {
        var account = await _host.NewAccountAsync();
        var made = await _host.Client.PostAsync($"{account.AppPath}/meetings", account.WriteToken, Full);
        var path = $"{account.AppPath}/meetings/{made.Data["id"]}";
        await _host.Client.PatchAsync(path, account.WriteToken, """{"status":"INACTIVE"}""");

        var replaced = await _host.Client.SendAsync(HttpMethod.Put, path, account.WriteToken, """{"title":"New","status":"ACTIVE","transcribe_on_end":true}""");
        Assert.Equal(200, replaced.Status);
        Assert.Equal(("New", "INACTIVE", (string?)made.Data["id"]), ((string?)replaced.Data["title"], (string?)replaced.Data["status"], (string?)replaced.Data["id"]));
        Assert.Equal((60, false, true), ((int)replaced.Data["session_keep_alive_time_in_secs"]!, (bool)replaced.Data["persist_chat"]!, (bool)replaced.Data["transcribe_on_end"]!));
        Assert.Null(replaced.Data["ai_config"]);
        Assert.Null(replaced.Data["recording_config"]);
        Assert.Equal((string?)made.Data["created_at"], (string?)replaced.Data["created_at"]);
    }

    [Fact]
    public async Task Every_faulty_field_is_named_at_once()
    {
        var reply = await _host.Client.PostAsync(
            $"{_host.One.AppPath}/meetings",
            _host.One.WriteToken,
            """
            {
              "title": 7, "persist_chat": null, "record_on_start": "yes", "live_stream_on_start": 1, "summarize_on_end": null,
              "transcribe_on_end": [], "session_keep_alive_time_in_secs": 59,
              "ai_config": {"transcription": {"language": "x", "keywords": [1], "profanity_filter": 0},
                            "summarization": {"summary_type": "gossip", "text_format": "html", "word_limit": 149}},
              "recording_config": {
                "max_seconds": 86401, "file_name_prefix": "a/b",
                "video_config": {"codec": "AV1", "width": 0, "height": 1921, "export_file": "no",
                                 "watermark": {"url": "ftp://x/", "position": "middle", "size": {"width": 0, "height": "1"}}},
                "audio_config": {"codec": "OPUS", "channel": "5.1", "export_file": 1},
                "storage_config": {"type": "floppy", "auth_method": "NONE", "port": 0, "bucket": 1},
                "realtimekit_bucket_config": {},
                "live_streaming_config": {"rtmp_url": "https://example.org"}
              }
            }
            """);

        Assert.Equal((400, 40001), (reply.Status, reply.Code));
        Assert.Equal(
            [
                "/title", "/persist_chat", "/record_on_start", "/live_stream_on_start", "/summarize_on_end", "/transcribe_on_end",
                "/session_keep_alive_time_in_secs",
                "/ai_config/transcription/language", "/ai_config/transcription/keywords/0", "/ai_config/transcription/profanity_filter",
                "/ai_config/summarization/summary_type", "/ai_config/summarization/text_format", "/ai_config/summarization/word_limit",
                "/recording_config/max_seconds", "/recording_config/file_name_prefix",
                "/recording_config/video_config/codec", "/recording_config/video_config/width", "/recording_config/video_config/height",
                "/recording_config/video_config/export_file", "/recording_config/video_config/watermark/url",
                "/recording_config/video_config/watermark/position", "/recording_config/video_config/watermark/size/width",
                "/recording_config/video_config/watermark/size/height",
                "/recording_config/audio_config/codec", "/recording_config/audio_config/channel", "/recording_config/audio_config/export_file",
                "/recording_config/storage_config/type", "/recording_config/storage_config/bucket",
                "/recording_config/storage_config/auth_method", "/recording_config/storage_config/port",
                "/recording_config/realtimekit_bucket_config/enabled", "/recording_config/live_streaming_config/rtmp_url",
            ],
            reply.Sources);
    }

    [Theory]
    [InlineData("""{"title":"\u0000"}""", "/title")]
    [InlineData("""{"title":"\ud800"}""", "/title")]
    [InlineData("""{"session_keep_alive_time_in_secs":601}""", "/session_keep_alive_time_in_secs")]
    [InlineData("""{"session_keep_alive_time_in_secs":60.5}""", "/session_keep_alive_time_in_secs")]
    [InlineData("""{"ai_config":null}""", "/ai_config")]
    [InlineData("""{"recording_config":[]}""", "/recording_config")]
    [InlineData("""{"recording_config":{"file_name_prefix":"\ud800"}}""", "/recording_config/file_name_prefix")]
    [InlineData("""{"recording_config":{"video_config":{"codec":"VP8"},"audio_config":{"codec":"AAC"}}}""", "/recording_config/audio_config/codec")]
    [InlineData("""{"recording_config":{"storage_config":{}}}""", "/recording_config/storage_config/type")]
    [InlineData("""{"recording_config":{"storage_config":{"type":"azure","access_key":"k"}}}""", "/recording_config/storage_config/region")]
    [InlineData("""{"recording_config":{"storage_config":{"type":"aws","access_key":"","region":"r"}}}""", "/recording_config/storage_config/access_key")]
    [InlineData("""{"recording_config":{"storage_config":{"type":"digitalocean","access_key":"k","region":""}}}""", "/recording_config/storage_config/region")]
    [InlineData("""{"recording_config":{"storage_config":{"type":"azure","access_key":"","region":""}}}""", "/recording_config/storage_config/access_key")]
    [InlineData("""{"recording_config":{"storage_config":{"type":"gcs","secret":""}}}""", "/recording_config/storage_config/secret")]
    [InlineData("""{"recording_config":{"storage_config":{"type":"sftp","auth_method":"PASSWORD","password":""}}}""", "/recording_config/storage_config/password")]
    [InlineData("""{"recording_config":{"storage_config":{"type":"aws","access_key":"k","region":"r","host":"10.0.0.1"}}}""", "/recording_config/storage_config/host")]
    [InlineData("""{"recording_config":{"storage_config":{"type":"azure","access_key":"k","region":"","host":"http://localhost:10000"}}}""", "/recording_config/storage_config/host")]
    [InlineData("""{"recording_config":{"storage_config":{"type":"sftp","auth_method":"PASSWORD","password":"p","host":"[::1]"}}}""", "/recording_config/storage_config/host")]
    [InlineData("""{"recording_config":{"max_seconds":90,"\ud800":1}}""", "/recording_config")]
    [InlineData("""{"recording_config":{"realtimekit_bucket_config":{"enabled":null}}}""", "/recording_config/realtimekit_bucket_config/enabled")]
    [InlineData("""{"recording_config":{"max_seconds":90.5}}""", "/recording_config/max_seconds")]
    [InlineData("""{"recording_config":{"max_seconds":1e400}}""", "/recording_config/max_seconds")]
    [InlineData("""{"recording_config":{"storage_config":{"type":"gcs"}}}""", "/recording_config/storage_config/secret")]
    [InlineData("""{"recording_config":{"storage_config":{"type":"sftp"}}}""", "/recording_config/storage_config/auth_method")]
    [InlineData("""{"recording_config":{"storage_config":{"type":"sftp","auth_method":"KEY"}}}""", "/recording_config/storage_config/private_key")]
    [InlineData("""{"recording_config":{"storage_config":{"type":"sftp","auth_method":"PASSWORD"}}}""", "/recording_config/storage_config/password")]
    [InlineData("""{"recording_config":{"storage_config":{"type":"cloudflare","access_key":"k","secret":"s","bucket":"b"}}}""", "/recording_config/storage_config/account_id")]
    public async Task A_single_fault_is_named(string body, string pointer)
    {
        var meeting = await _host.NewMeetingAsync(_host.One.First);
        foreach (var (method, path) in new[] { (HttpMethod.Post, ""), (HttpMethod.Patch, $"/{meeting.Id}"), (HttpMethod.Put, $"/{meeting.Id}") })
        {
            var reply = await _host.Client.SendAsync(method, $"{_host.One.AppPath}/meetings{path}", _host.One.WriteToken, body);
            Assert.Equal((400, pointer), (reply.Status, Assert.Single(reply.Sources)));
        }

        Assert.Equal(meeting, await _host.Service<MeetingStore>().FindAsync(_host.One.First.Id, meeting.Id, CancellationToken.None));
    }

    [Fact]
    public async Task A_change_that_only_together_makes_no_sense_is_refused()
    {
        var made = await _host.Client.PostAsync($"{_host.One.AppPath}/meetings", _host.One.WriteToken, Full);
        var reply = await _host.Client.PatchAsync(
            $"{_host.One.AppPath}/meetings/{made.Data["id"]}", _host.One.WriteToken, """{"recording_config":{"video_config":{"codec":"VP9"}}}""");
        Assert.Equal((400, "/recording_config/audio_config/codec"), (reply.Status, Assert.Single(reply.Sources)));
        var taken = await _host.Client.PatchAsync(
            $"{_host.One.AppPath}/meetings/{made.Data["id"]}", _host.One.WriteToken, """{"recording_config":{"video_config":{"codec":"H264"}}}""");
        Assert.Equal(200, taken.Status);
    }

    [Fact]
    public async Task Titles_have_256_characters_at_most()
    {
        var fits = string.Concat(Enumerable.Repeat("😀", 256));
        var made = await _host.Client.PostAsync($"{_host.One.AppPath}/meetings", _host.One.WriteToken, $$"""{"title":"{{fits}}"}""");
        Assert.Equal((201, fits), (made.Status, (string?)made.Data["title"]));
        var refused = await _host.Client.PostAsync($"{_host.One.AppPath}/meetings", _host.One.WriteToken, $$"""{"title":"{{fits}}x"}""");
        Assert.Equal(400, refused.Status);
    }

    [Fact]
    public async Task Meetings_are_listed_by_search_time_status_and_page()
    {
        var account = await _host.NewAccountAsync();
        var meetings = new List<Meeting>();
        foreach (var title in new[] { "Alpha", "Beta", "Gamma 100%" })
        {
            meetings.Add(await _host.NewMeetingAsync(account.First, title));
        }

        await _host.Client.PatchAsync($"{account.AppPath}/meetings/{meetings[1].Id}", account.WriteToken, """{"status":"INACTIVE"}""");

        Assert.Equal("Gamma 100%, Beta, Alpha", await TitlesAsync(""));
        Assert.Equal("Alpha, Beta", await TitlesAsync("sort_order=asc&per_page=2"));
        Assert.Equal("Alpha", await TitlesAsync("per_page=2&page_no=2"));
        Assert.Equal("Gamma 100%", await TitlesAsync("search=gAMMA%20100%25"));
        Assert.Equal("Beta", await TitlesAsync($"search={meetings[1].Id}"));
        Assert.Equal("", await TitlesAsync("search=%25m%25"));
        Assert.Equal("Beta", await TitlesAsync("status=INACTIVE"));
        Assert.Equal("Gamma 100%, Alpha", await TitlesAsync("status=active"));
        var at = Uri.EscapeDataString(meetings[1].CreatedAt.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", null));
        Assert.Equal("Gamma 100%, Beta", await TitlesAsync($"start_time={at}"));
        Assert.Equal("Beta, Alpha", await TitlesAsync($"end_time={at}"));
        Assert.Equal("Beta", await TitlesAsync($"start_time={at}&end_time={at}"));
        Assert.Equal("Gamma 100%, Beta", await TitlesAsync($"start_time={at}&end_time={meetings[2].CreatedAt:yyyy-MM-dd}"));

        async Task<string> TitlesAsync(string query)
        {
            var list = await _host.Client.GetAsync($"{account.AppPath}/meetings?{query}", account.ReadToken);
            Assert.Equal(200, list.Status);
            return string.Join(", ", list.Data.AsArray().Select(meeting => (string?)meeting!["title"]));
        }
    }

    [Theory]
    [InlineData("page_no=-1", "page_no")]
    [InlineData("per_page=1.5", "per_page")]
    [InlineData("status=GONE", "status")]
    [InlineData("start_time=yesterday", "start_time")]
    [InlineData("start_time=2026-06-04&end_time=2026-06-03", "end_time")]
    [InlineData("start_time=2026-06-04T12:00:00Z&end_time=2026-06-04T11:59:59.999Z", "end_time")]
    [InlineData("sort_order=UP", "sort_order")]
    [InlineData("search=%00", "search")]
    public async Task A_wrong_parameter_is_named(string query, string parameter)
    {
        var reply = await _host.Client.GetAsync($"{_host.One.AppPath}/meetings?{query}", _host.One.ReadToken);
        Assert.Equal((400, parameter), (reply.Status, Assert.Single(reply.Sources)));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("00000000-0000-4000-8000-000000000000")]
    [InlineData("%20")]
    public async Task A_meeting_that_is_not_there_is_not_found(string id)
    {
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Patch, HttpMethod.Put })
        {
            var reply = await _host.Client.SendAsync(
                method, $"{_host.One.AppPath}/meetings/{id}", _host.One.WriteToken, method == HttpMethod.Get ? null : "{}");
            Assert.Equal((404, 40401), (reply.Status, reply.Code));
        }
    }

    [Fact]
    public async Task A_read_token_changes_nothing()
    {
        var meeting = await _host.NewMeetingAsync(_host.One.First);
        foreach (var route in EveryRoute.Of(_host, _host.One, _host.One.First, new Dictionary<string, string> { ["meeting_id"] = meeting.Id.ToString() })
            .Where(route => !route.IsRead))
        {
            var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, _host.One.ReadToken, route.Body);
            Assert.Equal((403, 40300), (reply.Status, reply.Code));
        }
    }
}
