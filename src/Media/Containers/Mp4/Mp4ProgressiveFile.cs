using System.Buffers;
using System.Collections.Immutable;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>Which tracks of a recording a file is made of.</summary>
public enum Mp4Selection
{
    /// <summary>All.</summary>
    Everything,

    /// <summary>The sound alone.</summary>
    Sound,
}

/// <summary>Makes an ordinary MP4 file, with the index in front, of a recording that was written in fragments.</summary>
/// <remarks>
/// Source: ISO/IEC 14496-12 section 8. Nothing is encoded again and the memory does not grow with the file: the fragments are
/// walked once to measure, once for each table of the index, and once to copy. Tracks that begin later than the first get an edit
/// list, and so do those whose first picture is not shown when it is decoded.
/// </remarks>
public static class Mp4ProgressiveFile
{
    private const int CopyLength = 256 << 10;

    /// <summary>Writes the file.</summary>
    /// <param name="recorded">What was recorded.</param>
    /// <param name="source">The file it was read from.</param>
    /// <param name="output">Where the file goes, from its beginning on; need not be seekable.</param>
    /// <param name="selection">Which tracks.</param>
    /// <param name="cancellationToken">Stops; the output is of no use then.</param>
    /// <returns>How long it plays; zero, and nothing is written, when there is no frame of such a track.</returns>
    public static TimeSpan Write(
        Mp4RecordedFile recorded,
        Stream source,
        Stream output,
        Mp4Selection selection = Mp4Selection.Everything,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(output);
        var movie = Mp4ProgressiveMovie.Measure(recorded, selection, cancellationToken);
        if (movie.Tracks.Length == 0)
        {
            return TimeSpan.Zero;
        }

        movie.Write(output, cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(CopyLength);
        try
        {
            foreach (var chunk in movie.Chunks(cancellationToken))
            {
                source.Position = chunk.Position;
                for (var rest = chunk.Length; rest > 0;)
                {
                    var piece = buffer.AsSpan(0, (int)Math.Min(rest, buffer.Length));
                    source.ReadExactly(piece);
                    output.Write(piece);
                    rest -= piece.Length;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return movie.Duration;
    }
}

/// <summary>Frames of one track that stand together in a fragment.</summary>
/// <param name="Track">Whose.</param>
/// <param name="Description">Which of the track's sample entries, from 1.</param>
/// <param name="SampleCount">How many.</param>
/// <param name="Position">Where in the source.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct Mp4Chunk(Mp4ProgressiveTrack Track, int Description, int SampleCount, long Position, long Length);

/// <summary>A frame as the index tells it.</summary>
internal readonly record struct Mp4IndexedSample(uint Duration, int CompositionOffset, bool IsSync, int Length);

/// <summary>One track of the file to be made, and its figures.</summary>
internal sealed class Mp4ProgressiveTrack(int trackNumber, int timescaleHz)
{
    public int TrackNumber => trackNumber;

    public int TimescaleHz => timescaleHz;

    /// <summary>The sample entries: more than one where the configuration changed.</summary>
    public List<Track> Descriptions { get; } = [];

    /// <summary>For each section of the source the number of the sample entry, from 1; 0 for none.</summary>
    public List<int> DescriptionOfSection { get; } = [];

    /// <summary>When the first sample is decoded, in the track's clock.</summary>
    public long FirstDecodeTime { get; set; }

    /// <summary>When the earliest of the first samples is shown.</summary>
    public long FirstShown { get; set; } = long.MaxValue;

    /// <summary>When the last sample ends.</summary>
    public long End { get; set; }

    public bool IsVideo => Descriptions[0].Kind is TrackKind.Video;

    /// <summary>Entries of each table, by <see cref="Mp4Table"/>; 0 leaves the table out.</summary>
    public uint[] Entries { get; } = new uint[Enum.GetValues<Mp4Table>().Length];

    public ImmutableArray<Mp4Table> Tables =>
        [.. Enum.GetValues<Mp4Table>().Where(table => Entries[(int)table] > 0)];
}

/// <summary>The tables of a track's index.</summary>
internal enum Mp4Table
{
    /// <summary>stts.</summary>
    Durations,

    /// <summary>ctts.</summary>
    CompositionOffsets,

    /// <summary>stss.</summary>
    SyncSamples,

    /// <summary>stsc.</summary>
    SamplesPerChunk,

    /// <summary>stsz.</summary>
    Sizes,

    /// <summary>co64.</summary>
    ChunkOffsets,
}
