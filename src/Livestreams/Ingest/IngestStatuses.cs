using Roomcast.Rtmp.Commands;

namespace Roomcast.Livestreams.Ingest;

/// <summary>What encoders are told. None of it ever holds the stream key.</summary>
/// <remarks>
/// Refusals use NetStream.Publish.Denied and Rejected. The older BadName is the textbook's choice, but librtmp, and OBS with
/// it, does not know it: OBS would wait instead of telling its user. FFmpeg shows the description of any error.
/// </remarks>
internal static class IngestStatuses
{
    public static RtmpStatus NoKey { get; } = Denied("There is no stream key in the address.");

    public static RtmpStatus Silent { get; } =
        RtmpStatus.Error(RtmpStatusCodes.ConnectClosed, "Nothing was received for too long.");

    public static RtmpStatus TooSlow { get; } =
        RtmpStatus.Error(RtmpStatusCodes.ConnectClosed, "The request to publish took too long.");

    public static RtmpStatus OurFault { get; } =
        RtmpStatus.Error(RtmpStatusCodes.ConnectClosed, "The server met a fault of its own; try again.");

    public static RtmpStatus Reconnect { get; } =
        RtmpStatus.Of(RtmpStatusCodes.ConnectReconnectRequest, "The server is restarting.");

    public static RtmpStatus Of(IngestRefusal refusal) => refusal switch
    {
        IngestRefusal.UnknownKey => Denied("No livestream has this stream key."),
        IngestRefusal.Disabled => Denied("This livestream is disabled."),
        IngestRefusal.AlreadyPublishing => Denied("Another encoder is publishing to this livestream."),
        IngestRefusal.Unavailable => Denied("The server takes no more publishers for the moment; try again later."),
        _ => Denied("The stream was refused."),
    };

    public static RtmpStatus Of(IngestEndReason reason) => reason switch
    {
        IngestEndReason.TakenOver => Denied("Another encoder has taken over this livestream."),
        IngestEndReason.Stopped => Denied("This livestream was stopped, disabled or deleted, or has a new stream key."),
        IngestEndReason.ServerStopping => RtmpStatus.Error(RtmpStatusCodes.ConnectAppShutdown, "The server is shutting down."),
        _ => RtmpStatus.Of(RtmpStatusCodes.ConnectClosed, "The connection ends."),
    };

    public static RtmpStatus UnsupportedCodec(string codecName) =>
        Rejected($"{codecName} is not carried. Use H.264, H.265, AV1 or VP9 for the picture and AAC or Opus for the sound.");

    public static RtmpStatus UnsupportedConfiguration(string codecName) =>
        Rejected($"This kind of {codecName} is not carried.");

    public static RtmpStatus TooFast(long maxBitrateBps) =>
        Rejected($"More than {maxBitrateBps / 1_000_000.0:0.#} Mbit/s were sent; set a lower bit rate.");

    private static RtmpStatus Denied(string description) => RtmpStatus.Error(RtmpStatusCodes.PublishDenied, description);

    private static RtmpStatus Rejected(string description) => RtmpStatus.Error(RtmpStatusCodes.PublishRejected, description);
}
