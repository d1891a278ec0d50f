using Roomcast.Feeds;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Records;
using Roomcast.Media;
using Roomcast.Media.Time;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>A publisher's way into the feed of its livestream: passes frames on and keeps count of them.</summary>
/// <remarks>
/// The connection calls the media methods, one at a time; the livestream's loop reads the figures and may end it from
/// another thread. Once ended it does nothing more.
/// </remarks>
internal sealed class FeedIngestPublisher : IngestPublisher, IDisposable
{
    // A step of the leading track's clock longer than this is a hole in the media, not media received.
    private static readonly TimeSpan LongestCountedStep = TimeSpan.FromSeconds(10);

    // More than the chatter of a connection that sends no media.
    private const long LeastSignOfLifeBytes = 1_024;

    private readonly TimeProvider _time;
    private readonly ProgramClock _clock;
    private readonly FeedPublisher _feed;
    private readonly Action<FeedIngestPublisher, IngestEndReason> _closed;
    private readonly CancellationTokenSource _ending = new();
    private readonly PublisherMeter _meter = new();

    private PublisherMeasurements _measurements = new(0, 0, 0);
    private MediaTime? _lastCounted;
    private long _ingestTicks;
    private long _lastMediaTimestamp;
    private int _leadingTrackId = -1;
    private int _endReason;
    private int _isClosed;

    public FeedIngestPublisher(
        LivestreamId livestreamId,
        IngestRequest request,
        TimeProvider time,
        ProgramClock clock,
        FeedPublisher feed,
        Action<FeedIngestPublisher, IngestEndReason> closed)
    {
        LivestreamId = livestreamId;
        Request = request;
        _time = time;
        _clock = clock;
        _feed = feed;
        _closed = closed;
        Since = time.GetUtcNow();
        _lastMediaTimestamp = time.GetTimestamp();
    }

    public override LivestreamId LivestreamId { get; }

    public IngestRequest Request { get; }

    public DateTimeOffset Since { get; }

    public override CancellationToken Ending => _ending.Token;

    public override IngestEndReason EndReason => (IngestEndReason)Volatile.Read(ref _endReason);

    public override MediaTime ProgramTimeNow => _clock.Next(_time.GetTimestamp());

    /// <summary>Whether the connection has said that it is over.</summary>
    public bool IsClosed => Volatile.Read(ref _isClosed) != 0;

    /// <summary>Media time received, over the publisher's life.</summary>
    public TimeSpan IngestTime => TimeSpan.FromTicks(Interlocked.Read(ref _ingestTicks));

    /// <summary>How long no media has come.</summary>
    public TimeSpan SilentFor => _time.GetElapsedTime(Interlocked.Read(ref _lastMediaTimestamp));

    public override void SetTracks(IReadOnlyList<Track> tracks)
    {
        if (IsOver)
        {
            return;
        }

        _leadingTrackId = (tracks.FirstOrDefault(track => track.Kind is TrackKind.Video) ?? tracks[0]).Id;
        _lastCounted = null;
        _meter.SetTracks(tracks);
        _feed.SetTracks(tracks);
    }

    public override void MarkDiscontinuity()
    {
        if (!IsOver)
        {
            _lastCounted = null;
            _feed.MarkDiscontinuity();
        }
    }

    public override void Publish(Frame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (IsOver)
        {
            return;
        }

        var timestamp = _time.GetTimestamp();
        Interlocked.Exchange(ref _lastMediaTimestamp, timestamp);
        Count(frame);
        _clock.Advance(frame);
        _meter.Add(frame, _time.GetElapsedTime(0, timestamp));
        _feed.Publish(frame);
    }

    public override void Report(PublisherMeasurements measurements)
    {
        ArgumentNullException.ThrowIfNull(measurements);

        // Media that is looked at first, or dropped for want of a keyframe, is a sign of life all the same.
        if (measurements.BytesReceived > Volatile.Read(ref _measurements).BytesReceived + LeastSignOfLifeBytes)
        {
            Interlocked.Exchange(ref _lastMediaTimestamp, _time.GetTimestamp());
        }

        Volatile.Write(ref _measurements, measurements);
    }

    public override void Close(IngestEndReason reason)
    {
        // The feed is free before anybody can see that this publisher is over: the next one may come at once.
        _feed.Leave();
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
        {
            _closed(this, reason);
        }
    }

    /// <summary>Tells the connection to end and takes no more media from it.</summary>
    public void End(IngestEndReason reason)
    {
        _feed.Leave();
        if (Interlocked.CompareExchange(ref _endReason, (int)reason, (int)IngestEndReason.None) == (int)IngestEndReason.None)
        {
            _ending.Cancel();
        }
    }

    /// <summary>What has been measured.</summary>
    public PublisherReport Describe() =>
        _meter.Report(Request, Since, Volatile.Read(ref _measurements), _time.GetElapsedTime(0, _time.GetTimestamp()));

    public void Dispose() => _ending.Dispose();

    private bool IsOver => IsClosed || EndReason is not IngestEndReason.None;

    private void Count(Frame frame)
    {
        if (frame.TrackId != _leadingTrackId)
        {
            return;
        }

        if (_lastCounted is { } last && frame.DecodeTime > last)
        {
            var step = frame.DecodeTime - last;
            if (step <= LongestCountedStep)
            {
                Interlocked.Add(ref _ingestTicks, step.Ticks);
            }
        }

        _lastCounted = frame.DecodeTime;
    }
}
