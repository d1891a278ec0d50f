using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Roomcast.Cli.Connecting;
using Roomcast.Cli.Hls;
using Roomcast.Cli.Load;
using Roomcast.Cli.Meetings;
using Roomcast.Cli.Output;
using Roomcast.Client.Rest;

namespace Roomcast.Cli.Commands;

/// <summary><c>roomcast load</c>: many participants and viewers at once, with figures of what they meet and of this process itself.</summary>
internal static class LoadCommand
{
    // Of one participant: the signalling socket, two of media, and one of HTTP now and then; of a viewer: one or two of HTTP.
    private const int FilesPerParticipant = 5;
    private const int FilesPerViewer = 3;
    private const int FilesOfOwn = 200;

    // Above this share of all processors a figure says more of this machine than of the server.
    private const double BusyShare = 0.8;

    private static readonly TimeSpan ShowEvery = TimeSpan.FromSeconds(1);

    private static readonly Option<int> Participants = CheckedOptions.Whole("--participants", "Participants in one meeting, publishers among them.", 100_000);
    private static readonly Option<int> Publishers = CheckedOptions.Whole("--publishers", "How many of them send a picture and a tone. The others receive.", 10_000);
    private static readonly Option<int> Viewers = CheckedOptions.Whole("--viewers", "Viewers of a livestream by HLS.", 100_000);
    private static readonly Option<string?> Meeting = new("--meeting") { Description = "The meeting; otherwise one is made.", HelpName = "ID" };
    private static readonly Option<string?> Livestream = new("--livestream") { Description = "The livestream that is watched: its id or playback address. Needed for --viewers.", HelpName = "ID" };
    private static readonly Option<string> Preset = new("--preset") { Description = "The participants' preset.", HelpName = "NAME", DefaultValueFactory = static _ => MeetingEntry.DefaultPreset };
    private static readonly Option<TimeSpan?> Duration = CheckedOptions.Time("--duration", "How long to stay after the last has joined. Default 30s.");
    private static readonly Option<double> Rate = CheckedOptions.Number("--rate", "How many join in a second, 0.1 to 1000.", 0.1, 1_000, otherwise: 10);

    public static Command Create() =>
        new Command(
            "load", "Load a server with participants and viewers, and tell what they meet. It says what it uses itself: where that is the limit, the figures are not the server's.")
        {
            Participants, Publishers, Viewers, Meeting, Livestream, Preset, Duration, Rate,
        }.Does(RunAsync).WithExamples(
            "roomcast load --participants 100 --publishers 4",
            "roomcast load --viewers 500 --livestream LIVESTREAM --duration 1m",
            "roomcast load --participants 20 --publishers 20 --viewers 100 --livestream LIVESTREAM --json > load.jsonl");

