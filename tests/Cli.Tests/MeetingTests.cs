using Roomcast.TestKit.Rtmp;

namespace Roomcast.Cli.Tests;

[Collection(nameof(ToolServer))]
public class MeetingTests(ToolServer server)
{
    [Fact]
    public async Task A_meeting_is_made_and_listed()
    {
        var made = (await server.RunAsync("meeting", "create", "--title", "Weekly figures", "--persist-chat", "--json")).Expect(0).Object;
        Assert.Equal(("Weekly figures", "ACTIVE", true), ((string)made["title"]!, (string)made["status"]!, (bool)made["persist_chat"]!));

        var listed = (await server.RunAsync("meeting", "list", "--search", "Weekly figures", "--json")).Expect(0);
        Assert.Contains(listed.Objects, meeting => (string)meeting["id"]! == (string)made["id"]!);
        var read = (await server.RunAsync("meeting", "list", "--search", "Weekly figures")).Expect(0);
        Assert.StartsWith("ID", read.Output, StringComparison.Ordinal);
        Assert.Contains((string)made["id"]!, read.Output, StringComparison.Ordinal);

        // Without --json the id is all that is written, for the shell's $(…).
        Assert.True(Guid.TryParse((await server.RunAsync("meeting", "create")).Expect(0).Output.Trim(), out _));
    }

    [Fact]
    public async Task What_one_plays_into_a_meeting_another_records()
    {
        var meeting = await server.CreateMeetingAsync("Play");
        var folder = Path.Combine(server.Folder, "takes");
        await using var recorder = server.Start("join", meeting, "--name", "Recorder", "--record", folder, "--json");
        await recorder.WaitForAsync("\"joined\"");

        // The file lasts 4 s; who plays it leaves when it is over.
        var player = (await server.RunAsync("join", meeting, "--name", "Player", "--publish", server.WebM, "--say", "Hello, recorder", "--json")).Expect(0);
        var left = player.Objects.Single(each => (string?)each["event"] == "left");
        Assert.InRange((int)left["video_frames_sent"]!, 90, 101);
        Assert.InRange((int)left["audio_frames_sent"]!, 180, 205);

        await recorder.WaitForAsync("participant_left");
        recorder.Interrupt();
        var recorded = (await recorder.WaitAsync()).Expect(0);
        Assert.Contains(recorded.Objects, each => (string?)each["event"] == "chat" && (string?)each["text"] == "Hello, recorder");
        var files = recorded.Objects.Where(each => (string?)each["event"] == "recorded").ToList();
        foreach (var (what, codec, least) in ((string, string, int)[])[("camera", "vp8", 60), ("microphone", "opus", 120)])
        {
            var file = files.Single(each => ((string)each["file"]!).EndsWith($"-Player-{what}.webm", StringComparison.Ordinal));
            Assert.True((int)file["frames"]! >= least, $"Only {file["frames"]} frames of the {what} were recorded.");
            Assert.Equal(codec, (await FfmpegTool.ProbeAsync("-show_entries", "stream=codec_name", "-of", "csv=p=0", (string)file["file"]!)).Trim());
            var (exitCode, errors) = await FfmpegTool.TryRunAsync("-v", "error", "-xerror", "-i", (string)file["file"]!, "-f", "null", "-");
            Assert.Equal((0, ""), (exitCode, errors.Trim()));
        }
    }

    [Fact]
    public async Task Test_signals_and_files_of_FFmpeg_are_played_until_it_is_time()
    {
        var meeting = await server.CreateMeetingAsync("Signals");

        var signals = server.RunAsync("join", meeting, "--publish", "test", "--duration", "3");
        var film = server.RunAsync("join", meeting, "--publish", server.Mp4, "--loop", "--duration", "3", "--json");

        Assert.Contains("left after sending", (await signals).Expect(0).Output, StringComparison.Ordinal);
        var left = (await film).Expect(0).Objects.Single(each => (string?)each["event"] == "left");
        Assert.True((int)left["video_frames_sent"]! > 20 && (int)left["audio_frames_sent"]! > 40, left.ToJsonString());
    }

    [Fact]
    public async Task Who_is_to_publish_and_comes_as_audience_is_told_so()
    {
        var meeting = await server.CreateMeetingAsync("Webinar");

        var refused = await server.RunAsync("join", meeting, "--publish", server.WebM, "--preset", "webinar_viewer", "--json");

        refused.Expect(4);
        Assert.Contains("webinar_viewer", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("no stage to send from", refused.Errors, StringComparison.Ordinal);

        // Who only watches is welcome.
        (await server.RunAsync("join", meeting, "--preset", "webinar_viewer", "--duration", "1")).Expect(0);
    }

    [Fact]
    public async Task A_load_of_participants_tells_what_they_met()
    {
        var load = (await server.RunAsync("load", "--participants", "5", "--publishers", "2", "--duration", "6", "--rate", "5", "--json")).Expect(0);

        Assert.Contains("processors", load.Errors, StringComparison.Ordinal);
        Assert.Contains(load.Objects, each => (string?)each["event"] == "progress" && (int)each["sockets"]! > 0);
        var summary = load.Objects.Single(each => (string?)each["event"] == "summary");
        Assert.Equal((5, 5, 0), ((int)summary["participants"]!, (int)summary["in_at_the_end"]!, (int)summary["failed"]!));
        Assert.Equal(2, (int)summary["tracks_received_least"]!); // Those who send receive the other one's two.
        Assert.True((double)summary["join_p95_ms"]! >= (double)summary["join_p50_ms"]! && (double)summary["join_p50_ms"]! > 0, summary.ToJsonString());
        Assert.True((double)summary["memory_per_participant_bytes"]! > 0);
        Assert.True((long)summary["frames_received"]! > 500, summary.ToJsonString());
    }

    [Fact]
    public async Task Participants_that_do_not_get_in_are_told_by_the_exit_code()
    {
        var load = (await server.RunAsync("load", "--participants", "2", "--meeting", Guid.NewGuid().ToString(), "--duration", "1", "--json")).Expect(8);

        Assert.Equal(2, (int)load.Objects.Single(each => (string?)each["event"] == "summary")["failed"]!);
        Assert.Contains("2 failed", load.Errors, StringComparison.Ordinal);
    }
}
