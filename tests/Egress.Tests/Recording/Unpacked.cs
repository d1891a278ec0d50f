using System.Buffers.Binary;
using System.Formats.Tar;
using System.Text;

namespace Roomcast.Egress.Tests.Recording;

/// <summary>The archive of a recording with messages, read by others' code and by the layout of the standards.</summary>
/// <param name="Files">Its files by name, in their order.</param>
/// <param name="Messages">The messages of all segments, in order: the segment, the second at which each holds, and its text.</param>
internal sealed record Unpacked(IReadOnlyList<(string Name, byte[] Bytes)> Files, IReadOnlyList<(string Segment, double At, string Text)> Messages)
{
    public string Playlist => Encoding.UTF8.GetString(Files[0].Bytes);

    public static Unpacked Of(byte[] archive)
    {
        var files = new List<(string, byte[])>();
        using var reader = new TarReader(new MemoryStream(archive));
        while (reader.GetNextEntry(copyData: true) is { } entry)
        {
            Assert.Equal(TarEntryFormat.Ustar, entry.Format);
            using var bytes = new MemoryStream();
            entry.DataStream?.CopyTo(bytes);
            files.Add((entry.Name, bytes.ToArray()));
        }

        return new Unpacked(files, [.. files.Where(file => file.Item1.EndsWith(".m4s", StringComparison.Ordinal)).SelectMany(MessagesOf)]);
    }

    // All messages stand in front of the first moof.
    private static IEnumerable<(string, double, string)> MessagesOf((string Name, byte[] Bytes) file)
    {
        var found = new List<(string, double, string)>();
        var hasMedia = false;
        for (var at = 0; at < file.Bytes.Length;)
        {
            var box = file.Bytes.AsSpan(at, BinaryPrimitives.ReadInt32BigEndian(file.Bytes.AsSpan(at)));
            at += box.Length;
            hasMedia |= box.Slice(4, 4).SequenceEqual("moof"u8);
            if (!box.Slice(4, 4).SequenceEqual("emsg"u8))
            {
                continue;
            }

            Assert.False(hasMedia);
            Assert.Equal(1, box[8]);
            var time = BinaryPrimitives.ReadInt64BigEndian(box[16..]) / (double)BinaryPrimitives.ReadUInt32BigEndian(box[12..]);
            var tail = Encoding.UTF8.GetString(box[32..]);
            const string Front = "https://aomedia.org/emsg/ID3\0\0ID3\u0004";
            Assert.StartsWith(Front, tail, StringComparison.Ordinal);
            found.Add((file.Name, time, tail[(tail.IndexOf("\u0003ID3\0", StringComparison.Ordinal) + 5)..]));
        }

        return found;
    }
}
