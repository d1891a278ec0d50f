using System.Collections.Concurrent;

namespace Roomcast.Egress.Composition;

/// <summary>What was chosen for the compositions of sessions, whether they are composed at the moment or not. Thread-safe.</summary>
public sealed class SceneDirections
{
    private readonly ConcurrentDictionary<Guid, SceneDirection> _directions = new();

    /// <summary>Called with the session for which something else was chosen; must not block.</summary>
    public event Action<Guid>? Changed;

    /// <summary>What holds for a session.</summary>
    public SceneDirection Of(Guid sessionId) => _directions.GetValueOrDefault(sessionId, SceneDirection.None);

    /// <summary>Chooses otherwise.</summary>
    /// <returns>What holds now.</returns>
    public SceneDirection Change(Guid sessionId, Func<SceneDirection, SceneDirection> change)
    {
        var now = _directions.AddOrUpdate(sessionId, _ => change(SceneDirection.None), (_, before) => change(before));
        Changed?.Invoke(sessionId);
        return now;
    }

    /// <summary>The session is over: nothing is kept of it.</summary>
    public void Forget(Guid sessionId) => _directions.TryRemove(sessionId, out _);
}
