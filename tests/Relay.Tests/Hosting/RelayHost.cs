using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Roomcast.Accounts;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Tests.Recorder;
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
using Roomcast.Relay.Connection;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit;
using Roomcast.Transports.Rtc;

namespace Roomcast.Relay.Tests.Hosting;

/// <summary>The dialect on a loopback port, over a real database and real sessions; what is composed is what a test says.</summary>
public sealed class RelayHost : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private WebApplication _app = null!;
    private RtcSockets _sockets = null!;

    private readonly Action<RelayOptions>? _configure;
    private readonly RelayTimes _times;

    private RelayHost(Action<RelayOptions>? configure, RelayTimes? times) => (_configure, _times) = (configure, times ?? new RelayTimes());

    public TestCompositions Compositions { get; } = new();

    /// <summary>What can be recorded: what a test says.</summary>
    public TestSessions Recorded { get; } = new();

    /// <summary>Where playbacks are shown.</summary>
    public GuestStage Stage { get; } = new();

    public Uri Address { get; private set; } = null!;

    public App App { get; private set; } = null!;

    public App OtherApp { get; private set; } = null!;

    public string Token { get; private set; } = "";

    public string ReadToken { get; private set; } = "";

    public string OtherToken { get; private set; } = "";

    internal static async Task<RelayHost> StartAsync(Action<RelayOptions>? configure = null, RelayTimes? times = null)
    {
        var host = new RelayHost(configure, times);
        await host.OpenAsync();
        (host.App, host.Token, host.ReadToken) = await host.NewAppAsync();
        (host.OtherApp, host.OtherToken, _) = await host.NewAppAsync();
        return host;
    }

    /// <summary>The path of a file that the server gives at <c>/files</c>.</summary>
    public string FileOf(string name) => _folder.PathOf(name);

    public T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public Task<Meeting> NewMeetingAsync(string title = "Lobby", App? app = null) =>
        Service<MeetingStore>().CreateAsync((app ?? App).Id, title, new MeetingSettings(), CancellationToken.None);

    /// <summary>Lets somebody join a meeting.</summary>
    public async Task<Guest> JoinAsync(Meeting meeting, string name, string preset = "group_call_host")
    {
        ArgumentNullException.ThrowIfNull(meeting);
        var given = (await Service<PresetStore>().FindByNameAsync(meeting.AppId, preset, CancellationToken.None))!;
        var participant = (await Service<ParticipantStore>().AddAsync(
            meeting.AppId, meeting.Id, $"{name} {Guid.NewGuid():N}", given.Id, name, null, CancellationToken.None))!;
        var link = new HeardLink();
        var (session, peer) = await Service<MeetingSessions>().ConnectAsync(
            meeting, participant, given, Guid.NewGuid().ToString(), link, CancellationToken.None);
        var joined = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await session.PostAsync(
            peer,
            room => room.Attendance.Join(peer, name, null, new Answer<PeerView>(_ => joined.TrySetResult(), refusal => joined.TrySetException(refusal))),
            refusal => joined.TrySetException(refusal));
        await joined.Task;
        return new Guest(session, peer, link);
    }

    public Task EndAsync(Meeting meeting)
    {
        ArgumentNullException.ThrowIfNull(meeting);
        return Service<IActiveSessions>().KickAllAsync(meeting.Id, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _sockets.Dispose();
        _folder.Dispose();
    }

    /// <summary>Stops the server and starts it again on the same data, at another port.</summary>
    public async Task RestartAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _sockets.Dispose();
        await OpenAsync();
    }

    private async Task OpenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0));
        builder.Services.Configure<StorageOptions>(storage => storage.DataFolder = _folder.PathOf("data"));
        builder.Services.AddStorage().AddAccounts().AddMeetings();
        builder.Services.AddMeetingMedia();
        builder.Services.AddMeetingSessions();
        builder.Services.Configure<RtcHostOptions>(rtc => rtc.Threads = 1);
        builder.Services.Configure<PushOptions>(push => push.PrivateNetworks = [IPNetwork.Parse("127.0.0.0/8")]);
        builder.Services.AddSingleton<ICompositions>(Compositions);
        builder.Services.AddCompositions();
        builder.Services.AddSingleton<IPushableFeeds, NothingToPush>();
        builder.Services.AddPush().AddSessionPushes().AddSessionPlaybacks();
        builder.Services.Configure<PlaybackOptions>(playback =>
        {
            playback.PrivateNetworks = [IPNetwork.Parse("127.0.0.0/8")];
            playback.StartTimeout = TimeSpan.FromMinutes(2); // A machine that does much else starts processes late.
        });
        builder.Services.AddSingleton(Stage);
        builder.Services.AddSingleton<IPlaybackStage>(provider => Stage.With(provider.GetRequiredService<SessionGuests>()));
        builder.Services.Configure<BlobOptions>(blobs => blobs.Folder = _folder.PathOf("blobs"));
        builder.Services.Configure<RecordingOptions>(recordings => recordings.Folder = _folder.PathOf("recordings"));
        builder.Services.AddSingleton<IRecordedSessions>(Recorded);
        builder.Services.AddBlobs().AddSessionHistory().AddRecordings();
        builder.Services.Configure(_configure ?? (_ => { }));
        builder.Services.AddSingleton(_times);
        builder.Services.AddRelay();
        _app = builder.Build();
        _app.UseWebSockets();
        _app.MapRelay(context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return context.Response.WriteAsync("nothing here");
        });
        _app.MapGet("/files/{name}", (string name) => Results.File(_folder.PathOf(name), "application/octet-stream", enableRangeProcessing: true));
        await _app.StartAsync();
        _sockets = RtcSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0), new RtcHostOptions { Threads = 1 });
        Service<RtcHost>().Start(_sockets, IPAddress.Loopback);
        Address = new Uri(_app.Urls.Single());
    }

    private async Task<(App App, string Token, string ReadToken)> NewAppAsync()
    {
        var account = await Service<AccountStore>().CreateAsync("An account", CancellationToken.None);
        var tokens = Service<ApiTokenStore>();
        return (
            await Service<AppStore>().CreateAsync(account.Id, "An app", CancellationToken.None),
            (await tokens.IssueAsync(account.Id, ApiTokenScope.Write, "write", null, CancellationToken.None)).Secret,
            (await tokens.IssueAsync(account.Id, ApiTokenScope.Read, "read", null, CancellationToken.None)).Secret);
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

/// <summary>Somebody in a meeting.</summary>
public sealed record Guest(MeetingSession Session, SessionPeer Peer, HeardLink Link)
{
    public async Task LeaveAsync() => await Session.DisconnectAsync(Peer, Link, isFinal: true);
}
