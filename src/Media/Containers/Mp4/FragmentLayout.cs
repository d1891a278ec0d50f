namespace Roomcast.Media.Containers.Mp4;

/// <summary>How one run of frames is written: what all have in common is said once, the rest frame by frame.</summary>
/// <remarks>Source: ISO/IEC 14496-12 sections 8.8.7 (tfhd) and 8.8.8 (trun). For sound usually only sizes remain.</remarks>
internal readonly record struct FragmentLayout
{
    private const uint HasDefaultDuration = 0x00_0008;
    private const uint HasDefaultFlags = 0x00_0020;
    private const uint DefaultBaseIsMoof = 0x02_0000;
    private const uint HasDataOffset = 0x00_0001;
    private const uint HasFirstFlags = 0x00_0004;
    private const uint HasDurations = 0x00_0100;
    private const uint HasSizes = 0x00_0200;
    private const uint HasFlags = 0x00_0400;
    private const uint HasCompositionOffsets = 0x00_0800;
    private const int FullBoxHeaderLength = 12;
    private const int FieldLength = 4;

    private uint HeaderFlags { get; init; }

    private uint RunFlags { get; init; }

    private int DefaultDuration { get; init; }

    private uint DefaultFlags { get; init; }

    /// <summary>Bytes of the tfhd box.</summary>
    public int HeaderLength { get; private init; }

    /// <summary>Bytes of the trun box.</summary>
    public long RunLength { get; private init; }

    /// <summary>Bytes of all payloads.</summary>
    public long PayloadLength { get; private init; }

    /// <summary>Finds what a run's frames have in common.</summary>
    public static FragmentLayout Of(ReadOnlySpan<Mp4Sample> samples)
    {
        ArgumentOutOfRangeException.ThrowIfZero(samples.Length, nameof(samples));
        var duration = samples[0].Duration;
        var flagsOfRest = Mp4SampleFlags.Of(samples[^1].Frame.IsKeyframe);
        var isDurationCommon = true;
        var areRestFlagsCommon = true;
        var hasOffsets = false;
        long payloadLength = 0;
        for (var i = 0; i < samples.Length; i++)
        {
            ref readonly var sample = ref samples[i];
            isDurationCommon &= sample.Duration == duration;
            areRestFlagsCommon &= i == 0 || Mp4SampleFlags.Of(sample.Frame.IsKeyframe) == flagsOfRest;
            hasOffsets |= sample.CompositionOffset != 0;
            payloadLength += sample.Frame.Length;
        }

        // A group of pictures is a keyframe and others: the first frame's flags, and one value for the rest.
        var isFirstAlike = Mp4SampleFlags.Of(samples[0].Frame.IsKeyframe) == flagsOfRest;
        var headerFlags = DefaultBaseIsMoof
            | (isDurationCommon ? HasDefaultDuration : 0)
            | (areRestFlagsCommon ? HasDefaultFlags : 0);
        var runFlags = HasDataOffset
            | HasSizes
            | (isDurationCommon ? 0 : HasDurations)
            | (areRestFlagsCommon ? isFirstAlike ? 0 : HasFirstFlags : HasFlags)
            | (hasOffsets ? HasCompositionOffsets : 0);
        var fieldsPerSample = 1 + (isDurationCommon ? 0 : 1) + (areRestFlagsCommon ? 0 : 1) + (hasOffsets ? 1 : 0);
        return new FragmentLayout
        {
            HeaderFlags = headerFlags,
            RunFlags = runFlags,
            DefaultDuration = duration,
            DefaultFlags = flagsOfRest,
            HeaderLength = FullBoxHeaderLength
                + (FieldLength * (1 + (isDurationCommon ? 1 : 0) + (areRestFlagsCommon ? 1 : 0))),
            RunLength = FullBoxHeaderLength
                + (FieldLength * (2 + ((runFlags & HasFirstFlags) != 0 ? 1 : 0)))
                + ((long)FieldLength * fieldsPerSample * samples.Length),
            PayloadLength = payloadLength,
        };
    }

    /// <summary>Writes the tfhd box.</summary>
    public void WriteHeader(ref BoxWriter writer, int trackNumber)
    {
        var box = writer.BeginFull("tfhd"u8, version: 0, HeaderFlags);
        writer.Int32(trackNumber);
        if ((HeaderFlags & HasDefaultDuration) != 0)
        {
            writer.Int32(DefaultDuration);
        }

        if ((HeaderFlags & HasDefaultFlags) != 0)
        {
            writer.UInt32(DefaultFlags);
        }

        writer.End(box);
    }

    /// <summary>Writes the trun box, in version 1: composition offsets have a sign.</summary>
    public void WriteRun(ref BoxWriter writer, ReadOnlySpan<Mp4Sample> samples, int dataOffset)
    {
        var box = writer.BeginFull("trun"u8, version: 1, RunFlags);
        writer.Int32(samples.Length);
        writer.Int32(dataOffset);
        if ((RunFlags & HasFirstFlags) != 0)
        {
            writer.UInt32(Mp4SampleFlags.Of(samples[0].Frame.IsKeyframe));
        }

        foreach (ref readonly var sample in samples)
        {
            if ((RunFlags & HasDurations) != 0)
            {
                writer.Int32(sample.Duration);
            }

            writer.Int32(sample.Frame.Length);
            if ((RunFlags & HasFlags) != 0)
            {
                writer.UInt32(Mp4SampleFlags.Of(sample.Frame.IsKeyframe));
            }

            if ((RunFlags & HasCompositionOffsets) != 0)
            {
                writer.Int32(sample.CompositionOffset);
            }
        }

        writer.End(box);
    }
}
