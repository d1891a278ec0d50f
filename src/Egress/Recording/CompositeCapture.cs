using System.Buffers;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording.Interactive;
using Roomcast.Feeds;
using Roomcast.Media.Containers.Id3;
using Roomcast.Media.Containers.Mp4;

namespace Roomcast.Egress.Recording;

/// <summary>Records the feed of a composition as fragments.</summary>
internal sealed class CompositeCapture : ICapture
{
    /// <summary>Well below the two seconds that may be lost with the process: frames wait in queues too.</summary>
    private static readonly TimeSpan FragmentTarget = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How much later than it comes to the server a message's moment is seen in the composition: media is held for 150 to 300 ms there, and was
    /// encoded before it was sent.
    /// </summary>
    private static readonly TimeSpan MediaDelay = TimeSpan.FromMilliseconds(250);

    private static readonly SubscriberOptions Queue = new() { MaxFrames = 4_096, MaxBytes = 64L << 20 };

    private readonly ICompositionLease _lease;
    private readonly PushJob? _push;
    private readonly FeedSubscription? _subscription;
    private readonly ArrayBufferWriter<byte> _buffer = new(1 << 20);
    private readonly Mp4Recorder _recorder;
    private readonly RecordingFile? _file;
    private readonly CapturedMessages? _messages;
    private readonly TimeProvider _clock;

    // The least by which frames were read later than their own time, on the clock: when what composes them has a time, so has a message.
    private TimeSpan _readAfter = TimeSpan.MaxValue;
    private TimeSpan _newestFrame;

    /// <summary>Subscribes.</summary>
    /// <param name="lease">Its part in the composition; given back with this.</param>
    /// <param name="file">Where it is written; null for a recording that only pushes.</param>
    /// <param name="push">Ends with this.</param>
    /// <param name="messages">The session's messages, which are recorded too; null for none. Ends with this.</param>
    /// <param name="clock">The clock.</param>
    public CompositeCapture(ICompositionLease lease, RecordingFile? file, PushJob? push, CapturedMessages? messages, TimeProvider clock)
    {
        _messages = messages;
        _clock = clock;
        _lease = lease;
        _file = file;
        _push = push;
        _recorder = new Mp4Recorder(_buffer, FragmentTarget, cutsAtKeyframes: messages is not null);
        _subscription = lease.Feed.TrySubscribe(Queue);
    }

    public TimeSpan Recorded => _recorder.Recorded;

    // A composition shows and sounds something at all times.
    public bool RunsByClock => false;

    public long DroppedFrames => _subscription?.DroppedFrames ?? 0;

    public long DroppedMessages => _messages?.Taken.Dropped ?? 0;

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
                    _readAfter = TimeSpan.MaxValue;
                    break;

                case FeedItemKind.Frame:
                    NoteTime(item.Frame!.DecodeTime.SinceStart);
                    _recorder.Add(item.Frame!);
                    item.Frame!.Release();
                    break;

                case FeedItemKind.Ended:
                    Write();
                    return new CaptureReading(_recorder.HasStarted, HasEnded: true);
            }

            Write();
        }

        TakeMessages(isAtEnd: false);
        return new CaptureReading(_recorder.HasStarted, HasEnded: false);
    }

    public void Pause()
    {
        TakeMessages(isAtEnd: true);
        _recorder.Pause();
        Write();
    }

    public void Resume() => _recorder.Resume();

    public void Close()
    {
        TakeMessages(isAtEnd: true);
        _recorder.Close();
        Write();
        _file?.Finish();
        _file?.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        _messages?.Dispose();
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

    private void NoteTime(TimeSpan frame)
    {
        if (_messages is not null)
        {
            var readAfter = _clock.GetElapsedTime(0) - frame;
            _readAfter = readAfter < _readAfter ? readAfter : _readAfter;
            _newestFrame = frame;
            _recorder.WallClock = _clock.GetUtcNow() - MediaDelay;
        }
    }

    /// <summary>Writes the messages whose time has come to the newest frame's; at an end those too whose pictures are not recorded any more.</summary>
    private void TakeMessages(bool isAtEnd)
    {
        if (_messages is null || !_recorder.HasStarted || _readAfter == TimeSpan.MaxValue)
        {
            return;
        }

        var until = isAtEnd ? long.MaxValue : (long)((_newestFrame - MediaDelay + _readAfter).TotalSeconds * _clock.TimestampFrequency);
        while (_messages.Taken.TryTake(until, out var heardAt, out var payload))
        {
            var at = _clock.GetElapsedTime(0, heardAt) - _readAfter + MediaDelay;
            if (_recorder.AddMessage(at, Id3Tag.OfText("ID3"u8, payload.Span)))
            {
                Write();
            }
        }
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

/// <summary>The messages that a recording takes, for as long as it hears of them.</summary>
/// <param name="Taken">What is taken.</param>
/// <param name="Hearing">Ends it.</param>
internal sealed record CapturedMessages(TimedMessages Taken, IDisposable Hearing) : IDisposable
{
    public void Dispose() => Hearing.Dispose();
}
