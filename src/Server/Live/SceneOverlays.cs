using System.Collections.Concurrent;
using Roomcast.Egress.Composition;

namespace Roomcast.Server.Live;

/// <summary>What is laid over the compositions of sessions. Thread-safe.</summary>
internal sealed class SceneOverlays
{
    private readonly ConcurrentDictionary<Guid, SceneWatermark> _watermarks = new();

    /// <summary>Called with the session whose overlay has changed; must not block.</summary>
    public event Action<Guid>? Changed;

    /// <summary>The watermark of a session's composition; null for none.</summary>
    public SceneWatermark? Find(Guid sessionId) => _watermarks.GetValueOrDefault(sessionId);

    /// <summary>Sets it, or takes it away.</summary>
    public void Set(Guid sessionId, SceneWatermark? watermark)
    {
        if (watermark is not null)
        {
            _watermarks[sessionId] = watermark;
        }
        else if (!_watermarks.TryRemove(sessionId, out _))
        {
            return;
        }

        Changed?.Invoke(sessionId);
    }
}
