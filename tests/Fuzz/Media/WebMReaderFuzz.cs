using System.Buffers;
using Roomcast.Media;
using Roomcast.Media.Containers.WebM;

namespace Roomcast.Fuzz.Media;

/// <summary>WebM files of others.</summary>
public sealed class WebMReaderFuzz
{
    [Fact]
    public void Files_are_read_or_refused() => FuzzRun.Of("webm", [Written(WebMCodec.Vp8), Written(WebMCodec.Opus)], static input =>
    {
        var whole = Read(new ReadOnlySequence<byte>(input));

        // However it arrives, the same comes of it.
        var half = input.Length / 2;
        var cut = Read(Roomcast.TestKit.ByteCuts.Join(input.AsMemory(0, half), input.AsMemory(half)));
        if (whole != cut)
        {
            throw new InvalidOperationException($"Whole: {whole}; in two pieces: {cut}.");
        }
    });

    private static (int Frames, long Bytes, string Fault) Read(ReadOnlySequence<byte> file)
    {
        var reader = new WebMReader();
        var input = new SequenceReader<byte>(file);
        var count = 0;
        long bytes = 0;
        while (reader.TryRead(ref input, out var frame) is OperationStatus.Done)
        {
            count++;
            bytes += frame.Data.Length;
            if (frame.Time < TimeSpan.Zero || frame.Time > TimeSpan.FromDays(7) || frame.Data.Length > WebMReader.MaxFrame || !reader.Tracks.Contains(frame.Track))
            {
                throw new InvalidOperationException($"A frame at {frame.Time} of {frame.Data.Length} bytes.");
            }
        }

        return (count, bytes, reader.Fault);
    }

    private static byte[] Written(WebMCodec codec)
    {
        var output = new ArrayBufferWriter<byte>();
        var isPicture = codec is WebMCodec.Vp8;
        var writer = new WebMWriter(output, codec, isPicture ? 64 : 0, isPicture ? 48 : 0, isPicture ? 0 : 2, rotationDegrees: 90);
        for (var i = 0; i < 6; i++)
        {
            writer.Add(TimeSpan.FromMilliseconds(i * 700), TimeSpan.FromMilliseconds(20), i % 3 == 0, [(byte)(i % 3 == 0 ? 0 : 1), (byte)i, 7]);
        }

        writer.Finish();
        return output.WrittenSpan.ToArray();
    }
}
