namespace Roomcast.Hls.Packaging;

/// <summary>How much memory the media of one livestream takes, over all its renditions.</summary>
/// <remarks>Segments are taken away by the writer and, when they were put away, by whoever finished that.</remarks>
internal sealed class MediaBudget(long maxBytes)
{
    private long _inMemory;
    private long _leaving;

    /// <summary>What is allowed.</summary>
    public long MaxBytes { get; } = maxBytes;

    /// <summary>What is taken.</summary>
    public long InMemory => Interlocked.Read(ref _inMemory);

    /// <summary>Whether it is time to put segments away: three quarters are taken, without what is leaving already.</summary>
    public bool IsTight => InMemory - Interlocked.Read(ref _leaving) > MaxBytes / 4 * 3;

    /// <summary>Whether more is taken than is allowed.</summary>
    public bool IsExceeded => InMemory > MaxBytes;

    public void Add(long bytes) => Interlocked.Add(ref _inMemory, bytes);

    public void Remove(long bytes) => Interlocked.Add(ref _inMemory, -bytes);

    public void BeginLeaving(long bytes) => Interlocked.Add(ref _leaving, bytes);

    public void EndLeaving(long bytes) => Interlocked.Add(ref _leaving, -bytes);
}
