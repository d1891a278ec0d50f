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

    private static readonly TimeSpan LookAround = TimeSpan.FromMilliseconds(500);

    private readonly Channel<Input> _inbox = Channel.CreateBounded<Input>(
        new BoundedChannelOptions(InboxCapacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly LivestreamOptions _options;
    private readonly OnAirSettings _settings;
    private readonly LivestreamLifecycle _lifecycle;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    private FeedIngestPublisher? _publisher;
    private Airing? _airing;
    private TimeSpan? _offAirSince;
    private bool _isStopping;
    private bool _isRetired;
    private int _state;

    public OnAirLivestream(Livestream livestream, PlaybackAccess access, OnAirSettings settings)
    {
        Id = livestream.Id;
        AppId = livestream.AppId;
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
    public async Task StopAsync(IngestEndReason reason, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            // Asked for good: whoever hangs up stops waiting for it, and it is done all the same.
            await _inbox.Writer.WriteAsync(new Stop(reason, answer), CancellationToken.None);
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
                    input.GiveUp();
                    throw;
                }
            }
        }

        if (Airing is { } last)
        {
            await last.DisposeAsync();
            Volatile.Write(ref _airing, null);
        }
    }

    /// <summary>Lets go of everything after the loop has failed.</summary>
    public async Task AbandonAsync()
    {
        _inbox.Writer.TryComplete();
        Volatile.Write(ref _state, (int)LivestreamState.OffAir);
        _publisher?.End(IngestEndReason.Stopped);
        while (_inbox.Reader.TryRead(out var input))
        {
            input.GiveUp();
        }

        if (Airing is { } airing)
        {
            Volatile.Write(ref _airing, null);
            await airing.EndAsync();
            await airing.CloseSessionAsync("The server failed while the livestream was on air.");
            await airing.DisposeAsync();
        }
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
            case Stop stop:
                _isStopping |= stop.Reason is IngestEndReason.ServerStopping;
                await EndAsync(LivestreamInput.Stopped, stop.Reason, error: null);
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

            airing = new Airing(Id, _settings, OnPlayable, OnPackagerFailed);
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
            await airing.EndAsync();
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
        await airing.OpenSessionAsync();
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
            else if (_lifecycle.HasSession)
            {
                await airing.OpenSessionAsync();
            }
        }

        if (State is LivestreamState.OffAir && _publisher is null && Now - _offAirSince >= _options.EndedLinger)
        {
            // Whoever asks to publish from now on is told to ask a new one.
            _isRetired = true;
            _inbox.Writer.TryComplete();
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

        await airing.EndAsync();
        if (hadSession)
        {
            await airing.CloseSessionAsync(error);
            LivestreamLog.WentOffAir(_logger, Id, cause, airing.IngestTime.TotalSeconds, airing.ViewerTime.TotalSeconds);
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
