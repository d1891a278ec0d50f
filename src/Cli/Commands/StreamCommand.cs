using System.CommandLine;
using System.Text.Json.Nodes;
using Roomcast.Cli.Connecting;
using Roomcast.Cli.Output;
using Roomcast.Client.Rest;

namespace Roomcast.Cli.Commands;

/// <summary><c>roomcast stream</c>: what is on air, pushed to other platforms as well.</summary>
internal static class StreamCommand
{
    private static readonly Argument<string> Which = CheckedOptions.Id("LIVESTREAM", "The livestream's id; with --meeting the meeting's, whose livestream runs.");
    private static readonly Option<bool> OfMeeting = new("--meeting") { Description = "The id is that of a meeting." };
    private static readonly Option<string> To = new("--to") { Description = "Where to: rtmp://host/app or rtmps://host/app, with the key at its end or beside it.", HelpName = "ADDRESS", Required = true };
    private static readonly Option<string?> Key = new("--key") { Description = "The other platform's stream key. Prefer --key-file or ROOMCAST_STREAM_KEY.", HelpName = "KEY" };
    private static readonly Option<string?> KeyFile = new("--key-file") { Description = "A file with that key and nothing else.", HelpName = "FILE" };
    private static readonly Option<string?> Name = new("--name") { Description = "What it is called.", HelpName = "TEXT" };
    private static readonly Argument<string?> Output = new("STREAM") { Description = "The stream's id, as 'start' and 'list' write it.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<bool> All = new("--all") { Description = "End all streams of the livestream." };

    public static Command Create()
    {
        var start = new Command("start", "Push a livestream to another platform by RTMP, whenever it is on air.") { Which, OfMeeting, To, Key, KeyFile, Name };
        start.Does(StartAsync).WithExamples(
            "ROOMCAST_STREAM_KEY=… roomcast stream start LIVESTREAM --to rtmp://a.rtmp.youtube.com/live2",
            "roomcast stream start MEETING --meeting --to rtmps://live.example.com/app --key-file key.txt --name Partner");
        var stop = new Command("stop", "End a stream to another platform.") { Which, Output, OfMeeting, All };
        stop.Does(StopAsync).WithExamples("roomcast stream stop LIVESTREAM STREAM", "roomcast stream stop LIVESTREAM --all");
        var list = new Command("list", "List the streams of a livestream, and how they stand.") { Which, OfMeeting };
        list.Does(ListAsync).WithExamples("roomcast stream list LIVESTREAM --json | jq -r .state");
        return new Command("stream", "Push what is on air to other platforms.") { start, stop, list };
    }

    private static async Task<ExitCode> StartAsync(ParseResult parsed, Screen screen, CancellationToken ending)
    {
        using var access = new ServerAccess(parsed);
        using var api = access.CreateApi();
        var livestream = await FindAsync(parsed, api, ending);
        var output = await api.Outputs.CreateAsync(
            livestream, new OutputRequest(parsed.GetRequiredValue(To), access.Secret(Key, KeyFile, "ROOMCAST_STREAM_KEY"), parsed.GetValue(Name)), ending);
        screen.Result(Of(output), output.Id);
        return ExitCode.Done;
    }

    private static async Task<ExitCode> StopAsync(ParseResult parsed, Screen screen, CancellationToken ending)
    {
        using var access = new ServerAccess(parsed);
        using var api = access.CreateApi();
        var livestream = await FindAsync(parsed, api, ending);
        var ids = new List<string>();
        if (parsed.GetValue(Output) is { } one && !parsed.GetValue(All))
        {
            ids.Add(one);
        }
        else if (parsed.GetValue(All) && parsed.GetValue(Output) is null)
        {
            await foreach (var output in api.Outputs.ListAsync(livestream, ending))
            {
                ids.Add(output.Id);
            }
        }
        else
        {
            throw new CliException(ExitCode.Usage, "Tell which stream to end: its id, or --all.");
        }

        foreach (var id in ids)
        {
            var ended = await api.Outputs.DeleteAsync(livestream, id, ending);
            screen.Result(Of(ended), $"ended {ended.Id} to {Text.Plain(ended.Url)}");
        }

        return ExitCode.Done;
    }

    private static async Task<ExitCode> ListAsync(ParseResult parsed, Screen screen, CancellationToken ending)
    {
        using var access = new ServerAccess(parsed);
        using var api = access.CreateApi();
        var rows = new List<(IReadOnlyList<string>, JsonObject)>();
        await foreach (var output in api.Outputs.ListAsync(await FindAsync(parsed, api, ending), ending))
        {
            rows.Add(([output.Id, output.State, output.Reason ?? "", Text.Bytes(output.BytesSent), output.Name ?? "", output.Url], Of(output)));
        }

        screen.Table(["ID", "STATE", "REASON", "SENT", "NAME", "TO"], rows);
        return ExitCode.Done;
    }

    private static async Task<string> FindAsync(ParseResult parsed, RealtimeKitApi api, CancellationToken ending)
    {
        var id = parsed.GetRequiredValue(Which);
        return parsed.GetValue(OfMeeting) ? (await api.Livestreams.GetActiveForMeetingAsync(id, ending)).Id : id;
    }

    private static JsonObject Of(OutputInfo output) => new()
    {
        ["id"] = output.Id,
        ["name"] = output.Name,
        ["url"] = output.Url,
        ["state"] = output.State,
        ["reason"] = output.Reason,
        ["detail"] = output.Detail,
        ["attempt"] = output.Attempt,
        ["bytes_sent"] = output.BytesSent,
        ["dropped_seconds"] = output.DroppedSeconds,
    };
}
