using System.Buffers;
using System.Threading.Channels;
using Roomcast.Egress.Composition;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;

namespace Roomcast.Egress.Recording.Tracks;

/// <summary>Records each track of a session as files of its own. All files count their time from the beginning of the recording.</summary>
internal sealed class TrackCapture : ICapture, ICompositionInput
{
    private const int MaxWaiting = 8_192; // What does not fit is dropped: some seconds of a large meeting.
    private const int MaxLanes = 1_000;
    private const int MaxPacketLength = 2_048;
    private const int LargestHeight = 1_080;

    private static readonly TimeSpan EndPatience = TimeSpan.FromMinutes(1);

    private readonly Channel<Arrival> _arrivals = Channel.CreateBounded<Arrival>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly Dictionary<uint, TrackLane> _lanes = [];
    private readonly RecordingRecord _record;
    private readonly RecordingParts _parts;
    private readonly long _beganAt;
    private readonly DateTimeOffset _began;
    private ICompositionReturn? _back;
    private Scene? _scene; // The newest that was not read so far.
    private TimeSpan _pausedFor;
    private TimeSpan? _pausedAt;
    private long _dropped;
    private bool _hasEnded;

    private TrackCapture(RecordingRecord record, RecordingParts parts)
    {
        _record = record;
        _parts = parts;
        _beganAt = parts.Clock.GetTimestamp();
        _began = parts.Clock.GetUtcNow();
    }

    // Those who are muted send nothing, and it is recorded all the same that nobody spoke.
    public TimeSpan Recorded => (_pausedAt ?? Now) - _pausedFor;

    public DateTimeOffset? BeganAt => _lanes.Values.Any(lane => lane.HasStarted) ? _began : null;

    public bool RunsByClock => _pausedAt is null;

    public long DroppedFrames => Interlocked.Read(ref _dropped);

    public string? PushFault => null;

    private TimeSpan Now => _parts.Clock.GetElapsedTime(_beganAt);

    /// <summary>Connects to a session.</summary>
    /// <exception cref="CompositionException">There is no such session.</exception>
    public static async Task<ICapture> OpenAsync(
        RecordingRecord record, ICompositionSource source, RecordingParts parts, CancellationToken cancellationToken)
    {
        var capture = new TrackCapture(record, parts);
        capture._back = await source.ConnectAsync(record.SessionId, capture, cancellationToken)
            ?? throw new CompositionException(CompositionRefusal.NoSession, "The session has ended.");
        return capture;
    }

    /// <inheritdoc/>
    public bool IsComposition => false;

    // Beside the packets, since it must not be lost however many of them wait: who is not in a scene that is read is not recorded.
    public void SetScene(Scene scene)
    {
        if (Interlocked.Exchange(ref _scene, scene) is null)
        {
            _arrivals.Writer.TryWrite(default); // Wakes the reader. Where there is no room, what fills it does.
        }
    }

    public void TakePacket(ReadOnlySpan<byte> packet, bool isRtcp)
    {
        if (packet.Length is 0 or > MaxPacketLength)
        {
            return;
        }

        var bytes = ArrayPool<byte>.Shared.Rent(packet.Length);
        packet.CopyTo(bytes);
        if (!_arrivals.Writer.TryWrite(new Arrival(bytes, packet.Length, isRtcp, Now)))
        {
            ArrayPool<byte>.Shared.Return(bytes);
            Interlocked.Increment(ref _dropped);
        }
    }

    public void End() => _arrivals.Writer.TryComplete();

    public async ValueTask<bool> WaitAsync()
    {
        _hasEnded |= !await _arrivals.Reader.WaitToReadAsync();
        return true;
    }

