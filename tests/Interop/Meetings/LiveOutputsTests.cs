using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Roomcast.Interop.Browser;
using Roomcast.Interop.Push;
using Xunit.Abstractions;

namespace Roomcast.Interop.Meetings;

/// <summary>
/// One meeting, one composition, four ways out: the livestream, two pushes to servers that others wrote, and the recording. Each
/// is decoded, and shows who was on stage, where, when and under which name.
/// </summary>
[Collection(MeetingServerTests.Name)]
public sealed class LiveOutputsTests(MeetingServer server, ITestOutputHelper output) : IAsyncLifetime
{
    private const int SteadySeconds = 60;

    // What is measured in milliseconds depends on who else uses the machine: beyond this something is wrong, not slow.
    private static readonly double Sane = TimeSpan.FromSeconds(60).TotalMilliseconds;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.CloseTabsAsync();

    [Fact]
    public async Task Every_output_shows_who_was_on_stage_where_when_and_under_which_name()
    {
        await using var nginx = await RecordingSink.StartNginxAsync();
        await using var node = await RecordingSink.StartNodeMediaServerAsync();
        var meeting = await server.CreateMeetingAsync("Outputs");
        var preset = await server.CreatePresetAsync("outputs_host", "livestream_host", changed => changed["permissions"]!["can_record"] = true);
        var ada = await KitPage.OpenAsync(server, meeting, 0, preset, sends: true, script: StampedSource.ScriptOf(0));
        await ada.RunAsync("""
            meeting.participants.joined.on('participantJoined', () => stamped.note('joined'));
            meeting.participants.joined.on('participantLeft', () => stamped.note('left'));
            meeting.participants.joined.on('screenShareUpdate', (_, { screenShareEnabled }) => stamped.note(screenShareEnabled ? 'shared' : 'unshared'));
            """);

        // Live by the client, pushed to two servers, and recorded by the client.
        await ada.RunAsync("meeting.livestream.start()");
        await ada.WaitAsync("meeting.livestream.state === 'LIVESTREAMING' && meeting.livestream.playbackUrl", MeetTab.Patience);
        var livestream = await server.GetAsync($"/meetings/{meeting}/active-livestream");
        var id = livestream.GetProperty("id").GetString();
        var (playback, watch) = (await ada.EvaluateAsync<string>("meeting.livestream.playbackUrl"), livestream.GetProperty("watch_url").GetString()!);
        var copy = Path.Combine(server.Folder, "livestream.mkv");
        await using var viewer = new Recorder(playback, copy);
        await PushAsync(id!, nginx, "nginx-key");
        await PushAsync(id!, node, "node-key");
        await ada.RunAsync("meeting.recording.start()");
        await ada.WaitAsync("meeting.recording.recordingState === 'RECORDING'", MeetTab.Patience);
        await using var sink = new StampedStream($"{nginx.Address}/nginx-key");
        await SeenAsync(sink, look => look.Layout is StampedLayout.Alone);

        // Ben comes, and for a minute both are there.
        var ben = await KitPage.OpenAsync(server, meeting, 1, preset, sends: true, script: StampedSource.ScriptOf(1));
        await SeenAsync(sink, look => look is { Layout: StampedLayout.Two, Second: not null });
        await ben.RunAsync("""
            (async () => {
              const seen = globalThis.seen = document.createElement('video');
              seen.muted = true;
              document.body.append(seen);
              let track;
              while (!(track = meeting.participants.joined.toArray()[0]?.videoTrack)) await new Promise((go) => setTimeout(go, 100));
              seen.srcObject = new MediaStream([track]);
              await seen.play();
            })()
            """);
        var steadyFrom = StampedStream.WallMs;
        var direct = await ben.EvaluateAsync<List<double>>($"stamped.ages(seen, [0, 0.2, 1, 0.3], {SteadySeconds * 1_000})");
        var steady = sink.Arrivals.Where(each => each.WallMs > steadyFrom).ToList();

        // A screen is shared and taken away, and somebody watches the page.
        var before = StampedStream.WallMs;
        await ben.RunAsync("meeting.self.enableScreenShare()");
        await SeenAsync(sink, look => look is { Layout: StampedLayout.Screen, Screen: not null }, before);
        await Task.Delay(TimeSpan.FromSeconds(5));
        before = StampedStream.WallMs;
        await ben.RunAsync("meeting.self.disableScreenShare()");
        await SeenAsync(sink, look => look is { Layout: StampedLayout.Two, Second: not null }, before);
        var watching = await WatchAsync(new Uri(watch));

        before = StampedStream.WallMs;
        await ben.RunAsync("meeting.leave()");
        await SeenAsync(sink, look => look.Layout is StampedLayout.Alone, before);
        await Task.Delay(TimeSpan.FromSeconds(3));
        var changes = await ada.EvaluateAsync<Dictionary<string, double>>("stamped.notes");
        var arrivals = sink.Arrivals;
        var swells = await ada.EvaluateAsync<List<double>>("stamped.swells()");
        var drawn = await ada.EvaluateAsync<List<double>>("stamped.gaps()");
        await ben.CloseAsync();

        await ada.RunAsync("meeting.recording.stop()");
        var recording = await RecordedAsync(meeting);
        await ada.RunAsync("meeting.livestream.stop()");
        await ada.WaitAsync("meeting.livestream.state === 'IDLE'", MeetTab.Patience);
        await viewer.WaitForEndAsync();
        await ada.RunAsync("meeting.leave()");
        await ada.CloseAsync();

        var (late, leftOut) = (await MetricAsync("late_pictures"), await MetricAsync("skipped_pictures"));
        Print($"The worker was late with {late} pictures and left out {leftOut}.");
        var labels = await NameLabels.DrawAsync(MeetingServer.Names);
        var readings = new Dictionary<string, StampedReading>
        {
            ["livestream"] = await StampedReading.OfAsync(copy),
            ["nginx"] = await StampedReading.OfAsync((await nginx.RecordingsAsync(1))[0]),
            ["node-media-server"] = await StampedReading.OfAsync((await node.RecordingsAsync(1))[0]),
            ["recording"] = await StampedReading.OfAsync(recording),
        };
        Print($"Ada's pictures were drawn {P(drawn, 0.5):F0} ms apart in the middle, p95 {P(drawn, 0.95):F0} ms.");
        foreach (var (name, reading) in readings)
        {
            Assert.True(reading.Complaints.Length == 0, $"{name}: {reading.Complaints}");
            AssertShown(name, reading, labels);
            AssertWhole(name, reading, leftOut);
            AssertInStep(name, reading, swells);
        }

        AssertSame(readings["nginx"], readings["node-media-server"]);
        AssertSame(readings["nginx"], readings["recording"]);
        AssertSame(readings["nginx"], readings["livestream"]);
        // Where the worker itself came too late for more than a few pictures, the machine had no time to be quick.
        JudgeLatency(steady, direct, watching, hadTime: late + leftOut < steady.Count / 20);
        JudgeChanges(changes, arrivals);
    }

