using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Server.Live;

/// <summary>Sessions of meetings, for compositions.</summary>
internal sealed class SessionCompositionSource(
    MeetingSessions sessions,
    SceneOverlays overlays,
    SceneDirections directions,
    ParticipantPictures pictures,
    IOptions<MeetingLivestreamOptions> options,
    IOptions<SceneStyleOptions> style) : ICompositionSource
{
    public async ValueTask<ICompositionReturn?> ConnectAsync(Guid sessionId, ICompositionInput input, CancellationToken cancellationToken)
    {
        var stage = new ComposedStage(
            input, scene => Style(sessionId, scene), pictures.FileOf, peerId => directions.Of(sessionId).Places(peerId));
        SessionFollowing? following;
        try
        {
            following = await sessions.FollowAsync(new SessionId(sessionId), stage, cancellationToken);
        }
        catch (SessionException refused) when (refused.Fault is SessionFault.TooMany)
        {
            throw new CompositionException(CompositionRefusal.TooMany, refused.Message, refused);
        }

        if (following is null)
        {
            return null;
        }

        stage.Follow(following.Want);

        void Heed(Guid changed)
        {
            if (changed == sessionId)
            {
                stage.OnOverlay();
            }
        }

        void Show(string address)
        {
            var look = overlays.FindLook(sessionId);
            if (address == look?.BackgroundAddress || address == look?.WatermarkAddress)
            {
                stage.OnOverlay();
            }
            else
            {
                stage.OnPicture(address);
            }
        }

        overlays.Changed += Heed;
        directions.Changed += Heed;
        pictures.Fetched += Show;
        return new StageReturn(following, () =>
        {
            overlays.Changed -= Heed;
            directions.Changed -= Heed;
            pictures.Fetched -= Show;
        });
    }

    /// <summary>What a scene looks like apart from who is in it: as its recording and its livestream ask, else as the server is set;
    /// what was directed for the session comes first.</summary>
    private Scene Style(Guid sessionId, Scene scene)
    {
        var usual = style.Value;
        SceneStyleOptions.TryReadColor(usual.BackgroundColor, out var background);
        var looks = scene with
        {
            Layout = usual.Layout,
            BackgroundRgb = background,
            BackgroundFile = usual.BackgroundFile,
            Watermark = usual.WatermarkFile is { } file ? new SceneWatermark(file, usual.WatermarkCorner, 0, 0) : null,
            SlateText = options.Value.SlateText,
        };
        looks = overlays.FindLook(sessionId)?.Apply(looks, pictures.FileOf) ?? looks;
        return directions.Of(sessionId).Apply(looks with { Watermark = overlays.Find(sessionId) ?? looks.Watermark });
    }

    private sealed class StageReturn(SessionFollowing following, Action left) : ICompositionReturn
    {
        public void WantKeyframe(uint ssrc) => following.WantKeyframe(ssrc);

        public void PreferHeight(uint ssrc, int height) => following.PreferHeight(ssrc, height);

        public ValueTask DisposeAsync()
        {
            left();
            return following.DisposeAsync();
        }
    }
}

