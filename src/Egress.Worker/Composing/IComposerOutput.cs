using Roomcast.Media;

namespace Roomcast.Egress.Worker.Composing;

/// <summary>What a <see cref="Composer"/> gives and asks. Called on the thread that calls the composer, within its calls.</summary>
public interface IComposerOutput
{
    /// <summary>
    /// Tells a track, before its first frame: <see cref="Egress.Composition.CompositionFormat.VideoTrackId"/> with its avcC, or
    /// <see cref="Egress.Composition.CompositionFormat.AudioTrackId"/> with its AudioSpecificConfig. Once each.
    /// </summary>
    void TakeTrack(Track track);

    /// <summary>Takes a picture, one for each tick.</summary>
    /// <param name="accessUnit">Length-prefixed NAL units (four bytes each), without parameter sets; valid within the call.</param>
    /// <param name="at">When it is shown, and decoded: the tick's number over the frame rate.</param>
    /// <param name="isKeyframe">Whether it is an IDR, which begins a closed group.</param>
    void TakePicture(ReadOnlySpan<byte> accessUnit, TimeSpan at, bool isKeyframe);

    /// <summary>Takes a sound frame of 1,024 samples at 48 kHz; they follow each other without a gap.</summary>
    /// <param name="accessUnit">A raw AAC access unit; valid within the call.</param>
    /// <param name="at">
    /// When what a decoder puts out for it is heard. The encoder's delay is already taken off, and the unit that would hold
    /// nothing but that delay is left out.
    /// </param>
    void TakeSound(ReadOnlySpan<byte> accessUnit, TimeSpan at);

    /// <summary>Asks the sender of a video track for a keyframe: it cannot be decoded before. At most twice a second for each track.</summary>
    void WantKeyframe(uint ssrc);

    /// <summary>Says how large a video track is shown; said for each track when it comes, and whenever it changes.</summary>
    /// <param name="ssrc">The track.</param>
    /// <param name="height">Pixels that a picture should be high to fill its tile; 0 when it is not shown, and then it is not decoded.</param>
    void PreferHeight(uint ssrc, int height);
}
