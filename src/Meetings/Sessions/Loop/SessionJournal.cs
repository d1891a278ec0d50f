using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Roomcast.Meetings.Sessions.Loop;

/// <summary>What a session does with the storage: one step after the other, beside the loop, so that a slow disk holds nobody up.</summary>
/// <remarks>A read comes after the writes asked for before it. When the queue is full, steps are refused, and the loop goes on.</remarks>
internal sealed class SessionJournal
{
    private const int Capacity = 2_000;

    private readonly Channel<Func<Task>> _steps = Channel.CreateBounded<Func<Task>>(
        new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly ILogger _logger;
    private readonly string _name;

    public SessionJournal(string name, ILogger logger)
    {
        _name = name;
        _logger = logger;
    }

    /// <summary>Takes a step that nobody waits for. A fault is logged.</summary>
    public bool TryAdd(Func<Task> step) => _steps.Writer.TryWrite(step);

    /// <summary>Ends once all that was asked for until now has been done, well or not; at once when no more is taken.</summary>
    public Task WhenDone()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return TryAdd(() =>
        {
            done.SetResult();
            return Task.CompletedTask;
        })
            ? done.Task
            : Task.CompletedTask;
    }

    /// <summary>Takes no more steps.</summary>
    public void Complete() => _steps.Writer.TryComplete();

    /// <summary>Does the steps until there will be no more.</summary>
    public async Task RunAsync()
    {
        await foreach (var step in _steps.Reader.ReadAllAsync())
        {
            try
            {
                await step();
            }
            catch (Exception fault)
            {
                SessionLog.JournalFailed(_logger, fault, _name);
            }
        }
    }
}