    /// <summary>A counter of compositions, as the server's metrics tell it; 0 where it was never counted.</summary>
    private async Task<long> MetricAsync(string name)
    {
        var text = await server.Server.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        return text.Split('\n')
            .Where(line => line.StartsWith($"roomcast_egress_composition_{name}", StringComparison.Ordinal))
            .Sum(line => (long)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    private static double P(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToList();
        Assert.NotEmpty(sorted);
        return sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];
    }

    /// <summary>One after the other: Ada alone, Ben beside her, his screen with both at its side, both, Ada alone; each under their name.</summary>
    private void AssertShown(string name, StampedReading reading, NameLabels labels)
    {
        var known = reading.Frames.Where(frame => frame.Look.Layout is not StampedLayout.None).ToList();
        Assert.True(known.Count >= reading.Frames.Count * 0.9, $"{name}: {known.Count} of {reading.Frames.Count} pictures can be read.");
        var order = known.Select(frame => frame.Look.Layout).ToList();
        var turns = order.Where((layout, at) => at == 0 || order[at - 1] != layout).ToList();
        Assert.Equal([StampedLayout.Alone, StampedLayout.Two, StampedLayout.Screen, StampedLayout.Two, StampedLayout.Alone], turns);

        // Both move on: what is shown is newer and newer, in every picture or nearly so.
        AssertMoves(name, "Ada", known.Select(frame => frame.Look.First));
        AssertMoves(name, "Ben", known.Where(frame => frame.Look.Layout is StampedLayout.Two).Select(frame => frame.Look.Second));
        AssertMoves(name, "the screen", known.Select(frame => frame.Look.Screen));

        // Names, where a layout has stood for a while: in the middle of the pictures that have it.
        foreach (var layout in (StampedLayout[])[StampedLayout.Alone, StampedLayout.Two, StampedLayout.Screen])
        {
            var samples = reading.Samples.Where(sample => reading.Frames[sample.Number].Look.Layout == layout).ToList();
            Assert.NotEmpty(samples);
            var (number, gray) = samples[samples.Count / 2];
            foreach (var tile in StampedLayouts.TilesOf(layout).Where(tile => !tile.IsScreen))
            {
                var read = labels.Read(gray, StampedReading.SampleWidth, tile.Area);
                var expected = tile.PeerId == "first" ? MeetingServer.Names[0] : MeetingServer.Names[1];
                var text = $"{name}, picture {number}, {layout}, {tile.PeerId}: " + string.Join(", ", read.Select(each => FormattableString.Invariant($"{each.Name} {each.Likeness:F2}")));
                Assert.True(read[0].Name == expected && read[0].Likeness > 0.7 && read[0].Likeness - read[1].Likeness > 0.1, text);
                output.WriteLine(text);
            }
        }
    }

    private static void AssertMoves(string name, string who, IEnumerable<int?> stamps)
    {
        var read = stamps.OfType<int>().ToList();
        Assert.True(read.Count > 60, $"{name}: {who} was read in {read.Count} pictures.");
        Assert.All(read.Zip(read.Skip(1)), pair => Assert.True(StampedPicture.Between(pair.First, pair.Second) >= 0, $"{name}: {who} went back."));
        var moved = read.Zip(read.Skip(1)).Count(pair => pair.First != pair.Second);
        Assert.True(moved > read.Count / 20, $"{name}: {who} moved in {moved} of {read.Count} pictures.");
    }

    /// <summary>A picture each thirtieth of a second, and none that is its neighbour again.</summary>
    private void AssertWhole(string name, StampedReading reading, long leftOut)
    {
        var steps = reading.Frames.Zip(reading.Frames.Skip(1)).Select(pair => (pair.Second.At - pair.First.At).TotalMilliseconds).ToList();
        Print($"{name}: {reading.Frames.Count} pictures, {steps.Min():F1} to {steps.Max():F1} ms apart.");
        Assert.True(reading.Frames.Count + leftOut > (SteadySeconds + 10) * 30, $"{name} has {reading.Frames.Count} pictures.");

        // FLV and Matroska count milliseconds. Only what the worker says it left out, because it was held up for seconds, may be missing;
        // it says so each second, and what it left out last it may not have said.
        var missing = steps.Where(step => step is < 32 or > 35).Sum(step => (step / (1_000.0 / 30)) - 1);
        Assert.True(steps.Min() >= 32 && missing <= (leftOut == 0 ? 0.5 : (2 * leftOut) + 120), $"{name}: {missing:F1} pictures are missing, {leftOut} were left out.");
        Assert.All(reading.Frames.Zip(reading.Frames.Skip(1)), pair => Assert.NotEqual(pair.First.Hash, pair.Second.Hash));
    }

    /// <summary>The same encoded pictures, one for one, from the later beginning to the earlier end.</summary>
    private static void AssertSame(StampedReading one, StampedReading other)
    {
        var (first, second) = (one.Frames.Select(frame => frame.Hash).ToList(), other.Frames.Select(frame => frame.Hash).ToList());
        var at = first.IndexOf(second[0]);
        if (at < 0)
        {
            (first, second) = (second, first);
            at = first.IndexOf(second[0]);
        }

        Assert.True(at >= 0, "They have no beginning in common.");
        var count = Math.Min(first.Count - at, second.Count);
        Assert.True(count > first.Count * 0.8, $"They have {count} pictures in common.");
        Assert.Equal(first.Skip(at).Take(count), second.Take(count));
    }

    private void AssertInStep(string name, StampedReading reading, IReadOnlyList<double> swells)
    {
        var offsets = reading.OffsetsMs(MeetProbe.Tones[0], swells);
        Assert.True(offsets.Count > SteadySeconds / 2, $"{name}: {offsets.Count} swells were found.");
        Print($"{name}: sound minus picture {P(offsets, 0.5):F0} ms in the middle, p95 of its size {P(offsets.Select(Math.Abs), 0.95):F0} ms, of {offsets.Count}.");

        // The browser's own share is in it, and grows with what else the machine does; the middle is ours.
        Assert.InRange(Math.Abs(P(offsets, 0.5)), 0, 60);
        Assert.InRange(P(offsets.Select(Math.Abs), 0.5), 0, 90);
    }

    private void JudgeLatency(List<StampedArrival> steady, List<double> direct, List<double> watching, bool hadTime)
    {
        var ages = steady.Select(each => each.AgeMs).OfType<double>().ToList();
        Assert.True(ages.Count > SteadySeconds, $"{ages.Count} pictures reached the sink's player in {SteadySeconds} s.");
        Assert.True(direct.Count > 10, $"{direct.Count} readings of what Ben saw of Ada.");
        Assert.True(watching.Count > 5, $"{watching.Count} readings of the watch page.");
        Print($"From Ada's picture to Ben's screen, without us composing: {P(direct, 0.5):F0} ms in the middle, p95 {P(direct, 0.95):F0} ms.");
        Print($"To the decoder behind nginx: {P(ages, 0.5):F0} ms in the middle, p95 {P(ages, 0.95):F0} ms; goal 1,000 ms.");
        Print($"To the picture of hls.js: {P(watching, 0.5):F0} ms in the middle, p95 {P(watching, 0.95):F0} ms; goal 2,500 ms.");
        Assert.InRange(P(ages, 0.5), 0, hadTime ? 1_000 + (2 * P(direct, 0.95)) : Sane);
        Assert.InRange(P(watching, 0.5), 0, hadTime ? 2_500 + (3 * P(direct, 0.95)) : Sane);
    }

    private void JudgeChanges(Dictionary<string, double> changes, IReadOnlyList<StampedArrival> arrivals)
    {
        (string What, StampedLayout Before, StampedLayout After)[] expected =
        [
            ("joined", StampedLayout.Alone, StampedLayout.Two), ("shared", StampedLayout.Two, StampedLayout.Screen),
            ("unshared", StampedLayout.Screen, StampedLayout.Two), ("left", StampedLayout.Two, StampedLayout.Alone),
        ];
        var known = arrivals.Where(each => each.Look.Layout is not StampedLayout.None).ToList();
        var from = 0;
        foreach (var (what, before, after) in expected)
        {
            from = known.FindIndex(from, each => each.Look.Layout == before);
            from = known.FindIndex(from, each => each.Look.Layout == after);
            var took = known[from].WallMs - changes[what];
            Print($"'{what}' told to the client, the layout changed {took:F0} ms later behind the decoder at the sink; goal 250 ms in the composition.");
            Assert.InRange(took, -Sane, Sane);
        }
    }

    private async Task PushAsync(string livestream, RecordingSink sink, string key)
    {
        var made = await server.PostAsync($"/livestreams/{livestream}/outputs", new { url = sink.Address, stream_key = key });
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var now = await server.GetAsync($"/livestreams/{livestream}/outputs/{made.GetProperty("id").GetString()}");
            if (now.GetProperty("state").GetString() == "publishing")
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, $"{now}\n{server.Server.Errors}");
            await Task.Delay(100);
        }
    }

    private Task<StampedArrival> SeenAsync(StampedStream sink, Func<StampedLook, bool> isSo, double afterMs = 0) =>
        sink.WaitAsync(afterMs, isSo, () => server.Server.Errors);

    /// <summary>How old Ada's picture is in the watch page, with both people on stage.</summary>
    private async Task<List<double>> WatchAsync(Uri address)
    {
        var chromium = await server.BrowserAsync(1);
        var page = await chromium.OpenAsync(address, script: StampedSource.ScriptOf(1));
        await page.WaitForStageAsync("watching");
        await Task.Delay(TimeSpan.FromSeconds(8)); // The player approaches its distance from the live edge.
        var rows = StampedPicture.RowsOf(StampedLayouts.FirstOf(StampedLayout.Two, 1_280), 1_280, 720);
        var area = string.Join(", ", rows.Select(each => each.ToString(CultureInfo.InvariantCulture)));
        var ages = await page.EvaluateAsync<List<double>>($"stamped.ages(document.getElementById('video'), [{area}], 20000)");
        await page.CloseAsync();
        return ages;
    }

    private async Task<string> RecordedAsync(string meeting)
    {
        var began = TimeProvider.System.GetTimestamp();
        JsonElement recording;
        while ((recording = (await server.GetAsync($"/recordings?meeting_id={meeting}"))[0]).GetProperty("status").GetString() != "UPLOADED")
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, $"{recording}\n{server.Server.Errors}");
            await Task.Delay(200);
        }

        var path = Path.Combine(server.Folder, "recording.mp4");
        using var http = server.Server.CreateHttpsClient();
        await File.WriteAllBytesAsync(path, await http.GetByteArrayAsync(new Uri(recording.GetProperty("download_url").GetString()!)));
        return path;
    }

    private void Print(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    /// <summary>FFmpeg, which writes what it is served to a file as it is.</summary>
    private sealed class Recorder(string from, string to) : IAsyncDisposable
    {
        private readonly Process _ffmpeg = Process.Start("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", from, "-map", "0:v", "-map", "0:a", "-c", "copy", to]);

        public async Task WaitForEndAsync()
        {
            using var patience = new CancellationTokenSource(MeetTab.Patience);
            await _ffmpeg.WaitForExitAsync(patience.Token);
        }

        public async ValueTask DisposeAsync()
        {
            if (!_ffmpeg.HasExited)
            {
                _ffmpeg.Kill();
            }

            await _ffmpeg.WaitForExitAsync();
            _ffmpeg.Dispose();
        }
    }
}
