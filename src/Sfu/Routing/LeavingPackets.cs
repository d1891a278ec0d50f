using Roomcast.Sfu.Consumers;

namespace Roomcast.Sfu.Routing;

/// <summary>Which consumer's packet left lately under which transport-wide number, for reports that say what has not arrived.</summary>
/// <remarks>A ring that is made with the first packet and reaches back half a second of good video. Not thread-safe.</remarks>
internal sealed class LeavingPackets
{
    private const int Capacity = 512;

    private Entry[] _entries = [];

    /// <summary>Notes a packet that leaves.</summary>
    public void Add(ushort transportNumber, Consumer consumer, ushort number)
    {
        if (_entries.Length == 0)
        {
            _entries = new Entry[Capacity];
        }

        _entries[transportNumber % Capacity] = new Entry(consumer, transportNumber, number);
    }

    /// <summary>Finds whose packet it was.</summary>
    /// <param name="transportNumber">As reported.</param>
    /// <param name="number">Its number in its consumer's line.</param>
    /// <returns>Null when it is not known any more, or was none of a consumer's.</returns>
    public Consumer? Find(ushort transportNumber, out ushort number)
    {
        number = 0;
        if (_entries.Length == 0)
        {
            return null;
        }

        ref readonly var entry = ref _entries[transportNumber % Capacity];
        number = entry.Number;
        return entry.TransportNumber == transportNumber ? entry.Consumer : null;
    }

    /// <summary>Lets go of a consumer that has ended.</summary>
    public void Forget(Consumer consumer)
    {
        for (var i = 0; i < _entries.Length; i++)
        {
            if (_entries[i].Consumer == consumer)
            {
                _entries[i] = default;
            }
        }
    }

    private readonly record struct Entry(Consumer? Consumer, ushort TransportNumber, ushort Number);
}
