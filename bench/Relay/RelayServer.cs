using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Roomcast.Accounts;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Feeds;
using Roomcast.Meetings;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;
using Roomcast.Relay;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;

namespace Roomcast.Bench.Relay;

/// <summary>The dialect over a real database and real sessions, without media.</summary>
internal sealed class RelayServer : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("roomcast-bench-").FullName;
    private readonly WebApplication _app;

    private RelayServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0));
        builder.Services.Configure<StorageOptions>(storage => storage.DataFolder = Path.Combine(_folder, "data"));
        builder.Services.AddStorage().AddAccounts().AddMeetings();
        builder.Services.AddMeetingMedia();
        builder.Services.AddMeetingSessions();
        builder.Services.AddCompositions();
        builder.Services.AddSingleton<IPushableFeeds, NothingToPush>();
        builder.Services.AddPush().AddSessionPushes().AddSessionPlaybacks();
        builder.Services.Configure<BlobOptions>(blobs => blobs.Folder = Path.Combine(_folder, "blobs"));
        builder.Services.Configure<RecordingOptions>(recordings => recordings.Folder = Path.Combine(_folder, "recordings"));
        builder.Services.AddBlobs().AddSessionHistory().AddRecordings();
        builder.Services.Configure<RelayOptions>(relay => relay.MaxConnectionsPerApp = 10_000);
        builder.Services.AddRelay();
        _app = builder.Build();
        _app.UseWebSockets();
        _app.MapRelay(static _ => Task.CompletedTask);
    }

    public Uri Address { get; private set; } = null!;

    public App App { get; private set; } = null!;

    public string Token { get; private set; } = "";

    public static async Task<RelayServer> StartAsync()
    {
        var server = new RelayServer();
        await server._app.StartAsync();
        server.Address = new UriBuilder(server._app.Urls.Single()) { Scheme = "ws" }.Uri;
        var account = await server.Service<AccountStore>().CreateAsync("Bench", CancellationToken.None);
        server.App = await server.Service<AppStore>().CreateAsync(account.Id, "Bench", CancellationToken.None);
        server.Token = (await server.Service<ApiTokenStore>().IssueAsync(account.Id, ApiTokenScope.Write, "bench", null, CancellationToken.None)).Secret;
        return server;
    }

    public Task<Meeting> NewMeetingAsync(string title) => Service<MeetingStore>().CreateAsync(App.Id, title, new MeetingSettings(), CancellationToken.None);

    /// <summary>Lets somebody join a meeting, which begins its session.</summary>
    public async Task JoinAsync(Meeting meeting, string name)
    {
        var preset = (await Service<PresetStore>().FindByNameAsync(meeting.AppId, "group_call_host", CancellationToken.None))!;
        var participant = (await Service<ParticipantStore>().AddAsync(meeting.AppId, meeting.Id, name, preset.Id, name, null, CancellationToken.None))!;
        var (session, peer) = await Service<MeetingSessions>().ConnectAsync(
            meeting, participant, preset, Guid.NewGuid().ToString(), new Silent(), CancellationToken.None);
        var joined = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await session.PostAsync(
            peer,
            room => room.Attendance.Join(peer, name, null, new Answer<PeerView>(_ => joined.TrySetResult(), refusal => joined.TrySetException(refusal))),
            refusal => joined.TrySetException(refusal));
        await joined.Task;
    }

    public Task EndAsync(Meeting meeting) => Service<IActiveSessions>().KickAllAsync(meeting.Id, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    private sealed class Silent : IPeerLink
    {
        public void Tell(SessionEvent happened)
        {
        }

        public void Close(LinkCloseReason reason)
        {
        }
    }

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
