using System.Buffers;
using Roomcast.Media.Containers.Flv;

namespace Roomcast.Fuzz.Rtmp;

/// <summary>FLV tag bodies, which are also RTMP's media messages, and FLV files.</summary>
public sealed class FlvFuzz
{
    private static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    [Fact]
    public void Tag_bodies_are_read_or_refused() => FuzzRun.Of(
        "flv-tag-body",
        [
            Hex("17 00 000000 0164001EFFE1"),
            Hex("27 01 000050 00000002 4100"),
            Hex("AF 00 1210"),
            Hex("AF 01 2100"),
            Hex("90 68766331 01"),
            Hex("91 68766331 000021 AABB"),
            Hex("A3 61766331 AABB"),
            Hex("97 02 0F423F 01 61763031 AA"),
            Hex("96 21 61766331 00 000004 000000 AA 76703038 01 000001 CC"),
            Hex("95 11 4F707573 00 000002 AABB 01 000001 CC"),
            Hex("97 FF 0003 00000000 06 01 76703039 05 AA"),
        ],
        static input =>
        {
            Read(FlvTagBodyReader.OfVideo(input), input.Length);
            Read(FlvTagBodyReader.OfAudio(input), input.Length);
        });

    [Fact]
    public void Files_are_read_or_refused() => FuzzRun.Of(
        "flv-file",
        [Hex("464C5601 05 00000009 00000000 12 000003 000000 00 000000 020000 0000000E 09 000002 FFFFFF 01 000000 1700 0000000D 08 000000 000017 00 000000 0000000B")],
        static input =>
        {
            var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(input));
            var status = FlvFile.TryReadHeader(ref reader);
            while (status is OperationStatus.Done)
            {
                var before = reader.Consumed;
                status = FlvFile.TryReadTag(ref reader, 1 << 20, out var header, out var body);
                if (status is OperationStatus.Done && (body.Length != header.BodyLength || reader.Consumed <= before))
                {
                    throw new InvalidOperationException("A tag without its body.");
                }
            }
        });

    private static void Read(FlvTagBodyReader reader, int length)
    {
        while (reader.TryRead(out var packet) is FlvReadResult.Packet)
        {
            if (packet.Offset < 0 || packet.Length < 0 || packet.Offset + packet.Length > length)
            {
                throw new InvalidOperationException($"A packet at {packet.Offset}, {packet.Length} bytes, in a body of {length}.");
            }
        }
    }
}
