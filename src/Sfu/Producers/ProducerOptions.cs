using Roomcast.Sfu.Codecs;

namespace Roomcast.Sfu.Producers;

/// <summary>A track that a peer is about to send.</summary>
public sealed record ProducerOptions
{
    /// <summary>Its name, unique in the router.</summary>
    public required string Id { get; init; }

    /// <summary>What it is encoded with.</summary>
    public required SfuCodec Codec { get; init; }

    /// <summary>The payload type that its packets have. Others are not forwarded.</summary>
    public required byte PayloadType { get; init; }

    /// <summary>The media section's name, by which packets of sources that are not known yet are told apart.</summary>
    public string? Mid { get; init; }

    /// <summary>Names of its encodings, best first; empty for a track of one encoding.</summary>
    public IReadOnlyList<string> Rids { get; init; } = [];

    /// <summary>Its source, where the description names it; needed only when packets carry no mid.</summary>
    public uint? Ssrc { get; init; }

    /// <summary>Whether it shows a screen: such tracks come first when bandwidth is short.</summary>
    public bool IsScreenShare { get; init; }

    /// <summary>Whether its sender repeats packets when asked (<c>a=rtcp-fb … nack</c>).</summary>
    public bool SupportsNack { get; init; } = true;

    /// <summary>Whose sound it is, for the choice of the active speaker; null when it takes no part in that.</summary>
    public string? Speaker { get; init; }
}
