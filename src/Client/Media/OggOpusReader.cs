using Roomcast.Media;
using Roomcast.Media.Codecs.Opus;

namespace Roomcast.Client.Media;

/// <summary>Reads Opus out of Ogg files (RFC 3533 section 6, RFC 7845).</summary>
internal static class OggOpusReader
{
    /// <summary>Largest packet that is taken, in bytes: the largest that Opus can make of 120 ms in stereo.</summary>
    public const int MaxPacket = 7_650;

    /// <summary>Most packets of a file.</summary>
    public const int MaxPackets = 4_000_000;

    private const int PageHeaderLength = 27;

    /// <summary>Reads a whole file.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> file, out IReadOnlyList<EncodedFrame> frames, out string fault)
    {
        var read = new List<EncodedFrame>();
        frames = read;
        fault = "";
        var bytes = file.Span;
        var packet = new List<byte>(512);
        var headers = 0;
        var time = TimeSpan.Zero;
        for (var at = 0; at < bytes.Length;)
        {
            if (bytes.Length - at < PageHeaderLength || !bytes[at..].StartsWith("OggS"u8))
            {
                fault = $"There is no Ogg page at byte {at}.";
                return false;
            }

            var segments = bytes[at + 26];
            var data = at + PageHeaderLength + segments;
            if (data > bytes.Length)
            {
                fault = $"The page at byte {at} is cut off.";
                return false;
            }

            for (var i = 0; i < segments; i++)
            {
                var length = bytes[at + PageHeaderLength + i];
                if (length > bytes.Length - data)
                {
                    fault = $"The page at byte {at} is cut off.";
                    return false;
                }

                packet.AddRange(bytes.Slice(data, length));
                data += length;
                if (packet.Count > MaxPacket && headers >= 2)
                {
                    fault = $"A packet is longer than {MaxPacket} bytes.";
                    return false;
                }

                if (packet.Count > 1 << 20)
                {
                    fault = "The comments are longer than a mebibyte.";
                    return false;
                }

                if (length < 255 && !TakePacket(packet, ref headers, ref time, read, out fault))
                {
                    return false;
                }
            }

            at = data;
        }

        fault = read.Count == 0 ? "It has no sound." : "";
        return read.Count > 0;
    }

    /// <summary>A packet of Opus that begins at a time; null when it is none.</summary>
    public static EncodedFrame? SoundOf(ReadOnlyMemory<byte> data, TimeSpan time, byte? audioLevel) =>
        OpusPacket.TryReadSamples(data.Span, out var samples)
            ? new EncodedFrame
            {
                Kind = TrackKind.Audio,
                Time = time,
                Duration = TimeSpan.FromTicks(samples * TimeSpan.TicksPerSecond / OpusConfiguration.SampleRateHz),
                Data = data,
                IsKeyframe = true,
                AudioLevel = audioLevel,
            }
            : null;

    private static bool TakePacket(List<byte> packet, ref int headers, ref TimeSpan time, List<EncodedFrame> read, out string fault)
    {
        var bytes = packet.ToArray();
        packet.Clear();
        fault = "";
        if (headers < 2)
        {
            if (headers == 0 && !bytes.AsSpan().StartsWith("OpusHead"u8))
            {
                fault = "Its first packet is no header of Opus.";
                return false;
            }

            headers++;
            return true;
        }

        if (SoundOf(bytes, time, audioLevel: null) is not { } frame || read.Count == MaxPackets)
        {
            fault = $"Packet {read.Count} is no Opus.";
            return false;
        }

        time += frame.Duration;
        read.Add(frame);
        return true;
    }
}
