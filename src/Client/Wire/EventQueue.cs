using System.Threading.Channels;

namespace Roomcast.Client.Wire;

/// <summary>Raises events one after another, on the application's context or on one of its own.</summary>
/// <remarks>Whoever raises has changed the state before, and does not wait: a slow handler delays other handlers and nothing else.</remarks>
internal sealed class EventQueue
{
    private readonly SynchronizationContext? _context;
    private readonly Channel<Action> _waiting = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Action<Exception> _onFault;

    /// <summary>Makes one.</summary>
    /// <param name="context">Where events are raised; null for a context of its own.</param>
    /// <param name="onFault">Takes what handlers throw.</param>
    public EventQueue(SynchronizationContext? context, Action<Exception> onFault)
    {
        _context = context;
        _onFault = onFault;
        if (context is null)
        {
            _ = Task.Run(RunAsync);
        }
    }

    /// <summary>Raises an event after those that wait.</summary>
    public void Raise(Action raise)
    {
        if (_context is null)
        {
            _waiting.Writer.TryWrite(raise);
        }
        else
        {
            _context.Post(static state => ((Action)state!)(), (Action)(() => Run(raise)));
        }
    }

    /// <summary>Completes when all that waits has been raised.</summary>
    public Task DrainAsync()
    {
        var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Raise(drained.SetResult);
        return drained.Task;
    }

    /// <summary>Raises nothing any more, after what waits.</summary>
    public void Complete() => _waiting.Writer.TryComplete();

    private async Task RunAsync()
    {
        await foreach (var raise in _waiting.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            Run(raise);
        }
    }

    private void Run(Action raise)
    {
        try
        {
            raise();
        }
        catch (Exception fault)
        {
            // A handler of the application: it must not keep the others from hearing theirs.
            _onFault(fault);
        }
    }
}
