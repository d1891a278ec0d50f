using Roomcast.TestKit.Rtmp;
using Roomcast.TestKit.Server;

namespace Roomcast.Cli.Tests;

/// <summary>A server in a process of its own, and the environment that leads the tool to it.</summary>
public sealed class ToolServer : IAsyncLifetime
{
    public RoomcastProcess Process { get; private set; } = null!;

    /// <summary>Files of a few seconds of picture and sound.</summary>
    public string Flv => Path.Combine(Folder, "film.flv");

    public string Mp4 => Path.Combine(Folder, "film.mp4");

    public string WebM => Path.Combine(Folder, "film.webm");

    /// <summary>A folder for what tests write.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("roomcast-cli-").FullName;

    /// <summary>What leads the tool to the server.</summary>
    public Dictionary<string, string> Environment => new()
    {
        ["ROOMCAST_URL"] = Process.HttpBase.ToString(),
        ["ROOMCAST_CREDENTIALS"] = Path.Combine(Process.DataFolder, "credentials.json"),
    };

    public async Task InitializeAsync()
    {
        Process = await RoomcastProcess.StartAsync(new RoomcastStart
        {
            Arguments = ["--push-private-networks", "127.0.0.0/8,::1/128", "--webhook-private-networks", "127.0.0.0/8,::1/128"],
        });
        string[] signals = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=8", "-f", "lavfi", "-i", "sine=frequency=440:duration=8"];
        string[] h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac", "-ar", "48000"];
        await FfmpegTool.RunAsync([.. signals, .. h264, Flv]);
        await FfmpegTool.RunAsync([.. signals, .. h264, Mp4]);
        await FfmpegTool.RunAsync([.. signals, "-t", "4", "-c:v", "libvpx", "-deadline", "realtime", "-g", "25", "-c:a", "libopus", WebM]);
    }

    public async Task DisposeAsync()
    {
        await Process.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Runs the tool against the server.</summary>
    public Task<ToolExit> RunAsync(params string[] arguments) => RoomcastTool.RunAsync(Environment, arguments);

    /// <summary>Starts the tool against the server.</summary>
    public RoomcastTool Start(params string[] arguments) => RoomcastTool.Start(Environment, arguments);

    /// <summary>Makes a meeting.</summary>
    public async Task<string> CreateMeetingAsync(string title) =>
        (string)(await RunAsync("meeting", "create", "--title", title, "--json")).Expect(0).Object["id"]!;

    /// <summary>Makes a livestream.</summary>
    public async Task<string> CreateLivestreamAsync(string name) =>
        (string)(await RunAsync("livestream", "create", "--name", name, "--json")).Expect(0).Object["id"]!;
}

/// <summary>Tests that share one server.</summary>
[CollectionDefinition(nameof(ToolServer))]
public sealed class ToolServerCollection : ICollectionFixture<ToolServer>;
