using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Roomcast.Server.Tests.Observability;
using Roomcast.TestKit;
using Roomcast.TestKit.Server;

namespace Roomcast.Server.Tests.Running;

public class ObservabilityTests
{
    [Fact]
    public async Task Metrics_are_strictly_of_the_text_format_and_hold_the_process_and_the_web_server()
    {
        await using var server = await RoomcastProcess.StartAsync();
        await server.Http.GetStringAsync(new Uri("/healthz", UriKind.Relative));

        using var answer = await server.Http.GetAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        var families = PrometheusReader.Read(await answer.Content.ReadAsStringAsync());

        Assert.Equal("counter", families["dotnet_gc_collections_total"].Type);
        Assert.Equal("histogram", families["http_server_request_duration_seconds"].Type);
        Assert.Contains(families["http_server_request_duration_seconds"].Samples, sample => sample.Labels.GetValueOrDefault("http_route") == "/healthz");
        Assert.Equal("gauge", families["kestrel_active_connections"].Type);
        Assert.InRange(families["roomcast_server_certificate_remaining_seconds"].Samples[0].Value, 80 * 86_400, 90 * 86_400);
        Assert.True(families["roomcast_server_disk_free_bytes"].Samples[0].Value > 0);
        Assert.NotEmpty(families["roomcast_server_build"].Samples[0].Labels["version"]);
    }

    [Fact]
    public async Task Metrics_tell_of_publishers_viewers_bitrate_and_held_requests_as_they_are()
    {
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--ingest-grace", "0s"] });
        using var api = server.CreateApiClient();
        await using var first = await PublishedLivestream.StartAsync(server, api);
        await using var second = await PublishedLivestream.StartAsync(server, api);

        // Three viewers, who ask for what comes next and are held for it; the bit rate is that of the last five seconds.
        using var leaving = new CancellationTokenSource();
        var viewers = new[] { first, first, second }.Select(livestream => WatchAsync(server, livestream, leaving.Token)).ToList();
        await Task.WhenAny([.. viewers, Task.Delay(TimeSpan.FromSeconds(8))]);
        Assert.DoesNotContain(viewers, viewer => viewer.IsCompleted);

        // A request is held but for the moments between two parts: one look may fall into one of those.
        var now = await ScrapeUntilAsync(server, families => (int)ValueOf(families, "waiters") == viewers.Count);
        Assert.Equal((2, 2, 3), ((int)ValueOf(now, "on_air"), (int)ValueOf(now, "publishers"), (int)ValueOf(now, "viewers")));
        Assert.Equal(0, ValueOf(now, "packager_dropped_total"));
        Assert.True(now["roomcast_livestreams_part_latency_seconds"].Samples.Single(sample => sample.Name.EndsWith("_count", StringComparison.Ordinal)).Value > 20);
        var sentBps = 2 * 8 * first.Media.Messages.Sum(message => (double)message.Body.Length) / first.Media.Duration.TotalSeconds;
        Assert.InRange(ValueOf(now, "ingest_bitrate_bits_per_second"), 0.8 * sentBps, 1.2 * sentBps);

        // Everybody leaves.
        await first.UnpublishAsync();
        await second.UnpublishAsync();
        await Task.WhenAll(viewers);
        string[] counts = ["on_air", "publishers", "viewers", "waiters", "ingest_bitrate_bits_per_second"];
        await ScrapeUntilAsync(server, families => counts.All(count => ValueOf(families, count) == 0));
    }

    private static async Task WatchAsync(RoomcastProcess server, PublishedLivestream livestream, CancellationToken leaving)
    {
        var (address, playlist) = await livestream.OpenAsync();
        while (!playlist.Contains("#EXT-X-ENDLIST", StringComparison.Ordinal))
        {
            playlist = await server.Http.GetStringAsync(PublishedLivestream.AfterNext(address, playlist), leaving);
        }
    }

    private static async Task<Dictionary<string, PrometheusFamily>> ScrapeUntilAsync(
        RoomcastProcess server, Func<Dictionary<string, PrometheusFamily>, bool> isSo)
    {
        for (var attempt = 0; ; attempt++)
        {
            var page = await server.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
            var families = PrometheusReader.Read(page);
            if (isSo(families))
            {
                return families;
            }

            Assert.True(attempt < 100, page);
            await Task.Delay(100);
        }
    }

    private static double ValueOf(Dictionary<string, PrometheusFamily> families, string name) =>
        families[$"roomcast_livestreams_{name}"].Samples.Sum(sample => sample.Value);

