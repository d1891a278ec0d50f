using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Socket.Messages;

/// <summary>The frame around every message: an event number, the request's id, the payload.</summary>
internal static class SocketEnvelope
{
    /// <summary>Largest frame a client may send: a description of some hundred media sections.</summary>
    public const int MaxFrameBytes = 1 << 20;

    /// <summary>Longest id, in characters. The client's are some 50 long.</summary>
    public const int MaxIdLength = 128;

    private static readonly MessageParser<SocketMessage> Parser = SocketMessage.Parser.WithDiscardUnknownFields(true);

    /// <summary>Reads one binary frame. False when it is no envelope, or has an id that is too long.</summary>
    public static bool TryRead(ReadOnlySpan<byte> frame, [NotNullWhen(true)] out SocketMessage? message)
    {
        message = null;
        if (frame.Length > MaxFrameBytes)
        {
            return false;
        }

        try
        {
            message = Parser.ParseFrom(frame);
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }

        if (message.Id.Length <= MaxIdLength)
        {
            return true;
        }

        message = null;
        return false;
    }

    /// <summary>Reads a payload. False when it is not such a message.</summary>
    public static bool TryRead<T>(MessageParser<T> parser, ByteString payload, [NotNullWhen(true)] out T? request)
        where T : class, IMessage<T>
    {
        try
        {
            request = parser.ParseFrom(payload);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            request = null;
            return false;
        }
    }

    /// <summary>Writes a frame. The payload is always there, if empty, since the client decodes it unasked.</summary>
    /// <param name="number">The event.</param>
    /// <param name="id">The id of the request it answers; null for what nobody asked for.</param>
    /// <param name="payload">What it says; null for nothing.</param>
    public static byte[] Write(SocketEvent number, string? id, IMessage? payload)
    {
        var message = new SocketMessage { Event = (uint)number, Payload = payload?.ToByteString() ?? ByteString.Empty };
        if (id is not null)
        {
            message.Id = id;
        }

        return message.ToByteArray();
    }
}
