using System.Globalization;

namespace Roomcast.Egress.Composition;

/// <summary>What a running composition takes.</summary>
/// <param name="Format">What it encodes.</param>
/// <param name="Cpu">Processors that its worker uses; null while none was measured.</param>
/// <param name="LateShare">Share of its pictures of the last seconds that were late, 0 to 1.</param>
internal readonly record struct RunningComposition(CompositionFormat Format, double? Cpu, double LateShare)
{
    /// <summary>Whether its beginning is over. What a beginning takes says nothing of what it will go on to take.</summary>
    public bool IsSettled { get; init; } = true;
}

/// <summary>Decides by measured load whether there is room for one more composition. Pure.</summary>
internal static class CompositionAdmission
{
    private const double ReferencePixelRate = 1_280.0 * 720 * 30;

    /// <summary>Judges.</summary>
    /// <param name="wanted">What one more would encode.</param>
    /// <param name="running">Those that run or start.</param>
    /// <param name="busy">Processors that are busy on the machine now, with everything; null when it cannot be told.</param>
    /// <param name="processors">Processors there are.</param>
    /// <param name="options">The bounds.</param>
    /// <returns>Why it is refused, with figures; null when there is room.</returns>
    public static string? Judge(
        CompositionFormat wanted, IReadOnlyCollection<RunningComposition> running, double? busy, int processors, CompositionOptions options)
    {
        if (running.Count >= options.MaxCompositions)
        {
            return Text($"{running.Count} of at most {options.MaxCompositions} compositions run already.");
        }

        // The first harms none: with too little room it is late, and says so in its figures.
        if (!options.AdmitsByLoad || running.Count == 0)
        {
            return null;
        }

        var late = running.Max(each => each.LateShare);
        if (late > options.MaxLateShare)
        {
            return Text($"Of the pictures of a running composition {late:P0} are late, and one more is begun at {options.MaxLateShare:P0} or less.");
        }

        // Those that begin count with what they will take, and not with what they take just now.
        var cost = CostOf(wanted, running, options);
        var beginning = running.Where(each => each.Cpu is null || !each.IsSettled).ToList();
        var promised = beginning.Sum(each => CostOf(each.Format, running, options));
        var now = beginning.Sum(each => each.Cpu ?? 0);
        var used = Math.Max(0, (busy ?? running.Sum(each => each.Cpu ?? 0)) - now);
        var room = (processors * options.MaxLoadPercent / 100.0) - used - promised;
        return cost <= room
            ? null
            : Text($"One more composition takes {cost:F2} processors; of {processors}, of which {options.MaxLoadPercent} % may be used, {used + promised:F2} are taken.");
    }

    /// <summary>Processors that a composition takes: by what running ones were measured at, else by what is expected.</summary>
    private static double CostOf(CompositionFormat format, IReadOnlyCollection<RunningComposition> running, CompositionOptions options)
    {
        var perPixel = running
            .Where(each => each is { Cpu: > 0, IsSettled: true })
            .Select(each => each.Cpu!.Value / PixelRateOf(each.Format))
            .DefaultIfEmpty(options.ExpectedCost / ReferencePixelRate)
            .Max();
        return perPixel * PixelRateOf(format);
    }

    private static double PixelRateOf(CompositionFormat format) => (double)format.Width * format.Height * format.FrameRate;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
