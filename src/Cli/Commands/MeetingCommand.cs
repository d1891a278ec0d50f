using System.CommandLine;
using System.Text.Json.Nodes;
using Roomcast.Cli.Connecting;
using Roomcast.Cli.Output;
using Roomcast.Client.Rest;

namespace Roomcast.Cli.Commands;

/// <summary><c>roomcast meeting</c>: meetings of the app.</summary>
internal static class MeetingCommand
{
    private static readonly Option<string?> Title = new("--title") { Description = "What it is called.", HelpName = "TEXT" };
    private static readonly Option<bool> PersistChat = new("--persist-chat") { Description = "Messages outlast the session." };
    private static readonly Option<bool> Record = new("--record-on-start") { Description = "Each session is recorded by itself." };
    private static readonly Option<bool> GoLive = new("--livestream-on-start") { Description = "Each session goes live by itself." };
    private static readonly Option<string?> Search = new("--search") { Description = "Text that the title holds.", HelpName = "TEXT" };

    public static Command Create()
    {
        var create = new Command("create", "Make a meeting. Its id is what 'join' and 'load' take.") { Title, PersistChat, Record, GoLive };
        create.Does(CreateAsync).WithExamples(
            "roomcast meeting create --title Weekly",
            "roomcast meeting create --title Show --record-on-start --livestream-on-start",
            "id=$(roomcast meeting create --json | jq -r .id)");
        var list = new Command("list", "List the meetings of the app, newest first.") { Search };
        list.Does(ListAsync).WithExamples("roomcast meeting list --search Week");
        return new Command("meeting", "Make and list meetings.") { create, list };
    }

    private static async Task<ExitCode> CreateAsync(ParseResult parsed, Screen screen, CancellationToken ending)
    {
        using var access = new ServerAccess(parsed);
        using var api = access.CreateApi();
        var meeting = await api.Meetings.CreateAsync(
            new MeetingRequest
            {
                Title = parsed.GetValue(Title),
                PersistChat = Switched(parsed.GetValue(PersistChat)),
                RecordOnStart = Switched(parsed.GetValue(Record)),
                LiveStreamOnStart = Switched(parsed.GetValue(GoLive)),
            },
            ending);
        screen.Result(Of(meeting), meeting.Id);
        return ExitCode.Done;
    }

    private static async Task<ExitCode> ListAsync(ParseResult parsed, Screen screen, CancellationToken ending)
    {
        using var access = new ServerAccess(parsed);
        using var api = access.CreateApi();
        var rows = new List<(IReadOnlyList<string>, JsonObject)>();
        await foreach (var meeting in api.Meetings.ListAsync(new ListQuery { Search = parsed.GetValue(Search) }, ending))
        {
            rows.Add(([meeting.Id, meeting.Status ?? "", Text.Of(meeting.CreatedAt), meeting.Title ?? ""], Of(meeting)));
        }

        screen.Table(["ID", "STATUS", "CREATED", "TITLE"], rows);
        return ExitCode.Done;
    }

    private static bool? Switched(bool isOn) => isOn ? true : null; // What is not asked for stays the server's default.

    private static JsonObject Of(MeetingInfo meeting) => new()
    {
        ["id"] = meeting.Id,
        ["title"] = meeting.Title,
        ["status"] = meeting.Status,
        ["persist_chat"] = meeting.PersistChat,
        ["record_on_start"] = meeting.RecordOnStart,
        ["live_stream_on_start"] = meeting.LiveStreamOnStart,
        ["created_at"] = Text.Of(meeting.CreatedAt),
    };
}
