using Roomcast.Media.Codecs;
using Roomcast.Media.Codecs.Opus;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>Reads a moov box: its tracks and what its mvex says about fragments.</summary>
internal static class Mp4MovieReader
{
    private const int VisualEntryLength = 78;
    private const int SoundEntryLength = 28;
    private const int QuickTimeVersion1Extra = 16;
    private const int QuickTimeVersion2Extra = 36;
    private const byte EsDescriptor = 3;
    private const byte DecoderConfigDescriptor = 4;
    private const byte DecoderSpecificInfo = 5;

    public static Mp4ReadStatus Read(ReadOnlyMemory<byte> body, out IReadOnlyList<Mp4Track> tracks)
    {
        var found = new List<Mp4Track>();
        tracks = found;
        var reader = new Mp4BoxReader(body.Span);
        while (reader.TryRead(out var box))
        {
            var status = Mp4ReadStatus.Done;
            if (box.Is("trak"u8))
            {
                status = found.Count == Mp4Reader.MaxTracks ? Mp4ReadStatus.TooLarge : ReadTrack(InnerOf(body, box), found);
            }
            else if (box.Is("mvex"u8))
            {
                status = ReadDefaults(box.Body, found);
            }

            if (status is not Mp4ReadStatus.Done)
            {
                return status;
            }
        }

        return AsInner(reader.Status);
    }

    private static Mp4ReadStatus ReadTrack(ReadOnlyMemory<byte> body, List<Mp4Track> tracks)
    {
        var track = new Mp4Track
        {
            TrackNumber = 0,
            TimescaleHz = 0,
            Handler = string.Empty,
            Language = "und",
            SampleEntry = string.Empty,
        };
        var status = ReadTrackBoxes(body, ref track, depth: 0);
        if (status is not Mp4ReadStatus.Done)
        {
            return status;
        }

        if (track.TrackNumber < 1 || track.TimescaleHz < 1 || track.SampleEntry.Length == 0
            || tracks.Exists(other => other.TrackNumber == track.TrackNumber))
        {
            return Mp4ReadStatus.Malformed;
        }

        tracks.Add(track);
        return Mp4ReadStatus.Done;
    }

    // trak, mdia, minf and stbl only hold other boxes; each is three deep at most.
    private static Mp4ReadStatus ReadTrackBoxes(ReadOnlyMemory<byte> body, ref Mp4Track track, int depth)
    {
        var reader = new Mp4BoxReader(body.Span);
        while (reader.TryRead(out var box))
        {
            var status = Mp4ReadStatus.Done;
            if (depth < 3 && (box.Is("mdia"u8) || box.Is("minf"u8) || box.Is("stbl"u8)))
            {
                status = ReadTrackBoxes(InnerOf(body, box), ref track, depth + 1);
            }
            else if (box.Is("tkhd"u8))
            {
                status = ReadTrackHeader(box.Body, ref track);
            }
            else if (box.Is("mdhd"u8))
            {
                status = ReadMediaHeader(box.Body, ref track);
            }
            else if (box.Is("hdlr"u8))
            {
                var fields = new FieldReader(box.Body);
                fields.Skip(8);
                track = track with { Handler = Mp4Track.NameOf(fields.Take(4)) };
                status = fields.HasFailed ? Mp4ReadStatus.Malformed : Mp4ReadStatus.Done;
            }
            else if (box.Is("stsd"u8))
            {
                status = ReadDescriptions(InnerOf(body, box), ref track);
            }

            if (status is not Mp4ReadStatus.Done)
            {
                return status;
            }
        }

        return AsInner(reader.Status);
    }

    private static Mp4ReadStatus ReadTrackHeader(ReadOnlySpan<byte> body, ref Mp4Track track)
    {
        var fields = new FieldReader(body);
        var isLong = fields.UInt32() >> 24 != 0;
        fields.Skip(isLong ? 16 : 8);
        var number = fields.UInt32();
        fields.Skip(4 + (isLong ? 8 : 4) + 8 + 8 + 36);
        track = track with { TrackNumber = (int)Math.Min(number, int.MaxValue), ShownWidth = fields.UInt32() };
        return fields.HasFailed ? Mp4ReadStatus.Malformed : Mp4ReadStatus.Done;
    }

