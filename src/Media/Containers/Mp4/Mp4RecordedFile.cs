using System.Buffers.Binary;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>The fragmented file of an <see cref="Mp4Recorder"/>, as found: perhaps cut off anywhere, by a crash or a full disk.</summary>
/// <remarks>
/// It is walked box by box; only headers and moof boxes are read, one at a time, whatever the length of the file. Never throws on
/// the bytes: it ends where the last whole fragment ends, and what stands behind is a torn tail. The file is best opened without a
/// buffer: between two headers lies the media, and a buffer would be filled with it each time.
/// </remarks>
public sealed class Mp4RecordedFile
{
    private const int BoxHeaderLength = 8;
    private const int MaxInitLength = 1 << 20;
    private const int MaxMovieFragmentLength = 4 << 20;
    private const long MaxPayloadLength = 1L << 30;
    private const int MaxProducerTimeLength = 64;
    private const int MaxMessages = 10_000; // In front of one fragment.

    private readonly Stream _file;
    private readonly List<Section> _sections = [];

    private Mp4RecordedFile(Stream file) => _file = file;

    /// <summary>Bytes up to the end of the last whole fragment; 0 when there is none.</summary>
    public long Length { get; private set; }

    /// <summary>Whole fragments.</summary>
    public long FragmentCount { get; private set; }

    /// <summary>Whether something stands behind the last whole fragment.</summary>
    public bool IsTorn => _file.Length > Length;

    /// <summary>Its tracks, each as it was at first.</summary>
    public IReadOnlyList<Mp4Track> Tracks => [.. _sections.SelectMany(static section => section.Tracks).DistinctBy(static track => track.TrackNumber)];

    internal IReadOnlyList<Section> Sections => _sections;

    /// <summary>Reads where its fragments are.</summary>
    /// <param name="file">The file, seekable; it is not written.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static Mp4RecordedFile Read(Stream file, CancellationToken cancellationToken = default) => Read(file, null, cancellationToken);

    /// <summary>The same, for somebody who is to know that it goes on: a long file takes its time.</summary>
    /// <param name="file">The file, seekable; it is not written.</param>
    /// <param name="progress">Called after each fragment.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static Mp4RecordedFile Read(Stream file, Action? progress, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        var recorded = new Mp4RecordedFile(file);
        foreach (var fragment in recorded.Walk(file.Length, recorded._sections, cancellationToken))
        {
            recorded.Length = fragment.End;
            recorded.FragmentCount++;
            progress?.Invoke();
        }

