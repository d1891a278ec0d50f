using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Roomcast.Webhooks.Records;

namespace Roomcast.Webhooks.Delivery;

/// <summary>Keeps the results of attempts: those that come while one transaction is written share the next.</summary>
/// <param name="keep">Keeps some, all or none; fails as it likes.</param>
/// <param name="clock">Times the next try after a failure.</param>
/// <param name="logger">Told of failures.</param>
/// <remarks>A lane waits for its result before it goes on, so that at most the last delivery of a lane is repeated after a crash.</remarks>
internal sealed class ResultBook(Func<IReadOnlyCollection<AttemptResult>, Task> keep, TimeProvider clock, ILogger logger)
{
    private const int MostAtOnce = 500;

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    // Each lane has at most one result in it.
    private readonly Channel<Entry> _entries = Channel.CreateUnbounded<Entry>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Keeps one. Cancelled when the server stops and the storage does not answer.</summary>
    public Task SaveAsync(AttemptResult result)
    {
        var entry = new Entry(result);
        if (!_entries.Writer.TryWrite(entry))
        {
            entry.Kept.SetCanceled(CancellationToken.None);
        }

        return entry.Kept.Task;
    }

    /// <summary>Writes until <see cref="Complete"/>.</summary>
    /// <param name="stopping">From then on a failure is not tried again.</param>
    public async Task RunAsync(CancellationToken stopping)
    {
        var batch = new List<Entry>();
        while (await _entries.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (batch.Count < MostAtOnce && _entries.Reader.TryRead(out var entry))
            {
                batch.Add(entry);
            }

            await WriteAsync(batch, stopping);
            batch.Clear();
        }
    }

    /// <summary>No more results come.</summary>
    public void Complete() => _entries.Writer.TryComplete();

    private async Task WriteAsync(List<Entry> batch, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await keep([.. batch.Select(entry => entry.Result)]);
                batch.ForEach(entry => entry.Kept.TrySetResult());
                return;
            }
            catch (Exception fault) // Whatever it is: were this to end, every lane would wait for ever.
            {
                WebhookLog.StoreFailed(logger, fault, "What became of deliveries");
                if (stopping.IsCancellationRequested)
                {
                    batch.ForEach(entry => entry.Kept.TrySetCanceled(stopping));
                    return;
                }

                await Task.Delay(Retry, clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private sealed record Entry(AttemptResult Result)
    {
        public TaskCompletionSource Kept { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
