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
using Roomcast.RealtimeKit;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit;
using Roomcast.Transcripts;

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
        server.Facts = new ServerFacts(
            server._app.Urls.Single(), account.Id.ToString(), app.Id.ToString(), write.Secret, read.Secret, other.Id.ToString(), live.ToString());
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    private T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

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
