using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Accounts;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Lifecycle;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.Media;
using Roomcast.Media.Time;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Livestreams.Tests.Lifecycle;

/// <summary>Everything that keeps livestreams on air, over a real SQLite database, a clock of our own and a packager that only notes.</summary>
internal sealed class OnAirFixture : IAsyncDisposable
{
    public static readonly Track Video = new()
    {
        Id = 0, Codec = Codec.H264, Configuration = new byte[] { 1 }, CodecString = "avc1.64001f", Width = 1280, Height = 720,
    };

    private readonly TestDatabase _database;
    private readonly ServiceProvider _services;

    private OnAirFixture(TestDatabase database, ManualClock clock, ServiceProvider services, App app)
    {
        _database = database;
        Clock = clock;
        _services = services;
        App = app;
    }

    public ManualClock Clock { get; }

    public App App { get; }

    public NotingPackaging Packaging => (NotingPackaging)_services.GetRequiredService<IPackaging>();

    public LivestreamDirectory Directory => _services.GetRequiredService<LivestreamDirectory>();

    public LivestreamFeeds Feeds => _services.GetRequiredService<LivestreamFeeds>();

    public IIngestGate Gate => _services.GetRequiredService<IIngestGate>();

    public OnAirLivestreams OnAir => _services.GetRequiredService<OnAirLivestreams>();

    public LivestreamSessionStore Sessions => _services.GetRequiredService<LivestreamSessionStore>();

    public LivestreamStore Livestreams => _services.GetRequiredService<LivestreamStore>();

    /// <summary>The statuses stored, in the order they were.</summary>
    public IReadOnlyList<LivestreamStatus> Statuses => _services.GetRequiredService<NotingFacts>().Statuses;

    public static async Task<OnAirFixture> StartAsync(
        Action<LivestreamOptions>? configure = null, DatabaseEngine engine = DatabaseEngine.Sqlite)
    {
        var database = await TestDatabase.OpenAsync(engine);
        var clock = new ManualClock();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<TimeProvider>(clock);
        services.AddSingleton(database.Database);
        services.AddSingleton(new ViewerTokens(new byte[ViewerTokens.MinKeyLength]));
        services.AddSingleton(new ViewerCountingOptions());
        services.AddSingleton<IPackaging, NotingPackaging>();
        services.AddSingleton<NotingFacts>();
        services.AddSingleton<ILivestreamFacts>(provider => provider.GetRequiredService<NotingFacts>());
        services.AddAccounts();
        services.AddLivestreamRecords();
        services.AddLivestreamLifecycle();
        services.Configure<LivestreamOptions>(options => configure?.Invoke(options));

        var provider = services.BuildServiceProvider();
        var account = await provider.GetRequiredService<AccountStore>().CreateAsync("test", CancellationToken.None);
        var app = await provider.GetRequiredService<AppStore>().CreateAsync(account.Id, "test", CancellationToken.None);
        await provider.GetRequiredService<OnAirLivestreams>().StartAsync(CancellationToken.None);
        return new OnAirFixture(database, clock, provider, app);
    }

    public Task<Livestream> CreateAsync() => Directory.CreateAsync(App.Id, "A show", CancellationToken.None);

    public ValueTask<IngestAdmission> AskAsync(string streamKey) =>
        Gate.AdmitAsync(new IngestRequest(streamKey, "rtmp", "127.0.0.1:1", "test"), CancellationToken.None);

    public async Task<IngestPublisher> PublishAsync(Livestream livestream)
    {
        var admission = await AskAsync(livestream.StreamKey);
        Assert.Null(admission.Refusal);
        return admission.Publisher!;
    }

    /// <summary>Sends seconds of 25 frames a second from the place in program time that the livestream names, and lets the clock run.</summary>
    public async Task SendAsync(IngestPublisher publisher, double seconds)
    {
        var start = publisher.ProgramTimeNow;
        for (var i = 0; i < (int)(seconds * 25); i++)
        {
            Send(publisher, start + TimeSpan.FromMilliseconds(40 * i), isKeyframe: i % 50 == 0);
            Clock.Advance(TimeSpan.FromMilliseconds(40));
        }

        await Task.Yield();
    }

    public static void Send(IngestPublisher publisher, MediaTime at, bool isKeyframe)
    {
        var frame = Frame.CopyOf(Video.Id, at, at, TimeSpan.FromMilliseconds(40), isKeyframe, new byte[100]);
        publisher.Publish(frame);
        frame.Release();
    }

