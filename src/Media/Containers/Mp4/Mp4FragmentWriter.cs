using System.Buffers;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>Writes fragments: one moof with its mdat, which stand alone, so that parts put together are the segment.</summary>
/// <remarks>
/// Source: ISO/IEC 14496-12 section 8.8. The size is computed first, then everything is written once: the payloads are
/// copied once, and besides the array that is returned nothing is allocated.
/// </remarks>
public static class Mp4FragmentWriter
{
    private const int MaxRuns = 16;
    private const int BoxHeaderLength = 8;
    private const int FullBoxHeaderLength = 12;
    private const int SegmentTypeLength = BoxHeaderLength + 16;
    private const int ProducerTimeLength = FullBoxHeaderLength + 4 + 8 + 8;
    private const int MovieHeaderLength = FullBoxHeaderLength + 4;
    private const int DecodeTimeLength = FullBoxHeaderLength + 8;
    private const uint RealTimeOfProduction = 24;

    /// <summary>Writes a fragment into an array of its own.</summary>
    /// <param name="sequenceNumber">Rises from fragment to fragment, from 1.</param>
    /// <param name="runs">1 to 16 runs of unequal tracks, each with at least one frame.</param>
    /// <param name="startsSegment">Whether to put a styp in front.</param>
    /// <param name="producerTime">The wall clock of one moment, or null for none.</param>
    /// <returns>The fragment, an array of its exact size.</returns>
    public static byte[] Write(
        uint sequenceNumber, ReadOnlySpan<Mp4TrackRun> runs, bool startsSegment = false, Mp4ProducerTime? producerTime = null)
    {
        Span<FragmentLayout> layouts = stackalloc FragmentLayout[MaxRuns];
        var length = Measure(runs, layouts, startsSegment, producerTime);
        var output = GC.AllocateUninitializedArray<byte>(length);
        WriteTo(output, sequenceNumber, runs, layouts, startsSegment, producerTime);
        return output;
    }

    /// <summary>Writes a fragment behind what a buffer already holds.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="sequenceNumber">Rises from fragment to fragment, from 1.</param>
    /// <param name="runs">1 to 16 runs of unequal tracks, each with at least one frame.</param>
    /// <param name="startsSegment">Whether to put a styp in front.</param>
    /// <param name="producerTime">The wall clock of one moment, or null for none.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(
        IBufferWriter<byte> output,
        uint sequenceNumber,
        ReadOnlySpan<Mp4TrackRun> runs,
        bool startsSegment = false,
        Mp4ProducerTime? producerTime = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        Span<FragmentLayout> layouts = stackalloc FragmentLayout[MaxRuns];
        var length = Measure(runs, layouts, startsSegment, producerTime);
        WriteTo(output.GetSpan(length)[..length], sequenceNumber, runs, layouts, startsSegment, producerTime);
        output.Advance(length);
        return length;
    }

    private static int Measure(
        ReadOnlySpan<Mp4TrackRun> runs, Span<FragmentLayout> layouts, bool startsSegment, Mp4ProducerTime? producerTime)
    {
        ArgumentOutOfRangeException.ThrowIfZero(runs.Length, nameof(runs));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(runs.Length, MaxRuns, nameof(runs));
        long length = (startsSegment ? SegmentTypeLength : 0) + (producerTime is null ? 0 : ProducerTimeLength);
        length += BoxHeaderLength + MovieHeaderLength + BoxHeaderLength;
        for (var i = 0; i < runs.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(runs[i].BaseDecodeTime, nameof(runs));
            layouts[i] = FragmentLayout.Of(runs[i].Samples.Span);
            length += BoxHeaderLength + layouts[i].HeaderLength + DecodeTimeLength + layouts[i].RunLength + layouts[i].PayloadLength;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Array.MaxLength, nameof(runs));
        return (int)length;
    }

    private static void WriteTo(
        Span<byte> output,
        uint sequenceNumber,
        ReadOnlySpan<Mp4TrackRun> runs,
        ReadOnlySpan<FragmentLayout> layouts,
        bool startsSegment,
        Mp4ProducerTime? producerTime)
    {
        var writer = new BoxWriter(output);
        if (startsSegment)
        {
            var box = writer.Begin("styp"u8);
            writer.Bytes("msdh"u8);
            writer.UInt32(0);
            writer.Bytes("msdh"u8);
            writer.Bytes("iso6"u8);
            writer.End(box);
        }

        if (producerTime is { } moment)
        {
            var box = writer.BeginFull("prft"u8, version: 1, RealTimeOfProduction);
            writer.Int32(Mp4InitSection.TrackNumberOf(moment.TrackId));
            writer.UInt64(moment.NtpTimestamp);
            writer.UInt64((ulong)moment.MediaTime);
            writer.End(box);
        }

        var movieLength = BoxHeaderLength + MovieHeaderLength;
        long payloadLength = 0;
        foreach (ref readonly var layout in layouts[..runs.Length])
        {
            movieLength += BoxHeaderLength + layout.HeaderLength + DecodeTimeLength + (int)layout.RunLength;
            payloadLength += layout.PayloadLength;
        }

        WriteMovieFragment(ref writer, sequenceNumber, runs, layouts, dataOffset: movieLength + BoxHeaderLength);

        writer.UInt32((uint)(BoxHeaderLength + payloadLength));
        writer.Bytes("mdat"u8);
        foreach (ref readonly var run in runs)
        {
            foreach (ref readonly var sample in run.Samples.Span)
            {
                writer.Bytes(sample.Frame.Payload.Span);
            }
        }
    }

    private static void WriteMovieFragment(
        ref BoxWriter writer,
        uint sequenceNumber,
        ReadOnlySpan<Mp4TrackRun> runs,
        ReadOnlySpan<FragmentLayout> layouts,
        int dataOffset)
    {
        var movie = writer.Begin("moof"u8);
        var header = writer.BeginFull("mfhd"u8, version: 0, flags: 0);
        writer.UInt32(sequenceNumber);
        writer.End(header);
        for (var i = 0; i < runs.Length; i++)
        {
            ref readonly var layout = ref layouts[i];
            var fragment = writer.Begin("traf"u8);
            layout.WriteHeader(ref writer, Mp4InitSection.TrackNumberOf(runs[i].TrackId));

            var decodeTime = writer.BeginFull("tfdt"u8, version: 1, flags: 0);
            writer.UInt64((ulong)runs[i].BaseDecodeTime);
            writer.End(decodeTime);

            layout.WriteRun(ref writer, runs[i].Samples.Span, dataOffset);
            writer.End(fragment);
            dataOffset += (int)layout.PayloadLength;
        }

        writer.End(movie);
    }
}