    private static async Task<ExitCode> RunAsync(ParseResult parsed, Screen screen, CancellationToken ending)
    {
        var (count, publishing, watching) = (parsed.GetValue(Participants), parsed.GetValue(Publishers), parsed.GetValue(Viewers));
        count = Math.Max(count, publishing);
        if (count + watching == 0)
        {
            throw new CliException(ExitCode.Usage, "Tell how much: --participants, --publishers or --viewers.");
        }

        if (watching > 0 && parsed.GetValue(Livestream) is null)
        {
            throw new CliException(ExitCode.Usage, "Viewers need --livestream: its id or its playback address.");
        }

        var files = (count * FilesPerParticipant) + (watching * FilesPerViewer) + FilesOfOwn;
        screen.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"This machine has {Environment.ProcessorCount} processors and lets a process open {OwnFigures.MaxFiles?.ToString(CultureInfo.InvariantCulture) ?? "any number of"} files; this load opens up to {files}."));
        if (OwnFigures.MaxFiles is { } most && files > most)
        {
            throw new CliException(ExitCode.Usage, $"That is more than {most}. Raise the limit first (ulimit -n {files}), or ask for less.");
        }

        using var access = new ServerAccess(parsed);
        await using var run = await StartAsync(parsed, access, screen, count, publishing, watching, ending);
        await run.JoinAllAsync(parsed.GetValue(Rate), ending);
        await run.StayAsync(parsed.GetValue(Duration) ?? TimeSpan.FromSeconds(30), ending);
        var isComplete = run.Finish();
        return ending.IsCancellationRequested ? ExitCode.Interrupted : isComplete ? ExitCode.Done : ExitCode.Incomplete;
    }

    private static async Task<LoadRun> StartAsync(
        ParseResult parsed, ServerAccess access, Screen screen, int count, int publishing, int watching, CancellationToken ending)
    {
        var livestream = parsed.GetValue(Livestream);
        var isAddress = Uri.TryCreate(livestream, UriKind.Absolute, out var address) && address.Scheme is "http" or "https";
        var api = count > 0 || (watching > 0 && !isAddress) ? access.CreateApi() : null;
        try
        {
            var meeting = count == 0 ? "" : parsed.GetValue(Meeting) ?? (await api!.Meetings.CreateAsync(new MeetingRequest { Title = "Load" }, ending)).Id;
            if (watching > 0 && !isAddress)
            {
                address = (await api!.Livestreams.GetAsync(livestream!, ending)).Livestream.PlaybackUrl is { } url
                    ? new Uri(url)
                    : throw new CliException(ExitCode.NotFound, $"Livestream {livestream} has no playback address.");
            }

            return new LoadRun(access, api, screen, meeting, parsed.GetRequiredValue(Preset), count, publishing, watching, address);
        }
        catch
        {
            api?.Dispose();
            throw;
        }
    }

    /// <summary>A load under way.</summary>
    private sealed class LoadRun : IAsyncDisposable
    {
        private readonly TimeProvider _time = TimeProvider.System;
        private readonly ServerAccess _access;
        private readonly RealtimeKitApi? _api;
        private readonly Screen _screen;
        private readonly string _meeting;
        private readonly string _preset;
        private readonly SocketsHttpHandler _handler;
        private readonly HttpClient _http;
        private readonly List<LoadParticipant> _participants;
        private readonly List<HlsViewer> _viewers;
        private readonly OwnFigures _own;
        private readonly LiveTable _table;
        private readonly long _memoryBefore;
        private readonly CancellationTokenSource _over = new();
        private readonly List<Task> _watching = [];
        private long _framesBefore;
        private long _shownAt;
        private double _framesPerSecond;
        private double _peakShare;
        private bool _hasSaidBusy;

        public LoadRun(ServerAccess access, RealtimeKitApi? api, Screen screen, string meeting, string preset, int participants, int publishers, int viewers, Uri? address)
        {
            (_access, _api, _screen, _meeting, _preset) = (access, api, screen, meeting, preset);
            _handler = access.CreateHandler();
            _http = new HttpClient(_handler, disposeHandler: false) { Timeout = TimeSpan.FromSeconds(30) };
            _participants = [.. Enumerable.Range(1, participants).Select(number => new LoadParticipant(number, number <= publishers))];
            _viewers = [.. Enumerable.Range(1, viewers).Select(_ => new HlsViewer(_http, address!, _time))];
            GC.Collect();
            _memoryBefore = OwnFigures.Memory;
            _own = new OwnFigures(_time);
            _shownAt = _time.GetTimestamp();
            _table = new LiveTable(screen, "IN", "FAILED", "JOIN P50", "JOIN P95", "FRAMES/S", "VIEWERS", "STALLS", "OWN CPU", "OWN MEMORY", "SOCKETS");
        }

        public int Failed => _participants.Count(static participant => participant.Fault is not null);

        /// <summary>Has all of them come, so many in a second.</summary>
        public async Task JoinAllAsync(double rate, CancellationToken ending)
        {
            var begun = _time.GetTimestamp();
            var coming = new List<Task>();
            for (var i = 0; i < Math.Max(_participants.Count, _viewers.Count) && !ending.IsCancellationRequested; i++)
            {
                if (i < _participants.Count)
                {
                    coming.Add(_participants[i].JoinAsync(_access, _handler, _api!, _meeting, _preset, _time, ending));
                }

                if (i < _viewers.Count)
                {
                    _watching.Add(WatchAsync(_viewers[i]));
                }

                var due = TimeSpan.FromSeconds((i + 1) / rate);
                while (_time.GetElapsedTime(begun) < due && !ending.IsCancellationRequested)
                {
                    var wait = due - _time.GetElapsedTime(begun);
                    await MeetingEntry.WaitAsync(wait < ShowEvery && wait > TimeSpan.Zero ? wait : ShowEvery, ending);
                    ShowWhenDue();
                }
            }

            var all = Task.WhenAll(coming);
            while (!all.IsCompleted)
            {
                await Task.WhenAny(all, Task.Delay(ShowEvery, CancellationToken.None));
                ShowWhenDue();
            }

            await all;
        }

        /// <summary>Stays for a time.</summary>
        public async Task StayAsync(TimeSpan duration, CancellationToken ending)
        {
            for (var begun = _time.GetTimestamp(); _time.GetElapsedTime(begun) < duration && !ending.IsCancellationRequested;)
            {
                var left = duration - _time.GetElapsedTime(begun);
                await MeetingEntry.WaitAsync(left < ShowEvery && left > TimeSpan.Zero ? left : ShowEvery, ending);
                ShowWhenDue();
            }
        }

        /// <summary>Tells what came of it.</summary>
        /// <returns>Whether all participants got in and stayed, and all viewers played.</returns>
        public bool Finish()
        {
            var joins = JoinTimes();
            var inside = _participants.Count(static participant => participant.IsIn);
            var fellOut = _participants.Count(static participant => participant.JoinTime is not null && !participant.IsIn);
            var memory = _participants.Count > 0 ? (OwnFigures.Memory - _memoryBefore) / (double)_participants.Count : 0;
            var receiving = _participants.Where(static participant => participant.IsIn).Select(static participant => participant.TracksReceived).ToList();
            var playing = _viewers.Where(static viewer => viewer.Figures.Segments > 0).ToList();
            var value = new JsonObject
            {
                ["event"] = "summary",
                ["participants"] = _participants.Count,
                ["in_at_the_end"] = inside,
                ["failed"] = Failed,
                ["fell_out"] = fellOut,
                ["join_p50_ms"] = Math.Round(Text.Percentile(joins, 0.5)),
                ["join_p95_ms"] = Math.Round(Text.Percentile(joins, 0.95)),
                ["tracks_received_least"] = receiving.Count > 0 ? receiving.Min() : 0,
                ["frames_received"] = _participants.Sum(static participant => participant.FramesReceived),
                ["frames_sent"] = _participants.Sum(static participant => participant.FramesSent),
                ["reconnections"] = _participants.Sum(static participant => participant.Reconnections),
                ["memory_per_participant_bytes"] = Math.Round(memory),
                ["viewers"] = _viewers.Count,
                ["viewers_playing"] = playing.Count,
                ["viewer_stalls"] = playing.Sum(static viewer => viewer.Figures.Stalls),
                ["viewer_latency_p95_seconds"] = Math.Round(Text.Percentile(playing.Select(static viewer => viewer.Figures.Latency?.TotalSeconds ?? 0), 0.95), 3),
                ["viewer_bytes"] = playing.Sum(static viewer => viewer.Figures.Bytes),
                ["own_cpu_peak"] = Math.Round(_peakShare, 3),
                ["limited_by_itself"] = _peakShare > BusyShare,
            };
            _screen.Result(
                value,
                $"""

                participants   {inside} of {_participants.Count} in at the end, {Failed} failed, {fellOut} fell out, {value["reconnections"]} reconnections
                joining        p50 {value["join_p50_ms"]} ms, p95 {value["join_p95_ms"]} ms
                media          {value["frames_sent"]} frames sent, {value["frames_received"]} received, {value["tracks_received_least"]} tracks or more each
                memory         {Text.Bytes(memory)} for each participant in this process
                viewers        {playing.Count} of {_viewers.Count} playing, {value["viewer_stalls"]} stalls, p95 {value["viewer_latency_p95_seconds"]} s behind live
                this process   {Text.Number(_peakShare * 100)} % of {Environment.ProcessorCount} processors at most{(_peakShare > BusyShare ? ": it was the limit, so take the figures for its own" : "")}
                """);
            foreach (var group in _participants.Where(static participant => participant.Fault is not null).GroupBy(static participant => participant.Fault!, StringComparer.Ordinal).Take(5))
            {
                _screen.Note($"{group.Count()} failed: {Text.Plain(group.Key)}");
            }

            return Failed + fellOut == 0 && playing.Count == _viewers.Count;
        }

        public async ValueTask DisposeAsync()
        {
            await _over.CancelAsync();
            await Task.WhenAll(_watching);
            await Task.WhenAll(_participants.Select(static participant => participant.DisposeAsync().AsTask()));
            _http.Dispose();
            _handler.Dispose();
            _api?.Dispose();
            _over.Dispose();
        }

        private async Task WatchAsync(HlsViewer viewer)
        {
            try
            {
                await viewer.WatchAsync(TimeSpan.FromMinutes(1), _over.Token);
            }
            catch (Exception fault) when (fault is CliException or InvalidDataException)
            {
                _screen.Note($"A viewer ended: {fault.Message}");
            }
        }

        private List<double> JoinTimes() => [.. _participants.Select(static participant => participant.JoinTime).OfType<TimeSpan>().Select(static time => time.TotalMilliseconds)];

        private void ShowWhenDue()
        {
            var elapsed = _time.GetElapsedTime(_shownAt);
            if (elapsed < ShowEvery)
            {
                return;
            }

            _shownAt = _time.GetTimestamp();
            var frames = _participants.Sum(static participant => participant.FramesReceived);
            _framesPerSecond = Math.Max(0, (frames - _framesBefore) / elapsed.TotalSeconds);
            _framesBefore = frames;
            var share = _own.TakeProcessorShare();
            _peakShare = Math.Max(_peakShare, share);
            if (share > BusyShare && !_hasSaidBusy)
            {
                _hasSaidBusy = true;
                _screen.Note($"This process uses {Text.Number(share * 100)} % of this machine: from here on the figures are its own rather than the server's.");
            }

            var joins = JoinTimes();
            var (p50, p95) = (Text.Percentile(joins, 0.5), Text.Percentile(joins, 0.95));
            var inside = _participants.Count(static participant => participant.IsIn);
            var playing = _viewers.Count(static viewer => viewer.Figures.Segments > 0);
            var stalls = _viewers.Sum(static viewer => viewer.Figures.Stalls);
            var sockets = OwnFigures.Sockets;
            string[] row =
            [
                $"{inside}/{_participants.Count}", $"{Failed}", $"{Text.Number(p50)} ms", $"{Text.Number(p95)} ms", Text.Number(_framesPerSecond), $"{playing}/{_viewers.Count}", $"{stalls}",
                $"{Text.Number(share * 100)} %", Text.Bytes(OwnFigures.Memory), $"{sockets}",
            ];
            _table.Show(
                [row],
                new JsonObject
                {
                    ["event"] = "progress", ["in"] = inside, ["failed"] = Failed, ["join_p50_ms"] = Math.Round(p50), ["join_p95_ms"] = Math.Round(p95),
                    ["frames_per_second"] = Math.Round(_framesPerSecond), ["viewers_playing"] = playing, ["viewer_stalls"] = stalls,
                    ["own_cpu"] = Math.Round(share, 3), ["own_memory_bytes"] = OwnFigures.Memory, ["sockets"] = sockets,
                },
                $"in {row[0]}, failed {row[1]}, join p50 {row[2]} p95 {row[3]}, {row[4]} frames/s, viewers {row[5]}, stalls {row[6]}, own {row[7]}, {row[8]}, {row[9]} sockets");
        }
    }
}
