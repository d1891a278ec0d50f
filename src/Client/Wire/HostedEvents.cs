using Roomcast.RealtimeKit.Socket.Messages;

namespace Roomcast.Client.Wire;

/// <summary>Event numbers that the hosted service sends, and a server of this house does not.</summary>
internal static class HostedEvents
{
    public const SocketEvent PollUpdated = (SocketEvent)0x3_0003;
    public const SocketEvent ErrorOfOldMedia = (SocketEvent)0x0100_003C;
    public const SocketEvent ErrorOfMedia = (SocketEvent)0x0300_003C;
}
