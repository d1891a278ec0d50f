namespace Roomcast.Egress.Worker.Playing;

/// <summary>
/// Brings the times of a source's picture and sound to one line that only goes on: where the source's clock jumps, as it does where
/// streams were joined or a sender began anew, what follows is placed right after what was. Not thread-safe.
/// </summary>
internal sealed class SourceClock
{
    /// <summary>What lies further off than this, in seconds, is a jump.</summary>
    public const double Jump = 5;

    /// <summary>With a picture or sound alone, further ahead than this, in seconds: one picture may stand long.</summary>
    public const double JumpOfOne = 60;

    /// <summary>How far what follows a jump is placed after what was, in seconds.</summary>
    private const double Next = 0.02;

    private readonly Line _picture = new();
    private readonly Line _sound = new();

    /// <summary>When a frame is due, in seconds.</summary>
    /// <param name="isPicture">Whether it is one of the picture; otherwise of the sound.</param>
    /// <param name="time">When it is due by the source's clock, in seconds.</param>
    public double At(bool isPicture, double time)
    {
        var (own, other) = isPicture ? (_picture, _sound) : (_sound, _picture);
        var at = time + own.Shift;
        if (own.Last is { } last && IsJump(at, last, other.Last))
        {
            // Where the other has jumped already, both stay together.
            var together = time + other.Shift;
            own.Shift = other.Last is not null && Math.Abs(together - last) <= Jump ? other.Shift : last + Next - time;
            at = time + own.Shift;
        }

        own.Last = at;
        return at;
    }

    /// <summary>Begins anew, as after going elsewhere.</summary>
    public void Forget()
    {
        (_picture.Last, _picture.Shift) = (null, 0);
        (_sound.Last, _sound.Shift) = (null, 0);
    }

    private static bool IsJump(double at, double last, double? other) =>
        at < last - Jump || at > Math.Max(last, other ?? last) + (other is null ? JumpOfOne : Jump);

    private sealed class Line
    {
        public double? Last { get; set; }

        public double Shift { get; set; }
    }
}
