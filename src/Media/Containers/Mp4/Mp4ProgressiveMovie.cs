using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Numerics;
using Roomcast.Media.Codecs;
using Roomcast.Media.Time;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>Measures and writes the front of a progressive file: ftyp, moov with all tables, and the header of mdat.</summary>
internal sealed class Mp4ProgressiveMovie
{
    private const int RoomPerTrack = 1_024;
    private const int RoomForHeader = 512;
    private const int TableHeaderLength = 16;
    private const int BoxHeaderLength = 8;
    private const int LongBoxHeaderLength = 16;
    private const int UsualMovieTimescaleHz = 90_000;
    private const uint IsEnabledAndInMovie = 3;

    private readonly Mp4RecordedFile _recorded;

    private Mp4ProgressiveMovie(Mp4RecordedFile recorded) => _recorded = recorded;

    public ImmutableArray<Mp4ProgressiveTrack> Tracks { get; private set; } = [];

    /// <summary>From the first frame shown to the end of the last.</summary>
    public TimeSpan Duration { get; private set; }

    private int MovieTimescaleHz { get; set; }

    private long PayloadLength { get; set; }

    private TimeSpan Start { get; set; }

    public static Mp4ProgressiveMovie Measure(Mp4RecordedFile recorded, Mp4Selection selection, CancellationToken cancellationToken)
    {
        var movie = new Mp4ProgressiveMovie(recorded);
        movie.Tracks = [.. FindTracks(recorded, selection)];
        foreach (var chunk in movie.Chunks(cancellationToken))
        {
            movie.PayloadLength += chunk.Length;
        }

        foreach (var track in movie.Tracks)
        {
            foreach (var table in Enum.GetValues<Mp4Table>())
            {
                var counter = new EntryCounter();
                movie.WriteEntries(track, table, counter, dataStart: 0, cancellationToken);
                track.Entries[(int)table] = counter.Count;
            }
        }

        movie.Tracks = [.. movie.Tracks.Where(track => track.Entries[(int)Mp4Table.Sizes] > 0)];
        if (movie.Tracks.Length > 0)
        {
            movie.Start = movie.Tracks.Min(track => TimeOf(track.FirstShown, track));
            movie.Duration = movie.Tracks.Max(track => TimeOf(track.End, track)) - movie.Start;
            movie.MovieTimescaleHz = CommonClock(movie.Tracks);
        }

        return movie;
    }

    /// <summary>The chunks of all tracks, in the order of the file.</summary>
    public IEnumerable<Mp4Chunk> Chunks(CancellationToken cancellationToken)
    {
        foreach (var fragment in _recorded.Fragments(cancellationToken))
        {
            for (var i = 0; i < fragment.Samples.Count;)
            {
                var first = fragment.Samples[i];
                long length = 0;
                var count = 0;
                while (i < fragment.Samples.Count && fragment.Samples[i].TrackNumber == first.TrackNumber)
                {
                    length += fragment.Samples[i++].Length;
                    count++;
                }

                if (Find(first.TrackNumber) is { } track && track.DescriptionOfSection[fragment.Section.Index] > 0)
                {
                    yield return new Mp4Chunk(
                        track, track.DescriptionOfSection[fragment.Section.Index], count, fragment.Start + first.Offset, length);
                }
            }
        }
    }

