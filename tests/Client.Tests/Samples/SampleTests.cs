using System.Globalization;
using Roomcast.Client.Tests.Meeting;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Client.Tests.Samples;

/// <summary>Each sample against the real server.</summary>
[Collection(nameof(MeetingServer))]
public sealed class SampleTests(MeetingServer server)
{
    [Fact]
    public async Task A_room_that_begins_is_streamed_for_ten_seconds()
    {
        var (url, livestream) = await server.CreateIngestAsync();
        var (address, key) = (url[..url.LastIndexOf('/')], url[(url.LastIndexOf('/') + 1)..]);
        var credentials = server.Process.Credentials;
        await using var program = SampleProgram.StartSample(
            "StreamRoom", new Dictionary<string, string> { ["ROOMCAST_TOKEN"] = credentials.ApiToken, ["ROOMCAST_STREAM_KEY"] = key },
            $"ws://{server.Base.Authority}", credentials.AppId, address);
        await program.WaitAsync("Waiting for rooms");
        var title = $"Sample {Guid.NewGuid():N}";
        await using var ada = await server.InitAsync(await server.CreateMeetingAsync(title), "Ada");
        await ada.JoinAsync();

        await program.WaitAsync($"Room started: {title}");
        await program.WaitAsync("Stream started: Streaming");
        await server.UntilAsync($"/livestreams/{livestream}", answer => (string?)answer["data"]!["livestream"]!["status"] == "LIVE", "the target is live");
        await program.WaitAsync("Stopping stream");
        var ended = (await program.WaitAsync("Stream ended: ")).Split(' ');
        Assert.Equal(["Completed", "after"], ended[^3..^1]);
        Assert.True(TimeSpan.Parse(ended[^1], CultureInfo.InvariantCulture) > TimeSpan.FromSeconds(9), string.Join('\n', program.Lines));
        await ada.Participants.KickAllAsync();
        await program.WaitAsync($"Room ended: {title}");
        await program.InterruptAsync();

        Assert.Equal(0, await program.WaitForExitAsync());
        Assert.DoesNotContain(program.Lines, line => line.Contains(key, StringComparison.Ordinal) || line.Contains(credentials.ApiToken, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_bot_plays_its_files_into_a_meeting_and_leaves()
    {
        using var folder = new TemporaryFolder();
        var (picture, sound) = (folder.PathOf("picture.ivf"), folder.PathOf("sound.ogg"));
        await FfmpegTool.RunAsync(
            "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=15:duration=6", "-c:v", "libvpx", "-deadline", "realtime", "-g", "15", "-b:v", "200k", picture);
        await FfmpegTool.RunAsync("-v", "error", "-f", "lavfi", "-i", "sine=frequency=880:duration=6", "-c:a", "libopus", "-frame_duration", "20", sound);
        var meeting = await server.CreateMeetingAsync("Concert");
        await using var ada = await server.InitAsync(meeting, "Ada", change: static options => options with { Video = null, Audio = null });
        await ada.JoinAsync();

        await using var bot = await StartAsync("PlayBot", meeting, "Player", "group_call_host", picture, sound);
        await bot.WaitAsync("Playing into Concert as Player");
        await MeetingServer.UntilAsync(() => ada.Participants.Joined.ToArray() is [{ VideoTrack.Frames: > 20, AudioTrack.Frames: > 50 }], "the bot is seen and heard");

        Assert.Equal(0, await bot.WaitForExitAsync());
        var played = (await bot.WaitAsync("Played ")).Split(' ');

        // What comes before the path to the server is there is not sent.
        Assert.InRange(int.Parse(played[1], CultureInfo.InvariantCulture), 60, 90);
        Assert.InRange(int.Parse(played[4], CultureInfo.InvariantCulture), 200, 302);
        await MeetingServer.UntilAsync(() => ada.Participants.Joined.Count == 0, "the bot has left");
    }

    [Fact]
    public async Task A_bot_records_what_is_sent_until_it_is_interrupted()
    {
        using var folder = new TemporaryFolder();
        var meeting = await server.CreateMeetingAsync("Lecture");
        await using var ada = await server.InitAsync(meeting, "Ada");
        await ada.JoinAsync();
        await using var bot = await StartAsync("RecordBot", meeting, "Recorder", "group_call_host", folder.Path);
        await MeetingServer.UntilAsync(() => bot.Lines.Count(line => line.StartsWith("Began ", StringComparison.Ordinal)) == 2, "both tracks are recorded");
        var since = ada.Self.VideoFramesSent;
        await MeetingServer.UntilAsync(() => ada.Self.VideoFramesSent > since + 45, "some seconds were sent");
        await bot.InterruptAsync();

        Assert.Equal(0, await bot.WaitForExitAsync());
        var files = Directory.GetFiles(folder.Path, "*.webm").Order(StringComparer.Ordinal).ToList();
        Assert.Equal(["Audio", "Video"], files.Select(file => Path.GetFileNameWithoutExtension(file).Split('-')[^1]).Order(StringComparer.Ordinal));
        foreach (var file in files)
        {
            var (exitCode, errors) = await FfmpegTool.TryRunAsync("-v", "error", "-xerror", "-i", file, "-f", "null", "-");
            Assert.Equal((0, ""), (exitCode, errors.Trim()));
            Assert.True(double.Parse(
                await FfmpegTool.ProbeAsync("-show_entries", "format=duration", "-of", "csv=p=0", file), CultureInfo.InvariantCulture) > 1, file);
        }
    }

    [Fact]
    public async Task A_host_takes_a_meeting_live_and_off_air_again()
    {
        var meeting = await server.CreateMeetingAsync("Show");
        await using var host = await StartAsync("LivestreamHost", meeting, "Host", "livestream_host");
        var onAir = await host.WaitAsync("On air: ");
        var playlist = await server.GetPlaylistAsync(new Uri(onAir["On air: ".Length..]));
        Assert.StartsWith("#EXTM3U", playlist, StringComparison.Ordinal);
        await host.InterruptAsync();

        Assert.Equal(0, await host.WaitForExitAsync());
        Assert.Contains("Livestream: Idle", host.Lines);
    }

    [Theory]
    [InlineData("PlayBot", "picture.ivf", "sound.ogg")]
    [InlineData("RecordBot", ".")]
    [InlineData("LivestreamHost")]
    public async Task Who_is_interrupted_while_joining_ends_in_good_order(string name, params string[] files)
    {
        ArgumentNullException.ThrowIfNull(files);
        using var folder = new TemporaryFolder();
        await FfmpegTool.RunAsync("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=15:duration=1", "-c:v", "libvpx", "-deadline", "realtime", folder.PathOf("picture.ivf"));
        await FfmpegTool.RunAsync("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "libopus", folder.PathOf("sound.ogg"));
        var meeting = await server.CreateMeetingAsync("Locked");
        await using var ada = await server.InitAsync(meeting, "Ada");
        await ada.JoinAsync();

        // The waiting room keeps it joining for as long as nobody lets it in.
        await using var program = await StartAsync(name, meeting, "Guest", "group_call_guest", [.. files.Select(file => folder.PathOf(file))]);
        await program.WaitAsync("Waiting to be let in");
        await program.InterruptAsync();

        Assert.Equal(0, await program.WaitForExitAsync());
        Assert.Equal(["Waiting to be let in", "Ended before it had joined"], program.Lines);
        await MeetingServer.UntilAsync(() => ada.Participants.Waitlisted.Count == 0, "nobody waits any more");
    }

    [Theory]
    [InlineData("StreamRoom", "ws://localhost:8080", "app", "rtmp://localhost/live")]
    [InlineData("PlayBot", "http://localhost:8080", "picture.ivf", "sound.ogg")]
    [InlineData("RecordBot", "http://localhost:8080", "folder")]
    [InlineData("LivestreamHost", "http://localhost:8080")]
    public async Task Without_its_secrets_each_says_which_variables_hold_them(string name, params string[] arguments)
    {
        await using var program = SampleProgram.StartSample(name, new Dictionary<string, string>(), arguments);

        Assert.Equal(2, await program.WaitForExitAsync());
        Assert.StartsWith("usage: ROOMCAST_", Assert.Single(program.Lines), StringComparison.Ordinal);
    }

    private async Task<SampleProgram> StartAsync(string name, string meeting, string participant, string preset, params string[] arguments) =>
        SampleProgram.StartSample(
            name, new Dictionary<string, string> { ["ROOMCAST_PARTICIPANT_TOKEN"] = await server.AddAsync(meeting, participant, preset) },
            [server.Base.AbsoluteUri, .. arguments]);
}
