using Roomcast.Media.Buffers;
using Roomcast.Rtmp.Amf;
using Roomcast.Rtmp.Commands;

namespace Roomcast.Rtmp.Connection;

/// <summary>What happened on a server's connection.</summary>
public enum RtmpServerEventKind
{
    /// <summary>Nothing more: the input is used up.</summary>
    None,

    /// <summary>The client has connected and was answered; see <see cref="RtmpServerEvent.Connect"/>.</summary>
    Connected,

    /// <summary>
    /// The client asks to publish; see <see cref="RtmpServerEvent.Publish"/>. The owner answers by
    /// <see cref="RtmpServerConnection.AcceptPublish"/> or <see cref="RtmpServerConnection.RefusePublish"/>, and hands in no more bytes before.
    /// </summary>
    PublishRequested,

    /// <summary>An audio or video message; see <see cref="RtmpServerEvent.Media"/>. The owner releases its buffer once.</summary>
    Media,

    /// <summary>What the encoder says of its stream; see <see cref="RtmpServerEvent.Metadata"/>. To be believed with care.</summary>
    Metadata,

    /// <summary>The publisher has ended its stream and may begin another.</summary>
    PublishEnded,

    /// <summary>The connection cannot go on; see <see cref="RtmpServerEvent.Fault"/>.</summary>
    Ended,
}

/// <summary>Sound or picture of a media message, as FLV has it.</summary>
public enum RtmpMediaKind
{
    /// <summary>An audio message, type 8.</summary>
    Audio,

    /// <summary>A video message, type 9.</summary>
    Video,
}

/// <summary>One audio or video message: the body of an FLV tag.</summary>
/// <param name="Kind">Which of the two.</param>
/// <param name="TimestampMs">Milliseconds on the encoder's clock, modulo 2^32.</param>
/// <param name="Buffer">Where the body lies. Whoever was handed the message releases it once.</param>
/// <param name="Offset">The body's first byte.</param>
/// <param name="Length">The body's length; zero in the "silence" message of old players.</param>
public readonly record struct RtmpMedia(RtmpMediaKind Kind, uint TimestampMs, MediaBuffer Buffer, int Offset, int Length)
{
    /// <summary>The body.</summary>
    public ReadOnlySpan<byte> Body => Buffer.Span.Slice(Offset, Length);

    /// <summary>Says what it is.</summary>
    public override string ToString() => $"{Kind} at {TimestampMs} ms, {Length} bytes";
}

/// <summary>What a client says when it connects.</summary>
/// <param name="App">The application: the path of the address without the stream name, as the client cut it. May hold a stream key.</param>
/// <param name="TcUrl">The whole address. May hold a stream key.</param>
/// <param name="Encoder">What the client calls itself, or null.</param>
/// <param name="IsEnhanced">Whether it speaks Enhanced RTMP.</param>
/// <param name="Capabilities">What it can do of that.</param>
public sealed record RtmpConnectRequest(string App, string TcUrl, string? Encoder, bool IsEnhanced, RtmpCapabilities Capabilities)
{
    /// <summary>Says who connects, without anything that may hold a stream key.</summary>
    public override string ToString() => $"connect by {Encoder ?? "an unnamed client"}";
}

/// <summary>A request to publish.</summary>
/// <param name="App">As in <see cref="RtmpConnectRequest.App"/>.</param>
/// <param name="TcUrl">As in <see cref="RtmpConnectRequest.TcUrl"/>.</param>
/// <param name="StreamName">The stream name: usually the stream key, with or without a query.</param>
/// <param name="Encoder">What the client calls itself, or null.</param>
public sealed record RtmpPublishRequest(string App, string TcUrl, string StreamName, string? Encoder)
{
    /// <summary>Says who publishes, without the stream key.</summary>
    public override string ToString() => $"publish by {Encoder ?? "an unnamed client"}";
}

/// <summary>One thing that happened. Only what belongs to its kind is set.</summary>
public readonly record struct RtmpServerEvent
{
    /// <summary>What happened.</summary>
    public RtmpServerEventKind Kind { get; init; }

    /// <summary>Set for <see cref="RtmpServerEventKind.Connected"/>.</summary>
    public RtmpConnectRequest? Connect { get; init; }

    /// <summary>Set for <see cref="RtmpServerEventKind.PublishRequested"/>.</summary>
    public RtmpPublishRequest? Publish { get; init; }

    /// <summary>Set for <see cref="RtmpServerEventKind.Media"/>.</summary>
    public RtmpMedia Media { get; init; }

    /// <summary>Set for <see cref="RtmpServerEventKind.Metadata"/>.</summary>
    public AmfObject? Metadata { get; init; }

    /// <summary>Set for <see cref="RtmpServerEventKind.Ended"/>.</summary>
    public RtmpFault Fault { get; init; }

    /// <summary>Says what happened, without the stream key.</summary>
    public override string ToString() => Kind switch
    {
        RtmpServerEventKind.Connected => $"{Connect}",
        RtmpServerEventKind.PublishRequested => $"{Publish}",
        RtmpServerEventKind.Media => $"{Media}",
        RtmpServerEventKind.Ended => $"Ended by {Fault}",
        _ => $"{Kind}",
    };
}
