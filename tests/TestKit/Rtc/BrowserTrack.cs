using System.Buffers.Binary;
using System.Text;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;

namespace Roomcast.TestKit.Rtc;

/// <summary>What each packet of a <see cref="BrowserTrack"/> says of itself, so that a receiver can tell what it got.</summary>
/// <param name="Tag">The track.</param>
/// <param name="Rank">The encoding, 0 is the best.</param>
/// <param name="Frame">The frame's number.</param>
/// <param name="Index">The packet's place in the frame.</param>
/// <param name="Count">Packets of the frame.</param>
public readonly record struct PacketMark(uint Tag, byte Rank, uint Frame, byte Index, byte Count)
{
    /// <summary>Bytes on the wire.</summary>
    public const int Length = 11;

    /// <summary>Reads one.</summary>
    public static PacketMark Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes[4], BinaryPrimitives.ReadUInt32BigEndian(bytes[5..]), bytes[9], bytes[10]);

    /// <summary>Writes it.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Tag);
        bytes[4] = Rank;
        BinaryPrimitives.WriteUInt32BigEndian(bytes[5..], Frame);
        bytes[9] = Index;
        bytes[10] = Count;
    }
}

/// <summary>A track that a <see cref="BrowserTransport"/> sends: Opus, or VP8 in one encoding or several.</summary>
public sealed class BrowserTrack
{
    /// <summary>Bytes in front of the mark of a VP8 packet: a descriptor and the head of a keyframe.</summary>
    public const int Vp8MarkAt = 16;

    private const int KeptPackets = 1_000;

    private readonly BrowserTransport _transport;
    private readonly byte[] _mid;
    private ushort _forged = 1;

    internal BrowserTrack(BrowserTransport transport, string mid, bool isAudio, uint tag, IReadOnlyList<string> rids, Random random)
    {
        _transport = transport;
        _mid = Encoding.ASCII.GetBytes(mid);
        Mid = mid;
        IsAudio = isAudio;
        PayloadBytes = isAudio ? 60 : 800;
        Tag = tag;
        Encodings = rids.Count == 0
            ? [new SentEncoding(null, 0, random)]
            : [.. rids.Select((rid, rank) => new SentEncoding(rid, (byte)rank, random))];
    }

    /// <summary>Its section.</summary>
    public string Mid { get; }

    /// <summary>Whether it is sound.</summary>
    public bool IsAudio { get; }

    /// <summary>What its packets are marked with.</summary>
    public uint Tag { get; }

    /// <summary>Packets of each frame of the best encoding; each worse one has half as many.</summary>
    public int PacketsPerFrame { get; set; } = 4;

    /// <summary>Bytes of each packet's payload.</summary>
    public int PayloadBytes { get; set; }

    /// <summary>How loud it says it is: 0 to 127, 127 is silence.</summary>
    public byte AudioLevel { get; set; } = 127;

    /// <summary>Encodings that are being sent, by rank; all by default.</summary>
    public Func<int, bool> Sends { get; set; } = static _ => true;

    /// <summary>Whether the server has answered that it no longer wants it. Nothing is sent then.</summary>
    public bool IsRefused { get; internal set; }

    /// <summary>Keyframes that were asked for.</summary>
    public int KeyframesAsked { get; private set; }

    /// <summary>Frames sent, of the best encoding.</summary>
    public uint Frames => Encodings[0].Frame;

    /// <summary>Sources, best encoding first.</summary>
    public IReadOnlyList<uint> Ssrcs => [.. Encodings.Select(encoding => encoding.Ssrc)];

    internal IReadOnlyList<SentEncoding> Encodings { get; }

    /// <summary>Sends the next frame of each encoding.</summary>
    public void SendFrame(TimeSpan now)
    {
        foreach (var encoding in Encodings)
        {
            if (!IsRefused && Sends(encoding.Rank))
            {
                Send(encoding, now);
            }
        }
    }

    /// <summary>Sends a packet of another source or name than was agreed.</summary>
    public void SendForged(uint ssrc, string mid, byte payloadType, TimeSpan now)
    {
        var buffer = new byte[200];
        var writer = new RtpHeaderWriter(buffer, payloadType, marker: true, _forged++, 1, ssrc);
        writer.AddExtension(_transport.MidId, Encoding.ASCII.GetBytes(mid));
        _transport.SendRtp(buffer.AsSpan(0, writer.Finish() + 100), now);
    }

    internal void SendReport(TimeSpan now)
    {
        var buffer = new byte[100];
        foreach (var encoding in Encodings.Where(encoding => encoding.Frame > 0))
        {
            var writer = new RtcpWriter(buffer);
            var ntp = new NtpTime((ulong)((Int128)now.Ticks * (1L << 32) / TimeSpan.TicksPerSecond) + (3_900_000_000ul << 32));
            SenderReport.TryWrite(ref writer, encoding.Ssrc, ntp, TimestampOf(encoding, now), encoding.Frame, 1, []);
            _transport.SendRtcp(buffer.AsSpan(0, writer.Length), now);
        }
    }

