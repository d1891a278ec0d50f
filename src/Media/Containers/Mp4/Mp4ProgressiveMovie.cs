using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Numerics;
using Roomcast.Media.Codecs;
using Roomcast.Media.Time;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>Measures and writes the front of a progressive file: ftyp, moov with all tables, and the header of mdat.</summary>
/// <remarks>The fragments are walked once, to measure. What the tables and the copy need of them is kept from it.</remarks>
internal sealed class Mp4ProgressiveMovie
{
    private const int RoomPerTrack = 1_024;
    private const int RoomForHeader = 512;
    private const int TableHeaderLength = 16;
    private const int BoxHeaderLength = 8;
    private const int LongBoxHeaderLength = 16;
    private const int UsualMovieTimescaleHz = 90_000;
    private const uint IsEnabledAndInMovie = 3;

    private readonly NumberRow _chunks = new(); // Of each: whose, how far behind the one before, and its length.
    private long _chunkCount;
    private byte[] _fileType = [];
    private byte[] _movieHeader = [];
    private List<byte[]> _trackHeaders = [];
    private int _movieLength;

    private Mp4ProgressiveMovie()
    {
    }

    public ImmutableArray<Mp4ProgressiveTrack> Tracks { get; private set; } = [];

    /// <summary>From the first frame shown to the end of the last.</summary>
    public TimeSpan Duration { get; private set; }

    /// <summary>Bytes of the whole file; 0 where there is no frame.</summary>
    public long Length => Tracks.Length == 0 ? 0 : DataStart + PayloadLength;

    private int MovieTimescaleHz { get; set; }

    private long DataStart => _fileType.Length + _movieLength + LongBoxHeaderLength;

    private long PayloadLength { get; set; }

    private TimeSpan Start { get; set; }

    public static Mp4ProgressiveMovie Measure(Mp4RecordedFile recorded, Mp4Selection selection, CancellationToken cancellationToken)
    {
        var movie = new Mp4ProgressiveMovie();
        var tracks = FindTracks(recorded, selection);
        long end = 0;
        foreach (var fragment in recorded.Fragments(cancellationToken))
        {
            movie.Take(fragment, tracks, ref end);
        }

        foreach (var track in tracks)
        {
            track.Close();
        }

        movie.Tracks = [.. tracks.Where(track => track.HasSamples)];
        if (movie.Tracks.Length > 0)
        {
            movie.Start = movie.Tracks.Min(track => TimeOf(track.FirstShown, track));
            movie.Duration = movie.Tracks.Max(track => TimeOf(track.End, track)) - movie.Start;
            movie.MovieTimescaleHz = CommonClock(movie.Tracks);
            movie.LayOut();
        }

        return movie;
    }

    /// <summary>Where the payloads are in the source, in the order of the file; those that stand together are one piece.</summary>
    public IEnumerable<(long Position, long Length)> Pieces()
    {
        var reader = _chunks.Read();
        long start = 0;
        long end = 0;
        for (long chunk = 0; chunk < _chunkCount; chunk++)
        {
            reader.Next();
            var gap = (long)reader.Next();
            var length = (long)reader.Next();
            if (gap > 0)
            {
                if (end > start)
                {
                    yield return (start, end - start);
                }

                start = end += gap;
            }

            end += length;
        }

        if (end > start)
        {
            yield return (start, end - start);
        }
    }

    /// <summary>Writes everything that stands before the payloads.</summary>
    public void Write(Stream output, CancellationToken cancellationToken)
    {
        output.Write(_fileType);
        WriteBoxHeader(output, "moov"u8, _movieLength);
        output.Write(_movieHeader);
        for (var i = 0; i < Tracks.Length; i++)
        {
            output.Write(_trackHeaders[i]);
            foreach (var table in Tracks[i].Tables)
            {
                cancellationToken.ThrowIfCancellationRequested();
                WriteTable(output, Tracks[i], table);
            }
        }

        Span<byte> data = stackalloc byte[LongBoxHeaderLength];
        BinaryPrimitives.WriteUInt32BigEndian(data, 1); // the length is in 64 bits
        "mdat"u8.CopyTo(data[4..]);
        BinaryPrimitives.WriteInt64BigEndian(data[8..], LongBoxHeaderLength + PayloadLength);
        output.Write(data);
    }

    // The boxes are laid out first without the tables, which is when their lengths are known.
    private void LayOut()
    {
        _fileType = FileType();
        _movieHeader = MovieHeader();
        _trackHeaders = [.. Tracks.Select(TrackHeaders)];
        _movieLength = BoxHeaderLength + _movieHeader.Length
            + _trackHeaders.Zip(Tracks, (header, track) => header.Length + TablesLength(track)).Sum();
    }

