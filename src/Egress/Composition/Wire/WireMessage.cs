using System.Buffers;
using System.Buffers.Binary;

namespace Roomcast.Egress.Composition.Wire;

/// <summary>The kinds of message between the server and a composing worker; below 64 from the server, the others from the worker.</summary>
public enum WireKind : byte
{
    /// <summary>The format and how to encode: <see cref="WireStart"/> as JSON. First, once.</summary>
    Start = 1,

    /// <summary>The scene as it is now: <see cref="Composition.Scene"/> as JSON.</summary>
    Scene = 2,

    /// <summary>An RTP packet.</summary>
    Rtp = 3,

    /// <summary>An RTCP compound.</summary>
    Rtcp = 4,

    /// <summary>The worker is to end. No body.</summary>
    Stop = 5,

    /// <summary>Eight bytes that come back with <see cref="Pong"/>.</summary>
    Ping = 6,

    /// <summary>To a player: what to play, <see cref="Playback.WirePlay"/> as JSON. First, once.</summary>
    Play = 7,

    /// <summary>To a player: <see cref="Playback.WireCommand"/> as JSON.</summary>
    Command = 8,

    /// <summary>Whether it can compose: <see cref="WireReady"/> as JSON. First, once.</summary>
    Ready = 64,

    /// <summary>A track, before its first frame: <see cref="WireTrack"/>.</summary>
    Track = 65,

    /// <summary>A frame: <see cref="WireFrame"/>.</summary>
    Frame = 66,

    /// <summary>An SSRC, 32 bits, whose sender is to make a keyframe.</summary>
    WantKeyframe = 67,

    /// <summary>An SSRC, 32 bits, and the height in pixels at which it is shown, 16 bits.</summary>
    PreferHeight = 68,

    /// <summary>What the last second came to: <see cref="WireFigures"/> as JSON.</summary>
    Figures = 69,

    /// <summary>Why the worker ends: UTF-8 text.</summary>
    Fault = 70,

    /// <summary>The answer to <see cref="Ping"/>.</summary>
    Pong = 71,

    /// <summary>How a player stands: <see cref="Playback.WirePlaying"/> as JSON.</summary>
    Playing = 72,
}

/// <summary>How a message is framed on the socket. Source: docs/protocols/composition.md.</summary>
public static class WireMessage
{
    /* | length of body:32 | kind:8 | body |
       Numbers are big-endian.
    */

    /// <summary>Bytes in front of each body.</summary>
    public const int HeaderLength = 5;

    /// <summary>Longest body of a packet, in bytes.</summary>
    public const int MaxPacketLength = 4_096;

    /// <summary>Longest body of JSON, in bytes: a scene of 100 peers is some 50,000.</summary>
    public const int MaxJsonLength = 512 * 1024;

    /// <summary>Longest body of JSON between the server and a player, in bytes.</summary>
    public const int MaxPlaybackLength = 64 * 1024;

    /// <summary>Longest body of a frame, in bytes.</summary>
    public const int MaxFrameLength = 8 << 20;

    /// <summary>Longest text of a fault, in bytes.</summary>
    public const int MaxFaultLength = 4_096;

    /// <summary>Longest body of all.</summary>
    public const int MaxBodyLength = MaxFrameLength;

    /// <summary>Reads the message that the bytes begin with.</summary>
    /// <param name="bytes">What has come so far.</param>
    /// <param name="kind">What kind it is.</param>
    /// <param name="body">Its body, lent from the bytes.</param>
    /// <param name="consumed">Bytes read: all of the message, or none.</param>
    /// <returns>
    /// <c>NeedMoreData</c> to be called again with more; <c>InvalidData</c> for an unknown kind or a body longer than its kind may
    /// have: there is no way to resume.
    /// </returns>
    public static OperationStatus TryRead(ReadOnlySpan<byte> bytes, out WireKind kind, out ReadOnlySpan<byte> body, out int consumed)
    {
        kind = default;
        body = default;
        consumed = 0;
        if (bytes.Length < HeaderLength)
        {
            return OperationStatus.NeedMoreData;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        kind = (WireKind)bytes[4];
        if (length > MaxLengthOf(kind))
        {
            return OperationStatus.InvalidData;
        }

        if (bytes.Length - HeaderLength < length)
        {
            return OperationStatus.NeedMoreData;
        }

        body = bytes.Slice(HeaderLength, (int)length);
        consumed = HeaderLength + (int)length;
        return OperationStatus.Done;
    }

    /// <summary>Writes a message's header and makes room for its body.</summary>
    /// <param name="kind">What kind it is.</param>
    /// <param name="length">Bytes of the body.</param>
    /// <param name="output">Where it goes.</param>
    /// <returns>The body, to be filled whole.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The body is longer than its kind may have.</exception>
    public static Span<byte> Write(WireKind kind, int length, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxLengthOf(kind));
        var whole = output.GetSpan(HeaderLength + length)[..(HeaderLength + length)];
        BinaryPrimitives.WriteUInt32BigEndian(whole, (uint)length);
        whole[4] = (byte)kind;
        output.Advance(whole.Length);
        return whole[HeaderLength..];
    }

    /// <summary>Writes a message.</summary>
    public static void Write(WireKind kind, ReadOnlySpan<byte> body, IBufferWriter<byte> output) => body.CopyTo(Write(kind, body.Length, output));

    /// <summary>Longest body of a kind, in bytes; -1 for an unknown one.</summary>
    public static int MaxLengthOf(WireKind kind) => kind switch
    {
        WireKind.Start or WireKind.Scene or WireKind.Ready or WireKind.Figures => MaxJsonLength,
        WireKind.Play or WireKind.Command or WireKind.Playing => MaxPlaybackLength,
        WireKind.Rtp or WireKind.Rtcp => MaxPacketLength,
        WireKind.Stop => 0,
        WireKind.Ping or WireKind.Pong => 8,
        WireKind.Track => WireTrack.MaxLength,
        WireKind.Frame => MaxFrameLength,
        WireKind.WantKeyframe => 4,
        WireKind.PreferHeight => 6,
        WireKind.Fault => MaxFaultLength,
        _ => -1,
    };
}
