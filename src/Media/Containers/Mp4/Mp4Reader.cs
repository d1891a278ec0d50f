using System.Buffers.Binary;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>Reads fragmented MP4 back: init sections and segments. Never throws on the bytes.</summary>
/// <remarks>What it does not know it passes over, as the format wants. Its caps are for files of live streams.</remarks>
public static class Mp4Reader
{
    /// <summary>Tracks of one init section.</summary>
    public const int MaxTracks = 64;

    /// <summary>Samples of all fragments in one read.</summary>
    public const int MaxSamples = 200_000;

    /// <summary>Reads the tracks of an init section, or of a file that begins with one.</summary>
    /// <param name="bytes">The bytes from ftyp on; configurations that are returned point into them.</param>
    /// <param name="tracks">The tracks, in the order of the file.</param>
    /// <returns><c>Malformed</c> also when there is no moov at all.</returns>
    public static Mp4ReadStatus TryReadInit(ReadOnlyMemory<byte> bytes, out IReadOnlyList<Mp4Track> tracks)
    {
        tracks = [];
        var reader = new Mp4BoxReader(bytes.Span);
        while (reader.TryRead(out var box))
        {
            if (box.Is("moov"u8))
            {
                return Mp4MovieReader.Read(bytes.Slice(box.Offset + box.HeaderLength, box.Body.Length), out tracks);
            }
        }

        return reader.Status is Mp4ReadStatus.Done ? Mp4ReadStatus.Malformed : reader.Status;
    }

    /// <summary>Reads the fragments of a segment, a part, or of a whole file.</summary>
    /// <param name="bytes">Whole boxes. Samples must lie inside.</param>
    /// <param name="tracks">From the init section; samples of other tracks are an error.</param>
    /// <param name="fragments">The fragments until the end, or until the fault.</param>
    public static Mp4ReadStatus TryReadFragments(
        ReadOnlySpan<byte> bytes, IReadOnlyList<Mp4Track> tracks, out IReadOnlyList<Mp4Fragment> fragments)
    {
        ArgumentNullException.ThrowIfNull(tracks);
        var found = new List<Mp4Fragment>();
        fragments = found;
        var sampleCount = 0;
        Mp4ProducerTime? producerTime = null;
        var reader = new Mp4BoxReader(bytes);
        while (reader.TryRead(out var box))
        {
            if (box.Is("prft"u8))
            {
                producerTime = ReadProducerTime(box.Body);
                continue;
            }

            if (!box.Is("moof"u8))
            {
                continue;
            }

            var fragmentReader = new Mp4FragmentReader(bytes.Length, box.Offset, tracks, MaxSamples - sampleCount);
            var status = fragmentReader.Read(box.Body, producerTime, out var fragment);
            if (status is not Mp4ReadStatus.Done || fragment is null)
            {
                return status;
            }

            sampleCount += fragment.Samples.Count;
            found.Add(fragment);
            producerTime = null;
        }

        return reader.Status;
    }

    internal static Mp4ProducerTime? ReadProducerTime(ReadOnlySpan<byte> body)
    {
        const int Length = 4 + 4 + 8;
        var isLong = !body.IsEmpty && body[0] != 0;
        if (body.Length < Length + (isLong ? sizeof(ulong) : sizeof(uint)))
        {
            return null;
        }

        var trackNumber = BinaryPrimitives.ReadInt32BigEndian(body[4..]);
        var ntp = BinaryPrimitives.ReadUInt64BigEndian(body[8..]);
        var media = isLong
            ? BinaryPrimitives.ReadInt64BigEndian(body[Length..])
            : BinaryPrimitives.ReadUInt32BigEndian(body[Length..]);
        return new Mp4ProducerTime(unchecked(trackNumber - 1), ntp, media);
    }
}
