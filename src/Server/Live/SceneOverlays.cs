using System.Collections.Concurrent;
using Roomcast.Egress.Composition;

namespace Roomcast.Server.Live;

/// <summary>What the compositions of sessions are asked to look like. Thread-safe.</summary>
internal sealed class SceneOverlays
{
    private readonly ConcurrentDictionary<Guid, SceneWatermark> _watermarks = new();
    private readonly ConcurrentDictionary<Guid, SceneLook> _looks = new();

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
