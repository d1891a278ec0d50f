using System.Runtime.ExceptionServices;
using Roomcast.Client.Wire;
using Roomcast.Media;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;
using Roomcast.Rtc.Clients;

namespace Roomcast.Client.Media;

/// <summary>A track of our own: takes frames from its source in time, and sends them while it is enabled.</summary>
internal sealed class LocalTrack(TrackKind kind, bool isScreenShare, IFrameSource source, MeetingLink link) : IAsyncDisposable
{
    private static readonly TimeSpan MaxLate = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxSkipping = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LayerAgain = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ActivityInterval = TimeSpan.FromMilliseconds(400);

    private readonly Lock _lock = new();
    private CancellationTokenSource? _running;
    private Task _run = Task.CompletedTask;
    private volatile IFrameSource _source = source;

    // Of a source that stands for itself; of all its encodings, so that their pictures keep together.
    private volatile MediaTimeline _own = new();

    public TrackKind Kind => kind;

    public bool IsScreenShare => isScreenShare;

    /// <summary>What frames are taken from; another one takes over with the next frame.</summary>
    public IFrameSource Source
    {
        get => _source;
        set
        {
            _own = new MediaTimeline();
            _source = value;
        }
    }

    /// <summary>Whether it is to be sent where that can be: on stage.</summary>
    public bool IsWanted { get; set; }

    /// <summary>Its id at the server; null while it is not published.</summary>
    public string? ProducerId { get; set; }

    public SendingTrack? Sending { get; set; }

    public TransportPump? Pump { get; set; }

    /// <summary>Frames that were sent; of several encodings those of the best.</summary>
    public long Frames { get; private set; }

    /// <summary>Begins to send, or goes on.</summary>
    /// <param name="onEnded">Called when the source has no more frames.</param>
    public void Start(Action onEnded)
    {
        lock (_lock)
        {
            if (_running is null || _run.IsCompleted)
            {
                _running = new CancellationTokenSource();
                _run = RunAsync(_run, onEnded, _running.Token);
            }
        }
    }

    /// <summary>Stops sending; the source stays where it is.</summary>
    public async Task StopAsync()
    {
        CancellationTokenSource running;
        Task run;
        lock (_lock)
        {
            if (_running is null)
            {
                return;
            }

            (running, run) = (_running, _run);
            _running = null;
        }

        await running.CancelAsync().ConfigureAwait(false);
        await run.ConfigureAwait(false);
        running.Dispose();
    }

    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    // What frames of an encoding are taken from; null when what is sent now has no such encoding.
    private IFrameSource? SourceOf(int encoding) =>
        Source is not SimulcastVideoSource several ? encoding == 0 ? Source : null
            : encoding < several.Layers.Count ? several.Layers[encoding].Source : null;

    private async Task RunAsync(Task before, Action onEnded, CancellationToken cancellationToken)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // A source is read by one at a time.
        _own = new MediaTimeline(); // Whatever its times are after a rest.
        var encodings = Sending?.Encodings.Count ?? 1;
        await Task.WhenAll(Enumerable.Range(0, encodings).Select(encoding => RunAsync(encoding, onEnded, cancellationToken))).ConfigureAwait(false);
    }

    private async Task RunAsync(int encoding, Action onEnded, CancellationToken cancellationToken)
    {
        var time = link.Time;
        MediaTimeline? timeline = null;
        long? activityAt = null;
        long? skippingSince = null;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                if (SourceOf(encoding) is not { } source)
                {
                    await Task.Delay(LayerAgain, time, cancellationToken).ConfigureAwait(false);
                    continue;
                }

                var isOther = (source.Timeline ?? _own) != timeline;
                if (isOther)
                {
                    timeline?.Leave();
                    timeline = source.Timeline ?? _own;
                    timeline.Enter();
                }

                var isKeyframeWanted = kind is TrackKind.Video && (EncodingOf(encoding)?.TakeKeyframeRequest() == true || skippingSince is not null);
                if (await source.ReadAsync(isKeyframeWanted, cancellationToken).ConfigureAwait(false) is not { } frame)
                {
                    // A source may answer so to being stopped, which is not its end.
                    if (encoding == 0 && !cancellationToken.IsCancellationRequested)
                    {
                        onEnded();
                    }

                    return;
                }

                var wait = timeline!.UntilDue(frame.Time, time);
                if (isOther && -wait > MaxLate)
                {
                    skippingSince = time.GetTimestamp(); // The others on the timeline are ahead.
                }

                if (skippingSince is { } since)
                {
                    var isThere = wait >= TimeSpan.Zero && (kind is TrackKind.Audio || frame.IsKeyframe);
                    if (!isThere && time.GetElapsedTime(since) < MaxSkipping)
                    {
                        continue;
                    }

                    skippingSince = null;
                }

                if (wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    timeline.PutOff(frame.Time, MaxLate, time);
                }

                timeline.Reach(frame.Time);
                if (Pump is { } pump && EncodingOf(encoding) is { } track && frame.Data.Length > 0)
                {
                    // The frame's own time, on the line of the transport's clock.
                    var sampledAt = pump.Now + timeline.UntilDue(frame.Time, time);
                    var isSent = pump.Send(
                        track, frame.Data.Span, sampledAt > TimeSpan.Zero ? sampledAt : TimeSpan.Zero, frame.AudioLevel, frame.RotationDegrees);
                    Frames += isSent && encoding == 0 ? 1 : 0;
                }

                if (frame.AudioLevel is { } level && ProducerId is { } id && (activityAt is not { } last || time.GetElapsedTime(last) >= ActivityInterval))
                {
                    activityAt = time.GetTimestamp();
                    await TellActivityAsync(id, level, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopped.
        }
        catch (Exception fault)
        {
            // The application's source. It ends the track, and is told where handlers that fail are told.
            link.Raise(() => ExceptionDispatchInfo.Throw(fault));
            if (encoding == 0 && !cancellationToken.IsCancellationRequested)
            {
                onEnded();
            }
        }
        finally
        {
            timeline?.Leave();
        }
    }

    private SendingTrack? EncodingOf(int encoding) => Sending is { } sending && encoding < sending.Encodings.Count ? sending.Encodings[encoding] : null;

    private async Task TellActivityAsync(string producerId, byte level, CancellationToken cancellationToken)
    {
        var energy = Math.Clamp(10 - (level / 6), 0, 10);
        if (energy == 0)
        {
            return;
        }

        try
        {
            await link.TellAsync(
                SocketEvent.AudioActivity, new AudioActivityRequest { ProducerId = producerId, Energy = energy, Silent = energy < 5 }, cancellationToken).ConfigureAwait(false);
        }
        catch (RealtimeKitException)
        {
            // The socket is gone for the moment; sound flows without it.
        }
    }
}
