namespace Roomcast.TestKit;

/// <summary>Ogg files as FFmpeg writes them.</summary>
public static class OggFile
{
    /// <summary>Its packets, in their order; those of an Opus file begin with a header and comments.</summary>
    /// <remarks>RFC 3533: pages of | "OggS" and more, 26 bytes | segment count:8 | lengths | segments |; a length below 255 ends a packet.</remarks>
    public static IReadOnlyList<byte[]> PacketsOf(ReadOnlySpan<byte> file)
    {
        const int CountAt = 26;
        var packets = new List<byte[]>();
        var packet = new List<byte>();
        for (var at = 0; at + CountAt < file.Length;)
        {
            var count = file[at + CountAt];
            var lengths = file.Slice(at + CountAt + 1, count);
            at += CountAt + 1 + count;
            foreach (var length in lengths)
            {
                packet.AddRange(file.Slice(at, length));
                at += length;
                if (length < 255)
                {
                    packets.Add([.. packet]);
                    packet.Clear();
                }
            }
        }

        return packets;
    }
}
