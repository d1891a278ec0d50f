using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Roomcast.Media;
using Roomcast.Media.Codecs;
using Roomcast.Media.Time;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;
using Roomcast.Transcripts.Records;

namespace Roomcast.RealtimeKit.Tests.Rest;

public sealed class SqliteRetentionTests() : RetentionTests(DatabaseEngine.Sqlite);

public sealed class PostgresRetentionTests() : RetentionTests(DatabaseEngine.Postgres);

/// <summary>Whatever is kept for a time only, of a session long ago and of one of late: the sweepers of the running server take the one and leave the other.</summary>
public abstract class RetentionTests(DatabaseEngine engine) : IAsyncLifetime, IDisposable
{
    /// <summary>What counts the rows of each kind that one session left, and how many days they are kept.</summary>
    private static readonly (string What, int Days, string Sql)[] Kinds =
    [
        ("messages", 7, "SELECT count(*) FROM chat_messages WHERE id = @Message"),
        ("whom messages were for", 7, "SELECT count(*) FROM chat_targets WHERE message_id = @Message"),
        ("files", 7, "SELECT count(*) FROM session_files WHERE session_id = @Session"),
        ("transcripts", 7, "SELECT count(*) FROM session_transcripts WHERE session_id = @Session"),
        ("what was spoken", 7, "SELECT count(*) FROM transcript_lines WHERE session_id = @Session"),
        ("summaries", 7, "SELECT count(*) FROM session_summaries WHERE session_id = @Session"),
        ("recordings' files", 7, "SELECT count(*) FROM recordings WHERE id = @Recording AND media_file IS NOT NULL"),
        ("deliveries", 30, "SELECT count(*) FROM webhook_deliveries WHERE id = @Delivery"),
        ("events", 30, "SELECT count(*) FROM webhook_events WHERE sequence = @Event"),
        ("figures", 180, "SELECT count(*) FROM session_peer_figures WHERE session_id = @Session"),
        ("addresses", 180, "SELECT count(*) FROM session_peers WHERE session_id = @Session AND remote_address IS NOT NULL AND user_agent IS NOT NULL"),
        ("what clients reported", 180, "SELECT count(*) FROM client_reports WHERE peer_id = @Peer"),
    ];

    /// <summary>What is kept for good.</summary>
    private static readonly string[] Lasting =
    [
        "apps", "presets", "meetings", "participants", "meeting_sessions", "session_peers", "session_peer_events", "recordings", "livestreams",
        "livestream_sessions", "webhooks", "chat_messages WHERE is_lasting",
    ];

    private static readonly Track Video = TrackFactory.TryCreate(0, Codec.H264, CodecSamples.AvcHigh, out var track, out var fault)
        ? track
        : throw new InvalidOperationException(fault.ToString());

    private readonly TemporaryFolder _folder = new();
    private ApiHost _host = null!;
    private string _webhook = null!;

    private TestAccount Account => _host.One;

    private static CancellationToken None => CancellationToken.None;

