using System.Buffers;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Push;
using Roomcast.Feeds;
using Roomcast.Media.Containers.Mp4;

namespace Roomcast.Egress.Recording;

/// <summary>Records the feed of a composition as fragments.</summary>
internal sealed class CompositeCapture : ICapture
{
    /// <summary>Well below the two seconds that may be lost with the process: frames wait in queues too.</summary>
    private static readonly TimeSpan FragmentTarget = TimeSpan.FromSeconds(1);

    private static readonly SubscriberOptions Queue = new() { MaxFrames = 4_096, MaxBytes = 64L << 20 };

    private readonly ICompositionLease _lease;
    private readonly PushJob? _push;
    private readonly FeedSubscription? _subscription;
    private readonly ArrayBufferWriter<byte> _buffer = new(1 << 20);
    private readonly Mp4Recorder _recorder;
    private readonly RecordingFile? _file;

    /// <summary>Subscribes.</summary>
    /// <param name="lease">Its part in the composition; given back with this.</param>
    /// <param name="file">Where it is written; null for a recording that only pushes.</param>
    /// <param name="push">Ends with this.</param>
    public CompositeCapture(ICompositionLease lease, RecordingFile? file, PushJob? push)
    {
        _lease = lease;
        _file = file;
        _push = push;
        _recorder = new Mp4Recorder(_buffer, FragmentTarget);
        _subscription = lease.Feed.TrySubscribe(Queue);
    }

    public TimeSpan Recorded => _recorder.Recorded;

    // A composition shows and sounds something at all times.
    public bool RunsByClock => false;

    public long DroppedFrames => _subscription?.DroppedFrames ?? 0;

    public string? PushFault => _push is { Completion.IsCompleted: true, Status: { State: PushState.Rejected or PushState.Ended } status }
        && status.Reason is not (PushReason.LivestreamEnded or PushReason.Removed)
            ? $"The RTMP push was given up: {PushWords.Of(status.Reason)}{(status.Detail is { } said ? $" ({said})" : "")}."
            : null;

    public ValueTask<bool> WaitAsync() => _subscription?.WaitToReadAsync() ?? ValueTask.FromResult(true);

    public CaptureReading Read()
    {
        if (_subscription is null)
        {
            return new CaptureReading(HasMedia: false, HasEnded: true);
        }

        while (_subscription.TryRead(out var item))
        {
            switch (item.Kind)
            {
                case FeedItemKind.Tracks:
                    _recorder.SetTracks(item.Tracks!);
                    break;

                case FeedItemKind.Discontinuity:
                    _recorder.MarkDiscontinuity();
                    break;

                case FeedItemKind.Frame:
                    _recorder.Add(item.Frame!);
                    item.Frame!.Release();
                    break;

                case FeedItemKind.Ended:
                    Write();
                    return new CaptureReading(_recorder.HasStarted, HasEnded: true);
            }

            Write();
        }

        return new CaptureReading(_recorder.HasStarted, HasEnded: false);
    }

    public void Pause()
    {
        _recorder.Pause();
        Write();
    }

    public void Resume() => _recorder.Resume();

    public void Close()
    {
        _recorder.Close();
        Write();
        _file?.Finish();
        _file?.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        _subscription?.Dispose();
        while (_subscription?.TryRead(out var item) is true)
        {
            item.Frame?.Release();
        }

        _recorder.Dispose();
        _file?.Dispose();
        if (_push is not null)
        {
            await _push.DisposeAsync();
        }

        await _lease.DisposeAsync();
    }

    private void Write()
    {
        if (_buffer.WrittenCount > 0)
        {
            var piece = _buffer.WrittenSpan;
            try
            {
                _file?.Append(piece);
            }
            finally
            {
                _buffer.ResetWrittenCount();
            }
        }
    }
}
