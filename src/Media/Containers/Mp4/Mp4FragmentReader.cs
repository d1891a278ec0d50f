using System.Buffers.Binary;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>Reads one moof box.</summary>
internal readonly ref struct Mp4FragmentReader(int fileLength, int movieOffset, IReadOnlyList<Mp4Track> tracks, int maxSamples)
{
    private const int FullBoxLength = 4;
    private const uint HasBaseOffset = 0x00_0001;
    private const uint HasDescription = 0x00_0002;
    private const uint HasDefaultDuration = 0x00_0008;
    private const uint HasDefaultSize = 0x00_0010;
    private const uint HasDefaultFlags = 0x00_0020;
    private const uint HasDataOffset = 0x00_0001;
    private const uint HasFirstFlags = 0x00_0004;
    private const uint HasDurations = 0x00_0100;
    private const uint HasSizes = 0x00_0200;
    private const uint HasFlags = 0x00_0400;
    private const uint HasCompositionOffsets = 0x00_0800;

    private readonly int _fileLength = fileLength;
    private readonly int _movieOffset = movieOffset;
    private readonly IReadOnlyList<Mp4Track> _tracks = tracks;
    private readonly int _maxSamples = maxSamples;

    public Mp4ReadStatus Read(ReadOnlySpan<byte> body, Mp4ProducerTime? producerTime, out Mp4Fragment? fragment)
    {
        fragment = null;
        uint? sequenceNumber = null;
        var samples = new List<Mp4ReadSample>();
        var decodeTimes = new List<(int TrackNumber, long DecodeTime)>();
        var reader = new Mp4BoxReader(body);
        while (reader.TryRead(out var box))
        {
            if (box.Is("mfhd"u8))
            {
                if (box.Body.Length < FullBoxLength + sizeof(uint))
                {
                    return Mp4ReadStatus.Malformed;
                }

                sequenceNumber = BinaryPrimitives.ReadUInt32BigEndian(box.Body[FullBoxLength..]);
            }
            else if (box.Is("traf"u8))
            {
                var status = ReadTrackFragment(box.Body, samples, decodeTimes);
                if (status is not Mp4ReadStatus.Done)
                {
                    return status;
                }
            }
        }

        // A box cut off inside a box that is whole is no matter of more data.
        if (reader.Status is not Mp4ReadStatus.Done || sequenceNumber is null)
        {
            return Mp4ReadStatus.Malformed;
        }

        fragment = new Mp4Fragment(sequenceNumber.Value, _movieOffset, decodeTimes, samples, producerTime);
        return Mp4ReadStatus.Done;
    }

    private Mp4ReadStatus ReadTrackFragment(
        ReadOnlySpan<byte> body, List<Mp4ReadSample> samples, List<(int TrackNumber, long DecodeTime)> decodeTimes)
    {
        var state = default(TrackState);
        var reader = new Mp4BoxReader(body);
        while (reader.TryRead(out var box))
        {
            var status = Mp4ReadStatus.Done;
            if (box.Is("tfhd"u8))
            {
                status = ReadHeader(box.Body, out state);
            }
            else if (box.Is("tfdt"u8))
            {
                if (state.Track is null || !TryReadDecodeTime(box.Body, out state.NextDecodeTime))
                {
                    return Mp4ReadStatus.Malformed;
                }

                decodeTimes.Add((state.Track.TrackNumber, state.NextDecodeTime));
            }
            else if (box.Is("trun"u8))
            {
                status = ReadRun(box.Body, ref state, samples);
            }

            if (status is not Mp4ReadStatus.Done)
            {
                return status;
            }
        }

        return reader.Status is Mp4ReadStatus.Done && state.Track is not null ? Mp4ReadStatus.Done : Mp4ReadStatus.Malformed;
    }

    private Mp4ReadStatus ReadHeader(ReadOnlySpan<byte> body, out TrackState state)
    {
        state = default;
        var fields = new FieldReader(body);
        var flags = fields.UInt32() & 0xFF_FFFF;
        var number = fields.UInt32();
        var baseOffset = (flags & HasBaseOffset) != 0 ? fields.Int64() : _movieOffset;
        if ((flags & HasDescription) != 0)
        {
            fields.UInt32();
        }

        Mp4Track? track = null;
        for (var i = 0; i < _tracks.Count && track is null; i++)
        {
            track = _tracks[i].TrackNumber == number ? _tracks[i] : null;
        }

        if (track is null)
        {
            return Mp4ReadStatus.Malformed;
        }

        state = new TrackState
        {
            Track = track,
            DataOffset = baseOffset,
            BaseOffset = baseOffset,
            Duration = (flags & HasDefaultDuration) != 0 ? fields.UInt32() : track.DefaultDuration,
            Size = (flags & HasDefaultSize) != 0 ? fields.UInt32() : track.DefaultSize,
            Flags = (flags & HasDefaultFlags) != 0 ? fields.UInt32() : track.DefaultFlags,
        };
        return fields.HasFailed ? Mp4ReadStatus.Malformed : Mp4ReadStatus.Done;
    }

    private static bool TryReadDecodeTime(ReadOnlySpan<byte> body, out long decodeTime)
    {
        var fields = new FieldReader(body);
        var isLong = fields.UInt32() >> 24 != 0;
        decodeTime = isLong ? fields.Int64() : fields.UInt32();
        return !fields.HasFailed && decodeTime >= 0;
    }

    private Mp4ReadStatus ReadRun(ReadOnlySpan<byte> body, ref TrackState state, List<Mp4ReadSample> samples)
    {
        if (state.Track is null)
        {
            return Mp4ReadStatus.Malformed;
        }

        var fields = new FieldReader(body);
        var flags = fields.UInt32() & 0xFF_FFFF;
        var count = fields.UInt32();
        if ((flags & HasDataOffset) != 0)
        {
            state.DataOffset = state.BaseOffset + fields.Int32();
        }

        var firstFlags = (flags & HasFirstFlags) != 0 ? fields.UInt32() : (uint?)null;
        if (count > (uint)(_maxSamples - samples.Count))
        {
            return Mp4ReadStatus.TooLarge;
        }

        for (var i = 0; i < count; i++)
        {
            var duration = (flags & HasDurations) != 0 ? fields.UInt32() : state.Duration;
            var size = (flags & HasSizes) != 0 ? fields.UInt32() : state.Size;
            var sampleFlags = (flags & HasFlags) != 0 ? fields.UInt32() : i == 0 && firstFlags is { } first ? first : state.Flags;

            // Version 0 says that offsets have no sign; files that use a sign all the same are many, so it is read as one.
            var composition = (flags & HasCompositionOffsets) != 0 ? fields.Int32() : 0;
            if (fields.HasFailed || state.DataOffset < 0 || state.NextDecodeTime > long.MaxValue - duration - (long)int.MaxValue)
            {
                return Mp4ReadStatus.Malformed;
            }

            if (size > _fileLength - state.DataOffset)
            {
                return Mp4ReadStatus.Truncated;
            }

            samples.Add(new Mp4ReadSample(
                state.Track.TrackNumber, state.NextDecodeTime, duration, composition, sampleFlags, (int)state.DataOffset, (int)size));
            state.NextDecodeTime += duration;
            state.DataOffset += size;
        }

        return fields.HasFailed ? Mp4ReadStatus.Malformed : Mp4ReadStatus.Done;
    }

    private struct TrackState
    {
        public Mp4Track? Track;
        public long NextDecodeTime;
        public long BaseOffset;
        public long DataOffset;
        public uint Duration;
        public uint Size;
        public uint Flags;
    }
}
