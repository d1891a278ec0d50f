using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Roomcast.Accounts;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>One livestream that somebody publishes to, or did a short while ago.</summary>
/// <remarks>
/// One loop owns its state; others post to its inbox. Media does not pass through the loop: it goes from the publisher's
/// connection into the feed and from there to the packager. The loop also looks around every half second, so that an
/// input lost to a full inbox is noticed all the same.
/// </remarks>
internal sealed class OnAirLivestream
{
    private const int InboxCapacity = 256;

    // The database itself is patient for some seconds each time.
    private const int AttemptsWhenStopping = 5;

    private static readonly TimeSpan LookAround = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan FirstStoreWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestStoreWait = TimeSpan.FromSeconds(10);

    private readonly Channel<Input> _inbox = Channel.CreateBounded<Input>(
        new BoundedChannelOptions(InboxCapacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly LivestreamOptions _options;
    private readonly OnAirSettings _settings;
    private readonly ObservedLivestream _observed;
    private readonly LivestreamLifecycle _lifecycle;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    private FeedIngestPublisher? _publisher;
    private Airing? _airing;
    private StoredAiring[] _unstored = [];
    private TimeSpan _storeWait;
    private TimeSpan? _storeAgainAt;
    private TimeSpan? _offAirSince;
    private bool _isStopping;
    private bool _isRetired;
    private int _state;

    public OnAirLivestream(Livestream livestream, PlaybackAccess access, OnAirSettings settings)
    {
        Id = livestream.Id;
        AppId = livestream.AppId;
        _observed = new ObservedLivestream(livestream.Id, livestream.AppId, livestream.MeetingId);
        Access = access;
        Name = livestream.Name;
        _settings = settings;
        _options = settings.Options;
        _time = settings.Time;
        _logger = settings.Logger;
        _lifecycle = new LivestreamLifecycle(_options.IngestGrace);
        _offAirSince = Now;
    }

    private abstract record Input
    {
        /// <summary>Answers whoever waits for this input when it cannot be handled.</summary>
        public virtual void GiveUp()
        {
        }
    }

    private sealed record Admit(IngestRequest Request, TaskCompletionSource<IngestAdmission?> Answer) : Input
    {
        public override void GiveUp() => Answer.TrySetResult(null);
    }

    private sealed record PublisherClosed(FeedIngestPublisher Publisher, IngestEndReason Reason) : Input;

    private sealed record Playable(Airing Airing) : Input;

    private sealed record PackagerFailed(Airing Airing, Exception Fault) : Input;

    private sealed record Fail(string Error, TaskCompletionSource Answer) : Input
    {
        public override void GiveUp() => Answer.TrySetResult();
    }

    private sealed record Stop(IngestEndReason Reason, TaskCompletionSource Answer) : Input
    {
        public override void GiveUp() => Answer.TrySetResult();
    }

    private sealed record Tick : Input;

    public LivestreamId Id { get; }

    public AppId AppId { get; }

    /// <summary>The name as last known, for the page that shows it.</summary>
    public string? Name { get; set; }

    /// <summary>Who may play it, as last known.</summary>
    public PlaybackAccess Access { get; set; }

    /// <summary>Where it stands; read by anyone, written by the loop.</summary>
    public LivestreamState State => (LivestreamState)Volatile.Read(ref _state);

    /// <summary>What players are served, while there is something to play and for a while after the end.</summary>
    public Airing? Airing => Volatile.Read(ref _airing);

    /// <summary>The publisher, while there is one.</summary>
    public FeedIngestPublisher? Publisher => Volatile.Read(ref _publisher);

    private TimeSpan Now => _time.GetElapsedTime(0, _time.GetTimestamp());

    /// <summary>Figures of its session on air, and of those whose end is not stored so far.</summary>
    public IEnumerable<LivestreamFigures> FiguresToStore() =>
        Volatile.Read(ref _unstored).Select(airing => airing.FiguresToStore()).OfType<LivestreamFigures>();

    /// <summary>Asks to publish. Null when this livestream has just been retired: ask a new one.</summary>
    public async Task<IngestAdmission?> TryAdmitAsync(IngestRequest request, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<IngestAdmission?>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _inbox.Writer.WriteAsync(new Admit(request, answer), cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return null;
        }

        try
        {
            return await answer.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Whoever asked has gone. Should the answer be yes, nobody is there to send media.
            _ = answer.Task.ContinueWith(
                static late => late.GetAwaiter().GetResult()?.Publisher?.Close(IngestEndReason.ConnectionClosed),
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion,
                TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>Ends it: the publisher is told why, the session is closed, viewers read the end. Returns when that is done.</summary>
    public Task StopAsync(IngestEndReason reason, CancellationToken cancellationToken) =>
        AskToEndAsync(answer => new Stop(reason, answer), cancellationToken);

    /// <summary>Ends it because of a fault, which its session keeps. Returns when that is done.</summary>
    public Task FailAsync(string error, CancellationToken cancellationToken) =>
        AskToEndAsync(answer => new Fail(error, answer), cancellationToken);

    private async Task AskToEndAsync(Func<TaskCompletionSource, Input> input, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            // Asked for good: whoever hangs up stops waiting for it, and it is done all the same.
            await _inbox.Writer.WriteAsync(input(answer), CancellationToken.None);
        }
        catch (ChannelClosedException)
        {
            return;
        }

        await answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Runs the loop until nothing is left to do. The caller forgets the livestream then.</summary>
    public async Task RunAsync()
    {
        using var timer = _time.CreateTimer(_ => _inbox.Writer.TryWrite(new Tick()), null, LookAround, LookAround);
        while (await _inbox.Reader.WaitToReadAsync())
        {
            while (_inbox.Reader.TryRead(out var input))
            {
                try
                {
                    await HandleAsync(input);
                }
                catch
                {
                    Refuse(input);
                    throw;
                }
            }
        }
    }

    /// <summary>
    /// Lets go of everything after the loop has failed, and returns when what is to be stored of it is stored. Until then nobody
    /// begins afresh: what came later would be stored first.
    /// </summary>
    public async Task AbandonAsync()
    {
        try
        {
            Volatile.Write(ref _state, (int)LivestreamState.OffAir);
            _publisher?.End(IngestEndReason.Stopped);
            Volatile.Write(ref _publisher, null);
            if (Airing is { } airing)
            {
                Volatile.Write(ref _airing, null);
                const string Error = "The server failed while the livestream was on air.";
                var wasOnAir = !airing.IsOver;
                await airing.EndAsync(Error);
                foreach (var observer in wasOnAir ? _settings.Observers : [])
                {
                    observer.WentOffAir(_observed, Error);
                }

                await airing.DisposeAsync();
            }

            while (!_isStopping && !await StoreAsync())
            {
                await RefuseUntilStoreAgainAsync();
            }
        }
        finally
        {
            _inbox.Writer.TryComplete();
            while (_inbox.Reader.TryRead(out var input))
            {
                input.GiveUp();
            }
        }
    }

    private async Task RefuseUntilStoreAgainAsync()
    {
        using var wait = new CancellationTokenSource(_storeWait, _time);
        try
        {
            while (!_isStopping && await _inbox.Reader.WaitToReadAsync(wait.Token))
            {
                while (_inbox.Reader.TryRead(out var input))
                {
                    _isStopping |= input is Stop { Reason: IngestEndReason.ServerStopping };
                    Refuse(input);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It is time to try again.
        }
    }

    // Answers an input that is not handled. Who asks to publish is sent to a new livestream only when this one has nothing to store.
    private void Refuse(Input input)
    {
        if (input is Admit admit && _unstored.Length > 0)
        {
            admit.Answer.TrySetResult(new IngestAdmission(null, IngestRefusal.Unavailable));
        }

        input.GiveUp();
    }

    private async Task HandleAsync(Input input)
    {
        switch (input)
        {
            case Admit admit when _isRetired:
                admit.GiveUp();
                break;
            case Admit admit:
                admit.Answer.TrySetResult(await AdmitAsync(admit.Request));
                break;
            case PublisherClosed closed when closed.Publisher == _publisher:
                await PublisherLeftAsync(closed.Reason);
                break;
            case Playable playable when playable.Airing == _airing:
                await BecamePlayableAsync(playable.Airing);
                break;
            case PackagerFailed failed when failed.Airing == _airing:
                LivestreamLog.PackagingFailed(_logger, failed.Fault, Id);
                await EndAsync(LivestreamInput.Failed, IngestEndReason.Stopped, "The server could not package the media.");
                break;
            case Fail fail:
                await EndAsync(LivestreamInput.Failed, IngestEndReason.Stopped, fail.Error);
                fail.Answer.TrySetResult();
                break;
            case Stop stop:
                await EndAsync(LivestreamInput.Stopped, stop.Reason, error: null);
                if (stop.Reason is IngestEndReason.ServerStopping)
                {
                    _isStopping = true;
                    await StoreLastAsync();
                }

                stop.Answer.TrySetResult();
                break;
            case Tick:
                await LookAroundAsync();
                break;
        }
    }

    private async Task<IngestAdmission> AdmitAsync(IngestRequest request)
    {
        if (_isStopping)
        {
            return new IngestAdmission(null, IngestRefusal.Unavailable);
        }

        if (_publisher is { } present)
        {
            if (!present.IsClosed && present.SilentFor < _options.TakeoverSilence)
            {
                return new IngestAdmission(null, IngestRefusal.AlreadyPublishing);
            }

            var reason = present.IsClosed ? IngestEndReason.ConnectionClosed : IngestEndReason.TakenOver;
            present.End(reason);
            await PublisherLeftAsync(reason);
        }

        var airing = _airing;
        if (airing is null || airing.IsOver)
        {
            if (airing is not null)
            {
                await airing.DisposeAsync();
            }

            airing = new Airing(_observed, _settings, OnPlayable, OnPackagerFailed);
            Volatile.Write(ref _airing, airing);
        }

        var feedPublisher = airing.Feed.TryBeginPublish()
            ?? throw new InvalidOperationException("The feed has a publisher that the livestream does not know.");
        var publisher = new FeedIngestPublisher(Id, request, _time, airing.Clock, feedPublisher, OnPublisherClosed);
        Volatile.Write(ref _publisher, publisher);
        Move(LivestreamInput.PublisherCame);
        airing.AddPublisher(publisher);
        LivestreamLog.PublisherCame(_logger, Id, request.Protocol, request.RemoteAddress, request.Encoder);
        return new IngestAdmission(publisher, null);
    }

    private async Task PublisherLeftAsync(IngestEndReason reason)
    {
        var publisher = _publisher!;
        Volatile.Write(ref _publisher, null);
        LivestreamLog.PublisherLeft(_logger, Id, reason, publisher.IngestTime.TotalSeconds);
        Move(LivestreamInput.PublisherLeft);
        if (State is LivestreamState.OffAir && _airing is { } airing)
        {
            // Nothing was ever playable: nobody watched, and there is no session to close.
            await airing.EndAsync(error: null);
            await airing.DisposeAsync();
            Volatile.Write(ref _airing, null);
        }
    }

    private async Task BecamePlayableAsync(Airing airing)
    {
        if (Move(LivestreamInput.BecamePlayable) is null)
        {
            return;
        }

        LivestreamLog.WentLive(_logger, Id, _publisher?.Request.Protocol ?? "none", string.Join(", ", airing.Feed.Tracks));
        _settings.Feeds.Add(Id, airing.Feed);
        Volatile.Write(ref _unstored, [.. _unstored, airing.BeginStored()]);
        await StoreAsync();
        foreach (var observer in _settings.Observers)
        {
            observer.WentLive(_observed);
        }
    }

    private async Task LookAroundAsync()
    {
        if (_publisher is { IsClosed: true })
        {
            await PublisherLeftAsync(IngestEndReason.ConnectionClosed);
        }

        if (_airing is { } airing)
        {
            if (airing.Fault is { } fault && State is not LivestreamState.OffAir)
            {
                await HandleAsync(new PackagerFailed(airing, fault));
                return;
            }

            if (airing.IsPlayable && State is LivestreamState.Starting)
            {
                await BecamePlayableAsync(airing);
            }

            if (_lifecycle.Deadline is { } deadline && Now >= deadline)
            {
                await EndAsync(LivestreamInput.DeadlineReached, IngestEndReason.Stopped, error: null);
            }
        }

        if (_storeAgainAt is { } storeAgainAt && Now >= storeAgainAt)
        {
            await StoreAsync();
        }

        if (State is LivestreamState.OffAir && _publisher is null && Now - _offAirSince >= _options.EndedLinger)
        {
            await LetGoAsync();
        }
    }

    // What is to be stored stays until it is, and what is served goes without waiting for that.
    private async Task LetGoAsync()
    {
        if (_airing is { } airing)
        {
            Volatile.Write(ref _airing, null);
            await airing.DisposeAsync();
        }

        if (_unstored.Length == 0)
        {
            // Whoever asks to publish from now on is told to ask a new one.
            _isRetired = true;
            _inbox.Writer.TryComplete();
        }
    }

    // Stores what is not stored so far, in the order in which it happened. False when the store failed: it is tried again after
    // a wait, which grows.
    private async Task<bool> StoreAsync()
    {
        foreach (var airing in _unstored)
        {
            if (!await airing.TryStoreAsync())
            {
                _storeWait = TimeSpan.FromTicks(Math.Clamp(_storeWait.Ticks * 2, FirstStoreWait.Ticks, LongestStoreWait.Ticks));
                _storeAgainAt = Now + _storeWait;
                return false;
            }

            if (airing.IsClosed)
            {
                Volatile.Write(ref _unstored, [.. _unstored.Where(other => other != airing)]);
            }
        }

        _storeWait = TimeSpan.Zero;
        _storeAgainAt = null;
        return true;
    }

    // The server stops: what it cannot store now, its next start closes as left open.
    private async Task StoreLastAsync()
    {
        for (var attempt = 1; _storeAgainAt is not null && attempt < AttemptsWhenStopping; attempt++)
        {
            await Task.Delay(FirstStoreWait, _time);
            await StoreAsync();
        }

        if (_unstored.Length > 0)
        {
            LivestreamLog.LeftOpen(_logger, Id);
            Volatile.Write(ref _unstored, []);
            _storeAgainAt = null;
        }
    }

    private async Task EndAsync(LivestreamInput cause, IngestEndReason reason, string? error)
    {
        if (_publisher is { } publisher)
        {
            Volatile.Write(ref _publisher, null);
            publisher.End(reason);
            LivestreamLog.PublisherLeft(_logger, Id, reason, publisher.IngestTime.TotalSeconds);
        }

        var hadSession = _lifecycle.HasSession;
        if (Move(cause) is null || _airing is not { } airing)
        {
            return;
        }

        await airing.EndAsync(error);
        if (hadSession)
        {
            await StoreAsync();
            LivestreamLog.WentOffAir(_logger, Id, cause, airing.IngestTime.TotalSeconds, airing.ViewerTime.TotalSeconds);
            foreach (var observer in _settings.Observers)
            {
                observer.WentOffAir(_observed, error);
            }
        }
    }

    private LivestreamTransition? Move(LivestreamInput input)
    {
        var move = _lifecycle.Apply(input, Now);
        if (move is { } made)
        {
            Volatile.Write(ref _state, (int)made.To);
            _offAirSince = made.To is LivestreamState.OffAir ? Now : null;
        }

        return move;
    }

    private void OnPublisherClosed(FeedIngestPublisher publisher, IngestEndReason reason) =>
        _inbox.Writer.TryWrite(new PublisherClosed(publisher, reason));

    private void OnPlayable(Airing airing) => _inbox.Writer.TryWrite(new Playable(airing));

    private void OnPackagerFailed(Airing airing, Exception fault) => _inbox.Writer.TryWrite(new PackagerFailed(airing, fault));
}
