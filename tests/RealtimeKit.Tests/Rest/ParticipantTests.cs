using System.Text.Json.Nodes;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tokens;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class ParticipantTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    private string Token => _host.One.WriteToken;

    [Fact]
    public async Task A_participant_is_added_with_a_token_that_admits_it()
    {
        var path = await PathAsync();
        var added = await _host.Client.PostAsync(
            path, Token, """{"custom_participant_id":" alice ","preset_name":"group_call_host","name":"Älice","picture":"https://example.org/a.png"}""");
        var read = await _host.Client.GetAsync($"{path}/{added.Data["id"]}", _host.One.ReadToken);
        var list = await _host.Client.GetAsync(path, _host.One.ReadToken);

        Assert.Equal(201, added.Status);
        Assert.Equal(
            ["id", "name", "picture", "custom_participant_id", "preset_name", "created_at", "updated_at", "token"],
            added.Data.AsObject().Select(field => field.Key));
        Assert.Equal(
            ("alice", "group_call_host", "Älice", "https://example.org/a.png"),
            ((string?)added.Data["custom_participant_id"], (string?)added.Data["preset_name"], (string?)added.Data["name"], (string?)added.Data["picture"]));

        var admitted = await AdmitAsync(added);
        Assert.Equal((string?)added.Data["id"], admitted.Participant!.Id.ToString());
        var without = added.Data.DeepClone();
        without.AsObject().Remove("token");
        Assert.True(JsonNode.DeepEquals(without, read.Data));
        Assert.True(JsonNode.DeepEquals(without, Assert.Single(list.Data.AsArray())));
        Assert.DoesNotContain(_host.Logbook.Lines, line => line.Contains((string)added.Data["token"]!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_same_person_again_is_the_same_participant()
    {
        var path = await PathAsync();
        var first = await _host.Client.PostAsync(path, Token, """{"custom_participant_id":"a","preset_name":"group_call_host","name":"A"}""");
        _host.Clock.Advance(TimeSpan.FromSeconds(2));
        var second = await _host.Client.PostAsync(path, Token, """{"custom_participant_id":"a","preset_name":"group_call_guest","name":null}""");

        Assert.Equal(201, second.Status);
        Assert.Equal((string?)first.Data["id"], (string?)second.Data["id"]);
        Assert.Equal(("group_call_guest", "A"), ((string?)second.Data["preset_name"], (string?)second.Data["name"]));
        Assert.Equal((1, 1, 1), (await _host.Client.GetAsync(path, Token)).Paging);
        Assert.Equal(ParticipantTokenVerdict.Valid, (await AdmitAsync(first)).Verdict);
        Assert.Equal(ParticipantTokenVerdict.Valid, (await AdmitAsync(second)).Verdict);
        Assert.Contains(_host.Sessions.Told.OfType<Participant>(), told => told.Id.ToString() == (string?)first.Data["id"]);
    }

    [Fact]
    public async Task An_inactive_meeting_takes_participants()
    {
        var meeting = await _host.NewMeetingAsync(_host.One.First);
        await _host.Client.PatchAsync($"{_host.One.AppPath}/meetings/{meeting.Id}", Token, """{"status":"INACTIVE"}""");
        var added = await _host.Client.PostAsync(
            $"{_host.One.AppPath}/meetings/{meeting.Id}/participants", Token, """{"custom_participant_id":"a","preset_name":"webinar_viewer"}""");
        Assert.Equal(201, added.Status);
    }

    [Fact]
    public async Task Every_faulty_field_is_named_at_once()
    {
        var path = await PathAsync();
        var none = await _host.Client.PostAsync(path, Token, "{}");
        Assert.Equal((400, 40001), (none.Status, none.Code));
        Assert.Equal(["/custom_participant_id", "/preset_name"], none.Sources);

        var wrong = await _host.Client.PostAsync(
            path, Token, """{"custom_participant_id":"","preset_name":1,"name":"","picture":"javascript:alert(1)"}""");
        Assert.Equal(["/custom_participant_id", "/preset_name", "/name", "/picture"], wrong.Sources);

        foreach (var picture in new[] { "/a.png", "https:///a", "data:image/png;base64,x", "https://example.org/" + new string('x', 2_048) })
        {
            var reply = await _host.Client.PostAsync(
                path, Token, $$"""{"custom_participant_id":"a","preset_name":"group_call_host","picture":"{{picture}}"}""");
            Assert.Equal((400, "/picture"), (reply.Status, Assert.Single(reply.Sources)));
        }

        var unknown = await _host.Client.PostAsync(path, Token, """{"custom_participant_id":"a","preset_name":"nobody"}""");
        Assert.Equal((400, "/preset_name"), (unknown.Status, Assert.Single(unknown.Sources)));
        Assert.Equal((0, 0, 0), (await _host.Client.GetAsync(path, Token)).Paging);
    }

    [Fact]
    public async Task A_change_leaves_null_and_absent_fields_and_tells_the_session()
    {
        var path = await PathAsync();
        var added = await _host.Client.PostAsync(path, Token, """{"custom_participant_id":"a","preset_name":"group_call_host","name":"A"}""");
        var one = $"{path}/{added.Data["id"]}";
        _host.Clock.Advance(TimeSpan.FromSeconds(1));
        var changed = await _host.Client.PatchAsync(one, Token, """{"name":null,"picture":"http://example.org/","preset_name":"group_call_guest"}""");

        Assert.Equal(200, changed.Status);
        Assert.Equal(
            ("A", "http://example.org/", "group_call_guest"),
            ((string?)changed.Data["name"], (string?)changed.Data["picture"], (string?)changed.Data["preset_name"]));
        Assert.Equal(ParticipantTokenVerdict.Valid, (await AdmitAsync(changed)).Verdict);
        Assert.Contains(
            _host.Sessions.Told.OfType<Participant>(),
            told => told.Id.ToString() == (string?)added.Data["id"] && told.PresetName == "group_call_guest");

        var unknown = await _host.Client.PatchAsync(one, Token, """{"preset_name":"nobody","name":"B"}""");
        Assert.Equal((400, "/preset_name"), (unknown.Status, Assert.Single(unknown.Sources)));
        Assert.Equal("A", (string?)(await _host.Client.GetAsync(one, Token)).Data["name"]);
        Assert.Equal(200, (await _host.Client.PatchAsync(one, Token, "{}")).Status);
        Assert.Equal(400, (await _host.Client.PatchAsync(one, Token, """{"name":5}""")).Status);
    }

    [Fact]
    public async Task A_deleted_participant_is_gone_with_its_tokens_and_its_peers()
    {
        var path = await PathAsync();
        var added = await _host.Client.PostAsync(path, Token, """{"custom_participant_id":"a","preset_name":"group_call_host"}""");
        var one = $"{path}/{added.Data["id"]}";
        var deleted = await _host.Client.DeleteAsync(one, Token);

        Assert.Equal(200, deleted.Status);
        Assert.Equal(["custom_participant_id", "preset_id", "created_at", "updated_at"], deleted.Data.AsObject().Select(field => field.Key));
        Assert.Equal("a", (string?)deleted.Data["custom_participant_id"]);
        Assert.Equal(ParticipantTokenVerdict.UnknownParticipant, (await AdmitAsync(added)).Verdict);
        Assert.Contains(
            _host.Sessions.Told.OfType<(string, Participant)>(), told => told.Item2.Id.ToString() == (string?)added.Data["id"]);
        foreach (var (method, suffix) in new[] { (HttpMethod.Get, ""), (HttpMethod.Patch, ""), (HttpMethod.Delete, ""), (HttpMethod.Post, "/token") })
        {
            var reply = await _host.Client.SendAsync(method, one + suffix, Token, json: null);
            Assert.Equal((404, 40401), (reply.Status, reply.Code));
        }
    }

    [Fact]
    public async Task A_token_is_refreshed_with_no_body_and_with_an_empty_one()
    {
        var path = await PathAsync();
        var added = await _host.Client.PostAsync(path, Token, """{"custom_participant_id":"a","preset_name":"group_call_host"}""");
        _host.Clock.Advance(TimeSpan.FromHours(23));
        foreach (var body in new[] { null, "{}" })
        {
            var refreshed = await _host.Client.PostAsync($"{path}/{added.Data["id"]}/token", Token, body);
            Assert.Equal(200, refreshed.Status);
            Assert.Equal(["token"], refreshed.Data.AsObject().Select(field => field.Key));
            Assert.Equal(ParticipantTokenVerdict.Valid, (await AdmitAsync(refreshed)).Verdict);
        }
    }

    [Fact]
    public async Task Participants_are_listed_by_page()
    {
        var meeting = await _host.NewMeetingAsync(_host.One.First);
        for (var i = 0; i < 3; i++)
        {
            await _host.NewParticipantAsync(meeting, $"p{i}");
        }

        var path = $"{_host.One.AppPath}/meetings/{meeting.Id}/participants";
        var page = await _host.Client.GetAsync($"{path}?per_page=2&page_no=2", Token);
        Assert.Equal("p0", (string?)Assert.Single(page.Data.AsArray())!["custom_participant_id"]);
        Assert.Equal((3, 3, 3), page.Paging);
        var oldest = await _host.Client.GetAsync($"{path}?per_page=1&sort_order=ASC", Token);
        Assert.Equal("p0", (string?)oldest.Data[0]!["custom_participant_id"]);
        Assert.Equal(400, (await _host.Client.GetAsync($"{path}?per_page=x", Token)).Status);
        Assert.Equal(404, (await _host.Client.GetAsync($"{_host.One.AppPath}/meetings/{Guid.NewGuid()}/participants", Token)).Status);
    }

    [Fact]
    public async Task A_participant_of_another_meeting_does_not_exist()
    {
        var participant = await _host.NewParticipantAsync(await _host.NewMeetingAsync(_host.One.First), "a");
        var reply = await _host.Client.GetAsync($"{await PathAsync()}/{participant.Id}", Token);
        Assert.Equal((404, 40401), (reply.Status, reply.Code));
    }

    private async Task<string> PathAsync() =>
        $"{_host.One.AppPath}/meetings/{(await _host.NewMeetingAsync(_host.One.First)).Id}/participants";

    private Task<ParticipantAdmissionResult> AdmitAsync(Reply reply) =>
        _host.Service<ParticipantAdmission>().AuthenticateAsync((string?)reply.Data["token"], null, CancellationToken.None);
}
