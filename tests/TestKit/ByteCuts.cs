using System.Buffers;

namespace Roomcast.TestKit;

/// <summary>The ways in which a network may cut a run of bytes: readers must give the same answer for all of them.</summary>
public static class ByteCuts
{
    private const int MaxEverySplit = 600;

    /// <summary>Whole, in every two-way split (sampled for long inputs), and one byte to a segment.</summary>
    public static IEnumerable<ReadOnlySequence<byte>> Of(ReadOnlyMemory<byte> bytes)
    {
        yield return new ReadOnlySequence<byte>(bytes);

        var step = Math.Max(1, bytes.Length / MaxEverySplit);
        for (var at = 1; at < bytes.Length; at += step)
        {
            yield return Join(bytes[..at], bytes[at..]);
        }

        if (bytes.Length > 1)
        {
            var pieces = new ReadOnlyMemory<byte>[bytes.Length];
            for (var i = 0; i < bytes.Length; i++)
            {
                pieces[i] = bytes.Slice(i, 1);
            }

            yield return Join(pieces);
        }
    }

    /// <summary>A sequence of the given segments in order.</summary>
    public static ReadOnlySequence<byte> Join(params ReadOnlyMemory<byte>[] pieces)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        if (pieces.Length == 0)
        {
            return ReadOnlySequence<byte>.Empty;
        }

        var first = new Segment(pieces[0], previous: null);
        var last = first;
        foreach (var piece in pieces.AsSpan(1))
        {
            last = new Segment(piece, last);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
