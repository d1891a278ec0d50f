using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtcp;

/// <summary>Which packets of a transport arrived, and when (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).</summary>
/// <remarks>Walks over the packets without unpacking them into memory.</remarks>
public ref struct TransportFeedback
{
    /* | base sequence number:16 | packet status count:16 |
       | reference time:24, in 64 ms | feedback count:8   |
       | status chunks: 16 each | deltas: 8 or 16 each    |

       chunk: |0| symbol:2 | run length:13 |   |1|0| 14 symbols of 1 bit |   |1|1| 7 symbols of 2 bits |
       symbol: 0 not received, 1 received with a delta of 8 bits, 2 with one of 16; deltas in 250 µs
    */
    private const int FixedControlLength = 8;
    private const int SmallDelta = 1;
    private const int LargeDelta = 2;
    private const int MaxRunLength = (1 << 13) - 1;

    /// <summary>Packets that one report may cover: some seconds' worth, so that a small packet cannot cost long work.</summary>
    public const int MaxPackets = 4096;

    private static readonly TimeSpan ReferenceUnit = TimeSpan.FromMilliseconds(64);
    private static readonly TimeSpan DeltaUnit = TimeSpan.FromMicroseconds(250);

    private readonly ReadOnlySpan<byte> _control;
    private ushort _next;
    private int _left;
    private int _chunkAt;
    private int _deltaAt;
    private ushort _chunk;
    private int _chunkLeft;
    private long _ticks;

    private TransportFeedback(ReadOnlySpan<byte> body, int deltaAt)
    {
        SenderSsrc = Feedback.SenderOf(body);
        MediaSsrc = Feedback.MediaOf(body);
        _control = body[Feedback.FixedLength..];
        BaseSequenceNumber = BinaryPrimitives.ReadUInt16BigEndian(_control);
        PacketCount = BinaryPrimitives.ReadUInt16BigEndian(_control[2..]);
        FeedbackCount = _control[7];
        _next = BaseSequenceNumber;
        _left = PacketCount;
        _chunkAt = FixedControlLength;
        _deltaAt = deltaAt;
        _ticks = (BinaryPrimitives.ReadInt32BigEndian(_control[4..]) >> 8) * ReferenceUnit.Ticks;
    }

    /// <summary>Who reports.</summary>
    public uint SenderSsrc { get; }

    /// <summary>One of the sources that the report is about. Chromium ignores a report that names none of its own.</summary>
    public uint MediaSsrc { get; }

    /// <summary>Number of the first packet covered.</summary>
    public ushort BaseSequenceNumber { get; }

    /// <summary>How many packets are covered, received or not.</summary>
    public int PacketCount { get; }

    /// <summary>Rises by one with each report, so that lost reports show.</summary>
    public byte FeedbackCount { get; }

    /// <summary>Begins the walk.</summary>
    /// <returns>False when it is another kind, or what it says it covers is not all there.</returns>
    public static bool TryRead(in RtcpPacket packet, out TransportFeedback feedback)
    {
        feedback = default;
        if (!Feedback.Is(packet, RtcpType.TransportFeedback, Feedback.TransportWide, FixedControlLength))
        {
            return false;
        }

        var control = packet.Body[Feedback.FixedLength..];
        int count = BinaryPrimitives.ReadUInt16BigEndian(control[2..]);
        if (count is 0 or > MaxPackets || !TryMeasure(control, count, out var deltaAt))
        {
            return false;
        }

        feedback = new TransportFeedback(packet.Body, deltaAt);
        return true;
    }

    /// <summary>Reads the next packet's fate.</summary>
    /// <param name="sequenceNumber">Its number.</param>
    /// <param name="arrival">When it arrived, by the receiver's clock, of which only differences mean anything; null when it did not.</param>
    public bool TryReadPacket(out ushort sequenceNumber, out TimeSpan? arrival)
    {
        sequenceNumber = _next;
        arrival = null;
        if (_left == 0)
        {
            return false;
        }

        if (_chunkLeft == 0)
        {
            _chunk = BinaryPrimitives.ReadUInt16BigEndian(_control[_chunkAt..]);
            _chunkAt += 2;
            _chunkLeft = CapacityOf(_chunk);
        }

        switch (SymbolOf(_chunk, CapacityOf(_chunk) - _chunkLeft))
        {
            case SmallDelta:
                _ticks += _control[_deltaAt] * DeltaUnit.Ticks;
                _deltaAt++;
                arrival = new TimeSpan(_ticks);
                break;
            case LargeDelta:
                _ticks += BinaryPrimitives.ReadInt16BigEndian(_control[_deltaAt..]) * DeltaUnit.Ticks;
                _deltaAt += 2;
                arrival = new TimeSpan(_ticks);
                break;
        }

        _chunkLeft--;
        _left--;
        _next++;
        return true;
    }

    /// <summary>Writes a report.</summary>
    /// <param name="writer">The compound.</param>
    /// <param name="senderSsrc">Who reports.</param>
    /// <param name="mediaSsrc">See <see cref="MediaSsrc"/>.</param>
    /// <param name="baseSequenceNumber">Number of the first packet.</param>
    /// <param name="feedbackCount">See <see cref="FeedbackCount"/>.</param>
    /// <param name="arrivals">When each arrived, by our monotonic clock; a negative time for those that did not. One at least
    /// must have.</param>
    /// <returns>How many packets the report covers: less than all of them when the room, or a gap of more than 8 s between
    /// two, ends it; 0 when nothing was written.</returns>
    public static int Write(
        ref RtcpWriter writer,
        uint senderSsrc,
        uint mediaSsrc,
        ushort baseSequenceNumber,
        byte feedbackCount,
        scoped ReadOnlySpan<TimeSpan> arrivals)
    {
        var room = writer.Room - Feedback.FixedLength - FixedControlLength;
        arrivals = arrivals[..Math.Min(arrivals.Length, MaxPackets)];
        var first = 0;
        while (first < arrivals.Length && arrivals[first] < TimeSpan.Zero)
        {
            first++;
        }

        if (room <= 0 || first == arrivals.Length)
        {
            return 0;
        }

        // One symbol and one delta for each packet, as far as they can be told.
        Span<short> deltas = stackalloc short[MaxPackets];
        Span<byte> symbols = stackalloc byte[MaxPackets];
        var reference = arrivals[first].Ticks / ReferenceUnit.Ticks;
        var lastUnits = reference * (ReferenceUnit.Ticks / DeltaUnit.Ticks);
        var covered = 0;
        var deltaBytes = 0;
        foreach (var arrival in arrivals)
        {
            var units = arrival.Ticks / DeltaUnit.Ticks;
            var step = arrival < TimeSpan.Zero ? 0 : units - lastUnits;
            if (step is < short.MinValue or > short.MaxValue)
            {
                break;
            }

            var symbol = arrival < TimeSpan.Zero ? 0 : step is >= 0 and <= byte.MaxValue ? SmallDelta : LargeDelta;

            // At worst seven packets share a chunk of two bytes.
            if (deltaBytes + symbol + (2 * ((covered / 7) + 1)) + 3 > room)
            {
                break;
            }

            symbols[covered] = (byte)symbol;
            deltas[covered] = (short)step;
            deltaBytes += symbol;
            lastUnits = symbol == 0 ? lastUnits : units;
            covered++;
        }

        if (covered == 0)
        {
            return 0;
        }

        symbols = symbols[..covered];
        var chunks = CountChunks(symbols);
        var controlLength = FixedControlLength + (2 * chunks) + deltaBytes;
        if (!writer.TryAdd(
            RtcpType.TransportFeedback,
            Feedback.TransportWide,
            (Feedback.FixedLength + controlLength + 3) & ~3,
            out var body))
        {
            return 0;
        }

        Feedback.WriteHead(body, senderSsrc, mediaSsrc);
        var control = body[Feedback.FixedLength..];
        BinaryPrimitives.WriteUInt16BigEndian(control, baseSequenceNumber);
        BinaryPrimitives.WriteUInt16BigEndian(control[2..], (ushort)covered);
        BinaryPrimitives.WriteUInt32BigEndian(control[4..], ((uint)reference << 8) | feedbackCount);
        WriteChunksAndDeltas(control[FixedControlLength..], symbols, deltas, chunks);
        return covered;
    }

    private static void WriteChunksAndDeltas(
        Span<byte> control, ReadOnlySpan<byte> symbols, ReadOnlySpan<short> deltas, int chunks)
    {
        var deltaAt = 2 * chunks;
        for (var i = 0; i < symbols.Length; i++)
        {
            if (symbols[i] == SmallDelta)
            {
                control[deltaAt] = (byte)deltas[i];
            }
            else if (symbols[i] == LargeDelta)
            {
                BinaryPrimitives.WriteInt16BigEndian(control[deltaAt..], deltas[i]);
            }

            deltaAt += symbols[i];
        }

        for (var chunk = 0; chunk < chunks; chunk++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(control[(2 * chunk)..], NextChunk(symbols, out var taken));
            symbols = symbols[taken..];
        }
    }

    private static int CountChunks(ReadOnlySpan<byte> symbols)
    {
        var count = 0;
        while (!symbols.IsEmpty)
        {
            NextChunk(symbols, out var taken);
            symbols = symbols[taken..];
            count++;
        }

        return count;
    }

    /// <summary>The chunk that covers most: a run where one is longer than a vector, otherwise a vector.</summary>
    private static ushort NextChunk(ReadOnlySpan<byte> symbols, out int taken)
    {
        var run = symbols.IndexOfAnyExcept(symbols[0]);
        run = Math.Min(run < 0 ? symbols.Length : run, MaxRunLength);
        var oneBit = symbols[..Math.Min(14, symbols.Length)];
        var fitsOneBit = !oneBit.Contains((byte)LargeDelta);
        if (run >= (fitsOneBit ? 14 : 7) || run == symbols.Length)
        {
            taken = run;
            return (ushort)((symbols[0] << 13) | run);
        }

        var chunk = fitsOneBit ? 0x8000 : 0xC000;
        taken = Math.Min(fitsOneBit ? 14 : 7, symbols.Length);
        for (var i = 0; i < taken; i++)
        {
            chunk |= fitsOneBit ? symbols[i] << (13 - i) : symbols[i] << (12 - (2 * i));
        }

        return (ushort)chunk;
    }

    private static bool TryMeasure(ReadOnlySpan<byte> control, int count, out int deltaAt)
    {
        var at = FixedControlLength;
        var deltaBytes = 0;
        while (count > 0)
        {
            if (control.Length < at + 2)
            {
                deltaAt = 0;
                return false;
            }

            var chunk = BinaryPrimitives.ReadUInt16BigEndian(control[at..]);
            var capacity = CapacityOf(chunk);
            var covered = Math.Min(capacity, count);
            if (capacity == 0)
            {
                deltaAt = 0;
                return false; // A run of nothing would never end the walk.
            }

            if ((chunk & 0x8000) == 0)
            {
                deltaBytes += covered * DeltaLength(SymbolOf(chunk, 0));
            }
            else
            {
                for (var i = 0; i < covered; i++)
                {
                    deltaBytes += DeltaLength(SymbolOf(chunk, i));
                }
            }

            count -= covered;
            at += 2;
        }

        deltaAt = at;
        return control.Length >= at + deltaBytes;
    }

    private static int DeltaLength(int symbol) => symbol switch
    {
        SmallDelta => 1,
        LargeDelta => 2,
        _ => 0, // 3 is reserved: received, with nothing known of when.
    };

    private static int CapacityOf(ushort chunk) =>
        (chunk & 0x8000) == 0 ? chunk & MaxRunLength : (chunk & 0x4000) == 0 ? 14 : 7;

    private static int SymbolOf(ushort chunk, int index)
    {
        if ((chunk & 0x8000) == 0)
        {
            return (chunk >> 13) & 3;
        }

        return (chunk & 0x4000) == 0 ? (chunk >> (13 - index)) & 1 : (chunk >> (12 - (2 * index))) & 3;
    }
}
