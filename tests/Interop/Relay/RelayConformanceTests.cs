using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Interop.Meetings;
using Roomcast.Interop.Push;
using Roomcast.TestKit;
using Roomcast.TestKit.Server;

namespace Roomcast.Interop.Relay;

/// <summary>
/// The unmodified npm package <c>@signalwire/realtime-api</c>, with only its host changed, drives every method and event of its
/// video namespace: over ws and over wss, in a meeting that somebody joined from a browser.
/// </summary>
[Collection(MeetingServerTests.Name)]
public sealed class RelayConformanceTests(MeetingServer server) : IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_method_and_event_of_the_official_package_works(bool isSecure)
    {
        await using var sink = await RecordingSink.StartNginxAsync();
        var meeting = await server.CreateMeetingAsync("Conformance");

        // The controller hears of a room that begins, so it is there first; who is in the audience is known only then.
        var audience = Path.Combine(server.Folder, $"audience-{Guid.NewGuid():N}");
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
            },
            RelayHosts.TrustOf(server, isSecure));
        await program.WaitAsync("listening");
        var ada = await server.JoinAsync(meeting, 0);
        await program.WaitAsync("room started");

        // The meeting is live meanwhile, so that its composition need not begin anew for each stream.
        await PostAsync($"/meetings/{meeting}/livestreams");
        var eve = await KitPage.OpenAsync(server, meeting, 1, "webinar_viewer", sends: false, browser: 0);
        await File.WriteAllTextAsync(audience, await eve.EvaluateAsync<string>("meeting.self.id"));

        await program.WaitAsync("promoted");
        await eve.WaitAsync("meeting.stage.status === 'ACCEPTED_TO_JOIN_STAGE'", MeetTab.Patience);
        await eve.RunAsync("meeting.stage.join()");
        await program.WaitAsync("done");
        Assert.Equal(0, await program.WaitForExitAsync());

        var checks = program.Said.Where(line => line.GetProperty("what").GetString() == "check").ToList();
        Assert.True(checks.Count >= 18, $"{checks.Count} checks ran.\n{program}");
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
