using System.Buffers.Binary;
using Roomcast.Media;

namespace Roomcast.Client.Media;

/// <summary>Reads IVF files: a header of 32 bytes, then each frame behind its length and its time.</summary>
internal static class IvfReader
{
    /// <summary>Largest frame that is taken, in bytes.</summary>
    public const int MaxFrame = 2 << 20;

    /// <summary>Most frames of a file.</summary>
    public const int MaxFrames = 1_000_000;

    private const int HeaderLength = 32;
    private const int FrameHeaderLength = 12;

    /// <summary>Reads a whole file.</summary>
    /// <param name="file">Its bytes; frames are slices of them.</param>
    /// <param name="frames">The pictures, times from the first.</param>
    /// <param name="fault">What is wrong.</param>
    public static bool TryRead(ReadOnlyMemory<byte> file, out IReadOnlyList<EncodedFrame> frames, out string fault)
    {
        var read = new List<EncodedFrame>();
        frames = read;
        var bytes = file.Span;
        if (bytes.Length < HeaderLength || !bytes.StartsWith("DKIF"u8))
        {
            fault = "It is no IVF file: it does not begin with DKIF and a header of 32 bytes.";
            return false;
        }

        if (!bytes[8..12].SequenceEqual("VP80"u8))
        {
            fault = "Its pictures are no VP8.";
            return false;
        }

        var rate = BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]);
        var scale = BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]);
        if (rate == 0 || scale == 0)
        {
            fault = "Its time base is zero.";
            return false;
        }

        ulong? first = null;
        for (var at = HeaderLength; at + FrameHeaderLength <= bytes.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
            var time = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(at + 4)..]);
            at += FrameHeaderLength;
            if (length is 0 or > MaxFrame || length > bytes.Length - at || read.Count == MaxFrames)
            {
                fault = $"Frame {read.Count} is empty, cut off, or longer than {MaxFrame} bytes.";
                return false;
            }

            first ??= time;
            var ticks = (Int128)(time - Math.Min(time, first.Value)) * scale * TimeSpan.TicksPerSecond / rate;
            if (ticks > TimeSpan.FromDays(7).Ticks)
            {
                fault = $"Frame {read.Count} has a time of more than a week.";
                return false;
            }

            read.Add(PictureOf(file.Slice(at, (int)length), TimeSpan.FromTicks((long)ticks)));
            at += (int)length;
        }

        fault = read.Count == 0 ? "It has no frame." : "";
        return read.Count > 0;
    }

    /// <summary>A frame with what its first bytes say (RFC 6386 section 9.1).</summary>
    public static EncodedFrame PictureOf(ReadOnlyMemory<byte> data, TimeSpan time)
    {
        var bytes = data.Span;
        var isKeyframe = bytes.Length >= 10 && (bytes[0] & 1) == 0;
        return new EncodedFrame
        {
            Kind = TrackKind.Video,
            Time = time,
            Data = data,
            IsKeyframe = isKeyframe,
            Width = isKeyframe ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]) & 0x3FFF : 0,
            Height = isKeyframe ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]) & 0x3FFF : 0,
        };
    }
}
