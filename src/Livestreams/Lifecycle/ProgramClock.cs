using Roomcast.Media;
using Roomcast.Media.Time;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>
/// The program timeline of one livestream session: it runs with the clock from the session's first moment and never goes
/// back, whoever publishes.
/// </summary>
/// <remarks>One publisher at a time writes; reading is thread-safe.</remarks>
internal sealed class ProgramClock(TimeProvider time)
{
    private readonly long _startTimestamp = time.GetTimestamp();
    private long _endTicks;

    /// <summary>The wall clock at <see cref="MediaTime.Zero"/>.</summary>
    public DateTimeOffset Start { get; } = time.GetUtcNow();

    /// <summary>Where media that arrives at a moment belongs: the time since the start, or the end of what there is.</summary>
    /// <param name="timestamp">The moment, of the clock handed in at construction.</param>
    public MediaTime Next(long timestamp)
    {
        var elapsed = new MediaTime(time.GetElapsedTime(_startTimestamp, timestamp).Ticks);
        return MediaTime.Max(elapsed, new MediaTime(Interlocked.Read(ref _endTicks)));
    }

    /// <summary>Takes note of a frame, so that what comes later begins after it.</summary>
    public void Advance(Frame frame)
    {
        var end = Math.Max(frame.DecodeTime.Ticks, frame.PresentationTime.Ticks) + frame.Duration.Ticks;
        if (end > Interlocked.Read(ref _endTicks))
        {
            Interlocked.Exchange(ref _endTicks, end);
        }
    }
}
