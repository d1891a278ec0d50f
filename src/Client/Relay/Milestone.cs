using Roomcast.Client.Wire;

namespace Roomcast.Client.Relay;

/// <summary>An event that happens once. Who asks to be told when it has happened already is told all the same.</summary>
/// <remarks>Otherwise nobody could hear of the beginning of what has begun when it is first seen. Thread-safe.</remarks>
internal sealed class Milestone<T>(Action<Action> raise)
    where T : class
{
    private readonly Lock _lock = new();
    private Action<T>? _handlers;
    private T? _reachedBy;

    public void Add(Action<T>? handler)
    {
        lock (_lock)
        {
            if (_reachedBy is not { } value)
            {
                _handlers += handler;
            }
            else if (handler is not null)
            {
                raise(() => handler.CallEach(value));
            }
        }
    }

    public void Remove(Action<T>? handler)
    {
        lock (_lock)
        {
            _handlers -= handler;
        }
    }

    /// <summary>It has happened. Nothing the second time.</summary>
    public void Reach(T value)
    {
        lock (_lock)
        {
            if (_reachedBy is null)
            {
                _reachedBy = value;
                if (_handlers is { } handlers)
                {
                    _handlers = null;
                    raise(() => handlers.CallEach(value));
                }
            }
        }
    }
}
