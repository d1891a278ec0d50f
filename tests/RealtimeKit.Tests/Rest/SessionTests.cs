using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.Storage.Blobs;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class SessionTests(SharedHost shared) : IAsyncLifetime
{
    private const string Firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";

    private readonly ApiHost _host = shared.Host;
    private TestAccount _account = null!;

    private SessionRecordStore Records => _host.Service<SessionRecordStore>();

    private string Path => $"{_account.AppPath}/sessions";

    public async Task InitializeAsync() => _account = await _host.NewAccountAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_session_is_told_while_it_lasts_and_when_it_has_ended()
    {
        var (meeting, session, alice, peer) = await BeginAsync("Weekly");
        _host.Clock.Advance(TimeSpan.FromSeconds(90));
        var live = await GetAsync($"{Path}/{session.Id}");
        Assert.Equal(("LIVE", 1, 1.5), ((string?)live["status"], (int)live["live_participants"]!, (double)live["minutes_consumed"]!));
        Assert.False(live.AsObject().ContainsKey("ended_at") || live.AsObject().ContainsKey("breakout_rooms"));

        await Records.EndAsync(session.Id, _host.Clock.GetUtcNow(), SessionEndReason.EndedByHost, CancellationToken.None);
        _host.Clock.Advance(TimeSpan.FromHours(1));
        var ended = await GetAsync($"{Path}/{session.Id}?include_breakout_rooms=true");
        Assert.Equal(("ENDED", 0, 1.5), ((string?)ended["status"], (int)ended["live_participants"]!, (double)ended["minutes_consumed"]!));
        Assert.NotNull(ended["ended_at"]);
        Assert.Empty(ended["breakout_rooms"]!.AsArray());

        foreach (var query in new[]
        {
            "", "status=ENDED", "status=ended", $"associated_id={meeting.Id}", "search=WEEK", $"search={meeting.Id.ToString()[3..20]}",
            $"search={session.Id}", $"participants={alice.Id}", "participants=LIC", $"start_time={session.CreatedAt:yyyy-MM-ddTHH:mm:ss.fffZ}",
        })
        {
            Assert.Equal(session.Id.ToString(), (string?)Assert.Single((await GetAsync($"{Path}?{query}"))["sessions"]!.AsArray())!["id"]);
        }

        foreach (var query in new[]
        {
            "status=LIVE", $"associated_id={Guid.NewGuid()}", "associated_id=x", "search=nothing", $"participants={peer}", "participants=%25",
            $"end_time={session.CreatedAt.AddMilliseconds(-1):yyyy-MM-ddTHH:mm:ss.fffZ}",
        })
        {
            Assert.Empty((await GetAsync($"{Path}?{query}"))["sessions"]!.AsArray());
        }

        var wrong = await _host.Client.GetAsync($"{Path}?status=OVER&sort_by=size&page_no=-1&start_time=soon", _account.ReadToken);
        Assert.Equal(["page_no", "sort_by", "start_time", "status"], wrong.Sources.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Who_was_there_is_told_with_what_happened_to_each()
    {
        var (meeting, session, alice, peer) = await BeginAsync();
        var bob = await _host.NewParticipantAsync(meeting, "bob");
        var second = new PeerId(Guid.NewGuid());
        await JoinAsync(session, bob, second);
        _host.Clock.Advance(TimeSpan.FromMinutes(2));
        await Records.LeaveAsync(session.Id, peer, _host.Clock.GetUtcNow(), CancellationToken.None);
        _host.Clock.Advance(TimeSpan.FromMinutes(1));
        await JoinAsync(session, alice, peer);
        var third = new PeerId(Guid.NewGuid());
        await JoinAsync(session, alice, third);
        _host.Clock.Advance(TimeSpan.FromMinutes(4));
        await Records.EndAsync(session.Id, _host.Clock.GetUtcNow(), SessionEndReason.EndedByHost, CancellationToken.None);

        var path = $"{Path}/{session.Id}/participants";
        var all = await GetAsync($"{path}?include_peer_events=true&sort_order=ASC");
        var rows = all["participants"]!.AsArray();
        Assert.Equal([peer.ToString(), second.ToString(), third.ToString()], rows.Select(row => (string?)row!["id"]));
        Assert.Equal(
            ["PEER_CREATED", "PEER_JOINING", "PEER_LEAVING", "PEER_JOINING", "PEER_LEAVING"],
            rows[0]!["peer_events"]!.AsArray().Select(happened => (string?)happened!["event_name"]));
        Assert.Equal([0, 0, 2, 0, 4], rows[0]!["peer_events"]!.AsArray().Select(happened => Math.Round((double)happened!["minutes_consumed"]!, 2)));
        Assert.Equal([6, 7, 4], rows.Select(row => Math.Round((double)row!["duration"]!)));

        async Task<string[]> IdsAsync(string query) =>
            [.. (await GetAsync($"{path}?{query}"))["participants"]!.AsArray().Select(row => (string)row!["id"]!)];
        Assert.Equal([second.ToString(), peer.ToString(), third.ToString()], await IdsAsync("sort_by=duration"));
        Assert.Equal([third.ToString(), peer.ToString(), second.ToString()], await IdsAsync("sort_by=duration&sort_order=ASC"));
        Assert.Equal([second.ToString()], await IdsAsync("search=BOB"));
        Assert.Equal([third.ToString(), peer.ToString()], await IdsAsync($"search={alice.Id}"));
        Assert.Equal([second.ToString()], await IdsAsync("page_no=2&per_page=1"));

        var consolidated = (await GetAsync($"{path}?view=consolidated&sort_by=duration"))["participants"]!.AsArray();
        Assert.Equal([alice.Id.ToString(), bob.Id.ToString()], consolidated.Select(row => (string?)row!["user_id"]));
        Assert.Equal([10, 7], consolidated.Select(row => Math.Round((double)row!["duration"]!)));
        Assert.Equal(
            (string?)rows[2]!["id"], (string?)(await GetAsync($"{path}/{alice.Id}"))["participant"]!["id"]);
        Assert.Equal(404, (await _host.Client.GetAsync($"{path}/{Guid.NewGuid()}", _account.ReadToken)).Status);
        Assert.Equal(404, (await _host.Client.GetAsync($"{path}/alice", _account.ReadToken)).Status);
    }

    [Fact]
    public async Task The_consolidated_view_tells_what_happened_to_all_peers_of_a_participant_in_order_of_time()
    {
        var (meeting, session, alice, first) = await BeginAsync();
        var second = new PeerId(Guid.NewGuid());
        var bob = await _host.NewParticipantAsync(meeting, "bob");
        var other = new PeerId(Guid.NewGuid());
        _host.Clock.Advance(TimeSpan.FromMinutes(1));
        await JoinAsync(session, alice, second);
        await JoinAsync(session, bob, other);
        _host.Clock.Advance(TimeSpan.FromMinutes(1));
        await Records.LeaveAsync(session.Id, first, _host.Clock.GetUtcNow(), CancellationToken.None);
        _host.Clock.Advance(TimeSpan.FromMinutes(1));
        await Records.LeaveAsync(session.Id, second, _host.Clock.GetUtcNow(), CancellationToken.None);
        _host.Clock.Advance(TimeSpan.FromMinutes(1));
        await JoinAsync(session, alice, first);

        var rows = (await GetAsync($"{Path}/{session.Id}/participants?view=consolidated&include_peer_events=true&sort_order=ASC"))["participants"]!.AsArray();
        Assert.Equal([alice.Id.ToString(), bob.Id.ToString()], rows.Select(row => (string?)row!["user_id"]));
        var events = rows[0]!["peer_events"]!.AsArray();
        Assert.Equal(
            [
                ("PEER_CREATED", first), ("PEER_JOINING", first), ("PEER_CREATED", second), ("PEER_JOINING", second),
                ("PEER_LEAVING", first), ("PEER_LEAVING", second), ("PEER_JOINING", first),
            ],
            events.Select(happened => ((string)happened!["event_name"]!, new PeerId((Guid)happened["peer_id"]!))));
        Assert.Equal([0, 0, 0, 0, 2, 2, 0], events.Select(happened => Math.Round((double)happened!["minutes_consumed"]!)));
        Assert.All(events, happened => Assert.Equal(alice.Id.ToString(), (string?)happened!["participant_id"]));
        Assert.All(rows[1]!["peer_events"]!.AsArray(), happened => Assert.Equal(other.ToString(), (string?)happened!["peer_id"]));
        Assert.Equal(2, rows[1]!["peer_events"]!.AsArray().Count);

        var without = (await GetAsync($"{Path}/{session.Id}/participants?view=consolidated"))["participants"]!.AsArray();
        Assert.All(without, row => Assert.False(row!.AsObject().ContainsKey("peer_events")));
    }

    [Fact]
    public async Task A_participant_who_came_back_very_often_is_told_whole()
    {
        const int Times = 700;
        var (_, session, alice, _) = await BeginAsync();
        for (var i = 1; i < Times; i++)
        {
            await JoinAsync(session, alice, new PeerId(Guid.NewGuid()));
        }

        var row = Assert.Single((await GetAsync($"{Path}/{session.Id}/participants?view=consolidated&include_peer_events=true"))["participants"]!.AsArray());
        Assert.Equal(2 * Times, row!["peer_events"]!.AsArray().Count);
    }

    [Fact]
    public async Task The_report_on_a_peer_holds_what_was_measured_and_addresses_for_writers_alone()
    {
        var (_, session, _, peer) = await BeginAsync();
        var history = new MediaHistory();
        for (var i = 1; i <= 3; i++)
        {
            history.Add(
                _host.Clock.GetUtcNow().AddSeconds(10 * i),
                new PeerMediaFigures(
                    peer.ToString(),
                    [new TransportFigures("t", TransportDirection.ToPeer, true, false, 2_000_000, TimeSpan.FromMilliseconds(30))],
                    [new ProducerFigures("mic", MediaKind.Audio, 32_000, 500 * i, 5 * i, TimeSpan.FromMilliseconds(2), [])],
                    [new ConsumerFigures("cam", MediaKind.Video, 900_000, 1_000 * i, 20 * i, 3, TimeSpan.FromMilliseconds(4), "f", false, i)]),
                id => id == "cam" ? new SampledTrack("cam", "another", MediaKind.Video, false) : null);
        }

        await _host.Service<MediaHistoryStore>().AppendAsync(session.Id, peer, history, CancellationToken.None);
        var path = $"{Path}/peer-report/{peer}";
        var told = (await GetAsync($"{path}?include_peer_events=true", _account.WriteToken))["participant"]!;
        Assert.Equal((session.Id.ToString(), "group_call_participant"), ((string?)told["session_id"], (string?)told["role"]));
        Assert.Equal(2, told["peer_events"]!.AsArray().Count);
        var report = told["peer_report"]!;
        Assert.Equal("Firefox", (string?)report["metadata"]!["browser_metadata"]!["browser"]);
        Assert.Equal(("Linux", false), ((string?)report["metadata"]!["device_info"]!["os"], (bool)report["metadata"]!["device_info"]!["is_mobile"]!));
        Assert.Equal("203.0.113.9", (string?)report["metadata"]!["ip_information"]!["ipv4"]);
        Assert.Equal("2.0.2", (string?)report["metadata"]!["sdk_version"]);

        var sent = report["quality"]!["audio_producer"]!.AsArray();
        Assert.Equal([505, 1_010, 1_515], sent.Select(row => (int)row!["packets_sent"]!));
        Assert.Equal((0.03, 0.002, 32_000), ((double)sent[2]!["rtt"]!, (double)sent[2]!["jitter"]!, (int)sent[2]!["bitrate"]!));
        var received = report["quality"]!["video_consumer"]!.AsArray();
        Assert.Equal([20, 40, 60], received.Select(row => (int)row!["packets_lost"]!));
        Assert.Equal([980, 1_960, 2_940], received.Select(row => (int)row!["packets_received"]!));
        Assert.Equal((3, "another"), ((int)received[2]!["freeze_count"]!, (string?)received[2]!["peer_id"]));
        Assert.Equal(2, (double)report["quality"]!["video_consumer_cumulative"]!["packet_loss"]!["avg"]!);

        var asReader = (await GetAsync(path))["participant"]!["peer_report"]!["metadata"]!.AsObject();
        Assert.False(asReader.ContainsKey("ip_information"));
        var part = (await GetAsync($"{path}?filters=events", _account.WriteToken))["participant"]!["peer_report"]!.AsObject();
        Assert.Equal(["metadata"], part.Select(field => field.Key));
        Assert.Equal(["events"], part["metadata"]!.AsObject().Select(field => field.Key));
        Assert.Equal(400, (await _host.Client.GetAsync($"{path}?filters=all", _account.ReadToken)).Status);
        var byParticipant = await GetAsync($"{Path}/{session.Id}/participants/{peer}");
        Assert.Equal(3, byParticipant["participant"]!["peer_report"]!["quality"]!["audio_producer"]!.AsArray().Count);

        // Kept for half a year, and then nothing is left of figures and addresses.
        await Records.EndAsync(session.Id, _host.Clock.GetUtcNow(), SessionEndReason.EndedByHost, CancellationToken.None);
        _host.Clock.Advance(TimeSpan.FromDays(181));
        var retention = _host.Service<IOptions<HistoryOptions>>().Value.ReportRetention;
        while (await _host.Service<MediaHistoryStore>().ClearAsync(_host.Clock.GetUtcNow() - retention, CancellationToken.None) > 0)
        {
            // A hundred at a time.
        }

        var cleared = (await GetAsync(path, _account.WriteToken))["participant"]!["peer_report"]!.AsObject();
        Assert.False(cleared.ContainsKey("quality") || cleared["metadata"]!.AsObject().ContainsKey("ip_information"));
    }

    [Fact]
    public async Task The_report_on_a_peer_tells_of_sources_bytes_and_pictures()
    {
        var (_, session, _, peer) = await BeginAsync();
        var history = new MediaHistory();
        for (var i = 1; i <= 3; i++)
        {
            // In the third sample nothing more of the camera came, and what was received stood still.
            var pictures = Math.Min(i, 2);
            history.Add(
                _host.Clock.GetUtcNow().AddSeconds(10 * i),
                new PeerMediaFigures(
                    peer.ToString(),
                    [new TransportFigures("t", TransportDirection.ToPeer, true, false, 0, TimeSpan.FromMilliseconds(30))],
                    [
                        new ProducerFigures("mic", MediaKind.Audio, 32_000, 500 * i, 0, TimeSpan.Zero, [])
                        {
                            Mid = "0", Totals = new TrackTotals(4_000_000_000, 40_000 * i, default),
                        },
                        new ProducerFigures("cam", MediaKind.Video, 900_000, 900 * i, 0, TimeSpan.Zero, ["f"])
                        {
                            Mid = "1", Totals = new TrackTotals(77, 1_000_000 * i, new PictureFigures(150 * pictures, 3 * pictures, 640, 360, 2 * i, 0)),
                        },
                    ],
                    [
                        new ConsumerFigures("screen", MediaKind.Video, 800_000, 1_000 * i, 100 * i, 3, TimeSpan.Zero, null, false, i)
                        {
                            Mid = "7", Totals = new TrackTotals(88, 1_000_000 * i, new PictureFigures(50 * i, i, 1_920, 1_080, 5, 1)),
                        },
                    ]),
                id => id == "screen" ? new SampledTrack("screen", "another", MediaKind.Video, IsScreenShare: true) : null);
        }

        await _host.Service<MediaHistoryStore>().AppendAsync(session.Id, peer, history, CancellationToken.None);
        var quality = (await GetAsync($"{Path}/peer-report/{peer}"))["participant"]!["peer_report"]!["quality"]!;

        var sound = quality["audio_producer"]![2]!.AsObject();
        Assert.Equal(("0", 4_000_000_000, 120_000), ((string)sound["mid"]!, (long)sound["ssrc"]!, (long)sound["bytes_sent"]!));
        Assert.False(sound.ContainsKey("frame_width") || sound.ContainsKey("frames_encoded") || sound.ContainsKey("pli_count"));

        var sent = quality["video_producer"]!.AsArray();
        Assert.Equal(("1", 77, 3_000_000), ((string)sent[2]!["mid"]!, (int)sent[2]!["ssrc"]!, (long)sent[2]!["bytes_sent"]!));
        Assert.Equal([150, 300, 300], sent.Select(row => (int)row!["frames_encoded"]!));
        Assert.Equal([3, 6, 6], sent.Select(row => (int)row!["key_frames_encoded"]!));
        Assert.Equal([2, 4, 6], sent.Select(row => (int)row!["pli_count"]!));
        Assert.Equal([null, 15, 0], sent.Select(row => (double?)row!["frames_per_second"]));
        Assert.Equal((640, 360), ((int)sent[0]!["frame_width"]!, (int)sent[0]!["frame_height"]!));
        var all = quality["video_producer_cumulative"]!;
        Assert.Equal((7.5, 15), ((double)all["frame_per_second"]!["avg"]!, (double)all["frame_per_second"]!["p90"]!));
        Assert.Equal((640, 0.5, 0.02), ((double)all["frame_width"]!["p50"]!, (double)all["issues"]!["no_video_fraction"]!, (double)all["key_frames_encoded_fraction"]!));

        var received = quality["screenshare_video_consumer"]!.AsArray();
        Assert.Equal(("7", 88, 2_700_000), ((string)received[2]!["mid"]!, (int)received[2]!["ssrc"]!, (long)received[2]!["bytes_received"]!));
        Assert.Equal((1_920, 1_080, 5), ((int)received[2]!["frame_width"]!, (int)received[2]!["frame_height"]!, (double)received[2]!["frames_per_second"]!));
        Assert.Equal((1, 5, 0.03), ((int)received[2]!["fir_count"]!, (int)received[2]!["pli_count"]!, (double)received[2]!["rtt"]!));
        Assert.Equal((0, 1), (
            (double)quality["screenshare_video_consumer_cumulative"]!["issues"]!["no_video_fraction"]!,
            (double)quality["screenshare_video_consumer_cumulative"]!["issues"]!["lag_fraction"]!));
    }

    [Fact]
    public async Task The_chat_is_downloaded_as_a_file_in_which_no_cell_is_a_formula()
    {
        var (meeting, session, alice, peer) = await BeginAsync();
        Assert.Equal((404, 40401), Codes(await _host.Client.GetAsync($"{Path}/{session.Id}/chat", _account.ReadToken)));
        foreach (var (kind, text) in new[]
        {
            (ChatMessageKind.Text, "=1+1"), (ChatMessageKind.Text, "two \"words\", and\nlines"), (ChatMessageKind.Image, "https://files.example.org/a.png"),
            (ChatMessageKind.File, """{"link":"x"}"""), (ChatMessageKind.Custom, """{"message":"m"}"""),
        })
        {
            _host.Clock.Advance(TimeSpan.FromSeconds(1));
            var message = new ChatMessage
            {
                Id = new ChatMessageId(Guid.NewGuid()), MeetingId = meeting.Id, SessionId = session.Id, PeerId = peer, ParticipantId = alice.Id,
                DisplayName = "@alice", Kind = kind, Payload = text, CreatedAt = _host.Clock.GetUtcNow(),
            };
            await _host.Service<ChatMessageStore>().AddAsync(_account.First.Id, message, isLasting: false, CancellationToken.None);
        }

        var told = await GetAsync($"{Path}/{session.Id}/chat");
        var address = new Uri((string)told["chat_download_url"]!);
        var name = BlobName.Read(address.Segments[^2].TrimEnd('/'), address.Segments[^1])!.Value;
        var folder = _host.Service<IOptions<BlobOptions>>().Value.Folder;
        var lines = (await File.ReadAllTextAsync(System.IO.Path.Combine(folder, name.ToString()))).Split("\r\n");
        Assert.Equal("id,participantId,sessionId,meetingId,displayName,pinned,isEdited,payloadType,payload,createdAt", lines[0]);
        Assert.Contains($",{session.Id},{meeting.Id},'@alice,false,false,TEXT_MESSAGE,'=1+1,", lines[1], StringComparison.Ordinal);
        Assert.Contains(",\"two \"\"words\"\", and\nlines\",", lines[2], StringComparison.Ordinal);
        Assert.Equal(
            ["TEXT_MESSAGE", "TEXT_MESSAGE", "IMAGE_MESSAGE", "FILE_MESSAGE", "CUSTOM_MESSAGE"], lines[1..^1].Select(line => line.Split(',')[7]));
        Assert.Contains(",CUSTOM_MESSAGE,\"{\"\"message\"\":\"\"m\"\"}\",", lines[5], StringComparison.Ordinal);
        Assert.Equal("", lines[6]);
    }

    [Fact]
    public async Task Pages_hold_every_session_once_in_every_order_and_days_add_up_to_what_is_stored()
    {
        foreach (var lengths in Gen.Choose(0, 3_000).ListOf().Resize(9).Sample(6, 4))
        {
            var account = await _host.NewAccountAsync();
            var made = new List<(SessionRecord Session, double Minutes)>();
            foreach (var seconds in lengths)
            {
                var meeting = await _host.NewMeetingAsync(account.First);
                var session = await Records.BeginAsync(meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
                await JoinAsync(session, await _host.NewParticipantAsync(meeting, "a"), new PeerId(Guid.NewGuid()));
                _host.Clock.Advance(TimeSpan.FromSeconds(seconds));
                await Records.EndAsync(session.Id, _host.Clock.GetUtcNow(), SessionEndReason.EverybodyLeft, CancellationToken.None);
                var stored = (await Records.FindAsync(account.First.Id, session.Id, CancellationToken.None))!;
                made.Add((stored, Math.Round(stored.Presence.TotalMinutes, 3)));
                _host.Clock.Advance(TimeSpan.FromHours(7));
            }

            foreach (var (sort, key) in new (string, Func<(SessionRecord Session, double Minutes), object>)[]
            {
                ("createdAt", one => one.Session.CreatedAt), ("minutesConsumed", one => one.Session.Presence),
            })
            {
                foreach (var order in new[] { "ASC", "DESC" })
                {
                    var read = new List<string>();
                    for (var page = 1; page <= made.Count + 1; page += 1)
                    {
                        var reply = await _host.Client.GetAsync(
                            $"{account.AppPath}/sessions?sort_by={sort}&sort_order={order}&page_no={page}&per_page=2", account.ReadToken);
                        Assert.Equal(made.Count, reply.Paging.Total);
                        read.AddRange(reply.Data["sessions"]!.AsArray().Select(row => (string)row!["id"]!));
                    }

                    var byId = made.ToDictionary(one => one.Session.Id.ToString());
                    Assert.Equal(made.Count, read.Distinct().Count());
                    var keys = read.Select(id => key(byId[id])).ToArray();
                    Assert.Equal(order == "ASC" ? keys.Order() : keys.OrderDescending(), keys);
                }
            }

            var days = (await _host.Client.GetAsync($"{account.AppPath}/analytics/daywise", account.ReadToken)).Data["session_stats"]!;
            var told = days["day_stats"]!.AsArray().ToDictionary(day => (string)day!["day"]!, day => (Count: (int)day!["total_sessions"]!, Minutes: (double)day["total_session_minutes"]!));
            Assert.Equal((31, made.Count), (told.Count, (int)days["sessions_count"]!));
            foreach (var day in told)
            {
                var own = made.Where(one => $"{one.Session.StartedAt:yyyy-MM-dd}" == day.Key).ToArray();
                Assert.Equal(own.Length, day.Value.Count);
                Assert.Equal(own.Sum(one => one.Session.Presence.TotalMinutes), day.Value.Minutes, 0.001);
            }
        }
    }

    [Theory]
    [InlineData("start_date=2026-06-01&end_date=2026-06-03", 3, "2026-06-01")]
    [InlineData("start_date=1780272000&end_date=1780444800", 3, "2026-06-01")]
    [InlineData("start_date=2026-06-01T23:30:00-02:00&end_date=2026-06-02", 1, "2026-06-02")]
    [InlineData("end_date=2026-06-30", 31, "2026-05-31")]
    [InlineData("start_date=2024-01-01&end_date=2024-12-31", 366, "2024-01-01")]
    [InlineData("end_date=0001-01-02", 2, "0001-01-01")]
    [InlineData("start_date=9999-12-31&end_date=9999-12-31", 1, "9999-12-31")]
    public async Task A_day_is_told_for_each_date_of_the_range_in_any_spelling(string query, int rows, string first)
    {
        var figures = await GetAsync($"{_account.AppPath}/analytics/daywise?{query}");
        foreach (var stats in new[] { "session_stats", "recording_stats" })
        {
            var days = figures[stats]!["day_stats"]!.AsArray();
            Assert.Equal((rows, first), (days.Count, (string?)days[0]!["day"]));
        }
    }

    [Theory]
    [InlineData("start_date=2026-06-03&end_date=2026-06-01", "end_date")]
    [InlineData("start_date=2024-01-01&end_date=2025-01-01", "end_date")]
    [InlineData("start_date=9999-01-01", "start_date")]
    [InlineData("start_date=tomorrow", "start_date")]
    public async Task A_range_that_is_none_is_refused(string query, string source)
    {
        var reply = await _host.Client.GetAsync($"{_account.AppPath}/analytics/daywise?{query}", _account.ReadToken);
        Assert.Equal((400, source), (reply.Status, Assert.Single(reply.Sources)));
    }

    private static (int Status, int Code) Codes(Reply reply) => (reply.Status, reply.Code);

    private async Task<JsonNode> GetAsync(string path, string? token = null)
    {
        var reply = await _host.Client.GetAsync(path, token ?? _account.ReadToken);
        Assert.Equal(200, reply.Status);
        return reply.Data;
    }

    [Fact]
    public async Task The_sessions_of_connected_meetings_are_told_with_the_one_during_which_they_began()
    {
        var (_, parent, _, _) = await BeginAsync("Lesson");
        var rooms = new List<string>();
        foreach (var title in new[] { "Left", "Right" })
        {
            var meeting = await _host.NewMeetingAsync(_account.First, title);
            var room = await Records.BeginWithinAsync(meeting, parent.Id, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
            rooms.Add(room.Id.ToString());
        }

        await BeginAsync("Elsewhere");
        var told = (await GetAsync($"{Path}/{parent.Id}?include_breakout_rooms=true"))["breakout_rooms"]!.AsArray();
        Assert.Equal(rooms, told.Select(room => (string)room!["id"]!));
        Assert.Equal(["Left", "Right"], told.Select(room => (string)room!["meeting_display_name"]!));
        Assert.Equal(["LIVE", "LIVE"], told.Select(room => (string)room!["status"]!));
        Assert.False((await GetAsync($"{Path}/{parent.Id}")).AsObject().ContainsKey("breakout_rooms"));
        Assert.Empty((await GetAsync($"{Path}/{rooms[0]}?include_breakout_rooms=true"))["breakout_rooms"]!.AsArray());
    }

    private async Task<(Meeting Meeting, SessionRecord Session, Participant Alice, PeerId Peer)> BeginAsync(string title = "")
    {
        var meeting = await _host.NewMeetingAsync(_account.First, title);
        var alice = await _host.NewParticipantAsync(meeting, "Alice");
        var session = await Records.BeginAsync(meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        var peer = new PeerId(Guid.NewGuid());
        await JoinAsync(session, alice, peer);
        return (meeting, session, alice, peer);
    }

    private async Task JoinAsync(SessionRecord session, Participant participant, PeerId peer)
    {
        _host.Clock.Advance(TimeSpan.FromMilliseconds(1));
        var joining = new JoiningPeer(peer, participant.Id, participant.CustomId, participant.CustomId, participant.PresetName, ViewType.GroupCall)
        {
            Client = PeerClient.Of(Firefox, "203.0.113.9", "2.0.2"),
        };
        await Records.JoinAsync(session.Id, joining, _host.Clock.GetUtcNow(), CancellationToken.None);
    }
}
