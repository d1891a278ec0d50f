using Roomcast.Sfu.Producers;

namespace Roomcast.Sfu.Consumers;

/// <summary>What was sent to a receiver under each number, so that it can be sent again byte for byte.</summary>
/// <remarks>A ring over the numbers on the line, made with the first of them. Not thread-safe.</remarks>
internal sealed class SentHistory(int capacity)
{
    private SentEntry[] _entries = [];
    private SentEntry _none;

    /// <summary>How many numbers it reaches back.</summary>
    public int Capacity => capacity;

    /// <summary>Keeps an entry in the place of an old one.</summary>
    public void Add(in SentEntry entry)
    {
        if (_entries.Length == 0)
        {
            _entries = new SentEntry[capacity];
        }

        _entries[entry.Number % capacity] = entry;
    }

    /// <summary>Finds the entry of a number as a receiver names it.</summary>
    /// <param name="number">16 bits.</param>
    /// <param name="newest">The newest number on the line.</param>
    /// <param name="found">Whether there is one.</param>
    public ref SentEntry Find(ushort number, long newest, out bool found)
    {
        var full = newest - unchecked((ushort)(newest - number));
        if (full < 0 || _entries.Length == 0)
        {
            found = false;
            return ref _none;
        }

        ref var entry = ref _entries[full % capacity];
        found = entry.Stream is not null && entry.Number == full;
        return ref entry;
    }
}

/// <summary>One packet that was sent, and all that was decided for it.</summary>
internal record struct SentEntry
{
    /// <summary>Its number on the line.</summary>
    public long Number;

    /// <summary>Where it came from.</summary>
    public ProducerStream? Stream;

    /// <summary>Its number there.</summary>
    public long SourceNumber;

    /// <summary>Whether it is padding of ours and came from nowhere.</summary>
    public bool IsPadding;

    /// <summary>Whether packets behind it were sent before it.</summary>
    public bool CameLate;

    public uint Timestamp;
    public ushort PictureId;
    public byte Tl0PictureIndex;
    public ushort TransportNumber;

    /// <summary>When it was last sent.</summary>
    public TimeSpan SentAt;

    /// <summary>How often it was sent again.</summary>
    public byte Repeats;
}