    [Fact]
    public async Task Metrics_with_a_token_want_exactly_that_token()
    {
        const string Token = "an-example-metrics-token";
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--metrics-token", Token] });

        async Task<HttpStatusCode> AskAsync(string? scheme, string? token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
            request.Headers.Authorization = scheme is null ? null : new AuthenticationHeaderValue(scheme, token);
            using var answer = await server.Http.SendAsync(request);
            return answer.StatusCode;
        }

        Assert.Equal(HttpStatusCode.OK, await AskAsync("Bearer", Token));
        Assert.Equal(HttpStatusCode.OK, await AskAsync("bearer", Token));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(null, null));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync("Bearer", Token + "x"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync("Basic", Token));
    }

    [Fact]
    public async Task A_server_that_can_work_says_so()
    {
        await using var server = await RoomcastProcess.StartAsync();

        Assert.Equal("""{"status":"ok","reasons":[]}""", await server.Http.GetStringAsync(new Uri("/healthz", UriKind.Relative)));
        Assert.Equal("""{"status":"ready","reasons":[]}""", await server.Http.GetStringAsync(new Uri("/readyz", UriKind.Relative)));
    }

    [Fact]
    public async Task Too_little_disk_is_not_ready_and_still_healthy()
    {
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--min-free-disk", "1024TiB"] });

        using var ready = await server.Http.GetAsync(new Uri("/readyz", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        using var json = JsonDocument.Parse(await ready.Content.ReadAsStringAsync());
        Assert.Equal("not ready", json.RootElement.GetProperty("status").GetString());
        Assert.Contains("min_free_disk", Assert.Single(json.RootElement.GetProperty("reasons").EnumerateArray()).GetString(), StringComparison.Ordinal);

        using var healthy = await server.Http.GetAsync(new Uri("/healthz", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, healthy.StatusCode);
    }

    [Fact]
    public async Task A_log_in_json_is_json_line_by_line()
    {
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--log-format", "json"] });
        var exit = await server.StopAsync();

        var lines = exit.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(lines);
        foreach (var line in lines)
        {
            using var json = JsonDocument.Parse(line);
            Assert.True(json.RootElement.TryGetProperty("EventId", out _));
            Assert.EndsWith("Z", json.RootElement.GetProperty("Timestamp").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_log_level_leaves_out_what_is_less_serious()
    {
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--log-level", "error"] });

        Assert.Empty((await server.StopAsync()).Errors);
    }

    [Fact]
    public async Task Telemetry_reaches_a_collector()
    {
        // A collector in small: takes one request and answers 200, as OTLP over HTTP wants.
        using var collector = new TcpListener(IPAddress.Loopback, 0);
        collector.Start();
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart
        {
            Arguments = ["--otlp-endpoint", $"http://{collector.LocalEndpoint}", "--otlp-protocol", "http"],
        });
        await server.Http.GetStringAsync(new Uri("/healthz", UriKind.Relative));
        foreach (var path in (string[])["/live/t/SECRETTOKEN/x/status", "/live/t/SECRETTOKEN/x/index.m3u8", "/watch/t/SECRETTOKEN/x"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));

            // A page that traces itself does not have us trace its media.
            request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
            using var answer = await server.Http.SendAsync(request);
        }

        // What was gathered is sent at the latest when the server ends.
        server.Terminate();
        var seen = new StringBuilder();
        for (var request = 0; request < 2; request++)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            using var connection = await collector.AcceptTcpClientAsync(patience.Token);
            seen.AppendLine(await ReadRequestAsync(connection.GetStream(), patience.Token));
            await connection.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), patience.Token);
        }

        Assert.Contains("POST /v1/metrics", seen.ToString(), StringComparison.Ordinal);
        Assert.Contains("POST /v1/traces", seen.ToString(), StringComparison.Ordinal);
        Assert.Contains("/watch/t/.../x", seen.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("SECRETTOKEN", seen.ToString(), StringComparison.Ordinal);
        var traces = seen.ToString()[seen.ToString().IndexOf("POST /v1/traces", StringComparison.Ordinal)..].Split("POST /v1/metrics")[0];
        Assert.Contains("/healthz", traces, StringComparison.Ordinal);
        Assert.DoesNotContain("/live/", traces, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_closest_log_holds_no_playback_token()
    {
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--log-level", "trace"] });
        foreach (var path in (string[])["/live/t/SECRETTOKEN/x/status", "/live/t/SECRETTOKEN/x/index.m3u8", "/watch/t/SECRETTOKEN/x", "/live/t/SECRETTOKEN"])
        {
            using var answer = await server.Http.GetAsync(new Uri(path, UriKind.Relative));
        }

        var log = (await server.StopAsync()).Errors;
        Assert.Contains("dbug: Microsoft", log, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRETTOKEN", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_misspelt_environment_variable_is_spoken_of()
    {
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart
        {
            Environment = new Dictionary<string, string> { ["ROOMCAST_HTP_PORT"] = "80" },
        });
        Assert.Contains("Environment variable ROOMCAST_HTP_PORT is no setting; did you mean ROOMCAST_HTTP_PORT?", (await server.StopAsync()).Errors, StringComparison.Ordinal);
    }

    // One request whole: its head, and as much body as it tells of.
    private static async Task<string> ReadRequestAsync(NetworkStream stream, CancellationToken patience)
    {
        var text = new StringBuilder();
        var buffer = new byte[1 << 16];
        while (true)
        {
            var length = await stream.ReadAsync(buffer, patience);
            text.Append(Encoding.Latin1.GetString(buffer, 0, length));
            var head = text.ToString().Split("\r\n\r\n", 2);
            var told = head[0].Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
            if (length == 0 || (head.Length == 2 && told is not null && head[1].Length >= int.Parse(told.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture)))
            {
                return text.ToString();
            }
        }
    }

    [Fact]
    public async Task An_unreachable_collector_does_no_harm()
    {
        using var folder = new TemporaryFolder();
        await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--otlp-endpoint", "http://127.0.0.1:9"] });

        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync(new Uri("/readyz", UriKind.Relative))).StatusCode);
        Assert.Equal(0, (await server.StopAsync()).ExitCode);
    }
}