        // A section whose first fragment is torn holds nothing.
        recorded._sections.RemoveAll(section => section.Offset >= recorded.Length);
        return recorded;
    }

    /// <summary>Reads all whole fragments, in order, with what is in them.</summary>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>One after the other; the bytes of each are lent until the next.</returns>
    /// <exception cref="EndOfStreamException">The file became shorter meanwhile.</exception>
    public IEnumerable<Mp4RecordedFragment> ReadFragments(CancellationToken cancellationToken = default)
    {
        byte[] buffer = [];
        foreach (var fragment in Fragments(cancellationToken))
        {
            var length = (int)(fragment.End - fragment.Start);
            buffer = buffer.Length >= length ? buffer : new byte[length + (length / 2)];
            _file.Position = fragment.Start;
            _file.ReadExactly(buffer.AsSpan(0, length));
            yield return new Mp4RecordedFragment(fragment.Section.Index, fragment.Section.Tracks, fragment.Samples, buffer.AsMemory(0, length));
        }
    }

    /// <summary>Reads the messages in front of all whole fragments, in order; one that cannot be read is passed over.</summary>
    internal IEnumerable<Message> Messages(CancellationToken cancellationToken) => Fragments(cancellationToken).SelectMany(MessagesOf);

    /// <summary>Reads the messages in front of a fragment, in order; one that cannot be read is passed over.</summary>
    internal IEnumerable<Message> MessagesOf(Fragment fragment)
    {
        foreach (var (position, length) in fragment.Messages)
        {
            if (ReadBytes(position, length) is { } box && TryReadTime(box, out var at))
            {
                yield return new Message(at, position, box);
            }
        }
    }

    /// <summary>The box of a message in front of a fragment.</summary>
    /// <exception cref="EndOfStreamException">The file became shorter meanwhile.</exception>
    internal byte[] ReadMessage(long position, int length) => ReadBytes(position, length) ?? throw new EndOfStreamException();

    /// <summary>The bytes of a section's ftyp and moov.</summary>
    /// <exception cref="EndOfStreamException">The file became shorter meanwhile.</exception>
    internal byte[] InitOf(Section section) => ReadBytes(section.Offset, section.Length) ?? throw new EndOfStreamException();

    /// <summary>All whole fragments, in order.</summary>
    internal IEnumerable<Fragment> Fragments(CancellationToken cancellationToken) => Walk(Length, null, cancellationToken);

    private IEnumerable<Fragment> Walk(long length, List<Section>? sections, CancellationToken cancellationToken)
    {
        var header = new byte[BoxHeaderLength];
        var section = (Section?)null;
        var sectionIndex = -1;
        var messages = new List<(long Position, int Length)>();
        Mp4ProducerTime? producerTime = null;
        long position = 0;
        while (TryReadBox(position, length, header, out var box))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (box.Is("ftyp"u8) && box.Length <= MaxInitLength)
            {
                position += box.Length;
                if (!TryReadBox(position, length, header, out var movie) || !movie.Is("moov"u8) || movie.Length > MaxInitLength
                    || ReadBytes(position, (int)movie.Length) is not { } init
                    || Mp4Reader.TryReadInit(init, out var tracks) is not Mp4ReadStatus.Done)
                {
                    yield break;
                }

                section = new Section(position - box.Length, (int)(box.Length + movie.Length), ++sectionIndex, tracks);
                sections?.Add(section);
                position += movie.Length;
                continue;
            }

            if (box.Is("emsg"u8) && box.Length <= Mp4EventMessage.MaxLength && messages.Count < MaxMessages)
            {
                messages.Add((position, (int)box.Length));
                position += box.Length;
                continue;
            }

            if (box.Is("prft"u8) && box.Length <= MaxProducerTimeLength && ReadBytes(position, (int)box.Length) is { } produced)
            {
                producerTime = Mp4Reader.ReadProducerTime(produced.AsSpan(BoxHeaderLength));
                position += box.Length;
                continue;
            }

            if (!box.Is("moof"u8) || section is null || box.Length > MaxMovieFragmentLength
                || !TryReadBox(position + box.Length, length, header, out var payload) || !payload.Is("mdat"u8)
                || payload.Length > MaxPayloadLength || ReadBytes(position, (int)box.Length) is not { } moof)
            {
                yield break;
            }

            var reader = new Mp4FragmentReader((int)(box.Length + payload.Length), 0, section.Tracks, Mp4Reader.MaxSamples);
            if (reader.Read(moof.AsSpan(BoxHeaderLength), null, out var fragment) is not Mp4ReadStatus.Done || fragment is null
                || !AreContiguous(fragment.Samples, box.Length + BoxHeaderLength))
            {
                yield break;
            }

            var end = position + box.Length + payload.Length;
            yield return new Fragment(section, position, end, fragment.Samples) { Messages = [.. messages], ProducerTime = producerTime };
            messages.Clear();
            producerTime = null;
            position = end;
        }
    }

    private static bool TryReadTime(ReadOnlySpan<byte> box, out TimeSpan at)
    {
        var isRead = Mp4EventMessage.TryRead(box[BoxHeaderLength..], out var message) is Mp4ReadStatus.Done;
        var ticks = isRead ? (Int128)message.Time * TimeSpan.TicksPerSecond / message.TimescaleHz : 0;
        at = new TimeSpan((long)(ticks < long.MaxValue ? ticks : long.MaxValue));
        return isRead;
    }

    // One run for each track, each in one piece: that is how they are written.
    private static bool AreContiguous(IReadOnlyList<Mp4ReadSample> samples, long payloadStart)
    {
        long next = payloadStart;
        foreach (var sample in samples)
        {
            if (sample.Offset != next)
            {
                return false;
            }

            next += sample.Length;
        }

        return samples.Count > 0;
    }

    private bool TryReadBox(long position, long length, byte[] header, out BoxHead box)
    {
        box = default;
        if (position > length - BoxHeaderLength || !TryFill(position, header))
        {
            return false;
        }

        box = new BoxHead(BinaryPrimitives.ReadUInt32BigEndian(header), BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4)));
        return box.Length >= BoxHeaderLength && box.Length <= length - position;
    }

    private byte[]? ReadBytes(long position, int length)
    {
        var bytes = new byte[length];
        return TryFill(position, bytes) ? bytes : null;
    }

    private bool TryFill(long position, byte[] bytes)
    {
        _file.Position = position;
        return _file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length;
    }

    private readonly record struct BoxHead(long Length, uint Type)
    {
        public bool Is(ReadOnlySpan<byte> type) => BinaryPrimitives.ReadUInt32BigEndian(type) == Type;
    }

    /// <summary>An init section and what follows it.</summary>
    internal sealed record Section(long Offset, int Length, int Index, IReadOnlyList<Mp4Track> Tracks);

    /// <summary>A message that stands in front of a fragment, with its box.</summary>
    internal readonly record struct Message(TimeSpan At, long Position, byte[] Box);

    /// <summary>A fragment; the offsets of its samples count from <paramref name="Start"/>.</summary>
    internal sealed record Fragment(Section Section, long Start, long End, IReadOnlyList<Mp4ReadSample> Samples)
    {
        /// <summary>The boxes of the messages in front of it.</summary>
        public IReadOnlyList<(long Position, int Length)> Messages { get; init; } = [];

        /// <summary>The wall clock of one moment in it; null where it was not told.</summary>
        public Mp4ProducerTime? ProducerTime { get; init; }
    }
}

/// <summary>A whole fragment of a recording.</summary>
/// <param name="Section">The number of the section it is in, from 0: another one begins when the tracks change.</param>
/// <param name="Tracks">The section's tracks.</param>
/// <param name="Samples">The frames, those of one track after those of the other; their offsets are places in <paramref name="Bytes"/>.</param>
/// <param name="Bytes">The fragment.</param>
public sealed record Mp4RecordedFragment(
    int Section, IReadOnlyList<Mp4Track> Tracks, IReadOnlyList<Mp4ReadSample> Samples, ReadOnlyMemory<byte> Bytes);
