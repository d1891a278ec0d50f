namespace Roomcast.Media.Codecs;

/// <summary>Why no track can be made of a codec configuration.</summary>
public enum TrackFault
{
    /// <summary>Nothing is wrong.</summary>
    None,

    /// <summary>The configuration ends before what it announces.</summary>
    Truncated,

    /// <summary>The configuration holds a value that its specification forbids.</summary>
    Malformed,

    /// <summary>The configuration holds no SPS or PPS (H.264, H.265) or no sequence header (AV1), so the picture's size is unknown.</summary>
    MissingParameterSets,

    /// <summary>The configuration is right but names something that Roomcast does not carry, such as an unknown AAC object type.</summary>
    Unsupported,

    /// <summary>A length, a count or a picture size is above Roomcast's cap.</summary>
    TooLarge,
}
