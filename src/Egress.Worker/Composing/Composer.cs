using Roomcast.Egress.Composition;
using Roomcast.Egress.Worker.Native;
using Roomcast.Egress.Worker.Picture;
using Roomcast.Egress.Worker.Sound;

namespace Roomcast.Egress.Worker.Composing;

/// <summary>
/// Makes one picture and sound of a scene: decodes the tracks, lays the pictures out and mixes the sound, and encodes both.
/// It has no clock: composition time is told, and counts from the composition's first moment.
/// </summary>
/// <remarks>Owned by one thread. Nothing is allocated on the managed heap from tick to tick while the scene stays as it is.</remarks>
public sealed class Composer : IDisposable
{
    private readonly ComposerCounters _counters = new();
    private readonly PictureComposer _picture;
    private readonly SoundComposer _sound;
    private readonly PictureEncoder _encoder;
    private long _last = -1;
    private bool _isDisposed;

    /// <summary>Opens the encoders.</summary>
    /// <param name="format">What it is encoded as.</param>
    /// <param name="options">How.</param>
    /// <param name="output">Where the frames go, and the wishes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The format or an option is outside its range; the message says which and what is allowed.</exception>
    /// <exception cref="CodecLibraryException">A library or a font is missing, or not as expected.</exception>
    public Composer(CompositionFormat format, ComposerOptions options, IComposerOutput output)
    {
        ArgumentNullException.ThrowIfNull(format);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(output);
        format.Check();
        options.Check();
        CodecLibraries.Need();
        Format = format;
        _encoder = new PictureEncoder(format, options, output);
        _picture = new PictureComposer(format, options.ReadsPicturesAside, output, _counters);
        _sound = new SoundComposer(format, output, _counters);
    }

    /// <summary>What it is encoded as.</summary>
    public CompositionFormat Format { get; }

    /// <summary>What it has met so far.</summary>
    public ComposerCounters Counters => _counters;

    /// <summary>Takes the scene as it is now; it shows with the next tick. A track that is not in it any more is forgotten.</summary>
    /// <remarks>
    /// Picture files that were not in use before are read, up to 20 MB each: here, or aside, and then shown once they are there
    /// (<see cref="ComposerOptions.ReadsPicturesAside"/>). One that cannot be read is counted and left out.
    /// </remarks>
    public void SetScene(Scene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _picture.SetScene(scene);
        _sound.SetScene(scene);
    }

    /// <summary>Takes a frame of a camera or screen, in decoding order, when it is due or slightly before (up to 100 ms).</summary>
    /// <param name="ssrc">A video track of the scene; others are ignored.</param>
    /// <param name="frame">One VP8 frame. One that cannot be decoded is counted, and a keyframe asked for.</param>
    /// <param name="at">Composition time at which it is to be shown: it is, from the tick that is nearest.</param>
    /// <param name="rotationDegrees">How far it has to be turned clockwise to stand upright: 0, 90, 180 or 270.</param>
    public void TakeVideo(uint ssrc, ReadOnlySpan<byte> frame, TimeSpan at, int rotationDegrees)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _picture.Take(ssrc, frame, at, rotationDegrees);
    }

    /// <summary>Says that frames of a video track are lost for good: what follows is not decoded before the next keyframe, and one is asked for.</summary>
    public void MissVideo(uint ssrc)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _picture.Miss(ssrc);
    }

    /// <summary>Takes a packet of a microphone or of a screen's sound, in order, before the first tick after <paramref name="at"/>.</summary>
    /// <param name="ssrc">A sound track of the scene; others are ignored.</param>
    /// <param name="packet">One Opus packet.</param>
    /// <param name="at">Composition time at which its first sample is heard; at most 200 ms ahead.</param>
    public void TakeAudio(uint ssrc, ReadOnlySpan<byte> packet, TimeSpan at)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _sound.Take(ssrc, packet, at);
    }

    /// <summary>
    /// Says that a sound packet is lost for good. If the one after it comes before the sound is due, its redundancy is used;
    /// otherwise the sound is made up from what was before.
    /// </summary>
    /// <param name="ssrc">The track.</param>
    /// <param name="at">When its first sample would have been heard.</param>
    /// <param name="duration">How long it would have lasted, up to 120 ms.</param>
    public void MissAudio(uint ssrc, TimeSpan at, TimeSpan duration)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _sound.Miss(ssrc, at, duration);
    }

    /// <summary>Makes the picture of a tick, shown at <paramref name="number"/> / frame rate, and the sound that is complete by then.</summary>
    /// <param name="number">Higher than the last one's, by one where nothing was held up. The first may be any from 0 on.</param>
    public void Tick(long number)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(number, _last);
        _last = number;
        var at = TimeSpan.FromTicks(number * TimeSpan.TicksPerSecond / Format.FrameRate);
        _encoder.Encode(_picture.Compose(at), number);
        _counters.Pictures++;
        _sound.ComposeUntil(at);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _sound.Dispose();
            _picture.Dispose();
            _encoder.Dispose();
        }
    }
}
