using System.Buffers;
using System.Buffers.Binary;

namespace Roomcast.Meetings.Media;

/// <summary>Hears what a room asks of a source in it.</summary>
/// <remarks>Called on the room's worker, which must not be held up: no call blocks or throws.</remarks>
public interface IMediaSourceListener
{
    /// <summary>Somebody who receives the picture needs a keyframe. Wishes of many come as one, 300 ms apart at least.</summary>
    void OnKeyframeWanted();
}

/// <summary>
/// Sends a picture, sound or both into a room without a transport: what the server itself has to show. To everybody who receives
/// it, it is a peer's like any other. Thread-safe; no call blocks.
/// </summary>
public sealed class MediaSource : IAsyncDisposable
{
    /// <summary>Payload type of its Opus.</summary>
    public const byte OpusPayloadType = 111;

    /// <summary>Payload type of its VP8.</summary>
    public const byte Vp8PayloadType = 96;

    /// <summary>Source of its sound.</summary>
    public const uint SoundSsrc = 0x1001;

    /// <summary>Source of its picture.</summary>
    public const uint PictureSsrc = 0x1002;

    // What waits for the worker: some seconds of a picture. A worker that is held up for longer loses the rest.
    private const int MaxWaiting = 4 << 20;
    private const int HeaderLength = 3;

    private readonly IMediaWorker _worker;
    private readonly MediaEngine _engine;
    private readonly RoomSource _source;
    private readonly Action<TimeSpan> _take;
    private readonly Lock _lock = new();
    private ArrayBufferWriter<byte> _gathering = new(64 << 10);
    private ArrayBufferWriter<byte> _taking = new(64 << 10);
    private bool _isPosted;

    internal MediaSource(MediaEngine engine, RoomSource source, IReadOnlyList<MediaProducer> producers)
    {
        _engine = engine;
        _worker = engine.Worker;
        _source = source;
        Producers = producers;
        _take = Take;
    }

    /// <summary>What it sends, as others are told of it.</summary>
    public IReadOnlyList<MediaProducer> Producers { get; }

    /// <summary>Sends a packet. What the room cannot take any more is dropped.</summary>
    /// <param name="packet">RTP of one of the sources above, or an RTCP compound of their sender reports; in the clear.</param>
    /// <param name="isRtcp">Whether it is RTCP.</param>
    public void Send(ReadOnlySpan<byte> packet, bool isRtcp)
    {
        lock (_lock)
        {
            if (packet.Length > ushort.MaxValue || _gathering.WrittenCount + packet.Length > MaxWaiting)
            {
                return;
            }

            var room = _gathering.GetSpan(HeaderLength + packet.Length);
            BinaryPrimitives.WriteUInt16BigEndian(room, (ushort)packet.Length);
            room[2] = isRtcp ? (byte)1 : (byte)0;
            packet.CopyTo(room[HeaderLength..]);
            _gathering.Advance(HeaderLength + packet.Length);
            if (_isPosted)
            {
                return;
            }

            // Before it is posted: it may be done at once.
            _isPosted = true;
            if (!_worker.TryPost(_take))
            {
                _isPosted = false;
            }
        }
    }

    /// <summary>Stops sending. The producers end with the peer's leaving.</summary>
    public ValueTask DisposeAsync()
    {
        _worker.TryPost(_ => _source.Close());
        return ValueTask.CompletedTask;
    }

    private void Take(TimeSpan now)
    {
        lock (_lock)
        {
            (_gathering, _taking) = (_taking, _gathering);
            _isPosted = false;
        }

        try
        {
            var rest = _taking.WrittenSpan;
            while (rest.Length >= HeaderLength)
            {
                var length = BinaryPrimitives.ReadUInt16BigEndian(rest);
                _source.Take(rest.Slice(HeaderLength, length), rest[2] == 1, now);
                rest = rest[(HeaderLength + length)..];
            }
        }
        catch (Exception fault)
        {
            _engine.Fail(_source.Room, _source.Room.AskerOf(_source.Peer.Id, TransportDirection.FromPeer), fault, now);
        }
        finally
        {
            _taking.ResetWrittenCount();
        }
    }
}
