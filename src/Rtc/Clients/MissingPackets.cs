using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtcp;

namespace Roomcast.Rtc.Clients;

/// <summary>Which packets of a source have not come, and when to ask for them again.</summary>
/// <remarks>Sans-IO, not thread-safe; one per source. What is waited for is bounded by <see cref="MaxMissing"/>.</remarks>
internal sealed class MissingPackets
{
    /// <summary>Most packets that are asked for at a time; of a longer gap the newest.</summary>
    public const int MaxMissing = 200;

    private const int MaxAsks = 8;
    private const int MaxJump = 5_000;

    /// <summary>How long a packet may be overtaken by others before it is asked for.</summary>
    private static readonly TimeSpan FirstAsk = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(60);

    private readonly SequenceUnwrapper _sequence = new();
    private readonly SortedDictionary<long, (TimeSpan At, int Asks)> _missing = [];
    private long? _highest;

    /// <summary>Packets that are waited for.</summary>
    public int Count => _missing.Count;

    /// <summary>Notes a packet.</summary>
    public void OnPacket(ushort sequenceNumber, TimeSpan now)
    {
        var number = _sequence.Unwrap(sequenceNumber);
        if (_highest is not { } highest || Math.Abs(number - highest) > MaxJump)
        {
            _missing.Clear(); // The first, or a source that begins anew.
            _highest = number;
            return;
        }

        _missing.Remove(number);
        for (var lost = Math.Max(highest + 1, number - MaxMissing); lost < number; lost++)
        {
            _missing[lost] = (now + FirstAsk, 0);
        }

        while (_missing.Count > MaxMissing)
        {
            _missing.Remove(_missing.Keys.First());
        }

        _highest = Math.Max(highest, number);
    }

    /// <summary>Writes what is to be asked for now, and forgets what was asked for often enough.</summary>
    public void Write(ref RtcpWriter writer, uint senderSsrc, uint mediaSsrc, TimeSpan now)
    {
        if (_missing.Count == 0)
        {
            return;
        }

        Span<ushort> due = stackalloc ushort[64];
        var count = 0;
        foreach (var (number, (at, asks)) in _missing.ToArray())
        {
            if (asks == MaxAsks)
            {
                _missing.Remove(number);
            }
            else if (at <= now && count < due.Length)
            {
                due[count++] = unchecked((ushort)number);
                _missing[number] = (now + AskAgain, asks + 1);
            }
        }

        if (count > 0)
        {
            Nack.Write(ref writer, senderSsrc, mediaSsrc, due[..count]);
        }
    }
}