    private void Take(Mp4RecordedFile.Fragment fragment, List<Mp4ProgressiveTrack> tracks, ref long end)
    {
        var samples = fragment.Samples;
        for (var i = 0; i < samples.Count;)
        {
            var first = samples[i];
            var index = tracks.FindIndex(track => track.TrackNumber == first.TrackNumber);
            var description = index < 0 ? 0 : tracks[index].DescriptionOfSection[fragment.Section.Index];
            var began = i;
            long length = 0;
            for (; i < samples.Count && samples[i].TrackNumber == first.TrackNumber; i++)
            {
                if (description > 0)
                {
                    tracks[index].Add(samples[i]);
                }

                length += samples[i].Length;
            }

            if (description > 0)
            {
                tracks[index].AddChunk(i - began, description);
                var position = fragment.Start + first.Offset;
                _chunks.Add((ulong)tracks[index].TrackNumber);
                _chunks.Add((ulong)(position - end));
                _chunks.Add((ulong)length);
                _chunkCount++;
                PayloadLength += length;
                end = position + length;
            }
        }
    }

    private static List<Mp4ProgressiveTrack> FindTracks(Mp4RecordedFile recorded, Mp4Selection selection)
    {
        var found = new List<Mp4ProgressiveTrack>();
        foreach (var section in recorded.Sections)
        {
            foreach (var described in section.Tracks)
            {
                if (!described.TryToTrack(out var track, out _) || (selection is Mp4Selection.Sound && track.Kind is TrackKind.Video))
                {
                    continue;
                }

                var known = found.Find(other => other.TrackNumber == described.TrackNumber);
                if (known is null)
                {
                    found.Add(known = new Mp4ProgressiveTrack(described.TrackNumber, described.TimescaleHz));
                }
                else if (known.TimescaleHz != described.TimescaleHz || known.Descriptions[0].Kind != track.Kind)
                {
                    continue;
                }

                var index = known.Descriptions.FindIndex(other => other.IsSameFormatAs(track));
                if (index < 0)
                {
                    known.Descriptions.Add(track);
                    index = known.Descriptions.Count - 1;
                }

                while (known.DescriptionOfSection.Count < section.Index)
                {
                    known.DescriptionOfSection.Add(0);
                }

                known.DescriptionOfSection.Add(index + 1);
            }
        }

        foreach (var track in found)
        {
            while (track.DescriptionOfSection.Count < recorded.Sections.Count)
            {
                track.DescriptionOfSection.Add(0);
            }
        }

        return found;
    }

    private static TimeSpan TimeOf(long time, Mp4ProgressiveTrack track) => MediaTime.FromTimescale(time, track.TimescaleHz).SinceStart;

    // A clock in which every track's begin is a whole number, so that an edit list moves nothing.
    private static int CommonClock(ImmutableArray<Mp4ProgressiveTrack> tracks)
    {
        BigInteger common = 1_000;
        foreach (var track in tracks)
        {
            common = common / BigInteger.GreatestCommonDivisor(common, track.TimescaleHz) * track.TimescaleHz;
        }

        return common <= int.MaxValue ? (int)common : UsualMovieTimescaleHz;
    }

    private static int TablesLength(Mp4ProgressiveTrack track) =>
        track.Tables.Sum(table => checked((int)TableLength(track, table)));

    private static long TableLength(Mp4ProgressiveTrack track, Mp4Table table) =>
        TableHeaderLength + (table is Mp4Table.Sizes ? sizeof(uint) : 0) + ((long)track.EntryCount(table) * EntryLength(table));

    private static int EntryLength(Mp4Table table) => table switch
    {
        Mp4Table.Durations or Mp4Table.CompositionOffsets or Mp4Table.ChunkOffsets => 8,
        Mp4Table.SamplesPerChunk => 12,
        _ => 4,
    };

    private static void WriteBoxHeader(Stream output, ReadOnlySpan<byte> type, int length)
    {
        Span<byte> header = stackalloc byte[BoxHeaderLength];
        BinaryPrimitives.WriteInt32BigEndian(header, length);
        type.CopyTo(header[4..]);
        output.Write(header);
    }

