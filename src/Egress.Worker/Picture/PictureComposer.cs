using System.Collections.Immutable;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Layouts;
using Roomcast.Egress.Worker.Composing;
using Roomcast.Egress.Worker.Drawing;
using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Picture;

/// <summary>Lays out the pictures of a scene. What has not changed from tick to tick is not drawn again.</summary>
/// <remarks>
/// The canvas is kept. A tile that is drawn covers all of its area and nothing else: its picture first, then what lies on it,
/// cut to the tile. So every tile can be drawn alone, and nothing is laid twice over the same picture.
/// </remarks>
internal sealed class PictureComposer : IDisposable
{
    private readonly CompositionFormat _format;
    private readonly IComposerOutput _output;
    private readonly ComposerCounters _counters;
    private readonly TileLook _look;
    private readonly PictureShelf _shelf;
    private readonly TilePainter _painter = new();
    private readonly AvFrame _background;
    private readonly AvFrame _canvas;
    private readonly Dictionary<uint, VideoTrack> _tracks = [];
    private readonly Dictionary<string, ReadPicture> _pictures = [];
    private readonly HashSet<string> _places = [];
    private readonly TileArea _whole;
    private readonly TimeSpan _halfTick;
    private ImmutableArray<SceneTile> _arrangement = [];
    private PlacedTile[] _tiles = [];
    private Scene _scene = Scene.Empty;
    private (int Rgb, ReadPicture? Picture)? _backgroundOf;
    private (ReadPicture? Picture, SceneCorner Corner) _watermarkOf;
    private (Overlay Overlay, int Left, int Top)? _watermark;
    private Overlay? _slate;
    private bool _isStale = true;

    /// <param name="format">What it is encoded as.</param>
    /// <param name="readsAside">Whether picture files are read on a thread of their own.</param>
    /// <param name="output">Where wishes go.</param>
    /// <param name="counters">Where what is met is counted.</param>
    public PictureComposer(CompositionFormat format, bool readsAside, IComposerOutput output, ComposerCounters counters)
    {
        _format = format;
        _output = output;
        _counters = counters;
        _look = new TileLook();
        _shelf = new PictureShelf(readsAside);
        _whole = new TileArea(0, 0, format.Width, format.Height);
        _halfTick = TimeSpan.FromTicks(TimeSpan.TicksPerSecond / format.FrameRate / 2);
        _background = AvFrame.OfPicture(format.Width, format.Height);
        _canvas = AvFrame.OfPicture(format.Width, format.Height);
        SetScene(Scene.Empty);
    }

    public void SetScene(Scene scene)
    {
        _scene = scene;
        SetTracks(scene);
        SetBackground(scene);
        SetWatermark(scene.Watermark);
        _arrangement = SceneArrangement.Arrange(scene, _format.Width, _format.Height, _arrangement);
        _slate = _arrangement.IsEmpty ? _look.Slate(scene.SlateText, _format.Width, _format.Height) : null;
        _tiles = [.. _arrangement.Select(tile => Place(tile, scene))];
        _look.Sweep();
        _shelf.Sweep();
        SweepPictures();
        foreach (var track in _tracks.Values)
        {
            var tile = Array.Find(_tiles, tile => tile.Track == track);
            track.SetVisible(tile is not null);
            Prefer(track, tile);
        }

        _isStale = true;
    }

    public void Take(uint ssrc, ReadOnlySpan<byte> frame, TimeSpan at, int rotation)
    {
        if (_tracks.TryGetValue(ssrc, out var track))
        {
            track.Take(frame, at, rotation);
        }
    }

    public void Miss(uint ssrc)
    {
        if (_tracks.TryGetValue(ssrc, out var track))
        {
            track.Miss();
        }
    }

    /// <summary>Draws what is to be seen at a time. The canvas belongs to this object.</summary>
    public AvFrame Compose(TimeSpan at)
    {
        if (_shelf.TakeNews())
        {
            SetScene(_scene);
        }

        _canvas.MakeWritable();
        if (_isStale)
        {
            TilePainter.Copy(_background, _canvas);
            Lay(_slate, (_format.Width - (_slate?.Width ?? 0)) / 2, (_format.Height - (_slate?.Height ?? 0)) / 2, _whole);
            Lay(_watermark?.Overlay, _watermark?.Left ?? 0, _watermark?.Top ?? 0, _whole);
        }

        foreach (var tile in _tiles)
        {
            if ((tile.Track?.Show(at + _halfTick) ?? false) || tile.IsStale)
            {
                Draw(tile);
                tile.IsStale = false;
            }
        }

        _isStale = false;
        return _canvas;
    }

    public void Dispose()
    {
        foreach (var track in _tracks.Values)
        {
            track.Dispose();
        }

        _shelf.Dispose();
        _canvas.Dispose();
        _background.Dispose();
        _painter.Dispose();
        _look.Dispose();
    }

    private void Draw(PlacedTile tile)
    {
        if (tile.Track is not { Shown: not null } track || !_painter.Paint(_canvas, tile, track))
        {
            TilePainter.Fill(_canvas, tile.Area, Colours.Tile);
            var (avatar, x, y) = _look.Avatar(tile.Avatar);
            avatar.Draw(_canvas, tile.Area.Left + x, tile.Area.Top + y, tile.Area);
        }

        foreach (var (overlay, left, top) in tile.Overlays)
        {
            overlay.Draw(_canvas, left, top, tile.Area);
        }

        if (_watermark is { } mark)
        {
            mark.Overlay.Draw(_canvas, mark.Left, mark.Top, tile.Area);
        }
    }

    private void Lay(Overlay? overlay, int left, int top, TileArea clip) => overlay?.Draw(_canvas, left & ~1, top & ~1, clip);

