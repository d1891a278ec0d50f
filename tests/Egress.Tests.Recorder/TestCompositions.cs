using System.Collections.Concurrent;
using Roomcast.Egress.Composition;
using Roomcast.Feeds;
using Roomcast.Media;
using Roomcast.TestKit.Hls;

namespace Roomcast.Egress.Tests.Recorder;

/// <summary>Compositions that carry what FFmpeg encoded, frame by frame as a test says.</summary>
public sealed class TestCompositions : ICompositions
{
    private readonly ConcurrentDictionary<Guid, TestComposition> _compositions = new();
    private int _waiting;

    /// <summary>Set to refuse.</summary>
    public CompositionException? Refusal { get; set; }

    /// <summary>Done when compositions may begin; those of sessions that are not in it begin at once.</summary>
    public ConcurrentDictionary<Guid, Task> Beginnings { get; } = new();

    /// <summary>Who waits for one of <see cref="Beginnings"/>.</summary>
    public int WaitingCount => _waiting;

    /// <summary>Parts taken and not given back.</summary>
    public int LeaseCount => _compositions.Values.Sum(composition => composition.Leases);

    /// <summary>The composition of a session.</summary>
    public TestComposition Of(Guid sessionId) => _compositions.GetOrAdd(sessionId, _ => new TestComposition());

    /// <inheritdoc/>
    public async ValueTask<ICompositionLease> AcquireAsync(Guid sessionId, CompositionFormat format, CancellationToken cancellationToken)
    {
        if (Refusal is { } refusal)
        {
            throw refusal;
        }

        Interlocked.Increment(ref _waiting);
        try
        {
            await Beginnings.GetValueOrDefault(sessionId, Task.CompletedTask).WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        return Of(sessionId).Acquire(format);
    }
}

/// <summary>One composition.</summary>
public sealed class TestComposition
{
    private readonly FeedPublisher _publisher;
    private int _leases;
    private bool _hasTracks;

    /// <summary>Begins without a frame.</summary>
    public TestComposition() => _publisher = Feed.TryBeginPublish()!;

    /// <summary>Its feed.</summary>
    public Feed Feed { get; } = new();

    /// <summary>Parts taken and not given back.</summary>
    public int Leases => _leases;

    /// <summary>How it was wanted last; null before anybody wanted it.</summary>
    public CompositionFormat? Format { get; private set; }

    /// <summary>Publishes the frames of a source whose time lies in a span.</summary>
    public void Publish(EncodedSource source, TimeSpan from, TimeSpan until)
    {
        if (!_hasTracks)
        {
            _hasTracks = true;
            _publisher.SetTracks(source.Tracks);
        }

        foreach (var frame in source.Frames())
        {
            if (frame.DecodeTime.SinceStart >= from && frame.DecodeTime.SinceStart < until)
            {
                _publisher.Publish(frame);
            }

            frame.Release();
        }
    }

    /// <summary>Publishes frames as they are, and lets go of them.</summary>
    public void PublishRaw(IReadOnlyList<Track> tracks, IReadOnlyList<Frame> frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (!_hasTracks)
        {
            _hasTracks = true;
            _publisher.SetTracks(tracks);
        }

        foreach (var frame in frames)
        {
            _publisher.Publish(frame);
            frame.Release();
        }
    }

    internal ICompositionLease Acquire(CompositionFormat format)
    {
        Interlocked.Increment(ref _leases);
        Format = format;
        return new Lease(this, format);
    }

    private sealed class Lease(TestComposition composition, CompositionFormat format) : ICompositionLease
    {
        private int _isGivenBack;

        public Feed Feed => composition.Feed;

        public CompositionFormat Format => format;

        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _isGivenBack, 1) == 0)
            {
                Interlocked.Decrement(ref composition._leases);
            }

            return ValueTask.CompletedTask;
        }
    }
}
