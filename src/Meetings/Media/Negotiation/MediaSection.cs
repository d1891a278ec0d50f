using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Rtc.Sdp;

namespace Roomcast.Meetings.Media.Negotiation;

/// <summary>One section of a transport's descriptions, as it was last agreed or offered. Immutable.</summary>
internal sealed record MediaSection
{
    /// <summary>Its name.</summary>
    public required string Mid { get; init; }

    /// <summary>Sound or picture; null for what is neither, which is refused and stays so.</summary>
    public required MediaKind? Kind { get; init; }

    /// <summary>The one codec that is agreed, under the peer's payload type, with the feedback that both sides know.</summary>
    public required SdpCodec Codec { get; init; }

    /// <summary>The header extensions that are agreed, under the peer's numbers.</summary>
    public IReadOnlyList<SdpExtension> Extensions { get; init; } = [];

    /// <summary>Names of the encodings that the peer sends, best first; empty for one.</summary>
    public IReadOnlyList<string> Rids { get; init; } = [];

    /// <summary>Whether it has ended for good; it may be recycled under another name.</summary>
    public bool IsStopped { get; init; }

    /// <summary>Whether we have offered it, or to stop it, and the answer has not come.</summary>
    public bool IsPending { get; init; }

    /// <summary>The name of the stopped section whose place it takes; null when it was added at the end.</summary>
    public string? Recycles { get; init; }

    /// <summary>What leaves by it; null when nothing does.</summary>
    public ConsumedSection? Consumed { get; init; }

    /// <summary>Protocol and format of a section that is refused.</summary>
    public (string Kind, string Protocol, string Format) Refused { get; init; }

    /// <summary>The numbers of its header extensions.</summary>
    public RtpExtensionMap MapExtensions()
    {
        var map = new RtpExtensionMap();
        foreach (var extension in Extensions)
        {
            if (RtpExtensionUris.TryGetKind(extension.Uri, out var kind))
            {
                map.TryAdd(extension.Id, kind);
            }
        }

        return map;
    }
}

/// <summary>What leaves to a peer by one section.</summary>
/// <param name="ProducerId">The track.</param>
/// <param name="TrackId">Its id at the receiver.</param>
/// <param name="StreamId">What it shares with the other tracks of its peer, so that receivers keep them together in time.</param>
/// <param name="Ssrc">The source of its packets, never used before on its transport.</param>
internal sealed record ConsumedSection(string ProducerId, string TrackId, string StreamId, uint Ssrc);
