using System.Buffers;
using Roomcast.Media.Containers.Flv;
using Roomcast.Rtmp.Connection;

namespace Roomcast.TestKit.Rtmp;

/// <summary>A piece of media to publish: messages in the order an encoder would send them, codec headers first.</summary>
/// <remarks>The methods that change it give a new piece.</remarks>
/// <param name="messages">The messages.</param>
public sealed class PublishMedia(IReadOnlyList<PublishMessage> messages)
{
    /// <summary>The messages in order.</summary>
    public IReadOnlyList<PublishMessage> Messages => messages;

    /// <summary>Frames of the picture.</summary>
    public int PictureFrames => messages.Count(static message => message is { Kind: RtmpMediaKind.Video, IsHeader: false });

    /// <summary>Frames of sound.</summary>
    public int SoundFrames => messages.Count(static message => message is { Kind: RtmpMediaKind.Audio, IsHeader: false });

    /// <summary>From the first frame to the last.</summary>
    public TimeSpan Duration
    {
        get
        {
            var frames = messages.Where(static message => !message.IsHeader).ToArray();
            var spans = frames.Select(frame => unchecked((int)(frame.TimestampMs - frames[0].TimestampMs)));
            return TimeSpan.FromMilliseconds(spans.Max() - spans.Min());
        }
    }

    /// <summary>Reads an FLV file.</summary>
    /// <param name="path">The file.</param>
    public static PublishMedia FromFlvFile(string path) => FromFlv(File.ReadAllBytes(path));

    /// <summary>Reads an FLV file in memory.</summary>
    /// <param name="flv">The file's bytes.</param>
    public static PublishMedia FromFlv(ReadOnlyMemory<byte> flv)
    {
        var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(flv));
        if (FlvFile.TryReadHeader(ref input) is not OperationStatus.Done)
        {
            throw new InvalidDataException("This is no FLV file.");
        }

        var messages = new List<PublishMessage>();
        while (FlvFile.TryReadTag(ref input, int.MaxValue, out var tag, out var body) is OperationStatus.Done)
        {
            if (tag.Type is FlvTagType.Script)
            {
                continue;
            }

            var kind = tag.Type is FlvTagType.Audio ? RtmpMediaKind.Audio : RtmpMediaKind.Video;
            var bytes = body.ToArray();
            var reader = kind is RtmpMediaKind.Audio ? FlvTagBodyReader.OfAudio(bytes) : FlvTagBodyReader.OfVideo(bytes);
            if (reader.TryRead(out var packet) is FlvReadResult.Packet && packet.Type is FlvPacketType.SequenceStart or FlvPacketType.CodedFrame)
            {
                messages.Add(new PublishMessage(kind, tag.TimestampMs, bytes, packet.Type is FlvPacketType.SequenceStart));
            }
        }

        return new PublishMedia(messages);
    }

    /// <summary>Writes it as an FLV file in memory, for FFmpeg to look at.</summary>
    public byte[] ToFlv()
    {
        var output = new ArrayBufferWriter<byte>();
        FlvFile.WriteHeader(output, SoundFrames > 0, PictureFrames > 0);
        foreach (var message in messages)
        {
            var type = message.Kind is RtmpMediaKind.Audio ? FlvTagType.Audio : FlvTagType.Video;
            FlvFile.WriteTag(output, type, message.TimestampMs, message.Body.Span);
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Moves all timestamps on, modulo 2^32.</summary>
    /// <param name="milliseconds">How far.</param>
    public PublishMedia Shift(uint milliseconds) => Select(message => message with { TimestampMs = unchecked(message.TimestampMs + milliseconds) });

    /// <summary>Changes or leaves out messages.</summary>
    /// <param name="change">Gives the message to send instead; null for none.</param>
    public PublishMedia Select(Func<PublishMessage, PublishMessage?> change) => new([.. messages.Select(change).OfType<PublishMessage>()]);

    /// <summary>Keeps only the sound, or only the picture.</summary>
    /// <param name="kind">Which.</param>
    public PublishMedia Only(RtmpMediaKind kind) => Select(message => message.Kind == kind ? message : null);

    /// <summary>Puts it behind itself, with codec headers only once and timestamps that go on.</summary>
    /// <param name="times">How often it is there then.</param>
    /// <param name="period">How long one turn lasts.</param>
    public PublishMedia Repeat(int times, TimeSpan period)
    {
        var repeated = new List<PublishMessage>(messages);
        for (var turn = 1; turn < times; turn++)
        {
            var shift = (uint)(turn * period.TotalMilliseconds);
            repeated.AddRange(messages
                .Where(static message => !message.IsHeader)
                .Select(message => message with { TimestampMs = unchecked(message.TimestampMs + shift) }));
        }

        return new PublishMedia(repeated);
    }

    /// <summary>Puts another piece behind it, as it is.</summary>
    public PublishMedia Then(PublishMedia other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new([.. messages, .. other.Messages]);
    }
}
