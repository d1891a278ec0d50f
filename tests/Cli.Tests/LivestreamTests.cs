using Roomcast.TestKit.Rtmp;

namespace Roomcast.Cli.Tests;

[Collection(nameof(ToolServer))]
public class LivestreamTests(ToolServer server)
{
    private string Ingest => new Uri(server.Process.RtmpBase, "/live").ToString();

    [Fact]
    public async Task A_key_is_written_only_when_it_is_asked_for()
    {
        var covered = (await server.RunAsync("livestream", "create", "--name", "Covered")).Expect(0);
        Assert.Contains("secret", covered.Output, StringComparison.Ordinal);
        var shown = (await server.RunAsync("livestream", "create", "--name", "Shown", "--show-key", "--json")).Expect(0).Object;
        var key = (string)shown["stream_key"]!;
        Assert.True(key.Length >= 20);

        var listed = (await server.RunAsync("livestream", "list", "--json")).Expect(0);
        Assert.Contains(listed.Objects, each => (string?)each["name"] == "Shown" && (string?)each["status"] == "INVOKED");
        Assert.DoesNotContain(key, listed.Output, StringComparison.Ordinal);
        Assert.Contains(key, (await server.RunAsync("livestream", "list", "--show-key", "--json")).Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_is_pushed_and_watched_and_what_was_watched_is_recorded()
    {
        var livestream = await server.CreateLivestreamAsync("Matinee");
        await using var push = server.Start("push", server.Flv, "--livestream", livestream, "--loop", "--json");
        var recording = Path.Combine(server.Folder, "watched.mp4");

        var watched = (await server.RunAsync("livestream", "watch", livestream, "--duration", "12", "--record", recording, "--json")).Expect(0);

        var figures = watched.Objects[^1];
        Assert.True((int)figures["segments"]! >= 2, watched.Output);
        Assert.Equal(0, (int)figures["errors"]!);
        Assert.InRange((double)figures["latency_seconds"]!, 0.1, 60);
        Assert.Equal("h264,320,180", (await FfmpegTool.ProbeAsync("-select_streams", "v", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0", recording)).Trim());
        var (exitCode, errors) = await FfmpegTool.TryRunAsync("-v", "error", "-i", recording, "-f", "null", "-");
        Assert.Equal((0, ""), (exitCode, errors.Trim()));

        push.Interrupt();
        var pushed = (await push.WaitAsync()).Expect(0);
        Assert.True((int)pushed.Objects[^1]["pictures"]! > 200, pushed.Output);
    }

    [Fact]
    public async Task Files_of_other_kinds_are_pushed_by_FFmpeg_and_end_by_themselves()
    {
        var made = (await server.RunAsync("livestream", "create", "--show-key", "--json")).Expect(0).Object;
        var environment = server.Environment;
        environment["ROOMCAST_STREAM_KEY"] = (string)made["stream_key"]!;

        foreach (var how in (string[][])[[], ["--copy"]])
        {
            var pushed = (await RoomcastTool.RunAsync(environment, ["push", server.Mp4, "--to", Ingest, "--json", .. how])).Expect(0);
            Assert.InRange((double)pushed.Objects[^1]["sent_seconds"]!, 7.5, 8.5);
            Assert.InRange((int)pushed.Objects[^1]["pictures"]!, 199, 203);
        }
    }

    [Fact]
    public async Task A_wrong_key_is_refused_and_not_repeated()
    {
        var refused = (await server.RunAsync("push", server.Flv, "--to", Ingest, "--key", "wrong-key-of-nobody")).Expect(4);

        Assert.Contains("refuses the stream", refused.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-key-of-nobody", refused.Errors + refused.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_livestream_is_pushed_on_until_that_is_stopped()
    {
        var (from, to) = (await server.CreateLivestreamAsync("From"), (await server.RunAsync("livestream", "create", "--name", "To", "--show-key", "--json")).Expect(0).Object);
        var environment = server.Environment;
        environment["ROOMCAST_STREAM_KEY"] = (string)to["stream_key"]!;
        var started = (await RoomcastTool.RunAsync(environment, "stream", "start", from, "--to", Ingest, "--name", "Partner", "--json")).Expect(0);
        Assert.DoesNotContain((string)to["stream_key"]!, started.Output, StringComparison.Ordinal);
        await using var push = server.Start("push", server.Flv, "--livestream", from, "--loop");

        // What arrives there can be watched there.
        (await server.RunAsync("livestream", "watch", (string)to["id"]!, "--duration", "10", "--wait", "60", "--json")).Expect(0);
        var listed = (await server.RunAsync("stream", "list", from, "--json")).Expect(0).Object;
        Assert.Equal(((string)started.Object["id"]!, "Partner"), ((string)listed["id"]!, (string)listed["name"]!));
        Assert.True((long)listed["bytes_sent"]! > 100_000, listed.ToJsonString());

        (await server.RunAsync("stream", "stop", from, (string)listed["id"]!)).Expect(0);
        Assert.Empty((await server.RunAsync("stream", "list", from, "--json")).Expect(0).Objects);
        (await server.RunAsync("stream", "stop", from, (string)listed["id"]!)).Expect(5);
        (await server.RunAsync("stream", "stop", from)).Expect(2);
        (await server.RunAsync("stream", "stop", from, "--all")).Expect(0);
    }

    [Fact]
    public async Task A_load_of_viewers_tells_what_they_met()
    {
        var livestream = await server.CreateLivestreamAsync("Crowd");
        await using var push = server.Start("push", server.Flv, "--livestream", livestream, "--loop");

        var load = (await server.RunAsync("load", "--viewers", "20", "--livestream", livestream, "--duration", "12", "--rate", "20", "--json")).Expect(0);

        var summary = load.Objects.Single(each => (string?)each["event"] == "summary");
        Assert.Equal((20, 20), ((int)summary["viewers"]!, (int)summary["viewers_playing"]!));
        Assert.True((long)summary["viewer_bytes"]! > 0);
    }

    [Fact]
    public async Task Who_watches_what_is_not_on_air_is_told()
    {
        var livestream = await server.CreateLivestreamAsync("Dark");

        (await server.RunAsync("livestream", "watch", livestream, "--wait", "1")).Expect(5);
    }
}