    private void WriteTable(Stream output, Mp4ProgressiveTrack track, Mp4Table table)
    {
        using var writer = new EntryWriter(output);
        var (type, version) = table switch
        {
            Mp4Table.Durations => ("stts", 0),
            Mp4Table.CompositionOffsets => ("ctts", 1), // offsets with a sign
            Mp4Table.SyncSamples => ("stss", 0),
            Mp4Table.SamplesPerChunk => ("stsc", 0),
            Mp4Table.Sizes => ("stsz", 0),
            _ => ("co64", 0),
        };
        writer.Add((uint)TableLength(track, table));
        writer.Add(BinaryPrimitives.ReadUInt32BigEndian(System.Text.Encoding.ASCII.GetBytes(type)));
        writer.Add((uint)version << 24);
        if (table is Mp4Table.Sizes)
        {
            writer.Add(0); // each has its own size
        }

        writer.Add(track.EntryCount(table));
        WriteEntries(writer, track, table);
    }

    private void WriteEntries(EntryWriter writer, Mp4ProgressiveTrack track, Mp4Table table)
    {
        switch (table)
        {
            case Mp4Table.ChunkOffsets:
                var reader = _chunks.Read();
                var offset = DataStart;
                for (long chunk = 0; chunk < _chunkCount; chunk++)
                {
                    if (reader.Next() == (ulong)track.TrackNumber)
                    {
                        writer.Add64((ulong)offset);
                    }

                    reader.Next();
                    offset += (long)reader.Next();
                }

                break;

            case Mp4Table.SamplesPerChunk:
                foreach (var (first, count, description) in track.SamplesPerChunk())
                {
                    writer.Add(first);
                    writer.Add(count);
                    writer.Add(description);
                }

                break;

            case Mp4Table.Sizes:
                foreach (var size in track.Sizes())
                {
                    writer.Add(size);
                }

                break;

            case Mp4Table.SyncSamples:
                foreach (var number in track.SyncSamples())
                {
                    writer.Add(number);
                }

                break;

            default:
                foreach (var (count, value) in table is Mp4Table.Durations ? track.Durations() : track.CompositionOffsets())
                {
                    writer.Add(count);
                    writer.Add(value);
                }

                break;
        }
    }

    private static byte[] FileType()
    {
        var scratch = new byte[64];
        var writer = new BoxWriter(scratch);
        var box = writer.Begin("ftyp"u8);
        writer.Bytes("isom"u8);
        writer.UInt32(0x200);
        writer.Bytes("isom"u8);
        writer.Bytes("iso6"u8); // signed composition offsets
        writer.Bytes("mp41"u8);
        writer.End(box);
        return scratch.AsSpan(0, writer.Position).ToArray();
    }

    private byte[] MovieHeader()
    {
        var scratch = new byte[RoomForHeader];
        var writer = new BoxWriter(scratch);
        var header = writer.BeginFull("mvhd"u8, version: 1, flags: 0);
        writer.Zeros(16); // creation and modification
        writer.Int32(MovieTimescaleHz);
        writer.UInt64((ulong)MediaTime.SpanToTimescale(Duration, MovieTimescaleHz));
        writer.UInt32(0x0001_0000); // rate 1.0
        writer.UInt16(0x0100); // volume 1.0
        writer.Zeros(10);
        Mp4InitSection.WriteMatrix(ref writer);
        writer.Zeros(24);
        writer.Int32(Tracks.Max(track => track.TrackNumber) + 1);
        writer.End(header);
        return scratch.AsSpan(0, writer.Position).ToArray();
    }

    // Everything of a trak before the tables. The boxes that hold the tables say lengths that include them.
    private byte[] TrackHeaders(Mp4ProgressiveTrack track)
    {
        var scratch = new byte[RoomPerTrack + track.Descriptions.Sum(description => RoomPerTrack + description.Configuration.Length)];
        var writer = new BoxWriter(scratch);
        var format = default(VideoFormat);
        if (track.IsVideo)
        {
            VideoFormat.TryRead(track.Descriptions[0].Codec, track.Descriptions[0].Configuration, out format, out _);
        }

        var shown = TimeOf(track.End, track) - TimeOf(track.FirstShown, track);
        var delay = TimeOf(track.FirstShown, track) - Start;
        var trak = writer.Begin("trak"u8);
        WriteTrackHeader(ref writer, track, format, delay + shown);
        WriteEdits(ref writer, track, delay, shown);

        var media = writer.Begin("mdia"u8);
        WriteMediaHeader(ref writer, track);
        var information = writer.Begin("minf"u8);
        var mediaHeader = track.IsVideo
            ? writer.BeginFull("vmhd"u8, version: 0, flags: 1)
            : writer.BeginFull("smhd"u8, version: 0, flags: 0);
        writer.Zeros(track.IsVideo ? 8 : 4);
        writer.End(mediaHeader);
        var data = writer.Begin("dinf"u8);
        var references = writer.BeginFull("dref"u8, version: 0, flags: 0);
        writer.UInt32(1);
        writer.End(writer.BeginFull("url "u8, version: 0, flags: 1)); // the media is in this file
        writer.End(references);
        writer.End(data);
        var table = writer.Begin("stbl"u8);
        var descriptions = writer.BeginFull("stsd"u8, version: 0, flags: 0);
        writer.Int32(track.Descriptions.Count);
        foreach (var description in track.Descriptions)
        {
            var own = default(VideoFormat);
            if (track.IsVideo)
            {
                VideoFormat.TryRead(description.Codec, description.Configuration, out own, out _);
            }

            Mp4SampleEntry.Write(ref writer, description, own);
        }

        writer.End(descriptions);
        var end = writer.Position;
        var tables = TablesLength(track);
        foreach (var open in (ReadOnlySpan<int>)[trak, media, information, table])
        {
            BinaryPrimitives.WriteInt32BigEndian(scratch.AsSpan(open), end - open + tables);
        }

        return scratch.AsSpan(0, end).ToArray();
    }

