using System.Threading.Tasks.Sources;
using Roomcast.Media;

namespace Roomcast.Feeds;

/// <summary>One subscriber's place in a feed: a bounded queue of items, read by one reader.</summary>
/// <remarks>
/// A reader that does not keep up loses what waits for it, and then begins anew at a keyframe, after the newest announcement of
/// tracks and a discontinuity. Interruptions and discontinuities may be lost with the frames around them; the newest tracks
/// and the end never are. Waiting allocates nothing.
/// </remarks>
public sealed class FeedSubscription : IValueTaskSource<bool>, IDisposable
{
    // Room for what is not a frame, beside MaxFrames: a publisher that comes and goes while nobody reads must not grow the queue.
    private const int MaxControlItems = 64;

    // However patient a reader is, it is woken for so many frames: less than a second of sound and picture.
    private const int MaxPatience = 64;

    private readonly Queue<FeedItem> _items = new();
    private readonly Lock _lock = new();
    private readonly Feed _feed;
    private readonly SubscriberOptions _options;

    private ManualResetValueTaskSourceCore<bool> _signal = new() { RunContinuationsAsynchronously = true };
    private IReadOnlyList<Track> _tracks = [];
    private int _leadingTrackId = -1;
    private int _frameCount;
    private long _byteCount;
    private long _droppedFrames;
    private bool _awaitsKeyframe = true;
    private bool _hasDropped;
    private bool _isWaiting;
    private TimeSpan? _quietUntil;
    private bool _isEnded;
    private bool _isClosed;

