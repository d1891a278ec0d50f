using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Roomcast.Accounts;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Recording;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;

namespace Roomcast.Egress.Tests.Recorder;

/// <summary>Recordings as a server hosts them, on a data folder of a test.</summary>
public sealed class RecordingHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RecordingHost(WebApplication app) => _app = app;

    /// <summary>The recordings.</summary>
    public Recordings Recordings => _app.Services.GetRequiredService<Recordings>();

    /// <summary>The sessions.</summary>
    public TestSessions Sessions => _app.Services.GetRequiredService<TestSessions>();

    /// <summary>The compositions.</summary>
    public TestCompositions Compositions => _app.Services.GetRequiredService<TestCompositions>();

    /// <summary>Every state that a recording came to, in order.</summary>
    public ConcurrentQueue<RecordingRecord> Changes => _app.Services.GetRequiredService<Changelog>().Changes;

    /// <summary>Everything that was logged.</summary>
    public ConcurrentQueue<string> Log { get; private init; } = new();

    /// <summary>An app to record for.</summary>
    public AppId App { get; private set; }

    /// <summary>Where it listens.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The clients that download.</summary>
    public HttpClient Client { get; } = new();

    /// <summary>Something else that was added to it.</summary>
    public T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    /// <summary>Starts one.</summary>
    /// <param name="folder">Its data folder; one that another used before is gone on with.</param>
    /// <param name="clock">Its clock; null for the system's.</param>
    /// <param name="recording">Changes its options.</param>
    /// <param name="blobs">Changes where files are kept.</param>
    /// <param name="recordingsFolder">Where recordings are written; null for a folder in the data folder.</param>
    /// <param name="more">Adds to its services.</param>
    public static async Task<RecordingHost> StartAsync(
        string folder,
        TimeProvider? clock = null,
        Action<RecordingOptions>? recording = null,
        Action<BlobOptions>? blobs = null,
        string? recordingsFolder = null,
        Action<IServiceCollection>? more = null)
    {
        var log = new ConcurrentQueue<string>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddProvider(new LogKeeper(log));
        builder.Services.AddSingleton(clock ?? TimeProvider.System);
        builder.Services.Configure<StorageOptions>(options => options.DataFolder = folder);
        builder.Services.Configure<BlobOptions>(options =>
        {
            options.Folder = Path.Combine(folder, "blobs");
            blobs?.Invoke(options);
        });
        builder.Services.Configure<RecordingOptions>(options =>
        {
            options.Folder = recordingsFolder ?? Path.Combine(folder, "recordings");
            options.MinFreeBytes = 0;
            recording?.Invoke(options);
        });
        builder.Services.AddSingleton<TestSessions>();
        builder.Services.AddSingleton<IRecordedSessions>(provider => provider.GetRequiredService<TestSessions>());
        builder.Services.AddSingleton<TestCompositions>();
        builder.Services.AddSingleton<ICompositions>(provider => provider.GetRequiredService<TestCompositions>());
        builder.Services.AddSingleton<Changelog>();
        builder.Services.AddSingleton<IRecordingListener>(provider => provider.GetRequiredService<Changelog>());
        builder.Services.AddStorage();
        builder.Services.AddBlobs();
        builder.Services.AddRecordings();
        more?.Invoke(builder.Services);
        var app = builder.Build();
        app.MapBlobs();
        var host = new RecordingHost(app) { Log = log };
        await app.StartAsync();
        host.Address = app.Urls.First();
        var database = app.Services.GetRequiredService<Database>();
        var accounts = new AccountStore(database, TimeProvider.System);
        var account = await accounts.CreateAsync(null, CancellationToken.None);
        host.App = (await new AppStore(database, TimeProvider.System).CreateAsync(account.Id, null, CancellationToken.None)).Id;
        return host;
    }

    /// <summary>A wish for a composite recording.</summary>
    public RecordingWish Wish(Guid meetingId, RecordingPlan? plan = null, bool allowsOthers = false) => new(
        App, meetingId, RecordingKind.Composite, plan ?? new RecordingPlan(), allowsOthers, RecordingStartReason.Asked,
        new RecordingCaller(false, "0", "the owner"));

    /// <summary>Waits until a recording is as expected.</summary>
    public async Task<RecordingRecord> WaitForAsync(RecordingRecord recording, params RecordingStatus[] statuses)
    {
        ArgumentNullException.ThrowIfNull(recording);
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var now = await Recordings.FindAsync(recording.AppId, recording.Id, CancellationToken.None);
            if (now is not null && statuses.Contains(now.Status))
            {
                return now;
            }

            if (TimeProvider.System.GetElapsedTime(since) > TimeSpan.FromMinutes(2))
            {
                throw new TimeoutException($"{now} did not become {string.Join(" or ", statuses)}. {now?.ErrorMessage}\n{string.Join('\n', Log)}");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>Waits until a condition holds.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(since) > TimeSpan.FromMinutes(2))
            {
                throw new TimeoutException($"It never came to this: {what}");
            }

            await Task.Delay(10);
        }
    }

    /// <summary>Fetches a file of a recording.</summary>
    public async Task<byte[]> DownloadAsync(RecordingRecord recording, string? file)
    {
        var address = Recordings.AddressOf(recording, file) ?? throw new InvalidOperationException("There is no address.");
        return await Client.GetByteArrayAsync(new Uri(address.StartsWith('/') ? Address + address : address));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private sealed class Changelog : IRecordingListener
    {
        public ConcurrentQueue<RecordingRecord> Changes { get; } = new();

        public void Changed(RecordingRecord recording) => Changes.Enqueue(recording);
    }

    private sealed class LogKeeper(ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            ArgumentNullException.ThrowIfNull(formatter);
            lines.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception}");
        }

        public void Dispose()
        {
        }
    }
}