    private void WriteTrackHeader(ref BoxWriter writer, Mp4ProgressiveTrack track, in VideoFormat format, TimeSpan duration)
    {
        var first = track.Descriptions[0];
        var header = writer.BeginFull("tkhd"u8, version: 1, IsEnabledAndInMovie);
        writer.Zeros(16);
        writer.Int32(track.TrackNumber);
        writer.Zeros(4);
        writer.UInt64((ulong)MediaTime.SpanToTimescale(duration, MovieTimescaleHz));
        writer.Zeros(8);
        writer.Zeros(4); // layer, alternate group
        writer.UInt16(track.IsVideo ? 0 : 0x0100); // volume
        writer.UInt16(0);
        Mp4InitSection.WriteMatrix(ref writer);
        writer.UInt32(track.IsVideo ? Mp4InitSection.ShownWidth(first.Width, format.SampleAspectRatio) : 0);
        writer.UInt32((uint)first.Height << 16);
        writer.End(header);
    }

    private void WriteEdits(ref BoxWriter writer, Mp4ProgressiveTrack track, TimeSpan delay, TimeSpan shown)
    {
        var edits = writer.Begin("edts"u8);
        var list = writer.BeginFull("elst"u8, version: 1, flags: 0);
        writer.UInt32(delay > TimeSpan.Zero ? 2u : 1u);
        if (delay > TimeSpan.Zero)
        {
            writer.UInt64((ulong)MediaTime.SpanToTimescale(delay, MovieTimescaleHz));
            writer.UInt64(ulong.MaxValue); // nothing is shown
            writer.UInt32(0x0001_0000);
        }

        writer.UInt64((ulong)MediaTime.SpanToTimescale(shown, MovieTimescaleHz));
        writer.UInt64((ulong)(track.FirstShown - track.FirstDecodeTime));
        writer.UInt32(0x0001_0000);
        writer.End(list);
        writer.End(edits);
    }

    private static void WriteMediaHeader(ref BoxWriter writer, Mp4ProgressiveTrack track)
    {
        var header = writer.BeginFull("mdhd"u8, version: 1, flags: 0);
        writer.Zeros(16);
        writer.Int32(track.TimescaleHz);
        writer.UInt64((ulong)(track.End - track.FirstDecodeTime));
        writer.UInt16(Mp4InitSection.Undetermined);
        writer.UInt16(0);
        writer.End(header);

        var handler = writer.BeginFull("hdlr"u8, version: 0, flags: 0);
        writer.UInt32(0);
        writer.Bytes(track.IsVideo ? "vide"u8 : "soun"u8);
        writer.Zeros(12);
        writer.Bytes(track.IsVideo ? "Video\0"u8 : "Sound\0"u8);
        writer.End(handler);
    }

    /// <summary>Writes the entries of a table, many at once.</summary>
    private sealed class EntryWriter(Stream output) : IDisposable
    {
        private readonly byte[] _buffer = new byte[16 << 10];
        private int _length;

        public void Add(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Room(sizeof(uint)), value);

        public void Add64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Room(sizeof(ulong)), value);

        public void Dispose()
        {
            output.Write(_buffer, 0, _length);
            _length = 0;
        }

        private Span<byte> Room(int length)
        {
            if (_length > _buffer.Length - length)
            {
                Dispose();
            }

            _length += length;
            return _buffer.AsSpan(_length - length, length);
        }
    }
}
