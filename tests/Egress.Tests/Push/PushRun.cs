using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Push;
using Roomcast.TestKit;

namespace Roomcast.Egress.Tests.Push;

/// <summary>Pushes by a clock of the test's, with everything they log.</summary>
internal sealed class PushRun : IAsyncDisposable
{
    public const string Key = "live_very-secret_key?signature=abc123xyz";
    public const string Url = "rtmp://target.example/app/" + Key;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly List<PushJob> _jobs = [];

    public PushRun(PushOptions? options = null)
    {
        Options = options ?? new PushOptions();
        Metrics = new PushMetrics(_services.GetRequiredService<IMeterFactory>());
    }

    public ManualClock Clock { get; } = new();

    public PushOptions Options { get; }

    public PushMetrics Metrics { get; }

    public LogLines Log { get; } = new();

    public static PushAddress Address(string url = Url, string? key = null) =>
        PushAddress.TryParse(url, key, out var address, out var fault) ? address : throw new ArgumentException($"{fault}");

    public PushJobs Jobs(FakeSink sink) => new(
        sink, new PushAddressGuard([]), Microsoft.Extensions.Options.Options.Create(Options), Clock, Metrics, new Logger<PushJobs>(new LoggerFactory([Log])));

    public PushJob Start(TestFeed feed, FakeSink sink)
    {
        var job = Jobs(sink).Start("livestream 1", feed.Feed, Address());
        _jobs.Add(job);
        return job;
    }

    /// <summary>Waits in real time until something holds; with a step, the clock moves on between the looks.</summary>
    public async Task UntilAsync(Func<bool> holds, double stepSeconds = 0, Func<string>? describe = null)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"It did not come about. {describe?.Invoke()}\n{Log}");
            if (stepSeconds > 0)
            {
                Clock.Advance(TimeSpan.FromSeconds(stepSeconds));
            }

            await Task.Delay(TimeSpan.FromMilliseconds(2));
        }
    }

    public Task UntilAsync(PushJob job, PushState state, double stepSeconds = 0) =>
        UntilAsync(() => job.Status.State == state, stepSeconds, () => $"{job.Status}");

    public async ValueTask DisposeAsync()
    {
        foreach (var job in _jobs)
        {
            var stopping = job.StopAsync();
            await UntilAsync(() => stopping.IsCompleted, stepSeconds: 1);
            await job.DisposeAsync();
        }

        Metrics.Dispose();
        Log.Dispose();
        await _services.DisposeAsync();
    }
}

/// <summary>Keeps every line that is logged.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception}");

    public override string ToString() => string.Join('\n', _lines);

    public void Dispose()
    {
    }
}