    private static Mp4ReadStatus ReadMediaHeader(ReadOnlySpan<byte> body, ref Mp4Track track)
    {
        var fields = new FieldReader(body);
        var isLong = fields.UInt32() >> 24 != 0;
        fields.Skip(isLong ? 16 : 8);
        var timescale = fields.UInt32();
        fields.Skip(isLong ? 8 : 4);
        var packed = fields.UInt16();
        track = track with
        {
            TimescaleHz = (int)Math.Min(timescale, int.MaxValue),
            Language = string.Create(3, packed, static (letters, language) =>
            {
                for (var i = 0; i < letters.Length; i++)
                {
                    letters[i] = (char)(0x60 + ((language >> (10 - (5 * i))) & 0x1F));
                }
            }),
        };
        return fields.HasFailed ? Mp4ReadStatus.Malformed : Mp4ReadStatus.Done;
    }

    private static Mp4ReadStatus ReadDescriptions(ReadOnlyMemory<byte> body, ref Mp4Track track)
    {
        const int HeaderLength = 8;
        if (body.Length < HeaderLength)
        {
            return Mp4ReadStatus.Malformed;
        }

        // Only the first is used: our fragments have one description, and a change of codec is a new init section.
        var entries = body[HeaderLength..];
        var reader = new Mp4BoxReader(entries.Span);
        if (!reader.TryRead(out var entry))
        {
            return AsInner(reader.Status);
        }

        track = track with { SampleEntry = Mp4Track.NameOf(entry.Type), Codec = CodecOf(entry) };
        var inner = InnerOf(entries, entry);
        return track.Handler switch
        {
            "vide" => ReadVisualEntry(inner, ref track),
            "soun" => ReadSoundEntry(inner, ref track),
            _ => Mp4ReadStatus.Done,
        };
    }

    private static Codec? CodecOf(in Mp4Box entry) =>
        entry.Is("avc1"u8) || entry.Is("avc3"u8) ? Codec.H264
        : entry.Is("hvc1"u8) || entry.Is("hev1"u8) ? Codec.H265
        : entry.Is("av01"u8) ? Codec.Av1
        : entry.Is("vp09"u8) ? Codec.Vp9
        : entry.Is("mp4a"u8) ? Codec.Aac
        : entry.Is("Opus"u8) ? Codec.Opus
        : null;

    private static Mp4ReadStatus ReadVisualEntry(ReadOnlyMemory<byte> body, ref Mp4Track track)
    {
        if (body.Length < VisualEntryLength)
        {
            return Mp4ReadStatus.Malformed;
        }

        var fields = new FieldReader(body.Span[24..]);
        track = track with { Width = fields.UInt16(), Height = fields.UInt16() };
        return ReadEntryBoxes(body[VisualEntryLength..], ref track);
    }

    private static Mp4ReadStatus ReadSoundEntry(ReadOnlyMemory<byte> body, ref Mp4Track track)
    {
        if (body.Length < SoundEntryLength)
        {
            return Mp4ReadStatus.Malformed;
        }

        var fields = new FieldReader(body.Span[8..]);
        var version = fields.UInt16(); // QuickTime's; MP4 writes 0
        fields.Skip(6);
        var channels = fields.UInt16();
        fields.Skip(6);
        track = track with { Channels = channels, SampleRateHz = (int)(fields.UInt32() >> 16) };
        var extra = version switch { 1 => QuickTimeVersion1Extra, 2 => QuickTimeVersion2Extra, _ => 0 };
        return body.Length < SoundEntryLength + extra
            ? Mp4ReadStatus.Malformed
            : ReadEntryBoxes(body[(SoundEntryLength + extra)..], ref track);
    }

