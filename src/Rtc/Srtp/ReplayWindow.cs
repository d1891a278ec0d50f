namespace Roomcast.Rtc.Srtp;

/// <summary>Which of the newest 1,024 packet numbers have been seen (RFC 3711 section 3.3.2, where 64 is the least).</summary>
/// <remarks>A video key frame retransmitted over a long path is hundreds of packets behind the newest, hence the width.</remarks>
internal sealed class ReplayWindow
{
    /// <summary>How many numbers are kept.</summary>
    public const int Width = 1024;

    private readonly ulong[] _seen = new ulong[Width / 64];

    /// <summary>The newest number accepted; -1 before the first.</summary>
    public long Highest { get; private set; } = -1;

    /// <summary>Judges a number that has not been verified yet; nothing changes.</summary>
    public SrtpStatus Judge(long number)
    {
        if (number > Highest)
        {
            return SrtpStatus.Done;
        }

        if (Highest - number >= Width)
        {
            return SrtpStatus.TooOld;
        }

        return (_seen[Word(number)] & Bit(number)) == 0 ? SrtpStatus.Done : SrtpStatus.Replayed;
    }

    /// <summary>Marks a number whose packet has been verified.</summary>
    public void Accept(long number)
    {
        if (number > Highest)
        {
            if (number - Highest >= Width)
            {
                Array.Clear(_seen);
            }
            else
            {
                for (var skipped = Highest + 1; skipped < number; skipped++)
                {
                    _seen[Word(skipped)] &= ~Bit(skipped);
                }
            }

            Highest = number;
        }

        _seen[Word(number)] |= Bit(number);
    }

    private static int Word(long number) => (int)(number % Width) >> 6;

    private static ulong Bit(long number) => 1UL << (int)(number & 63);
}
