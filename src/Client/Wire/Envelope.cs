using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Wire;

/// <summary>The frame around every message of the socket: an event number, the request's id, the payload.</summary>
internal static class Envelope
{
    /// <summary>Largest frame that is taken, in bytes: a thousand chat messages of the longest text.</summary>
    public const int MaxFrameBytes = 16 << 20;

    private static readonly MessageParser<SocketMessage> Parser = SocketMessage.Parser.WithDiscardUnknownFields(true);

    /// <summary>Reads a frame. False when it is no envelope.</summary>
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
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }

    /// <summary>Reads a payload. False when it is not such a message.</summary>
    public static bool TryRead<T>(SocketMessage message, MessageParser<T> parser, [NotNullWhen(true)] out T? payload)
        where T : class, IMessage<T>
    {
        try
        {
            payload = parser.ParseFrom(message.Payload);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            payload = null;
            return false;
        }
    }

    /// <summary>Writes a frame.</summary>
    public static byte[] Write(SocketEvent number, string? id, IMessage? payload)
    {
        var message = new SocketMessage { Event = (uint)number, Payload = payload?.ToByteString() ?? ByteString.Empty };
        if (id is not null)
        {
            message.Id = id;
        }

        return message.ToByteArray();
    }

    /// <summary>What an error reply says; null when the message is none.</summary>
    public static string? ErrorOf(SocketMessage message)
    {
        if ((SocketEvent)message.Event is not (SocketEvent.Error or HostedEvents.ErrorOfMedia or HostedEvents.ErrorOfOldMedia))
        {
            return null;
        }

        return TryRead(message, ErrorResponse.Parser, out var response) && response.ErrorMessage.Length > 0 ? response.ErrorMessage
            : TryRead(message, ErrorMessage.Parser, out var error) && error.Message.Length > 0 ? error.Message
            : "the server refused without a reason";
    }
}
