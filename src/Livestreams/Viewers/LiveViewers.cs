using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams.Viewers;

/// <summary>The viewers of one livestream session on air: a <see cref="ViewerBook"/> and the clock that it is told.</summary>
/// <remarks>Thread-safe. Opened when the session begins and closed when it ends; what comes after the close is not counted.</remarks>
public sealed class LiveViewers : IViewerWitness
{
    private readonly TimeProvider _time;
    private readonly long _openedAt;
    private readonly ViewerBook _book;
    private volatile bool _isClosed;

    /// <summary>Opens the book of one session.</summary>
    /// <param name="livestreamId">Whose viewers.</param>
    /// <param name="tokens">Tells our ids from invented ones.</param>
    /// <param name="options">Rules; taken as valid.</param>
    /// <param name="time">The clock.</param>
    public LiveViewers(LivestreamId livestreamId, ViewerTokens tokens, ViewerCountingOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _openedAt = time.GetTimestamp();
        _book = new ViewerBook(livestreamId, tokens, options, time.GetUtcNow());
    }

    /// <summary>Time watched so far by all viewers, in seconds. Never falls.</summary>
    public double ViewerSeconds => _book.ViewerSeconds(Now);

    /// <summary>How many watch now.</summary>
    public int Concurrent => _book.Concurrent(Now);

    /// <summary>The most that watched at one time; some seconds late until the session ends.</summary>
    public int MaxConcurrent => _book.MaxConcurrent(Now);

    private TimeSpan Now => _time.GetElapsedTime(_openedAt);

    /// <summary>Makes allowance for long segments; see <see cref="ViewerBook.SetTargetDuration"/>.</summary>
    public void SetTargetDuration(TimeSpan targetDuration) => _book.SetTargetDuration(targetDuration);

    /// <inheritdoc/>
    public void Seen(string viewerId, string? userAgent)
    {
        if (!_isClosed)
        {
            _book.Seen(viewerId, userAgent, Now);
        }
    }

    /// <summary>A heartbeat with a good token; false when this viewer sends too many.</summary>
    /// <param name="viewerId">Whose.</param>
    /// <param name="playback">What its player does.</param>
    /// <param name="player">Its player, as it says.</param>
    /// <param name="userAgent">Its player, as its requests say.</param>
    /// <param name="number">Which of the viewer's messages it is, from 1; null where that is not told. See <see cref="ViewerBook.Beat"/>.</param>
    public bool Beat(string viewerId, ViewerPlayback playback, string? player, string? userAgent, long? number = null) =>
        _isClosed || _book.Beat(viewerId, playback, player, userAgent, Now, number);

    /// <summary>A viewer with a good token left.</summary>
    /// <param name="viewerId">Who.</param>
    /// <param name="number">As of a heartbeat.</param>
    public void Leave(string viewerId, long? number = null)
    {
        if (!_isClosed)
        {
            _book.Leave(viewerId, Now, number);
        }
    }

    /// <summary>Who watches now.</summary>
    public ViewersReport Report() => _book.Report(Now);

    /// <summary>The session has ended: the figures are final.</summary>
    public void Close()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            _book.Close(Now);
        }
    }
}