    private static Mp4ReadStatus ReadEntryBoxes(ReadOnlyMemory<byte> body, ref Mp4Track track)
    {
        var reader = new Mp4BoxReader(body.Span);
        while (reader.TryRead(out var box))
        {
            if (box.Is("avcC"u8) || box.Is("hvcC"u8) || box.Is("av1C"u8))
            {
                track = track with { Configuration = InnerOf(body, box) };
            }
            else if (box.Is("vpcC"u8) && box.Body.Length >= 4)
            {
                track = track with { Configuration = InnerOf(body, box)[4..] };
            }
            else if (box.Is("esds"u8))
            {
                track = track with { Configuration = ReadElementaryStream(InnerOf(body, box)) };
            }
            else if (box.Is("dOps"u8) && OpusConfiguration.TryReadDOps(box.Body, out var opus, out _))
            {
                track = track with { Configuration = opus.Bytes };
            }
            else if (box.Is("pasp"u8))
            {
                var fields = new FieldReader(box.Body);
                var shape = new SampleAspectRatio(fields.Int32(), fields.Int32());
                track = shape is { Width: > 0, Height: > 0 } ? track with { SampleAspectRatio = shape } : track;
            }
            else if (box.Is("colr"u8) && box.Body.StartsWith("nclx"u8))
            {
                var fields = new FieldReader(box.Body[4..]);
                track = track with
                {
                    Colour = new ColourDescription(
                        (byte)fields.UInt16(), (byte)fields.UInt16(), (byte)fields.UInt16(), (fields.UInt8() & 0x80) != 0),
                };
            }
        }

        // Old QuickTime files end a sample entry with four zero bytes: nothing of ours can follow them.
        return Mp4ReadStatus.Done;
    }

    // ISO/IEC 14496-1 section 7.2.6: descriptors inside descriptors, each of a tag and a length of seven bits a byte.
    private static ReadOnlyMemory<byte> ReadElementaryStream(ReadOnlyMemory<byte> body)
    {
        var fields = new FieldReader(body.Span);
        fields.Skip(4);
        if (!TryEnter(ref fields, EsDescriptor, out _))
        {
            return default;
        }

        fields.Skip(2);
        var flags = fields.UInt8();
        fields.Skip((flags & 0x80) != 0 ? 2 : 0); // dependsOn_ES_ID
        fields.Skip((flags & 0x40) != 0 ? fields.UInt8() : 0); // URL
        fields.Skip((flags & 0x20) != 0 ? 2 : 0); // OCR_ES_Id
        if (!TryEnter(ref fields, DecoderConfigDescriptor, out _))
        {
            return default;
        }

        fields.Skip(13);
        return TryEnter(ref fields, DecoderSpecificInfo, out var length) && length <= fields.Rest.Length
            ? body.Slice(body.Length - fields.Rest.Length, length)
            : default;
    }

    private static bool TryEnter(ref FieldReader fields, byte tag, out int length)
    {
        length = 0;
        if (fields.UInt8() != tag)
        {
            return false;
        }

        for (var i = 0; i < 4; i++)
        {
            var part = fields.UInt8();
            length = (length << 7) | (part & 0x7F);
            if ((part & 0x80) == 0)
            {
                break;
            }
        }

        return !fields.HasFailed;
    }

    private static Mp4ReadStatus ReadDefaults(ReadOnlySpan<byte> body, List<Mp4Track> tracks)
    {
        var reader = new Mp4BoxReader(body);
        while (reader.TryRead(out var box))
        {
            if (!box.Is("trex"u8))
            {
                continue;
            }

            var fields = new FieldReader(box.Body);
            fields.Skip(4);
            var number = fields.UInt32();
            fields.Skip(4);
            var duration = fields.UInt32();
            var size = fields.UInt32();
            var flags = fields.UInt32();
            if (fields.HasFailed)
            {
                return Mp4ReadStatus.Malformed;
            }

            var index = tracks.FindIndex(track => track.TrackNumber == number);
            if (index >= 0)
            {
                tracks[index] = tracks[index] with { DefaultDuration = duration, DefaultSize = size, DefaultFlags = flags };
            }
        }

        return AsInner(reader.Status);
    }

    private static ReadOnlyMemory<byte> InnerOf(ReadOnlyMemory<byte> body, in Mp4Box box) =>
        body.Slice(box.Offset + box.HeaderLength, box.Body.Length);

    // A box cut off inside a box that is whole cannot be mended by more data.
    private static Mp4ReadStatus AsInner(Mp4ReadStatus status) =>
        status is Mp4ReadStatus.Truncated ? Mp4ReadStatus.Malformed : status;
}
