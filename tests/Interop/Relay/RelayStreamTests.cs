using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Roomcast.Interop.Meetings;
using Roomcast.Interop.Push;
using Roomcast.TestKit;
using Roomcast.TestKit.Server;

namespace Roomcast.Interop.Relay;

/// <summary>
/// The example of the SDK for streams of a room, with the unmodified package, while somebody is in the meeting from a browser: what
/// nginx recorded of its stream is decoded.
/// </summary>
[Collection(MeetingServerTests.Name)]
public sealed class RelayStreamTests(MeetingServer server) : IAsyncLifetime
{
    private const double AudibleDb = -30;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Fact]
    public async Task The_example_streams_a_meeting_from_its_start_and_hears_of_its_end()
    {
        await using var sink = await RecordingSink.StartNginxAsync();
        var url = $"{sink.Address}/s3cr3t-stream-key";
        var stopFile = Path.Combine(server.Folder, $"stop-{Guid.NewGuid():N}");
        await using var example = Start("example.mjs", url, stopFile);
        await example.WaitAsync("listening");
        var meeting = await server.CreateMeetingAsync("Lobby");
        var ada = await server.JoinAsync(meeting, 0);

        var room = await example.WaitAsync("room started");
        Assert.Equal("Lobby", room.GetProperty("name").GetString());
        var started = await example.WaitAsync("stream started");
        Assert.Equal(("streaming", url, meeting), (Text(started, "state"), Text(started, "url"), Text(started, "roomId")));
        Assert.False(started.GetProperty("hasEnded").GetBoolean());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, started.GetProperty("endedAt").ValueKind);

        // While it streams: how many pictures a busy machine composes in ten seconds, nobody can say.
        await WaitForMediaAsync(sink);
        await File.WriteAllTextAsync(stopFile, "");
        var ended = await example.WaitAsync("stream ended");
        Assert.Equal(
            ("completed", url, Text(started, "id"), Text(started, "roomSessionId")),
            (Text(ended, "state"), Text(ended, "url"), Text(ended, "id"), Text(ended, "roomSessionId")));
        Assert.True(ended.GetProperty("hasEnded").GetBoolean());
        Assert.Equal(started.GetProperty("startedAt").GetInt64(), ended.GetProperty("startedAt").GetInt64());
        var seconds = ended.GetProperty("duration").GetDouble();
        Assert.InRange(seconds, 9.9, 600);
        var lasted = (ended.GetProperty("endedAt").GetInt64() - ended.GetProperty("startedAt").GetInt64()) / 1000.0;
        Assert.InRange(lasted, seconds - 0.0015, seconds + 0.0015);

        await EndAsync(meeting);
        await example.WaitAsync("room ended");
        Assert.Equal(0, await example.WaitForExitAsync());
        Assert.Equal(
            ["listening", "room started", "subscribed", "stream started", "stopping", "stream ended", "room ended"],
            example.Said.Select(line => Text(line, "what")));
        Assert.DoesNotContain("s3cr3t-stream-key", server.Server.Errors, StringComparison.Ordinal);
        await ada.LeaveAsync();
    }

    /// <summary>Waits until what the sink has recorded shows who is in the meeting, moves, and sounds.</summary>
    private async Task WaitForMediaAsync(RecordingSink sink)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var said = "nothing recorded";
            if (sink.Newest is { } path)
            {
                var file = await ComposedReading.OfAsync(path, TimeSpan.FromMinutes(3));
                var middle = file.Pictures.Count / 2;
                said = $"{file.Pictures.Count} pictures, {file.Changes()} moved, {file.LoudestOf(MeetProbe.Tones[0]):F0} dB";
                if (file.Changes() > 60 && file.Shows(middle, 0.35, 0.5, 0) && file.LoudestOf(MeetProbe.Tones[0]) > AudibleDb)
                {
                    return;
                }
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < 2 * MeetTab.Patience, $"{said}\n{server.Server.Errors}");
            await Task.Delay(TimeSpan.FromSeconds(1));
        }
    }

    private NodeProgram Start(string script, string url, string stopFile) => NodeProgram.Start(
        RepositoryFiles.PathOf("tests", "Conformance", "relay"),
        script,
        new JsonObject
        {
            ["host"] = $"ws://{server.Server.HttpBase.Authority}",
            ["project"] = server.Server.Credentials.AppId,
            ["token"] = server.Server.Credentials.ApiToken,
            ["url"] = url,
            ["stopFile"] = stopFile,
        });

    private async Task EndAsync(string meeting)
    {
        using var api = server.Server.CreateApiClient();
        using var answer = await api.PostAsJsonAsync(
            new Uri($"{server.Server.AppPath}/meetings/{meeting}/active-session/kick-all", UriKind.Relative), new { });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static string? Text(System.Text.Json.JsonElement line, string name) => line.GetProperty(name).GetString();
}
