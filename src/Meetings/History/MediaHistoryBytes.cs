using System.IO.Compression;
using System.Text;
using Roomcast.Meetings.Media;

namespace Roomcast.Meetings.History;

/// <summary>A <see cref="MediaHistory"/> as bytes: what grows is written as its growth, numbers in as many bytes as they need, all of it compressed.</summary>
internal static class MediaHistoryBytes
{
    /* Form 3, within Brotli (RFC 7932); numbers are LEB128, signed ones zigzag.

        interval in ms | count of tracks | tracks: id, peer id, mid (each length and UTF-8), flags
        count of samples | samples: ms since the last | round trip in ms plus 1, or 0 | estimated bps | flags
            count sent     | track | bps | growth of packets | growth of lost | jitter in us | age in ms | totals
            count received | track | bps | growth of packets | growth of lost | growth of repeated | jitter in us | growth of freezes | flags | age in ms | totals
        totals: growth of ssrc | growth of bytes, and of video | growth of pictures | growth of keyframes | width | height
            | growth of loss indications | growth of intra requests

       Forms 1 and 2 are read as well; they have no ages. Form 1 has neither mid nor totals either, the packets of what was received are those that were sent, and instead of
       the growth of lost, behind the growth of repeated, it has what the peer had reported last, of a thousand packets.
    */
    private const byte Form = 3;
    private const byte FormWithoutAges = 2;
    private const byte FormWithShares = 1;

    // Far above what the bounds of a history allow.
    private const int MaxPlainBytes = 8 << 20;

    // Of a picture, in pixels: what any of the codecs can say.
    private const int MaxSide = 65_536;