    public async Task InitializeAsync()
    {
        var options = await TestDatabase.MakeOptionsAsync(engine, _folder);
        _host = await ApiHost.StartAsync(replace: services => services.Configure<StorageOptions>(storage => storage.DatabaseUrl = options.DatabaseUrl));
        var made = await _host.Client.PostAsync(
            $"{Account.AppPath}/webhooks", Account.WriteToken, """{"url":"http://nowhere.invalid/","events":["livestreaming.statusUpdate"]}""");
        _webhook = (string)made.Data["id"]!;
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task What_is_older_than_its_time_goes_and_what_is_younger_stays()
    {
        var start = _host.Clock.Elapsed;
        var old = await LeaveAsync();
        _host.Clock.Advance(TimeSpan.FromDays(4));
        var young = await LeaveAsync();
        foreach (var (what, _, sql) in Kinds)
        {
            Assert.True(await CountAsync(sql, old) > 0 && await CountAsync(sql, young) > 0, $"There are no {what}.");
        }

        var lasting = await CountLastingAsync();
        foreach (var kinds in Kinds.GroupBy(kind => kind.Days).OrderBy(group => group.Key))
        {
            // The sweepers look every hour, and the oldest of the young is days away from its end.
            _host.Clock.Advance(start + TimeSpan.FromDays(kinds.Key) + TimeSpan.FromHours(3) - _host.Clock.Elapsed);
            foreach (var (what, _, sql) in kinds)
            {
                await UntilAsync(async () => await CountAsync(sql, old) == 0, $"the old {what} go");
            }

            if (kinds.Key == 7)
            {
                await UntilAsync(() => Task.FromResult(FilesOf(old.Session) + FilesOf(old.Recording) == 0), "the old files go from the disk");
                Assert.True(FilesOf(young.Session) >= 3 && FilesOf(young.Recording) > 0);
            }

            foreach (var (what, days, sql) in Kinds)
            {
                Assert.True(days < kinds.Key || await CountAsync(sql, young) > 0, $"The young {what} went after {kinds.Key} days.");
                Assert.True(days <= kinds.Key || await CountAsync(sql, old) > 0, $"The old {what} went after {kinds.Key} days.");
            }
        }

        Assert.Equal(lasting, await CountLastingAsync());
    }

    /// <summary>Has a session take place that leaves one of everything.</summary>
    private async Task<Left> LeaveAsync()
    {
        var (records, transcripts) = (_host.Service<SessionRecordStore>(), _host.Service<TranscriptStore>());
        var meeting = await _host.NewMeetingAsync(Account.First, "Kept for a time");
        var participant = await _host.NewParticipantAsync(meeting, "alice");
        var session = await records.BeginAsync(meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, None);
        var peer = new PeerId(Guid.NewGuid());
        await records.JoinAsync(
            session.Id,
            new JoiningPeer(peer, participant.Id, "alice", "Alice", participant.PresetName, ViewType.GroupCall) { Client = new PeerClient("Firefox", "203.0.113.9", "2.0.2") },
            _host.Clock.GetUtcNow(),
            None);
        var message = await SayAsync(isLasting: false);
        await SayAsync(isLasting: true);
        var media = new MediaHistory();
        media.Add(_host.Clock.GetUtcNow(), new PeerMediaFigures(peer.ToString(), [], [], []), _ => null);
        await _host.Service<MediaHistoryStore>().AppendAsync(session.Id, peer, media, None);
        await _host.Service<ClientReportStore>().AddAsync(participant.Id, peer, [report => report with { Processors = 8 }], None);
        var recording = await RecordAsync(meeting);
        await transcripts.OpenAsync(session.Id, None);
        await transcripts.AddAsync(
            session.Id, new TranscriptLine(peer, participant.Id, "alice", "Alice", session.StartedAt, session.StartedAt, "Hello"), None);
        await records.EndAsync(session.Id, _host.Clock.GetUtcNow(), SessionEndReason.EverybodyLeft, None);
        await transcripts.FinishAsync(
            session.Id, null, _host.Clock.GetUtcNow() + _host.Service<IOptions<HistoryOptions>>().Value.FileRetention, canSummarize: false, None);
        await transcripts.SaveSummaryAsync(new Summary(session.Id, SummaryStatus.Completed, "In short", IsMarkdown: false, null), None);
        foreach (var file in new[] { "chat", "transcript", "summary" })
        {
            Assert.Equal(200, (await _host.Client.GetAsync($"{Account.AppPath}/sessions/{session.Id}/{file}", Account.ReadToken)).Status);
        }

        await _host.NewSessionAsync(await _host.NewLivestreamAsync(Account.First), isOver: true);
        var deliveries = $"{Account.AppPath}/webhooks/{_webhook}/deliveries?per_page=1";
        var delivery = Guid.Parse((string)(await _host.Client.GetAsync(deliveries, Account.ReadToken)).Data[0]!["id"]!);
        var happened = await _host.Service<Database>().ReadAsync(
            transaction => transaction.QueryValueAsync<long>("SELECT event_sequence FROM webhook_deliveries WHERE id = @Id", new { Id = delivery }), None);
        return new Left(session.Id.Value, peer.Value, message, recording, delivery, happened);

        async Task<Guid> SayAsync(bool isLasting)
        {
            _host.Clock.Advance(TimeSpan.FromSeconds(1));
            var said = new ChatMessage
            {
                Id = new ChatMessageId(Guid.NewGuid()), MeetingId = meeting.Id, SessionId = session.Id, PeerId = peer, ParticipantId = participant.Id,
                DisplayName = "Alice", Kind = ChatMessageKind.Text, Payload = "x", Targets = [participant.Id], CreatedAt = _host.Clock.GetUtcNow(),
            };
            await _host.Service<ChatMessageStore>().AddAsync(Account.First.Id, said, isLasting, None);
            return said.Id.Value;
        }
    }

    private async Task<Guid> RecordAsync(Meeting meeting)
    {
        var session = _host.RecordedSessions.Begin(meeting.Id.Value);
        var started = await _host.Client.PostAsync($"{Account.AppPath}/recordings", Account.WriteToken, $$"""{"meeting_id":"{{meeting.Id}}"}""");
        var path = $"{Account.AppPath}/recordings/{(string)started.Data["id"]!}";
        _host.Compositions.Of(session).PublishRaw([Video], [.. Enumerable.Range(0, 60).Select(i =>
        {
            var time = new MediaTime(i * TimeSpan.TicksPerSecond / 30);
            return Frame.CopyOf(Video.Id, time, time, TimeSpan.Zero, i % 30 == 0, [0, 0, 0, 2, 0x65, (byte)i]);
        })]);
        await UntilAsync(async () => await StatusAsync() == "RECORDING", "it is recorded");
        await _host.Client.SendAsync(HttpMethod.Put, path, Account.WriteToken, """{"action":"stop"}""");
        await UntilAsync(async () => await StatusAsync() == "UPLOADED", "the recording is kept");
        return Guid.Parse((string)started.Data["id"]!);

        async Task<string> StatusAsync() => (string)(await _host.Client.GetAsync(path, Account.ReadToken)).Data["status"]!;
    }

    private Task<long> CountAsync(string sql, Left left) =>
        _host.Service<Database>().ReadAsync(transaction => transaction.QueryValueAsync<long>(sql, left), None);

    private async Task<Dictionary<string, long>> CountLastingAsync()
    {
        var counts = new Dictionary<string, long>();
        foreach (var table in Lasting)
        {
            counts[table] = await _host.Service<Database>().ReadAsync(
                transaction => transaction.QueryValueAsync<long>($"SELECT count(*) FROM {table}"), None);
            Assert.True(counts[table] > 0, table);
        }

        return counts;
    }

    /// <summary>How many blobs of an owner there are.</summary>
    private int FilesOf(Guid owner)
    {
        var folder = _host.Service<IOptions<BlobOptions>>().Value.Folder;
        return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Count(file => file.Contains(owner.ToString(), StringComparison.Ordinal));
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        for (var tries = 0; !await isSo(); tries++)
        {
            Assert.True(tries < 3_000, $"It did not come to be that {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }

    /// <summary>The ids of what a session left, as the statements name them.</summary>
    private sealed record Left(Guid Session, Guid Peer, Guid Message, Guid Recording, Guid Delivery, long Event);
}
