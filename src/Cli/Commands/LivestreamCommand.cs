using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Roomcast.Cli.Connecting;
using Roomcast.Cli.Hls;
using Roomcast.Cli.Output;
using Roomcast.Client.Rest;

namespace Roomcast.Cli.Commands;

/// <summary><c>roomcast livestream</c>: livestreams of the app.</summary>
internal static class LivestreamCommand
{
    private static readonly TimeSpan ShowEvery = TimeSpan.FromSeconds(1);

    private static readonly Option<string?> Name = new("--name") { Description = "What it is called.", HelpName = "TEXT" };
    private static readonly Option<bool> ShowKey = new("--show-key") { Description = "Write the stream key, too. It is a secret: whoever has it can publish." };
    private static readonly Option<string?> Status = new("--status") { Description = "Only those: LIVE, IDLE, ERRORED or INVOKED.", HelpName = "STATUS" };
    private static readonly Argument<string> Which = CheckedOptions.Id("LIVESTREAM", "The livestream's id, or a playback address.");
    private static readonly Option<string?> RecordTo = new("--record") { Description = "A file for what is watched (fragmented MP4). One that exists is kept: the new one gets a number.", HelpName = "FILE" };
    private static readonly Option<TimeSpan?> Duration = CheckedOptions.Time("--duration", "How long to watch; otherwise until it is off air, or until it is interrupted.");
    private static readonly Option<TimeSpan?> Wait = CheckedOptions.Time("--wait", "How long to wait for it to go on air. Default 30s.");

    public static Command Create()
    {
        Status.AcceptOnlyFromAmong("LIVE", "IDLE", "ERRORED", "INVOKED");
        var create = new Command("create", "Make a livestream: an address to publish to and one to watch at.") { Name, ShowKey };
        create.Does(CreateAsync).WithExamples(
            "roomcast livestream create --name Matinee",
            "roomcast livestream create --show-key --json | jq -r '.ingest_server + \"/\" + .stream_key'");
        var list = new Command("list", "List the livestreams of the app, newest first.") { Status, ShowKey };
        list.Does(ListAsync).WithExamples("roomcast livestream list --status LIVE");
        var watch = new Command("watch", "Watch a livestream as a player does, and tell how well it plays: bitrate, latency, stalls.") { Which, RecordTo, Duration, Wait };
        watch.Does(WatchAsync).WithExamples(
            "roomcast livestream watch LIVESTREAM",
            "roomcast livestream watch LIVESTREAM --duration 10 --record ten-seconds.mp4",
            "roomcast livestream watch http://127.0.0.1:8080/live/ID/index.m3u8 --json");
        return new Command("livestream", "Make, list and watch livestreams.") { create, list, watch };
    }

    private static async Task<ExitCode> CreateAsync(ParseResult parsed, Screen screen, CancellationToken ending)
    {
        using var access = new ServerAccess(parsed);
        using var api = access.CreateApi();
        var livestream = await api.Livestreams.CreateAsync(parsed.GetValue(Name), ending);
        var showsKey = parsed.GetValue(ShowKey);
        screen.Result(
            Of(livestream, showsKey),
            $"""
            id        {livestream.Id}
            publish   {livestream.IngestServer}
            key       {(showsKey ? livestream.StreamKey : "(secret; --show-key writes it)")}
            watch     {livestream.PlaybackUrl}
            """);
        return ExitCode.Done;
    }

    private static async Task<ExitCode> ListAsync(ParseResult parsed, Screen screen, CancellationToken ending)
    {
        using var access = new ServerAccess(parsed);
        using var api = access.CreateApi();
        var showsKey = parsed.GetValue(ShowKey);
        var rows = new List<(IReadOnlyList<string>, JsonObject)>();
        await foreach (var livestream in api.Livestreams.ListAsync(new ListQuery { Status = parsed.GetValue(Status) }, ending))
        {
            rows.Add(([livestream.Id, livestream.Status ?? "", livestream.Name ?? "", livestream.PlaybackUrl ?? ""], Of(livestream, showsKey)));
        }

        screen.Table(["ID", "STATUS", "NAME", "WATCH"], rows);
        return ExitCode.Done;
    }

