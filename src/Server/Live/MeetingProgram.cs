using Roomcast.Egress.Composition;
using Roomcast.Feeds;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Records;
using Roomcast.Meetings.Records;

namespace Roomcast.Server.Live;

/// <summary>The livestream of a session under way: hands the composed frames on to it.</summary>
/// <remarks>The frames are the composition's own: only their times are moved to where the livestream stands.</remarks>
internal sealed class MeetingProgram : IAsyncDisposable
{
    // About as often as an encoder's connection tells.
    private const int FramesBetweenReports = 75;

    private readonly CancellationTokenSource _ending = new();
    private readonly ICompositionLease? _lease;
    private Task _pump = Task.CompletedTask;

    public MeetingProgram(Livestream livestream, MeetingId meetingId, SessionId sessionId, ICompositionLease? lease, TimeSpan now)
    {
        Livestream = livestream;
        MeetingId = meetingId;
        SessionId = sessionId;
        BeganAt = now;
        _lease = lease;
    }

    /// <summary>As it was when it began.</summary>
    public Livestream Livestream { get; }

    public MeetingId MeetingId { get; }

    public SessionId SessionId { get; }

    /// <summary>When it began, monotonic.</summary>
    public TimeSpan BeganAt { get; }

    /// <summary>Whether the server composes it.</summary>
    public bool IsComposed => _lease is not null;

    /// <summary>Whether a player could play it, at least once.</summary>
    public bool HasBeenLive { get; set; }

    /// <summary>Since when nobody has been on stage; null while somebody is.</summary>
    public TimeSpan? EmptySince { get; set; }

    /// <summary>Begins to hand frames on, where the server composes them.</summary>
    /// <param name="livestreams">Where they go.</param>
    /// <param name="over">Told once when no more frames come though nobody ended the program; with the fault, where there was one.</param>
    public void Run(LivestreamDirectory livestreams, Action<MeetingProgram, Exception?> over)
    {
        if (_lease is { } lease)
        {
            _pump = Task.Run(async () =>
            {
                Exception? fault = null;
                try
                {
                    await PumpAsync(lease.Feed, livestreams);
                }
                catch (OperationCanceledException) when (_ending.IsCancellationRequested)
                {
                    return;
                }
                catch (Exception thrown)
                {
                    fault = thrown;
                }

                if (!_ending.IsCancellationRequested)
                {
                    over(this, fault);
                }
            });
        }
    }

    /// <summary>Takes no more frames, and gives the composition back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _pump;
        if (_lease is not null)
        {
            await _lease.DisposeAsync();
        }

        _ending.Dispose();
    }

    private async Task PumpAsync(Feed feed, LivestreamDirectory livestreams)
    {
        var request = new IngestRequest(StreamKey: "", "composition", "this server", "Roomcast");
        var admission = await livestreams.PublishAsync(Livestream.Id, request, _ending.Token);
        if (admission.Publisher is not { } publisher)
        {
            throw new InvalidOperationException($"The livestream takes no composition: {admission.Refusal}.");
        }

        try
        {
            using var subscription = feed.TrySubscribe() ?? throw new InvalidOperationException("The composition has ended, or has too many outputs.");
            using var onEnding = _ending.Token.Register(subscription.Dispose);
            using var onStop = publisher.Ending.Register(subscription.Dispose);
            await HandOnAsync(subscription, publisher);
        }
        finally
        {
            publisher.Close(IngestEndReason.ConnectionClosed);
        }
    }

    private static async Task HandOnAsync(FeedSubscription subscription, IngestPublisher publisher)
    {
        TimeSpan? offset = null;
        var (bytes, frames) = (0L, 0L);
        while (await subscription.WaitToReadAsync())
        {
            while (subscription.TryRead(out var item))
            {
                switch (item.Kind)
                {
                    case FeedItemKind.Tracks:
                        publisher.SetTracks(item.Tracks!);
                        break;
                    case FeedItemKind.Discontinuity:
                        publisher.MarkDiscontinuity();
                        break;
                    case FeedItemKind.Frame:
                        var frame = item.Frame!;
                        offset ??= publisher.ProgramTimeNow - frame.DecodeTime;
                        var moved = frame.ShiftedBy(offset.Value);
                        publisher.Publish(moved);
                        bytes += moved.Length;
                        moved.Release();
                        frame.Release();
                        if (++frames % FramesBetweenReports == 0)
                        {
                            publisher.Report(new PublisherMeasurements(bytes, DroppedFrames: 0, TimestampJumps: 0));
                        }

                        break;
                    case FeedItemKind.Ended:
                        return;
                }
            }
        }
    }
}
