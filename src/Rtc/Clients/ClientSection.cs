using Roomcast.Media;
using Roomcast.Rtc.Sdp;

namespace Roomcast.Rtc.Clients;

/// <summary>One section of a client's transport.</summary>
internal sealed class ClientSection(string mid, TrackKind kind)
{
    public string Mid { get; } = mid;

    public TrackKind Kind { get; } = kind;

    /// <summary>Whether it has ended for good; the server may put another one in its place.</summary>
    public bool IsStopped { get; set; }

    /// <summary>What leaves by it; null when nothing does.</summary>
    public SendingTrack? Sending { get; set; }

    /// <summary>The encodings of what leaves by it; none when nothing does.</summary>
    public IReadOnlyList<SendingTrack> Encodings => Sending?.Encodings ?? [];

    /// <summary>What arrives by it; null when nothing does.</summary>
    public ReceivingTrack? Receiving { get; set; }

    /// <summary>The server's last description of it, when it was the server that began it.</summary>
    public MediaDescription? Remote { get; set; }
}
