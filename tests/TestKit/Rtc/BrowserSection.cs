using Roomcast.Rtc.Sdp;

namespace Roomcast.TestKit.Rtc;

/// <summary>One section of a <see cref="BrowserTransport"/>.</summary>
internal sealed class BrowserSection
{
    public required string Mid { get; set; }

    public required bool IsAudio { get; init; }

    public SdpDirection Direction { get; set; } = SdpDirection.SendOnly;

    public bool IsStopped { get; set; }

    /// <summary>Whether the client added it to send a track, and limited it to one codec.</summary>
    public bool IsPublished { get; init; }

    public BrowserTrack? Track { get; set; }

    public IReadOnlyList<string> Rids { get; init; } = [];

    /// <summary>What the server wrote of it last; null for those of our own making.</summary>
    public MediaDescription? Remote { get; set; }
}
