using System.Collections.Concurrent;
using Roomcast.Egress.Composition;

namespace Roomcast.Server.Live;

/// <summary>What the compositions of sessions are asked to look like. Thread-safe.</summary>
internal sealed class SceneOverlays
{
    private readonly ConcurrentDictionary<Guid, SceneWatermark> _watermarks = new();
    private readonly ConcurrentDictionary<Guid, SceneLayout> _layouts = new();

    /// <summary>Called with the session whose look has changed; must not block.</summary>
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

    /// <summary>The layout that a session's livestream was started with; null for the usual one.</summary>
    public SceneLayout? FindLayout(Guid sessionId) => _layouts.TryGetValue(sessionId, out var layout) ? layout : null;

    /// <summary>Sets it, or takes it away.</summary>
    public void SetLayout(Guid sessionId, SceneLayout? layout)
    {
        if (layout is { } wanted)
        {
            _layouts[sessionId] = wanted;
        }
        else if (!_layouts.TryRemove(sessionId, out _))
        {
            return;
        }

        Changed?.Invoke(sessionId);
    }
}
