using System.Collections.Immutable;
using System.Text.Json;

namespace Roomcast.Client.Relay;

/// <summary>The streams, recordings or playbacks of a room session that are not over, and the requests that wait for theirs to begin.</summary>
/// <remarks>
/// A request is answered before what it asks for has begun. It gets what bears the id of the answer; where the answer has none, the
/// first to begin that nobody waits for, of the same address where there is one. What the server says is taken on one thread; the
/// rest is thread-safe.
/// </remarks>
internal sealed class ActionList<T>(string kind, Func<string, T> make)
    where T : RoomSessionAction
{
    private readonly Lock _lock = new();
    private readonly List<Wait> _waiting = [];
    private ImmutableList<T> _running = [];

    /// <summary>What is not over, the newest last.</summary>
    public IReadOnlyList<T> Running => Volatile.Read(ref _running);

    /// <summary>Begins to wait for what is about to be asked for.</summary>
    /// <param name="url">Its address; null where it has none.</param>
    public Wait Expect(string? url)
    {
        var wait = new Wait(url);
        lock (_lock)
        {
            _waiting.Add(wait);
        }

        return wait;
    }

    /// <summary>The answer has named what a request waits for.</summary>
    public void Name(Wait wait, string? id)
    {
        lock (_lock)
        {
            wait.Id ??= id;
        }
    }

    /// <summary>A request waits no longer.</summary>
    public void Forget(Wait wait)
    {
        lock (_lock)
        {
            _waiting.Remove(wait);
        }
    }

    /// <summary>Takes what began. Null when it says no id, or was known.</summary>
    public T? Start(JsonElement said)
    {
        if (said.Text("id") is not { } id || Find(id) is not null || _running.Count >= RelayJson.MaxItems)
        {
            return null;
        }

        var begun = make(id);
        begun.Apply(said, isOver: false);
        Volatile.Write(ref _running, _running.Add(begun));
        Take(id, said.Text("url"), byIdOnly: false)?.Begun.TrySetResult(begun);
        return begun;
    }

    /// <summary>Takes what has changed. Null when it is not known.</summary>
    public T? Update(JsonElement said)
    {
        var changed = said.Text("id") is { } id ? Find(id) : null;
        changed?.Apply(said, isOver: false);
        return changed;
    }

    /// <summary>Takes what is over, even when it never began. Null when it says no id.</summary>
    public T? End(JsonElement said)
    {
        if (said.Text("id") is not { } id)
        {
            return null;
        }

        var known = Find(id);
        var over = known ?? make(id);
        over.Apply(said, isOver: true);
        Remove(over);

        // What is known had its request answered, if it was one of ours: who waits without an id waits for another.
        if (Take(id, said.Text("url"), byIdOnly: known is not null) is { } wait)
        {
            wait.Begun.TrySetException(new RelayException(
                RealtimeKitError.Failed, "", $"The {kind} could not begin: {over.Error ?? "the server does not say why"}."));
        }

        return over;
    }

    /// <summary>Takes the list of what runs.</summary>
    /// <returns>What has begun and what is over without its having been heard.</returns>
    public (IReadOnlyList<T> Begun, IReadOnlyList<T> Over) ApplyAll(IReadOnlyList<JsonElement> all)
    {
        var begun = new List<T>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var said in all)
        {
            ids.Add(said.Text("id") ?? "");
            if (Update(said) is null && Start(said) is { } added)
            {
                begun.Add(added);
            }
        }

        return (begun, EndWhere(action => !ids.Contains(action.Id)));
    }

    /// <summary>All are over, and what is waited for will not begin.</summary>
    public IReadOnlyList<T> EndAll()
    {
        FailWaiting(static _ => true, new RealtimeKitException(RealtimeKitError.WrongState, $"The {kind} did not begin: the room session is over."));
        return EndWhere(static _ => true);
    }

    /// <summary>Those who wait now.</summary>
    public IReadOnlyList<Wait> Waiting
    {
        get
        {
            lock (_lock)
            {
                return [.. _waiting];
            }
        }
    }

    /// <summary>What some wait for will not begin.</summary>
    /// <param name="which">Who.</param>
    /// <param name="why">What they are told; null when the server no longer knows of it.</param>
    public void FailWaiting(Func<Wait, bool> which, RealtimeKitException? why = null)
    {
        Wait[] failed;
        lock (_lock)
        {
            failed = [.. _waiting.Where(which)];
            _waiting.RemoveAll(failed.Contains);
        }

        foreach (var wait in failed)
        {
            wait.Begun.TrySetException(
                why ?? new RelayException(RealtimeKitError.Failed, "", $"The {kind} did not begin: the server no longer knows of it."));
        }
    }

    private List<T> EndWhere(Func<T, bool> isOver)
    {
        var over = _running.Where(isOver).ToList();
        foreach (var each in over)
        {
            each.Apply(default, isOver: true);
            Remove(each);
        }

        return over;
    }

    private T? Find(string id) => _running.Find(action => action.Id == id);

    private void Remove(T action) => Volatile.Write(ref _running, _running.Remove(action));

    private Wait? Take(string id, string? url, bool byIdOnly)
    {
        lock (_lock)
        {
            var wait = _waiting.Find(each => each.Id == id)
                ?? (byIdOnly ? null : _waiting.Find(each => each.Id is null && (each.Url is null || each.Url == url)));
            if (wait is not null)
            {
                _waiting.Remove(wait);
            }

            return wait;
        }
    }

    /// <summary>A request that waits.</summary>
    /// <param name="url">The address that it names; null for none.</param>
    internal sealed class Wait(string? url)
    {
        public string? Url => url;

        public string? Id { get; set; }

        public TaskCompletionSource<T> Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
