using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Roomcast.Accounts;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Tests.Recorder;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Lifecycle;
using Roomcast.Livestreams.Meetings;
using Roomcast.Livestreams.Records;
using Roomcast.Meetings;
using Roomcast.Meetings.Blobs;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Tests.Schemas;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit;
using Roomcast.Transcripts;

namespace Roomcast.RealtimeKit.Tests.Hosting;

/// <summary>The API on a real web server on a loopback port, over a real database in a temporary folder.</summary>
public sealed class ApiHost : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private WebApplication _app = null!;

    private ApiHost()
    {
    }

    /// <summary>What time it is for the API and its stores.</summary>
    public ManualClock Clock { get; } = new();

    public Logbook Logbook { get; } = new();

    /// <summary>The sessions under way, as the routes ask for them.</summary>
    public TestSessions Sessions { get; } = new();

    /// <summary>The livestreams of meetings.</summary>
    public TestMeetingLivestreams Livestreams => Service<TestMeetingLivestreams>();
    /// <summary>The same as recordings see them; of their own, for the tests of the routes need no session records.</summary>
    public Roomcast.Egress.Tests.Recorder.TestSessions RecordedSessions { get; } = new();

    /// <summary>What is recorded.</summary>
    public TestCompositions Compositions { get; } = new();

    /// <summary>Where published frames end, and by whom they are watched.</summary>
    public TestPackaging Packaging { get; } = new();

    public Uri Address { get; private set; } = null!;

    public ApiClient Client { get; private set; } = null!;

    /// <summary>Two customers who must not see each other.</summary>
    public TestAccount One { get; private set; } = null!;

    public TestAccount Other { get; private set; } = null!;

    internal ApiDescription Description { get; private set; } = null!;

    public static async Task<ApiHost> StartAsync(
        Action<RealtimeKitOptions>? configure = null, Action<IServiceCollection>? replace = null, Action<WebApplication>? map = null)
    {
        var host = new ApiHost();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(host.Logbook);
        builder.WebHost.ConfigureKestrel(server =>
            server.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));
        builder.WebHost.ConfigureKestrel(server =>
            server.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton<TimeProvider>(host.Clock);
        builder.Services.Configure<StorageOptions>(storage => storage.DataFolder = host._folder.PathOf("data"));
        builder.Services.AddStorage().AddAccounts().AddLivestreams().AddMeetings();
        builder.Services.Configure<ChatFileOptions>(files => files.Folder = host._folder.PathOf("chat-files"));
        builder.Services.AddSingleton<IActiveSessions>(host.Sessions);
        builder.Services.AddSingleton<TestMeetingLivestreams>();
        builder.Services.AddSingleton<IMeetingLivestreams>(provider => provider.GetRequiredService<TestMeetingLivestreams>());
        builder.Services.AddSingleton<IPackaging>(host.Packaging);
        builder.Services.AddSingleton<IRecordedSessions>(host.RecordedSessions);
        builder.Services.AddSingleton<ICompositions>(host.Compositions);
        builder.Services.Configure<BlobOptions>(blobs =>
        {
            blobs.Folder = host._folder.PathOf("blobs");
            blobs.BaseAddress = "https://live.example.org";
        });
        builder.Services.Configure<RecordingOptions>(recordings =>
        {
            recordings.Folder = host._folder.PathOf("recordings");
            recordings.MinFreeBytes = 0;
        });
        builder.Services.Configure<HistoryOptions>(history => history.Folder = host._folder.PathOf("session-files"));
        builder.Services.AddBlobs().AddRecordings().AddSessionHistory().AddTranscripts();
        builder.Services.AddSingleton(new PublicAddresses
        {
            RtmpBase = "rtmp://live.example.org:1935",
            RtmpsBase = "rtmps://live.example.org:1936",
            HttpBase = "https://live.example.org",
        });
        builder.Services.AddSingleton<IPushableFeeds, TestPushableFeeds>();
        builder.Services.AddPush();
        builder.Services.AddRealtimeKit(configure);
        replace?.Invoke(builder.Services);

        host._app = builder.Build();
        host._app.MapRealtimeKit();
        host._app.MapFallback(RealtimeKitRoutes.AnswerUnknownRouteAsync);
        map?.Invoke(host._app);
        await host._app.StartAsync();

        var addresses = host._app.Urls.Select(url => new Uri(url)).ToArray();
        host.Address = addresses[0];
        host.Http2Address = addresses[1];
        using (var plain = new HttpClient { BaseAddress = host.Address })
        {
            var document = JsonNode.Parse(await plain.GetStringAsync(new Uri("/openapi.json", UriKind.Relative)))!.AsObject();
            host.Description = new ApiDescription(document, SchemaMode.Closed);
        }

        host.Client = new ApiClient(host.Address, host.Description);
        host.One = await host.NewAccountAsync();
        host.Other = await host.NewAccountAsync();
        return host;
    }

    public Uri Http2Address { get; private set; } = null!;

    public T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    /// <summary>Makes an account with two apps and a token of each scope.</summary>
    public async Task<TestAccount> NewAccountAsync()
    {
        Clock.Advance(TimeSpan.FromMilliseconds(10));
        var account = await Service<AccountStore>().CreateAsync("An account", CancellationToken.None);
        var apps = Service<AppStore>();
        var tokens = Service<ApiTokenStore>();
        return new TestAccount(
            account.Id,
            await apps.CreateAsync(account.Id, "First", CancellationToken.None),
            await apps.CreateAsync(account.Id, "Second", CancellationToken.None),
            (await tokens.IssueAsync(account.Id, ApiTokenScope.Write, "write", null, CancellationToken.None)).Secret,
            (await tokens.IssueAsync(account.Id, ApiTokenScope.Read, "read", null, CancellationToken.None)).Secret);
    }

    /// <summary>Makes a meeting, some time after whatever was made before.</summary>
    public async Task<Meeting> NewMeetingAsync(App app, string title = "")
    {
        ArgumentNullException.ThrowIfNull(app);
        Clock.Advance(TimeSpan.FromMilliseconds(10));
        return await Service<MeetingStore>().CreateAsync(app.Id, title, new MeetingSettings(), CancellationToken.None);
    }

    /// <summary>Adds a participant to a meeting, some time after whatever was made before.</summary>
    public async Task<Participant> NewParticipantAsync(Meeting meeting, string customId, string preset = "group_call_participant")
    {
        ArgumentNullException.ThrowIfNull(meeting);
        Clock.Advance(TimeSpan.FromMilliseconds(10));
        var found = await Service<PresetStore>().FindByNameAsync(meeting.AppId, preset, CancellationToken.None);
        return (await Service<ParticipantStore>().AddAsync(
            meeting.AppId, meeting.Id, customId, found!.Id, null, null, CancellationToken.None))!;
    }

    /// <summary>Makes a livestream, some time after whatever was made before.</summary>
    public async Task<Livestream> NewLivestreamAsync(App app, string? name = null, Guid? meetingId = null)
    {
        ArgumentNullException.ThrowIfNull(app);
        Clock.Advance(TimeSpan.FromMilliseconds(10));
        return await Service<LivestreamStore>().CreateAsync(app.Id, name, meetingId, isManual: false, CancellationToken.None);
    }

    /// <summary>Puts a session of a livestream on record, on air or ended.</summary>
    public async Task<LivestreamSession> NewSessionAsync(
        Livestream livestream, double ingestSeconds = 0, double viewerSeconds = 0, bool isOver = false, string? error = null)
    {
        ArgumentNullException.ThrowIfNull(livestream);
        var sessions = Service<LivestreamSessionStore>();
        Clock.Advance(TimeSpan.FromMilliseconds(10));
        var session = await sessions.OpenAsync(livestream.Id, null, Clock.GetUtcNow(), CancellationToken.None);
        await sessions.StartAsync(session.Id, Clock.GetUtcNow(), CancellationToken.None);
        await sessions.StoreFiguresAsync(
            [new LivestreamFigures(session.Id, ingestSeconds, viewerSeconds)], CancellationToken.None);
        if (isOver)
        {
            Clock.Advance(TimeSpan.FromMilliseconds(10));
            await sessions.CloseAsync(session.Id, Clock.GetUtcNow(), error, CancellationToken.None);
        }

        return (await sessions.FindAsync(livestream.AppId, session.Id, CancellationToken.None))!;
    }

    /// <summary>Puts a livestream on air: publishes a keyframe to its stream key and waits until that can be played.</summary>
    public async Task<IngestPublisher> GoLiveAsync(Livestream livestream)
    {
        ArgumentNullException.ThrowIfNull(livestream);
        var request = new IngestRequest(livestream.StreamKey, "rtmp", "203.0.113.7", "An encoder");
        var admission = await Service<IIngestGate>().AdmitAsync(request, CancellationToken.None);
        var publisher = admission.Publisher ?? throw new InvalidOperationException($"The publish was refused: {admission.Refusal}.");
        publisher.SetTracks([TestPackaging.Video, TestPackaging.Audio]);
        TestPackaging.SendKeyframe(publisher);
        var store = Service<LivestreamStore>();
        for (var tries = 0; (await store.FindAsync(livestream.Id, CancellationToken.None))!.Status != LivestreamStatus.Live; tries++)
        {
            Assert.True(tries < 1_000, "The livestream did not go on air.");
            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }

        return publisher;
    }

    /// <summary>Stops serving; what is under way ends first.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        Logbook.Dispose();
        _folder.Dispose();
    }
}
