namespace Roomcast.TestKit.Video;

/// <summary>One picture as decoded.</summary>
/// <param name="At">Its presentation time.</param>
/// <param name="Stamp">What the clock says; null when the blocks make no sense.</param>
/// <param name="IsFlash">Whether it flashes.</param>
public sealed record ReadPicture(TimeSpan At, PictureStamp? Stamp, bool IsFlash);

/// <summary>What was decoded.</summary>
/// <param name="Pictures">In the order in which they are shown.</param>
/// <param name="Beeps">When each beep begins, in presentation time.</param>
public sealed record PictureClockReading(IReadOnlyList<ReadPicture> Pictures, IReadOnlyList<TimeSpan> Beeps)
{
    /// <summary>When each flash begins.</summary>
    public IEnumerable<TimeSpan> Flashes =>
        Pictures.Where((picture, at) => picture.IsFlash && at > 0 && !Pictures[at - 1].IsFlash).Select(picture => picture.At);

    /// <summary>Sound minus picture at each flash that has a beep within half a second: positive when the sound is late.</summary>
    public IReadOnlyList<TimeSpan> AudioOffsets =>
    [
        .. from flash in Flashes
           where Beeps.Count > 0
           let offset = Beeps.Select(beep => beep - flash).MinBy(distance => distance.Duration())
           where offset.Duration() < TimeSpan.FromSeconds(0.5)
           select offset,
    ];

    /// <summary>Says what is wrong with the order of the pictures: unreadable, lost, doubled or out of order. Empty when nothing is.</summary>
    /// <param name="allowGaps">Whether counters may jump forward, as where a publisher was replaced or a listener joined late.</param>
    public IReadOnlyList<string> FindFaults(bool allowGaps = false)
    {
        var faults = new List<string>();
        uint? last = null;
        foreach (var picture in Pictures)
        {
            if (picture.Stamp is not { } stamp)
            {
                faults.Add($"The picture at {picture.At.TotalSeconds:F3} s cannot be read.");
                continue;
            }

            if (last is { } before && (stamp.Counter <= before || (!allowGaps && stamp.Counter != before + 1)))
            {
                faults.Add($"Picture {stamp.Counter} follows {before} at {picture.At.TotalSeconds:F3} s.");
            }

            last = stamp.Counter;
        }

        return faults;
    }
}