    /// <summary>Writes everything that stands before the payloads.</summary>
    public void Write(Stream output, CancellationToken cancellationToken)
    {
        // The boxes are laid out first without the tables, which is when their lengths are known.
        var fileType = FileType();
        var headers = Tracks.Select(TrackHeaders).ToList();
        var movieHeader = MovieHeader();
        var movieLength = BoxHeaderLength + movieHeader.Length
            + headers.Zip(Tracks, (header, track) => header.Length + TablesLength(track)).Sum();
        var dataStart = fileType.Length + movieLength + LongBoxHeaderLength;

        output.Write(fileType);
        WriteBoxHeader(output, "moov"u8, movieLength);
        output.Write(movieHeader);
        for (var i = 0; i < Tracks.Length; i++)
        {
            output.Write(headers[i]);
            foreach (var table in Tracks[i].Tables)
            {
                WriteTable(output, Tracks[i], table, dataStart, cancellationToken);
            }
        }

        Span<byte> data = stackalloc byte[LongBoxHeaderLength];
        BinaryPrimitives.WriteUInt32BigEndian(data, 1); // the length is in 64 bits
        "mdat"u8.CopyTo(data[4..]);
        BinaryPrimitives.WriteInt64BigEndian(data[8..], LongBoxHeaderLength + PayloadLength);
        output.Write(data);
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
        TableHeaderLength + (table is Mp4Table.Sizes ? sizeof(uint) : 0) + ((long)track.Entries[(int)table] * EntryLength(table));

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

    private Mp4ProgressiveTrack? Find(int trackNumber)
    {
        foreach (var track in Tracks)
        {
            if (track.TrackNumber == trackNumber)
            {
                return track;
            }
        }

        return null;
    }

    // A sample lasts until the next one begins, also over a gap between fragments: only so do the later ones keep their time.
    private IEnumerable<Mp4IndexedSample> Samples(Mp4ProgressiveTrack track, CancellationToken cancellationToken)
    {
        var hasPending = false;
        var pending = default(Mp4ReadSample);
        foreach (var fragment in _recorded.Fragments(cancellationToken))
        {
            if (track.DescriptionOfSection[fragment.Section.Index] == 0)
            {
                continue;
            }

            foreach (var sample in fragment.Samples)
            {
                if (sample.TrackNumber != track.TrackNumber)
                {
                    continue;
                }

                if (hasPending)
                {
                    yield return Index(pending, sample.DecodeTime - pending.DecodeTime);
                }
                else
                {
                    track.FirstDecodeTime = sample.DecodeTime;
                }

                // Only the first group of pictures can hold one that is shown before the first.
                track.FirstShown = Math.Min(track.FirstShown, sample.PresentationTime);
                track.End = Math.Max(track.End, sample.PresentationTime + sample.Duration);
                pending = sample;
                hasPending = true;
            }
        }

        if (hasPending)
        {
            yield return Index(pending, pending.Duration);
        }

        static Mp4IndexedSample Index(in Mp4ReadSample sample, long duration) =>
            new((uint)Math.Clamp(duration, 0, uint.MaxValue), sample.CompositionOffset, sample.IsSync, sample.Length);
    }

    private void WriteEntries(
        Mp4ProgressiveTrack track, Mp4Table table, IEntrySink sink, long dataStart, CancellationToken cancellationToken)
    {
        switch (table)
        {
            case Mp4Table.ChunkOffsets:
                foreach (var chunk in Chunks(cancellationToken))
                {
                    if (chunk.Track == track)
                    {
                        sink.Add64((ulong)dataStart);
                    }

                    dataStart += chunk.Length;
                }

                break;

            case Mp4Table.SamplesPerChunk:
                uint number = 0;
                (int Count, int Description) last = default;
                foreach (var chunk in Chunks(cancellationToken).Where(chunk => chunk.Track == track))
                {
                    number++;
                    if (last != (chunk.SampleCount, chunk.Description))
                    {
                        last = (chunk.SampleCount, chunk.Description);
                        sink.Add(number, (uint)last.Count, (uint)last.Description);
                    }
                }

                break;

            case Mp4Table.Sizes:
                foreach (var sample in Samples(track, cancellationToken))
                {
                    sink.Add((uint)sample.Length);
                }

                break;

            case Mp4Table.SyncSamples:
                WriteSyncSamples(Samples(track, cancellationToken), sink);
                break;

            case Mp4Table.Durations:
                WriteRuns(Samples(track, cancellationToken).Select(sample => sample.Duration), sink, leavesOutZeros: false);
                break;

            case Mp4Table.CompositionOffsets:
                WriteRuns(
                    Samples(track, cancellationToken).Select(sample => unchecked((uint)sample.CompositionOffset)), sink, leavesOutZeros: true);
                break;

            default:
                throw new ArgumentOutOfRangeException(nameof(table), table, "Not a table.");
        }
    }

    // Where every sample is one the table is left out: that is what its absence says. The numbers come only once one is not.
    private static void WriteSyncSamples(IEnumerable<Mp4IndexedSample> samples, IEntrySink sink)
    {
        uint number = 0;
        var isNeeded = false;
        foreach (var sample in samples)
        {
            number++;
            if (!sample.IsSync && !isNeeded)
            {
                isNeeded = true;
                for (uint earlier = 1; earlier < number; earlier++)
                {
                    sink.Add(earlier);
                }
            }
            else if (sample.IsSync && isNeeded)
            {
                sink.Add(number);
            }
        }
    }

    private static void WriteRuns(IEnumerable<uint> values, IEntrySink sink, bool leavesOutZeros)
    {
        uint count = 0;
        uint current = 0;
        var hasOther = !leavesOutZeros;
        foreach (var value in values)
        {
            if (count > 0 && value != current)
            {
                sink.Add(count, current);
                count = 0;
                hasOther = true;
            }

            current = value;
            hasOther |= value != 0;
            count++;
        }

        if (count > 0 && hasOther)
        {
            sink.Add(count, current);
        }
    }

    private void WriteTable(
        Stream output, Mp4ProgressiveTrack track, Mp4Table table, long dataStart, CancellationToken cancellationToken)
    {
        using var sink = new EntryWriter(output);
        var (type, version) = table switch
        {
            Mp4Table.Durations => ("stts", 0),
            Mp4Table.CompositionOffsets => ("ctts", 1), // offsets with a sign
            Mp4Table.SyncSamples => ("stss", 0),
            Mp4Table.SamplesPerChunk => ("stsc", 0),
            Mp4Table.Sizes => ("stsz", 0),
            _ => ("co64", 0),
        };
        sink.Add((uint)TableLength(track, table));
        sink.Add(BinaryPrimitives.ReadUInt32BigEndian(System.Text.Encoding.ASCII.GetBytes(type)));
        sink.Add((uint)version << 24);
        if (table is Mp4Table.Sizes)
        {
            sink.Add(0); // each has its own size
        }

        sink.Add(track.Entries[(int)table]);
        WriteEntries(track, table, sink, dataStart, cancellationToken);
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

    /// <summary>Takes the entries of a table: to count them, and later to write them.</summary>
    private interface IEntrySink
    {
        void Add(uint value);

        void Add(uint first, uint second);

        void Add(uint first, uint second, uint third);

        void Add64(ulong value);
    }

    private sealed class EntryCounter : IEntrySink
    {
        public uint Count { get; private set; }

        public void Add(uint value) => Count++;

        public void Add(uint first, uint second) => Count++;

        public void Add(uint first, uint second, uint third) => Count++;

        public void Add64(ulong value) => Count++;
    }

    private sealed class EntryWriter(Stream output) : IEntrySink, IDisposable
    {
        private readonly byte[] _buffer = new byte[16 << 10];
        private int _length;

        public void Add(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Room(sizeof(uint)), value);

        public void Add(uint first, uint second)
        {
            Add(first);
            Add(second);
        }

        public void Add(uint first, uint second, uint third)
        {
            Add(first, second);
            Add(third);
        }

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
