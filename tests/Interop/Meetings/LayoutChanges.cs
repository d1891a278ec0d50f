namespace Roomcast.Interop.Meetings;

/// <summary>Something that changes the layout: what it was, from which layout to which, and the wall clock in milliseconds since 1970.</summary>
internal readonly record struct LayoutEvent(string What, StampedLayout Before, StampedLayout After, double WallMs);

/// <summary>How long after its event a layout changed, in milliseconds: at least, at most, and until a player had the picture.</summary>
internal readonly record struct LayoutChange(string What, double LeastMs, double MostMs, double SeenMs);

/// <summary>How soon a composition's layout follows those who come, go and share.</summary>
/// <remarks>
/// <para>The event is timed when the session's own word of it is heard at another client's socket, in that client's page. The change
/// is timed by the first composed picture that has the new layout, and by that picture's own time, which it got when it was composed:
/// encoding it and bringing it to a player have no share in that.</para>
/// <para>A picture's own time counts from a moment of the wall clock that nobody tells, and that is bounded from both sides. No
/// picture comes to a player before it was composed: the quickest of all bounds it from above. None is composed before what it shows was
/// drawn and then held: the freshest of all bounds it from below. So each change has a least and a most, and the most errs on the
/// safe side by the quickest picture's way through encoder, server and player.</para>
/// <para>A worker that is behind makes its pictures up under their own times, so that a layout may show earlier in them than its event:
/// when a player had it is to be looked at as well.</para>
/// <para>Browser, server and player are on one machine and have one clock.</para>
/// </remarks>
internal static class LayoutChanges
{
    // The shortest time for which the worker holds pictures, less half a tick by which one may be shown early (docs/protocols/composition.md).
    private const double LeastHeldMs = 150 - (1_000.0 / 60);

    /// <summary>Finds the change to each event.</summary>
    /// <param name="arrivals">Every picture that came to a player, in order.</param>
    /// <param name="events">In the order in which they happened.</param>
    public static IReadOnlyList<LayoutChange> Find(IReadOnlyList<StampedArrival> arrivals, IEnumerable<LayoutEvent> events)
    {
        var latest = arrivals.Min(each => each.WallMs - each.AtMs);
        var earliest = arrivals.Where(each => each.AgeMs is not null).Max(each => each.WallMs - each.AgeMs!.Value - each.AtMs) + LeastHeldMs;
        var known = arrivals.Where(each => each.Look.Layout is not StampedLayout.None).ToList();
        var at = 0;
        return
        [
            .. events.Select(happened =>
            {
                at = Next(happened.Before);
                at = Next(happened.After);
                var change = known[at];
                return new LayoutChange(
                    happened.What, change.AtMs + earliest - happened.WallMs, change.AtMs + latest - happened.WallMs, change.WallMs - happened.WallMs);

                int Next(StampedLayout layout)
                {
                    var found = known.FindIndex(at, each => each.Look.Layout == layout);
                    Assert.True(found >= 0, $"{happened.What}: after picture {at} of {known.Count} none is laid out as {layout}.");
                    return found;
                }
            }),
        ];
    }
}
