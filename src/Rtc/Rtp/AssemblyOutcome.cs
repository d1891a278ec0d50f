namespace Roomcast.Rtc.Rtp;

/// <summary>What became of a packet.</summary>
public enum AssemblyOutcome
{
    /// <summary>It is held, or belongs to nothing (padding).</summary>
    Held,

    /// <summary>It was here before.</summary>
    Duplicate,

    /// <summary>Its place has been taken or given up already.</summary>
    Late,

    /// <summary>Its payload is no VP8 or Opus.</summary>
    Malformed,
}