    public static byte[] Write(MediaHistory history)
    {
        using var output = new MemoryStream();
        output.WriteByte(Form);
        using (var packed = new BrotliStream(output, CompressionLevel.Optimal, leaveOpen: true))
        using (var writer = new BinaryWriter(packed, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write7BitEncodedInt64((long)history.Interval.TotalMilliseconds);
            writer.Write7BitEncodedInt(history.Tracks.Count);
            foreach (var track in history.Tracks)
            {
                writer.Write(track.ProducerId);
                writer.Write(track.PeerId);
                writer.Write(track.Mid);
                writer.Write((byte)((track.Kind is MediaKind.Video ? 1 : 0) | (track.IsScreenShare ? 2 : 0)));
            }

            var last = new Last(history.Tracks);
            writer.Write7BitEncodedInt(history.Samples.Count);
            foreach (var sample in history.Samples)
            {
                Write(writer, sample, last);
            }
        }

        return output.ToArray();
    }

    /// <summary>Reads what <see cref="Write(MediaHistory)"/> wrote; null when these are other bytes.</summary>
    public static MediaHistory? TryRead(byte[] bytes)
    {
        if (bytes is not [Form or FormWithoutAges or FormWithShares, ..])
        {
            return null;
        }

        try
        {
            using var packed = new BrotliStream(new MemoryStream(bytes, 1, bytes.Length - 1), CompressionMode.Decompress);
            using var plain = new MemoryStream();
            var buffer = new byte[16 << 10];
            for (int read; (read = packed.Read(buffer)) > 0;)
            {
                plain.Write(buffer, 0, read);
                if (plain.Length > MaxPlainBytes)
                {
                    return null;
                }
            }

            plain.Position = 0;
            using var reader = new BinaryReader(plain, Encoding.UTF8, leaveOpen: true);
            var history = Read(reader, bytes[0]);
            return plain.Position == plain.Length ? history : null;
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException or InvalidOperationException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static void Write(BinaryWriter writer, MediaSample sample, Last last)
    {
        var at = sample.At.ToUnixTimeMilliseconds();
        writer.Write7BitEncodedInt64(at - last.AtMs);
        last.AtMs = at;
        writer.Write7BitEncodedInt64(sample.RoundTripMs is { } roundTrip ? roundTrip + 1L : 0);
        writer.Write7BitEncodedInt64(sample.EstimatedBps);
        writer.Write(sample.IsTcp);
        writer.Write7BitEncodedInt(sample.Sent.Count);
        foreach (var sent in sample.Sent)
        {
            ref var before = ref last.Sent[sent.Track];
            writer.Write7BitEncodedInt(sent.Track);
            writer.Write7BitEncodedInt64(sent.BitrateBps);
            writer.Write7BitEncodedInt64(ZigZag(sent.Packets - before.Packets));
            writer.Write7BitEncodedInt64(ZigZag(sent.Lost - before.Lost));
            writer.Write7BitEncodedInt64(sent.JitterUs);
            writer.Write7BitEncodedInt(sent.AgeMs);
            Write(writer, last.IsVideo[sent.Track], sent.Totals, before.Totals);
            before = sent;
        }

        writer.Write7BitEncodedInt(sample.Received.Count);
        foreach (var received in sample.Received)
        {
            ref var before = ref last.Received[received.Track];
            writer.Write7BitEncodedInt(received.Track);
            writer.Write7BitEncodedInt64(received.BitrateBps);
            writer.Write7BitEncodedInt64(ZigZag(received.Packets - before.Packets));
            writer.Write7BitEncodedInt64(ZigZag(received.Lost - before.Lost));
            writer.Write7BitEncodedInt64(ZigZag(received.Repeated - before.Repeated));
            writer.Write7BitEncodedInt64(received.JitterUs);
            writer.Write7BitEncodedInt64(ZigZag(received.Freezes - before.Freezes));
            writer.Write(received.IsStarved);
            writer.Write7BitEncodedInt(received.AgeMs);
            Write(writer, last.IsVideo[received.Track], received.Totals, before.Totals);
            before = received;
        }
    }

    private static void Write(BinaryWriter writer, bool isVideo, in TrackTotals totals, in TrackTotals before)
    {
        writer.Write7BitEncodedInt64(ZigZag((long)totals.Ssrc - before.Ssrc));
        writer.Write7BitEncodedInt64(ZigZag(totals.Bytes - before.Bytes));
        if (isVideo)
        {
            var (now, last) = (totals.Pictures, before.Pictures);
            writer.Write7BitEncodedInt64(ZigZag(now.Count - last.Count));
            writer.Write7BitEncodedInt64(ZigZag(now.Keyframes - last.Keyframes));
            writer.Write7BitEncodedInt(now.Width);
            writer.Write7BitEncodedInt(now.Height);
            writer.Write7BitEncodedInt64(ZigZag(now.LossIndications - last.LossIndications));
            writer.Write7BitEncodedInt64(ZigZag(now.IntraRequests - last.IntraRequests));
        }
    }

    private static TrackTotals ReadTotals(BinaryReader reader, bool isVideo, in TrackTotals before)
    {
        var ssrc = unchecked((uint)(before.Ssrc + UnZigZag(reader.Read7BitEncodedInt64())));
        var bytes = before.Bytes + UnZigZag(reader.Read7BitEncodedInt64());
        var last = before.Pictures;
        return new TrackTotals(ssrc, bytes, !isVideo ? default : new PictureFigures(
            last.Count + UnZigZag(reader.Read7BitEncodedInt64()),
            last.Keyframes + UnZigZag(reader.Read7BitEncodedInt64()),
            Within(reader.Read7BitEncodedInt(), 0, MaxSide),
            Within(reader.Read7BitEncodedInt(), 0, MaxSide),
            last.LossIndications + UnZigZag(reader.Read7BitEncodedInt64()),
            last.IntraRequests + UnZigZag(reader.Read7BitEncodedInt64())));
    }

    private static MediaHistory Read(BinaryReader reader, byte form)
    {
        var hasShares = form == FormWithShares;
        var interval = TimeSpan.FromMilliseconds(Within(reader.Read7BitEncodedInt64(), 1, (long)TimeSpan.FromDays(3_650).TotalMilliseconds));
        var tracks = new SampledTrack[Within(reader.Read7BitEncodedInt(), 0, MediaHistory.MaxTracks)];
        for (var i = 0; i < tracks.Length; i++)
        {
            var (id, peerId, mid, flags) = (reader.ReadString(), reader.ReadString(), hasShares ? "" : reader.ReadString(), reader.ReadByte());
            tracks[i] = new SampledTrack(id, peerId, (flags & 1) != 0 ? MediaKind.Video : MediaKind.Audio, (flags & 2) != 0) { Mid = mid };
        }

        var last = new Last(tracks);
        var samples = new MediaSample[Within(reader.Read7BitEncodedInt(), 0, MediaHistory.MaxSamples)];
        for (var i = 0; i < samples.Length; i++)
        {
            samples[i] = ReadSample(reader, last, form);
        }

        return new MediaHistory(interval, tracks, samples);
    }

    private static MediaSample ReadSample(BinaryReader reader, Last last, byte form)
    {
        var hasShares = form == FormWithShares;
        last.AtMs += reader.Read7BitEncodedInt64();
        var roundTrip = reader.Read7BitEncodedInt64();
        var estimated = reader.Read7BitEncodedInt64();
        var isTcp = reader.ReadBoolean();
        var sent = new SentSample[Within(reader.Read7BitEncodedInt(), 0, MediaHistory.MaxTracksAtOnce)];
        for (var i = 0; i < sent.Length; i++)
        {
            var place = Within(reader.Read7BitEncodedInt(), 0, last.Sent.Length - 1);
            ref var before = ref last.Sent[place];
            before = new SentSample(
                place,
                reader.Read7BitEncodedInt64(),
                before.Packets + UnZigZag(reader.Read7BitEncodedInt64()),
                before.Lost + UnZigZag(reader.Read7BitEncodedInt64()),
                reader.Read7BitEncodedInt64())
            {
                AgeMs = ReadAge(reader, form),
                Totals = hasShares ? default : ReadTotals(reader, last.IsVideo[place], before.Totals),
            };
            sent[i] = before;
        }

        var received = new ReceivedSample[Within(reader.Read7BitEncodedInt(), 0, MediaHistory.MaxTracksAtOnce)];
        for (var i = 0; i < received.Length; i++)
        {
            var place = Within(reader.Read7BitEncodedInt(), 0, last.Received.Length - 1);
            var before = last.Received[place];
            before = ReadReceived(reader, place, before, hasShares) with
            {
                AgeMs = ReadAge(reader, form),
                Totals = hasShares ? default : ReadTotals(reader, last.IsVideo[place], before.Totals),
            };
            received[i] = last.Received[place] = before;
        }

        return new MediaSample(
            DateTimeOffset.FromUnixTimeMilliseconds(last.AtMs), roundTrip == 0 ? null : (int)(roundTrip - 1), estimated, isTcp, sent, received);
    }

    private static ReceivedSample ReadReceived(BinaryReader reader, int place, in ReceivedSample before, bool hasShares)
    {
        var bitrate = reader.Read7BitEncodedInt64();
        var packets = UnZigZag(reader.Read7BitEncodedInt64());
        var lost = hasShares ? 0 : UnZigZag(reader.Read7BitEncodedInt64());
        var repeated = UnZigZag(reader.Read7BitEncodedInt64());
        if (hasShares)
        {
            lost = (long)Math.Round(Math.Max(0, packets) * (reader.Read7BitEncodedInt() / 1_000.0));
        }

        return new ReceivedSample(
            place,
            bitrate,
            before.Packets + packets,
            before.Lost + lost,
            before.Repeated + repeated,
            reader.Read7BitEncodedInt64(),
            (int)(before.Freezes + UnZigZag(reader.Read7BitEncodedInt64())),
            reader.ReadBoolean());
    }

    private static int ReadAge(BinaryReader reader, byte form) => form < Form ? 0 : Within(reader.Read7BitEncodedInt(), 0, int.MaxValue);

    private static int Within(int value, int least, int most) => (int)Within((long)value, least, most);

    private static long Within(long value, long least, long most) =>
        value >= least && value <= most ? value : throw new InvalidDataException("A number is out of its bounds.");

    private static long ZigZag(long value) => (value << 1) ^ (value >> 63);

    private static long UnZigZag(long value) => (long)((ulong)value >> 1) ^ -(value & 1);

    /// <summary>What each track had come to.</summary>
    private sealed class Last(IReadOnlyList<SampledTrack> tracks)
    {
        public long AtMs { get; set; }

        public bool[] IsVideo { get; } = [.. tracks.Select(track => track.Kind is MediaKind.Video)];

        public SentSample[] Sent { get; } = new SentSample[tracks.Count];

        public ReceivedSample[] Received { get; } = new ReceivedSample[tracks.Count];
    }
}
