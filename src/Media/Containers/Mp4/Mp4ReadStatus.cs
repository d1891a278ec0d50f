namespace Roomcast.Media.Containers.Mp4;

/// <summary>How reading MP4 went.</summary>
public enum Mp4ReadStatus
{
    /// <summary>Everything was read.</summary>
    Done,

    /// <summary>The bytes end inside a box.</summary>
    Truncated,

    /// <summary>A box holds what its specification forbids, or a box that must be there is not.</summary>
    Malformed,

    /// <summary>A count is above the reader's cap.</summary>
    TooLarge,
}
