using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Roomcast.Media;

namespace Roomcast.Egress.Composition.Wire;

/// <summary>A track as the worker tells it.</summary>
/// <param name="Id"><see cref="CompositionFormat.VideoTrackId"/> or <see cref="CompositionFormat.AudioTrackId"/>.</param>
/// <param name="Codec">H.264 or AAC.</param>
/// <param name="Configuration">As <see cref="Track.Configuration"/> says.</param>
public readonly record struct WireTrack(byte Id, Codec Codec, ReadOnlyMemory<byte> Configuration)
{
    /* | track id:8 | codec:8 | configuration | with codec 1 for H.264 and 2 for AAC */

    /// <summary>Longest body, in bytes.</summary>
    public const int MaxLength = 2 + (64 * 1024);

    private const byte H264 = 1;
    private const byte Aac = 2;

    /// <summary>Reads one. False when it is cut short, or another codec or track.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out WireTrack track)
    {
        track = default;
        if (body.Length is < 3 or > MaxLength || body[0] > CompositionFormat.AudioTrackId || body[1] is not (H264 or Aac))
        {
            return false;
        }

        var codec = body[1] == H264 ? Codec.H264 : Codec.Aac;
        if ((codec is Codec.H264) != (body[0] == CompositionFormat.VideoTrackId))
        {
            return false;
        }

        track = new WireTrack(body[0], codec, body[2..].ToArray());
        return true;
    }

    /// <summary>Writes it as a message.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        var body = WireMessage.Write(WireKind.Track, 2 + Configuration.Length, output);
        body[0] = Id;
        body[1] = Codec switch
        {
            Codec.H264 => H264,
            Codec.Aac => Aac,
            _ => throw new InvalidOperationException($"A composition is not encoded as {Codec}."),
        };
        Configuration.Span.CopyTo(body[2..]);
    }
}

/// <summary>What stands before a frame's payload.</summary>
/// <param name="TrackId">Its track.</param>
/// <param name="IsKeyframe">Whether decoding can start here.</param>
/// <param name="At">Composition time at which it is shown or heard; below zero never.</param>
public readonly record struct WireFrame(byte TrackId, bool IsKeyframe, TimeSpan At)
{
    /* | track id:8 | flags:8, lowest bit keyframe | time in ticks of 100 ns:64 | payload | */

    /// <summary>Bytes in front of the payload.</summary>
    public const int Length = 10;

    private static readonly TimeSpan MaxTime = TimeSpan.FromDays(366);

    /// <summary>Reads one. False when it is cut short, has no payload, or names no track or an impossible time.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out WireFrame frame, out ReadOnlySpan<byte> payload)
    {
        frame = default;
        payload = default;
        if (body.Length <= Length || body[0] > CompositionFormat.AudioTrackId || (body[1] & 0xFE) != 0)
        {
            return false;
        }

        var ticks = BinaryPrimitives.ReadInt64BigEndian(body[2..]);
        if (ticks < 0 || ticks > MaxTime.Ticks)
        {
            return false;
        }

        frame = new WireFrame(body[0], body[1] == 1, TimeSpan.FromTicks(ticks));
        payload = body[Length..];
        return true;
    }

    /// <summary>Writes it as a message.</summary>
    public void Write(ReadOnlySpan<byte> payload, IBufferWriter<byte> output)
    {
        var body = WireMessage.Write(WireKind.Frame, Length + payload.Length, output);
        body[0] = TrackId;
        body[1] = IsKeyframe ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64BigEndian(body[2..], At.Ticks);
        payload.CopyTo(body[Length..]);
    }
}

/// <summary>What the worker asks of a track's sender.</summary>
/// <param name="Ssrc">The track.</param>
/// <param name="Height">The height in pixels at which it is shown, 0 when it is not; null when a keyframe is wanted.</param>
public readonly record struct WireWish(uint Ssrc, int? Height)
{
    /// <summary>Reads one of either kind. False when its length is not the kind's.</summary>
    public static bool TryRead(WireKind kind, ReadOnlySpan<byte> body, out WireWish wish)
    {
        wish = default;
        if (kind is not (WireKind.WantKeyframe or WireKind.PreferHeight) || body.Length != WireMessage.MaxLengthOf(kind))
        {
            return false;
        }

        wish = new WireWish(
            BinaryPrimitives.ReadUInt32BigEndian(body),
            kind is WireKind.PreferHeight ? BinaryPrimitives.ReadUInt16BigEndian(body[4..]) : null);
        return true;
    }

    /// <summary>Writes it as a message.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        var kind = Height is null ? WireKind.WantKeyframe : WireKind.PreferHeight;
        var body = WireMessage.Write(kind, WireMessage.MaxLengthOf(kind), output);
        BinaryPrimitives.WriteUInt32BigEndian(body, Ssrc);
        if (Height is { } height)
        {
            BinaryPrimitives.WriteUInt16BigEndian(body[4..], (ushort)Math.Clamp(height, 0, ushort.MaxValue));
        }
    }
}

/// <summary>The text of a fault.</summary>
public static class WireFault
{
    /// <summary>Reads it; what is no UTF-8 is replaced, and control characters become spaces.</summary>
    public static string Read(ReadOnlySpan<byte> body) =>
        WithoutControls(Encoding.UTF8.GetString(body));

    /// <summary>Writes it as a message, cut to <see cref="WireMessage.MaxFaultLength"/>.</summary>
    public static void Write(string text, IBufferWriter<byte> output)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        WireMessage.Write(WireKind.Fault, bytes.AsSpan(0, Math.Min(bytes.Length, WireMessage.MaxFaultLength)), output);
    }

    private static string WithoutControls(string text) =>
        text.Any(char.IsControl) ? new string([.. text.Select(each => char.IsControl(each) ? ' ' : each)]) : text;
}
