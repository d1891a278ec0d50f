using System.Collections.Concurrent;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Recording.Pages;
using Roomcast.Meetings.Media;

namespace Roomcast.Server.Live;

/// <summary>What web pages that are recorded send, for compositions: a room for each, in which its browser is the only peer.</summary>
internal sealed class PageStages(MediaRooms rooms, SceneOverlays overlays)
{
    private readonly ConcurrentDictionary<Guid, MediaRoom> _rooms = new();

    /// <summary>Opens one.</summary>
    /// <param name="id">By which a composition finds it; used for no session.</param>
    public IPageStage Open(Guid id)
    {
        var room = _rooms[id] = rooms.Open($"page-{id}");
        return new Stage(room, async () =>
        {
            _rooms.TryRemove(id, out _);
            overlays.Forget(id);
            await room.DisposeAsync();
        });
    }

    /// <summary>Connects a composition to one.</summary>
    /// <returns>Null when there is none of this id.</returns>
    public async ValueTask<ICompositionReturn?> ConnectAsync(Guid id, ICompositionInput input)
    {
        if (!_rooms.TryGetValue(id, out var room))
        {
            return null;
        }

        var view = new PageView(input, () => overlays.Find(id));
        void Heed(Guid changed)
        {
            if (changed == id)
            {
                view.Tell();
            }
        }

        view.Tell();
        overlays.Changed += Heed;
        try
        {
            var tap = await room.TapAsync(view);
            return new Return(tap, () => overlays.Changed -= Heed);
        }
        catch (MediaException)
        {
            overlays.Changed -= Heed;
            return null; // It has just ended.
        }
    }

    private sealed class Stage(MediaRoom room, Func<ValueTask> close) : IPageStage
    {
        private const string Browser = "browser";

        public async Task<string> AnswerAsync(string offer)
        {
            try
            {
                await room.CreateTransportAsync(Browser, TransportDirection.FromPeer, offer, isHere: true);
                await room.ProduceAsync(Browser, RequestOf(MediaKind.Video, offer));
                return (await room.ProduceAsync(Browser, RequestOf(MediaKind.Audio, offer))).AnswerSdp;
            }
            catch (MediaException fault)
            {
                throw new IOException(fault.Message, fault);
            }
        }

        public ValueTask DisposeAsync() => close();

        private static ProduceRequest RequestOf(MediaKind kind, string offer) =>
            new(kind, IsPaused: false, IsScreenShare: true, AppData: "", Mid: null, MimeType: null, offer);
    }

    private sealed class Return(MediaTap tap, Action left) : ICompositionReturn
    {
        public void WantKeyframe(uint ssrc) => tap.WantKeyframe(ssrc);

        public void PreferHeight(uint ssrc, int height) => tap.PreferHeight(ssrc, height);

        public ValueTask DisposeAsync()
        {
            left();
            return tap.DisposeAsync();
        }
    }
}

/// <summary>Makes a scene of the one picture and the one sound of a page. Told from the media's worker and by whoever sets a watermark.</summary>
internal sealed class PageView(ICompositionInput input, Func<SceneWatermark?> watermark) : IMediaListener
{
    private readonly Lock _lock = new();
    private (string Id, SceneTrack Track)? _picture;
    private (string Id, SceneTrack Track)? _sound;

    /// <summary>Tells how it is to look now.</summary>
    public void Tell()
    {
        lock (_lock)
        {
            input.SetScene(new Scene
            {
                Layout = SceneLayout.Single,
                ShowsLabels = false,
                BackgroundRgb = 0,
                Watermark = watermark(),
                Peers = [new ScenePeer("page", "") { Screen = _picture?.Track, ScreenSound = _sound?.Track }],
            });
        }
    }

    public void OnTrack(MediaProducer producer, uint ssrc, byte payloadType)
    {
        ArgumentNullException.ThrowIfNull(producer);
        lock (_lock)
        {
            if (producer.Kind is MediaKind.Audio)
            {
                _sound = (producer.Id, new SceneTrack(ssrc, SceneCodec.Opus, payloadType) { ReportsPacketEnds = true });
            }
            else
            {
                _picture = (producer.Id, new SceneTrack(ssrc, SceneCodec.Vp8, payloadType));
            }
        }

        Tell();
    }

    public void OnTrackEnded(string producerId)
    {
        lock (_lock)
        {
            _picture = _picture?.Id == producerId ? null : _picture;
            _sound = _sound?.Id == producerId ? null : _sound;
        }

        Tell();
    }

    public void OnPacket(ReadOnlySpan<byte> packet, bool isRtcp) => input.TakePacket(packet, isRtcp);

    public void OnRoomEnded() => input.End();
}

/// <summary>Everything that is composed: web pages that are recorded, and sessions of meetings.</summary>
internal sealed class ComposedSources(PageStages pages, SessionCompositionSource sessions) : ICompositionSource
{
    public async ValueTask<ICompositionReturn?> ConnectAsync(Guid sessionId, ICompositionInput input, CancellationToken cancellationToken) =>
        await pages.ConnectAsync(sessionId, input) ?? await sessions.ConnectAsync(sessionId, input, cancellationToken);
}
