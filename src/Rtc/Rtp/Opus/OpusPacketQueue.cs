using System.Buffers;

namespace Roomcast.Rtc.Rtp.Opus;

/// <summary>What is known of a packet of Opus that comes next. A plain value; the data is apart.</summary>
/// <param name="Timestamp">When it was sampled, in units of 48 kHz, modulo 2^32.</param>
/// <param name="Duration">How long it sounds.</param>
/// <param name="ArrivedAt">When it arrived.</param>
/// <param name="Missing">Packets before it that are missing.</param>
public readonly record struct QueuedOpus(uint Timestamp, TimeSpan Duration, TimeSpan ArrivedAt, int Missing);

/// <summary>Puts packets of Opus in the order of sending; they may come out of order, twice, late or not at all (RFC 7587 section 4).</summary>
/// <remarks>
/// What is missing is waited for as long as its user likes: the next one that is held can be looked at all the while, and
/// taking it gives up what is missing before it. Not thread-safe; one per source. Bytes are copied into pooled memory, which
/// <see cref="Clear"/> gives back.
/// </remarks>
public sealed class OpusPacketQueue
{
    /// <summary>Packets between the oldest that is waited for and the newest: five seconds and more.</summary>
    public const int MaxPackets = 256;

    /// <summary>Longest payload that is taken, in bytes; an Opus packet of 120 ms has 7,650 at most.</summary>
    public const int MaxPayloadLength = 8_000;

    private const int MaxRestart = 4 * MaxPackets;

    private readonly SequenceUnwrapper _sequence = new();
    private readonly Slot[] _slots = new Slot[MaxPackets];
    private byte[] _lent = [];
    private long _next;
    private long _end;
    private bool _hasStarted;

    /// <summary>Packets held.</summary>
    public int HeldPackets { get; private set; }

    /// <summary>Packets given up.</summary>
    public long LostPackets { get; private set; }

    /// <summary>Takes a packet. Padding without payload only fills its place.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="payload">Its payload without padding; copied.</param>
    /// <param name="now">When it arrived.</param>
    public AssemblyOutcome Add(in RtpHeader header, ReadOnlySpan<byte> payload, TimeSpan now)
    {
        var read = default(OpusPayload);
        if (payload.Length > MaxPayloadLength || (!payload.IsEmpty && !OpusPayload.TryRead(payload, out read)))
        {
            return AssemblyOutcome.Malformed;
        }

        var number = _sequence.Unwrap(header.SequenceNumber);
        if (!_hasStarted)
        {
            Begin(number);
        }

        if (number < _next)
        {
            if (number >= _next - MaxRestart)
            {
                return AssemblyOutcome.Late;
            }

            number = Restart(header.SequenceNumber);
        }
        else if (number >= _next + MaxRestart)
        {
            number = Restart(header.SequenceNumber);
        }
        else if (number >= _next + MaxPackets)
        {
            GiveUpBefore(number - MaxPackets + 1);
        }

        ref var slot = ref _slots[Index(number)];
        if (slot.IsUsed)
        {
            return AssemblyOutcome.Duplicate;
        }

        slot = new Slot
        {
            IsUsed = true,
            Timestamp = header.Timestamp,
            Duration = read.Duration,
            ArrivedAt = now,
            Length = payload.Length,
        };
        if (!payload.IsEmpty)
        {
            slot.Bytes = ArrayPool<byte>.Shared.Rent(payload.Length);
            payload.CopyTo(slot.Bytes);
        }

        HeldPackets++;
        _end = Math.Max(_end, number + 1);
        return AssemblyOutcome.Held;
    }

    /// <summary>Looks at the next packet that is held, whatever is missing before it.</summary>
    /// <returns>False when none is.</returns>
    public bool TryPeek(out QueuedOpus packet)
    {
        var missing = 0;
        for (var number = _next; number < _end; number++)
        {
            ref var slot = ref _slots[Index(number)];
            if (!slot.IsUsed)
            {
                missing++;
            }
            else if (slot.Length > 0)
            {
                packet = new QueuedOpus(slot.Timestamp, slot.Duration, slot.ArrivedAt, missing);
                return true;
            }
            else if (missing == 0)
            {
                Drop(number);
                _next = number + 1;
            }
        }

        packet = default;
        return false;
    }

    /// <summary>Takes the next packet that is held, and gives up what is missing before it.</summary>
    /// <param name="packet">What is known of it.</param>
    /// <param name="data">Its payload, lent until the next call.</param>
    /// <returns>False when none is held.</returns>
    public bool TryTake(out QueuedOpus packet, out ReadOnlySpan<byte> data)
    {
        data = default;
        if (!TryPeek(out packet))
        {
            return false;
        }

        var number = _next;
        while (_slots[Index(number)] is not { IsUsed: true, Length: > 0 })
        {
            number++;
        }

        GiveUpBefore(number);
        ref var slot = ref _slots[Index(number)];
        if (_lent.Length < slot.Length)
        {
            _lent = new byte[MaxPayloadLength];
        }

        slot.Bytes.AsSpan(0, slot.Length).CopyTo(_lent);
        data = _lent.AsSpan(0, slot.Length);
        Drop(number);
        _next = number + 1;
        return true;
    }

    /// <summary>Forgets everything; the next packet begins anew.</summary>
    public void Clear()
    {
        for (var number = _next; number < _end; number++)
        {
            Drop(number);
        }

        _sequence.Reset();
        _hasStarted = false;
    }

    private static int Index(long number) => (int)(number & (MaxPackets - 1));

    private void Begin(long number)
    {
        _hasStarted = true;
        _next = _end = number;
    }

    private long Restart(ushort sequenceNumber)
    {
        Clear();
        var number = _sequence.Unwrap(sequenceNumber);
        Begin(number);
        return number;
    }

    private void GiveUpBefore(long number)
    {
        for (; _next < number; _next++)
        {
            if (_next >= _end || !_slots[Index(_next)].IsUsed)
            {
                LostPackets++;
            }

            Drop(_next);
        }

        _end = Math.Max(_end, _next);
    }

    private void Drop(long number)
    {
        ref var slot = ref _slots[Index(number)];
        if (!slot.IsUsed)
        {
            return;
        }

        if (slot.Bytes is { } bytes)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }

        slot = default;
        HeldPackets--;
    }

    private struct Slot
    {
        public bool IsUsed;
        public uint Timestamp;
        public TimeSpan Duration;
        public TimeSpan ArrivedAt;
        public int Length;
        public byte[]? Bytes;
    }
}
