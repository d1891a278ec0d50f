using System.Buffers;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>A segment of a recording.</summary>
/// <param name="Section">The number of the init section it needs, from 0.</param>
/// <param name="Start">When its first picture is decoded.</param>
/// <param name="Duration">Until the next segment begins; of the last one until its last frame ends.</param>
/// <param name="Date">The wall clock at its start; null where the recording does not tell it.</param>
/// <param name="Length">Bytes, messages included.</param>
public readonly record struct Mp4Segment(int Section, TimeSpan Start, TimeSpan Duration, DateTimeOffset? Date, long Length);

/// <summary>Cuts a recording that was written in fragments into segments, each of whole fragments and with the messages of its time in front.</summary>
/// <remarks>
/// Source: RFC 8216 section 3.3. Nothing is encoded again, and of a long recording no more is in memory than the list of its segments,
/// and some bytes for each fragment and message that say where they are: the fragments are walked once, to measure. A segment begins
/// with a keyframe where a fragment does (<see cref="Mp4Recorder"/>), at the first one after the target; where the tracks change; and
/// where the wall clock was told anew.
/// </remarks>
public sealed class Mp4SegmentedFile
{
    private const int CopyLength = 256 << 10;

    private static readonly TimeSpan Longest = TimeSpan.FromDays(3_650);

    private readonly Mp4RecordedFile _media;
    private readonly Mp4RecordedFile _messages;
    private readonly List<Mp4Segment> _segments = [];
    private readonly List<int> _fragmentCounts = [];
    private readonly NumberRow _fragments = new(); // Of each: how far behind the one before, and its length.
    private readonly NumberRow _messageRow = new(); // Of each the same, and when it holds.
    private long _messageCount;
    private long _endOfMessages;

    private Mp4SegmentedFile(Mp4RecordedFile media, Mp4RecordedFile messages) => (_media, _messages) = (media, messages);

    /// <summary>The segments, in order; none where no frame was recorded.</summary>
    public IReadOnlyList<Mp4Segment> Segments => _segments;

    /// <summary>The init section of each number.</summary>
    public IReadOnlyList<byte[]> Inits => [.. _media.Sections.Select(_media.InitOf)];

    /// <summary>From the first picture to the end of the last frame.</summary>
    public TimeSpan Duration => _segments is [var first, .., var last] ? last.Start + last.Duration - first.Start : _segments is [var only] ? only.Duration : default;

    /// <summary>Finds where the segments are.</summary>
    /// <param name="media">The frames.</param>
    /// <param name="messages">The messages: the same file, or the one that was recorded where its frames were encoded anew.</param>
    /// <param name="target">How long a segment is at least, 1 s or more, other reasons to cut apart.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static Mp4SegmentedFile Measure(
        Mp4RecordedFile media, Mp4RecordedFile messages, TimeSpan target, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(media);
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentOutOfRangeException.ThrowIfLessThan(target, TimeSpan.FromSeconds(1));
        var file = new Mp4SegmentedFile(media, messages);
        file.Cut(target, cancellationToken);
        if (messages != media)
        {
            file.Note(messages.Messages(cancellationToken));
        }

        var waiting = new MessageReader(file);
        for (var i = 0; i < file._segments.Count; i++)
        {
            var segment = file._segments[i];
            var length = segment.Length;
            while (waiting.TryTake(file.EndOf(i), out _, out var messageLength))
            {
                length += messageLength;
            }

            file._segments[i] = segment with { Length = length };
        }

