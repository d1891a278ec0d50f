namespace Roomcast.Rtc.Srtp;

/// <summary>What became of a packet. All but <see cref="Done"/> mean that its bytes are not to be used.</summary>
public enum SrtpStatus
{
    /// <summary>Protected, or verified and decrypted.</summary>
    Done,

    /// <summary>Too short, or no RTP or RTCP.</summary>
    Malformed,

    /// <summary>The tag is wrong: forged, damaged, or for other keys.</summary>
    Forged,

    /// <summary>Seen before.</summary>
    Replayed,

    /// <summary>So far behind the newest that it cannot be known whether it was seen before.</summary>
    TooOld,

    /// <summary>RTCP that was not encrypted, which no profile of ours has a use for.</summary>
    NotEncrypted,

    /// <summary>A peer has used more sources than we keep count of.</summary>
    TooManySources,

    /// <summary>The buffer has no room for the tag, or the key has done all it may: a fault of ours.</summary>
    NotPossible,
}
