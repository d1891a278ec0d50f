using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Records;
using Roomcast.Media;
using Roomcast.Media.Time;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Livestreams.Tests.Ingest;

/// <summary>A frame as it was handed on.</summary>
internal sealed record RecordedFrame(
    int TrackId, Track Track, MediaTime DecodeTime, MediaTime PresentationTime, TimeSpan Duration, bool IsKeyframe, byte[] Payload)
{
    /// <summary>The number that <see cref="SyntheticMedia"/> gave it.</summary>
    public long Number => SyntheticMedia.NumberOf(Payload);
}

#pragma warning disable CA1001 // The cancellation source has no timer and no handle: nothing is left to dispose of.
/// <summary>A publisher's end that keeps what it is given. Program time is what the test says, or the end of what there is.</summary>
internal sealed class RecordingPublisher : IngestPublisher
{
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _lock = new();
    private readonly List<RecordedFrame> _frames = [];
    private readonly List<IReadOnlyList<Track>> _tracks = [];
    private readonly TaskCompletionSource<IngestEndReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IngestEndReason _endReason;
    private MediaTime _end;

    public override LivestreamId LivestreamId { get; } = new(Guid.NewGuid());

    public override CancellationToken Ending => _ending.Token;

    public override IngestEndReason EndReason => _endReason;

    /// <summary>Where the program stands by the clock.</summary>
    public MediaTime Clock { get; set; }

    public override MediaTime ProgramTimeNow => MediaTime.Max(Clock, _end);

    /// <summary>How many frames had been handed on at each discontinuity.</summary>
    public List<int> Discontinuities { get; } = [];

    /// <summary>The last report.</summary>
    public PublisherMeasurements? Measurements { get; private set; }

    /// <summary>Done when the connection has closed the publisher.</summary>
    public Task<IngestEndReason> Closed => _closed.Task;

    /// <summary>Calls of Close beyond the first.</summary>
    public int ExtraCloses { get; private set; }

    /// <summary>Whether to keep only counts, for long runs.</summary>
    public bool KeepsPayload { get; init; } = true;

    public IReadOnlyList<RecordedFrame> Frames
    {
        get
        {
            lock (_lock)
            {
                return [.. _frames];
            }
        }
    }

    /// <summary>What handing on a frame throws, if anything.</summary>
    public Exception? Fault { get; set; }

    /// <summary>All lists of tracks that were announced.</summary>
    public IReadOnlyList<IReadOnlyList<Track>> Tracks
    {
        get
        {
            lock (_lock)
            {
                return [.. _tracks];
            }
        }
    }

    public IReadOnlyList<RecordedFrame> Pictures => [.. Frames.Where(static frame => frame.Track.Kind is TrackKind.Video)];

    public IReadOnlyList<RecordedFrame> Sound => [.. Frames.Where(static frame => frame.Track.Kind is TrackKind.Audio)];

    public override void SetTracks(IReadOnlyList<Track> tracks)
    {
        lock (_lock)
        {
            Assert.NotEmpty(tracks);
            _tracks.Add(tracks);
        }
    }

    public override void MarkDiscontinuity()
    {
        lock (_lock)
        {
            Discontinuities.Add(_frames.Count);
        }
    }

    public override void Publish(Frame frame)
    {
        if (Fault is { } fault)
        {
            throw fault;
        }

        lock (_lock)
        {
            var track = Assert.Single(_tracks[^1], track => track.Id == frame.TrackId);
            var payload = KeepsPayload ? frame.Payload.ToArray() : [];
            _frames.Add(new RecordedFrame(frame.TrackId, track, frame.DecodeTime, frame.PresentationTime, frame.Duration, frame.IsKeyframe, payload));
            _end = MediaTime.Max(_end, MediaTime.Max(frame.DecodeTime, frame.PresentationTime) + frame.Duration);
        }
    }

    public override void Report(PublisherMeasurements measurements) => Measurements = measurements;

    public override void Close(IngestEndReason reason)
    {
        if (!_closed.TrySetResult(reason))
        {
            ExtraCloses++;
        }
    }

    /// <summary>Tells the connection to end.</summary>
    public void End(IngestEndReason reason)
    {
        _endReason = reason;
        _ending.Cancel();
    }

    /// <summary>Waits until so many frames have been handed on.</summary>
    public async Task WaitForFramesAsync(int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (Frames.Count < count)
        {
            if (limit.IsCancellationRequested)
            {
                Assert.Fail($"Only {Frames.Count} of {count} frames came.");
            }

            await Task.Delay(10, CancellationToken.None);
        }
    }
}
