using System.Buffers;
using Roomcast.Feeds;
using Roomcast.Media;
using Roomcast.Media.Time;
using Roomcast.Rtmp.Connection;
using Roomcast.Transports.Tcp;

namespace Roomcast.Egress.Push;

/// <summary>One connection to a target, from connecting to its end.</summary>
/// <remarks>
/// What it sends waits in one place, its subscription to the feed, which is bounded and drops to the next keyframe: nothing
/// is taken from it while more than <see cref="MaxUnsentBytes"/> are unsent. The engine is used by the sending and the
/// receiving side, one at a time.
/// </remarks>
internal sealed class PushAttempt : IDisposable
{
    private const int AcknowledgementWindowBytes = 500_000;
    private const int MaxUnsentBytes = 128 << 10;
    private const int SendBytes = 64 << 10;
    private const int ReceiveBytes = 4 << 10;

    // Frames are sent together where that delays none by more than this.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan WatchEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(3);

    // Some 8 s of a strong stream: what is older is worth less than what comes.
    private static readonly SubscriberOptions Queue = new() { MaxFrames = 1_024, MaxBytes = 16L << 20, Overflow = OverflowPolicy.DropToKeyframe };

    private readonly PushAddress _address;
    private readonly Feed _feed;
    private readonly IPushDialer _dialer;
    private readonly PushOptions _options;
    private readonly TimeProvider _time;
    private readonly PushProgress _progress;
    private readonly RtmpClientConnection _engine;
    private readonly StallWatch _stall;
    private readonly Lock _engineLock = new();
    private readonly SemaphoreSlim _sendGate = new(1, 1);
    private readonly TaskCompletionSource _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closedByTarget = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _endLock = new();

    private IPushConnection? _connection;
    private FeedSubscription? _subscription;
    private ITimer? _giveUp;
    private PushOutcome? _outcome;
    private TimeSpan _connectedAt;
    private long _sendingSinceTicks = -1;
    private long _seenDropped;
    private bool _isPublishing;

    public PushAttempt(
        PushAddress address, Feed feed, IPushDialer dialer, PushOptions options, TimeProvider time, PushProgress progress)
    {
        _address = address;
        _feed = feed;
        _dialer = dialer;
        _options = options;
        _time = time;
        _progress = progress;
        _engine = new RtmpClientConnection(address.Target, new RtmpClientOptions { AcknowledgementWindowBytes = AcknowledgementWindowBytes });
        _stall = new StallWatch(options.StallTimeout);
    }

    private TimeSpan Now => _time.GetElapsedTime(0, _time.GetTimestamp());

