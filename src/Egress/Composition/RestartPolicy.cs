namespace Roomcast.Egress.Composition;

/// <summary>
/// When a worker that died is started again: at once the first time, then after longer and longer, and in the end no more. One that
/// ran well for a minute makes it begin from the first. Not thread-safe.
/// </summary>
internal sealed class RestartPolicy
{
    private static readonly TimeSpan RanWell = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan[] Pauses =
    [
        TimeSpan.Zero, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(15),
    ];

    /// <summary>Deaths in a row.</summary>
    public int Deaths { get; private set; }

    /// <summary>Notes a death.</summary>
    /// <param name="ranFor">How long the worker had been ready.</param>
    /// <returns>How long to wait before the next is started; null when none is to be.</returns>
    public TimeSpan? OnDeath(TimeSpan ranFor)
    {
        Deaths = ranFor >= RanWell ? 1 : Deaths + 1;
        return Deaths <= Pauses.Length ? Pauses[Deaths - 1] : null;
    }
}
