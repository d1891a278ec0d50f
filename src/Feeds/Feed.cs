using System.Collections.Immutable;
using Roomcast.Media;
using Roomcast.Media.Time;

namespace Roomcast.Feeds;

/// <summary>One live flow of frames inside the server: at most one publisher at a time, any number of subscribers.</summary>
/// <remarks>
/// <para>
/// A feed survives a change of publisher; whoever owns it decides how long it waits and calls <see cref="End"/>. It never
/// transcodes and never copies a payload. A new subscriber starts at the newest keyframe of the leading track, the first
/// video track or, without video, the first audio track.
/// </para>
/// <para>
/// Thread-safe. Publishing offers the frame to each subscriber's bounded queue and returns: a slow subscriber loses its own
/// frames, by its own <see cref="OverflowPolicy"/>, and slows nobody.
/// </para>
/// </remarks>
public sealed class Feed
{
    private readonly Lock _lock = new();
    private readonly FeedOptions _options;
    private readonly List<Frame> _sinceKeyframe = [];

    private ImmutableArray<FeedSubscription> _subscribers = [];
    private IReadOnlyList<Track> _tracks = [];
    private FeedPublisher? _publisher;
    private int _leadingTrackId = -1;
    private long _sinceKeyframeBytes;
    private bool _canStartHere;
    private bool _isEnded;
    private bool _isInterrupted;
    private MediaTime? _firstTime;
    private MediaTime? _newestTime;

    /// <summary>Makes a feed without a publisher.</summary>
    public Feed(FeedOptions? options = null) => _options = options ?? new FeedOptions();

    /// <summary>The tracks announced last; empty before the first announcement.</summary>
    public IReadOnlyList<Track> Tracks => Volatile.Read(ref _tracks);

    /// <summary>Whether it is over: nobody can publish or subscribe any more.</summary>
    public bool IsEnded
    {
        get
        {
            lock (_lock)
            {
                return _isEnded;
            }
        }
    }

    /// <summary>Decode time of the first frame of a leading track; null before it.</summary>
    public MediaTime? FirstTime
    {
        get
        {
            lock (_lock)
            {
                return _firstTime;
            }
        }
    }

    /// <summary>Decode time of the newest frame of the leading track; null before the first.</summary>
    public MediaTime? NewestTime
    {
        get
        {
            lock (_lock)
            {
                return _newestTime;
            }
        }
    }

    /// <summary>Subscribers now.</summary>
    public int SubscriberCount => _subscribers.Length;

    /// <summary>Becomes the feed's publisher.</summary>
    /// <returns>The publisher's end, or null when somebody publishes already or the feed has ended.</returns>
    public FeedPublisher? TryBeginPublish()
    {
        lock (_lock)
        {
            if (_publisher is not null || _isEnded)
            {
                return null;
            }

            return _publisher = new FeedPublisher(this);
        }
    }

    /// <summary>Subscribes, starting at the newest keyframe.</summary>
    /// <returns>The subscription, or null when the feed has ended or carries as many subscribers as it may.</returns>
    public FeedSubscription? TrySubscribe(SubscriberOptions? options = null)
    {
        lock (_lock)
        {
            if (_isEnded || _subscribers.Length >= _options.MaxSubscribers)
            {
                return null;
            }

            var subscription = new FeedSubscription(this, options ?? new SubscriberOptions());
            if (_tracks.Count > 0)
            {
                subscription.OfferTracks(_tracks, _leadingTrackId);
                if (_canStartHere)
                {
                    foreach (var frame in _sinceKeyframe)
                    {
                        subscription.Offer(frame);
                    }
                }

                if (_isInterrupted)
                {
                    subscription.OfferInterrupted();
                }
            }

            _subscribers = _subscribers.Add(subscription);
            return subscription;
        }
    }

    /// <summary>Ends the feed: subscribers read what is queued and then <see cref="FeedItemKind.Ended"/>. Further calls do nothing.</summary>
    public void End()
    {
        lock (_lock)
        {
            if (_isEnded)
            {
                return;
            }

            _isEnded = true;
            _publisher = null;
            ForgetStart();
            foreach (var subscriber in _subscribers)
            {
                subscriber.OfferEnded();
            }

            _subscribers = [];
        }
    }

    internal void SetTracks(FeedPublisher publisher, IReadOnlyList<Track> tracks)
    {
        lock (_lock)
        {
            if (_publisher != publisher)
            {
                return;
            }

            Volatile.Write(ref _tracks, [.. tracks]);
            _leadingTrackId = LeadingTrackIn(tracks);
            _isInterrupted = false;
            ForgetStart();
            foreach (var subscriber in _subscribers)
            {
                subscriber.OfferTracks(_tracks, _leadingTrackId);
            }
        }
    }

    internal void MarkDiscontinuity(FeedPublisher publisher)
    {
        lock (_lock)
        {
            if (_publisher != publisher)
            {
                return;
            }

            ForgetStart();
            foreach (var subscriber in _subscribers)
            {
                subscriber.OfferDiscontinuity();
            }
        }
    }

    internal void Publish(FeedPublisher publisher, Frame frame)
    {
        lock (_lock)
        {
            // A publisher that was replaced may still be in the middle of a call.
            if (_publisher != publisher)
            {
                return;
            }

            if (frame.TrackId == _leadingTrackId)
            {
                _firstTime ??= frame.DecodeTime;
                _newestTime = frame.DecodeTime;
            }

            RememberStart(frame);
            foreach (var subscriber in _subscribers)
            {
                subscriber.Offer(frame);
            }
        }
    }

    internal void EndPublish(FeedPublisher publisher)
    {
        lock (_lock)
        {
            if (_publisher != publisher)
            {
                return;
            }

            _publisher = null;
            _isInterrupted = true;
            foreach (var subscriber in _subscribers)
            {
                subscriber.OfferInterrupted();
            }
        }
    }

    internal void Unsubscribe(FeedSubscription subscription)
    {
        lock (_lock)
        {
            _subscribers = _subscribers.Remove(subscription);
        }
    }

    private static int LeadingTrackIn(IReadOnlyList<Track> tracks)
    {
        foreach (var track in tracks)
        {
            if (track.Kind is TrackKind.Video)
            {
                return track.Id;
            }
        }

        return tracks.Count > 0 ? tracks[0].Id : -1;
    }

    private void RememberStart(Frame frame)
    {
        if (frame.TrackId == _leadingTrackId && frame.IsKeyframe)
        {
            ForgetStart();
            _canStartHere = true;
        }

        if (!_canStartHere)
        {
            return;
        }

        if (_sinceKeyframe.Count >= _options.MaxStartFrames || _sinceKeyframeBytes + frame.Length > _options.MaxStartBytes)
        {
            ForgetStart();
            return;
        }

        frame.Retain();
        _sinceKeyframe.Add(frame);
        _sinceKeyframeBytes += frame.Length;
    }

    private void ForgetStart()
    {
        foreach (var frame in _sinceKeyframe)
        {
            frame.Release();
        }

        _sinceKeyframe.Clear();
        _sinceKeyframeBytes = 0;
        _canStartHere = false;
    }
}