/// <summary>Makes scenes of who is on stage and of the tracks there are. Told from the session's loop and from its media's worker.</summary>
/// <remarks>Where more are on stage than are composed, some are chosen, and the tracks of the others are not followed.</remarks>
/// <param name="input">Where scenes go.</param>
/// <param name="style">Adds what they look like.</param>
/// <param name="pictureOf">The file of a picture by its address; null while there is none.</param>
/// <param name="isPlaced">Whether the place of a peer was directed; null when none is.</param>
internal sealed class ComposedStage(
    ICompositionInput input, Func<Scene, Scene> style, Func<string, string?> pictureOf, Func<string, bool>? isPlaced = null) : ISessionFollower
{
    // What a tile can show of a name is far less. So the longest names of all fit into a message to the worker.
    private const int LongestName = 128;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, SceneTrack> _tracks = new(StringComparer.Ordinal);
    private readonly SceneCast _cast = new();
    private StageView? _stage;
    private HashSet<uint>? _wanted; // Null for all.
    private Action<IReadOnlySet<uint>?>? _follow;
    private bool _isBeginning;

    public bool IsComposition => input.IsComposition;

    /// <summary>Takes what says which tracks are wanted, null for all.</summary>
    public void Follow(Action<IReadOnlySet<uint>?> follow)
    {
        lock (_lock)
        {
            _follow = follow;
            if (_wanted is not null)
            {
                follow(_wanted);
            }
        }
    }

    public void OnStage(StageView stage)
    {
        lock (_lock)
        {
            _stage = stage;
            Tell();
        }
    }

    /// <summary>What is laid over the picture has changed.</summary>
    public void OnOverlay()
    {
        lock (_lock)
        {
            Tell();
        }
    }

    /// <summary>The picture at an address has come.</summary>
    public void OnPicture(string address)
    {
        lock (_lock)
        {
            if (_stage?.Peers.Any(peer => peer.Picture == address) is true)
            {
                Tell();
            }
        }
    }

    public void OnTracksBegin()
    {
        lock (_lock)
        {
            _isBeginning = true;
        }
    }

    public void OnTracksTold()
    {
        lock (_lock)
        {
            _isBeginning = false;
            Tell();
        }
    }

    public void OnTrack(MediaProducer producer, uint ssrc, byte payloadType)
    {
        ArgumentNullException.ThrowIfNull(producer);
        lock (_lock)
        {
            _tracks[producer.Id] = new SceneTrack(ssrc, producer.Kind is MediaKind.Audio ? SceneCodec.Opus : SceneCodec.Vp8, payloadType)
            {
                OrientationId = MediaTap.OrientationExtension,
                ReportsPacketEnds = producer is { Kind: MediaKind.Audio, IsOwn: false },
            };
            if (!_isBeginning)
            {
                Tell(); // Of the tracks of a crowd a scene for each would hold its media up for seconds.
            }
        }
    }

    public void OnTrackEnded(string producerId)
    {
        lock (_lock)
        {
            if (_tracks.Remove(producerId))
            {
                Tell();
            }
        }
    }

    public void OnPacket(ReadOnlySpan<byte> packet, bool isRtcp) => input.TakePacket(packet, isRtcp);

    public void OnRoomEnded()
    {
        lock (_lock)
        {
            _tracks.Clear();
            Tell();
        }
    }

    public void OnEnded() => input.End();

    private void Tell()
    {
        if (_stage is { } stage)
        {
            var all = style(new Scene
            {
                Peers = [.. stage.Peers.Select(PeerOf)],
                SpeakerId = stage.SpeakerId,
                SpotlightId = stage.PinnedId,
            });
            var scene = IsComposition ? _cast.Of(all, isPlaced) : all;

            // Asked for those alone who are in it: of the pictures of a crowd no more are kept than that.
            var pictures = stage.Peers.ToDictionary(static peer => peer.PeerId, static peer => peer.Picture, StringComparer.Ordinal);
            scene = scene with { Peers = [.. scene.Peers.Select(peer => peer with { PictureFile = pictureOf(pictures[peer.Id]) })] };
            Want(scene.Peers.Length < all.Peers.Length ? [.. scene.Peers.SelectMany(TracksOf)] : null);
            input.SetScene(scene);
        }
    }

    private void Want(HashSet<uint>? wanted)
    {
        if (wanted is null ? _wanted is null : _wanted?.SetEquals(wanted) is true)
        {
            return;
        }

        _wanted = wanted;
        _follow?.Invoke(wanted);
    }

    private static IEnumerable<uint> TracksOf(ScenePeer peer)
    {
        foreach (var track in new[] { peer.Camera, peer.Microphone, peer.Screen, peer.ScreenSound })
        {
            if (track is not null)
            {
                yield return track.Ssrc;
            }
        }
    }

    private static string Shortened(string name) => name.Length <= LongestName
        ? name
        : name[..(char.IsHighSurrogate(name[LongestName - 1]) ? LongestName - 1 : LongestName)];

    private ScenePeer PeerOf(StagePeer peer) => new(peer.PeerId, Shortened(peer.Name))
    {
        Camera = Find(peer, MediaKind.Video, isScreenShare: false),
        Microphone = Find(peer, MediaKind.Audio, isScreenShare: false),
        Screen = Find(peer, MediaKind.Video, isScreenShare: true),
        ScreenSound = Find(peer, MediaKind.Audio, isScreenShare: true),
    };

    // A track that is known to the session and not yet to its media, or no longer, is not to be seen.
    private SceneTrack? Find(StagePeer peer, MediaKind kind, bool isScreenShare)
    {
        foreach (var producer in peer.Producers)
        {
            if (producer.Kind == kind && producer.IsScreenShare == isScreenShare && _tracks.TryGetValue(producer.Id, out var track))
            {
                return track with { IsPaused = producer.IsPaused };
            }
        }

        return null;
    }
}
