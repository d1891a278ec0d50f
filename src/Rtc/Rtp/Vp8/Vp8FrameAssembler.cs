using System.Buffers;

namespace Roomcast.Rtc.Rtp.Vp8;

/// <summary>Makes whole frames of VP8 packets that may come out of order, twice, late or not at all (RFC 7741 section 4).</summary>
/// <remarks>
/// <para>
/// Packets are held by their sequence number until the frame that comes next is whole. Nothing is given up by itself except
/// where the window of <see cref="MaxPackets"/> runs over: whoever holds the clock says when a gap has been waited for long
/// enough, with <see cref="SkipGap"/> or <see cref="TrySkipToKeyframe"/>.
/// </para>
/// <para>Not thread-safe; one per source. A packet's bytes are copied into pooled memory, which <see cref="Clear"/> gives back.</para>
/// </remarks>
public sealed class Vp8FrameAssembler
{
    /// <summary>Packets between the oldest that is waited for and the newest: some seconds of a large picture.</summary>
    public const int MaxPackets = 1_024;

    private const int MaxRestart = 4 * MaxPackets;

    private readonly SequenceUnwrapper _sequence = new();
    private readonly Slot[] _slots = new Slot[MaxPackets];
    private byte[] _frame = [];
    private long _next;
    private long _end;
    private bool _hasStarted;
    private byte _orientation;
    private bool _followsGap;

    /// <summary>Packets held.</summary>
    public int HeldPackets { get; private set; }

    /// <summary>Packets that never came, or came too late, among those given up.</summary>
    public long LostPackets { get; private set; }

    /// <summary>Takes a packet.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="payload">Its payload without padding; copied. Empty in packets that probe the bandwidth.</param>
    /// <param name="now">When it arrived.</param>
    /// <param name="orientation">The byte of the video orientation extension, where the packet has it.</param>
    public AssemblyOutcome Add(in RtpHeader header, ReadOnlySpan<byte> payload, TimeSpan now, byte? orientation = null)
    {
        var descriptor = default(Vp8PayloadDescriptor);
        if (!payload.IsEmpty && !Vp8PayloadDescriptor.TryRead(payload, out descriptor))
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

            Restart(header.SequenceNumber, out number);
        }
        else if (number >= _next + MaxPackets)
        {
            if (number >= _next + MaxRestart)
            {
                Restart(header.SequenceNumber, out number);
            }
            else
            {
                GiveUpBefore(number - MaxPackets + 1);
            }
        }

        ref var slot = ref _slots[Index(number)];
        if (slot.IsUsed)
        {
            return AssemblyOutcome.Duplicate;
        }

        var data = payload[descriptor.Length..];
        slot = new Slot
        {
            IsUsed = true,
            Timestamp = header.Timestamp,
            IsLast = header.Marker,
            StartsFrame = descriptor.StartsFrame && !payload.IsEmpty,
            IsKeyframe = descriptor.StartsKeyframe,
            Width = (ushort)descriptor.Width,
            Height = (ushort)descriptor.Height,
            ArrivedAt = now,
            Orientation = orientation,
            Length = data.Length,
        };
        if (!data.IsEmpty)
        {
            slot.Bytes = ArrayPool<byte>.Shared.Rent(data.Length);
            data.CopyTo(slot.Bytes);
        }

