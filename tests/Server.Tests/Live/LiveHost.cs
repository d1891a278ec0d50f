using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Accounts;
using Roomcast.Egress.Tests.Recorder;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Lifecycle;
using Roomcast.Livestreams.Records;
using Roomcast.Meetings;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Server.Live;
using Roomcast.Storage;
using Roomcast.TestKit;

namespace Roomcast.Server.Tests.Live;

/// <summary>What brings meetings, livestreams and recordings together, over a real database; who is in meetings is what a test says.</summary>
internal sealed class LiveHost : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private RecordingHost _recording = null!;
    private TimeSpan? _emptyStage;

    public ManualClock Clock { get; } = new();

    public PretendSessions Sessions { get; } = new();

    public RecordingHost Recording => _recording;

    public LiveNews News => _recording.Service<LiveNews>();

    public MeetingLivestreams Livestreams => _recording.Service<MeetingLivestreams>();

    public static async Task<LiveHost> StartAsync(TimeSpan? emptyStage = null)
    {
        var host = new LiveHost { _emptyStage = emptyStage };
        await host.OpenAsync();
        return host;
    }

    /// <summary>Ends everything and starts it anew on what is kept.</summary>
    public async Task RestartAsync()
    {
        await _recording.DisposeAsync();
        await OpenAsync();
    }

    private async Task OpenAsync()
    {
        _recording = await RecordingHost.StartAsync(_folder.Path, Clock, more: services =>
        {
            services.AddAccounts().AddLivestreams().AddMeetings();
            services.AddSingleton<IActiveSessions>(Sessions);
            services.AddSingleton(new PublicAddresses
            {
                RtmpBase = "rtmp://live.example.org:1935",
                RtmpsBase = "rtmps://live.example.org:1936",
                HttpBase = "https://live.example.org",
            });
            services.Configure<MeetingLivestreamOptions>(options => options.EmptyStage = _emptyStage ?? options.EmptyStage);
            services.AddSingleton<LiveNews>();
            services.AddSingleton<ILivestreamObserver>(provider => provider.GetRequiredService<LiveNews>());
            services.AddSingleton<SceneOverlays>();
            services.AddSingleton<RecordOnStart>();
            services.AddSingleton<MeetingLivestreams>();
            services.AddHostedService(provider => provider.GetRequiredService<MeetingLivestreams>());
        });
    }

    /// <summary>Makes a meeting, and a session of it with somebody in it, of which nobody is told.</summary>
    public async Task<(Meeting Meeting, SessionId SessionId)> MeetAsync(MeetingSettings? settings = null)
    {
        var meeting = await _recording.Service<MeetingStore>().CreateAsync(
            _recording.App, "Weekly", settings ?? new MeetingSettings(), CancellationToken.None);
        return (meeting, Sessions.Begin(meeting.Id, new SessionId(_recording.Sessions.Begin(meeting.Id.Value))));
    }

    /// <summary>Has the database take no new rows of a table, or take them again.</summary>
    public Task TakeRowsAsync(string table, bool isTaken) => _recording.Service<Database>().WriteAsync(
        transaction => transaction.ExecuteAsync(isTaken
            ? $"DROP TRIGGER refused_{table}"
            : $"CREATE TRIGGER refused_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no room'); END"),
        CancellationToken.None);

    public Task<Livestream?> FindActiveAsync(Meeting meeting) =>
        Livestreams.FindActiveAsync(meeting.AppId, meeting.Id.Value, CancellationToken.None);

    /// <summary>Moves time on, a little at a time since what waits for it may not wait yet, until something has happened.</summary>
    /// <returns>How much passed.</returns>
    public async Task<TimeSpan> PassUntilAsync(Func<Task<bool>> isSo)
    {
        var began = Clock.Elapsed;
        for (var tries = 0; !await isSo(); tries++)
        {
            Assert.True(tries < 5_000, "What was waited for did not happen.");
            Clock.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Delay(5);
        }

        return Clock.Elapsed - began;
    }

    public async ValueTask DisposeAsync()
    {
        await _recording.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>Sessions without peers: what was told in them is kept.</summary>
internal sealed class PretendSessions : IActiveSessions
{
    private readonly ConcurrentDictionary<MeetingId, SessionId> _sessions = new();

    public ConcurrentQueue<(MeetingId MeetingId, SessionEvent Happened)> Told { get; } = new();

    public SessionId Begin(MeetingId meetingId, SessionId sessionId) => _sessions[meetingId] = sessionId;

    public SessionId? Find(MeetingId meetingId) => _sessions.TryGetValue(meetingId, out var sessionId) ? sessionId : null;

    public Task TellAsync(MeetingId meetingId, SessionEvent happened, CancellationToken cancellationToken)
    {
        Told.Enqueue((meetingId, happened));
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<Participant>?> KickAsync(MeetingId meetingId, ParticipantChoice who, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<int?> KickAllAsync(MeetingId meetingId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<Participant>?> MuteAsync(MeetingId meetingId, ParticipantChoice who, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<int?> MuteAllAsync(MeetingId meetingId, bool allowUnmute, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<Poll?> CreatePollAsync(MeetingId meetingId, PollRequest poll, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<PresetPermissions?> FindPermissionsAsync(Participant participant, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task MeetingChangedAsync(Meeting meeting, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task ParticipantChangedAsync(Participant participant, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task PresetChangedAsync(Preset preset, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task ParticipantDeletedAsync(Participant participant, CancellationToken cancellationToken) => throw new NotSupportedException();
}
