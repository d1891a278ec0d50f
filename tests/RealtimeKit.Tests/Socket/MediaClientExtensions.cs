using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Tests.Socket;

/// <summary>The client's steps towards media.</summary>
internal static class MediaClientExtensions
{
    public static async Task<CreateTransportResponse> OpenTransportAsync(this SocketClient client, bool isConsuming) => await client.AskAsync(
        SocketEvent.CreateTransport,
        new CreateTransportRequest
        {
            Consuming = isConsuming,
            Description = new SessionDescription
            {
                Target = isConsuming ? Target.Subscriber : Target.Publisher,
                Type = "offer",
                Sdp = Offers.First,
            },
        },
        CreateTransportResponse.Parser);

    /// <summary>Does what <c>init</c> does: enters the media side and opens both transports.</summary>
    public static async Task<(string Sending, string Receiving)> EnterMediaAsync(this SocketClient client, bool isAgain = false)
    {
        await client.AskAsync(SocketEvent.JoinMedia, new PeerJoinRequest { Prejoined = isAgain }, PeerJoinResponse.Parser);
        var sending = await client.OpenTransportAsync(isConsuming: false);
        var receiving = await client.OpenTransportAsync(isConsuming: true);
        return (sending.TransportId, receiving.TransportId);
    }

    public static Task<PeerJoinCompleteResponse> CompleteMediaAsync(this SocketClient client) =>
        client.AskAsync(SocketEvent.CompleteMedia, new PeerJoinCompleteRequest(), PeerJoinCompleteResponse.Parser);

    public static ProducerCreateRequest ProduceOf(string kind, string transportId, bool isScreen = false) => new()
    {
        Kind = kind,
        ScreenShare = isScreen,
        Description = new SessionDescription
        {
            Target = Target.Publisher,
            Type = "offer",
            Sdp = Offers.Of(("audio", "inactive", null), ("video", "inactive", null), (kind, "sendonly", "track-1")),
        },
        Msid = "stream track-1",
        AppData = """{"e2ee":false,"mid":"2"}""",
        MimeType = kind == "audio" ? "audio/opus" : "video/VP8",
        ProducingTransportId = transportId,
    };

    public static Task<ProducerCreateResponse> ProduceAsync(this SocketClient client, string kind, string transportId, bool isScreen = false) =>
        client.AskAsync(SocketEvent.Produce, ProduceOf(kind, transportId, isScreen), ProducerCreateResponse.Parser);
}
