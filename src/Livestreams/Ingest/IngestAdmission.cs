using Roomcast.Livestreams.Records;
using Roomcast.Media;
using Roomcast.Media.Time;

namespace Roomcast.Livestreams.Ingest;

/// <summary>Why a publish was refused.</summary>
public enum IngestRefusal
{
    /// <summary>No livestream has this stream key.</summary>
    UnknownKey,

    /// <summary>The livestream is disabled.</summary>
    Disabled,

    /// <summary>Somebody publishes to it and has sent media within the last seconds.</summary>
    AlreadyPublishing,

    /// <summary>The server is shutting down, or carries as many publishers as it may.</summary>
    Unavailable,
}

/// <summary>Why a publisher's connection was told to end by the livestream.</summary>
public enum IngestEndReason
{
    /// <summary>It has not been told to end.</summary>
    None,

    /// <summary>The connection itself ended: the encoder stopped or the network broke.</summary>
    ConnectionClosed,

    /// <summary>Another connection with the same key took over after this one had been silent.</summary>
    TakenOver,

    /// <summary>The livestream was stopped, disabled or deleted, or its key was rotated.</summary>
    Stopped,

    /// <summary>The server shuts down.</summary>
    ServerStopping,
}

/// <summary>Who asks to publish.</summary>
/// <param name="StreamKey">The secret as sent. Never logged.</param>
/// <param name="Protocol">For example <c>rtmp</c> or <c>rtmps</c>.</param>
/// <param name="RemoteAddress">The peer's address, for logs and limits.</param>
/// <param name="Encoder">What the encoder calls itself, or null.</param>
public sealed record IngestRequest(string StreamKey, string Protocol, string RemoteAddress, string? Encoder)
{
    /// <summary>Says who asks, without the stream key.</summary>
    public override string ToString() => $"{Protocol} from {RemoteAddress} ({Encoder ?? "unnamed encoder"})";
}

/// <summary>The answer to a publish: exactly one of the two is set.</summary>
/// <param name="Publisher">Where the media goes, when admitted.</param>
/// <param name="Refusal">Why not, when refused.</param>
public readonly record struct IngestAdmission(IngestPublisher? Publisher, IngestRefusal? Refusal);

/// <summary>Decides who may publish.</summary>
public interface IIngestGate
{
    /// <summary>Looks up the key, applies the collision policy, and admits or refuses. Bounded in time; never throws for a bad key.</summary>
    ValueTask<IngestAdmission> AdmitAsync(IngestRequest request, CancellationToken cancellationToken);
}

/// <summary>One admitted publisher of one livestream: media goes in here, in program time.</summary>
/// <remarks>
/// One connection calls it, one call at a time. <see cref="Publish"/> never blocks and never waits for a viewer.
/// </remarks>
public abstract class IngestPublisher
{
    /// <summary>The livestream it feeds.</summary>
    public abstract LivestreamId LivestreamId { get; }

    /// <summary>Cancelled when the livestream wants the connection to end; <see cref="EndReason"/> says why.</summary>
    public abstract CancellationToken Ending { get; }

    /// <summary>Why the livestream wants the connection to end.</summary>
    public abstract IngestEndReason EndReason { get; }

    /// <summary>
    /// Where on the program timeline media that arrives now belongs: the time since the livestream session began, or the end
    /// of what was published before, whichever is later. The first frame of a connection, and the first after a jump of the
    /// source's clock, is placed here.
    /// </summary>
    public abstract MediaTime ProgramTimeNow { get; }

    /// <summary>
    /// Announces the tracks, at first and whenever one appears, vanishes or changes its codec parameters. What follows is
    /// a discontinuity for viewers, except the first time.
    /// </summary>
    public abstract void SetTracks(IReadOnlyList<Track> tracks);

    /// <summary>Says that the next frames do not continue the earlier ones: the source's clock jumped.</summary>
    public abstract void MarkDiscontinuity();

    /// <summary>Hands on one frame. The caller keeps its own reference and releases it.</summary>
    public abstract void Publish(Frame frame);

    /// <summary>Tells what the connection has measured; called about once a second.</summary>
    public abstract void Report(PublisherMeasurements measurements);

    /// <summary>Ends this publisher. The livestream waits for the grace time before it goes off air.</summary>
    public abstract void Close(IngestEndReason reason);
}

/// <summary>What a connection knows about its encoder that frames do not tell.</summary>
/// <param name="BytesReceived">Bytes from the socket since the connection began.</param>
/// <param name="DroppedFrames">Frames thrown away because they were damaged or came before a keyframe.</param>
/// <param name="TimestampJumps">How often the source's clock jumped.</param>
public sealed record PublisherMeasurements(long BytesReceived, long DroppedFrames, long TimestampJumps);
