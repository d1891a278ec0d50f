using System.Collections.Concurrent;
using Roomcast.Egress.Composition;

namespace Roomcast.Server.Live;

/// <summary>What the compositions of sessions are asked to look like. Thread-safe.</summary>
internal sealed class SceneOverlays
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, List<(Guid Owner, SceneWatermark Watermark)>> _watermarks = []; // By session, the newest last.
    private readonly ConcurrentDictionary<Guid, SceneLook> _looks = new();

    /// <summary>Called with the session whose look has changed; must not block.</summary>
    public event Action<Guid>? Changed;

    /// <summary>The watermark of a session's composition; null for none.</summary>
    public SceneWatermark? Find(Guid sessionId)
    {
        lock (_lock)
        {
            return _watermarks.TryGetValue(sessionId, out var all) ? all[^1].Watermark : null;
        }
    }

    /// <summary>Sets one, or takes it away. Of several in a session the one that was set last is shown.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="owner">Whose it is; has one in a session.</param>
    /// <param name="watermark">The watermark; null to take it away.</param>
    public void Set(Guid sessionId, Guid owner, SceneWatermark? watermark)
    {
        lock (_lock)
        {
            var all = _watermarks.GetValueOrDefault(sessionId) ?? [];
            var had = all.RemoveAll(each => each.Owner == owner) > 0;
            if (watermark is not null)
            {
                all.Add((owner, watermark));
            }
            else if (!had)
            {
                return;
            }

            if (all.Count > 0)
            {
                _watermarks[sessionId] = all;
            }
            else
            {
                _watermarks.Remove(sessionId);
            }
        }

        Changed?.Invoke(sessionId);
    }

    /// <summary>Takes all watermarks of a session away.</summary>
    public void Forget(Guid sessionId)
    {
        bool had;
        lock (_lock)
        {
            had = _watermarks.Remove(sessionId);
        }

        if (had)
        {
            Changed?.Invoke(sessionId);
        }
    }

    /// <summary>The look that a session's livestream was started with; null for the usual one.</summary>
    public SceneLook? FindLook(Guid sessionId) => _looks.GetValueOrDefault(sessionId);

    /// <summary>Sets it, or takes it away.</summary>
    public void SetLook(Guid sessionId, SceneLook? look)
    {
        if (look is not null)
        {
            _looks[sessionId] = look;
        }
        else if (!_looks.TryRemove(sessionId, out _))
        {
            return;
        }

        Changed?.Invoke(sessionId);
    }
}

/// <summary>What a livestream was asked to look like when it was started. Null is as the server is set.</summary>
internal sealed record SceneLook
{
    /// <summary>How the pictures are laid out.</summary>
    public SceneLayout? Layout { get; init; }

    /// <summary>Colour of the background as RGB.</summary>
    public int? BackgroundRgb { get; init; }

    /// <summary>Where a picture that fills the background is fetched from.</summary>
    public string? BackgroundAddress { get; init; }

    /// <summary>Where a picture over a corner is fetched from.</summary>
    public string? WatermarkAddress { get; init; }

    /// <summary>Which corner; and its size in pixels, of which 0 is its own.</summary>
    public (SceneCorner Corner, int Width, int Height) WatermarkPlace { get; init; }

    /// <summary>Puts it over what is usual.</summary>
    /// <param name="scene">A scene with the usual look.</param>
    /// <param name="fileOf">The file of a picture by its address; null while there is none, and then the usual one is seen.</param>
    public Scene Apply(Scene scene, Func<string, string?> fileOf) => scene with
    {
        Layout = Layout ?? scene.Layout,
        BackgroundRgb = BackgroundRgb ?? scene.BackgroundRgb,
        BackgroundFile = (BackgroundAddress is { } background ? fileOf(background) : null) ?? (BackgroundRgb is null ? scene.BackgroundFile : null),
        Watermark = WatermarkAddress is { } mark && fileOf(mark) is { } file
            ? new SceneWatermark(file, WatermarkPlace.Corner, WatermarkPlace.Width, WatermarkPlace.Height)
            : scene.Watermark,
    };
}
