using Roomcast.Accounts;
using Roomcast.Livestreams.Records;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tokens;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.Transcripts.Records;

namespace Roomcast.RealtimeKit.Tests.Rest;

/// <summary>Nothing of one app or account is seen or touched through another, on any route.</summary>
[Collection(SharedHostTests.Name)]
public sealed class IsolationTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    [Fact]
    public async Task A_livestream_of_another_app_does_not_exist_on_any_route()
    {
        var owner = await _host.NewAccountAsync();
        var stranger = await _host.NewAccountAsync();
        var livestream = await _host.NewLivestreamAsync(owner.First, "Private");
        var session = await _host.NewSessionAsync(livestream, 5, 5);
        var ids = new Dictionary<string, string>
        {
            ["livestream_id"] = livestream.Id.ToString(),
            ["livestream-session-id"] = session.Id.ToString(),
        };

        // The other app of the same account, and the app of another account: with valid rights to the app in the path.
        foreach (var (account, app) in new[] { (owner, owner.Second), (stranger, stranger.First) })
        {
            var routes = EveryRoute.Of(_host, account, app, ids)
                .Where(route => route.Pattern.Contains("{livestream", StringComparison.Ordinal))
                .ToArray();
            Assert.NotEmpty(routes);
            foreach (var route in routes)
            {
                var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, account.WriteToken, route.Body);

                Assert.Equal(404, reply.Status);
                Assert.Equal(40401, reply.Code);
            }
        }

        var kept = await _host.Service<LivestreamStore>().FindAsync(owner.First.Id, livestream.Id, CancellationToken.None);
        Assert.Equal(livestream with { UpdatedAt = kept!.UpdatedAt, Status = kept.Status }, kept);
    }

    [Fact]
    public async Task Lists_and_figures_hold_only_what_is_the_apps_own()
    {
        var owner = await _host.NewAccountAsync();
        var stranger = await _host.NewAccountAsync();
        var livestream = await _host.NewLivestreamAsync(owner.First, "Private");
        await _host.NewSessionAsync(livestream, 5, 5, isOver: true);

        foreach (var (account, app) in new[] { (owner, owner.Second), (stranger, stranger.First) })
        {
            var reads = EveryRoute.Of(_host, account, app)
                .Where(route => route.IsRead && !route.Path.Contains("/apps/", StringComparison.Ordinal));
            foreach (var route in reads)
            {
                var reply = await _host.Client.GetAsync(route.Path, account.WriteToken);
                var body = reply.Body.ToJsonString();

                Assert.DoesNotContain(livestream.Id.ToString(), body, StringComparison.Ordinal);
                Assert.DoesNotContain("Private", body, StringComparison.Ordinal);
                Assert.DoesNotContain(livestream.StreamKey, body, StringComparison.Ordinal);
            }

            var list = await _host.Client.GetAsync($"{account.PathOf(app)}/livestreams", account.WriteToken);
            var overall = await _host.Client.GetAsync($"{account.PathOf(app)}/analytics/livestreams/overall", account.WriteToken);
            var days = await _host.Client.GetAsync($"{account.PathOf(app)}/analytics/livestreams/daywise", account.WriteToken);
            Assert.Equal((0, 0, 0), list.Paging);
            Assert.Equal(0, overall.Data["count"]!.GetValue<int>());
            Assert.All(days.Data.AsArray(), day => Assert.Equal(0, day!["count"]!.GetValue<int>()));
        }
    }

    [Fact]
    public async Task Meetings_participants_and_presets_of_another_app_do_not_exist_on_any_route()
    {
        var owner = await _host.NewAccountAsync();
        var stranger = await _host.NewAccountAsync();
        var meeting = await _host.NewMeetingAsync(owner.First, "Private");
        var participant = await _host.NewParticipantAsync(meeting, "alice");
        var session = await _host.Service<SessionRecordStore>().BeginAsync(
            meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        _host.Sessions.Begin(session, participant);
        var ids = new Dictionary<string, string>
        {
            ["meeting_id"] = meeting.Id.ToString(),
            ["participant_id"] = participant.Id.ToString(),
            ["preset_id"] = participant.PresetId.ToString(),
        };

        foreach (var (account, app) in new[] { (owner, owner.Second), (stranger, stranger.First) })
        {
            var routes = EveryRoute.Of(_host, account, app, ids)
                .Where(route => ids.Keys.Any(id => route.Pattern.Contains($"{{{id}}}", StringComparison.Ordinal)))
                .ToArray();
            Assert.True(routes.Length >= 19);
            foreach (var route in routes)
            {
                var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, account.WriteToken, route.Body);
                Assert.Equal((404, 40401), (reply.Status, reply.Code));
            }

            foreach (var list in new[] { "meetings?search=Private", "presets?search=group_call_host" })
            {
                var body = (await _host.Client.GetAsync($"{account.PathOf(app)}/{list}", account.WriteToken)).Body.ToJsonString();
                Assert.DoesNotContain(meeting.Id.ToString(), body, StringComparison.Ordinal);
                Assert.DoesNotContain(participant.PresetId.ToString(), body, StringComparison.Ordinal);
            }
        }

        Assert.Equal(meeting, await _host.Service<MeetingStore>().FindAsync(owner.First.Id, meeting.Id, CancellationToken.None));
        Assert.Equal(
            participant,
            await _host.Service<ParticipantStore>().FindAsync(owner.First.Id, meeting.Id, participant.Id, CancellationToken.None));
        Assert.NotNull(_host.Sessions.Find(meeting.Id));
    }

    [Fact]
    public async Task A_session_and_all_that_it_left_do_not_exist_for_another_app_on_any_route()
    {
        var owner = await _host.NewAccountAsync();
        var stranger = await _host.NewAccountAsync();
        var meeting = await _host.NewMeetingAsync(owner.First, "Private");
        var participant = await _host.NewParticipantAsync(meeting, "alice");
        var records = _host.Service<SessionRecordStore>();
        var session = await records.BeginAsync(meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        var peer = new PeerId(Guid.NewGuid());
        await records.JoinAsync(
            session.Id,
            new JoiningPeer(peer, participant.Id, "alice", "Alice", participant.PresetName, ViewType.GroupCall),
            _host.Clock.GetUtcNow(),
            CancellationToken.None);
        var transcripts = _host.Service<TranscriptStore>();
        await transcripts.OpenAsync(session.Id, CancellationToken.None);
        await transcripts.AddAsync(
            session.Id, new TranscriptLine(peer, participant.Id, "alice", "Alice", session.StartedAt, session.StartedAt, "Private"), CancellationToken.None);
        await transcripts.FinishAsync(session.Id, null, _host.Clock.GetUtcNow().AddDays(1), canSummarize: false, CancellationToken.None);
        await transcripts.SaveSummaryAsync(new Summary(session.Id, SummaryStatus.Completed, "Private", false, null), CancellationToken.None);
        var ids = new Dictionary<string, string>
        {
            ["session_id"] = session.Id.ToString(), ["peer_id"] = peer.ToString(), ["participant_id"] = participant.Id.ToString(),
        };

        FilledRoute[] RoutesOf(TestAccount account, App app) =>
        [
            .. EveryRoute.Of(_host, account, app, ids).Where(route =>
                route.Pattern.Contains("{session_id}", StringComparison.Ordinal) || route.Pattern.Contains("{peer_id}", StringComparison.Ordinal)),
        ];
        Assert.Equal(9, RoutesOf(owner, owner.First).Length);
        foreach (var (account, app) in new[] { (owner, owner.Second), (stranger, stranger.First) })
        {
            foreach (var route in RoutesOf(account, app))
            {
                var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, account.WriteToken, route.Body);
                Assert.True((404, 40401) == (reply.Status, reply.Code), $"{route} answered {reply.Status}");
            }

            // The account of somebody else, with a token of one's own.
            foreach (var route in RoutesOf(owner, owner.First))
            {
                var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, stranger.WriteToken, route.Body);
                Assert.True((403, 40300) == (reply.Status, reply.Code), $"{route} answered {reply.Status}");
            }

            foreach (var list in new[] { "sessions", "sessions?search=Private", $"sessions?associated_id={meeting.Id}", "sessions?participants=alice" })
            {
                Assert.Equal((0, 0, 0), (await _host.Client.GetAsync($"{account.PathOf(app)}/{list}", account.WriteToken)).Paging);
            }

            var days = await _host.Client.GetAsync($"{account.PathOf(app)}/analytics/daywise", account.WriteToken);
            Assert.Equal(0, (int)days.Data["session_stats"]!["sessions_count"]!);
        }

        // A session that was left alone: its owner gets every one of them, but for the chat in which nothing was said.
        foreach (var route in RoutesOf(owner, owner.First))
        {
            var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, owner.WriteToken, route.Body);
            Assert.Equal(route.Pattern.EndsWith("/chat", StringComparison.Ordinal) ? 404 : 200, reply.Status);
        }
    }

    [Fact]
    public async Task A_preset_of_another_app_can_be_given_to_nobody()
    {
        var owner = await _host.NewAccountAsync();
        var made = await _host.Client.PostAsync(
            $"{owner.AppPath}/presets", owner.WriteToken, """{"name":"theirs","config":{"view_type":"GROUP_CALL"}}""");
        Assert.Equal(200, made.Status);
        var meeting = await _host.NewMeetingAsync(owner.Second);
        var reply = await _host.Client.PostAsync(
            $"{owner.PathOf(owner.Second)}/meetings/{meeting.Id}/participants",
            owner.WriteToken,
            """{"custom_participant_id":"a","preset_name":"theirs"}""");
        Assert.Equal((400, "/preset_name"), (reply.Status, Assert.Single(reply.Sources)));
    }

    [Fact]
    public async Task The_token_of_a_participant_opens_no_route()
    {
        var owner = await _host.NewAccountAsync();
        var meeting = await _host.NewMeetingAsync(owner.First);
        var token = _host.Service<ParticipantAdmission>().Issue(await _host.NewParticipantAsync(meeting, "alice", "group_call_host"));
        foreach (var route in EveryRoute.Of(_host, owner, owner.First))
        {
            var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, token, route.Body);
            Assert.Equal((401, 40101), (reply.Status, reply.Code));
        }
    }

    [Fact]
    public async Task What_is_deleted_is_gone_on_every_route()
    {
        var account = await _host.NewAccountAsync();
        var livestream = await _host.NewLivestreamAsync(account.First, "Gone");
        await _host.Client.DeleteAsync($"{account.AppPath}/livestreams/{livestream.Id}", account.WriteToken);

        var ids = new Dictionary<string, string> { ["livestream_id"] = livestream.Id.ToString() };
        var routes = EveryRoute.Of(_host, account, account.First, ids)
            .Where(route => route.Pattern.Contains("{livestream_id}", StringComparison.Ordinal));
        foreach (var route in routes)
        {
            var reply = await _host.Client.SendAsync(route.HttpMethod, route.Path, account.WriteToken, route.Body);
            Assert.Equal(40401, reply.Code);
        }

        Assert.Equal((0, 0, 0), (await _host.Client.GetAsync($"{account.AppPath}/livestreams", account.WriteToken)).Paging);
    }
}
