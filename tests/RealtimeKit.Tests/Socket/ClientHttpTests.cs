using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Roomcast.Meetings;
using Roomcast.Meetings.Blobs;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Client;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;
using Roomcast.Storage.Blobs;
using Roomcast.Transcripts.Records;

namespace Roomcast.RealtimeKit.Tests.Socket;

public sealed class ClientHttpTests : IAsyncLifetime
{
    private static readonly string[] ClientHeaders = ["authorization", "tracing-id", "traceparent", "x-realtimekit-version", "content-type"];

    private MeetingHost _host = null!;
    private Guest _guest = null!;

    public async Task InitializeAsync()
    {
        _host = await MeetingHost.StartAsync(services => services.Configure<ClientOptions>(client =>
            client.IceServers = [new IceServer("stun:stun.example.org", null, null), new IceServer("turn:turn.example.org", "user", "secret")]));
        _guest = await _host.NewGuestAsync(await _host.NewMeetingAsync(), "Guest");
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task The_details_hold_what_the_client_reads()
    {
        var (status, body) = await SendAsync(HttpMethod.Get, "/v2/internals/participant-details");
        Assert.Equal(200, status);
        var data = body!["data"]!;
        Assert.Equal(_guest.UserId, data["participant"]!["id"]!.GetValue<string>());
        Assert.Equal("Guest", data["participant"]!["name"]!.GetValue<string>());
        Assert.Equal("Guest", data["participant"]!["custom_participant_id"]!.GetValue<string>());
        Assert.Equal("group_call_host", data["preset"]!["name"]!.GetValue<string>());
        Assert.Equal("GROUP_CALL", data["preset"]!["config"]!["view_type"]!.GetValue<string>());
        Assert.NotNull(data["preset"]!["config"]!["max_video_streams"]!["desktop"]);
        Assert.Equal("ALLOWED", data["preset"]!["permissions"]!["media"]!["audio"]!["can_produce"]!.GetValue<string>());
        Assert.NotNull(data["preset"]!["permissions"]!["plugins"]);
        Assert.NotNull(data["preset"]!["ui"]!["design_tokens"]!["colors"]!["brand"]!["500"]);
        Assert.Equal("Weekly", data["meeting"]!["title"]!.GetValue<string>());
    }

    [Fact]
    public async Task Ice_servers_are_those_of_the_settings()
    {
        var (_, body) = await SendAsync(HttpMethod.Get, "/iceservers");
        Assert.True(body!["success"]!.GetValue<bool>());
        var servers = body["iceServers"]!.AsArray();
        Assert.Equal("stun:stun.example.org", servers[0]!["urls"]!.GetValue<string>());
        Assert.Equal("secret", servers[1]!["credential"]!.GetValue<string>());
        Assert.Equal(401, (await SendAsync(HttpMethod.Get, "/iceservers", token: "x")).Status);
    }

    [Fact]
    public async Task A_chat_file_goes_up_and_comes_down()
    {
        var (status, body) = await SendAsync(
            HttpMethod.Post, "/v2/meetings/chat-upload", $$"""{"roomUUID":"{{_guest.Meeting.Id}}","filename":"notes.txt"}""");
        Assert.Equal(200, status);
        var (put, get) = (PathOf(body!["data"]!["put_location"]!), PathOf(body["data"]!["get_location"]!));
        using var content = new ByteArrayContent("hello"u8.ToArray());
        using var stored = await _host.Api.Client.Http.PutAsync(put, content);
        Assert.True(stored.IsSuccessStatusCode, $"{stored.StatusCode}");
        Assert.Equal("hello", await _host.Api.Client.Http.GetStringAsync(get));

        var elsewhere = $$"""{"roomUUID":"{{Guid.NewGuid()}}","filename":"notes.txt"}""";
        Assert.Equal(403, (await SendAsync(HttpMethod.Post, "/v2/meetings/chat-upload", elsewhere)).Status);
        Assert.Equal(400, (await SendAsync(HttpMethod.Post, "/v2/meetings/chat-upload", "{}")).Status);
        var mute = await _host.NewGuestAsync(
            _guest.Meeting, "Mute", patch: """{"permissions":{"chat":{"public":{"files":false},"private":{"files":false}}}}""");
        var own = $$"""{"roomUUID":"{{_guest.Meeting.Id}}","filename":"notes.txt"}""";
        Assert.Equal(403, (await SendAsync(HttpMethod.Post, "/v2/meetings/chat-upload", own, mute.Token)).Status);
    }

    [Fact]
    public async Task Each_participant_has_its_own_allowance_of_chat_files()
    {
        var other = await _host.NewGuestAsync(_guest.Meeting, "Other");
        var file = $$"""{"roomUUID":"{{_guest.Meeting.Id}}","filename":"notes.txt"}""";
        const string elsewhere = """{"roomUUID":"elsewhere","filename":"notes.txt"}""";
        var perHour = _host.Service<IOptions<ChatFileOptions>>().Value.UploadsPerHour;
        for (var i = 0; i < perHour; i++)
        {
            // What is refused is not counted.
            Assert.Equal(403, (await SendAsync(HttpMethod.Post, "/v2/meetings/chat-upload", elsewhere)).Status);
            Assert.Equal(200, (await SendAsync(HttpMethod.Post, "/v2/meetings/chat-upload", file)).Status);
        }

        var (wait, body) = await RefuseAsync();
        Assert.InRange(wait, (TimeSpan.FromHours(1) / perHour) - TimeSpan.FromSeconds(1), (TimeSpan.FromHours(1) / perHour) + TimeSpan.FromSeconds(1));
        Assert.False(body["success"]!.GetValue<bool>());
        Assert.Equal(200, (await SendAsync(HttpMethod.Post, "/v2/meetings/chat-upload", file, other.Token)).Status);

        _host.Clock.Advance(wait - TimeSpan.FromSeconds(3));
        Assert.InRange((await RefuseAsync()).Wait, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4));
        _host.Clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(200, (await SendAsync(HttpMethod.Post, "/v2/meetings/chat-upload", file)).Status);
        await RefuseAsync();

        async Task<(TimeSpan Wait, JsonNode Body)> RefuseAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v2/meetings/chat-upload", UriKind.Relative));
            request.Headers.Add("Authorization", $"Bearer {_guest.Token}");
            request.Content = new StringContent(file, Encoding.UTF8, "application/json");
            using var answer = await _host.Api.Client.Http.SendAsync(request);
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
            return (answer.Headers.RetryAfter!.Delta!.Value, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
        }
    }

