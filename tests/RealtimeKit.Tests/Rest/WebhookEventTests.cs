using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Records;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit.Webhooks;
using Roomcast.Transcripts.Records;
using Roomcast.Webhooks;

namespace Roomcast.RealtimeKit.Tests.Rest;

/// <summary>What really arrives at a receiver when something happens, field by field.</summary>
public sealed class WebhookEventTests : IAsyncLifetime
{
    private const string Everything = """
        ["meeting.started","meeting.ended","meeting.participantJoined","meeting.participantLeft","meeting.chatSynced",
         "recording.statusUpdate","livestreaming.statusUpdate","meeting.transcript","meeting.summary"]
        """;

    private ApiHost _host = null!;
    private TestReceiver _receiver = null!;
    private TestAccount _account = null!;
    private string _webhook = "";

    private SessionRecordStore Records => _host.Service<SessionRecordStore>();

    public async Task InitializeAsync()
    {
        _receiver = await TestReceiver.StartAsync();
        _host = await ApiHost.StartAsync(replace: services => services.Configure<WebhookOptions>(options =>
        {
            options.PrivateNetworks = [IPNetwork.Parse("127.0.0.0/8")];
            options.Timeout = TimeSpan.FromSeconds(30); // By the tests' own clock, which they move.
        }));
        _account = _host.One;
        var made = await _host.Client.PostAsync(
            $"{_account.AppPath}/webhooks", _account.WriteToken, $$"""{"url":"{{_receiver.Address}}","events":{{Everything}}}""");
        _webhook = made.Data["id"]!.GetValue<string>();
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task A_session_is_told_from_its_beginning_to_its_end_in_order()
    {
        var meeting = await _host.NewMeetingAsync(_account.First, "Weekly");
        var (one, other) = (await _host.NewParticipantAsync(meeting, "one"), await _host.NewParticipantAsync(meeting, "other"));
        var start = _host.Clock.GetUtcNow();
        var session = await Records.BeginAsync(meeting, start, TimeSpan.Zero, CancellationToken.None);
        var (first, second) = (await JoinAsync(session, one, "One"), await JoinAsync(session, other, "Other"));
        await SettleAsync(3);
        _host.Clock.Advance(TimeSpan.FromSeconds(30));
        await Records.LeaveAsync(session.Id, first, _host.Clock.GetUtcNow(), CancellationToken.None);
        await Records.LeaveAsync(session.Id, first, _host.Clock.GetUtcNow(), CancellationToken.None);
        await SettleAsync(4);
        _host.Clock.Advance(TimeSpan.FromSeconds(30));
        await Records.EndAsync(session.Id, _host.Clock.GetUtcNow(), SessionEndReason.EndedByHost, CancellationToken.None);
        await Records.EndAsync(session.Id, _host.Clock.GetUtcNow(), SessionEndReason.EverybodyLeft, CancellationToken.None);

        await _receiver.WaitForAsync(6);
        var told = _receiver.Received;
        Assert.Equal(
            ["meeting.started", "meeting.participantJoined", "meeting.participantJoined", "meeting.participantLeft", "meeting.participantLeft", "meeting.ended"],
            told.Select(each => each.Event));

        var began = told[0].Payload;
        Assert.Equal(["event", "meeting"], began.Select(field => field.Key));
        var block = began["meeting"]!.AsObject();
        Assert.Equal(
            ["id", "sessionId", "title", "roomName", "status", "createdAt", "startedAt", "organizedBy"], block.Select(field => field.Key));
        Assert.Equal(meeting.Id.ToString(), block["id"]!.GetValue<string>());
        Assert.Equal(session.Id.ToString(), block["sessionId"]!.GetValue<string>());
        Assert.Equal(meeting.Id.ToString(), block["roomName"]!.GetValue<string>());
        Assert.Equal(("Weekly", "LIVE"), (block["title"]!.GetValue<string>(), block["status"]!.GetValue<string>()));
        Assert.Equal($"{start:yyyy-MM-ddTHH:mm:ss.fff}Z", block["startedAt"]!.GetValue<string>());
        Assert.Equal(
            (_account.First.Id.ToString(), "First"),
            (block["organizedBy"]!["id"]!.GetValue<string>(), block["organizedBy"]!["name"]!.GetValue<string>()));

        var joined = told[1].Payload["participant"]!.AsObject();
        Assert.Equal(["peerId", "userDisplayName", "customParticipantId", "clientSpecificId", "joinedAt"], joined.Select(field => field.Key));
        Assert.Equal(first.ToString(), joined["peerId"]!.GetValue<string>());
        Assert.Equal(
            ("One", "one", "one"),
            (joined["userDisplayName"]!.GetValue<string>(), joined["customParticipantId"]!.GetValue<string>(), joined["clientSpecificId"]!.GetValue<string>()));
        var left = told[3].Payload["participant"]!.AsObject();
        Assert.Equal(first.ToString(), left["peerId"]!.GetValue<string>());
        Assert.Equal(joined["joinedAt"]!.GetValue<string>(), left["joinedAt"]!.GetValue<string>());
        Assert.NotNull(left["leftAt"]);
        Assert.Equal(second.ToString(), told[4].Payload["participant"]!["peerId"]!.GetValue<string>());

        var ended = told[5].Payload;
        Assert.Equal(["event", "meeting", "reason"], ended.Select(field => field.Key));
        Assert.Equal(("LIVE", "HOST_ENDED_MEETING"), (ended["meeting"]!["status"]!.GetValue<string>(), ended["reason"]!.GetValue<string>()));
        Assert.Equal($"{_host.Clock.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fff}Z", ended["meeting"]!["endedAt"]!.GetValue<string>());
        await AssertSignedAsync(told);
    }

    [Fact]
    public async Task A_session_that_a_crash_left_open_is_told_to_have_ended_with_all_that_were_there()
    {
        var meeting = await _host.NewMeetingAsync(_account.First, "Weekly");
        var session = await Records.BeginAsync(meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        await JoinAsync(session, await _host.NewParticipantAsync(meeting, "one"), "One");
        await SettleAsync(2);
        _host.Clock.Advance(TimeSpan.FromHours(1));

        await Records.EndOrphansAsync(TimeSpan.FromMinutes(2), CancellationToken.None);

        await _receiver.WaitForAsync(4);
        Assert.Equal(
            ["meeting.started", "meeting.participantJoined", "meeting.participantLeft", "meeting.ended"],
            _receiver.Received.Select(each => each.Event));
        Assert.Equal("ALL_PARTICIPANTS_LEFT", _receiver.Received[3].Payload["reason"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_livestream_is_told_as_its_media_came_and_went_and_as_the_api_has_it()
    {
        var livestream = await _host.NewLivestreamAsync(_account.First, "Launch");
        await _receiver.WaitForAsync(1);
        var publisher = await _host.GoLiveAsync(livestream);
        await SettleAsync(2);
        var live = await StatusAsync(livestream);
        publisher.Close(IngestEndReason.ConnectionClosed);
        await _receiver.WaitUntilAsync(received =>
        {
            _host.Clock.Advance(TimeSpan.FromSeconds(1)); // Through the grace time, however slow the machine is.
            return received.Count >= 3;
        });

        // The last may have come twice, since time went by so quickly.
        Assert.Equal(["IDLE", "LIVE", "OFFLINE"], _receiver.Received.DistinctBy(each => each.DeliveryId).Select(each => each.Payload["status"]!.GetValue<string>()));
        Assert.Equal(("LIVE", "IDLE"), (live, await StatusAsync(livestream)));
        var told = _receiver.Received[1].Payload;
        Assert.Equal(
            ["event", "streamId", "status", "manualIngest", "playbackUrl", "ingestServer", "streamKey"], told.Select(field => field.Key));
        Assert.Equal("livestreaming.statusUpdate", told["event"]!.GetValue<string>());
        Assert.Equal(livestream.Id.ToString(), told["streamId"]!.GetValue<string>());
        Assert.True(told["manualIngest"]!.GetValue<bool>());
        Assert.Equal($"https://live.example.org/live/{livestream.Id}/index.m3u8", told["playbackUrl"]!.GetValue<string>());
        Assert.Equal("rtmp://live.example.org:1935/live/", told["ingestServer"]!.GetValue<string>());
        Assert.Equal(livestream.StreamKey, told["streamKey"]!.GetValue<string>());

        // Who may only read sees no stream key here either.
        var path = $"{_account.AppPath}/webhooks/{_webhook}/deliveries";
        var id = (await _host.Client.GetAsync($"{path}?sort_order=ASC", _account.ReadToken)).Data[0]!["id"]!.GetValue<string>();
        var seen = await _host.Client.GetAsync($"{path}/{id}", _account.ReadToken);
        var shown = await _host.Client.GetAsync($"{path}/{id}", _account.WriteToken);
        Assert.Null(seen.Data["payload"]!["streamKey"]);
        Assert.Equal(livestream.StreamKey, shown.Data["payload"]!["streamKey"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_livestream_of_a_meeting_tells_its_session_and_one_left_live_by_a_crash_goes_offline()
    {
        var meeting = await _host.NewMeetingAsync(_account.First, "Weekly");
        var session = await Records.BeginAsync(meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        var store = _host.Service<LivestreamStore>();
        var livestream = await _host.NewLivestreamAsync(_account.First, "Weekly", meeting.Id.Value);
        await store.SetStatusAsync(livestream.Id, LivestreamStatus.Live, CancellationToken.None);
        await store.SetStatusAsync(livestream.Id, LivestreamStatus.Live, CancellationToken.None);
        await _host.Service<LivestreamSessionStore>().CloseOrphansAsync(CancellationToken.None);

        await _receiver.WaitForAsync(4);
        var told = _receiver.Received.Skip(1).Select(each => each.Payload).ToArray();
        Assert.Equal(["IDLE", "LIVE", "OFFLINE"], told.Select(each => each["status"]!.GetValue<string>()));
        Assert.All(told, each => Assert.Equal(session.Id.ToString(), each["meeting"]!["sessionId"]!.GetValue<string>()));
        Assert.All(told, each => Assert.False(each["manualIngest"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task A_recording_is_told_at_every_step_and_keys_without_a_value_are_left_out()
    {
        var meeting = await _host.NewMeetingAsync(_account.First, "Weekly");
        _host.RecordedSessions.Begin(meeting.Id.Value);
        var started = await _host.Client.PostAsync(
            $"{_account.AppPath}/recordings", _account.WriteToken, $$"""{"meeting_id":"{{meeting.Id}}"}""");
        Assert.Equal(200, started.Status);
        var id = started.Data["id"]!.GetValue<string>();
        await _host.Client.SendAsync(HttpMethod.Put, $"{_account.AppPath}/recordings/{id}", _account.WriteToken, """{"action":"stop"}""");

        await _receiver.WaitUntilAsync(received =>
        {
            _host.Clock.Advance(TimeSpan.FromMilliseconds(100));
            return received.Any(each => LastWords.Contains(StatusOf(each)));
        });
        var told = _receiver.Received.DistinctBy(each => each.DeliveryId).Where(each => each.Event == "recording.statusUpdate").ToArray();
        var ended = await _host.Client.GetAsync($"{_account.AppPath}/recordings/{id}", _account.ReadToken);
        Assert.Equal("INVOKED", StatusOf(told[0]));
        Assert.Equal(ended.Data["status"]!.GetValue<string>(), StatusOf(told[^1]));
        Assert.Equal(told.Length, told.Select(StatusOf).Distinct().Count());
        var invoked = told[0].Payload["recording"]!.AsObject();
        Assert.Equal(
            ["id", "recordingId", "meetingId", "organizationId", "roomUUID", "status", "outputFileName", "recordingDuration"],
            invoked.Select(field => field.Key));
        Assert.Equal(
            (id, id, meeting.Id.ToString(), _account.First.Id.ToString()),
            (invoked["id"]!.GetValue<string>(), invoked["recordingId"]!.GetValue<string>(), invoked["meetingId"]!.GetValue<string>(), invoked["organizationId"]!.GetValue<string>()));
        Assert.NotNull(told[^1].Payload["recording"]!["stopReason"]!["reason"]);
    }

    [Fact]
    public async Task Files_of_a_session_are_told_with_their_addresses_once_it_has_ended()
    {
        var session = await LeaveFilesAsync();
        await SettleAsync(2);
        Assert.DoesNotContain(_receiver.Received, each => each.Event.EndsWith("chatSynced", StringComparison.Ordinal));
        await Records.EndAsync(session.Id, _host.Clock.GetUtcNow(), SessionEndReason.EndedByHost, CancellationToken.None);

        await _receiver.WaitForAsync(7);
        var told = _receiver.Received.DistinctBy(each => each.DeliveryId).Select(each => each.Payload).ToDictionary(each => (string)each["event"]!);
        var chat = told["meeting.chatSynced"];
        Assert.Equal(
            ["event", "sessionId", "meetingId", "title", "chatDownloadUrl", "chatDownloadUrlExpiry", "createdAt", "startedAt", "endedAt", "organizedBy"],
            chat.Select(field => field.Key));
        Assert.Contains("Hello", await FileAsync((string)chat["chatDownloadUrl"]!), StringComparison.Ordinal);
        var transcript = told["meeting.transcript"];
        Assert.Equal(["event", "meeting", "transcriptDownloadUrl", "transcriptDownloadUrlExpiry"], transcript.Select(field => field.Key));
        Assert.NotNull(transcript["meeting"]!["endedAt"]);
        Assert.Contains("Spoken", await FileAsync((string)transcript["transcriptDownloadUrl"]!), StringComparison.Ordinal);
        var summary = told["meeting.summary"];
        Assert.Equal(["event", "meeting", "summaryDownloadUrl", "summaryDownloadUrlExpiry"], summary.Select(field => field.Key));
        Assert.Equal("In short", await FileAsync((string)summary["summaryDownloadUrl"]!));
        Assert.Equal(0, await TasksAsync());
    }

    [Fact]
    public async Task A_file_that_cannot_be_stored_is_told_when_it_can_and_once()
    {
        var blobs = _host.Service<IOptions<BlobOptions>>().Value.Folder;
        Directory.CreateDirectory(Path.GetDirectoryName(blobs)!);
        await File.WriteAllTextAsync(blobs, "No folder can be made here.");
        var session = await LeaveFilesAsync();
        await Records.EndAsync(session.Id, _host.Clock.GetUtcNow(), SessionEndReason.EndedByHost, CancellationToken.None);
        await UntilAsync(async () => await TasksAsync("attempts > 0") == 3, "every file was tried");

        File.Delete(blobs);
        await _receiver.WaitUntilAsync(received =>
        {
            _host.Clock.Advance(TimeSpan.FromSeconds(1)); // Until they are tried again.
            return received.Count(each => each.Event is "meeting.chatSynced" or "meeting.transcript" or "meeting.summary") >= 3;
        });
        Assert.Equal(0, await TasksAsync());
        string[] files = ["meeting.chatSynced", "meeting.summary", "meeting.transcript"];
        Assert.Equal(
            files,
            _receiver.Received.DistinctBy(each => each.DeliveryId).Select(each => each.Event).Where(files.Contains).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_transcript_that_a_crash_left_open_is_finished_and_told_with_the_end_of_its_session()
    {
        var session = await LeaveFilesAsync(isFinished: false);
        await SettleAsync(2);
        _host.Clock.Advance(TimeSpan.FromHours(1));
        await Records.EndOrphansAsync(TimeSpan.FromMinutes(2), CancellationToken.None);

        await _receiver.WaitForAsync(6);
        Assert.Equal(
            ["meeting.chatSynced", "meeting.transcript"],
            _receiver.Received.DistinctBy(each => each.DeliveryId).Select(each => each.Event).Skip(4).Order(StringComparer.Ordinal));
        Assert.Equal(TranscriptStatus.Ready, (await _host.Service<TranscriptStore>().FindAsync(session.Id, CancellationToken.None))!.Status);
    }

    [Fact]
    public async Task The_log_tells_what_became_of_a_delivery_and_sends_it_again_under_the_same_id()
    {
        _receiver.Answer(404);
        await _host.NewLivestreamAsync(_account.First);
        var path = $"{_account.AppPath}/webhooks/{_webhook}/deliveries";
        Reply listed;
        do
        {
            await Task.Delay(10);
            listed = await _host.Client.GetAsync($"{path}?status=FAILED", _account.ReadToken);
        }
        while (listed.Data.AsArray().Count == 0);

        var failed = listed.Data[0]!;
        Assert.Equal((1, 404), (failed["attempts"]!.GetValue<int>(), failed["last_status"]!.GetValue<int>()));
        Assert.Equal((1, 1, 1), listed.Paging);
        Assert.Equal((0, 0, 0), (await _host.Client.GetAsync($"{path}?status=DELIVERED", _account.ReadToken)).Paging);
        Assert.Equal(400, (await _host.Client.GetAsync($"{path}?status=LOST", _account.ReadToken)).Status);

        _receiver.Answer(200);
        var id = failed["id"]!.GetValue<string>();
        var again = await _host.Client.PostAsync($"{path}/{id}/redeliver", _account.WriteToken);
        Assert.Equal(200, again.Status);
        Assert.Equal("livestreaming.statusUpdate", again.Data["payload"]!["event"]!.GetValue<string>());
        await _receiver.WaitForAsync(2);
        Assert.Equal([id, id], _receiver.Received.Select(each => each.DeliveryId));
        Assert.Equal(_receiver.Received[0].Body, _receiver.Received[1].Body);
        Assert.Equal(403, (await _host.Client.PostAsync($"{path}/{id}/redeliver", _account.ReadToken)).Status);

        await _host.Client.PatchAsync($"{_account.AppPath}/webhooks/{_webhook}", _account.WriteToken, """{"enabled":false}""");
        Assert.Equal(40902, (await _host.Client.PostAsync($"{path}/{id}/redeliver", _account.WriteToken)).Code);
    }

    private static readonly string[] LastWords = ["UPLOADED", "ERRORED"];

    private static string StatusOf(ReceivedWebhook received) => received.Payload["recording"]?["status"]?.GetValue<string>() ?? "";

    /// <summary>Has a session under way in which something was written and spoken.</summary>
    private async Task<SessionRecord> LeaveFilesAsync(bool isFinished = true)
    {
        var meeting = await _host.NewMeetingAsync(_account.First, "Weekly");
        var session = await Records.BeginAsync(meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        var participant = await _host.NewParticipantAsync(meeting, "one");
        var peer = await JoinAsync(session, participant, "One");
        var now = _host.Clock.GetUtcNow();
        var message = new ChatMessage
        {
            Id = new ChatMessageId(Guid.NewGuid()), MeetingId = meeting.Id, SessionId = session.Id, PeerId = peer, ParticipantId = participant.Id,
            DisplayName = "One", Kind = ChatMessageKind.Text, Payload = "Hello", CreatedAt = now,
        };
        await _host.Service<ChatMessageStore>().AddAsync(_account.First.Id, message, isLasting: false, CancellationToken.None);
        var transcripts = _host.Service<TranscriptStore>();
        await transcripts.OpenAsync(session.Id, CancellationToken.None);
        await transcripts.AddAsync(
            session.Id, new TranscriptLine(peer, participant.Id, "one", "One", now, now.AddSeconds(1), "Spoken"), CancellationToken.None);
        if (isFinished)
        {
            await transcripts.FinishAsync(session.Id, null, now.AddDays(7), canSummarize: false, CancellationToken.None);
            await transcripts.SaveSummaryAsync(new Summary(session.Id, SummaryStatus.Completed, "In short", true, null), CancellationToken.None);
        }

        return session;
    }

    private Task<long> TasksAsync(string filter = "1 = 1") => _host.Service<Database>().ReadAsync(
        transaction => transaction.QueryValueAsync<long>($"SELECT count(*) FROM session_file_tasks WHERE {filter}"), CancellationToken.None);

    private async Task<string> FileAsync(string address)
    {
        var uri = new Uri(address);
        var name = BlobName.Read(uri.Segments[^2].TrimEnd('/'), uri.Segments[^1])!.Value;
        return await File.ReadAllTextAsync(Path.Combine(_host.Service<IOptions<BlobOptions>>().Value.Folder, name.ToString()));
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!await isSo())
        {
            Assert.False(patience.IsCancellationRequested, $"It did not come to be that {what}.");
            await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <summary>Waits until this many are delivered and kept as that: only then may time go on.</summary>
    private async Task SettleAsync(int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while ((await _host.Client.GetAsync($"{_account.AppPath}/webhooks/{_webhook}/deliveries?status=DELIVERED", _account.ReadToken)).Paging.Total < count)
        {
            Assert.False(patience.IsCancellationRequested, "The deliveries did not arrive.");
            await Task.Delay(20, CancellationToken.None);
        }
    }

    private async Task<string> StatusAsync(Livestream livestream) =>
        (await _host.Service<LivestreamStore>().FindAsync(livestream.Id, CancellationToken.None))!.Status.ToString().ToUpperInvariant();

    private async Task<PeerId> JoinAsync(SessionRecord session, Participant participant, string name)
    {
        _host.Clock.Advance(TimeSpan.FromMilliseconds(10));
        var peer = new PeerId(Guid.NewGuid());
        await Records.JoinAsync(
            session.Id,
            new JoiningPeer(peer, participant.Id, participant.CustomId, name, "group_call_host", ViewType.GroupCall),
            _host.Clock.GetUtcNow(),
            CancellationToken.None);
        return peer;
    }

    private async Task AssertSignedAsync(IReadOnlyList<ReceivedWebhook> received)
    {
        using var plain = new HttpClient { BaseAddress = _host.Address };
        var document = JsonNode.Parse(await plain.GetStringAsync(new Uri("/.well-known/webhooks.json", UriKind.Relative)))!;
        Assert.True(document["success"]!.GetValue<bool>());
        Assert.Equal("", document["message"]!.GetValue<string>());
        using var key = RSA.Create();
        key.ImportFromPem(document["data"]!["publicKey"]!.GetValue<string>());
        Assert.All(received, each =>
        {
            Assert.True(key.VerifyData(
                each.Body, Convert.FromBase64String(each.Headers["rtk-signature"]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
            Assert.Equal(("RealtimeKit-Webhooks/1", _webhook), (each.Headers["user-agent"], each.Headers["rtk-webhook-id"]));
            Assert.DoesNotContain("dyte-signature", each.Headers.Keys);
            Assert.DoesNotContain('\n', Encoding.UTF8.GetString(each.Body));
        });
    }
}
