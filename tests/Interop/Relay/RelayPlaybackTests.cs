using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Interop.Meetings;
using Roomcast.Interop.Push;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;
using Roomcast.TestKit.Server;

namespace Roomcast.Interop.Relay;

/// <summary>
/// An MP4 that ffmpeg made, played into a meeting by the unmodified SDK: a participant in Chromium sees and hears it as one more, and
/// so does who watches the room's composition.
/// </summary>
[Collection(MeetingServerTests.Name)]
public sealed class RelayPlaybackTests(MeetingServer server) : IAsyncLifetime
{
    // The picture and the tone are those of the third participant, whom nobody else plays here.
    private const int Played = 2;
    private const int AudibleInPageDb = -60;
    private const double AudibleDb = -30;

    private PlayedFiles _files = null!;

    public async Task InitializeAsync()
    {
        _files = await PlayedFiles.StartAsync();
        var (video, sound) = (_files.PathOf("played.y4m"), _files.PathOf("played.wav"));
        CodedPicture.WriteVideo(video, Played, 640, 480, framesPerSecond: 12);
        CodedPicture.WriteTone(sound, MeetProbe.Tones[Played]);
        await FfmpegTool.RunAsync(
            "-stream_loop", "-1", "-i", video, "-stream_loop", "-1", "-i", sound, "-t", "240", "-c:v", "libx264", "-preset", "ultrafast", "-g", "24",
            "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", _files.PathOf("played.mp4"));
    }

    public async Task DisposeAsync()
    {
        await _files.DisposeAsync();
        await server.ClearAsync();
    }

    [Fact]
    public async Task A_played_file_is_seen_and_heard_in_the_meeting_and_in_its_composition()
    {
        await using var sink = await RecordingSink.StartNginxAsync();
        var meeting = await server.CreateMeetingAsync("Playback");
        var ada = await server.JoinAsync(meeting, 0);
        var signs = PathOf($"signs-{Guid.NewGuid():N}");
        var url = _files.UrlOf("played.mp4");
        await using var program = NodeProgram.Start(
            RepositoryFiles.PathOf("tests", "Conformance", "relay"),
            "playback.mjs",
            new JsonObject
            {
                ["host"] = RelayHosts.Of(server, isSecure: true),
                ["project"] = server.Server.Credentials.AppId,
                ["token"] = server.Server.Credentials.ApiToken,
                ["meeting"] = meeting,
                ["url"] = url,
                ["sink"] = $"{sink.Address}/played",
                ["signs"] = signs,
            },
            RelayHosts.TrustOf(server, isSecure: true));
        var started = await program.WaitAsync("started");
        Assert.Equal(("playing", url, true), (started.GetProperty("state").GetString(), started.GetProperty("url").GetString(), started.GetProperty("seekable").GetBoolean()));

        // In the meeting: a tile of its own, its pictures whole and moving, and its tone.
        await ada.WaitForPictureAsync("playback");
        var pictures = await ada.Page.EvaluateAsync<List<SeenPicture>>($"probe.watch('playback', 10, {MeetTab.Patience.TotalMilliseconds.ToString(CultureInfo.InvariantCulture)})");
        Assert.Equal(10, pictures.Count);
        var whole = pictures.Where(picture => picture.IsRead).ToList();
        Assert.True(whole.Count >= 8, $"{whole.Count} of {pictures.Count} pictures were whole.\n{server.Server.Errors}");
        var colour = CodedPicture.Colours[Played];
        Assert.All(whole, picture =>
        {
            Assert.InRange(picture.Colour[0], colour.Red - 45, colour.Red + 45);
            Assert.InRange(picture.Colour[1], colour.Green - 45, colour.Green + 45);
            Assert.InRange(picture.Colour[2], colour.Blue - 45, colour.Blue + 45);
        });
        await WaitForToneAsync(ada);

        // In the composition: its colour somewhere, and its tone beside the participant's.
        var playing = await program.WaitAsync("playing");
        Assert.Equal(started.GetProperty("id").GetString(), Assert.Single(playing.GetProperty("listed").EnumerateArray()).GetString());
        await WaitForCompositionAsync(sink);

        await File.WriteAllTextAsync($"{signs}-pause", "");
        await program.WaitAsync("steered");
        await File.WriteAllTextAsync($"{signs}-stop", "");
        var done = await program.WaitAsync("done");
        Assert.Equal(0, done.GetProperty("listed").GetInt32());
        Assert.Equal(0, await program.WaitForExitAsync());
        var updates = program.Said.Where(line => What(line) == "updated").ToList();
        Assert.Contains(updates, line => line.GetProperty("state").GetString() == "paused");
        Assert.Contains(updates, line => line.GetProperty("volume").GetDouble() == -10);
        Assert.Contains(updates, line => line.GetProperty("position").GetDouble() is >= 30_000 and < 40_000);
        var ended = Assert.Single(program.Said, line => What(line) == "ended");
        Assert.True(ended.GetProperty("hasEnded").GetBoolean());
        await ada.WaitForOthersAsync();
        await ada.LeaveAsync();
    }

    private static string? What(JsonElement line) => line.GetProperty("what").GetString();

    private string PathOf(string name) => Path.Combine(server.Folder, name);

    private async Task WaitForToneAsync(MeetTab tab)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var heard = await tab.Page.EvaluateAsync<List<List<int>>>("probe.heard(1200)");
            if (heard.Exists(tones => tones[Played] > AudibleInPageDb && tones[Played] >= tones.Max()))
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, $"{JsonSerializer.Serialize(heard)}\n{server.Server.Errors}");
        }
    }

    private async Task WaitForCompositionAsync(RecordingSink sink)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var said = "nothing recorded";
            if (sink.Newest is { } path)
            {
                var file = await ComposedReading.OfAsync(path, TimeSpan.FromMinutes(3));
                var last = file.Pictures.Count - 1;
                var isShown = last > 0 && Enumerable.Range(1, 15).Any(column => Enumerable.Range(1, 15).Any(row => file.Shows(last, column / 16.0, row / 16.0, Played)));
                said = $"{file.Pictures.Count} pictures, shown: {isShown}, tones at the end {string.Join(' ', MeetProbe.Tones.Select(tone => $"{file.LoudestOf(tone):F0}"))} dB";
                if (isShown && file.LoudestOf(MeetProbe.Tones[Played]) > AudibleDb)
                {
                    return;
                }
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < 2 * MeetTab.Patience, $"{said}\n{server.Server.Errors}");
            await Task.Delay(TimeSpan.FromSeconds(1));
        }
    }
}
