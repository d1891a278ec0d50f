using System.Text.Json.Nodes;
using Roomcast.Egress.Recording;
using Roomcast.Media;
using Roomcast.Media.Codecs;
using Roomcast.Media.Time;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class RecordingTests(SharedHost shared)
{
    private static readonly Track Video = TrackFactory.TryCreate(0, Codec.H264, CodecSamples.AvcHigh, out var track, out var fault)
        ? track
        : throw new InvalidOperationException(fault.ToString());

    private readonly ApiHost _host = shared.Host;

    [Fact]
    public async Task A_recording_is_started_shown_paused_resumed_and_stopped()
    {
        var account = await _host.NewAccountAsync();
        var meeting = await NewMeetingAsync(account);
        var started = await SendAsync(account, HttpMethod.Post, "/recordings", new JsonObject
        {
            ["meeting_id"] = meeting.Id.ToString(),
            ["file_name_prefix"] = "weekly",
            ["max_seconds"] = 3_600,
        });
        Assert.Equal(200, started.Status);
        var id = started.Data["id"]!.GetValue<string>();
        Assert.Equal("INVOKED", started.Data["status"]!.GetValue<string>());
        Assert.StartsWith($"weekly_{meeting.Id}_", started.Data["output_file_name"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("API_CALL", started.Data["start_reason"]!["reason"]!.GetValue<string>());
        Assert.Equal("ORGANIZATION", started.Data["start_reason"]!["caller"]!["type"]!.GetValue<string>());
        foreach (var field in new[] { "started_time", "stopped_time", "file_size", "download_url", "audio_download_url", "download_url_expiry", "storage_config" })
        {
            Assert.True(started.Data.AsObject().ContainsKey(field) && started.Data[field] is null, field);
        }

        Publish(meeting, 0);
        await UntilAsync(account, id, "RECORDING");
        var active = await SendAsync(account, HttpMethod.Get, $"/recordings/active-recording/{meeting.Id}");
        Assert.Equal(id, active.Data["id"]!.GetValue<string>());
        Assert.Equal("PAUSED", (await ActAsync(account, id, "pause")).Data["status"]!.GetValue<string>());
        var conflict = await ActAsync(account, id, "pause");
        Assert.Equal((409, 40902), (conflict.Status, conflict.Code));
        Assert.Equal("RECORDING", (await ActAsync(account, id, "resume")).Data["status"]!.GetValue<string>());
        Assert.Equal("UPLOADING", (await ActAsync(account, id, "stop")).Data["status"]!.GetValue<string>());
        var done = await UntilAsync(account, id, "UPLOADED");
        Assert.StartsWith($"https://live.example.org/blobs/{id}/weekly_", done["download_url"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.True(done["file_size"]!.GetValue<long>() > 0);
        Assert.Equal("API_CALL", done["stop_reason"]!["reason"]!.GetValue<string>());
        var over = await ActAsync(account, id, "stop");
        Assert.Equal((409, 40902), (over.Status, over.Code));

        // However many meetings of that title came after it.
        for (var i = 0; i < 110; i++)
        {
            await NewMeetingAsync(account);
        }

        var listed = await SendAsync(account, HttpMethod.Get, $"/recordings?meeting_id={meeting.Id}&status=UPLOADED,ERRORED&status=PAUSED&expired=false&search=week");
        var item = Assert.Single(listed.Body["data"]!.AsArray())!;
        Assert.Equal((id, meeting.Id.ToString()), (item["id"]!.GetValue<string>(), item["meeting"]!["id"]!.GetValue<string>()));
        Assert.Equal(1, listed.Body["paging"]!["total_count"]!.GetValue<int>());
        foreach (var none in new[] { "?expired=true", "?status=INVOKED", "?search=nothing-like-it", $"?meeting_id={Guid.NewGuid()}", "?meeting_id=x" })
        {
            Assert.Empty((await SendAsync(account, HttpMethod.Get, $"/recordings{none}")).Body["data"]!.AsArray());
        }
    }

    [Fact]
    public async Task One_that_began_with_its_meeting_says_so_and_names_nobody()
    {
        var account = await _host.NewAccountAsync();
        var meeting = await NewMeetingAsync(account);
        var begun = await _host.Service<Recordings>().StartAsync(
            new RecordingWish(
                account.First.Id, meeting.Id.Value, RecordingKind.Composite, new RecordingPlan(), false, RecordingStartReason.OnStart, Caller: null),
            CancellationToken.None);
        var id = begun.Recording!.Id.ToString();
        var told = await SendAsync(account, HttpMethod.Get, $"/recordings/{id}");
        Assert.Equal("RECORD_ON_START", told.Data["start_reason"]!["reason"]!.GetValue<string>());
        Assert.False(told.Data["start_reason"]!.AsObject().ContainsKey("caller"));
        await ActAsync(account, id, "stop");
        await UntilAsync(account, id, "ERRORED");
    }

    [Fact]
    public async Task What_is_not_there_or_runs_already_is_told_with_its_code()
    {
        var account = await _host.NewAccountAsync();
        var meeting = await NewMeetingAsync(account);
        var quiet = await _host.NewMeetingAsync(account.First, "quiet");
        Assert.Equal((404, 40402), await CodeOfAsync(account, HttpMethod.Post, "/recordings", Body(quiet)));
        Assert.Equal((404, 40401), await CodeOfAsync(account, HttpMethod.Post, "/recordings", new JsonObject { ["meeting_id"] = Guid.NewGuid().ToString() }));
        Assert.Equal((400, 40001), await CodeOfAsync(account, HttpMethod.Post, "/recordings", []));
        Assert.Equal((404, 40403), await CodeOfAsync(account, HttpMethod.Get, $"/recordings/active-recording/{meeting.Id}"));
        Assert.Equal((404, 40401), await CodeOfAsync(account, HttpMethod.Get, $"/recordings/active-recording/{Guid.NewGuid()}"));
        Assert.Equal((404, 40401), await CodeOfAsync(account, HttpMethod.Get, $"/recordings/{Guid.NewGuid()}"));
        Assert.Equal((404, 40401), await CodeOfAsync(account, HttpMethod.Get, "/recordings/x"));
        Assert.Equal((404, 40401), await CodeOfAsync(account, HttpMethod.Put, $"/recordings/{Guid.NewGuid()}", new JsonObject { ["action"] = "stop" }));
        Assert.Equal((400, 40001), await CodeOfAsync(account, HttpMethod.Put, $"/recordings/{Guid.NewGuid()}", new JsonObject { ["action"] = "rewind" }));
        Assert.Equal((400, 40001), await CodeOfAsync(account, HttpMethod.Put, $"/recordings/{Guid.NewGuid()}", []));
        Assert.Equal((400, 40001), await CodeOfAsync(account, HttpMethod.Get, "/recordings?status=LOST"));

        var first = await SendAsync(account, HttpMethod.Post, "/recordings", Body(meeting));
        Assert.Equal((409, 40901), await CodeOfAsync(account, HttpMethod.Post, "/recordings", Body(meeting)));
        var second = Body(meeting);
        second["allow_multiple_recordings"] = true;
        var other = await SendAsync(account, HttpMethod.Post, "/recordings", second);
        Assert.Equal(200, other.Status);
        foreach (var started in new[] { first, other })
        {
            await ActAsync(account, started.Data["id"]!.GetValue<string>(), "stop");
            Assert.NotNull((await UntilAsync(account, started.Data["id"]!.GetValue<string>(), "ERRORED"))["err_message"]);
        }
    }

    [Theory]
    [InlineData("""{"video_config":{"codec":"AV1"}}""", "/video_config/codec")]
    [InlineData("""{"video_config":{"codec":"VP8"},"audio_config":{"codec":"AAC"}}""", "/audio_config/codec")]
    [InlineData("""{"video_config":{"codec":"VP9"},"audio_config":{"codec":"MP3","channel":"mono"}}""", "/audio_config/codec")]
    [InlineData("""{"video_config":{"width":1921}}""", "/video_config/width")]
    [InlineData("""{"video_config":{"height":0}}""", "/video_config/height")]
    [InlineData("""{"video_config":{"export_file":false}}""", "/video_config/export_file")]
    [InlineData("""{"audio_config":{"codec":"OGG"}}""", "/audio_config/codec")]
    [InlineData("""{"audio_config":{"channel":"quad"}}""", "/audio_config/channel")]
    [InlineData("""{"max_seconds":59}""", "/max_seconds")]
    [InlineData("""{"file_name_prefix":"a/b"}""", "/file_name_prefix")]
    [InlineData("""{"interactive_config":{"type":"SCTE35"}}""", "/interactive_config/type")]
    [InlineData("""{"interactive_config":{}}""", "/interactive_config/type")]
    [InlineData("""{"interactive_config":"ID3"}""", "/interactive_config")]
    [InlineData("""{"interactive_config":{"type":"ID3"},"type":"track"}""", "/interactive_config")]
    [InlineData("""{"interactive_config":{"type":"ID3"},"video_config":{"codec":"VP8"}}""", "/video_config/codec")]
    [InlineData("""{"interactive_config":{"type":"ID3"},"video_config":{"codec":"VP9"}}""", "/video_config/codec")]
    [InlineData("""{"interactive_config":{"type":"ID3"},"video_config":{"export_file":false},"audio_config":{}}""", "/video_config/export_file")]
    [InlineData("""{"interactive_config":{"type":"ID3"},"audio_config":{"codec":"MP3"}}""", "/audio_config/codec")]
    [InlineData("""{"interactive_config":{"type":"ID3"},"realtimekit_bucket_config":{"enabled":false},"rtmp_out_config":{"rtmp_url":"rtmp://example.org/live/key"}}""", "/interactive_config")]
    [InlineData("""{"url":"https://example.org","type":"track"}""", "/url")]
    [InlineData("""{"url":"file:///etc/passwd"}""", "/url")]
    [InlineData("""{"url":"http://127.0.0.1:9000/"}""", "/url")]
    [InlineData("""{"url":"http://localhost:9000/"}""", "/url")]
    [InlineData("""{"url":"https://[fd00::1]/page"}""", "/url")]
    [InlineData("""{"url":"http://169.254.169.254/latest"}""", "/url")]
    [InlineData("""{"storage_config":{"type":"aws","access_key":"a","region":"r","secret":"geheim","bucket":"b","host":"http://10.0.0.1:9000"}}""", "/storage_config/host")]
    [InlineData("""{"storage_config":{"type":"aws","access_key":"a","region":"r","secret":"geheim","bucket":"b","host":"localhost","port":9000}}""", "/storage_config/host")]
    [InlineData("""{"storage_config":{"type":"gcs","secret":"{}","bucket":"b","host":"https://192.168.0.7"}}""", "/storage_config/host")]
    [InlineData("""{"storage_config":{"type":"sftp","auth_method":"PASSWORD","host":"127.0.0.1","username":"u","password":"geheim"}}""", "/storage_config/host")]
    [InlineData("""{"max_seconds":90.5}""", "/max_seconds")]
    [InlineData("""{"rtmp_out_config":{"rtmp_url":"http://example.org"}}""", "/rtmp_out_config/rtmp_url")]
    [InlineData("""{"rtmp_out_config":{"rtmp_url":"rtmp://example.org/live/"}}""", "/rtmp_out_config/rtmp_url")]
    [InlineData("""{"rtmp_out_config":{"rtmp_url":"rtmp://user:geheim@example.org/live/key"}}""", "/rtmp_out_config/rtmp_url")]
    [InlineData("""{"rtmp_out_config":{"rtmp_url":"rtmp://127.0.0.1/live/geheim"}}""", "/rtmp_out_config/rtmp_url")]
    [InlineData("""{"rtmp_out_config":{"rtmp_url":"rtmps://192.168.0.7:443/live/geheim"}}""", "/rtmp_out_config/rtmp_url")]
    [InlineData("""{"live_streaming_config":{"rtmp_url":"rtmp://127.0.0.1/live/geheim"}}""", "/live_streaming_config/rtmp_url")]
    [InlineData("""{"type":"track","rtmp_out_config":{"rtmp_url":"rtmp://example.org/live/key"}}""", "/rtmp_out_config/rtmp_url")]
    [InlineData("""{"realtimekit_bucket_config":{"enabled":false}}""", "/realtimekit_bucket_config/enabled")]
    [InlineData("""{"storage_config":{"type":"gcs","secret":"{}"}}""", "/storage_config/secret")]
    [InlineData("""{"storage_config":{"type":"aws","access_key":"a","region":"r","secret":"s"}}""", "/storage_config/bucket")]
    [InlineData("""{"storage_config":{"type":"digitalocean","access_key":"a","region":"evil.example/","secret":"s","bucket":"b"}}""", "/storage_config/region")]
    [InlineData("""{"storage_config":{"type":"digitalocean","access_key":"a","region":"-nyc3","secret":"s","bucket":"b"}}""", "/storage_config/region")]
    [InlineData("""{"storage_config":{"type":"cloudflare","access_key":"a","account_id":"a123456789a123456789a123456789a123456789a123456789a123456789a123","secret":"s","bucket":"b"}}""", "/storage_config/account_id")]
    [InlineData("""{"storage_config":{"type":"sftp","auth_method":"PASSWORD","host":"h","username":" ","password":"p"}}""", "/storage_config/username")]
    public async Task What_cannot_be_had_is_refused_and_named(string fields, string pointer)
    {
        var account = await _host.NewAccountAsync();
        var meeting = await NewMeetingAsync(account);
        var body = JsonNode.Parse(fields)!.AsObject();
        body["meeting_id"] = meeting.Id.ToString();
        var refused = await SendAsync(account, HttpMethod.Post, "/recordings", body);
        Assert.Equal(400, refused.Status);
        Assert.Contains(refused.Body["errors"]!.AsArray(), fault => fault!["source"]?["pointer"]?.GetValue<string>() == pointer);
        Assert.DoesNotContain("geheim", refused.Body.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_that_does_not_go_with_timed_metadata_is_named_at_once_and_what_goes_is_an_archive()
    {
        var account = await _host.NewAccountAsync();
        var meeting = await NewMeetingAsync(account);
        var body = Body(meeting);
        body["interactive_config"] = new JsonObject { ["type"] = "ID3" };
        body["video_config"] = new JsonObject { ["codec"] = "VP9", ["export_file"] = false };
        body["audio_config"] = new JsonObject();
        var refused = await SendAsync(account, HttpMethod.Post, "/recordings", body);
        Assert.Equal(
            ["/video_config/codec", "/video_config/export_file"],
            refused.Body["errors"]!.AsArray().Select(fault => fault!["source"]!["pointer"]!.GetValue<string>()).Order());

        body["video_config"] = new JsonObject { ["codec"] = "H264" };
        var started = await SendAsync(account, HttpMethod.Post, "/recordings", body);
        Assert.Equal(200, started.Status);
        Assert.EndsWith(".tar", started.Data["output_file_name"]!.GetValue<string>(), StringComparison.Ordinal);
        var id = started.Data["id"]!.GetValue<string>();
        var kept = await _host.Service<Recordings>().FindAsync(account.First.Id, new RecordingId(Guid.Parse(id)), CancellationToken.None);
        Assert.True(kept!.Plan.HoldsMessages);
        await ActAsync(account, id, "stop");
        await UntilAsync(account, id, "ERRORED");
    }

    [Fact]
    public async Task The_request_goes_before_the_meetings_configuration_and_keys_are_never_told()
    {
        var account = await _host.NewAccountAsync();
        var meeting = await NewMeetingAsync(account, """
            {"file_name_prefix":"meeting","audio_config":{"codec":"AAC"},
             "storage_config":{"type":"aws","access_key":"AKIA-GEHEIM","secret":"GEHEIM","region":"eu-1","bucket":"mine","path":"team"}}
            """);
        var started = await SendAsync(account, HttpMethod.Post, "/recordings", Body(meeting));
        Assert.StartsWith("meeting_", started.Data["output_file_name"]!.GetValue<string>(), StringComparison.Ordinal);
        var storage = started.Data["storage_config"]!;
        Assert.Equal(("aws", "mine", "team"), (storage["type"]!.GetValue<string>(), storage["bucket"]!.GetValue<string>(), storage["path"]!.GetValue<string>()));
        Assert.DoesNotContain("GEHEIM", started.Body.ToJsonString(), StringComparison.Ordinal);

        var kept = (await _host.Service<Recordings>().FindAsync(
            account.First.Id, new RecordingId(Guid.Parse(started.Data["id"]!.GetValue<string>())), CancellationToken.None))!;
        var target = Assert.IsType<S3Target>(kept.Plan.Target);
        Assert.Equal(("mine", "AKIA-GEHEIM", "team/"), (target.Bucket, target.AccessKey, target.Prefix));
        Assert.True(kept.Plan.ExportsAudio);
        await ActAsync(account, kept.Id.ToString(), "stop");
        await UntilAsync(account, kept.Id.ToString(), "ERRORED");

        var own = Body(meeting);
        own["file_name_prefix"] = "request";
        own["storage_config"] = null;
        var other = await SendAsync(account, HttpMethod.Post, "/recordings", own);
        Assert.StartsWith("request_", other.Data["output_file_name"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Null(other.Data["storage_config"]);
        await ActAsync(account, other.Data["id"]!.GetValue<string>(), "stop");
        await UntilAsync(account, other.Data["id"]!.GetValue<string>(), "ERRORED");
    }

    [Theory]
    [InlineData("""{"type":"aws"}""", "access_key secret bucket region")]
    [InlineData("""{"type":"digitalocean","region":""}""", "access_key secret bucket region")]
    [InlineData("""{"type":"cloudflare","access_key":""}""", "access_key secret bucket account_id")]
    [InlineData("""{"type":"azure"}""", "access_key secret bucket region")]
    [InlineData("""{"type":"azure","access_key":"ge/heim","secret":"no Base64, geheim","bucket":"a/b","region":"","host":"x y","path":"a/../b"}""", "access_key secret bucket host path")]
    [InlineData("""{"type":"azure","access_key":"a","secret":"Z2VoZWlt","bucket":"c","region":"","host":"https://u:geheim@example.org"}""", "host")]
    [InlineData("""{"type":"sftp"}""", "host username auth_method")]
    [InlineData("""{"type":"sftp","auth_method":"KEY"}""", "host username private_key")]
    [InlineData("""{"type":"sftp","auth_method":"PASSWORD","host":"h","username":""}""", "username password")]
    [InlineData("""{"type":"sftp","auth_method":"KEY","host":"a b","username":"u","private_key":"geheim","host_key_fingerprint":"MD5:geheim","path":"../a"}""", "host private_key host_key_fingerprint path")]
    [InlineData("""{"type":"gcs"}""", "secret bucket")]
    [InlineData("""{"type":"gcs","secret":"geheim","bucket":"b","host":"ftp://x"}""", "secret host")]
    [InlineData("""{"type":"gcs","secret":"{\"type\":\"service_account\",\"client_email\":\"a\",\"private_key\":\"geheim\"}","bucket":"b","path":"a/./b"}""", "secret path")]
    public async Task Every_field_of_a_storage_that_is_missing_or_wrong_is_named_at_once_and_no_value_is_told(string storage, string fields)
    {
        var account = await _host.NewAccountAsync();
        var body = Body(await NewMeetingAsync(account));
        body["storage_config"] = JsonNode.Parse(storage);
        var refused = await SendAsync(account, HttpMethod.Post, "/recordings", body);
        Assert.Equal(400, refused.Status);
        Assert.Equal(
            fields.Split(' ').Select(field => $"/storage_config/{field}").Order(StringComparer.Ordinal),
            refused.Body["errors"]!.AsArray().Select(fault => fault!["source"]!["pointer"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        Assert.DoesNotContain("geheim", refused.Body.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"azure","access_key":"acc","secret":"R0VIRUlN","bucket":"c","region":"","path":"/a/b/"}""", "container c at Azure account acc")]
    [InlineData("""{"type":"azure","access_key":"acc","secret":"R0VIRUlN","bucket":"c","region":"","host":"acc.blob.example.cn"}""", "container c at https://acc.blob.example.cn")]
    [InlineData("""{"type":"azure","access_key":"acc","secret":"R0VIRUlN","bucket":"c","region":"","host":"http://storage.example.net","port":10000}""", "container c at http://storage.example.net:10000/acc")]
    [InlineData("""{"type":"sftp","auth_method":"PASSWORD","host":"h.example.org","username":"u","password":"R0VIRUlN","path":"/a/"}""", "folder /a at sftp://h.example.org:22")]
    [InlineData("""{"type":"sftp","auth_method":"PASSWORD","host":"sftp.example.net","port":2222,"username":"u","password":"R0VIRUlN","host_key_fingerprint":"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""", "folder of the login at sftp://sftp.example.net:2222")]
    public async Task Each_kind_of_storage_leads_where_it_says_and_its_keys_are_never_told(string storage, string target)
    {
        var account = await _host.NewAccountAsync();
        var given = JsonNode.Parse(storage)!.AsObject();
        var body = Body(await NewMeetingAsync(account));
        body["storage_config"] = given.DeepClone();
        var started = await SendAsync(account, HttpMethod.Post, "/recordings", body);
        Assert.Equal(200, started.Status);
        var id = started.Data["id"]!.GetValue<string>();
        var kept = (await _host.Service<Recordings>().FindAsync(account.First.Id, new RecordingId(Guid.Parse(id)), CancellationToken.None))!;
        Assert.Equal(target, kept.Plan.Target!.ToString());
        foreach (var secret in new[] { "access_key", "secret", "password", "private_key" })
        {
            given.Remove(secret);
        }

        Assert.True(JsonNode.DeepEquals(given, started.Data["storage_config"]));
        var shown = await SendAsync(account, HttpMethod.Get, $"/recordings/{id}");
        Assert.DoesNotContain("R0VIRUlN", $"{started.Body.ToJsonString()}{shown.Body.ToJsonString()}", StringComparison.Ordinal);
        await ActAsync(account, id, "stop");
        await UntilAsync(account, id, "ERRORED");
    }

    [Theory]
    [InlineData("""{"type":"sftp","host":"elsewhere.example.org"}""", "auth_method username")]
    [InlineData("""{"type":"sftp","port":2222,"username":"u"}""", "auth_method host")]
    [InlineData("""{"type":"azure","region":"","bucket":"b"}""", "access_key secret")]
    public async Task Keys_of_a_meetings_storage_are_not_carried_to_another_place_that_a_request_names(string storage, string missing)
    {
        var account = await _host.NewAccountAsync();
        var body = Body(await NewMeetingAsync(
            account,
            """{"storage_config":{"type":"sftp","auth_method":"PASSWORD","host":"h.example.org","username":"u","password":"geheim"}}"""));
        body["storage_config"] = JsonNode.Parse(storage);
        var refused = await SendAsync(account, HttpMethod.Post, "/recordings", body);
        Assert.Equal(400, refused.Status);
        Assert.Equal(
            missing.Split(' ').Select(field => $"/storage_config/{field}"),
            refused.Body["errors"]!.AsArray().Select(fault => fault!["source"]!["pointer"]!.GetValue<string>()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Storage_in_the_same_place_keeps_what_a_request_does_not_name()
    {
        var account = await _host.NewAccountAsync();
        var body = Body(await NewMeetingAsync(
            account,
            """{"storage_config":{"type":"sftp","auth_method":"PASSWORD","host":"h.example.org","username":"u","password":"geheim","path":"/a"}}"""));
        body["storage_config"] = JsonNode.Parse("""{"type":"sftp","host":"h.example.org","path":"/b"}""");
        var started = await SendAsync(account, HttpMethod.Post, "/recordings", body);
        Assert.Equal(200, started.Status);
        var id = started.Data["id"]!.GetValue<string>();
        var kept = (await _host.Service<Recordings>().FindAsync(account.First.Id, new RecordingId(Guid.Parse(id)), CancellationToken.None))!;
        Assert.Equal("geheim", Assert.IsType<SftpTarget>(kept.Plan.Target).Password);
        Assert.Equal("folder /b at sftp://h.example.org:22", kept.Plan.Target!.ToString());
        await ActAsync(account, id, "stop");
        await UntilAsync(account, id, "ERRORED");
    }

    [Fact]
    public async Task A_bucket_at_google_is_opened_by_credentials_that_are_never_told()
    {
        var account = await _host.NewAccountAsync();
        using var key = System.Security.Cryptography.RSA.Create(2_048);
        var pem = key.ExportPkcs8PrivateKeyPem();
        var meeting = await _host.Client.PostAsync($"{account.AppPath}/meetings", account.WriteToken, new JsonObject
        {
            ["recording_config"] = new JsonObject
            {
                ["storage_config"] = new JsonObject
                {
                    ["type"] = "gcs",
                    ["bucket"] = "b",
                    ["path"] = "team",
                    ["secret"] = new JsonObject
                    {
                        ["type"] = "service_account", ["client_email"] = "a@example.org", ["private_key"] = pem, ["token_uri"] = "https://example.org/token",
                    }.ToJsonString(),
                },
            },
        }.ToJsonString());
        Assert.Equal(201, meeting.Status);
        var id = Guid.Parse(meeting.Data["id"]!.GetValue<string>());
        _host.RecordedSessions.Begin(id);
        var started = await SendAsync(account, HttpMethod.Post, "/recordings", new JsonObject { ["meeting_id"] = id.ToString() });
        Assert.Equal(200, started.Status);
        Assert.Equal("""{"type":"gcs","bucket":"b","path":"team"}""", started.Data["storage_config"]!.ToJsonString());
        var recording = started.Data["id"]!.GetValue<string>();
        var kept = (await _host.Service<Recordings>().FindAsync(account.First.Id, new RecordingId(Guid.Parse(recording)), CancellationToken.None))!;
        Assert.Equal(
            new GcsTarget { Bucket = "b", Account = "a@example.org", PrivateKey = pem, TokenAddress = "https://example.org/token", Prefix = "team/" },
            kept.Plan.Target);
        Assert.DoesNotContain("PRIVATE KEY", $"{meeting.Body.ToJsonString()}{started.Body.ToJsonString()}", StringComparison.Ordinal);
        await ActAsync(account, recording, "stop");
        await UntilAsync(account, recording, "ERRORED");
    }

    [Theory]
    [InlineData("""{"video_config":{"codec":"VP8"}}""", RecordingVideoCodec.Vp8, RecordingAudioCodec.Aac, false, false, ".webm")]
    [InlineData("""{"video_config":{"codec":"VP9"},"audio_config":{"channel":"mono"}}""", RecordingVideoCodec.Vp9, RecordingAudioCodec.Aac, true, true, ".webm")]
    [InlineData("""{"audio_config":{"codec":"MP3","export_file":true}}""", RecordingVideoCodec.H264, RecordingAudioCodec.Mp3, false, true, ".mp4")]
    [InlineData("""{"audio_config":{"channel":"mono","export_file":false}}""", RecordingVideoCodec.H264, RecordingAudioCodec.Aac, true, false, ".mp4")]
    public async Task Every_codec_and_channel_of_the_contract_is_taken(
        string fields, RecordingVideoCodec video, RecordingAudioCodec audio, bool isMono, bool exportsAudio, string ending)
    {
        var account = await _host.NewAccountAsync();
        var body = JsonNode.Parse(fields)!.AsObject();
        body["meeting_id"] = (await NewMeetingAsync(account)).Id.ToString();
        var started = await SendAsync(account, HttpMethod.Post, "/recordings", body);
        Assert.True(started.Status == 200, started.Body.ToJsonString());
        Assert.EndsWith(ending, started.Data["output_file_name"]!.GetValue<string>(), StringComparison.Ordinal);
        var id = started.Data["id"]!.GetValue<string>();
        var plan = (await _host.Service<Recordings>().FindAsync(account.First.Id, new RecordingId(Guid.Parse(id)), CancellationToken.None))!.Plan;
        Assert.Equal((video, audio, isMono, exportsAudio), (plan.VideoCodec, plan.AudioCodec, plan.IsMono, plan.ExportsAudio));
        await ActAsync(account, id, "stop");
        await UntilAsync(account, id, "ERRORED");
    }

    [Fact]
    public async Task A_codec_of_the_meetings_sound_does_not_go_with_a_film_that_a_request_asks_for()
    {
        var account = await _host.NewAccountAsync();
        var body = Body(await NewMeetingAsync(account, """{"audio_config":{"codec":"AAC"}}"""));
        body["video_config"] = new JsonObject { ["codec"] = "VP9" };
        var refused = await SendAsync(account, HttpMethod.Post, "/recordings", body);
        Assert.Equal(400, refused.Status);
        Assert.Contains(refused.Body["errors"]!.AsArray(), fault => fault!["source"]?["pointer"]?.GetValue<string>() == "/audio_config/codec");
    }

    [Theory]
    [InlineData("""{"width":1281,"height":719}""", 1_282, 720)]
    [InlineData("""{"width":1,"height":1920}""", 128, 1_920)]
    [InlineData("""{"width":1919}""", 1_920, 720)]
    public async Task A_size_that_cannot_be_encoded_becomes_the_next_that_can(string video, int width, int height)
    {
        var account = await _host.NewAccountAsync();
        var body = Body(await NewMeetingAsync(account));
        body["video_config"] = JsonNode.Parse(video);
        var started = await SendAsync(account, HttpMethod.Post, "/recordings", body);
        var id = started.Data["id"]!.GetValue<string>();
        var kept = (await _host.Service<Recordings>().FindAsync(account.First.Id, new RecordingId(Guid.Parse(id)), CancellationToken.None))!;
        Assert.Equal((width, height), (kept.Plan.Width, kept.Plan.Height));
        await ActAsync(account, id, "stop");
        await UntilAsync(account, id, "ERRORED");
    }

    [Fact]
    public async Task Single_tracks_are_recorded_of_a_meeting_whose_composed_recordings_are_pushed()
    {
        var account = await _host.NewAccountAsync();
        var meeting = await NewMeetingAsync(account, """{"live_streaming_config":{"rtmp_url":"rtmp://example.org/live/key"},"file_name_prefix":"both"}""");
        var started = await SendAsync(account, HttpMethod.Post, "/recordings/track", Body(meeting));

        // Nothing is amiss with the request: it is this host that has no tracks.
        Assert.Equal((503, "This server records no single tracks."), (started.Status, started.Body["error"]!["message"]!.GetValue<string>()));
        var body = Body(meeting);
        body["rtmp_out_config"] = new JsonObject { ["rtmp_url"] = "rtmp://example.org/live/key" };
        Assert.Equal(400, (await SendAsync(account, HttpMethod.Post, "/recordings/track", body)).Status);
    }

    [Fact]
    public async Task A_prefix_that_makes_names_no_disk_takes_is_refused_wherever_it_is_given()
    {
        var account = await _host.NewAccountAsync();
        var meeting = await NewMeetingAsync(account);
        var (fits, isLong) = (new string('a', 128), new string('a', 129));
        (HttpMethod Method, string Path, Func<string, JsonObject> Body, string Pointer)[] places =
        [
            (HttpMethod.Post, "/recordings", prefix => With(new JsonObject { ["file_name_prefix"] = prefix }), "/file_name_prefix"),
            (HttpMethod.Post, "/recordings/track", prefix => With(new JsonObject { ["file_name_prefix"] = prefix }), "/file_name_prefix"),
            (HttpMethod.Post, "/recordings/track", prefix => With(new JsonObject
            {
                ["layers"] = new JsonObject { ["default"] = new JsonObject { ["file_name_prefix"] = prefix } },
            }), "/layers/default/file_name_prefix"),
            (HttpMethod.Post, "/recordings/track", prefix => With(new JsonObject
            {
                ["layers"] = new JsonArray(new JsonObject { ["file_name_prefix"] = prefix }),
            }), "/layers/0/file_name_prefix"),
            (HttpMethod.Post, "/meetings", InMeeting, "/recording_config/file_name_prefix"),
            (HttpMethod.Patch, $"/meetings/{meeting.Id}", InMeeting, "/recording_config/file_name_prefix"),
            (HttpMethod.Put, $"/meetings/{meeting.Id}", InMeeting, "/recording_config/file_name_prefix"),
        ];
        foreach (var (method, path, body, pointer) in places)
        {
            var refused = await SendAsync(account, method, path, body(isLong));
            Assert.Equal((400, pointer), (refused.Status, Assert.Single(refused.Sources)));
            var taken = await SendAsync(account, method, path, body(fits));
            Assert.NotEqual(400, taken.Status);
            if (path is "/recordings")
            {
                await ActAsync(account, taken.Data["id"]!.GetValue<string>(), "stop");
            }
        }

        JsonObject With(JsonObject body)
        {
            body["meeting_id"] = meeting.Id.ToString();
            return body;
        }

        static JsonObject InMeeting(string prefix) => new() { ["recording_config"] = new JsonObject { ["file_name_prefix"] = prefix } };
    }

    [Fact]
    public async Task A_longer_prefix_that_a_meeting_has_from_earlier_is_cut()
    {
        var account = await _host.NewAccountAsync();
        var meeting = await NewMeetingAsync(account, $$$"""{"file_name_prefix":"{{{new string('a', 256)}}}"}""");
        var started = await SendAsync(account, HttpMethod.Post, "/recordings", Body(meeting));
        Assert.StartsWith($"{new string('a', 128)}_{meeting.Id}", started.Data["output_file_name"]!.GetValue<string>(), StringComparison.Ordinal);
        await ActAsync(account, started.Data["id"]!.GetValue<string>(), "stop");
        await UntilAsync(account, started.Data["id"]!.GetValue<string>(), "ERRORED");
    }

    [Fact]
    public async Task Null_in_a_request_leaves_what_the_meeting_says()
    {
        var account = await _host.NewAccountAsync();
        var meeting = await NewMeetingAsync(account, """{"file_name_prefix":"meeting","max_seconds":120,"audio_config":{"codec":"MP3"}}""");
        var body = Body(meeting);
        foreach (var field in new[]
        {
            "file_name_prefix", "max_seconds", "video_config", "audio_config", "realtimekit_bucket_config", "live_streaming_config", "rtmp_out_config",
            "interactive_config", "url", "layers",
        })
        {
            body[field] = null;
        }

        var started = await SendAsync(account, HttpMethod.Post, "/recordings", body);
        Assert.Equal(200, started.Status);
        var id = started.Data["id"]!.GetValue<string>();
        var plan = (await _host.Service<Recordings>().FindAsync(account.First.Id, new RecordingId(Guid.Parse(id)), CancellationToken.None))!.Plan;
        Assert.Equal(("meeting", TimeSpan.FromSeconds(120), RecordingAudioCodec.Mp3), (plan.FileNamePrefix, plan.MaxLength, plan.AudioCodec));
        await ActAsync(account, id, "stop");
        await UntilAsync(account, id, "ERRORED");
    }

    [Theory]
    [InlineData("""{"layers":{"default":{"media_kind":"music"}}}""", "/layers/default/media_kind")]
    [InlineData("""{"layers":[{"media_kind":"music"}]}""", "/layers/0/media_kind")]
    [InlineData("""{"layers":[null]}""", "/layers/0")]
    [InlineData("""{"layers":"default"}""", "/layers")]
    [InlineData("""{"layers":{"default":[]}}""", "/layers/default")]
    [InlineData("""{"layers":{"default":null,"other":{"media_kind":"music"}}}""", null)]
    [InlineData("""{"layers":[]}""", null)]
    [InlineData("""{"layers":null}""", null)]
    public async Task Layers_are_named_or_listed(string fields, string? pointer)
    {
        var account = await _host.NewAccountAsync();
        var body = JsonNode.Parse(fields)!.AsObject();
        body["meeting_id"] = (await NewMeetingAsync(account)).Id.ToString();
        var answer = await SendAsync(account, HttpMethod.Post, "/recordings/track", body);
        Assert.Equal(pointer is null ? 503 : 400, answer.Status); // This host has no tracks.
        Assert.Equal(pointer, pointer is null ? null : Assert.Single(answer.Sources));
    }

    private static JsonObject Body(Meeting meeting) => new() { ["meeting_id"] = meeting.Id.ToString() };

    private async Task<Meeting> NewMeetingAsync(TestAccount account, string? recordingConfig = null)
    {
        var meeting = await _host.Service<MeetingStore>().CreateAsync(
            account.First.Id, "A week", new MeetingSettings { RecordingConfig = recordingConfig }, CancellationToken.None);
        _host.RecordedSessions.Begin(meeting.Id.Value);
        return meeting;
    }

    private Task<Reply> SendAsync(TestAccount account, HttpMethod method, string path, JsonObject? body = null) =>
        _host.Client.SendAsync(method, account.AppPath + path, account.WriteToken, body?.ToJsonString());

    private Task<Reply> ActAsync(TestAccount account, string id, string action) =>
        SendAsync(account, HttpMethod.Put, $"/recordings/{id}", new JsonObject { ["action"] = action });

    private async Task<(int Status, int Code)> CodeOfAsync(TestAccount account, HttpMethod method, string path, JsonObject? body = null)
    {
        var reply = await SendAsync(account, method, path, body);
        return (reply.Status, reply.Code);
    }

    private async Task<JsonObject> UntilAsync(TestAccount account, string id, string status)
    {
        for (var tries = 0; ; tries++)
        {
            var now = await SendAsync(account, HttpMethod.Get, $"/recordings/{id}");
            if (now.Data["status"]!.GetValue<string>() == status)
            {
                return now.Data.AsObject();
            }

            Assert.True(tries < 5_000, $"The recording is {now.Data.ToJsonString()}, not {status}.");
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }

    private void Publish(Meeting meeting, int seconds)
    {
        var session = _host.RecordedSessions.Find(meeting.Id.Value)!.Value;
        _host.Compositions.Of(session).PublishRaw([Video], [.. Enumerable.Range(0, 60).Select(i =>
        {
            var time = new MediaTime((seconds * TimeSpan.TicksPerSecond) + (i * TimeSpan.TicksPerSecond / 30));
            return Frame.CopyOf(Video.Id, time, time, TimeSpan.Zero, i % 30 == 0, [0, 0, 0, 2, 0x65, (byte)i]);
        })]);
    }
}