    public CaptureReading Read()
    {
        while (_arrivals.Reader.TryRead(out var arrival))
        {
            FollowNewest(); // Before the packets of those it brings, which are written after it was set.
            if (arrival.Bytes is not { } bytes)
            {
                continue;
            }

            try
            {
                Take(bytes.AsSpan(0, arrival.Length), arrival.IsRtcp, arrival.At);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(bytes);
            }
        }

        FollowNewest();

        var hasMedia = false;
        foreach (var lane in _lanes.Values)
        {
            lane.Write(Now, _pausedAt is not null, _pausedFor);
            WantKeyframe(lane);
            hasMedia |= lane.HasStarted;
        }

        return new CaptureReading(hasMedia, _hasEnded);
    }

    public void Pause()
    {
        Read();
        _pausedAt ??= Now;
    }

    public void Resume()
    {
        if (_pausedAt is { } since)
        {
            _pausedFor += Now - since;
            _pausedAt = null;
            foreach (var lane in _lanes.Values)
            {
                lane.Resume();
                WantKeyframe(lane);
            }
        }
    }

    public void Close()
    {
        Read();
        foreach (var lane in _lanes.Values)
        {
            // Nothing that is missing will come any more.
            lane.Write(Now + EndPatience, _pausedAt is not null, _pausedFor);
            lane.Close();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_back is not null)
        {
            await _back.DisposeAsync();
        }

        _arrivals.Writer.TryComplete();
        while (_arrivals.Reader.TryRead(out var arrival))
        {
            if (arrival.Bytes is { } bytes)
            {
                ArrayPool<byte>.Shared.Return(bytes);
            }
        }

        foreach (var lane in _lanes.Values)
        {
            lane.Dispose();
        }
    }

    private void FollowNewest()
    {
        if (Interlocked.Exchange(ref _scene, null) is not { } scene)
        {
            return;
        }

        foreach (var peer in scene.Peers)
        {
            Follow(peer, peer.Microphone, "peer");
            Follow(peer, peer.ScreenSound, "screenshare");
            if (_record.Plan.RecordsPictures)
            {
                Follow(peer, peer.Camera, "peer");
                Follow(peer, peer.Screen, "screenshare");
            }
        }
    }

    private void Follow(ScenePeer peer, SceneTrack? track, string streamKind)
    {
        if (track is null || _lanes.ContainsKey(track.Ssrc) || _lanes.Count >= MaxLanes)
        {
            return;
        }

        var owner = _parts.Sessions.FindPeer(_record.SessionId, peer.Id);
        var wanted = _record.Plan.UserIds;
        if (wanted.Count > 0 && !(owner is not null && (wanted.Contains(owner.ParticipantId) || wanted.Contains(owner.CustomId))))
        {
            return;
        }

        var lane = new TrackLane(
            peer.Id,
            track,
            () => Path.Combine(
                _parts.Folder.Of(_record.Id),
                TrackFiles.NameOf(_record, owner?.ParticipantId ?? "", peer.Id, streamKind, track.Codec, _parts.Clock.GetUtcNow())),
            _parts.Disk);
        _lanes.Add(track.Ssrc, lane);
        if (lane.IsPicture)
        {
            _back?.PreferHeight(track.Ssrc, LargestHeight);
        }

        WantKeyframe(lane);
    }

    private void WantKeyframe(TrackLane lane)
    {
        if (lane.WantsKeyframe(Now))
        {
            _back?.WantKeyframe(lane.Ssrc);
        }
    }

    private void Take(ReadOnlySpan<byte> packet, bool isRtcp, TimeSpan at)
    {
        if (isRtcp)
        {
            var reader = new RtcpReader(packet);
            while (reader.TryRead(out var part))
            {
                if (part.Type is RtcpType.SenderReport && SenderReport.TryRead(part, out var report)
                    && _lanes.TryGetValue(report.Ssrc, out var reported))
                {
                    reported.TakeReport(report.Ntp, report.RtpTimestamp, at, _lanes.Values);
                }
            }
        }
        else if (RtpHeader.TryRead(packet, out var header) && _lanes.TryGetValue(header.Ssrc, out var lane))
        {
            lane.Take(header, packet, at);
        }
    }

    private readonly record struct Arrival(byte[]? Bytes, int Length, bool IsRtcp, TimeSpan At);
}
