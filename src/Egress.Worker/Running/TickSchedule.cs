namespace Roomcast.Egress.Worker.Running;

/// <summary>
/// When each picture is due: its number over the frame rate, from the composition's first moment, so that nothing adds up. A worker
/// that was held up makes the late ones at once, one after the other; only after more than two seconds are numbers left out.
/// </summary>
internal sealed class TickSchedule(int frameRate)
{
    private static readonly TimeSpan MostBehind = TimeSpan.FromSeconds(2);

    /// <summary>Number of the next picture.</summary>
    public long Next { get; private set; }

    /// <summary>When it is due.</summary>
    public TimeSpan Due => DueOf(Next);

    /// <summary>Pictures made.</summary>
    public long Made { get; private set; }

    /// <summary>Of them, those begun later than one tick after their time.</summary>
    public long Late { get; private set; }

    /// <summary>Numbers left out.</summary>
    public long Skipped { get; private set; }

    /// <summary>Takes the next picture's number if it is due.</summary>
    /// <param name="now">Composition time.</param>
    /// <param name="number">The number.</param>
    /// <param name="due">Its time.</param>
    public bool TryTake(TimeSpan now, out long number, out TimeSpan due)
    {
        if (now - Due > MostBehind)
        {
            var current = now.Ticks * frameRate / TimeSpan.TicksPerSecond;
            Skipped += current - Next;
            Next = current;
        }

        (number, due) = (Next, Due);
        if (now < due)
        {
            return false;
        }

        Next++;
        Made++;
        Late += now > DueOf(Next) ? 1 : 0;
        return true;
    }

    private TimeSpan DueOf(long number) => TimeSpan.FromTicks(number * TimeSpan.TicksPerSecond / frameRate);
}