    internal FeedSubscription(Feed feed, SubscriberOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxFrames, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxBytes, 1);
        _feed = feed;
        _options = options;
    }

    /// <summary>Frames dropped because this subscriber did not keep up.</summary>
    public long DroppedFrames => Interlocked.Read(ref _droppedFrames);

    /// <summary>Frames waiting now.</summary>
    public int QueuedFrames
    {
        get
        {
            lock (_lock)
            {
                return _frameCount;
            }
        }
    }

    /// <summary>Takes the next item if there is one. A frame in it is the caller's to release.</summary>
    public bool TryRead(out FeedItem item)
    {
        lock (_lock)
        {
            if (!_items.TryDequeue(out item))
            {
                return false;
            }

            if (item.Frame is { } frame)
            {
                _frameCount--;
                _byteCount -= frame.Length;
            }

            return true;
        }
    }

    /// <summary>Waits until <see cref="TryRead"/> may find an item.</summary>
    /// <param name="quietUntil">
    /// A reader for whom frames before this decode time are nothing yet is woken by the first one at or after it, by a keyframe
    /// of the leading track, by 64 frames or a quarter of the queue, and by anything that is not a frame. Being woken costs
    /// more than reading. Null: by any item.
    /// </param>
    /// <returns>True; false after <see cref="Dispose"/>. After <see cref="FeedItemKind.Ended"/> was read nothing more comes.</returns>
    /// <exception cref="InvalidOperationException">Somebody waits already: a subscription has one reader.</exception>
    public ValueTask<bool> WaitToReadAsync(TimeSpan? quietUntil = null)
    {
        lock (_lock)
        {
            if (_isWaiting)
            {
                throw new InvalidOperationException("A subscription has one reader.");
            }

            if (_isClosed)
            {
                return ValueTask.FromResult(false);
            }

            _quietUntil = quietUntil;
            foreach (var item in _items)
            {
                if (IsDue(item))
                {
                    return ValueTask.FromResult(true);
                }
            }

            _isWaiting = true;
            _signal.Reset();
            return new ValueTask<bool>(this, _signal.Version);
        }
    }

    /// <summary>Leaves the feed and lets go of everything queued; a waiting reader is told so.</summary>
    public void Dispose()
    {
        _feed.Unsubscribe(this);
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            _isEnded = true;
            DropQueuedFrames();
            _items.Clear();
            if (_isWaiting)
            {
                _isWaiting = false;
                _signal.SetResult(false);
            }
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _signal.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _signal.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _signal.OnCompleted(continuation, state, token, flags);

    internal void OfferTracks(IReadOnlyList<Track> tracks, int leadingTrackId)
    {
        lock (_lock)
        {
            if (_isEnded)
            {
                return;
            }

            _tracks = tracks;
            _leadingTrackId = leadingTrackId;
            _awaitsKeyframe = true;
            EnqueueControl(FeedItem.Of(tracks));
        }
    }

    internal void OfferDiscontinuity()
    {
        lock (_lock)
        {
            if (!_isEnded)
            {
                _awaitsKeyframe = true;
                EnqueueControl(FeedItem.Discontinuity);
            }
        }
    }

    internal void OfferInterrupted()
    {
        lock (_lock)
        {
            if (!_isEnded)
            {
                EnqueueControl(FeedItem.Interrupted);
            }
        }
    }

    internal void OfferEnded()
    {
        lock (_lock)
        {
            if (!_isEnded)
            {
                _isEnded = true;
                EnqueueControl(FeedItem.Ended);
            }
        }
    }

    internal void Offer(Frame frame)
    {
        lock (_lock)
        {
            if (_isEnded)
            {
                return;
            }

            if (_awaitsKeyframe)
            {
                if (frame.TrackId != _leadingTrackId || !frame.IsKeyframe)
                {
                    if (_hasDropped)
                    {
                        Interlocked.Increment(ref _droppedFrames);
                    }

                    return;
                }

                _awaitsKeyframe = false;
                if (_hasDropped)
                {
                    _hasDropped = false;
                    EnqueueControl(FeedItem.Discontinuity);
                }
            }

            if (_frameCount >= _options.MaxFrames || _byteCount + frame.Length > _options.MaxBytes)
            {
                Overflow();
                return;
            }

            frame.Retain();
            _frameCount++;
            _byteCount += frame.Length;
            var item = FeedItem.Of(frame);
            _items.Enqueue(item);
            if (IsDue(item))
            {
                Wake();
            }
        }
    }

    private bool IsDue(in FeedItem item) =>
        _quietUntil is not { } until || item.Frame is not { } frame ||
        frame.DecodeTime.SinceStart >= until || (frame.IsKeyframe && frame.TrackId == _leadingTrackId) ||
        _frameCount >= Math.Min(MaxPatience, _options.MaxFrames / 4) || _byteCount >= _options.MaxBytes / 4;

    private void Overflow()
    {
        Interlocked.Increment(ref _droppedFrames);
        if (_options.Overflow is OverflowPolicy.Disconnect)
        {
            _isEnded = true;
            EnqueueControl(FeedItem.Ended);
            return;
        }

        // What waits is the oldest and the least wanted in a live feed: start afresh at the next keyframe. Announcements
        // between the dropped frames collapse into the last one.
        var hadTracks = _items.Any(item => item.Kind is FeedItemKind.Tracks);
        Interlocked.Add(ref _droppedFrames, _frameCount);
        DropQueuedFrames();
        _items.Clear();
        if (hadTracks)
        {
            EnqueueControl(FeedItem.Of(_tracks));
        }

        _awaitsKeyframe = true;
        _hasDropped = true;
    }

    private void DropQueuedFrames()
    {
        foreach (var item in _items)
        {
            item.Frame?.Release();
        }

        _frameCount = 0;
        _byteCount = 0;
    }

    private void EnqueueControl(FeedItem item)
    {
        if (_items.Count - _frameCount >= MaxControlItems)
        {
            // Nobody has read through many comings and goings of the publisher: only where things stand now matters.
            Interlocked.Add(ref _droppedFrames, _frameCount);
            DropQueuedFrames();
            _items.Clear();
            _awaitsKeyframe = true;
            _hasDropped = true;
            if (item.Kind is not FeedItemKind.Tracks && _tracks.Count > 0)
            {
                _items.Enqueue(FeedItem.Of(_tracks));
            }
        }

        _items.Enqueue(item);
        Wake();
    }

    private void Wake()
    {
        if (_isWaiting)
        {
            _isWaiting = false;
            _signal.SetResult(true);
        }
    }
}
