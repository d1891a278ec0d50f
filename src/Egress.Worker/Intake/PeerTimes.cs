using Roomcast.Rtc.Rtcp;

namespace Roomcast.Egress.Worker.Intake;

/// <summary>What the tracks of one peer share: its wall clock, counted from the first report, and how that lies on ours.</summary>
internal sealed class PeerTimes
{
    private static readonly TimeSpan StillArrives = TimeSpan.FromSeconds(2); // A shared screen may send one picture a second.

    private readonly List<TrackClock> _tracks = [];
    private NtpTime? _epoch;

    /// <summary>How the peer's time lies on the composition's.</summary>
    public PeerClock Clock { get; } = new();

    /// <summary>Whether a sound of the peer goes by its reports.</summary>
    public bool HasSoundReports { get; set; }

    /// <summary>Makes the clock of one more track.</summary>
    public TrackClock Add(int clockRateHz, bool isSound)
    {
        var track = new TrackClock(this, clockRateHz, isSound);
        _tracks.Add(track);
        return track;
    }

    /// <summary>A track is gone.</summary>
    public void Remove(TrackClock track) => _tracks.Remove(track);

    /// <summary>A moment of the peer's wall clock as time since its first report.</summary>
    public TimeSpan TimeOf(NtpTime ntp) => ntp.Since(_epoch ??= ntp);

    /// <summary>Whether the peer's clock follows no other track now.</summary>
    public bool IsAlone(TrackClock track, TimeSpan now) =>
        !_tracks.Exists(other => other != track && now - other.ArrivedAt < StillArrives);

    /// <summary>The peer set its wall clock.</summary>
    /// <param name="by">How much later it is now.</param>
    /// <param name="ahead">How far it is ahead of the composition's now.</param>
    public void OnClockSet(TimeSpan by, TimeSpan ahead)
    {
        Clock.OnClockSet(by);
        foreach (var track in _tracks)
        {
            track.OnClockSet(by, ahead);
        }
    }
}
