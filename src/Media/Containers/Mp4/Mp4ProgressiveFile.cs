using System.Buffers;

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
/// Source: ISO/IEC 14496-12 section 8. Nothing is encoded again. The fragments are walked once to measure, of which the figures of
/// each frame are kept in a few bytes, some 1 MB for each hour of picture and sound; then the media is copied. Tracks that begin later
/// than the first get an edit list, and so do those whose first picture is not shown when it is decoded.
/// </remarks>
public sealed class Mp4ProgressiveFile
{
    private const int CopyLength = 256 << 10;

    private readonly Mp4ProgressiveMovie _movie;

    private Mp4ProgressiveFile(Mp4ProgressiveMovie movie) => _movie = movie;

    /// <summary>How long it plays; zero when there is no frame of such a track.</summary>
    public TimeSpan Duration => _movie.Duration;

    /// <summary>Bytes of the file; 0 when there is no frame of such a track.</summary>
    public long Length => _movie.Length;

    /// <summary>Measures the file.</summary>
    /// <param name="recorded">What was recorded.</param>
    /// <param name="selection">Which tracks.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static Mp4ProgressiveFile Measure(
        Mp4RecordedFile recorded, Mp4Selection selection = Mp4Selection.Everything, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        return new Mp4ProgressiveFile(Mp4ProgressiveMovie.Measure(recorded, selection, cancellationToken));
    }

    /// <summary>Measures and writes the file.</summary>
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
        var file = Measure(recorded, selection, cancellationToken);
        file.Write(source, output, cancellationToken);
        return file.Duration;
    }

    /// <summary>Writes the file; nothing when there is no frame.</summary>
    /// <param name="source">The file that was measured, which nobody else reads meanwhile.</param>
    /// <param name="output">Where it goes, from its beginning on; need not be seekable.</param>
    /// <param name="cancellationToken">Stops; the output is of no use then.</param>
    public void Write(Stream source, Stream output, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(output);
        if (_movie.Tracks.Length == 0)
        {
            return;
        }

        _movie.Write(output, cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(CopyLength);
        try
        {
            foreach (var (position, length) in _movie.Pieces())
            {
                source.Position = position;
                for (var rest = length; rest > 0;)
                {
                    cancellationToken.ThrowIfCancellationRequested();
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
    }
}
