using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Roomcast.Accounts;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

/// <summary>What a body names of another app, of the same account or of another, is answered as if nobody had it.</summary>
[Collection(SharedHostTests.Name)]
public sealed partial class ForeignIdTests(SharedHost shared)
{
    /// <summary>Fields that look like names of something here and are none: one's own word for a participant, and an account elsewhere.</summary>
    private static readonly string[] NamingNothing =
    [
        "POST meetings/{meeting_id}/participants custom_participant_id",
        "POST meetings account_id", "PATCH meetings/{meeting_id} account_id", "PUT meetings/{meeting_id} account_id", "POST recordings account_id",
    ];

    private readonly ApiHost _host = shared.Host;

    [Fact]
    public void Every_field_that_names_something_is_tried_here()
    {
        var documented =
            from operation in _host.Description.Operations
            let schema = operation.Operation["requestBody"]?["content"]?["application/json"]?["schema"]?.AsObject()
            where schema is not null
            from field in FieldsOf(schema).Distinct()
            where Naming().IsMatch(field)
            select $"{operation.Method} {operation.Path[(operation.Path.IndexOf("{app_id}", StringComparison.Ordinal) + 9)..]} {field}";

        var tried = TriesOf(Guid.Empty.ToString(), Guid.Empty.ToString(), "x").Select(each => each.Name);
        Assert.Equal(documented.Except(NamingNothing).Order(StringComparer.Ordinal), tried.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task It_is_refused_as_what_nobody_has_and_nothing_happens_to_it()
    {
        var (owner, stranger) = (await _host.NewAccountAsync(), await _host.NewAccountAsync());
        var theirs = await MeetAsync(owner.First, "alice");
        await _host.Client.PostAsync(
            $"{owner.AppPath}/presets", owner.WriteToken, """{"name":"theirs","config":{"view_type":"GROUP_CALL"}}""");

        foreach (var (account, app) in new[] { (owner, owner.Second), (stranger, stranger.First) })
        {
            var own = await MeetAsync(app, "own");
            foreach (var each in TriesOf(own.Meeting.Id.ToString(), own.Participant.Id.ToString(), "own"))
            {
                var (method, path) = (HttpMethod.Parse(each.Name.Split(' ')[0]), $"{account.PathOf(app)}/{each.Path}");
                var names = new[] { each.ThingOf(theirs.Meeting, theirs.Participant), each.Unknown };
                var replies = new List<(int Status, int Code, string Sources, string Message)>();
                foreach (var name in names)
                {
                    var reply = await _host.Client.SendAsync(method, path, account.WriteToken, each.BodyOf(name).ToJsonString());
                    replies.Add((reply.Status, reply.Code, reply.Status == 400 ? string.Join(' ', reply.Sources) : "", ((string)reply.Body["errors"]![0]!["message"]!).Replace(name, "…", StringComparison.Ordinal)));
                }

                Assert.Equal(each.Status, replies[0].Status);
                Assert.True(replies[0] == replies[1], $"{each.Name}: {replies[0]} is not {replies[1]}");
            }

            // One's own beside it is acted upon, and it alone.
            var both = new JsonArray(own.Participant.Id.ToString(), theirs.Participant.Id.ToString());
            var muted = await _host.Client.PostAsync(
                $"{account.PathOf(app)}/meetings/{own.Meeting.Id}/active-session/mute", account.WriteToken, new JsonObject { ["participant_ids"] = both }.ToJsonString());
            Assert.Equal(own.Participant.Id.ToString(), (string)Assert.Single(muted.Data["participants"]!.AsArray())!["id"]!);
        }

        Assert.Equal(0, (await _host.Client.GetAsync($"{owner.AppPath}/recordings", owner.ReadToken)).Paging.Total);
        Assert.Equal(theirs.Participant, await _host.Service<ParticipantStore>().FindAsync(owner.First.Id, theirs.Meeting.Id, theirs.Participant.Id, CancellationToken.None));
        var kicked = await _host.Client.PostAsync(
            $"{owner.AppPath}/meetings/{theirs.Meeting.Id}/active-session/kick", owner.WriteToken, $$"""{"participant_ids":["{{theirs.Participant.Id}}"]}""");
        Assert.Equal((200, 1), (kicked.Status, kicked.Data["participants"]!.AsArray().Count));
    }

    /// <summary>A request for each field, all else in it the caller's own.</summary>
    private static IEnumerable<Try> TriesOf(string meeting, string participant, string customId)
    {
        const string Participants = "meetings/{meeting_id}/participants";
        static string MeetingOf(Meeting theirs, Participant _) => theirs.Id.ToString();
        static string IdOf(Meeting _, Participant theirs) => theirs.Id.ToString();
        static string CustomIdOf(Meeting _, Participant theirs) => theirs.CustomId;
        static string PresetOf(Meeting _, Participant theirs) => "theirs";
        var nobody = Guid.NewGuid().ToString();

        yield return new("POST recordings meeting_id", "recordings", MeetingOf, nobody, 404, id => new JsonObject { ["meeting_id"] = id });
        yield return new("POST recordings/track meeting_id", "recordings/track", MeetingOf, nobody, 404, id => new JsonObject { ["meeting_id"] = id });

        // Who is to be recorded may come later, so no name is wrong here; this host records no single tracks, whosever they are.
        yield return new("POST recordings/track user_ids", "recordings/track", IdOf, nobody, 503, id => new JsonObject
        {
            ["meeting_id"] = meeting, ["user_ids"] = new JsonArray(id),
        });
        yield return new($"POST {Participants} preset_name", $"meetings/{meeting}/participants", PresetOf, "nobody's", 400, name => new JsonObject
        {
            ["custom_participant_id"] = customId, ["preset_name"] = name,
        });
        yield return new(
            $"PATCH {Participants}/{{participant_id}} preset_name", $"meetings/{meeting}/participants/{participant}", PresetOf, "nobody's", 400,
            name => new JsonObject { ["preset_name"] = name });
        foreach (var act in new[] { "kick", "mute" })
        {
            foreach (var (field, find) in new (string, Func<Meeting, Participant, string>)[]
            {
                ("participant_ids", IdOf), ("custom_participant_ids", CustomIdOf), ("user_ids", IdOf), ("user_ids", CustomIdOf),
            })
            {
                yield return new(
                    $"POST meetings/{{meeting_id}}/active-session/{act} {field}", $"meetings/{meeting}/active-session/{act}", find, nobody, 404,
                    id => new JsonObject { [field] = new JsonArray(id) });
            }
        }
    }

    private static IEnumerable<string> FieldsOf(JsonNode? schema) => schema is not JsonObject parts ? [] :
    [
        .. parts["properties"]?.AsObject().SelectMany(property => FieldsOf(property.Value).Prepend(property.Key)) ?? [],
        .. FieldsOf(parts["items"]),
        .. (parts["allOf"] ?? parts["oneOf"])?.AsArray().SelectMany(FieldsOf) ?? [],
    ];

    [GeneratedRegex("(_ids?|^ids?|preset_name)$")]
    private static partial Regex Naming();

    /// <summary>A meeting that somebody is in, and that could be recorded.</summary>
    private async Task<(Meeting Meeting, Participant Participant)> MeetAsync(App app, string customId)
    {
        var meeting = await _host.NewMeetingAsync(app);
        var participant = await _host.NewParticipantAsync(meeting, customId);
        var session = await _host.Service<SessionRecordStore>().BeginAsync(meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        _host.Sessions.Begin(session, participant);
        _host.RecordedSessions.Begin(meeting.Id.Value);
        return (meeting, participant);
    }

    /// <param name="Name">The method, the route below the app and the field.</param>
    /// <param name="Path">The path below the app.</param>
    /// <param name="ThingOf">What is named of another app's.</param>
    /// <param name="Unknown">The name of nothing at all.</param>
    /// <param name="Status">What both are answered.</param>
    /// <param name="BodyOf">The body that names it.</param>
    private sealed record Try(
        string Name, string Path, Func<Meeting, Participant, string> ThingOf, string Unknown, int Status, Func<string, JsonObject> BodyOf);
}
