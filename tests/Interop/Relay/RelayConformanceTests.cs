using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Interop.Meetings;
using Roomcast.Interop.Push;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;
using Roomcast.TestKit.Server;

namespace Roomcast.Interop.Relay;

/// <summary>
/// The unmodified npm package <c>@signalwire/realtime-api</c>, with only its host changed, drives every method and event of its
/// video namespace: over ws and over wss, in a meeting that somebody joined from a browser.
/// </summary>
[Collection(MeetingServerTests.Name)]
public sealed class RelayConformanceTests(MeetingServer server) : IAsyncLifetime
{
    // So many does the program have.
    private const int Checks = 29;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_method_and_event_of_the_official_package_works(bool isSecure)
    {
        await using var sink = await RecordingSink.StartNginxAsync();
        await using var files = await PlayedFiles.StartAsync();
        await FfmpegTool.RunAsync(
            "-f", "lavfi", "-i", "testsrc=s=320x180:r=15", "-f", "lavfi", "-i", "sine=frequency=440", "-t", "120",
            "-c:v", "libx264", "-preset", "ultrafast", "-g", "15", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", files.PathOf("clip.mp4"));
        await FfmpegTool.RunAsync(
            "-i", files.PathOf("clip.mp4"), "-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod", files.PathOf("clip.m3u8"));
        await using var live = await RtmpPlayout.StartAsync(files.PathOf("clip.mp4"));
        var meeting = await server.CreateMeetingAsync("Conformance");

        // The controller hears of a room that begins, so it is there first; who is in the audience is known only then.
        var audience = Path.Combine(server.Folder, $"audience-{Guid.NewGuid():N}");
        var counted = Path.Combine(server.Folder, $"counted-{Guid.NewGuid():N}");
        await using var program = NodeProgram.Start(
            RepositoryFiles.PathOf("tests", "Conformance", "relay"),
            "conformance.mjs",
            new JsonObject
            {
                ["host"] = RelayHosts.Of(server, isSecure),
                ["project"] = server.Server.Credentials.AppId,
                ["token"] = server.Server.Credentials.ApiToken,
                ["meeting"] = meeting,
                ["sink"] = sink.Address,
                ["refusing"] = $"rtmp://127.0.0.1:{sink.Port}/closed/x",
                ["dead"] = "rtmp://127.0.0.1:1/live/x",
                ["audienceFile"] = audience,
                ["countedFile"] = counted,
                ["file"] = files.UrlOf("clip.mp4"),
                ["playlist"] = files.UrlOf("clip.m3u8"),
                ["live"] = live.Address,
            },
            RelayHosts.TrustOf(server, isSecure));
        await program.WaitAsync("listening");
        var ada = await server.JoinAsync(meeting, 0);
        await program.WaitAsync("room started");

        // The meeting is live meanwhile, so that its composition need not begin anew for each stream.
        await PostAsync($"/meetings/{meeting}/livestreams");
        var eve = await KitPage.OpenAsync(server, meeting, 1, "webinar_viewer", sends: false, browser: 0);
        await File.WriteAllTextAsync(audience, await eve.EvaluateAsync<string>("meeting.self.id"));

        // The livestream and two streams of the room: one worker composes and encodes for all of them.
        await program.WaitAsync("two streams");
        Assert.Equal(2, await ServerMetrics.SumAsync(server, "roomcast_push_targets"));
        Assert.Equal(1, await ServerMetrics.SumAsync(server, "roomcast_egress_composition_running"));
        await File.WriteAllTextAsync(counted, "");

        await program.WaitAsync("promoted");
        await eve.WaitAsync("meeting.stage.status === 'ACCEPTED_TO_JOIN_STAGE'", MeetTab.Patience);
        await eve.RunAsync("meeting.stage.join()");
        await program.WaitAsync("guests wanted");
        await using var cleo = await DotNetParticipant.JoinAsync(server, server.Server.HttpsBase, meeting, 2);
        await using var dan = await DotNetParticipant.JoinAsync(server, server.Server.HttpsBase, meeting, 3);
        await program.WaitAsync("done");
        Assert.Equal(0, await program.WaitForExitAsync());

        var checks = program.Said.Where(line => line.GetProperty("what").GetString() == "check").ToList();
        Assert.True(checks.Count == Checks, $"{checks.Count} checks ran.\n{program}");
        var faults = checks.Where(check => check.GetProperty("fault").ValueKind is not JsonValueKind.Null)
            .Select(check => $"{check.GetProperty("name").GetString()}: {check.GetProperty("fault").GetString()}");
        var log = server.Server.Errors;
        Assert.True(!faults.Any(), $"{string.Join('\n', faults)}\n{(log.Length > 6_000 ? log[^6_000..] : log)}");
        await eve.CloseAsync();
        await ada.LeaveAsync();
    }

    private async Task PostAsync(string path)
    {
        using var api = server.Server.CreateApiClient();
        using var answer = await api.PostAsJsonAsync(new Uri(server.Server.AppPath + path, UriKind.Relative), new { });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }
}