    /// <summary>Runs until it ends. What it throws is a fault of ours.</summary>
    /// <param name="stopReason">Why it is stopped, when it is.</param>
    /// <param name="stopping">Ends it in good order.</param>
    public async Task<PushOutcome> RunAsync(Func<PushReason> stopReason, CancellationToken stopping)
    {
        try
        {
            _connection = await _dialer.ConnectAsync(_address, stopping);
        }
        catch (OutgoingException fault)
        {
            return new PushOutcome(PushOutcome.ReasonOf(fault.Failure), _address.Cleanse(fault.Message));
        }
        catch (OperationCanceledException)
        {
            return new PushOutcome(stopReason());
        }

        _connectedAt = Now;
        var reading = Task.CompletedTask;
        try
        {
            await using var giveUp = _giveUp = _time.CreateTimer(static state => ((IPushConnection)state!).Abort(), _connection, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            await using var stop = stopping.Register(() => End(new PushOutcome(stopReason())));
            await using var watch = _time.CreateTimer(_ => Watch(), null, WatchEvery, WatchEvery);
            lock (_engineLock)
            {
                _engine.Start();
            }

            reading = ReadAsync(_connection);
            await FlushAsync();
            await _decided.Task;
            await PublishAsync();
            await SayGoodbyeAsync(_connection);
        }
        catch (IOException)
        {
            End(new PushOutcome(_isPublishing ? PushReason.ClosedByTarget : PushReason.ClosedBeforePublish));
        }
        finally
        {
            End(new PushOutcome(PushReason.Fault));
            _connection.Abort();
            await reading;
            await _connection.DisposeAsync();
            _subscription?.Dispose();
        }

        return _outcome!;
    }

    /// <summary>Gives back all memory, once it has run.</summary>
    public void Dispose()
    {
        _engine.Dispose();
        _sendGate.Dispose();
    }

    // The first to say why it ends is believed. What waits is woken.
    private void End(PushOutcome outcome)
    {
        FeedSubscription? subscription;
        lock (_endLock)
        {
            if (_outcome is not null)
            {
                return;
            }

            _outcome = outcome;
            subscription = _subscription;
        }

        subscription?.Dispose();
        _decided.TrySetResult();
        if (outcome.IsEnd && !_progress.IsWedged)
        {
            _giveUp?.Change(LastWords, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _connection?.Abort();
        }
    }

    private async Task PublishAsync()
    {
        lock (_endLock)
        {
            if (_outcome is not null)
            {
                return;
            }

            _subscription = _feed.TrySubscribe(Queue);
        }

        if (_subscription is not { } subscription)
        {
            End(new PushOutcome(PushReason.LivestreamEnded));
            return;
        }

        var muxer = new PushMuxer(_engine, _progress.LastTime);
        TimeSpan? quietUntil = null;
        while (_outcome is null && await subscription.WaitToReadAsync(quietUntil))
        {
            while (_outcome is null && subscription.TryRead(out var item))
            {
                if (item.Kind is FeedItemKind.Ended)
                {
                    await FlushAsync();
                    End(new PushOutcome(PushReason.LivestreamEnded));
                    return;
                }

                if (Take(item, subscription, muxer, ref quietUntil) > MaxUnsentBytes)
                {
                    await FlushAsync();
                }
            }

            await FlushAsync();
            if (muxer.HasStarted)
            {
                _progress.PictureSent();
            }
        }
    }

    /// <returns>Bytes that wait to be sent.</returns>
    private int Take(FeedItem item, FeedSubscription subscription, PushMuxer muxer, ref TimeSpan? quietUntil)
    {
        try
        {
            lock (_engineLock)
            {
                if (_engine.State is not RtmpClientState.Publishing)
                {
                    return 0;
                }

                switch (item.Kind)
                {
                    case FeedItemKind.Tracks:
                        muxer.SetTracks(item.Tracks!);
                        quietUntil = null;
                        break;
                    case FeedItemKind.Discontinuity:
                        var dropped = subscription.DroppedFrames;
                        muxer.MarkDiscontinuity(dropped != _seenDropped);
                        _seenDropped = dropped;
                        quietUntil = null;
                        break;
                    case FeedItemKind.Frame:
                        muxer.Write(item.Frame!);
                        quietUntil = item.Frame!.DecodeTime.SinceStart + Gathering;
                        break;
                }

                if (muxer.RefusedCodec is { } codec)
                {
                    End(new PushOutcome(PushReason.CodecNotTaken, WordsOfRefusal(codec)));
                    return 0;
                }

                if (muxer.HasStarted)
                {
                    _progress.Sent(muxer.LastTime, muxer.TakeDroppedTime());
                }

                return _engine.Output.Length;
            }
        }
        finally
        {
            item.Frame?.Release();
        }
    }

    private async Task FlushAsync()
    {
        await _sendGate.WaitAsync();
        await SendAllAsync();
    }

    // Whoever holds the gate sends what others have left; what it just misses goes with the next look at the watch.
    private async Task TryFlushAsync()
    {
        if (await _sendGate.WaitAsync(TimeSpan.Zero))
        {
            await SendAllAsync();
        }
    }

    private async Task SendAllAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(SendBytes);
        try
        {
            while (true)
            {
                int count;
                lock (_engineLock)
                {
                    count = _engine.TakeOutput(buffer);
                }

                if (count == 0)
                {
                    return;
                }

                Interlocked.Exchange(ref _sendingSinceTicks, Now.Ticks);
                await _connection!.SendAsync(buffer.AsMemory(0, count));
                Interlocked.Exchange(ref _sendingSinceTicks, -1);
                _progress.AddBytes(count);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _sendGate.Release();
        }
    }

    private async Task ReadAsync(IPushConnection connection)
    {
        var buffer = new byte[ReceiveBytes];
        try
        {
            while (await connection.ReceiveAsync(buffer) is > 0 and var count)
            {
                Read(buffer.AsSpan(0, count));
                if (_isPublishing)
                {
                    await TryFlushAsync();
                }
                else
                {
                    await FlushAsync();
                }
            }
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            // As good as closed.
        }

        _closedByTarget.TrySetResult();
        End(new PushOutcome(_isPublishing ? PushReason.ClosedByTarget : PushReason.ClosedBeforePublish));
    }

    private void Read(ReadOnlySpan<byte> bytes)
    {
        PushOutcome? outcome = null;
        lock (_engineLock)
        {
            while (true)
            {
                bytes = bytes[_engine.Read(bytes, out var happened)..];
                if (happened.Kind is RtmpClientEventKind.None)
                {
                    break;
                }

                if (happened.Kind is RtmpClientEventKind.ReconnectRequested)
                {
                    outcome ??= new PushOutcome(PushReason.ReconnectRequested, _address.Cleanse(happened.Status?.Description));
                }
            }

            if (_engine.State is RtmpClientState.Publishing && !_isPublishing)
            {
                _isPublishing = true;
                _progress.Published();
                _decided.TrySetResult();
            }
            else if (_engine.State is RtmpClientState.Rejected)
            {
                var said = _engine.Rejection!;
                outcome ??= new PushOutcome(PushOutcome.ReasonOf(_engine.Refusal), _address.Cleanse($"{said.Code} {said.Description}"));
            }
            else if (_engine.State is RtmpClientState.Faulted)
            {
                outcome ??= new PushOutcome(PushReason.ProtocolBroken, $"{_engine.Fault}");
            }
        }

        if (outcome is not null)
        {
            End(outcome);
        }
    }

    private void Watch()
    {
        if (_outcome is not null)
        {
            return;
        }

        var now = Now;
        Stall stall;
        lock (_engineLock)
        {
            var sending = Interlocked.Read(ref _sendingSinceTicks);
            stall = _stall.Look(
                now,
                sending < 0 ? null : TimeSpan.FromTicks(sending),
                _engine.Acknowledgements,
                _engine.UnacknowledgedBytes,
                Math.Max(AcknowledgementWindowBytes, _engine.LargestAcknowledgementStep));
        }

        if (stall is Stall.GivenUp)
        {
            End(new PushOutcome(PushReason.Wedged));
        }
        else if (!_isPublishing && now - _connectedAt >= _options.PublishTimeout)
        {
            End(new PushOutcome(PushReason.PublishTimedOut));
        }
        else if (_isPublishing)
        {
            _progress.SetWedged(stall is Stall.Wedged);
            _ = FlushUnlessBrokenAsync();
        }
    }

    private string WordsOfRefusal(Codec codec) => _engine.ListsCodecs
        ? $"The target does not list {codec} among the codecs it takes, and nothing is transcoded."
        : $"The target lists no codecs in its answer to connect, so that it gets H264 and Aac alone; the livestream has {codec}, and nothing is transcoded.";

    private async Task FlushUnlessBrokenAsync()
    {
        try
        {
            await TryFlushAsync();
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            // The reading side sees it, too.
        }
    }

    // FCUnpublish and deleteStream, so that the target need not wait for us to come back.
    private async Task SayGoodbyeAsync(IPushConnection connection)
    {
        if (_outcome is not { IsEnd: true } || !_isPublishing)
        {
            return;
        }

        lock (_engineLock)
        {
            _engine.Unpublish();
        }

        try
        {
            await FlushAsync();
            await connection.ShutdownAsync();

            // The reading side ends when the target closes.
            await _closedByTarget.Task;
        }
        catch (IOException)
        {
            // It has had its chance.
        }
    }
}