    internal bool Repeat(uint ssrc, ushort number, TimeSpan now)
    {
        var encoding = Encodings.FirstOrDefault(encoding => encoding.Ssrc == ssrc);
        if (encoding is null)
        {
            return false;
        }

        if (encoding.Kept.TryGetValue(number, out var packet))
        {
            _transport.SendRtp(packet, now);
        }

        return true;
    }

    internal bool AskKeyframe(uint ssrc)
    {
        foreach (var encoding in Encodings)
        {
            if (encoding.Ssrc == ssrc)
            {
                encoding.WantsKeyframe = true;
                KeyframesAsked++;
                return true;
            }
        }

        return false;
    }

    private uint TimestampOf(SentEncoding encoding, TimeSpan now) =>
        unchecked(encoding.FirstTimestamp + (uint)((Int128)now.Ticks * (IsAudio ? 48_000 : 90_000) / TimeSpan.TicksPerSecond));

    private void Send(SentEncoding encoding, TimeSpan now)
    {
        var count = IsAudio ? 1 : Math.Max(1, PacketsPerFrame >> encoding.Rank);
        var isKeyframe = encoding.WantsKeyframe || encoding.Frame == 0;
        encoding.WantsKeyframe = false;
        for (var i = 0; i < count; i++)
        {
            var buffer = new byte[PayloadBytes + 100];
            var writer = new RtpHeaderWriter(
                buffer,
                IsAudio ? _transport.Flavor.Opus() : _transport.Flavor.Vp8(),
                marker: !IsAudio && i == count - 1,
                encoding.Number,
                TimestampOf(encoding, now),
                encoding.Ssrc);
            if (_transport.MidId != 0)
            {
                writer.AddExtension(_transport.MidId, _mid);
            }

            if (encoding.Rid is { } rid && _transport.RidId != 0)
            {
                writer.AddExtension(_transport.RidId, rid);
            }

            if (_transport.NumbersPackets(IsAudio))
            {
                var number = _transport.NextTransportNumber();
                writer.AddExtension(_transport.TransportNumberId, [(byte)(number >> 8), (byte)number]);
            }

            if (IsAudio && _transport.AudioLevelId != 0)
            {
                writer.AddExtension(_transport.AudioLevelId, [AudioLevel]);
            }

            var at = writer.Finish();
            var mark = new PacketMark(Tag, encoding.Rank, encoding.Frame, (byte)i, (byte)count);
            if (IsAudio)
            {
                buffer[at] = 0x78;
                mark.Write(buffer.AsSpan(at + 1));
            }
            else
            {
                WriteVp8(buffer.AsSpan(at), encoding, i == 0, isKeyframe, mark);
            }

            var packet = buffer[..(at + PayloadBytes)];
            encoding.Kept[encoding.Number] = packet;
            encoding.Kept.Remove(unchecked((ushort)(encoding.Number - KeptPackets)));
            encoding.Number++;
            _transport.SendRtp(packet, now);
        }

        encoding.Frame++;
        encoding.PictureId = (ushort)((encoding.PictureId + 1) & 0x7FFF);
        encoding.Tl0++;
    }

    // RFC 7741: X, I, L and T; then the first bytes of a frame, which tell a keyframe and its size.
    private static void WriteVp8(Span<byte> payload, SentEncoding encoding, bool isFirst, bool isKeyframe, PacketMark mark)
    {
        payload[0] = (byte)(isFirst ? 0x90 : 0x80);
        payload[1] = 0xE0;
        payload[2] = (byte)(0x80 | (encoding.PictureId >> 8));
        payload[3] = (byte)encoding.PictureId;
        payload[4] = encoding.Tl0;
        payload[5] = 0;
        payload[6] = (byte)(isKeyframe && isFirst ? 0x10 : 0x11);
        payload[9] = 0x9D;
        payload[10] = 0x01;
        payload[11] = 0x2A;
        var scale = 1 << encoding.Rank;
        BinaryPrimitives.WriteUInt16LittleEndian(payload[12..], (ushort)(1280 / scale));
        BinaryPrimitives.WriteUInt16LittleEndian(payload[14..], (ushort)(720 / scale));
        mark.Write(payload[Vp8MarkAt..]);
    }

    internal sealed class SentEncoding(string? rid, byte rank, Random random)
    {
        public byte[]? Rid { get; } = rid is null ? null : Encoding.ASCII.GetBytes(rid);

        public byte Rank => rank;

        public uint Ssrc { get; } = (uint)random.Next(2, int.MaxValue);

        public uint FirstTimestamp { get; } = (uint)random.Next();

        public ushort Number { get; set; } = (ushort)random.Next(1 << 15);

        public ushort PictureId { get; set; } = (ushort)random.Next(1 << 15);

        public byte Tl0 { get; set; } = (byte)random.Next(256);

        public uint Frame { get; set; }

        public bool WantsKeyframe { get; set; } = true;

        public Dictionary<ushort, byte[]> Kept { get; } = [];
    }
}
