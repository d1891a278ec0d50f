using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;

namespace Roomcast.Egress.Worker.Intake;

/// <summary>One track of the scene: holds its packets until they are due. Not thread-safe.</summary>
internal abstract class TrackIntake(SceneTrack track, TrackClock clock)
{
    /// <summary>The track as the scene has it.</summary>
    public SceneTrack Track { get; private set; } = track;

    /// <summary>Its times.</summary>
    public TrackClock Clock { get; } = clock;

    /// <summary>Packets that came in time, once.</summary>
    protected long Packets { get; set; }

    /// <summary>Packets that came too late.</summary>
    protected long Late { get; set; }

    /// <summary>Sounds made up, or gaps.</summary>
    protected long Concealed { get; set; }

    /// <summary>Packets given up.</summary>
    protected abstract long Lost { get; }

    /// <summary>Takes the track as the scene has it now.</summary>
    public void Update(SceneTrack track)
    {
        if (track.IsPaused && !Track.IsPaused)
        {
            Clear();
        }

        Track = track;
    }

    /// <summary>Takes a packet. False when it cannot be of this track.</summary>
    public abstract bool Take(in RtpHeader header, ReadOnlySpan<byte> packet, TimeSpan now);

    /// <summary>Notes a sender report.</summary>
    public virtual void TakeReport(NtpTime ntp, uint timestamp, TimeSpan now) => Clock.OnReport(ntp, timestamp, now);

    /// <summary>Hands on what is due.</summary>
    /// <param name="now">Composition time of the coming tick.</param>
    /// <param name="output">Where it goes.</param>
    public abstract void Advance(TimeSpan now, IIntakeOutput output);

    /// <summary>Gives back all packets; the next begins anew.</summary>
    public abstract void Clear();

    /// <summary>What it came to.</summary>
    public WireTrackFigures Figures() => new()
    {
        Ssrc = Track.Ssrc,
        Packets = Packets,
        Lost = Lost,
        Late = Late,
        Concealed = Concealed,
        DelayMs = Math.Round(Clock.Hold.TotalMilliseconds, 1),
        HasReports = Clock.HasReports,
    };

    /// <summary>Counts what became of a packet. True when it is held.</summary>
    protected bool Count(AssemblyOutcome outcome)
    {
        switch (outcome)
        {
            case AssemblyOutcome.Held:
                Packets++;
                return true;
            case AssemblyOutcome.Late:
                Late++;
                return false;
            default:
                return false;
        }
    }
}