        return file;
    }

    /// <summary>Writes all segments, one behind the other.</summary>
    /// <param name="source">The file that the frames are in, which nobody else reads meanwhile.</param>
    /// <param name="output">Where they go; need not be seekable.</param>
    /// <param name="begin">Called before each with its number, from 0.</param>
    /// <param name="cancellationToken">Stops; the output is of no use then.</param>
    public void Write(Stream source, Stream output, Action<int> begin, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(begin);
        var waiting = new MessageReader(this);
        var fragments = _fragments.Read();
        long position = 0;
        var buffer = ArrayPool<byte>.Shared.Rent(CopyLength);
        try
        {
            for (var i = 0; i < _segments.Count; i++)
            {
                begin(i);
                while (waiting.TryTake(EndOf(i), out var at, out var length))
                {
                    output.Write(_messages.ReadMessage(at, length));
                }

                for (var left = _fragmentCounts[i]; left > 0; left--)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var start = position + (long)fragments.Next();
                    position = start + (long)fragments.Next();
                    Copy(source, start, position, output, buffer);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Copy(Stream source, long start, long end, Stream output, byte[] buffer)
    {
        for (var position = start; position < end;)
        {
            var piece = buffer.AsSpan(0, (int)Math.Min(end - position, buffer.Length));
            source.Position = position;
            source.ReadExactly(piece);
            output.Write(piece);
            position += piece.Length;
        }
    }

    // What holds after the end of all is with the last.
    private TimeSpan EndOf(int segment) => segment == _segments.Count - 1 ? TimeSpan.MaxValue : _segments[segment + 1].Start;

    private void Note(IEnumerable<Mp4RecordedFile.Message> messages)
    {
        foreach (var message in messages)
        {
            _messageRow.Add((ulong)(message.Position - _endOfMessages));
            _messageRow.Add((ulong)message.Box.Length);
            _messageRow.Add((ulong)message.At.Ticks);
            _endOfMessages = message.Position + message.Box.Length;
            _messageCount++;
        }
    }

    private void Cut(TimeSpan target, CancellationToken cancellationToken)
    {
        var end = TimeSpan.Zero;
        Mp4RecordedFile.Section? section = null;
        Mp4Track? leading = null;
        (TimeSpan At, DateTimeOffset Date)? clock = null;
        long copied = 0;
        foreach (var fragment in _media.Fragments(cancellationToken))
        {
            var isNewSection = fragment.Section != section;
            if (isNewSection)
            {
                section = fragment.Section;
                leading = section.Tracks.FirstOrDefault(static track => track.Handler is "vide") ?? section.Tracks[0];
            }

            if (_messages == _media)
            {
                Note(_messages.MessagesOf(fragment)); // Each file is walked once.
            }

            var length = fragment.End - fragment.Start;
            _fragments.Add((ulong)(fragment.Start - copied));
            _fragments.Add((ulong)length);
            copied = fragment.End;
            var first = fragment.Samples.Where(sample => sample.TrackNumber == leading!.TrackNumber).Select(static sample => (Mp4ReadSample?)sample).FirstOrDefault();
            var start = first is { } leader ? TimeOf(leader.DecodeTime, leading!) : end;
            if (fragment.ProducerTime is { } told && Mp4InitSection.TrackNumberOf(told.TrackId) == leading!.TrackNumber)
            {
                clock = (TimeOf(told.MediaTime, leading), Mp4ProducerTime.FromNtp(told.NtpTimestamp));
            }

            var isNew = _segments.Count == 0 || isNewSection
                || (first is { IsSync: true } && (fragment.ProducerTime is not null || start - _segments[^1].Start >= target));
            if (isNew)
            {
                EndLast(start);
                _segments.Add(new Mp4Segment(section!.Index, start, default, clock is { } known ? known.Date + (start - known.At) : null, 0));
                _fragmentCounts.Add(0);
            }

            _fragmentCounts[^1]++;
            _segments[^1] = _segments[^1] with { Length = _segments[^1].Length + length };
            foreach (var sample in fragment.Samples)
            {
                var track = section!.Tracks.First(each => each.TrackNumber == sample.TrackNumber);
                var over = TimeOf(sample.DecodeTime + sample.Duration, track);
                end = over > end ? over : end;
            }
        }

        EndLast(end);
    }

    private void EndLast(TimeSpan at)
    {
        if (_segments.Count > 0)
        {
            var duration = at - _segments[^1].Start;
            _segments[^1] = _segments[^1] with { Duration = duration > TimeSpan.Zero ? duration : TimeSpan.Zero };
        }
    }

    // Whatever a damaged file says, it adds up.
    private static TimeSpan TimeOf(long time, Mp4Track track) =>
        new((long)Int128.Clamp((Int128)time * TimeSpan.TicksPerSecond / track.TimescaleHz, 0, Longest.Ticks));

    /// <summary>The messages one after the other. They are in the order of their times, as they were written.</summary>
    private struct MessageReader
    {
        private NumberRow.Reader _row;
        private long _left;
        private (long Position, int Length, TimeSpan At) _next;

        public MessageReader(Mp4SegmentedFile file)
        {
            _row = file._messageRow.Read();
            _left = file._messageCount;
            Advance();
        }

        public bool TryTake(TimeSpan before, out long position, out int length)
        {
            (position, length, var at) = _next;
            if (_left < 0 || at >= before)
            {
                return false;
            }

            Advance();
            return true;
        }

        private void Advance()
        {
            if (--_left >= 0)
            {
                _next = (_next.Position + _next.Length + (long)_row.Next(), (int)_row.Next(), new TimeSpan((long)_row.Next()));
            }
        }
    }
}
