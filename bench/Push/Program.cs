using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Roomcast.Bench.Ingest;
using Roomcast.Bench.Push;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;
using Roomcast.TestKit.Server;

const int Targets = 10;
var seconds = args is ["--seconds", var text] && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : args.Length == 0 ? 20 : 0;
if (seconds is < 2 or > 600)
{
    Console.Error.WriteLine("Usage: dotnet run -c Release --project bench/Push [-- --seconds 2..600]");
    return 2;
}

// Encoded once: the publisher only sends, and is no part of what is measured.
using var folder = new TemporaryFolder();
var file = folder.PathOf("source.flv");
await FfmpegTool.RunAsync(
    "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30:duration=10", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=10",
    "-c:v", "libx264", "-preset", "veryfast", "-b:v", "2500k", "-maxrate", "2500k", "-bufsize", "2500k", "-g", "60", "-bf", "0", "-pix_fmt", "yuv420p",
    "-c:a", "aac", "-b:a", "128k", "-f", "flv", file);

await using var sink = await NginxProcess.StartAsync();
string[] addresses = [.. Enumerable.Range(0, Targets).Select(i => string.Create(CultureInfo.InvariantCulture, $"rtmp://127.0.0.1:{sink.Port}/live/target{i}"))];
Console.WriteLine($"One livestream of 720p30, 2.6 Mbit/s; {Targets} targets at one nginx; {seconds} s each. CPU of the pushing process, in percent of one core.");

var (roomcastIdle, roomcast) = await MeasureRoomcastAsync();
var nginxIdle = await MeasureNginxAsync([]);
var nginx = await MeasureNginxAsync(addresses);
var (ours, theirs) = ((roomcast - roomcastIdle) / Targets, (nginx - nginxIdle) / Targets);
Console.WriteLine();
Console.WriteLine("|            | no target | 10 targets | per target |");
Console.WriteLine("| ---------- | --------: | ---------: | ---------: |");
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| Roomcast   | {roomcastIdle,8:F2}% | {roomcast,9:F2}% | {ours,9:F3}% |"));
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| nginx-rtmp | {nginxIdle,8:F2}% | {nginx,9:F2}% | {theirs,9:F3}% |"));
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Per target Roomcast costs {ours / theirs:F2} of nginx-rtmp. Roomcast also packages the livestream as HLS, in both of its figures."));
return 0;

async Task<(double Idle, double Busy)> MeasureRoomcastAsync()
{
    await using var server = await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = ["--push-private-networks", "127.0.0.0/8"] });
    using var api = server.CreateApiClient();
    var livestream = await PostAsync(api, $"{server.AppPath}/livestreams", new { name = "bench" });
    using var publisher = Publish($"{server.RtmpBase.ToString().TrimEnd('/')}/live/{livestream.GetProperty("stream_key").GetString()}");
    try
    {
        var outputs = $"{server.AppPath}/livestreams/{livestream.GetProperty("id").GetString()}/outputs";
        var ids = new List<string?>();
        foreach (var address in addresses)
        {
            ids.Add((await PostAsync(api, outputs, new { url = address })).GetProperty("id").GetString());
        }

        await WaitForTargetsAsync();
        var busy = await MeasureAsync(server.ProcessId);

        // The same process without them afterwards: before, it would still be compiling.
        foreach (var id in ids)
        {
            using var deleted = await api.DeleteAsync(new Uri($"{outputs}/{id}", UriKind.Relative));
            deleted.EnsureSuccessStatusCode();
        }

        return (await MeasureAsync(server.ProcessId), busy);
    }
    finally
    {
        publisher.Kill();
    }
}

async Task<double> MeasureNginxAsync(string[] pushes)
{
    await using var server = await NginxProcess.StartAsync(pushes);
    using var publisher = Publish(string.Create(CultureInfo.InvariantCulture, $"rtmp://127.0.0.1:{server.Port}/live/bench"));
    try
    {
        if (pushes.Length > 0)
        {
            await WaitForTargetsAsync();
        }

        return await MeasureAsync(server.ProcessId);
    }
    finally
    {
        publisher.Kill();
    }
}

async Task WaitForTargetsAsync()
{
    for (var attempt = 0; NginxProcess.ConnectionsTo(sink.Port) < Targets; attempt++)
    {
        if (attempt == 300)
        {
            throw new InvalidOperationException($"Only {NginxProcess.ConnectionsTo(sink.Port)} of {Targets} targets are connected to.");
        }

        await Task.Delay(100);
    }
}

// After some time to settle and to be compiled.
async Task<double> MeasureAsync(int processId)
{
    await Task.Delay(TimeSpan.FromSeconds(10));
    var (before, began) = (ProcessCost.Of(processId), TimeProvider.System.GetTimestamp());
    await Task.Delay(TimeSpan.FromSeconds(seconds));
    return (ProcessCost.Of(processId).CpuSeconds - before.CpuSeconds) / TimeProvider.System.GetElapsedTime(began).TotalSeconds * 100;
}

Process Publish(string address) => Process.Start(new ProcessStartInfo(
    "ffmpeg", ["-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i", file, "-c", "copy", "-f", "flv", address]))!;

static async Task<JsonElement> PostAsync(HttpClient api, string path, object body)
{
    using var response = await api.PostAsJsonAsync(new Uri(path, UriKind.Relative), body);
    response.EnsureSuccessStatusCode();
    return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("data");
}
