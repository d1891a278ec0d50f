using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Roomcast.Accounts;
using Roomcast.Egress.Composition;
using Roomcast.Meetings;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;
using Roomcast.Server.Live;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.Transports.Rtc;

namespace Roomcast.Server.Tests.Live;

/// <summary>Sessions let so many be connected to them, and a composition whatever else is.</summary>
public sealed class SessionCompositionSourceTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private ServiceProvider _services = null!;
    private RtcSockets _sockets = null!;
    private Guid _session;

    public async Task InitializeAsync()
    {
        _services = new ServiceCollection()
            .AddLogging()
            .Configure<StorageOptions>(options => options.DataFolder = _folder.Path)
            .Configure<RtcHostOptions>(options => options.Threads = 1)
            .Configure<SceneStyleOptions>(options => options.PictureFolder = _folder.PathOf("pictures"))
            .AddStorage()
            .AddAccounts()
            .AddMeetings()
            .AddMeetingMedia()
            .AddMeetingSessions()
            .AddSingleton<SceneOverlays>()
            .AddSingleton<SceneDirections>()
            .AddSingleton<ParticipantPictures>()
            .AddSingleton<SessionCompositionSource>()
            .BuildServiceProvider();
        await Get<Database>().OpenAsync(CancellationToken.None);
        _sockets = RtcSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0), new RtcHostOptions { Threads = 1 });
        Get<RtcHost>().Start(_sockets, IPAddress.Loopback);
        await Get<MeetingSessions>().StartAsync(CancellationToken.None);
        _session = await MeetAsync();
    }

    public async Task DisposeAsync()
    {
        await Get<MeetingSessions>().StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Recorders_of_tracks_are_refused_with_what_is_allowed_and_leave_a_place_for_a_composition()
    {
        var source = Get<SessionCompositionSource>();
        var recorders = new List<ICompositionReturn>();
        CompositionException? refused = null;
        while (refused is null)
        {
            try
            {
                recorders.Add((await source.ConnectAsync(_session, new Input(IsComposition: false), CancellationToken.None))!);
            }
            catch (CompositionException refusal)
            {
                refused = refusal;
            }
        }

        Assert.Equal((CompositionRefusal.TooMany, SessionLimits.MaxOtherFollowers), (refused.Refusal, recorders.Count));
        Assert.Contains($"at most {SessionLimits.MaxFollowers} ", refused.Message, StringComparison.Ordinal);
        Assert.NotNull(await source.ConnectAsync(_session, new Input(IsComposition: true), CancellationToken.None));

        // Whoever leaves makes room.
        await recorders[0].DisposeAsync();
        Assert.NotNull(await source.ConnectAsync(_session, new Input(IsComposition: false), CancellationToken.None));
    }

    private T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    private async Task<Guid> MeetAsync()
    {
        var account = await Get<AccountStore>().CreateAsync(null, CancellationToken.None);
        var app = await Get<AppStore>().CreateAsync(account.Id, null, CancellationToken.None);
        var meeting = await Get<MeetingStore>().CreateAsync(app.Id, "Weekly", new MeetingSettings(), CancellationToken.None);
        var preset = (await Get<PresetStore>().FindByNameAsync(app.Id, "group_call_host", CancellationToken.None))!;
        var participant = (await Get<ParticipantStore>().AddAsync(app.Id, meeting.Id, "Ada", preset.Id, "ada", null, CancellationToken.None))!;
        var (session, peer) = await Get<MeetingSessions>().ConnectAsync(meeting, participant, preset, Guid.NewGuid().ToString(), new Link(), CancellationToken.None);
        var joined = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await session.PostAsync(
            peer,
            room => room.Attendance.Join(peer, null, null, new Answer<PeerView>(_ => joined.TrySetResult(), fault => joined.TrySetException(fault))),
            refusal => joined.TrySetException(refusal));
        await joined.Task.WaitAsync(TimeSpan.FromMinutes(1));
        return session.SessionId!.Value.Value;
    }

    private sealed class Link : IPeerLink
    {
        public void Tell(SessionEvent happened)
        {
        }

        public void Close(LinkCloseReason reason)
        {
        }
    }

    private sealed record Input(bool IsComposition) : ICompositionInput
    {
        public void SetScene(Scene scene)
        {
        }

        public void TakePacket(ReadOnlySpan<byte> packet, bool isRtcp)
        {
        }

        public void End()
        {
        }
    }
}
