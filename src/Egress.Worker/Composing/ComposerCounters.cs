namespace Roomcast.Egress.Worker.Composing;

/// <summary>What a <see cref="Composer"/> has met since it was made.</summary>
public sealed class ComposerCounters
{
    /// <summary>Pictures made, one for each tick.</summary>
    public long Pictures { get; internal set; }

    /// <summary>Sound frames made.</summary>
    public long SoundFrames { get; internal set; }

    /// <summary>Video frames decoded.</summary>
    public long DecodedFrames { get; internal set; }

    /// <summary>Video frames that could not be decoded, or were larger than is allowed. Damage is not counted otherwise.</summary>
    public long BadVideoFrames { get; internal set; }

    /// <summary>Opus packets that could not be decoded.</summary>
    public long BadAudioPackets { get; internal set; }

    /// <summary>Lost sound packets that the following one's in-band redundancy gave back.</summary>
    public long RestoredAudioPackets { get; internal set; }

    /// <summary>Lost sound packets that were made up from what was before them.</summary>
    public long ConcealedAudioPackets { get; internal set; }

    /// <summary>Picture files that could not be read; what they stood for is shown without.</summary>
    public long BadPictureFiles { get; internal set; }
}
