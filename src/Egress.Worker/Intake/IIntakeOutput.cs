namespace Roomcast.Egress.Worker.Intake;

/// <summary>Where media goes once it is due. Called within the calls of <see cref="SessionIntake"/>. Times are composition times.</summary>
public interface IIntakeOutput
{
    /// <summary>A frame of a picture, in decoding order, when it is due or just before.</summary>
    void TakeVideo(uint ssrc, ReadOnlySpan<byte> frame, bool isKeyframe, TimeSpan at, int rotationDegrees);

    /// <summary>Frames of a picture are lost for good: a keyframe is needed.</summary>
    void MissVideo(uint ssrc);

    /// <summary>A packet of sound, in order, before it is due.</summary>
    void TakeAudio(uint ssrc, ReadOnlySpan<byte> packet, TimeSpan at);

    /// <summary>A packet of sound that did not come in time.</summary>
    void MissAudio(uint ssrc, TimeSpan at, TimeSpan duration);
}
