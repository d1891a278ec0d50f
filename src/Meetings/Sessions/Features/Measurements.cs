using Roomcast.Meetings.History;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Peers;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>Measures now and then how the media of each peer fares, and keeps that with the session's records.</summary>
/// <remarks>Measuring is the worker's, beside the loop, peer after peer; while one round is under way no other begins.</remarks>
internal sealed class Measurements(SessionRoom room)
{
    /// <summary>How often what was measured is stored while a peer stays, in samples; a crash costs no more.</summary>
    private const int SamplesPerStore = 6;

    private readonly Dictionary<string, MediaHistory> _histories = new(StringComparer.Ordinal);
    private TimeSpan _measuredAt = TimeSpan.MinValue;
    private bool _isMeasuring;

    /// <summary>Begins a round when one is due.</summary>
    public void LookAround()
    {
        if (_isMeasuring || room.SessionId is not { } sessionId || (_measuredAt != TimeSpan.MinValue && room.Now - _measuredAt < MediaHistory.ShortestInterval))
        {
            return;
        }

        var peers = room.Joined.Where(peer => peer.IsInMedia && peer.IsMediaComplete && !peer.IsGuest).ToArray();
        if (peers.Length == 0)
        {
            return;
        }

        _isMeasuring = true;
        _measuredAt = room.Now;
        _ = MeasureAllAsync(sessionId, peers, room.Media.Side);
    }

    /// <summary>What a peer's media came to, measured before it leaves the media side. Null when that cannot be known.</summary>
    public static async ValueTask<PeerMediaFigures?> MeasureAsync(IMediaSide side, string peerId)
    {
        try
        {
            return await side.MeasureAsync(peerId);
        }
        catch (MediaException)
        {
            return null; // It has left the media side, or the room has ended.
        }
    }

    /// <summary>Keeps the last sample of a peer that has left the media side, and stores what there is of it.</summary>
    /// <param name="sessionId">The session it left; it may have ended meanwhile.</param>
    /// <param name="peer">Who.</param>
    /// <param name="figures">What was measured at last; null when nothing could be.</param>
    /// <param name="tracks">What it sent.</param>
    public void Finish(SessionId? sessionId, SessionPeer peer, PeerMediaFigures? figures, IReadOnlyList<MediaProducer> tracks)
    {
        if (sessionId is { } id && !peer.IsGuest)
        {
            var history = id == room.SessionId && _histories.Remove(peer.Id, out var known) ? known : new MediaHistory();
            if (IsWorthKeeping(figures))
            {
                history.Add(room.WallClock, figures!, producerId => TrackOf(tracks.FirstOrDefault(track => track.Id == producerId)) ?? FindTrack(producerId));
            }

            Store(id, peer.Id, history);
        }
    }

    /// <summary>Stores what there is of everybody: the session ends.</summary>
    public void StoreAll()
    {
        if (room.SessionId is { } sessionId)
        {
            foreach (var (peerId, history) in _histories)
            {
                Store(sessionId, peerId, history);
            }
        }

        _histories.Clear();
        _measuredAt = TimeSpan.MinValue;
    }

    private static bool IsWorthKeeping(PeerMediaFigures? figures) =>
        figures is not (null or { Producers.Count: 0, Consumers.Count: 0, EndedProducers.Count: 0, EndedConsumers.Count: 0 });

    private static SampledTrack? TrackOf(MediaProducer? producer) => producer is null ? null : SampledTrack.Of(producer);

    private void Take(SessionPeer peer, PeerMediaFigures? figures, DateTimeOffset at)
    {
        if (room.SessionId is not { } sessionId || !IsWorthKeeping(figures))
        {
            return;
        }

        if (!_histories.TryGetValue(peer.Id, out var history))
        {
            _histories.Add(peer.Id, history = new MediaHistory());
        }

        history.Add(at, figures!, FindTrack);
        if (history.Samples.Count >= SamplesPerStore)
        {
            _histories.Remove(peer.Id);
            Store(sessionId, peer.Id, history);
        }
    }

    private void Store(SessionId sessionId, string peerId, MediaHistory history)
    {
        if (history.Samples.Count > 0 && Guid.TryParseExact(peerId, "D", out var id))
        {
            room.Parts.Recorder.Measured(room, sessionId, new PeerId(id), history);
        }
    }

    private async Task MeasureAllAsync(SessionId sessionId, SessionPeer[] peers, IMediaSide side)
    {
        var measured = new List<(SessionPeer Peer, PeerMediaFigures? Figures, DateTimeOffset At)>(peers.Length);
        try
        {
            foreach (var peer in peers)
            {
                measured.Add((peer, await MeasureAsync(side, peer.Id), room.WallClock));
            }
        }
        finally
        {
            await room.PostAsync(() =>
            {
                _isMeasuring = false;
                foreach (var (peer, figures, at) in measured)
                {
                    if (peer.IsJoined && sessionId == room.SessionId)
                    {
                        Take(peer, figures, at);
                    }
                    else if (figures is { EndedProducers.Count: > 0 } or { EndedConsumers.Count: > 0 })
                    {
                        // It was measured once more as it left. What had ended before that is told but once.
                        Finish(sessionId, peer, figures with { Producers = [], Consumers = [] }, []);
                    }
                }
            });
        }
    }

    private SampledTrack? FindTrack(string producerId)
    {
        foreach (var peer in room.Peers.Values)
        {
            if (peer.Producers.TryGetValue(producerId, out var producer))
            {
                return TrackOf(producer);
            }
        }

        return null;
    }
}
