using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Egress.Worker.Composing;
using Roomcast.Egress.Worker.Native;
using Roomcast.Media;

namespace Roomcast.Egress.Worker.Running;

/// <summary>Puts the composer between what is due and the server.</summary>
internal sealed class ComposerBridge : ISceneComposer, IComposerOutput
{
    private readonly Composer _composer;
    private readonly ServerLink _link;

    private ComposerBridge(WireStart start, ServerLink link)
    {
        _link = link;
        _composer = new Composer(start.Format, new ComposerOptions { Preset = start.Preset, EncoderThreads = start.EncoderThreads, ReadsPicturesAside = true }, this);
    }

    /// <summary>Opens the codecs.</summary>
    /// <exception cref="ComposingException">They cannot be opened.</exception>
    public static ISceneComposer Make(WireStart start, ServerLink link)
    {
        try
        {
            return new ComposerBridge(start, link);
        }
        catch (Exception fault) when (fault is CodecLibraryException or ArgumentException)
        {
            throw new ComposingException(fault.Message, fault);
        }
    }

    /// <inheritdoc/>
    public void SetScene(Scene scene) => _composer.SetScene(scene);

    /// <inheritdoc/>
    public void Tick(long number) => _composer.Tick(number);

    /// <inheritdoc/>
    public void TakeVideo(uint ssrc, ReadOnlySpan<byte> frame, bool isKeyframe, TimeSpan at, int rotationDegrees) =>
        _composer.TakeVideo(ssrc, frame, at, rotationDegrees);

    /// <inheritdoc/>
    public void MissVideo(uint ssrc) => _composer.MissVideo(ssrc);

    /// <inheritdoc/>
    public void TakeAudio(uint ssrc, ReadOnlySpan<byte> packet, TimeSpan at) => _composer.TakeAudio(ssrc, packet, at);

    /// <inheritdoc/>
    public void MissAudio(uint ssrc, TimeSpan at, TimeSpan duration) => _composer.MissAudio(ssrc, at, duration);

    /// <inheritdoc/>
    public void TakeTrack(Track track) => _link.SendTrack(track);

    /// <inheritdoc/>
    public void TakePicture(ReadOnlySpan<byte> accessUnit, TimeSpan at, bool isKeyframe) =>
        _link.SendFrame(CompositionFormat.VideoTrackId, accessUnit, at, isKeyframe);

    /// <inheritdoc/>
    public void TakeSound(ReadOnlySpan<byte> accessUnit, TimeSpan at) =>
        _link.SendFrame(CompositionFormat.AudioTrackId, accessUnit, at, isKeyframe: true);

    /// <inheritdoc/>
    public void WantKeyframe(uint ssrc) => _link.SendWish(ssrc, height: null);

    /// <inheritdoc/>
    public void PreferHeight(uint ssrc, int height) => _link.SendWish(ssrc, height);

    /// <inheritdoc/>
    public void Dispose() => _composer.Dispose();
}
