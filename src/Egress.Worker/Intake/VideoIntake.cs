using Roomcast.Egress.Composition;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Vp8;

namespace Roomcast.Egress.Worker.Intake;

/// <summary>A camera or a screen. A gap is waited for until a little after its time; then a keyframe is asked for and the last picture stays.</summary>
internal sealed class VideoIntake(SceneTrack track, TrackClock clock) : TrackIntake(track, clock)
{
    /// <summary>How far ahead frames are handed on: half of a tick at the slowest rate, so that the nearest tick can show them.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMilliseconds(50);

    /// <summary>How long after its time something missing may still come: what was before stays on screen meanwhile.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    private readonly Vp8FrameAssembler _frames = new();
    private bool _hasBegun;

    /// <inheritdoc/>
    protected override long Lost => _frames.LostPackets;

    /// <inheritdoc/>
    public override bool Take(in RtpHeader header, ReadOnlySpan<byte> packet, TimeSpan now)
    {
        var outcome = _frames.Add(header, header.PayloadOf(packet), now, Track.OrientationIn(header, packet));
        if (Count(outcome) && header.Marker)
        {
            // The last packet tells how late the whole frame is; in-between ones are never what is waited for.
            Clock.OnArrival(header.Timestamp, now);
        }

        return outcome is not AssemblyOutcome.Malformed;
    }

    /// <inheritdoc/>
    public override void Advance(TimeSpan now, IIntakeOutput output)
    {
        Clock.Advance(now);
        if (!_hasBegun && !Track.IsPaused)
        {
            _hasBegun = true;
            output.MissVideo(Track.Ssrc); // Whatever comes first is of no use without a keyframe.
        }

        while (Clock.IsKnown)
        {
            if (_frames.TryPeek(out var next))
            {
                var at = Clock.At(next.Timestamp);
                if (at > now + Ahead)
                {
                    return;
                }

                Give(at, output);
            }
            else if (!_frames.IsWaiting(out var timestamp) || Clock.At(timestamp) + Patience > now)
            {
                return;
            }
            else if (!_frames.TrySkipToKeyframe())
            {
                _frames.SkipGap();
            }
        }
    }

    /// <inheritdoc/>
    public override void Clear()
    {
        _frames.Clear();
        _hasBegun = false;
    }

    private void Give(TimeSpan at, IIntakeOutput output)
    {
        _frames.TryTake(out var frame, out var data);
        if (frame is { FollowsGap: true, IsKeyframe: false })
        {
            Concealed++;
            output.MissVideo(Track.Ssrc);
        }

        // On keyframes and on change.
        output.TakeVideo(Track.Ssrc, data, frame.IsKeyframe, at, frame.RotationDegrees);
    }
}
