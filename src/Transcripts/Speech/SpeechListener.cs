using System.Buffers;
using System.Collections.Concurrent;
using System.Threading.Channels;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Opus;

namespace Roomcast.Transcripts.Speech;

/// <summary>Follows a session and hands on what its microphones say, piece by piece.</summary>
/// <remarks>
/// Packets are copied on the media's worker, into pooled memory, to a bounded queue and cut beside it; while the queue is full, packets are
/// lost and counted. Pieces wait in a bounded queue of their own: a service that does not keep up loses the newest. Disposed of when
/// nothing runs any more, whether or not it ever did.
/// </remarks>
internal sealed class SpeechListener : ISessionFollower, IDisposable
{
    private const int MaxPackets = 4_096;
    private const int MaxPieces = 512;
    private const int MaxTracks = 256;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    // What is missing is waited for no longer than this; then it is left out.
    private static readonly TimeSpan GapPatience = TimeSpan.FromMilliseconds(300);

    private readonly ConcurrentDictionary<uint, (string PeerId, string ProducerId)> _tracks = new();
    private readonly Dictionary<uint, (OpusPacketQueue Queue, SpeechCutter Cutter)> _lanes = [];
    private readonly Channel<Heard> _packets = Channel.CreateBounded<Heard>(
        new BoundedChannelOptions(MaxPackets) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly Channel<SpeechPiece> _pieces = Channel.CreateBounded<SpeechPiece>(
        new BoundedChannelOptions(MaxPieces) { FullMode = BoundedChannelFullMode.Wait });

    private readonly Func<string, bool> _mayHear;
    private readonly TimeSpan _longest;
    private readonly TimeProvider _time;
    private readonly ArrayPool<byte> _pool;
    private readonly long _startedAt;
    private long _lost;

    /// <summary>A listener.</summary>
    /// <param name="mayHear">Whether what a peer says is to be written down; asked from any thread.</param>
    /// <param name="longest">How long a piece is at most.</param>
    /// <param name="time">The clock.</param>
    /// <param name="pool">Where packets are kept; null for the shared one.</param>
    public SpeechListener(Func<string, bool> mayHear, TimeSpan longest, TimeProvider time, ArrayPool<byte>? pool = null)
    {
        _mayHear = mayHear;
        _longest = longest;
        _time = time;
        _pool = pool ?? ArrayPool<byte>.Shared;
        _startedAt = time.GetTimestamp();
    }

    /// <summary>What was said, for one reader or several. Completes when the session has ended and the last piece is out.</summary>
    public ChannelReader<SpeechPiece> Pieces => _pieces.Reader;

    /// <summary>Packets, and whole pieces, that were lost because cutting, or the service, did not keep up.</summary>
    public long Lost => Volatile.Read(ref _lost);

    public void OnStage(StageView stage)
    {
        // Who is on stage is no matter here: whoever sends sound is heard.
    }

    public void OnTrack(MediaProducer producer, uint ssrc, byte payloadType)
    {
        if (producer is { Kind: MediaKind.Audio, IsScreenShare: false } && _tracks.Count < MaxTracks)
        {
            _tracks[ssrc] = (producer.PeerId, producer.Id);
        }
    }

    public void OnTrackEnded(string producerId)
    {
        foreach (var (ssrc, _) in _tracks.Where(track => track.Value.ProducerId == producerId))
        {
            _tracks.TryRemove(ssrc, out _);
            _packets.Writer.TryWrite(new Heard(ssrc, "", null, 0, _time.GetUtcNow(), Elapsed));
        }
    }

    public void OnPacket(ReadOnlySpan<byte> packet, bool isRtcp)
    {
        if (isRtcp || !RtpHeader.TryRead(packet, out var header) || !_tracks.TryGetValue(header.Ssrc, out var track) || !_mayHear(track.PeerId))
        {
            return;
        }

        var bytes = _pool.Rent(packet.Length);
        packet.CopyTo(bytes);
        if (!_packets.Writer.TryWrite(new Heard(header.Ssrc, track.PeerId, bytes, packet.Length, _time.GetUtcNow(), Elapsed)))
        {
            _pool.Return(bytes);
            Interlocked.Increment(ref _lost);
        }
    }

    public void OnRoomEnded() => _tracks.Clear();

    public void OnEnded() => _packets.Writer.TryComplete();

    /// <summary>Takes nothing more, and gives back what nobody cut.</summary>
    public void Dispose()
    {
        _packets.Writer.TryComplete();
        while (_packets.Reader.TryRead(out var heard))
        {
            Return(heard);
        }
    }

    /// <summary>Cuts what comes until the session has ended.</summary>
    public async Task RunAsync()
    {
        // Looked at now and then too, since a pause is told by nothing.
        using var timer = new PeriodicTimer(LookInterval, _time);
        var next = timer.WaitForNextTickAsync().AsTask();
        var more = _packets.Reader.WaitToReadAsync().AsTask();
        try
        {
            while (true)
            {
                var done = await Task.WhenAny(more, next);
                if (done == next)
                {
                    next = timer.WaitForNextTickAsync().AsTask();
                }
                else if (!await more)
                {
                    return;
                }
                else
                {
                    while (_packets.Reader.TryRead(out var heard))
                    {
                        try
                        {
                            Take(heard);
                        }
                        finally
                        {
                            Return(heard);
                        }
                    }

                    more = _packets.Reader.WaitToReadAsync().AsTask();
                }

                LookAround();
            }
        }
        finally
        {
            foreach (var ssrc in _lanes.Keys.ToArray())
            {
                Close(ssrc);
            }

            _pieces.Writer.TryComplete();
        }
    }

    private TimeSpan Elapsed => _time.GetElapsedTime(_startedAt);

    private void Return(in Heard heard)
    {
        if (heard.Bytes is { } bytes)
        {
            _pool.Return(bytes);
        }
    }

    private void Take(in Heard heard)
    {
        if (heard.Bytes is null)
        {
            Close(heard.Ssrc);
            return;
        }

        var packet = heard.Bytes.AsSpan(0, heard.Length);
        if (!RtpHeader.TryRead(packet, out var header))
        {
            return;
        }

        if (!_lanes.TryGetValue(heard.Ssrc, out var lane))
        {
            _lanes.Add(heard.Ssrc, lane = (new OpusPacketQueue(), new SpeechCutter(heard.PeerId, _longest)));
        }

        lane.Queue.Add(header, header.PayloadOf(packet), heard.At);
        Cut(lane.Queue, lane.Cutter, heard.WallClock, heard.At, isLast: false);
    }

    private void LookAround()
    {
        foreach (var (queue, cutter) in _lanes.Values)
        {
            Cut(queue, cutter, _time.GetUtcNow(), Elapsed, isLast: false);
            Give(cutter.LookAround(_time.GetUtcNow()));
        }
    }

    private void Close(uint ssrc)
    {
        if (_lanes.Remove(ssrc, out var lane))
        {
            Cut(lane.Queue, lane.Cutter, _time.GetUtcNow(), Elapsed, isLast: true);
            Give(lane.Cutter.End());
            lane.Queue.Clear();
        }
    }

    private void Cut(OpusPacketQueue queue, SpeechCutter cutter, DateTimeOffset wallClock, TimeSpan now, bool isLast)
    {
        while (queue.TryPeek(out var next) && (isLast || next.Missing == 0 || now - next.ArrivedAt >= GapPatience))
        {
            if (!queue.TryTake(out var packet, out var data))
            {
                return;
            }

            Give(cutter.Take(data, wallClock - (now - packet.ArrivedAt)));
        }
    }

    private void Give(SpeechPiece? piece)
    {
        if (piece is not null && !_pieces.Writer.TryWrite(piece))
        {
            Interlocked.Increment(ref _lost);
        }
    }

    private readonly record struct Heard(uint Ssrc, string PeerId, byte[]? Bytes, int Length, DateTimeOffset WallClock, TimeSpan At);
}
