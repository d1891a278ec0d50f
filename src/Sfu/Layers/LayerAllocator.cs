namespace Roomcast.Sfu.Layers;

/// <summary>One encoding that could be sent to a receiver, or the lower temporal layers of one.</summary>
/// <param name="Rank">Its place among the encodings, 0 is the best.</param>
/// <param name="RateBps">What it takes, in bits per second.</param>
/// <param name="Temporal">The highest temporal layer that is sent.</param>
internal readonly record struct LayerCandidate(int Rank, long RateBps, int Temporal = TemporalFilter.All)
{
    /// <summary>Its place among all that could be sent, the best is the lowest.</summary>
    public int Level => LevelOf(Rank, Temporal);

    /// <summary>The place of an encoding with so many temporal layers.</summary>
    public static int LevelOf(int rank, int temporal) => (rank * (TemporalFilter.All + 1)) + (TemporalFilter.All - temporal);
}

/// <summary>What one receiver of video would like, and what it is given.</summary>
/// <remarks>Made once per consumer and filled anew for each allocation.</remarks>
internal sealed class LayerWish
{
    /// <summary>The encodings that are being sent, best first, and behind the last one what is left of it with fewer temporal
    /// layers.</summary>
    public List<LayerCandidate> Candidates { get; } = new(4);

    /// <summary>The encoding that is wanted; worse ones will do.</summary>
    public int PreferredRank { get; set; }

    /// <summary>The encoding that it gets now; null for none.</summary>
    public int? CurrentRank { get; set; }

    /// <summary>The highest temporal layer of <see cref="CurrentRank"/> that it gets now.</summary>
    public int CurrentTemporal { get; set; } = TemporalFilter.All;

    /// <summary>The encoding that it is given; null when it is to pause.</summary>
    public int? GivenRank { get; internal set; }

    /// <summary>The highest temporal layer of it that is given.</summary>
    public int GivenTemporal { get; internal set; } = TemporalFilter.All;

    internal int GivenIndex { get; set; }

    /// <summary>The best candidate that may be given: the preferred encoding, the next worse one that exists, or, when there
    /// is none, the nearest better one.</summary>
    internal int BestIndex
    {
        get
        {
            for (var i = 0; i < Candidates.Count; i++)
            {
                if (Candidates[i].Rank >= PreferredRank)
                {
                    return i;
                }
            }

            return Candidates.FindLastIndex(static candidate => candidate.Temporal == TemporalFilter.All);
        }
    }
}

/// <summary>Divides a bandwidth among the videos that leave to one peer.</summary>
/// <remarks>
/// First everybody, in order, gets the cheapest encoding there is; who finds nothing left pauses. Then, in rounds, each is
/// raised by one step as long as it fits. A step up that is not yet in use must fit with room to spare, and a picture
/// that is there is not taken away for the last tenths, so that an estimate that wavers does not make the picture waver.
/// A pure function.
/// </remarks>
internal static class LayerAllocator
{
    /// <summary>How much more than its cost must be left for a step up.</summary>
    public const double RoomForStepUp = 1.15;

    /// <summary>The share of its cost that must be left for a picture in its worst encoding to stay.</summary>
    public const double LeastToStay = 0.8;

    /// <summary>Chooses.</summary>
    /// <param name="budgetBps">What there is, sound already taken off.</param>
    /// <param name="wishes">In order of importance.</param>
    /// <returns>Bits per second that all wishes together would take.</returns>
    public static long Allocate(long budgetBps, List<LayerWish> wishes)
    {
        var left = (double)Math.Max(0, budgetBps);
        long wanted = 0;
        foreach (var wish in wishes)
        {
            wish.GivenRank = null;
            if (wish.Candidates.Count == 0)
            {
                continue;
            }

            wanted += wish.Candidates[wish.BestIndex].RateBps;
            var cheapest = CheapestIndex(wish);
            var cost = wish.Candidates[cheapest].RateBps;
            if (left >= cost * (wish.CurrentRank is null ? RoomForStepUp : LeastToStay))
            {
                left = Math.Max(0, left - cost);
                Give(wish, cheapest);
            }
        }

        while (RaiseEach(wishes, ref left))
        {
        }

        return wanted;
    }

    private static bool RaiseEach(List<LayerWish> wishes, ref double left)
    {
        var hasRaised = false;
        foreach (var wish in wishes)
        {
            if (wish.GivenRank is null || wish.GivenIndex <= wish.BestIndex)
            {
                continue;
            }

            var better = wish.Candidates[wish.GivenIndex - 1];
            var extra = better.RateBps - wish.Candidates[wish.GivenIndex].RateBps;
            var isInUse = wish.CurrentRank is { } current && LayerCandidate.LevelOf(current, wish.CurrentTemporal) <= better.Level;
            if (left >= extra * (isInUse ? 1 : RoomForStepUp))
            {
                left -= extra;
                Give(wish, wish.GivenIndex - 1);
                hasRaised = true;
            }
        }

        return hasRaised;
    }

    private static void Give(LayerWish wish, int index)
    {
        wish.GivenIndex = index;
        wish.GivenRank = wish.Candidates[index].Rank;
        wish.GivenTemporal = wish.Candidates[index].Temporal;
    }

    private static int CheapestIndex(LayerWish wish) => Math.Max(wish.BestIndex, wish.Candidates.Count - 1);
}
