using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Sdp;
using Roomcast.Transports.Rtc;

namespace Roomcast.Meetings.Media;

/// <summary>What one room, peer or transport may have at most. Beyond is refused as <see cref="MediaErrorCode.TooMany"/>.</summary>
internal static class MediaLimits
{
    /// <summary>Peers in a room.</summary>
    public const int Peers = 1_000;

    /// <summary>Producers of one peer. The client makes four: microphone, camera, and a screen with its sound.</summary>
    public const int ProducersOfPeer = 16;

    /// <summary>Tracks in one request to consume. The client asks for 35 at once.</summary>
    public const int ConsumeRequests = 256;

    /// <summary>Tracks that one peer receives.</summary>
    public const int ConsumersOfPeer = 256;

    /// <summary>Sections of one transport, stopped ones included; a client that shares its screen often never recycles them.</summary>
    public const int Sections = SdpLimits.MaxSections;

    /// <summary>Encodings of one track.</summary>
    public const int Encodings = 4;

    /// <summary>Characters of a section's name and of an encoding's: what the one-byte form of header extensions carries.</summary>
    public const int NameLength = 16;

    /// <summary>Characters of what a peer says of a producer.</summary>
    public const int AppDataLength = 8_192;

    /// <summary>Characters of a track's id.</summary>
    public const int TrackIdLength = 128;

    /// <summary>Characters of a codec's parameters that are taken over into an answer.</summary>
    public const int ParametersLength = 512;

    /// <summary>Listeners of one room: what composes it, and recorders of single tracks.</summary>
    public const int Taps = 8;

    /// <summary>Bytes of a packet before it is encrypted: what the sockets send at most, without what encryption adds. Longer packets of
    /// peers are dropped as they arrive.</summary>
    public const int PacketBytes = RtcWorker.MaxDatagramLength - RtcConnection.MaxOverhead;

    /// <summary>Addresses of one transport on which a check has passed.</summary>
    public const int Paths = 32;
}
