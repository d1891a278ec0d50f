using Roomcast.Rtc.Rtp.Extensions;

namespace Roomcast.Sfu.Consumers;

/// <summary>A track that is about to leave to one peer.</summary>
public sealed record ConsumerOptions
{
    /// <summary>Its name, unique within the transport.</summary>
    public required string Id { get; init; }

    /// <summary>The source that its packets have, unique within the transport.</summary>
    public required uint Ssrc { get; init; }

    /// <summary>The payload type that its packets have: what the receiver calls the producer's codec.</summary>
    public required byte PayloadType { get; init; }

    /// <summary>The media section's name; packets carry it, so that the receiver needs no list of sources.</summary>
    public required string Mid { get; init; }

    /// <summary>The header extensions of its packets, by their numbers in its section; null for all those that the transport
    /// has now. Nothing may be added to it later.</summary>
    /// <remarks>A packet without the transport-wide number is no part of the feedback, and so none of the estimate.</remarks>
    public RtpExtensionMap? Extensions { get; init; }

    /// <summary>The lasting name of the source in RTCP.</summary>
    public string Cname { get; init; } = "roomcast";

    /// <summary>The encoding that is wanted: 0 is the best. A worse one is sent when it does not exist or does not fit.</summary>
    public int PreferredRank { get; init; }

    /// <summary>Whether it begins paused.</summary>
    public bool IsPaused { get; init; }
}
