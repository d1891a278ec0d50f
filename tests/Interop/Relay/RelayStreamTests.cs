using System.Net;
using System.Net.Http.Json;
using System.Text;
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
    private const string Requests = "roomcast_relay_requests";

    // Pictures that move, of the three hundred or so of ten seconds: a busy machine composes fewer, and this is still no still.
    private const int MovingPictures = 20;

    // So many rooms does the program stream at most until its sink has got what it should.
    private const int MostRooms = 4;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_program_that_does_what_the_reference_shows_runs_to_its_end(bool isSecure)
    {
        await using var sink = await RecordingSink.StartNginxAsync();
        var asked = await ServerMetrics.SumAsync(server, Requests);
        await using var program = NodeProgram.Start(
            Programs, "first-stream.mjs", Facts(isSecure, $"{sink.Address}/stream"), RelayHosts.TrustOf(server, isSecure));

        // It says nothing when it listens, which it does by two requests, and hears only of rooms that begin from then on.
        await ServerMetrics.WaitAsync(server, Requests, requests => requests >= asked + 2);
        for (var (number, isShown) = (1, false); !isShown; number++)
        {
            var title = $"First stream {number}";
            var meeting = await server.CreateMeetingAsync(title);
            var ada = await server.JoinAsync(meeting, 0);
            await program.WaitForLineAsync($"Room {title} has started");
            await WaitForLinesAsync(program, (number * 5) - 1);
            var recordings = await sink.RecordingsAsync(number);
            await EndAsync(meeting);
            var lines = await WaitForLinesAsync(program, number * 5);
            await ada.LeaveAsync();
            Assert.Matches($"^Room {title} has started\nStream is streaming\nStream is to stop\nStream [0-9a-f-]{{36}} is completed\nRoom {title} has ended$", string.Join('\n', lines.TakeLast(5)));

            // What nginx got in these ten seconds, decoded: who is in the meeting, moving, and sounding. They begin when she comes, and on a
            // machine that does much else they may be over before her browser has sent anything: then the program streams a further room.
            var file = await ComposedReading.OfAsync(recordings[^1], TimeSpan.FromMinutes(3));
            var pictures = Enumerable.Range(0, file.Pictures.Count).Count(picture => file.Shows(picture, 0.35, 0.5, 0));
            isShown = pictures > MovingPictures && file.Changes() > MovingPictures && file.LoudestOf(MeetProbe.Tones[0]) > AudibleDb;
            Assert.True(
                isShown || number < MostRooms,
                $"{file.Pictures.Count} pictures, {pictures} show her, {file.Changes()} moved, {file.LoudestOf(MeetProbe.Tones[0]):F0} dB\n{server.Server.Errors}");
        }

        // That is all it does. It does not exit: its client keeps the socket and hears of the next room, until somebody ends it, as this test does.
        Assert.False(program.HasExited, $"{program}");
    }

    [Fact]
    public async Task The_example_streams_a_meeting_from_its_start_and_hears_of_its_end()
    {
        await using var sink = await RecordingSink.StartNginxAsync();
        var url = $"{sink.Address}/s3cr3t-stream-key";
        var stopFile = Path.Combine(server.Folder, $"stop-{Guid.NewGuid():N}");
        await using var example = NodeProgram.Start(
            Programs,
            "example.mjs",
            Facts(isSecure: true, url, stopFile),
            RelayHosts.TrustOf(server, isSecure: true));
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

    [Fact]
    public async Task A_stream_set_up_by_REST_gets_each_session_of_its_room_until_it_is_deleted()
    {
        await using var sink = await RecordingSink.StartNginxAsync();
        var meeting = await server.CreateMeetingAsync("Set up");
        using var rest = new HttpClient { BaseAddress = server.Server.HttpBase };
        var (project, token) = (server.Server.Credentials.AppId, server.Server.Credentials.ApiToken);
        rest.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{project}:{token}")));
        using var made = await rest.PostAsJsonAsync(new Uri($"/api/video/rooms/{meeting}/streams", UriKind.Relative), new { url = $"{sink.Address}/set-up" });
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var stream = (string)JsonNode.Parse(await made.Content.ReadAsStringAsync())!["id"]!;

        string? first = null;
        for (var session = 1; session <= 2; session++)
        {
            var ada = await server.JoinAsync(meeting, 0);
            await WaitForMediaAsync(sink, other: first);
            first = sink.Newest;
            await EndAsync(meeting);
            Assert.Equal(session, (await sink.RecordingsAsync(session)).Count);
            await ada.LeaveAsync();
        }

        // Deleted in the midst of a session, it takes the stream of that with it.
        var again = await server.JoinAsync(meeting, 0);
        await WaitForMediaAsync(sink, other: first);
        using var deleted = await rest.DeleteAsync(new Uri($"/api/video/streams/{stream}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal(3, (await sink.RecordingsAsync(3)).Count);
        await EndAsync(meeting);
        await again.LeaveAsync();
    }

    /// <summary>Waits until what the sink has recorded shows who is in the meeting, moves, and sounds.</summary>
    /// <param name="sink">The sink.</param>
    /// <param name="other">A recording that is not meant; null for none.</param>
    private async Task WaitForMediaAsync(RecordingSink sink, string? other = null)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var said = "nothing recorded";
            if (sink.Newest is { } path && path != other)
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

    private static string Programs => RepositoryFiles.PathOf("tests", "Conformance", "relay");

    /// <summary>Waits until the program has printed so many lines of its own; the package may print others.</summary>
    private static async Task<IReadOnlyList<string>> WaitForLinesAsync(NodeProgram program, int count)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            List<string> lines = [.. program.Lines.Where(line => line.StartsWith("Room ", StringComparison.Ordinal) || line.StartsWith("St", StringComparison.Ordinal))];
            if (lines.Count >= count)
            {
                return lines;
            }

            Assert.True(!program.HasExited && TimeProvider.System.GetElapsedTime(began) < 3 * MeetTab.Patience, $"{program}");
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }

    private JsonObject Facts(bool isSecure, string url, string? stopFile = null) => new()
    {
        ["host"] = RelayHosts.Of(server, isSecure),
        ["project"] = server.Server.Credentials.AppId,
        ["token"] = server.Server.Credentials.ApiToken,
        ["url"] = url,
        ["stopFile"] = stopFile,
    };

    private async Task EndAsync(string meeting)
    {
        using var api = server.Server.CreateApiClient();
        using var answer = await api.PostAsJsonAsync(
            new Uri($"{server.Server.AppPath}/meetings/{meeting}/active-session/kick-all", UriKind.Relative), new { });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static string? Text(System.Text.Json.JsonElement line, string name) => line.GetProperty(name).GetString();
}
