namespace Roomcast.Hls.Packaging;

/// <summary>Where segments go that no longer fit in memory. One livestream session has one; the owner of the stream implements it.</summary>
public interface ISegmentSpill
{
    /// <summary>Puts a segment away. Must not block: writing goes on after the call returns. Called by the stream's writer.</summary>
    /// <param name="name">Unique within the stream; letters, digits, dots and hyphens.</param>
    /// <param name="pieces">The bytes in order; they do not change.</param>
    /// <returns>The segment put away, or null when it could not be (a full disk).</returns>
    Task<ISpilledSegment?> PutAwayAsync(string name, IReadOnlyList<ReadOnlyMemory<byte>> pieces);
}

/// <summary>A segment that was put away.</summary>
public interface ISpilledSegment
{
    /// <summary>Reads from it. Thread-safe.</summary>
    /// <param name="offset">First byte wanted.</param>
    /// <param name="into">Filled whole.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>False when the segment is gone or cannot be read.</returns>
    ValueTask<bool> TryReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken);

    /// <summary>Throws it away. A read under way may fail. Called once, and must not block.</summary>
    void Delete();
}
