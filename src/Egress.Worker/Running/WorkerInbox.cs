using Roomcast.Egress.Composition;
using Roomcast.Media.Buffers;

namespace Roomcast.Egress.Worker.Running;

/// <summary>What the server sent, between the thread that reads and the thread that composes.</summary>
/// <remarks>
/// Bounded by <see cref="MaxPackets"/>, some five seconds of a large session: beyond it new packets are dropped and counted, which
/// the intake then meets as loss. Of scenes only the newest is kept. Thread-safe.
/// </remarks>
internal sealed class WorkerInbox
{
    /// <summary>Most packets that wait.</summary>
    public const int MaxPackets = 16_384;

    private readonly Lock _lock = new();
    private readonly Queue<ReceivedPacket> _packets = new();
    private Scene? _scene;
    private ulong? _ping;

    /// <summary>Packets that found no room.</summary>
    public long Dropped { get; private set; }

    /// <summary>Puts a packet in.</summary>
    public void Add(ReadOnlySpan<byte> packet, bool isRtcp, long arrivedAt)
    {
        var buffer = MediaBuffer.Rent(packet.Length);
        packet.CopyTo(buffer.Span);
        lock (_lock)
        {
            if (_packets.Count < MaxPackets)
            {
                _packets.Enqueue(new ReceivedPacket(buffer, isRtcp, arrivedAt));
                return;
            }

            Dropped++;
        }

        buffer.Release();
    }

    /// <summary>Puts the newest scene in.</summary>
    public void SetScene(Scene scene)
    {
        lock (_lock)
        {
            _scene = scene;
        }
    }

    /// <summary>Notes that an answer is wanted.</summary>
    public void SetPing(ulong ping)
    {
        lock (_lock)
        {
            _ping = ping;
        }
    }

    /// <summary>Takes the scene, when there is a new one.</summary>
    public Scene? TakeScene()
    {
        lock (_lock)
        {
            (var scene, _scene) = (_scene, null);
            return scene;
        }
    }

    /// <summary>Takes the ping, when one is to be answered.</summary>
    public ulong? TakePing()
    {
        lock (_lock)
        {
            (var ping, _ping) = (_ping, null);
            return ping;
        }
    }

    /// <summary>Takes the oldest packet. Whoever takes it releases its buffer.</summary>
    public bool TryTake(out ReceivedPacket packet)
    {
        lock (_lock)
        {
            return _packets.TryDequeue(out packet);
        }
    }
}

/// <summary>A packet as it arrived.</summary>
/// <param name="Buffer">Its bytes, with one reference.</param>
/// <param name="IsRtcp">Whether it is RTCP.</param>
/// <param name="ArrivedAt">Timestamp of the monotonic clock.</param>
internal readonly record struct ReceivedPacket(MediaBuffer Buffer, bool IsRtcp, long ArrivedAt);