    private static async Task<ExitCode> WatchAsync(ParseResult parsed, Screen screen, CancellationToken ending)
    {
        using var access = new ServerAccess(parsed);
        var which = parsed.GetRequiredValue(Which);
        if (!Uri.TryCreate(which, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            using var api = access.CreateApi();
            var livestream = (await api.Livestreams.GetAsync(which, ending)).Livestream;
            address = livestream.PlaybackUrl is { } url ? new Uri(url) : throw new CliException(ExitCode.NotFound, $"Livestream {which} has no playback address.");
        }

        using var http = new HttpClient(access.CreateHandler()) { Timeout = TimeSpan.FromSeconds(30) };
        var viewer = new HlsViewer(http, address, TimeProvider.System)
        {
            Record = parsed.GetValue(RecordTo) is not { } path ? null : () =>
            {
                var file = NewFile.Create(path);
                screen.Note($"recording to {file.Name}");
                return file;
            },
        };
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ending);
        if (parsed.GetValue(Duration) is { } time)
        {
            over.CancelAfter(time);
        }

        var watching = viewer.WatchAsync(parsed.GetValue(Wait) ?? TimeSpan.FromSeconds(30), over.Token);
        var table = new LiveTable(screen, "PLAYED", "SEGMENTS", "BITRATE", "BEHIND LIVE", "STALLS", "ERRORS");
        while (!watching.IsCompleted)
        {
            await Task.WhenAny(watching, Task.Delay(ShowEvery, CancellationToken.None));
            if (viewer.Figures is { Segments: > 0 } figures)
            {
                table.Show([RowOf(figures)], ObjectOf(figures), LineOf(figures));
            }
        }

        var hasEnded = await watching;
        var last = viewer.Figures;
        if (last.Segments == 0)
        {
            throw new CliException(ExitCode.NotFound, "The livestream was not on air.");
        }

        screen.Note(hasEnded ? "The livestream is off air." : "Watched for as long as was asked for.");
        return ExitCode.Done;
    }

    private static string[] RowOf(HlsFigures figures) =>
    [
        Text.Of(figures.Played),
        figures.Segments.ToString(CultureInfo.InvariantCulture),
        Text.Rate(figures.BitrateBps),
        figures.Latency is { } latency ? $"{Text.Number(latency.TotalSeconds, 1)} s" : "unknown",
        $"{figures.Stalls} ({Text.Number(figures.Stalled.TotalSeconds, 1)} s)",
        figures.Errors.ToString(CultureInfo.InvariantCulture),
    ];

    private static string LineOf(HlsFigures figures)
    {
        var row = RowOf(figures);
        return $"played {row[0]}, {row[1]} segments, {row[2]}, {row[3]} behind live, stalls {row[4]}, errors {row[5]}";
    }

    private static JsonObject ObjectOf(HlsFigures figures) => new()
    {
        ["played_seconds"] = Math.Round(figures.Played.TotalSeconds, 3),
        ["segments"] = figures.Segments,
        ["bytes"] = figures.Bytes,
        ["bitrate_bps"] = Math.Round(figures.BitrateBps),
        ["latency_seconds"] = figures.Latency is { } latency ? Math.Round(latency.TotalSeconds, 3) : null,
        ["stalls"] = figures.Stalls,
        ["stalled_seconds"] = Math.Round(figures.Stalled.TotalSeconds, 3),
        ["errors"] = figures.Errors,
    };

    private static JsonObject Of(LivestreamInfo livestream, bool showsKey)
    {
        var value = new JsonObject
        {
            ["id"] = livestream.Id,
            ["name"] = livestream.Name,
            ["status"] = livestream.Status,
            ["meeting_id"] = livestream.MeetingId,
            ["ingest_server"] = livestream.IngestServer,
            ["playback_url"] = livestream.PlaybackUrl,
        };
        if (showsKey)
        {
            value["stream_key"] = livestream.StreamKey;
        }

        return value;
    }
}
