namespace Roomcast.Hls.Packaging;

/// <summary>The bytes of an initialisation section, a part or a segment, as a viewer gets them. Immutable.</summary>
public sealed class MediaPayload
{
    private readonly long _offset;

    internal MediaPayload(ReadOnlyMemory<byte>[] pieces)
    {
        Pieces = pieces;
        foreach (var piece in pieces)
        {
            Length += piece.Length;
        }
    }

    internal MediaPayload(ISpilledSegment spilled, long offset, long length)
    {
        Pieces = [];
        Spilled = spilled;
        _offset = offset;
        Length = length;
    }

    /// <summary>Bytes in all.</summary>
    public long Length { get; }

    /// <summary>The bytes in order, when they are in memory: mostly one piece. Empty when they were put away.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Pieces { get; }

    /// <summary>Whether the bytes must be read by <see cref="TryReadAsync"/>.</summary>
    public bool IsSpilled => Spilled is not null;

    private ISpilledSegment? Spilled { get; }

    /// <summary>Reads bytes that were put away.</summary>
    /// <param name="offset">First byte wanted, from the payload's own beginning.</param>
    /// <param name="into">Filled whole.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>False when they are gone or cannot be read.</returns>
    public ValueTask<bool> TryReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken) =>
        Spilled?.TryReadAsync(_offset + offset, into, cancellationToken) ?? ValueTask.FromResult(false);
}
