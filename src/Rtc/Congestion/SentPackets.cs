using Roomcast.Rtc.Rtp;

namespace Roomcast.Rtc.Congestion;

/// <summary>What was sent lately over a transport, by its transport-wide number.</summary>
/// <remarks>
/// A ring that grows with the rate until it reaches back two seconds, as far as that takes no more than
/// <see cref="MaxCapacity"/> packets; reports come every 100 ms. Not thread-safe.
/// </remarks>
internal sealed class SentPackets
{
    private const int MinCapacity = 64;
    private const int MaxCapacity = 8192;

    private static readonly TimeSpan Reach = TimeSpan.FromSeconds(2);

    private SentPacket[] _packets = new SentPacket[MinCapacity];
    private readonly SequenceUnwrapper _reported = new();
    private long _next;
    private bool _hasReported;
    private long _offset;

    /// <summary>Notes a packet that leaves now.</summary>
    /// <returns>Its number, for the header extension.</returns>
    public ushort Add(int bytes, int probeCluster, TimeSpan now)
    {
        var number = _next++;
        ref readonly var oldest = ref _packets[number % _packets.Length];
        if (oldest.IsOpen && now - oldest.SentAt < Reach && _packets.Length < MaxCapacity)
        {
            Grow(number);
        }

        _packets[number % _packets.Length] = new SentPacket(number, bytes, probeCluster, now, IsOpen: true);
        return unchecked((ushort)number);
    }

    /// <summary>Takes the packet of a number of ours, which is about to be sent again: what is reported of it from now on may
    /// be meant for either sending.</summary>
    public bool TryTakeOwn(ushort number)
    {
        var full = _next - 1 - unchecked((ushort)(_next - 1 - number));
        if (full < 0)
        {
            return false;
        }

        ref var slot = ref _packets[full % _packets.Length];
        var isOpen = slot.Number == full && slot.IsOpen;
        if (isOpen)
        {
            slot = slot with { IsOpen = false };
        }

        return isOpen;
    }

    /// <summary>Takes the packet of a reported number. Each is found once.</summary>
    public bool TryTake(ushort number, out SentPacket packet)
    {
        var unwrapped = _reported.Unwrap(number);
        if (!_hasReported)
        {
            // The first report may come after wraps of our own count.
            _hasReported = true;
            _offset = _next - 1 - unchecked((ushort)(_next - 1 - number)) - unwrapped;
        }

        unwrapped += _offset;
        packet = default;
        if (unwrapped < 0 || unwrapped >= _next)
        {
            return false;
        }

        ref var slot = ref _packets[unwrapped % _packets.Length];
        if (slot.Number != unwrapped || !slot.IsOpen)
        {
            return false;
        }

        packet = slot;
        slot = slot with { IsOpen = false };
        return true;
    }

    private void Grow(long next)
    {
        var old = _packets;
        _packets = new SentPacket[2 * old.Length];
        for (var number = Math.Max(0, next - old.Length); number < next; number++)
        {
            _packets[number % _packets.Length] = old[number % old.Length];
        }
    }
}

/// <summary>One packet that was sent.</summary>
/// <param name="Number">Its transport-wide number, without wraps.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="ProbeCluster">The probe that it was part of; 0 for none.</param>
/// <param name="SentAt">When.</param>
/// <param name="IsOpen">Whether its fate is still unknown.</param>
internal readonly record struct SentPacket(long Number, int Bytes, int ProbeCluster, TimeSpan SentAt, bool IsOpen);
