using System.Globalization;
using Roomcast.Interop.Browser;
using Xunit.Abstractions;

namespace Roomcast.Interop.Meetings;

/// <summary>
/// What comes out of a meeting that is live, decoded: the livestream, two pushes to servers that others wrote, and the recording.
/// The figures are those the product promises, for a machine with two processors that has nothing else to do.
/// </summary>
[Collection(MeetingServerTests.Name)]
public sealed class LiveOutputsTests(MeetingServer server, ITestOutputHelper output) : IAsyncLifetime
{
    private const int SteadySeconds = 60;
    private const double MostOutOfStepMs = 45;
    private const double MostToSinkMs = 1_000;
    private const double MostToPlayerMs = 2_500;
    private const double MostToLayoutMs = 250;
    private const double TickMs = 1_000.0 / 30;

    // What changes the layout, under the number by which the client is told of it: room events 3 and 4, and the media events of a track that
    // begins and ends.
    private static readonly (string What, long Number, StampedLayout Before, StampedLayout After)[] Told =
    [
        ("joined", 3, StampedLayout.Alone, StampedLayout.Two), ("shared", 0x0300_001B, StampedLayout.Two, StampedLayout.Screen),
        ("unshared", 0x0300_001D, StampedLayout.Screen, StampedLayout.Two), ("left", 4, StampedLayout.Two, StampedLayout.Alone),
    ];

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Fact]
    public async Task A_minute_is_whole_in_step_and_the_same_in_every_output_and_a_second_old_at_an_RTMP_server()
    {
        var (meeting, preset) = await MakeMeetingAsync();
        var ada = await KitPage.OpenAsync(server, meeting, 0, preset, sends: true, script: StampedSource.ScriptOf(0));
        await using var outputs = await LiveOutputs.StartAsync(server, meeting, ada);
        await outputs.Sink.FollowAsync(TimeSpan.FromSeconds(SteadySeconds + 4), () => server.Server.Errors);

        var load = await LoadAsync("Ada", ada);
        var swells = await ada.EvaluateAsync<List<double>>("stamped.swells()");
        var drawn = await ada.EvaluateAsync<List<double>>("stamped.gaps()");
        var readings = await outputs.FinishAsync();
        var arrivals = await outputs.Sink.ReadAsync();
        load += $" Her pictures were drawn {P(drawn, 0.5):F0} ms apart in the middle, p95 {P(drawn, 0.95):F0} ms.";
        output.WriteLine(load);

        var faults = new List<string>();
        foreach (var (name, reading) in readings)
        {
            Assert.True(reading.Complaints.Length == 0, $"{name}: {reading.Complaints}");
            JudgeCadence(name, reading, SteadySeconds, faults);
            JudgeStep(name, reading, swells, faults);
        }

        AssertSame(readings);
        var ages = arrivals.Where(each => each.AtMs > arrivals[^1].AtMs - (SteadySeconds * 1_000)).Select(each => each.AgeMs).OfType<double>().ToList();
        Judge(ages.Count > SteadySeconds * 30 * 0.9, $"{ages.Count} of {SteadySeconds * 30} pictures at nginx's player can be read.", faults);
        Judge(P(ages, 0.95) <= MostToSinkMs, $"From drawing to nginx's player: {Spread(ages)} ms; p95 may be {MostToSinkMs}.", faults);
        AssertNone(faults, load);
    }

    [Fact]
    public async Task Every_output_shows_who_was_on_stage_where_when_and_under_which_name()
    {
        var (meeting, preset) = await MakeMeetingAsync();
        var ada = await KitPage.OpenAsync(server, meeting, 0, preset, sends: true, script: StampedSource.ScriptOf(0));
        await using var outputs = await LiveOutputs.StartAsync(server, meeting, ada);
        await SeenAsync(outputs, look => look.Layout is StampedLayout.Alone);
        await outputs.Sink.FollowAsync(TimeSpan.FromSeconds(1), () => server.Server.Errors);

        // Ben comes, shares his screen for a while, and goes; each is followed until viewers have seen it.
        var from = new List<double> { await WallAsync() };
        var ben = await KitPage.OpenAsync(server, meeting, 1, preset, sends: true, browser: 0, script: StampedSource.ScriptOf(1));
        await SeenAsync(outputs, look => look is { Layout: StampedLayout.Two, Second: not null });
        from.Add(await WallAsync());
        await ben.RunAsync("meeting.self.enableScreenShare()");
        await SeenAsync(outputs, look => look is { Layout: StampedLayout.Screen, Screen: not null });
        from.Add(await WallAsync());
        await ben.RunAsync("meeting.self.disableScreenShare()");
        await SeenAsync(outputs, look => look is { Layout: StampedLayout.Two, Second: not null });
        var load = await LoadAsync("Ada", ada) + await LoadAsync("Ben", ben);
        from.Add(await WallAsync());
        await ben.RunAsync("meeting.leave()");
        await SeenAsync(outputs, look => look.Layout is StampedLayout.Alone);
        await outputs.Sink.FollowAsync(TimeSpan.FromSeconds(1), () => server.Server.Errors);
        await ben.CloseAsync();
        var heard = await ada.EvaluateAsync<List<double[]>>("stamped.heard");

        var readings = await outputs.FinishAsync();
        var arrivals = await outputs.Sink.ReadAsync();
        output.WriteLine(load);
        var labels = await NameLabels.DrawAsync(MeetingServer.Names);
        var faults = new List<string>();
        foreach (var (name, reading) in readings)
        {
            Assert.True(reading.Complaints.Length == 0, $"{name}: {reading.Complaints}");
            AssertShown(name, reading, labels);
            AssertHeard(name, reading);
            JudgeCadence(name, reading, (int)(reading.Frames[^1].At - reading.Frames[0].At).TotalSeconds, faults);
        }

        AssertSame(readings);
        foreach (var (what, least, most, seen) in LayoutChanges.Find(arrivals, Told.Select((told, at) => new LayoutEvent(told.What, told.Before, told.After, HeardAt(told.Number, from[at])))))
        {
            Judge(
                most <= MostToLayoutMs && seen <= MostToSinkMs,
                $"'{what}' heard by another client, the layout had changed {least:F0} to {most:F0} ms later, and at nginx's player after {seen:F0} ms; may be {MostToLayoutMs} and {MostToSinkMs}.",
                faults);
        }

        AssertNone(faults, load);

        Task<double> WallAsync() => ada.EvaluateAsync<double>("stamped.wall()");

        double HeardAt(long number, double earliest) => heard.First(each => (long)each[0] == number && each[1] >= earliest)[1];
    }

    [Fact]
    public async Task A_viewer_with_hls_js_sees_what_was_shown_two_and_a_half_seconds_ago()
    {
        const int WatchedSeconds = 30;
        var (meeting, preset) = await MakeMeetingAsync();
        var ada = await KitPage.OpenAsync(server, meeting, 0, preset, sends: true, script: StampedSource.ScriptOf(0));
        await ada.RunAsync("meeting.livestream.start()");
        await ada.WaitAsync("meeting.livestream.state === 'LIVESTREAMING' && meeting.livestream.playbackUrl", MeetTab.Patience);
        var watch = (await server.GetAsync($"/meetings/{meeting}/active-livestream")).GetProperty("watch_url").GetString()!;
        var page = await (await server.BrowserAsync(1)).OpenAsync(new Uri(watch), 640, 400, script: StampedSource.ScriptOf(1));
        await page.WaitForStageAsync("watching");

        // The player approaches its distance from the live edge as it plays.
        await page.WaitAsync("(globalThis.from ??= document.getElementById('video').currentTime) + 10 < document.getElementById('video').currentTime", MeetTab.Patience);
        var rows = StampedPicture.RowsOf(StampedLayouts.FirstOf(StampedLayout.Alone, 1_280), 1_280, 720);
        var area = string.Join(", ", rows.Select(each => each.ToString(CultureInfo.InvariantCulture)));
        var ages = await page.EvaluateAsync<List<double>>($"stamped.ages(document.getElementById('video'), [{area}], {WatchedSeconds * 1_000})");
        var player = await page.EvaluateAsync<string>("""
            (() => {
              const { currentTime, playbackRate, buffered } = document.getElementById('video');
              const { totalVideoFrames, droppedVideoFrames } = document.getElementById('video').getVideoPlaybackQuality();
              const ahead = buffered.length ? buffered.end(buffered.length - 1) - currentTime : 0;
              return `${totalVideoFrames} pictures, ${droppedVideoFrames} dropped, rate ${playbackRate}, ${ahead.toFixed(2)} s buffered`;
            })()
            """);
        var load = await LoadAsync("Ada", ada) + $" The player: {player}.";
        output.WriteLine(load);
        await page.CloseAsync();
        await ada.RunAsync("meeting.livestream.stop()");

        var faults = new List<string>();
        Judge(ages.Count > WatchedSeconds * 2, $"{ages.Count} readings of the watch page in {WatchedSeconds} s.", faults);
        Judge(ages.Distinct().Count() > WatchedSeconds, $"{ages.Distinct().Count()} different ages.", faults);
        Judge(P(ages, 0.95) <= MostToPlayerMs, $"From drawing to the picture of hls.js: {Spread(ages)} ms; p95 may be {MostToPlayerMs}.", faults);
        AssertNone(faults, load);
    }

    private async Task<(string Meeting, string Preset)> MakeMeetingAsync()
    {
        var preset = await server.CreatePresetAsync(
            $"outputs_{Guid.NewGuid():N}", "livestream_host", changed => changed["permissions"]!["can_record"] = true);
        return (await server.CreateMeetingAsync("Outputs"), preset);
    }

    /// <summary>What the machine had time for, for the message of a figure that is missed.</summary>
    private async Task<string> LoadAsync(string name, BrowserPage page)
    {
        return $"{name}'s browser: {await page.EvaluateAsync<string>("stamped.sending()")}. All compositions of the server so far: {await CountAsync("frames")} frames, "
            + $"{await CountAsync("late_pictures")} late pictures, {await CountAsync("skipped_pictures")} left out, {await CountAsync("worker_deaths")} workers died. "
            + $"Load of the machine: {(await File.ReadAllTextAsync("/proc/loadavg")).Trim()}.";

        Task<long> CountAsync(string metric) => ServerMetrics.SumAsync(server, $"roomcast_egress_composition_{metric}");
    }

    /// <summary>One after the other: Ada alone, Ben beside her, his screen with both at its side, both, Ada alone; each under their name.</summary>
    private void AssertShown(string name, StampedReading reading, NameLabels labels)
    {
        var known = reading.Frames.Where(frame => frame.Look.Layout is not StampedLayout.None).ToList();
        Assert.True(known.Count >= reading.Frames.Count * 0.9, $"{name}: {known.Count} of {reading.Frames.Count} pictures can be read.");
        var order = known.Select(frame => frame.Look.Layout).ToList();
        var turns = order.Where((layout, at) => at == 0 || order[at - 1] != layout).ToList();
        Assert.Equal([StampedLayout.Alone, StampedLayout.Two, StampedLayout.Screen, StampedLayout.Two, StampedLayout.Alone], turns);

        // All move on: what is shown is never older than what was shown before.
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
        Assert.True(moved > read.Count / 10, $"{name}: {who} moved in {moved} of {read.Count} pictures.");
    }

    /// <summary>While Ben is seen his tone swells each second; a moment after he has gone it is not there any more.</summary>
    private void AssertHeard(string name, StampedReading reading)
    {
        var seen = reading.Frames.Where(frame => frame.Look.Second is not null).ToList();
        var (from, to) = (seen[0].At + TimeSpan.FromSeconds(1), seen[^1].At);
        var heard = reading.Between(from, to);
        var swells = heard.SwellsOf(MeetProbe.Tones[1]);
        var (loud, silent) = (
            new ComposedReading(0, 0, [], heard.Sound).LoudestOf(MeetProbe.Tones[1]),
            new ComposedReading(0, 0, [], reading.Between(to + TimeSpan.FromMilliseconds(500), reading.Frames[^1].At).Sound).LoudestOf(MeetProbe.Tones[1]));
        var text = FormattableString.Invariant(
            $"{name}: Ben is seen for {(to - from).TotalSeconds:F1} s and swells {swells.Count} times, with {loud:F0} dB at the end, and {silent:F0} dB afterwards.");
        output.WriteLine(text);
        Assert.True(swells.Count >= (to - from).TotalSeconds / 2 && loud > -30 && loud - silent > 30, text);
    }

    /// <summary>In the last seconds a picture each thirtieth of a second, once.</summary>
    private void JudgeCadence(string name, StampedReading reading, int seconds, List<string> faults)
    {
        var end = reading.Frames[^1].At.TotalMilliseconds;
        var frames = reading.Frames.Where(frame => frame.At.TotalMilliseconds > end - (seconds * 1_000)).ToList();
        var steps = frames.Zip(frames.Skip(1)).Select(pair => (AtMs: pair.First.At.TotalMilliseconds, Ms: (pair.Second.At - pair.First.At).TotalMilliseconds)).ToList();

        // FLV and Matroska count whole milliseconds.
        var gaps = steps.Where(step => step.Ms is < TickMs - 1.4 or > TickMs + 1.4).ToList();
        var told = string.Join(", ", gaps.Take(20).Select(gap => FormattableString.Invariant($"{gap.Ms:F0} ms at {gap.AtMs / 1_000:F1} s")));
        Judge(
            gaps.Count == 0 && Math.Abs(frames.Count - (seconds * 30)) <= 1,
            $"{name}: {frames.Count} pictures in {seconds} s, {steps.Min(step => step.Ms):F1} to {steps.Max(step => step.Ms):F1} ms apart; missing or doubled: {gaps.Count} {told}.",
            faults);
        var doubled = frames.Zip(frames.Skip(1)).Count(pair => pair.First.Hash == pair.Second.Hash);
        Judge(doubled == 0, $"{name}: {doubled} pictures are their neighbours again.", faults);
    }

    private void JudgeStep(string name, StampedReading reading, IReadOnlyList<double> swells, List<string> faults)
    {
        var offsets = reading.OffsetsMs(MeetProbe.Tones[0], swells);
        var moves = reading.Frames.Zip(reading.Frames.Skip(1)).Count(pair => pair.First.Look.First != pair.Second.Look.First);
        Judge(
            offsets.Count > SteadySeconds * 0.9,
            $"{name}: sound and picture could be compared at {offsets.Count} swells of {reading.SwellsOf(MeetProbe.Tones[0]).Count}; {moves} of {reading.Frames.Count} pictures were new.",
            faults);
        if (offsets.Count > 0)
        {
            Judge(
                P(offsets.Select(Math.Abs), 0.95) <= MostOutOfStepMs,
                $"{name}: sound minus picture {Spread(offsets)} ms; p95 of its size is {P(offsets.Select(Math.Abs), 0.95):F0} and may be {MostOutOfStepMs}.",
                faults);
        }
    }

    /// <summary>The same encoded pictures, one for one, from the later beginning to the earlier end.</summary>
    private static void AssertSame(IReadOnlyDictionary<string, StampedReading> readings)
    {
        var pushed = readings["nginx"].Frames.Select(frame => frame.Hash).ToList();
        foreach (var (name, reading) in readings)
        {
            var (first, second) = (pushed, reading.Frames.Select(frame => frame.Hash).ToList());
            if (first.IndexOf(second[0]) < 0)
            {
                (first, second) = (second, first);
            }

            var at = first.IndexOf(second[0]);
            Assert.True(at >= 0, $"{name} and nginx have no beginning in common.");
            var count = Math.Min(first.Count - at, second.Count);
            Assert.True(count > second.Count * 0.9, $"{name} and nginx have {count} pictures in common, of {first.Count} and {second.Count}.");
            Assert.Equal(first.Skip(at).Take(count), second.Take(count));
        }
    }

    /// <summary>Waits until a player of the livestream sees it.</summary>
    private async Task SeenAsync(LiveOutputs outputs, Func<StampedLook, bool> isSo)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var looks = await StampedLayouts.WatchAsync(outputs.PlaybackUrl, TimeSpan.FromSeconds(1));
            if (looks.Count > 0 && isSo(looks[^1]))
            {
                return;
            }

            Assert.True(
                TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience,
                $"Not seen among {looks.Count} pictures, the last {(looks.Count > 0 ? looks[^1] : default)}.\n{server.Server.Errors}");
        }
    }

    private void Judge(bool isMet, FormattableString figure, List<string> faults)
    {
        var text = figure.ToString(CultureInfo.InvariantCulture);
        output.WriteLine(text);
        if (!isMet)
        {
            faults.Add(text);
        }
    }

    private static void AssertNone(List<string> faults, string load) => Assert.True(faults.Count == 0, string.Join('\n', faults.Append(load)));

    private static string Spread(IReadOnlyList<double> values) => values.Count == 0
        ? "nothing"
        : FormattableString.Invariant($"{values.Min():F0} to {values.Max():F0}, p50 {P(values, 0.5):F0}, p95 {P(values, 0.95):F0} of {values.Count},");

    private static double P(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? double.NaN : sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];
    }
}
