using System.Buffers;
using System.Buffers.Binary;
using System.Threading.Channels;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Vp8;

namespace Roomcast.Egress.Composition;

/// <summary>What waits to be written to a worker: the newest scene, and packets in the order they came. Thread-safe.</summary>
/// <remarks>
/// Bounded by <see cref="MaxBytes"/>. Above half of it a picture's packets are dropped until its next keyframe finds room, so that
/// sound, a fiftieth of the bytes, goes on; sound and reports are dropped when it is full. Dropped packets leave gaps in the sequence
/// numbers, by which the worker knows.
/// </remarks>
internal sealed class PacketOutbox
{
    /// <summary>Most bytes of packets that wait: some two seconds of nine cameras.</summary>
    public const int MaxBytes = 2 << 20;

    private readonly Lock _lock = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Dictionary<uint, bool> _isHeldBack = [];
    private ArrayBufferWriter<byte> _packets = new(64 * 1024);
    private Scene? _scene;
    private ulong? _ping;
    private bool _stops;

    /// <summary>Packets dropped.</summary>
    public long Dropped { get; private set; }

    /// <summary>Takes the scene as it is now, in place of one that still waits.</summary>
    public void SetScene(Scene scene)
    {
        lock (_lock)
        {
            _scene = scene;
            foreach (var ssrc in _isHeldBack.Keys)
            {
                if (!scene.Peers.Any(peer => peer.Camera?.Ssrc == ssrc || peer.Screen?.Ssrc == ssrc))
                {
                    _isHeldBack.Remove(ssrc);
                }
            }

            foreach (var peer in scene.Peers)
            {
                AddPicture(peer.Camera);
                AddPicture(peer.Screen);
            }
        }

        Signal();
    }

    /// <summary>Takes a packet, or drops it.</summary>
    public void Add(ReadOnlySpan<byte> packet, bool isRtcp)
    {
        lock (_lock)
        {
            if (packet.Length > WireMessage.MaxPacketLength || !HasRoom(packet, isRtcp))
            {
                Dropped++;
                return;
            }

            WireMessage.Write(isRtcp ? WireKind.Rtcp : WireKind.Rtp, packet, _packets);
        }

        Signal();
    }

    /// <summary>Asks for an answer.</summary>
    public void Ping(ulong ping)
    {
        lock (_lock)
        {
            _ping = ping;
        }

        Signal();
    }

    /// <summary>Asks the worker to end, after what waits.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _stops = true;
        }

        Signal();
    }

    /// <summary>Waits until something is to be written.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken) => await _signal.Reader.ReadAsync(cancellationToken);

    /// <summary>Takes all that waits.</summary>
    /// <param name="spare">An empty buffer, which takes the place of the one that is given.</param>
    /// <returns>What is to be written now.</returns>
    public ArrayBufferWriter<byte> Take(ArrayBufferWriter<byte> spare)
    {
        lock (_lock)
        {
            var taken = _packets;
            if (_scene is null && _ping is null)
            {
                _packets = spare;
            }
            else
            {
                // The scene comes before the packets of those it brings.
                if (_scene is { } scene)
                {
                    WireJson.Write(WireKind.Scene, scene, spare);
                }

                if (_ping is { } ping)
                {
                    BinaryPrimitives.WriteUInt64BigEndian(WireMessage.Write(WireKind.Ping, 8, spare), ping);
                }

                (_scene, _ping) = (null, null);
                spare.Write(taken.WrittenSpan);
                taken.ResetWrittenCount();
                taken = spare;
            }

            if (_stops)
            {
                WireMessage.Write(WireKind.Stop, 0, taken);
                _stops = false;
            }

            return taken;
        }
    }

    private void AddPicture(SceneTrack? track)
    {
        if (track is not null)
        {
            _isHeldBack.TryAdd(track.Ssrc, false);
        }
    }

    private bool HasRoom(ReadOnlySpan<byte> packet, bool isRtcp)
    {
        var after = _packets.WrittenCount + WireMessage.HeaderLength + packet.Length;
        if (isRtcp || !RtpHeader.TryRead(packet, out var header) || !_isHeldBack.TryGetValue(header.Ssrc, out var isHeldBack))
        {
            return after <= MaxBytes;
        }

        if (after > MaxBytes / 2)
        {
            _isHeldBack[header.Ssrc] = true;
            return false;
        }

        if (isHeldBack && !(Vp8PayloadDescriptor.TryRead(header.PayloadOf(packet), out var descriptor) && descriptor.StartsKeyframe))
        {
            return false;
        }

        _isHeldBack[header.Ssrc] = false;
        return true;
    }

    private void Signal() => _signal.Writer.TryWrite(true);
}
