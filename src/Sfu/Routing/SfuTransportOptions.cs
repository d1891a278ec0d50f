using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Rtp.Extensions;

namespace Roomcast.Sfu.Routing;

/// <summary>What a transport has agreed with its peer.</summary>
public sealed record SfuTransportOptions
{
    /// <summary>The numbers of the header extensions; entries may be added while it lives.</summary>
    public required RtpExtensionMap Extensions { get; init; }

    /// <summary>The source that our reports and requests come from.</summary>
    public uint ReportSsrc { get; init; } = 1;

    /// <summary>The bounds of the bandwidth estimate towards the peer.</summary>
    public BandwidthLimits Bandwidth { get; init; } = new();
}

/// <summary>What a transport has met, for reports. Each counts packets.</summary>
public readonly record struct SfuTransportCounters
{
    /// <summary>RTP packets received.</summary>
    public long Received { get; init; }

    /// <summary>RTP packets sent.</summary>
    public long Sent { get; init; }

    /// <summary>Packets that belong to none of the peer's own producers.</summary>
    public long Unknown { get; init; }

    /// <summary>Packets of another payload type than was agreed.</summary>
    public long WrongPayloadType { get; init; }

    /// <summary>Packets whose payload is longer than what can be sent on.</summary>
    public long TooLong { get; init; }

    /// <summary>Packets that found no room in the sink.</summary>
    public long NoRoom { get; init; }

    /// <summary>Packets that receivers asked for again.</summary>
    public long Nacked { get; init; }

    /// <summary>Packets that we asked the peer for again.</summary>
    public long NacksSent { get; init; }

    /// <summary>Keyframes that receivers asked for.</summary>
    public long KeyframesWanted { get; init; }

    /// <summary>Keyframes that we asked the peer for.</summary>
    public long KeyframeRequestsSent { get; init; }

    /// <summary>RTCP compounds that were malformed somewhere.</summary>
    public long MalformedRtcp { get; init; }
}
