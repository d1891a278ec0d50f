using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Roomcast.Media.Containers.Flv;

namespace Roomcast.Cli.Rtmp;

/// <summary>A tag of an FLV file.</summary>
/// <param name="Type">What it holds.</param>
/// <param name="TimestampMs">Milliseconds from the first tag.</param>
/// <param name="Body">Its body.</param>
internal readonly record struct FlvTag(FlvTagType Type, uint TimestampMs, byte[] Body);

/// <summary>Reads an FLV file as it arrives, tag after tag.</summary>
internal static class FlvTags
{
    private const int MaxBody = 16 << 20;

    /// <summary>The tags, until the end or until where the file was cut off.</summary>
    /// <exception cref="InvalidDataException">It is no FLV, or damaged.</exception>
    public static async IAsyncEnumerable<FlvTag> ReadAsync(Stream file, [EnumeratorCancellation] CancellationToken ending)
    {
        var pipe = PipeReader.Create(file, new StreamPipeReaderOptions(bufferSize: 64 << 10, leaveOpen: true));
        var isBegun = false;
        var tags = new List<FlvTag>();
        while (true)
        {
            var read = await pipe.ReadAsync(ending);
            pipe.AdvanceTo(Take(read.Buffer, ref isBegun, tags), read.Buffer.End);
            foreach (var tag in tags)
            {
                yield return tag;
            }

            tags.Clear();
            if (read.IsCompleted)
            {
                await pipe.CompleteAsync();
                if (!isBegun)
                {
                    throw new InvalidDataException("It is no FLV file: it ends within its header.");
                }

                yield break;
            }
        }
    }

    private static SequencePosition Take(in ReadOnlySequence<byte> bytes, ref bool isBegun, List<FlvTag> tags)
    {
        var input = new SequenceReader<byte>(bytes);
        var status = OperationStatus.Done;
        if (!isBegun)
        {
            status = FlvFile.TryReadHeader(ref input);
            isBegun = status is OperationStatus.Done;
        }

        while (status is OperationStatus.Done)
        {
            status = FlvFile.TryReadTag(ref input, MaxBody, out var header, out var body);
            if (status is OperationStatus.Done)
            {
                tags.Add(new FlvTag(header.Type, header.TimestampMs, body.ToArray()));
            }
        }

        return status is OperationStatus.InvalidData
            ? throw new InvalidDataException(isBegun ? "The FLV file is damaged." : "It is no FLV file.")
            : input.Position;
    }
}
