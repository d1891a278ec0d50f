using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Accounts;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Storage;
using Roomcast.TestKit;

namespace Roomcast.Meetings.Tests.Sessions;

/// <summary>Sessions over a real database, with a clock that moves when told and media that is only pretended.</summary>
public sealed class SessionFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Func<ServiceProvider> _build;
    private ServiceProvider _services;
    private readonly List<TestPeer> _peers = [];

    private SessionFixture(Action<MeetingSessionOptions>? configure, ISessionObserver? observer)
    {
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Clock);
        services.AddSingleton(typeof(Microsoft.Extensions.Logging.ILogger<>), typeof(NullLogger<>));
        services.AddSingleton<Microsoft.Extensions.Logging.ILoggerFactory>(NullLoggerFactory.Instance);
        services.Configure<StorageOptions>(storage => storage.DataFolder = _folder.PathOf("data"));
        services.AddStorage();
        services.AddAccounts();
        services.AddMeetings();
        services.AddSingleton<Func<string, IMediaSide>>(name =>
        {
            Media = new FakeMedia();
            return Media;
        });
        services.AddMeetingSessions();
        if (observer is not null)
        {
            services.AddSingleton(observer);
            if (observer is Roomcast.Meetings.Sessions.Following.IRosterObserver roster)
            {
                services.AddSingleton(roster);
            }
        }

        if (configure is not null)
        {
            services.Configure(configure);
        }

        _build = () => services.BuildServiceProvider();
        _services = _build();
    }

    /// <summary>Stops, as the server does, and starts again on the same data.</summary>
    public async Task RestartAsync()
    {
        await Sessions.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
        _services = _build();
        await Service<Database>().OpenAsync(CancellationToken.None);
        await Sessions.StartAsync(CancellationToken.None);
    }

    public ManualClock Clock { get; } = new();

    public Meeting Meeting { get; private set; } = null!;

    public App App { get; private set; } = null!;

    /// <summary>The media room opened last.</summary>
    internal FakeMedia? Media { get; private set; }

    public MeetingSessions Sessions => Service<MeetingSessions>();

    public IActiveSessions Active => Service<IActiveSessions>();

    public static async Task<SessionFixture> StartAsync(
        MeetingSettings? settings = null, Action<MeetingSessionOptions>? configure = null, ISessionObserver? observer = null)
    {
        var fixture = new SessionFixture(configure, observer);
        await fixture.Service<Database>().OpenAsync(CancellationToken.None);
        await fixture.Sessions.StartAsync(CancellationToken.None);

        var account = await fixture.Service<AccountStore>().CreateAsync("An account", CancellationToken.None);
        fixture.App = await fixture.Service<AppStore>().CreateAsync(account.Id, "An app", CancellationToken.None);
        fixture.Meeting = await fixture.NewMeetingAsync(settings);
        return fixture;
    }

    public T Service<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public Task<Meeting> NewMeetingAsync(MeetingSettings? settings = null) =>
        Service<MeetingStore>().CreateAsync(App.Id, "Weekly", settings ?? new MeetingSettings(), CancellationToken.None);

    /// <summary>A preset made of a built-in one and a change in the shape of a preset.</summary>
    public async Task<Preset> PresetAsync(string name, string? patch = null)
    {
        var presets = Service<PresetStore>();
        var preset = (await presets.FindByNameAsync(App.Id, name, CancellationToken.None))!;
        if (patch is null)
        {
            return preset;
        }

        using var document = JsonDocument.Parse(patch);
        var faults = new List<PresetFault>();
        var content = PresetJson.ReadPatch(document.RootElement, preset.Content, faults);
        Assert.Empty(faults);
        return (await presets.CreateAsync(App.Id, $"{name} {Guid.NewGuid():N}", content, CancellationToken.None))!;
    }

    /// <summary>Connects a participant, made when it is not there yet.</summary>
    internal async Task<TestPeer> ConnectAsync(
        string name, string preset = "group_call_host", string? patch = null, string? peerId = null, Meeting? meeting = null)
    {
        meeting ??= Meeting;
        var given = await PresetAsync(preset, patch);
        var participant = (await Service<ParticipantStore>().AddAsync(
            App.Id, meeting.Id, name, given.Id, name, null, CancellationToken.None))!;
        return await ConnectAsync(meeting, participant, given, peerId);
    }

    internal async Task<TestPeer> ConnectAsync(Meeting meeting, Participant participant, Preset preset, string? peerId = null)
    {
        var link = new FakeLink();
        var (session, peer) = await Sessions.ConnectAsync(
            meeting, participant, preset, peerId ?? Guid.NewGuid().ToString(), link, CancellationToken.None);
        var test = new TestPeer(session, peer, link, participant, preset);
        _peers.Add(test);
        return test;
    }

    /// <summary>Connects and joins.</summary>
    internal async Task<TestPeer> JoinAsync(
        string name, string preset = "group_call_host", string? patch = null, string? peerId = null, Meeting? meeting = null)
    {
        var peer = await ConnectAsync(name, preset, patch, peerId, meeting);
        Assert.False((await peer.JoinAsync()).IsWaiting);
        return peer;
    }

    /// <summary>Moves time on and lets the session look around.</summary>
    public async Task PassAsync(TimeSpan by)
    {
        Clock.Advance(by);
        if (Sessions.TryGet(Meeting.Id, out var session))
        {
            await session.AskAsync<object>(room => room, CancellationToken.None);
        }
    }

    /// <summary>Waits for something that happens on another thread.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var tries = 0; !await isSo(); tries++)
        {
            Assert.True(tries < 12_000, "What was waited for did not happen.");
            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }
    }

    public static Task UntilAsync(Func<bool> isSo) => UntilAsync(() => Task.FromResult(isSo()));

    public async ValueTask DisposeAsync()
    {
        await Sessions.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>One for all tests of a class that make a meeting each.</summary>
public sealed class SharedSessionFixture : IAsyncLifetime
{
    public SessionFixture Fixture { get; private set; } = null!;

    public async Task InitializeAsync() => Fixture = await SessionFixture.StartAsync();

    public async Task DisposeAsync() => await Fixture.DisposeAsync();
}
