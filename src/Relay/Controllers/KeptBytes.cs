namespace Roomcast.Relay.Controllers;

/// <summary>What the controllers of one app have not acknowledged, together. An event that many keep counts once. Thread-safe.</summary>
/// <param name="most">From how many bytes on no more is kept.</param>
internal sealed class KeptBytes(long most)
{
    /// <summary>What it costs to keep an event, apart from its frames: a list node and an entry of a dictionary.</summary>
    public const int Overhead = 160;

    private long _bytes;

    /// <summary>Whether more is kept than may be.</summary>
    public bool IsOver => Volatile.Read(ref _bytes) > most;

    /// <summary>How many bytes are kept.</summary>
    public long Count => Volatile.Read(ref _bytes);

    /// <summary>One more controller keeps an event.</summary>
    public void Add(RelayEvent happened) => Interlocked.Add(ref _bytes, Overhead + (happened.Hold() ? happened.Length : 0));

    /// <summary>One fewer does.</summary>
    public void Remove(RelayEvent happened) => Interlocked.Add(ref _bytes, -Overhead - (happened.LetGo() ? happened.Length : 0));
}
