using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Meetings.Records;
using Roomcast.Relay.Rest;
using Roomcast.Relay.Tests.Hosting;
using Roomcast.TestKit.Hls;

namespace Roomcast.Relay.Tests.Rest;

/// <summary>The REST surface with plain HTTP, every route also across the line between two projects.</summary>
public sealed class RestTests(RestTests.Shared shared) : IClassFixture<RestTests.Shared>
{
    private RelayHost Host => shared.Host;

    [Fact]
    public async Task Sessions_are_listed_found_and_told_of_with_their_members()
    {
        using var http = Client();
        var meeting = await Host.NewMeetingAsync("Rest");
        var ada = await Host.JoinAsync(meeting, "Ada");
        var session = ada.Session.SessionId!.Value.ToString();
        var listed = await UntilAsync(http, $"room_sessions?room_id={meeting.Id}&status=in-progress", body => body["data"]!.AsArray().Count == 1);
        var found = listed["data"]![0]!;
        Assert.Equal(
            (session, meeting.Id.ToString(), "Rest", "Rest", "grid-responsive", "in-progress"),
            ((string)found["id"]!, (string)found["room_id"]!, (string)found["name"]!, (string)found["display_name"]!, (string)found["layout"]!, (string)found["status"]!));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", (string)found["start_time"]!);
        Assert.Null(found["end_time"]);
        foreach (var (query, count) in new[] { ("room_name=Rest", 1), ("room_name=Res", 0), ("room_name=rest", 0), ("room_name_matches=res", 1) })
        {
            Assert.Equal(count, (await GetAsync(http, $"room_sessions?room_id={meeting.Id}&{query}"))["data"]!.AsArray().Count);
        }

        Assert.Contains("/api/video/room_sessions?", (string)listed["links"]!["self"]!, StringComparison.Ordinal);
        Assert.Equal(session, (string)(await GetAsync(http, $"room_sessions/{session}"))["id"]!);
        var members = await UntilAsync(http, $"room_sessions/{session}/members", body => body["data"]!.AsArray().Count == 1);
        Assert.Equal("Ada", (string)members["data"]![0]!["name"]!);
        await Host.JoinAsync(meeting, "Ben");
        var one = await UntilAsync(http, $"room_sessions/{session}/members?page_size=1", body => body["links"]!["next"] is not null);
        var next = JsonNode.Parse(await http.GetStringAsync(new Uri((string)one["links"]!["next"]!)))!;
        Assert.Null(next["links"]!["next"]);
        Assert.Equal(
            ["Ada", "Ben"],
            new[] { one, next }.Select(page => (string)Assert.Single(page["data"]!.AsArray())!["name"]!).Order(StringComparer.Ordinal));
        using (var refused = await http.GetAsync(Below($"room_sessions/{session}/members?page_size=0")))
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        }