    [Theory]
    [InlineData("GET", "/v2/meetings/x/active-transcript", 404)]
    [InlineData("GET", "/v2/meetings/x/active-livestream", 403)]
    [InlineData("POST", "/v2/meetings/x/active-livestream/stop", 403)]
    [InlineData("POST", "/v2/meetings/x/livestreams", 403)]
    [InlineData("POST", "/v2/recordings", 400)]
    [InlineData("PUT", "/v2/recordings/x", 400)]
    [InlineData("GET", "/v2/recordings/active-recording/x", 404)]
    [InlineData("GET", "/v2/nothing", 404)]
    [InlineData("POST", "/otel/logs", 200)]
    [InlineData("POST", "/api/v1/message", 200)]
    public async Task Every_call_is_answered_so_that_pages_can_read_it(string method, string path, int expected)
    {
        var (status, body) = await SendAsync(HttpMethod.Parse(method), path, method == "GET" ? null : "{}");
        Assert.Equal(expected, status);
        Assert.NotNull(body);
        using var preflight = new HttpRequestMessage(HttpMethod.Options, new Uri(path, UriKind.Relative));
        preflight.Headers.Add("Origin", "https://page.example.org");
        preflight.Headers.Add("Access-Control-Request-Method", method);
        using var answer = await _host.Api.Client.Http.SendAsync(preflight);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal("*", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Contains(method, answer.Headers.GetValues("Access-Control-Allow-Methods").Single(), StringComparison.Ordinal);
        var allowed = answer.Headers.GetValues("Access-Control-Allow-Headers").Single().ToLowerInvariant();
        Assert.All(ClientHeaders, header => Assert.Contains(header, allowed, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_may_record_starts_pauses_and_stops_and_nobody_else_does()
    {
        var host = await _host.NewGuestAsync(_guest.Meeting, "Host", patch: """{"permissions":{"can_record":true}}""");
        var other = await _host.NewGuestAsync(_guest.Meeting, "Other", patch: """{"permissions":{"can_record":false}}""");
        var start = $$"""{"meeting_id":"{{_guest.Meeting.Id}}","allow_multiple_recordings":false,"file_name_prefix":"x"}""";
        Assert.Equal(403, (await SendAsync(HttpMethod.Post, "/v2/recordings", start, other.Token)).Status);
        Assert.Equal(404, (await SendAsync(HttpMethod.Post, "/v2/recordings", start, host.Token)).Status);
        _host.Api.RecordedSessions.Begin(_guest.Meeting.Id.Value);
        var elsewhere = $$"""{"meeting_id":"{{Guid.NewGuid()}}"}""";
        Assert.Equal(403, (await SendAsync(HttpMethod.Post, "/v2/recordings", elsewhere, host.Token)).Status);

        // What the server opens in a browser is no participant's choice.
        var page = $$"""{"meeting_id":"{{_guest.Meeting.Id}}","url":"https://example.com/"}""";
        Assert.Equal(403, (await SendAsync(HttpMethod.Post, "/v2/recordings", page, host.Token)).Status);

        var (status, body) = await SendAsync(HttpMethod.Post, "/v2/recordings", start, host.Token);
        Assert.Equal(200, status);
        var path = $"/v2/recordings/{body!["data"]!["id"]!.GetValue<string>()}";
        Assert.Equal(409, (await SendAsync(HttpMethod.Post, "/v2/recordings", start, host.Token)).Status);
        Assert.Equal(200, (await SendAsync(HttpMethod.Get, $"/v2/recordings/active-recording/{_guest.Meeting.Id}", null, other.Token)).Status);
        Assert.Equal(403, (await SendAsync(HttpMethod.Put, path, """{"action":"stop"}""", other.Token)).Status);
        Assert.Equal(400, (await SendAsync(HttpMethod.Put, path, """{"action":"rewind"}""", host.Token)).Status);
        Assert.Equal(409, (await SendAsync(HttpMethod.Put, path, """{"action":"pause"}""", host.Token)).Status);
        Assert.Equal(200, (await SendAsync(HttpMethod.Put, path, """{"action":"stop"}""", host.Token)).Status);
        Assert.Equal(404, (await SendAsync(HttpMethod.Get, $"/v2/recordings/active-recording/{_guest.Meeting.Id}", null, host.Token)).Status);

        // Single tracks: told apart from a composite, which this server could record.
        var tracks = start.Replace("{", """{"type":"track",""", StringComparison.Ordinal);
        (status, body) = await SendAsync(HttpMethod.Post, "/v2/recordings", tracks, host.Token);
        Assert.Equal(503, status);
        Assert.Contains("single tracks", body!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(400, (await SendAsync(HttpMethod.Post, "/v2/recordings", tracks.Replace("track\"", "stripe\"", StringComparison.Ordinal), host.Token)).Status);
    }

    [Fact]
    public async Task Who_may_record_is_as_the_session_has_it_now()
    {
        var host = await _host.NewGuestAsync(
            _guest.Meeting, "Host", patch: """{"permissions":{"can_record":true,"can_change_participant_permissions":true}}""");
        var other = await _host.NewGuestAsync(_guest.Meeting, "Other", patch: """{"permissions":{"can_record":false}}""");
        await using var ada = await _host.JoinAsync(host);
        await using var ben = await _host.JoinAsync(other);
        _host.Api.RecordedSessions.Begin(_guest.Meeting.Id.Value);
        var start = $$"""{"meeting_id":"{{_guest.Meeting.Id}}"}""";
        Assert.Equal(403, (await SendAsync(HttpMethod.Post, "/v2/recordings", start, other.Token)).Status);

        await AllowAsync(ada, ben, canRecord: true);
        var (status, body) = await SendAsync(HttpMethod.Post, "/v2/recordings", start, other.Token);
        Assert.Equal(200, status);

        await AllowAsync(ada, ben, canRecord: false);
        var path = $"/v2/recordings/{body!["data"]!["id"]!.GetValue<string>()}";
        Assert.Equal(403, (await SendAsync(HttpMethod.Put, path, """{"action":"stop"}""", other.Token)).Status);
        Assert.Equal(200, (await SendAsync(HttpMethod.Put, path, """{"action":"stop"}""", host.Token)).Status);
    }

    private static async Task AllowAsync(SocketClient by, SocketClient whom, bool canRecord)
    {
        var update = new UpdatePeersPresetRequest
        {
            UpdatePeersPresets = { new UpdatePeerPreset { UserIds = whom.UserId, Patch = new PresetUpdates { CanRecord = canRecord } } },
        };
        await by.AskAsync(SocketEvent.UpdatePresets, update, UpdatePeersPresetResponse.Parser);
        await whom.HearAsync(
            SocketEvent.UpdatePresets, UpdatePeersPresetResponse.Parser, told => told.UpdatePeersPresets[0].Patch.CanRecord == canRecord);
    }

    [Fact]
    public async Task What_a_client_reports_of_its_devices_and_network_is_told_in_the_report_on_its_peer()
    {
        var peer = Guid.NewGuid();
        string Posted(string entries) => $$$"""{"peerId":"{{{peer}}}","payload":{"entries":[{{{entries}}}]}}""";
        const string Microphones = """
            {"event":"audio_devices_updates","timestamp":"2026-06-03T10:00:00.000Z","metaData":{"deviceList":[
                {"deviceId":"a","kind":"audioinput","label":"Headset"},{"deviceId":"b","kind":"audioinput","label":"Built in"}]}}
            """;
        const string Fewer = """{"event":"audio_devices_updates","metaData":{"deviceList":[{"deviceId":"b","kind":"audioinput","label":"Built in"}]}}""";
        const string Others = """
            {"event":"selected_microphone_update","timestamp":"2026-06-03T10:00:01.000Z","metaData":{"device":{"deviceId":"a","kind":"audioinput","label":"Headset"}}},
            {"event":"precall_end","timestamp":"2026-06-03T09:59:59.000Z","metaData":{"connectionInfo":{"effectiveNetworkType":"4g","turnConnectivity":true,"connectivity":{"reflexive":true,"relay":false}}}},
            {"event":"call_join","metaData":{"peerMetaData":{"deviceInfo":{"cpus":8}}}},
            {"event":"audio_on","metaData":{}}, 7
            """;

        // Before it has joined, twice as after a lost answer, and some of it by somebody else.
        foreach (var entries in new[] { $"{Microphones},{Others}", $"{Microphones},{Others}", Fewer })
        {
            Assert.Equal(200, (await SendAsync(HttpMethod.Post, "/api/v1/message", Posted(entries))).Status);
        }

        var stranger = await _host.NewGuestAsync(_guest.Meeting, "Stranger");
        Assert.Equal(200, (await SendAsync(HttpMethod.Post, "/api/v1/message", Posted("""{"event":"call_join","metaData":{"peerMetaData":{"deviceInfo":{"cpus":2}}}}"""), stranger.Token)).Status);
        Assert.Equal(200, (await SendAsync(HttpMethod.Post, "/api/v1/message", Posted(Fewer), "nonsense")).Status);

        var records = _host.Service<SessionRecordStore>();
        var session = await records.BeginAsync(_guest.Meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        await records.JoinAsync(
            session.Id,
            new JoiningPeer(new PeerId(peer), _guest.Participant.Id, "guest", "Guest", "group_call_host", ViewType.GroupCall),
            _host.Clock.GetUtcNow(),
            CancellationToken.None);
        var reply = await _host.Api.Client.GetAsync($"{_host.Api.One.AppPath}/sessions/peer-report/{peer}", _host.Api.One.ReadToken);
        var metadata = reply.Data["participant"]!["peer_report"]!["metadata"]!;
        var updates = metadata["audio_devices_updates"]!.AsArray();
        Assert.Equal(2, updates.Count);
        Assert.Equal(["Headset", "Built in"], updates[0]!["added"]!.AsArray().Select(device => (string)device!["label"]!));
        Assert.Equal("2026-06-03T10:00:00.000Z", (string)updates[0]!["timestamp"]!);
        Assert.Empty(updates[1]!["added"]!.AsArray());
        Assert.Equal("a", (string)Assert.Single(updates[1]!["removed"]!.AsArray())!["device_id"]!);
        Assert.Equal("Headset", (string)Assert.Single(metadata["selected_device_updates"]!.AsArray())!["device"]!["label"]!);
        var network = Assert.Single(metadata["pc_metadata"]!.AsArray())!;
        Assert.Equal(
            ("4g", true, false, true),
            ((string)network["effective_network_type"]!, (bool)network["reflexive_connectivity"]!, (bool)network["relay_connectivity"]!, (bool)network["turn_connectivity"]!));
        Assert.Equal(8, (int)metadata["device_info"]!["cpus"]!);

        var part = await _host.Api.Client.GetAsync($"{_host.Api.One.AppPath}/sessions/peer-report/{peer}?filters=precall_network_information", _host.Api.One.ReadToken);
        Assert.Equal(["pc_metadata"], part.Data["participant"]!["peer_report"]!["metadata"]!.AsObject().Select(field => field.Key));
    }

    [Fact]
    public async Task The_transcript_so_far_is_for_those_who_may_read_it()
    {
        var reader = await _host.NewGuestAsync(_guest.Meeting, "Reader", patch: """{"permissions":{"transcription_enabled":true}}""");
        await using var alice = await _host.JoinAsync(reader);
        var path = $"/v2/meetings/{_guest.Meeting.Id}/active-transcript";
        var empty = (await SendAsync(HttpMethod.Get, path, null, reader.Token)).Body!["data"]!["transcript_download_url"]!.GetValue<string>();
        using (var answer = await _host.Api.Client.Http.GetAsync(new Uri(new Uri(empty).PathAndQuery, UriKind.Relative)))
        {
            Assert.Equal((HttpStatusCode.OK, ""), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
            Assert.Equal("*", Assert.Single(answer.Headers.GetValues("Access-Control-Allow-Origin")));
        }

        var session = _host.Service<IActiveSessions>().Find(_guest.Meeting.Id)!.Value;
        var store = _host.Service<TranscriptStore>();
        await store.OpenAsync(session, CancellationToken.None);
        var at = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000);
        foreach (var (after, text) in new[] { (0, "Hello"), (4, "Well, \"yes\"") })
        {
            await store.AddAsync(
                session,
                new TranscriptLine(
                    new PeerId(Guid.Parse(alice.PeerId)), reader.Participant.Id, "reader", "Reader", at.AddSeconds(after), at.AddSeconds(after + 1), text),
                CancellationToken.None);
        }

        var (status, body) = await SendAsync(HttpMethod.Get, path, null, reader.Token);
        Assert.Equal(200, status);
        var address = new Uri(body!["data"]!["transcript_download_url"]!.GetValue<string>());
        var name = BlobName.Read(address.Segments[^2].TrimEnd('/'), address.Segments[^1])!.Value;
        var lines = await File.ReadAllLinesAsync(Path.Combine(_host.Service<IOptions<BlobOptions>>().Value.Folder, name.ToString()));
        var who = $"{alice.PeerId},{reader.UserId},reader,Reader";
        Assert.Equal([$"1790000000,{who},\"Hello\"", $"1790000004,{who},\"Well, \"\"yes\"\"\""], lines);

        // Who may not read it, or asks for another meeting's, finds none.
        Assert.Equal(404, (await SendAsync(HttpMethod.Get, path)).Status);
        var elsewhere = await _host.NewGuestAsync(
            await _host.NewMeetingAsync(), "Elsewhere", patch: """{"permissions":{"transcription_enabled":true}}""");
        Assert.Equal(404, (await SendAsync(HttpMethod.Get, path, null, elsewhere.Token)).Status);
    }

    [Fact]
    public async Task Telemetry_is_bounded()
    {
        using var large = new ByteArrayContent(new byte[(1 << 20) + 1]);
        using var answer = await _host.Api.Client.Http.PostAsync(new Uri("/otel/logs", UriKind.Relative), large);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task The_location_hosts_are_answered()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/", UriKind.Relative));
        request.Headers.Host = "location.live.example.org";
        using var answer = await _host.Api.Client.Http.SendAsync(request);
        // The client logs a failure where it is shorter.
        Assert.True(((string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["loc"]!).Length > 5);
    }

    private static Uri PathOf(JsonNode address) => new(new Uri(address.GetValue<string>()).PathAndQuery, UriKind.Relative);

    private async Task<(int Status, JsonNode? Body)> SendAsync(HttpMethod method, string path, string? json = null, string? token = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token ?? _guest.Token}");
        request.Headers.Add("Origin", "https://page.example.org");
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        using var response = await _host.Api.Client.Http.SendAsync(request);
        Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync()));
    }
}
