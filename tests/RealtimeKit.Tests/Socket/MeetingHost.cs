using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Accounts;
using Roomcast.Meetings;
using Roomcast.Meetings.Blobs;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Tokens;
using Roomcast.RealtimeKit.Client;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.TestKit;
using Roomcast.Transports.Rtc;

namespace Roomcast.RealtimeKit.Tests.Socket;

/// <summary>A server with meetings on a loopback port: the API, the client's calls, sockets, and real transports for media.</summary>
public sealed class MeetingHost : IAsyncDisposable
{
    private readonly TemporaryFolder _files = new();
    private RtcSockets _sockets = null!;

    private MeetingHost(ApiHost api) => Api = api;

    public ApiHost Api { get; }

    public ManualClock Clock => Api.Clock;

    public Uri Address => Api.Address;

    public static async Task<MeetingHost> StartAsync(Action<IServiceCollection>? replace = null)
    {
        var files = new TemporaryFolder();
        var api = await ApiHost.StartAsync(
            configure: null,
            services =>
            {
                services.AddMeetings();
                services.AddMeetingMedia();
                services.AddMeetingSessions();
                services.AddRealtimeKitClient();
                services.Configure<RtcHostOptions>(rtc => rtc.Threads = 1);
                services.Configure<ChatFileOptions>(chat =>
                {
                    chat.Folder = files.PathOf("chat");
                    chat.BaseAddress = "http://127.0.0.1";
                });
                replace?.Invoke(services);
            },
            app =>
            {
                app.UseWebSockets();
                app.MapRealtimeKitClient();
                app.MapChatFiles();
            });
        var host = new MeetingHost(api);
        host._sockets = RtcSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0), new RtcHostOptions { Threads = 1 });
        api.Service<RtcHost>().Start(host._sockets, IPAddress.Loopback);
        files.Dispose();
        return host;
    }

    public T Service<T>()
        where T : notnull => Api.Service<T>();

    /// <summary>Makes a meeting of the first account.</summary>
    public Task<Meeting> NewMeetingAsync(MeetingSettings? settings = null, App? app = null) => Service<MeetingStore>().CreateAsync(
        (app ?? Api.One.First).Id, "Weekly", settings ?? new MeetingSettings(), CancellationToken.None);

    /// <summary>Makes a participant whose preset is a built-in one, changed.</summary>
    /// <param name="meeting">Of which meeting.</param>
    /// <param name="name">What it is called, also in the customer's own words.</param>
    /// <param name="preset">A built-in preset.</param>
    /// <param name="patch">What is different, in the shape of a preset.</param>
    public async Task<Guest> NewGuestAsync(Meeting meeting, string name, string preset = "group_call_host", string? patch = null)
    {
        ArgumentNullException.ThrowIfNull(meeting);
        var presets = Service<PresetStore>();
        var given = await presets.FindByNameAsync(meeting.AppId, preset, CancellationToken.None)
            ?? throw new InvalidOperationException($"There is no preset {preset}.");
        if (patch is not null)
        {
            using var document = JsonDocument.Parse(patch);
            var faults = new List<PresetFault>();
            var content = PresetJson.ReadPatch(document.RootElement, given.Content, faults);
            Assert.Empty(faults);
            given = (await presets.CreateAsync(meeting.AppId, $"{preset} of {name} {Guid.NewGuid():N}", content, CancellationToken.None))!;
        }

        var participant = (await Service<ParticipantStore>().AddAsync(
            meeting.AppId, meeting.Id, name, given.Id, name, null, CancellationToken.None))!;
        return new Guest(meeting, participant, Service<ParticipantAdmission>().Issue(participant));
    }

    /// <summary>Opens a socket.</summary>
    internal Task<SocketClient> ConnectAsync(Guest guest, string? peerId = null) => SocketClient.ConnectAsync(Address, guest, peerId);

    /// <summary>Opens a socket and joins.</summary>
    internal async Task<SocketClient> JoinAsync(Guest guest, string? peerId = null)
    {
        var client = await ConnectAsync(guest, peerId);
        await client.JoinAsync();
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        _sockets.Dispose();
        _files.Dispose();
    }
}

/// <summary>A participant and a token for it.</summary>
public sealed record Guest(Meeting Meeting, Participant Participant, string Token)
{
    public string UserId => Participant.Id.ToString();
}

/// <summary>One host for the tests that only add meetings to it.</summary>
public sealed class SharedMeetingHost : IAsyncLifetime
{
    public MeetingHost Host { get; private set; } = null!;

    public async Task InitializeAsync() => Host = await MeetingHost.StartAsync();

    public async Task DisposeAsync() => await Host.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class SharedMeetingHostTests : ICollectionFixture<SharedMeetingHost>
{
    public const string Name = "shared meeting host";
}
