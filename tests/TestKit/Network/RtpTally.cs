using System.Buffers.Binary;

namespace Roomcast.TestKit.Network;

/// <summary>Counts, source by source, what a network takes of RTP and what of it arrives, and when. Thread-safe.</summary>
/// <param name="isLost">What the network loses.</param>
public sealed class RtpTally(Func<ReadOnlyMemory<byte>, bool> isLost)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, Source> _sources = [];

    /// <summary>Takes a datagram.</summary>
    /// <returns>Whether it is lost.</returns>
    public bool Takes(ReadOnlyMemory<byte> datagram)
    {
        var lost = isLost(datagram);
        var bytes = datagram.Span;
        if (EmulatedRelay.IsRtp(bytes))
        {
            lock (_lock)
            {
                SourceOf(bytes).Take(BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]), bytes.Length, lost);
            }
        }

        return lost;
    }

    /// <summary>Notes that a datagram has arrived.</summary>
    public void Arrives(ReadOnlyMemory<byte> datagram)
    {
        var bytes = datagram.Span;
        if (EmulatedRelay.IsRtp(bytes))
        {
            lock (_lock)
            {
                SourceOf(bytes).Arrivals.Add((TimeProvider.System.GetUtcNow(), BinaryPrimitives.ReadUInt32BigEndian(bytes[4..])));
            }
        }
    }

    /// <summary>Of the packets of a source: those there should be, by their numbers, and those of them that arrived.</summary>
    public (long Expected, long Arrived) Of(uint ssrc)
    {
        lock (_lock)
        {
            var source = _sources[ssrc];
            return (source.Last - source.First + 1, source.Packets.Where(packet => !packet.IsLost).Select(packet => packet.Number).Distinct().LongCount());
        }
    }

    /// <summary>Bits of a source's packets in a span of the wall clock, each packet once or as often as it was sent.</summary>
    /// <param name="ssrc">The source.</param>
    /// <param name="from">Its beginning.</param>
    /// <param name="to">Its end.</param>
    /// <param name="withLost">Whether those that were lost count.</param>
    /// <param name="withRepeated">Whether those that were sent again count again.</param>
    public long BitsBetween(uint ssrc, DateTimeOffset from, DateTimeOffset to, bool withLost, bool withRepeated)
    {
        lock (_lock)
        {
            return 8L * _sources[ssrc].Packets
                .Where(packet => packet.At >= from && packet.At < to && (withLost || !packet.IsLost) && (withRepeated || packet.IsFirst))
                .Sum(packet => packet.Length);
        }
    }

    /// <summary>The least interarrival jitter (RFC 3550 section 6.4.1) that a source had at an arrival in a span of the wall clock.</summary>
    /// <param name="ssrc">The source.</param>
    /// <param name="clockRateHz">Ticks of its timestamps in a second.</param>
    /// <param name="from">The span's beginning.</param>
    /// <param name="to">Its end.</param>
    public TimeSpan LeastJitterBetween(uint ssrc, int clockRateHz, DateTimeOffset from, DateTimeOffset to)
    {
        lock (_lock)
        {
            var arrivals = _sources[ssrc].Arrivals;
            var (jitter, least) = (0.0, double.PositiveInfinity);
            foreach (var (last, next) in arrivals.Zip(arrivals.Skip(1)))
            {
                var sentApart = (int)(next.Timestamp - last.Timestamp) / (double)clockRateHz;
                jitter += (Math.Abs((next.At - last.At).TotalSeconds - sentApart) - jitter) / 16;
                least = next.At >= from && next.At < to ? Math.Min(least, jitter) : least;
            }

            return TimeSpan.FromSeconds(least);
        }
    }

    private Source SourceOf(ReadOnlySpan<byte> rtp)
    {
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(rtp[8..]);
        if (!_sources.TryGetValue(ssrc, out var source))
        {
            _sources.Add(ssrc, source = new Source());
        }

        return source;
    }

    private sealed class Source
    {
        private readonly HashSet<long> _known = [];

        public List<(DateTimeOffset At, long Number, int Length, bool IsLost, bool IsFirst)> Packets { get; } = [];

        public List<(DateTimeOffset At, uint Timestamp)> Arrivals { get; } = [];

        public long First { get; private set; } = -1;

        public long Last { get; private set; } = -1;

        public void Take(ushort number, int length, bool isLost)
        {
            // The whole number that is nearest to the last one.
            var whole = Last < 0 ? number + 65_536L : Last + (short)(number - (ushort)Last);
            First = First < 0 ? whole : Math.Min(First, whole);
            Last = Math.Max(Last, whole);
            Packets.Add((TimeProvider.System.GetUtcNow(), whole, length, isLost, _known.Add(whole)));
        }
    }
}
