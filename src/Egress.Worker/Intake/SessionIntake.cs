using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Opus;

namespace Roomcast.Egress.Worker.Intake;

/// <summary>
/// A session's packets on their way to the composition: each track is put in order and held, and handed on when it is due. It has
/// no clock: arrivals and ticks tell the time, which is the composition's.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class SessionIntake
{
    private const int VideoClockRateHz = 90_000;

    private readonly Dictionary<string, PeerTimes> _peers = new(StringComparer.Ordinal);
    private readonly Dictionary<uint, (TrackIntake Intake, string PeerId)> _tracks = [];
    private readonly HashSet<uint> _seen = [];

    /// <summary>Packets of no track, of another payload type, or unreadable.</summary>
    public long StrayPackets { get; private set; }

    /// <summary>Takes the scene as it is now. Tracks that are gone are forgotten with all they held.</summary>
    public void SetScene(Scene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        _seen.Clear();
        foreach (var peer in scene.Peers)
        {
            Update(peer.Id, peer.Camera);
            Update(peer.Id, peer.Microphone);
            Update(peer.Id, peer.Screen);
            Update(peer.Id, peer.ScreenSound);
        }

        foreach (var (ssrc, (intake, peerId)) in _tracks)
        {
            if (!_seen.Contains(ssrc))
            {
                intake.Clear();
                _peers[peerId].Remove(intake.Clock);
                _tracks.Remove(ssrc);
            }
        }

        // Whoever left the stage and comes back begins with another clock: the laptop may have slept meanwhile.
        foreach (var id in _peers.Keys)
        {
            if (!scene.Peers.Any(peer => peer.Id == id))
            {
                _peers.Remove(id);
            }
        }
    }

    /// <summary>Takes an RTP packet or an RTCP compound.</summary>
    /// <param name="packet">Its bytes, copied where they are kept.</param>
    /// <param name="isRtcp">Whether it is RTCP.</param>
    /// <param name="now">When it arrived.</param>
    public void Take(ReadOnlySpan<byte> packet, bool isRtcp, TimeSpan now)
    {
        if (isRtcp)
        {
            TakeReports(packet, now);
        }
        else if (!RtpHeader.TryRead(packet, out var header)
            || !_tracks.TryGetValue(header.Ssrc, out var track)
            || track.Intake.Track.PayloadType != header.PayloadType
            || (!track.Intake.Track.IsPaused && !track.Intake.Take(header, packet, now)))
        {
            StrayPackets++;
        }
    }

    /// <summary>Hands on what is due at a tick or before, and a little more.</summary>
    /// <param name="now">The tick's composition time; never less than the last one's.</param>
    /// <param name="output">Where it goes.</param>
    public void Advance(TimeSpan now, IIntakeOutput output)
    {
        ArgumentNullException.ThrowIfNull(output);
        foreach (var peer in _peers.Values)
        {
            peer.Clock.Advance(now);
        }

        foreach (var (intake, _) in _tracks.Values)
        {
            intake.Advance(now, output);
        }
    }

    /// <summary>What each track came to.</summary>
    public IReadOnlyList<WireTrackFigures> Figures() => [.. _tracks.Values.Select(track => track.Intake.Figures())];

    private void Update(string peerId, SceneTrack? track)
    {
        if (track is null || !_seen.Add(track.Ssrc))
        {
            return;
        }

        if (_tracks.TryGetValue(track.Ssrc, out var known) && known.PeerId == peerId && known.Intake.Track.Codec == track.Codec)
        {
            known.Intake.Update(track);
            return;
        }

        if (known.Intake is { } other)
        {
            other.Clear();
            _peers[known.PeerId].Remove(other.Clock);
        }

        if (!_peers.TryGetValue(peerId, out var peer))
        {
            _peers.Add(peerId, peer = new PeerTimes());
        }

        TrackIntake intake = track.Codec is SceneCodec.Opus
            ? new AudioIntake(track, peer.Add(OpusPayload.ClockRateHz, isSound: true))
            : new VideoIntake(track, peer.Add(VideoClockRateHz, isSound: false));
        _tracks[track.Ssrc] = (intake, peerId);
    }

    private void TakeReports(ReadOnlySpan<byte> compound, TimeSpan now)
    {
        var reader = new RtcpReader(compound);
        while (reader.TryRead(out var packet))
        {
            if (SenderReport.TryRead(packet, out var report) && _tracks.TryGetValue(report.Ssrc, out var track))
            {
                track.Intake.TakeReport(report.Ntp, report.RtpTimestamp, now);
            }
        }

        StrayPackets += reader.IsMalformed ? 1 : 0;
    }
}
