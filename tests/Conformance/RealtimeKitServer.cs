using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Roomcast.Accounts;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Feeds;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Lifecycle;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.Media;
using Roomcast.Meetings;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit;
using Roomcast.Transcripts;
using Roomcast.Transcripts.Records;

namespace Roomcast.Conformance;

/// <summary>The REST API on a loopback port, over a real database and with one livestream on air.</summary>
internal sealed class RealtimeKitServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly WebApplication _app;

    private RealtimeKitServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<StorageOptions>(storage => storage.DataFolder = _folder.PathOf("data"));
        builder.Services.AddStorage().AddAccounts().AddLivestreams().AddMeetings();
        builder.Services.AddSingleton<IPackaging, PlayableAtOnce>();
        builder.Services.AddSingleton(new PublicAddresses { RtmpBase = "rtmp://127.0.0.1:1935", HttpBase = "http://127.0.0.1:8080" });
        builder.Services.AddSingleton<IPushableFeeds, NothingToPush>();
        builder.Services.AddPush();
        builder.Services.Configure<BlobOptions>(blobs => blobs.Folder = _folder.PathOf("blobs"));
        builder.Services.Configure<RecordingOptions>(recordings => recordings.Folder = _folder.PathOf("recordings"));
        builder.Services.Configure<HistoryOptions>(history => history.Folder = _folder.PathOf("session-files"));
        builder.Services.AddBlobs().AddRecordings().AddSessionHistory().AddTranscripts();
        builder.Services.AddRealtimeKit();
        _app = builder.Build();
        _app.MapRealtimeKit();
    }

    public ServerFacts Facts { get; private set; } = null!;

    public static async Task<RealtimeKitServer> StartAsync()
    {
        var server = new RealtimeKitServer();
        await server._app.StartAsync();

        var accounts = server.Service<AccountStore>();
        var tokens = server.Service<ApiTokenStore>();
        var account = await accounts.CreateAsync("An account", CancellationToken.None);
        var other = await accounts.CreateAsync("Another account", CancellationToken.None);
        var app = await server.Service<AppStore>().CreateAsync(account.Id, "An app", CancellationToken.None);
        var write = await tokens.IssueAsync(account.Id, ApiTokenScope.Write, "write", null, CancellationToken.None);
        var read = await tokens.IssueAsync(account.Id, ApiTokenScope.Read, "read", null, CancellationToken.None);
        var live = await server.GoLiveAsync(app.Id);
        var (session, peer) = await server.MeetAsync(app.Id);
        server.Facts = new ServerFacts(
            server._app.Urls.Single(), account.Id.ToString(), app.Id.ToString(), write.Secret, read.Secret, other.Id.ToString(), live.ToString(),
            session.ToString(), peer.ToString());
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    private T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    /// <summary>Puts a session on record that has ended, with all that it can leave behind.</summary>
    private async Task<(SessionId Session, PeerId Peer)> MeetAsync(AppId appId)
    {
        var none = CancellationToken.None;
        var meeting = await Service<MeetingStore>().CreateAsync(appId, "Weekly", new MeetingSettings(), none);
        var preset = await Service<PresetStore>().FindByNameAsync(appId, "group_call_host", none);
        var alice = (await Service<ParticipantStore>().AddAsync(appId, meeting.Id, "alice", preset!.Id, "Alice", null, none))!;
        var records = Service<SessionRecordStore>();
        var start = TimeProvider.System.GetUtcNow().AddMinutes(-10);
        var session = await records.BeginAsync(meeting, start, TimeSpan.Zero, none);
        var peer = new PeerId(Guid.NewGuid());
        await records.JoinAsync(session.Id, new JoiningPeer(peer, alice.Id, "alice", "Alice", preset.Name, ViewType.GroupCall), start, none);
        var history = new MediaHistory();
        history.Add(
            start.AddSeconds(10),
            new PeerMediaFigures(
                peer.ToString(), [], [new ProducerFigures("mic", MediaKind.Audio, 32_000, 500, 1, TimeSpan.FromMilliseconds(2), [])], []),
            _ => null);
        await Service<MediaHistoryStore>().AppendAsync(session.Id, peer, history, none);
        var message = new ChatMessage
        {
            Id = new ChatMessageId(Guid.NewGuid()), MeetingId = meeting.Id, SessionId = session.Id, PeerId = peer, ParticipantId = alice.Id,
            DisplayName = "Alice", Kind = ChatMessageKind.Text, Payload = "Hello", CreatedAt = start.AddMinutes(1),
        };
        await Service<ChatMessageStore>().AddAsync(appId, message, isLasting: false, none);
        await records.EndAsync(session.Id, start.AddMinutes(5), SessionEndReason.EndedByHost, none);
        var transcripts = Service<TranscriptStore>();
        await transcripts.OpenAsync(session.Id, none);
        await transcripts.AddAsync(
            session.Id, new TranscriptLine(peer, alice.Id, "alice", "Alice", start.AddSeconds(5), start.AddSeconds(6), "Hello"), none);
        await transcripts.FinishAsync(session.Id, null, start.AddDays(7), canSummarize: false, none);
        await transcripts.SaveSummaryAsync(new Summary(session.Id, SummaryStatus.Completed, "Alice said hello.", true, null), none);
        return (session.Id, peer);
    }

    private async Task<LivestreamId> GoLiveAsync(AppId appId)
    {
        var livestream = await Service<LivestreamDirectory>().CreateAsync(appId, "On air", CancellationToken.None);
        var request = new IngestRequest(livestream.StreamKey, "rtmp", "127.0.0.1", "An encoder");
        var publisher = (await Service<IIngestGate>().AdmitAsync(request, CancellationToken.None)).Publisher!;
        var track = new Track
        {
            Id = 0, Codec = Codec.H264, Configuration = new byte[] { 1 }, CodecString = "avc1.64001f", Width = 1280, Height = 720,
        };
        publisher.SetTracks([track]);
        var at = publisher.ProgramTimeNow;
        var frame = Frame.CopyOf(track.Id, at, at, TimeSpan.FromMilliseconds(40), isKeyframe: true, new byte[1_000]);
        publisher.Publish(frame);
        frame.Release();

        var livestreams = Service<LivestreamStore>();
        while ((await livestreams.FindAsync(livestream.Id, CancellationToken.None))!.Status != LivestreamStatus.Live)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }

        return livestream.Id;
    }

    /// <summary>Packages nothing: a livestream is playable with its first keyframe.</summary>
    private sealed class PlayableAtOnce : IPackaging
    {
        public IPackager Open(LivestreamId livestreamId, DateTimeOffset programStart, LiveViewers viewers) => new Packager();

        private sealed class Packager : IPackager
        {
            public bool IsPlayable { get; private set; }

            public void SetTracks(IReadOnlyList<Track> tracks)
            {
            }

            public void MarkDiscontinuity()
            {
            }

            public void Interrupt()
            {
            }

            public void Push(Frame frame) => IsPlayable |= frame.IsKeyframe;

            public void End()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    /// <summary>No livestream is shown to what pushes: outputs are made and kept, and wait.</summary>
    private sealed class NothingToPush : IPushableFeeds
    {
        public event Action<Guid, Feed>? WentLive
        {
            add { }
            remove { }
        }

        public Feed? Find(Guid livestreamId) => null;
    }
}
