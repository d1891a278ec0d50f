using Roomcast.Rtc;

namespace Roomcast.Transports.Udp;

/// <summary>
/// Finds runs among waiting datagrams: of one destination and one length, the last one perhaps shorter. The system can take
/// a run as one piece and cut it up itself (UDP GSO). Belongs to one worker's thread.
/// </summary>
/// <remarks>
/// Datagrams of one destination keep their order. Example, by destination and length:
/// <c>A1200 B1200 A1200 B1200 A300 A1200 B1300</c> becomes <c>A(1200 1200 300) B(1200 1200) A(1200) B(1300)</c>.
/// </remarks>
internal sealed class SendRuns
{
    /// <summary>Datagrams looked at together, and with that the most runs.</summary>
    public const int MaxDatagrams = 1024;

    /// <summary>Most datagrams in a run (UDP_MAX_SEGMENTS of the kernels before 6.9).</summary>
    public const int MaxRunCount = 64;

    /// <summary>Most bytes in a run: what one IPv4 datagram could hold, with room to spare for headers.</summary>
    public const int MaxRunBytes = 65_000;

    private const int SlotCount = 4 * MaxDatagrams;
    private const int None = -1;

    private readonly Run[] _runs = new Run[MaxDatagrams];
    private readonly int[] _next = new int[MaxDatagrams];

    // Destination to its newest run, by open addressing. A slot counts when it was written in this turn.
    private readonly (uint Turn, int Run)[] _slots = new (uint, int)[SlotCount];
    private uint _turn;

    /// <summary>Divides datagrams into runs.</summary>
    /// <param name="entries">At most <see cref="MaxDatagrams"/>; those of length 0 are passed over.</param>
    /// <param name="mayJoin">Whether runs may be longer than one datagram.</param>
    /// <returns>How many runs there are.</returns>
    public int Find(ReadOnlySpan<SendQueue.Entry> entries, bool mayJoin)
    {
        var count = 0;
        _turn++;
        for (var i = 0; i < entries.Length; i++)
        {
            ref readonly var entry = ref entries[i];
            if (entry.Length == 0)
            {
                continue;
            }

            _next[i] = None;
            if (!mayJoin)
            {
                _runs[count++] = new Run { First = i, Last = i, Count = 1, Bytes = entry.Length };
                continue;
            }

            ref var slot = ref FindSlot(entries, entry.To);
            if (slot.Turn == _turn)
            {
                ref var run = ref _runs[slot.Run];
                if (run.TryJoin(entry.Length))
                {
                    _next[run.Last] = i;
                    run.Last = i;
                    continue;
                }
            }

            slot = (_turn, count);
            _runs[count++] = new Run { First = i, Last = i, Count = 1, Bytes = entry.Length, SegmentLength = entry.Length };
        }

        return count;
    }

    /// <summary>One of the runs found.</summary>
    public ref readonly Run this[int index] => ref _runs[index];

    /// <summary>The datagram behind this one in its run; negative at the end.</summary>
    public int Next(int datagram) => _next[datagram];

    private ref (uint Turn, int Run) FindSlot(ReadOnlySpan<SendQueue.Entry> entries, in RtcAddress to)
    {
        var hash = ((ulong)to.Ip ^ (ulong)(to.Ip >> 64)) * 0x9E37_79B9_7F4A_7C15;
        hash = (hash ^ to.Port) * 0x9E37_79B9_7F4A_7C15;
        var index = (int)(hash >> 52);
        while (_slots[index].Turn == _turn && entries[_runs[_slots[index].Run].First].To != to)
        {
            index = (index + 1) % SlotCount;
        }

        return ref _slots[index];
    }

    /// <summary>Datagrams that are sent as one.</summary>
    internal struct Run
    {
        /// <summary>Index of the first datagram.</summary>
        public int First;

        /// <summary>Index of the last.</summary>
        public int Last;

        /// <summary>How many there are.</summary>
        public int Count;

        /// <summary>Bytes of all.</summary>
        public int Bytes;

        /// <summary>Bytes of each but the last, which may be shorter. Then 0, as nothing may follow it.</summary>
        public int SegmentLength;

        private bool _isClosed;

        public bool TryJoin(int length)
        {
            if (_isClosed || length > SegmentLength || Count == MaxRunCount || Bytes + length > MaxRunBytes)
            {
                return false;
            }

            _isClosed = length < SegmentLength;
            Count++;
            Bytes += length;
            return true;
        }
    }
}