        HeldPackets++;
        _end = Math.Max(_end, number + 1);
        return AssemblyOutcome.Held;
    }

    /// <summary>Looks at the next frame, in the order of sending, without taking it.</summary>
    /// <returns>False when it is not whole yet.</returns>
    public bool TryPeek(out Vp8Frame frame)
    {
        PassOver();
        return TryOutline(_next, out frame, out _);
    }

    /// <summary>Takes the next frame.</summary>
    /// <param name="frame">What is known of it.</param>
    /// <param name="data">Its data, lent until the next call.</param>
    /// <returns>False when it is not whole yet.</returns>
    public bool TryTake(out Vp8Frame frame, out ReadOnlySpan<byte> data)
    {
        PassOver();
        data = default;
        if (!TryOutline(_next, out frame, out var end))
        {
            return false;
        }

        _orientation = frame.Orientation;
        if (_frame.Length < frame.Length)
        {
            _frame = new byte[Math.Max(frame.Length, 2 * _frame.Length)];
        }

        var at = 0;
        while (_next < end)
        {
            ref var slot = ref _slots[Index(_next)];
            slot.Bytes?.AsSpan(0, slot.Length).CopyTo(_frame.AsSpan(at));
            at += slot.Length;
            Drop(_next++);
        }

        _followsGap = false;
        data = _frame.AsSpan(0, at);
        return true;
    }

    /// <summary>Whether packets are held that cannot become frames because something before or among them is missing so far.</summary>
    /// <param name="timestamp">The timestamp of the first of them.</param>
    public bool IsWaiting(out uint timestamp)
    {
        PassOver();
        timestamp = 0;
        if (TryOutline(_next, out _, out _))
        {
            return false;
        }

        for (var number = _next; number < _end; number++)
        {
            ref var slot = ref _slots[Index(number)];
            if (slot.IsUsed && slot.Length > 0)
            {
                timestamp = slot.Timestamp;
                return true;
            }
        }

        return false;
    }

    /// <summary>Gives up what is missing, and the frame it is missing from: goes on at the next frame's beginning that is held.</summary>
    public void SkipGap()
    {
        PassOver();
        if (_next >= _end || TryOutline(_next, out _, out _))
        {
            return;
        }

        var at = _next + 1;
        while (at < _end && !_slots[Index(at)].StartsFrame)
        {
            at++;
        }

        GiveUpBefore(at);
    }

    /// <summary>Gives up everything before the next keyframe that is whole.</summary>
    /// <returns>False, with nothing changed, when none is held.</returns>
    public bool TrySkipToKeyframe()
    {
        PassOver();
        for (var number = _next; number < _end; number++)
        {
            ref var slot = ref _slots[Index(number)];
            if (slot.IsKeyframe && TryOutline(number, out _, out _))
            {
                GiveUpBefore(number);
                return true;
            }
        }

        return false;
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
        _followsGap = false;
    }

    private static int Index(long number) => (int)(number & (MaxPackets - 1));

    private void Begin(long number)
    {
        _hasStarted = true;
        _next = _end = number;
    }

    private void Restart(ushort sequenceNumber, out long number)
    {
        Clear();
        number = _sequence.Unwrap(sequenceNumber);
        Begin(number);
        _followsGap = true;
    }

    /// <summary>Passes over what can be part of no frame: padding, and the rest of a frame whose beginning is gone.</summary>
    private void PassOver()
    {
        while (_next < _end)
        {
            ref var slot = ref _slots[Index(_next)];
            if (!slot.IsUsed || slot.StartsFrame)
            {
                return;
            }

            _followsGap |= slot.Length > 0;
            Drop(_next++);
        }
    }

    private bool TryOutline(long first, out Vp8Frame frame, out long end)
    {
        frame = default;
        end = first;
        ref var start = ref _slots[Index(first)];
        if (first >= _end || !start.IsUsed || !start.StartsFrame)
        {
            return false;
        }

        var length = 0;
        var completedAt = start.ArrivedAt;
        byte? orientation = null;
        var isWhole = false;
        while (end < _end && _slots[Index(end)].IsUsed)
        {
            ref var slot = ref _slots[Index(end)];
            if (slot.Length > 0 && slot.Timestamp != start.Timestamp)
            {
                isWhole = true; // The marker was left out: what follows in sequence is of another frame.
                break;
            }

            length += slot.Length;
            completedAt = slot.ArrivedAt > completedAt ? slot.ArrivedAt : completedAt;
            orientation = slot.Orientation ?? orientation;
            end++;
            if (slot.IsLast)
            {
                isWhole = true;
                break;
            }
        }

        if (!isWhole)
        {
            return false;
        }

        frame = new Vp8Frame
        {
            Timestamp = start.Timestamp,
            IsKeyframe = start.IsKeyframe,
            FollowsGap = _followsGap || first != _next,
            Width = start.Width,
            Height = start.Height,
            Length = length,
            CompletedAt = completedAt,
            Orientation = orientation ?? (start.IsKeyframe ? (byte)0 : _orientation),
        };
        return true;
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
        _followsGap = true;
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
        public bool StartsFrame;
        public bool IsKeyframe;
        public bool IsLast;
        public ushort Width;
        public ushort Height;
        public uint Timestamp;
        public byte? Orientation;
        public int Length;
        public TimeSpan ArrivedAt;
        public byte[]? Bytes;
    }
}