        await Host.EndAsync(meeting);
        var ended = await UntilAsync(http, $"room_sessions/{session}", body => (string)body["status"]! == "completed");
        Assert.NotNull(ended["end_time"]);
        Assert.True((double)ended["duration"]! >= 0);
        Assert.Empty((await GetAsync(http, $"room_sessions?room_id={meeting.Id}&status=in-progress"))["data"]!.AsArray());
    }

    [Fact]
    public async Task Recordings_are_listed_found_and_led_to()
    {
        using var http = Client();
        var meeting = await Host.NewMeetingAsync("Recorded");
        var session = (await Host.JoinAsync(meeting, "Ada")).Session.SessionId!.Value;
        await UntilAsync(http, $"room_sessions/{session}", _ => true);
        Host.Recorded.Begin(meeting.Id.Value, session.Value);
        var first = await RecordAsync(meeting);
        var found = await GetAsync(http, $"room_recordings/{first.Id}");
        Assert.Equal(
            (first.Id.ToString(), session.ToString(), "recording", "mp4"),
            ((string)found["id"]!, (string)found["room_session_id"]!, (string)found["status"]!, (string)found["format"]!));
        Assert.Null(found["finished_at"] ?? found["duration"] ?? found["uri"] ?? found["started_at"]);

        // Two seconds of it, and another one.
        var folder = Host.FileOf($"encoded-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        var encoded = await EncodedSource.EncodeAsync(
            folder, TimeSpan.FromSeconds(2), "-c:v libx264 -preset ultrafast -g 30 -bf 0 -pix_fmt yuv420p", "-c:a aac -ac 2 -ar 48000");
        Host.Compositions.Of(session.Value).Publish(encoded, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        await UntilAsync(http, $"room_recordings/{first.Id}", body => body["started_at"] is not null);
        var second = await RecordAsync(meeting);
        foreach (var recording in new[] { first, second })
        {
            Assert.Null((await Host.Service<Recordings>().StopAsync(Host.App.Id, recording.Id, null, CancellationToken.None)).Refusal);
        }

        var done = await UntilAsync(http, $"room_recordings/{first.Id}", body => body["uri"] is not null);
        Assert.Equal("completed", (string)done["status"]!);
        Assert.True((double)done["duration"]! > 0 && (long)done["size_in_bytes"]! > 1_000);
        Assert.Null(done["error"]);
        await UntilAsync(http, $"room_recordings/{second.Id}", body => (string)body["status"]! == "completed" && body["finished_at"] is not null);

        foreach (var path in new[] { $"room_sessions/{session}/recordings", "room_recordings" })
        {
            var newest = await GetAsync(http, $"{path}?page_size=1");
            Assert.Equal(second.Id.ToString(), (string)Assert.Single(newest["data"]!.AsArray())!["id"]!);
            var next = JsonNode.Parse(await http.GetStringAsync(new Uri((string)newest["links"]!["next"]!)))!;
            Assert.Equal(first.Id.ToString(), (string)Assert.Single(next["data"]!.AsArray())!["id"]!);
        }

        Assert.Equal(2, (await GetAsync(http, $"room_sessions/{session}/recordings"))["data"]!.AsArray().Count);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await http.GetAsync(Below("room_recordings?page_size=0"))).StatusCode);
        foreach (var path in new[] { $"room_recordings/{Guid.NewGuid()}", "room_recordings/x", $"room_sessions/{Guid.NewGuid()}/recordings" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(Below(path))).StatusCode);
        }

        await Host.EndAsync(meeting);
    }

    [Fact]
    public async Task Lists_come_in_pages_that_lead_to_each_other()
    {
        using var http = Client();
        var meeting = await Host.NewMeetingAsync("Pages");
        for (var i = 0; i < 3; i++)
        {
            await Host.JoinAsync(meeting, "Ada");
            await Host.EndAsync(meeting);
        }

        var query = $"room_sessions?room_id={meeting.Id}&page_size=2";
        await UntilAsync(http, $"room_sessions?room_id={meeting.Id}&status=completed&page_size=1000", body => body["data"]!.AsArray().Count == 3);
        var first = await GetAsync(http, query);
        Assert.Equal(2, first["data"]!.AsArray().Count);
        Assert.Null(first["links"]!["prev"]);
        var second = JsonNode.Parse(await http.GetStringAsync(new Uri((string)first["links"]!["next"]!)))!;
        Assert.Single(second["data"]!.AsArray());
        Assert.Null(second["links"]!["next"]);
        Assert.Equal(first["data"]!.ToJsonString(), JsonNode.Parse(await http.GetStringAsync(new Uri((string)second["links"]!["prev"]!)))!["data"]!.ToJsonString());
    }

    [Theory]
    [InlineData("rooms")]
    [InlineData("conferences")]
    public async Task Streams_of_a_room_are_created_listed_and_deleted_and_controllers_hear_of_them(string kind)
    {
        using var http = Client();
        using var reader = Client(Host.ReadToken);
        await using var controller = await RelayClient.ConnectAsync(Host);
        var meeting = await Host.NewMeetingAsync("Streams");
        await controller.SubscribeAsync("video.rooms", "video.room.started", "video.room.ended");

        // It is there before anybody has come, and every session is streamed to it.
        var (status, created) = await PostAsync(http, $"{kind}/{meeting.Id}/streams", "rtmp://127.0.0.1:1/live/k3y");
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal(("rtmp://127.0.0.1:1/live/k3y", "rtmp", 1_280, 720, 30), (
            (string)created["url"]!, (string)created["stream_type"]!, (int)created["width"]!, (int)created["height"]!, (int)created["fps"]!));
        var id = (string)created["id"]!;
        Assert.Equal(created.ToJsonString(), (await GetAsync(http, $"streams/{id}")).ToJsonString());
        var session = await JoinAsync("first");
        Assert.NotEqual(id, await StreamOfAsync(session));
        await Host.EndAsync(meeting);
        await controller.HearAsync("video.room.ended", room => (string)room["room_session_id"]! == session);
        session = await JoinAsync("second");
        var run = await StreamOfAsync(session);
        Assert.Equal(id, (string)Assert.Single((await GetAsync(http, $"{kind}/{meeting.Id}/streams"))["data"]!.AsArray())!["id"]!);

        // Who may only read sees no key, and changes nothing.
        Assert.DoesNotContain("k3y", (await GetAsync(reader, $"streams/{id}")).ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("k3y", (await GetAsync(reader, $"{kind}/{meeting.Id}/streams")).ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("k3y", (await GetAsync(reader, $"room_sessions/{session}/streams")).ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.DeleteAsync(Below($"streams/{id}"))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(reader, $"{kind}/{meeting.Id}/streams", "rtmp://127.0.0.1:1/live/x")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await PutAsync(reader, $"streams/{id}", "rtmp://127.0.0.1:1/live/x")).Status);

        // Elsewhere: one run ends, another begins. What is wrong changes nothing.
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PutAsync(http, $"streams/{id}", "http://127.0.0.1/")).Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PutAsync(http, $"streams/{id}", "rtmp://10.0.0.1/live/x")).Status);
        Assert.Equal(run, await StreamOfAsync(session));
        var (_, changed) = await PutAsync(http, $"streams/{id}", "rtmp://127.0.0.1:1/live/e1se");
        Assert.Equal((id, "rtmp://127.0.0.1:1/live/e1se"), ((string)changed["id"]!, (string)changed["url"]!));
        Assert.Equal(run, (string)(await controller.HearAsync("video.stream.ended", each => (string)each["stream"]!["id"]! == run))["stream"]!["id"]!);
        run = await StreamOfAsync(session);
        Assert.Equal("rtmp://127.0.0.1:1/live/e1se", (string)(await GetAsync(http, $"room_sessions/{session}/streams"))["data"]![0]!["url"]!);

        Assert.Equal(HttpStatusCode.NoContent, (await http.DeleteAsync(Below($"streams/{id}"))).StatusCode);
        await controller.HearAsync("video.stream.ended", each => (string)each["stream"]!["id"]! == run);
        Assert.Equal(HttpStatusCode.NotFound, (await http.DeleteAsync(Below($"streams/{id}"))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await PutAsync(http, $"streams/{id}", "rtmp://127.0.0.1:1/live/x")).Status);
        Assert.Empty((await GetAsync(http, $"{kind}/{meeting.Id}/streams"))["data"]!.AsArray());
        Assert.Empty((await GetAsync(http, $"room_sessions/{session}/streams"))["data"]!.AsArray());
        await Host.EndAsync(meeting);

        async Task<string> JoinAsync(string name)
        {
            var joined = (await Host.JoinAsync(meeting, name)).Session.SessionId!.Value.ToString();
            await controller.HearAsync("video.room.started", room => (string)room["room_session_id"]! == joined);
            await controller.SubscribeAsync($"room.{joined}", "video.stream.started", "video.stream.ended");
            return joined;
        }

        async Task<string> StreamOfAsync(string of) => (string)(await UntilAsync(
            http, $"room_sessions/{of}/streams", body => body["data"]!.AsArray().Count == 1))["data"]![0]!["id"]!;
    }

    [Fact]
    public async Task A_stream_that_a_session_has_no_room_for_begins_when_another_ends()
    {
        using var http = Client();
        var meeting = await Host.NewMeetingAsync("Full");
        var session = (await Host.JoinAsync(meeting, "Ada")).Session.SessionId!.Value.ToString();
        await UntilAsync(http, $"room_sessions?room_id={meeting.Id}", body => body["data"]!.AsArray().Count == 1);
        var runs = new List<string>();
        while (runs.Count < Host.Service<SessionPushes>().MaxOfSession)
        {
            var (status, run) = await PostAsync(http, $"room_sessions/{session}/streams", "rtmp://127.0.0.1:1/live/x");
            Assert.Equal(HttpStatusCode.Created, status);
            runs.Add((string)run["id"]!);
        }

        Assert.Equal(HttpStatusCode.Created, (await PostAsync(http, $"rooms/{meeting.Id}/streams", "rtmp://127.0.0.1:1/live/late")).Status);
        await http.DeleteAsync(Below($"room_sessions/{session}/streams/{runs[0]}"));
        await UntilAsync(http, $"room_sessions/{session}/streams", body => body["data"]!.AsArray().Any(each => ((string)each!["url"]!).EndsWith("late", StringComparison.Ordinal)));
        await Host.EndAsync(meeting);
    }

    [Fact]
    public async Task A_room_has_so_many_streams_and_keeps_them_over_a_restart()
    {
        await using var host = await RelayHost.StartAsync();
        var meeting = await host.NewMeetingAsync("Kept");
        var most = host.Service<SessionPushes>().MaxOfSession;
        using (var http = Client(of: host))
        {
            for (var i = 0; i < most; i++)
            {
                Assert.Equal(HttpStatusCode.Created, (await PostAsync(http, $"rooms/{meeting.Id}/streams", "rtmp://127.0.0.1:1/live/x")).Status);
            }

            var (status, error) = await PostAsync(http, $"rooms/{meeting.Id}/streams", "rtmp://127.0.0.1:1/live/x");
            Assert.Equal((HttpStatusCode.UnprocessableEntity, "too_many_streams"), (status, (string)error["errors"]![0]!["code"]!));
            var joined = (await host.JoinAsync(meeting, "Ada")).Session.SessionId;
            await UntilAsync(http, $"room_sessions/{joined}/streams", body => body["data"]!.AsArray().Count == most);
        }

        await host.RestartAsync();
        using var after = Client(of: host);
        Assert.Equal(most, (await GetAsync(after, $"rooms/{meeting.Id}/streams"))["data"]!.AsArray().Count);
        var session = (await host.JoinAsync(meeting, "Ben")).Session.SessionId;
        await UntilAsync(after, $"room_sessions/{session}/streams", body => body["data"]!.AsArray().Count == most);
    }

    [Fact]
    public async Task Streams_of_a_session_are_created_and_deleted_there_alone()
    {
        using var http = Client();
        var meeting = await Host.NewMeetingAsync("Session");
        var other = await Host.NewMeetingAsync("Other session");
        var session = (await Host.JoinAsync(meeting, "Ada")).Session.SessionId!.Value;
        var otherSession = (await Host.JoinAsync(other, "Ben")).Session.SessionId!.Value;
        await UntilAsync(http, $"room_sessions?room_id={meeting.Id}", body => body["data"]!.AsArray().Count == 1);
        var (status, created) = await PostAsync(http, $"room_sessions/{session}/streams", "rtmp://127.0.0.1:1/live/x");
        Assert.Equal((HttpStatusCode.Created, "streaming"), (status, (string)created["state"]!));
        var id = (string)created["id"]!;
        Assert.Equal(HttpStatusCode.NotFound, (await http.DeleteAsync(Below($"room_sessions/{otherSession}/streams/{id}"))).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await http.DeleteAsync(Below($"room_sessions/{session}/streams/{id}"))).StatusCode);
        await Host.EndAsync(meeting);
        await Host.EndAsync(other);
        await UntilAsync(http, $"room_sessions/{session}", body => (string)body["status"]! == "completed");
        var (gone, error) = await PostAsync(http, $"room_sessions/{session}/streams", "rtmp://127.0.0.1:1/live/x");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "room_session_not_active"), (gone, (string)error["errors"]![0]!["code"]!));
    }

    [Theory]
    [InlineData("""{"url":"http://example.com/x"}""", "invalid_parameter", "url")]
    [InlineData("""{"url":7}""", "missing_required_parameter", "url")]
    [InlineData("""{}""", "missing_required_parameter", "url")]
    [InlineData("""[1]""", "missing_required_parameter", "url")]
    [InlineData("""{"url":""", "invalid_parameter", "body")]
    [InlineData("""{"url":"\ud800"}""", "invalid_parameter", "body")]
    public async Task What_cannot_be_taken_is_refused_by_its_name(string body, string code, string attribute)
    {
        using var http = Client();
        var meeting = await Host.NewMeetingAsync("Bad");
        await Host.JoinAsync(meeting, "Ada");
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(Below($"rooms/{meeting.Id}/streams"), content);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        var error = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["errors"]![0]!;
        Assert.Equal(("validation_error", code, attribute), ((string)error["type"]!, (string)error["code"]!, (string)error["attribute"]!));
        await Host.EndAsync(meeting);
    }

    [Theory]
    [InlineData("page_size=0")]
    [InlineData("page_size=1001")]
    [InlineData("page_size=x")]
    [InlineData("page_number=-1")]
    [InlineData("page_number=99999999999")]
    [InlineData("status=running")]
    [InlineData("room_id=7")]
    public async Task Queries_that_cannot_be_taken_are_refused(string query)
    {
        using var http = Client();
        using var answer = await http.GetAsync(Below($"room_sessions?{query}"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
    }

    [Fact]
    public async Task Bodies_have_a_bound()
    {
        using var http = Client();
        var meeting = await Host.NewMeetingAsync("Large");
        using var content = new StringContent(new string(' ', 20_000), Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await http.PostAsync(Below($"rooms/{meeting.Id}/streams"), content)).StatusCode);
    }

    [Fact]
    public async Task Nothing_is_told_or_done_without_a_project_and_its_token()
    {
        var meeting = await Host.NewMeetingAsync("Closed");
        foreach (var header in new[]
        {
            null, "Bearer " + Host.Token, "Basic", "Basic !!!", Basic(Host.App.Id.ToString(), "rct_wrong"), Basic(Host.App.Id.ToString(), Host.OtherToken),
            Basic(Host.OtherApp.Id.ToString(), Host.Token), Basic("", Host.Token), Basic("no-project", Host.Token),
        })
        {
            using var http = new HttpClient { BaseAddress = Host.Address };
            if (header is not null)
            {
                http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);
            }

            foreach (var (method, path) in Routes(meeting.Id.ToString(), Guid.NewGuid().ToString(), Guid.NewGuid().ToString(), Guid.NewGuid().ToString()))
            {
                using var request = new HttpRequestMessage(method, Below(path)) { Content = method == HttpMethod.Post || method == HttpMethod.Put ? JsonContent.Create(new { url = "rtmp://127.0.0.1:1/a/b" }) : null };
                using var answer = await http.SendAsync(request);
                Assert.True(answer.StatusCode is HttpStatusCode.Unauthorized, $"{header} {method} {path}: {answer.StatusCode}");
                Assert.StartsWith("Basic", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Who_fails_to_say_who_it_is_too_often_is_told_to_wait()
    {
        await using var host = await RelayHost.StartAsync();
        using var http = new HttpClient { BaseAddress = host.Address };
        http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", Basic(host.App.Id.ToString(), "rct_wrong"));
        for (var failures = 0; ; failures++)
        {
            using var answer = await http.GetAsync(Below("room_sessions"));
            if (answer.StatusCode is HttpStatusCode.TooManyRequests)
            {
                Assert.True(failures >= RestLimits.StrangerFailures);
                Assert.True(answer.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
                break;
            }

            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.True(failures < 100 * RestLimits.StrangerFailures);
        }
    }

    [Fact]
    public void A_project_has_its_own_allowance_and_an_address_is_counted_with_its_network()
    {
        using var limits = new RestLimits();
        for (var i = 0; i < RestLimits.ProjectBurst; i++)
        {
            Assert.Null(limits.Take(Host.App.Id));
        }

        var taken = RestLimits.ProjectBurst;
        while (limits.Take(Host.App.Id) is null)
        {
            Assert.True(taken++ < 100 * RestLimits.ProjectBurst);
        }

        Assert.Null(limits.Take(Host.OtherApp.Id));
        var (one, neighbour, other) = (IPAddress.Parse("2001:db8::1"), IPAddress.Parse("2001:db8::2"), IPAddress.Parse("2001:db8:0:1::1"));
        for (var failures = 0; limits.WaitOfStranger(one) is null; failures++)
        {
            Assert.True(failures <= 100 * RestLimits.StrangerFailures);
            limits.CountStranger(one);
        }

        Assert.True(limits.WaitOfStranger(neighbour) > TimeSpan.Zero);
        Assert.Null(limits.WaitOfStranger(other));
        Assert.Null(limits.WaitOfStranger(null));
    }

    [Fact]
    public async Task No_route_tells_or_does_anything_of_another_project()
    {
        using var own = Client();
        using var stranger = new HttpClient { BaseAddress = Host.Address };
        stranger.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", Basic(Host.OtherApp.Id.ToString(), Host.OtherToken));
        var meeting = await Host.NewMeetingAsync("Apart");
        var session = (await Host.JoinAsync(meeting, "Ada")).Session.SessionId!.Value.ToString();
        await UntilAsync(own, $"room_sessions?room_id={meeting.Id}", body => body["data"]!.AsArray().Count == 1);
        var (_, created) = await PostAsync(own, $"rooms/{meeting.Id}/streams", "rtmp://127.0.0.1:1/live/x");
        var stream = (string)created["id"]!;
        var run = (string)(await UntilAsync(own, $"room_sessions/{session}/streams", body => body["data"]!.AsArray().Count == 1))["data"]![0]!["id"]!;
        Host.Recorded.Begin(meeting.Id.Value, Guid.Parse(session));
        var recorded = await RecordAsync(meeting);
        foreach (var (method, path) in Routes(meeting.Id.ToString(), session, stream, recorded.Id.ToString()).Append((HttpMethod.Delete, $"room_sessions/{session}/streams/{run}")))
        {
            using var request = new HttpRequestMessage(method, Below(path)) { Content = method == HttpMethod.Post || method == HttpMethod.Put ? JsonContent.Create(new { url = "rtmp://127.0.0.1:1/a/b" }) : null };
            using var answer = await stranger.SendAsync(request);
            if (path is "room_sessions" or "room_recordings")
            {
                Assert.DoesNotContain(session, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }
            else
            {
                Assert.True(answer.StatusCode is HttpStatusCode.NotFound, $"{method} {path}: {answer.StatusCode}");
            }
        }

        // It is as it was.
        Assert.Equal(stream, (string)(await GetAsync(own, $"streams/{stream}"))["id"]!);
        Assert.Equal(HttpStatusCode.NoContent, (await own.DeleteAsync(Below($"room_sessions/{session}/streams/{run}"))).StatusCode);
        await Host.EndAsync(meeting);
    }

    [Theory]
    [InlineData("Basic YTpi", "a", "b")]
    [InlineData("basic YTpiOmM=", "a", "b:c")]
    public void Credentials_are_read(string header, string user, string password)
    {
        Assert.True(RestAccess.TryRead(header, out var readUser, out var readPassword));
        Assert.Equal((user, password), (readUser, readPassword));
    }

    [Theory]
    [InlineData("Basic YQ==")]
    [InlineData("Basic OmI=")]
    [InlineData("Basic YTo=")]
    [InlineData("Basic /////w==")]
    [InlineData("Basic YTpi=")]
    [InlineData("Digest YTpi")]
    public void Other_credentials_are_none(string header) => Assert.False(RestAccess.TryRead(header, out _, out _));

    private static IEnumerable<(HttpMethod Method, string Path)> Routes(string meeting, string session, string stream, string recording) =>
    [
        (HttpMethod.Get, "room_sessions"),
        (HttpMethod.Get, $"room_sessions/{session}"),
        (HttpMethod.Get, $"room_sessions/{session}/members"),
        (HttpMethod.Get, $"room_sessions/{session}/recordings"),
        (HttpMethod.Get, $"room_sessions/{session}/streams"),
        (HttpMethod.Post, $"room_sessions/{session}/streams"),
        (HttpMethod.Delete, $"room_sessions/{session}/streams/{stream}"),
        (HttpMethod.Get, $"rooms/{meeting}/streams"),
        (HttpMethod.Post, $"rooms/{meeting}/streams"),
        (HttpMethod.Get, $"conferences/{meeting}/streams"),
        (HttpMethod.Post, $"conferences/{meeting}/streams"),
        (HttpMethod.Get, "room_recordings"),
        (HttpMethod.Get, $"room_recordings/{recording}"),
        (HttpMethod.Get, $"streams/{stream}"),
        (HttpMethod.Put, $"streams/{stream}"),
        (HttpMethod.Delete, $"streams/{stream}"),
    ];

    private static string Basic(string user, string password) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));

    private static Uri Below(string path) => new($"/api/video/{path}", UriKind.Relative);

    private HttpClient Client(string? token = null, RelayHost? of = null)
    {
        var host = of ?? Host;
        var http = new HttpClient { BaseAddress = host.Address };
        http.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(Basic(host.App.Id.ToString(), token ?? host.Token));
        return http;
    }

    private static async Task<JsonNode> GetAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(Below(path));
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode is HttpStatusCode.OK, $"{path}: {answer.StatusCode} {body}");
        return JsonNode.Parse(body)!;
    }

    private static async Task<(HttpStatusCode Status, JsonNode Body)> PostAsync(HttpClient http, string path, string url)
    {
        using var answer = await http.PostAsJsonAsync(Below(path), new { url });
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    private static async Task<(HttpStatusCode Status, JsonNode Body)> PutAsync(HttpClient http, string path, string url)
    {
        using var answer = await http.PutAsJsonAsync(Below(path), new { url });
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    private async Task<RecordingRecord> RecordAsync(Meeting meeting) => (await Host.Service<Recordings>().StartAsync(
        new RecordingWish(
            Host.App.Id, meeting.Id.Value, RecordingKind.Composite, new RecordingPlan(), AllowsOthers: true, RecordingStartReason.Asked,
            new RecordingCaller(IsParticipant: false, "0", Name: null)),
        CancellationToken.None)).Recording!;

    /// <summary>Waits for what is stored beside the session's loop.</summary>
    private static async Task<JsonNode> UntilAsync(HttpClient http, string path, Func<JsonNode, bool> holds)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            using var answer = await http.GetAsync(Below(path));
            var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            if (answer.IsSuccessStatusCode && holds(body))
            {
                return body;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1), $"{path}: {body.ToJsonString()}");
            await Task.Delay(20);
        }
    }

    public sealed class Shared : IAsyncLifetime
    {
        public RelayHost Host { get; private set; } = null!;

        public async Task InitializeAsync() => Host = await RelayHost.StartAsync();

        public async Task DisposeAsync() => await Host.DisposeAsync();
    }
}