    /// <summary>Lets the clock run in small steps until something holds; the loops run in real time beside it.</summary>
    public async Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> holds, bool advance = false)
    {
        for (var attempt = 0; attempt < 500; attempt++)
        {
            var value = await read();
            if (holds(value))
            {
                return value;
            }

            if (advance)
            {
                Clock.Advance(TimeSpan.FromMilliseconds(500));
            }

            await Task.Delay(10);
        }

        throw new TimeoutException($"It did not come about: the last value was {await read()}.");
    }

    /// <summary>The only packager; it is opened by a loop of its own some moments after the first tracks are known.</summary>
    public async Task<NotingPackager> OnlyPackagerAsync() =>
        (await UntilAsync(() => Task.FromResult(Packaging.Opened), static opened => opened.Count > 0)).Single();

    /// <summary>From now on the store refuses everything about sessions, and finds livestreams as before.</summary>
    public Task RefuseSessionsAsync() => ExecuteAsync("ALTER TABLE livestream_sessions RENAME TO livestream_sessions_away");

    /// <summary>Ends <see cref="RefuseSessionsAsync"/>.</summary>
    public Task AcceptSessionsAsync() => ExecuteAsync("ALTER TABLE livestream_sessions_away RENAME TO livestream_sessions");

    public Task<Livestream> UntilStatusAsync(Livestream livestream, LivestreamStatus status) => UntilAsync(
        async () => (await Livestreams.FindAsync(livestream.Id, CancellationToken.None))!, found => found.Status == status);

    public async ValueTask DisposeAsync()
    {
        await OnAir.StopAllAsync(CancellationToken.None);
        await OnAir.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
        await _database.DisposeAsync();
    }

    private Task<int> ExecuteAsync(string sql) =>
        _database.Database.WriteAsync(transaction => transaction.ExecuteAsync(sql), CancellationToken.None);
}

/// <summary>Notes every status that is stored.</summary>
internal sealed class NotingFacts : ILivestreamFacts
{
    private readonly ConcurrentQueue<LivestreamStatus> _statuses = [];

    public IReadOnlyList<LivestreamStatus> Statuses => [.. _statuses];

    public Task StatusChangedAsync(DatabaseTransaction transaction, Livestream livestream, LivestreamStatus? before)
    {
        _statuses.Enqueue(livestream.Status);
        return Task.CompletedTask;
    }
}

/// <summary>Notes what it is handed, and counts as playable from the first keyframe on.</summary>
internal sealed class NotingPackaging : IPackaging
{
    public List<NotingPackager> Opened { get; } = [];

    public bool Fails { get; set; }

    /// <summary>Called when a packager is opened.</summary>
    public Action? Opening { get; set; }

    public IPackager Open(LivestreamId livestreamId, DateTimeOffset programStart, LiveViewers viewers)
    {
        Opening?.Invoke();
        var packager = new NotingPackager(this);
        Opened.Add(packager);
        return packager;
    }
}

internal sealed class NotingPackager(NotingPackaging packaging) : IPackager
{
    private readonly List<string> _notes = [];
    private readonly List<MediaTime> _times = [];

    public bool IsPlayable { get; private set; }

    public IReadOnlyList<string> Notes
    {
        get
        {
            lock (_notes)
            {
                return [.. _notes];
            }
        }
    }

    public IReadOnlyList<MediaTime> Times
    {
        get
        {
            lock (_notes)
            {
                return [.. _times];
            }
        }
    }

    public void SetTracks(IReadOnlyList<Track> tracks) => Note("tracks");

    public void MarkDiscontinuity() => Note("discontinuity");

    public void Interrupt() => Note("interrupt");

    public void End() => Note("end");

    public void Push(Frame frame)
    {
        if (packaging.Fails)
        {
            throw new InvalidOperationException("The packager fails on demand.");
        }

        lock (_notes)
        {
            _times.Add(frame.DecodeTime);
        }

        IsPlayable |= frame.IsKeyframe;
    }

    public ValueTask DisposeAsync()
    {
        Note("disposed");
        return ValueTask.CompletedTask;
    }

    private void Note(string note)
    {
        lock (_notes)
        {
            _notes.Add(note);
        }
    }
}