    private PlacedTile Place(SceneTile tile, Scene scene)
    {
        var peer = scene.Peers.First(peer => peer.Id == tile.PeerId);
        var source = tile.IsScreen ? peer.Screen : peer.Camera;
        var isMuted = !tile.IsScreen && peer.Microphone is null or { IsPaused: true };
        var size = TileLook.LetterSize(tile.Area, Math.Min(_format.Width, _format.Height));
        var margin = Math.Max(2, (size / 2) & ~1);
        var label = scene.ShowsLabels
            ? _look.Label(new LabelText(scene.ShowsNames ? peer.Name : "", isMuted, tile.IsScreen, size, tile.Area.Width - (2 * margin)))
            : null;
        var overlays = new List<(Overlay Overlay, int Left, int Top)>();
        if (label is not null)
        {
            overlays.Add((label, tile.Area.Left + margin, (tile.Area.Bottom - margin - label.Height) & ~1));
        }

        if (!tile.IsEdgeless)
        {
            var isSpeaker = !tile.IsScreen && tile.PeerId == scene.SpeakerId && _arrangement.Length > 1;
            overlays.AddRange(TileFrame.Of(_background, tile.Area, isSpeaker));
        }

        return new PlacedTile
        {
            Area = tile.Area,
            IsFitted = tile.IsScreen,
            Track = source is { IsPaused: false } ? _tracks.GetValueOrDefault(source.Ssrc) : null,
            Avatar = new AvatarText(peer.Id, peer.Name, PictureOf(peer), tile.Area.Width, tile.Area.Height),
            Overlays = [.. overlays],
        };
    }

    private void SetTracks(Scene scene)
    {
        var wanted = scene.Peers.SelectMany(static peer => new[] { peer.Camera, peer.Screen })
            .OfType<SceneTrack>().Where(static track => track.Codec == SceneCodec.Vp8).ToList();
        foreach (var gone in _tracks.Keys.Where(ssrc => !wanted.Exists(track => track.Ssrc == ssrc)).ToList())
        {
            _tracks[gone].Dispose();
            _tracks.Remove(gone);
        }

        foreach (var source in wanted)
        {
            if (!_tracks.TryGetValue(source.Ssrc, out var track))
            {
                track = new VideoTrack(source.Ssrc, _output, _counters);
                _tracks.Add(source.Ssrc, track);
            }

            if (source.IsPaused)
            {
                track.Blank();
            }
        }
    }

    private void Prefer(VideoTrack track, PlacedTile? tile)
    {
        // What fills the tile: cameras are cut, so that a narrow tile wants a picture as high as a wide one would.
        var height = tile is null ? 0 : tile.IsFitted ? tile.Area.Height : Math.Max(tile.Area.Height, tile.Area.Width * 9 / 16);
        if (track.PreferredHeight != height)
        {
            track.PreferredHeight = height;
            _output.PreferHeight(track.Ssrc, height);
        }
    }

    /// <summary>A peer's picture, as large as any tile shows it.</summary>
    private Raster? PictureOf(ScenePeer peer)
    {
        var side = TileLook.AvatarSide(_format.Width, _format.Height);
        return peer.PictureFile is { } file ? Find($"peer {peer.Id}", new PictureWish(file, side, side, Fills: true))?.Raster : null;
    }

    private void SetBackground(Scene scene)
    {
        var picture = scene.BackgroundFile is { } file
            ? Find("background", new PictureWish(file, _format.Width, _format.Height, Fills: true, IsLaid: true))
            : null;
        if (_backgroundOf == (scene.BackgroundRgb, picture))
        {
            return;
        }

        _backgroundOf = (scene.BackgroundRgb, picture);
        TilePainter.Fill(_background, _whole, scene.BackgroundRgb);
        picture?.Overlay?.Draw(_background, 0, 0, _whole);
    }

    private void SetWatermark(SceneWatermark? wanted)
    {
        var margin = Math.Max(4, (Math.Min(_format.Width, _format.Height) / 36) & ~1);
        var picture = wanted is null
            ? null
            : Find("watermark", new PictureWish(
                wanted.File, wanted.Width, wanted.Height, Fills: false, _format.Width - (2 * margin), _format.Height - (2 * margin), IsLaid: true));
        var corner = wanted?.Corner ?? default;
        if (_watermarkOf == (picture, corner))
        {
            return;
        }

        _watermarkOf = (picture, corner);
        _watermark = null;
        if (picture?.Overlay is { } overlay)
        {
            var isLeft = corner is SceneCorner.LeftTop or SceneCorner.LeftBottom;
            var isTop = corner is SceneCorner.LeftTop or SceneCorner.RightTop;
            _watermark = (overlay, isLeft ? margin : _format.Width - margin - overlay.Width, isTop ? margin : _format.Height - margin - overlay.Height);
        }
    }

    /// <summary>Finds a picture for a place. While it is being read, what stood there before stays, so that nothing flickers.</summary>
    private ReadPicture? Find(string place, PictureWish wish)
    {
        _places.Add(place);
        var picture = _shelf.Find(wish, out var isPending, out var isBad);
        _counters.BadPictureFiles += isBad ? 1 : 0;
        if (isPending)
        {
            return _pictures.GetValueOrDefault(place);
        }

        if (picture is null)
        {
            _pictures.Remove(place);
        }
        else
        {
            _pictures[place] = picture;
        }

        return picture;
    }

    /// <summary>Forgets the pictures of places that are no more.</summary>
    private void SweepPictures()
    {
        foreach (var place in _pictures.Keys)
        {
            if (!_places.Contains(place))
            {
                _pictures.Remove(place);
            }
        }

        _places.Clear();
    }
}
