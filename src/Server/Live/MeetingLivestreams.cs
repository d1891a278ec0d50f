using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Roomcast.Accounts;
using Roomcast.Egress.Composition;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Meetings;
using Roomcast.Livestreams.Records;
using Roomcast.Meetings;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Storage;

namespace Roomcast.Server.Live;

/// <summary>
/// Meetings that are live: starts and stops their livestreams, hands them the composed picture, and tells the peers. Meetings,
/// livestreams and compositions know nothing of each other; what one is to do because of another is decided here.
/// </summary>
/// <remarks>
/// What is asked of one meeting is done one thing after the other. At a restart of the server a livestream whose session goes on
/// goes on too, at the same address and as it was asked for. One that is to begin by itself and cannot just then, since the machine
/// is busy or the database away, is tried again, for as long as players may have to wait for a first picture.
/// </remarks>
internal sealed class MeetingLivestreams(
    LiveNews news,
    LivestreamDirectory livestreams,
    IActiveSessions sessions,
    ICompositions compositions,
    SceneOverlays looks,
    PublicAddresses addresses,
    IOptions<MeetingLivestreamOptions> options,
    TimeProvider time,
    ILogger<MeetingLivestreams> logger) : BackgroundService, IMeetingLivestreams
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // The contract's own bound on how long a composer may take until something can be played.
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<MeetingId, MeetingProgram> _programs = new();
    private readonly ConcurrentDictionary<MeetingId, Postponed> _postponed = new();
    private readonly ConcurrentDictionary<MeetingId, int> _onStage = new();
    private readonly ConcurrentDictionary<MeetingId, byte> _lookedAt = new();
    private readonly MeetingGates _gates = new();

    private TimeSpan Now => time.GetElapsedTime(0, time.GetTimestamp());

    public async Task<Livestream> StartAsync(
        AppId appId, Guid meetingId, MeetingLivestreamRequest request, CancellationToken cancellationToken)
    {
        var id = new MeetingId(meetingId);
        using var gate = await _gates.EnterAsync(id, cancellationToken);
        _postponed.TryRemove(id, out _);
        var sessionId = sessions.Find(id)
            ?? throw new MeetingLivestreamException(MeetingLivestreamRefusal.NoSession, "Nobody is in the meeting.");
        if (await livestreams.FindOfMeetingAsync(appId, meetingId, cancellationToken) is { } earlier)
        {
            if (IsActive(earlier))
            {
                throw new MeetingLivestreamException(MeetingLivestreamRefusal.AlreadyActive, "A livestream of the meeting is active.");
            }

            // One whose encoder went away: it must not come back beside the new one.
            await EndAsync(id, earlier, "another one begins", cancellationToken);
        }

        return await BeginAsync(appId, id, sessionId, request, earlier: null, cancellationToken);
    }

    public async Task<Livestream?> FindActiveAsync(AppId appId, Guid meetingId, CancellationToken cancellationToken) =>
        await livestreams.FindOfMeetingAsync(appId, meetingId, cancellationToken) is { } livestream && IsActive(livestream) ? livestream : null;

    public async Task<bool> StopAsync(AppId appId, Guid meetingId, CancellationToken cancellationToken)
    {
        var id = new MeetingId(meetingId);
        using var gate = await _gates.EnterAsync(id, cancellationToken);
        _postponed.TryRemove(id, out _);
        if (await FindActiveAsync(appId, meetingId, cancellationToken) is not { } livestream)
        {
            return false;
        }

        await EndAsync(id, livestream, "it was asked for", cancellationToken);
        return true;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        foreach (var program in _programs.Values)
        {
            await program.DisposeAsync();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        var tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
        var item = news.Items.WaitToReadAsync(stoppingToken).AsTask();
        try
        {
            while (true)
            {
                await Task.WhenAny(tick, item);
                while (news.Items.TryRead(out var told))
                {
                    // Not waited for: a meeting whose worker is slow to start must not hold up the others. What happened to one
                    // meeting stays in order, since each enters its gate before the next is taken.
                    _ = HandleAsync(told, stoppingToken);
                }

                if (item.IsCompleted)
                {
                    await item;
                    item = news.Items.WaitToReadAsync(stoppingToken).AsTask();
                }

                if (tick.IsCompleted)
                {
                    await tick;
                    LookAround(stoppingToken);
                    tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops; livestreams are ended by themselves.
        }
    }

    private static SceneLook? LookOf(MeetingLivestreamRequest request)
    {
        var look = new SceneLook
        {
            Layout = LayoutOf(request.Layout),
            BackgroundRgb = request.BackgroundRgb,
            BackgroundAddress = request.BackgroundAddress,
            WatermarkAddress = request.Watermark?.Address,
            WatermarkPlace = request.Watermark is { } mark ? (CornerOf(mark.Corner), mark.Width, mark.Height) : default,
        };
        return look == new SceneLook() ? null : look;
    }

    private static SceneCorner CornerOf(LivestreamCorner wanted) => wanted switch
    {
        LivestreamCorner.LeftTop => SceneCorner.LeftTop,
        LivestreamCorner.RightTop => SceneCorner.RightTop,
        LivestreamCorner.LeftBottom => SceneCorner.LeftBottom,
        LivestreamCorner.RightBottom => SceneCorner.RightBottom,
        _ => throw new ArgumentOutOfRangeException(nameof(wanted)),
    };

    private static SceneLayout? LayoutOf(LivestreamLayout? wanted) => wanted switch
    {
        null => null,
        LivestreamLayout.Automatic => SceneLayout.Automatic,
        LivestreamLayout.Grid => SceneLayout.Grid,
        LivestreamLayout.Speaker => SceneLayout.Speaker,
        LivestreamLayout.Spotlight => SceneLayout.Spotlight,
        LivestreamLayout.ScreenShare => SceneLayout.ScreenShare,
        LivestreamLayout.Single => SceneLayout.Single,
        _ => throw new ArgumentOutOfRangeException(nameof(wanted)),
    };

    private static bool IsActive(Livestream livestream) => livestream.Status is LivestreamStatus.Invoked or LivestreamStatus.Live;

    private async Task HandleAsync(LiveNewsItem item, CancellationToken cancellationToken)
    {
        var meetingId = item switch
        {
            SessionBegan began => began.Meeting.Id,
            StageCounted counted => counted.MeetingId,
            SessionEnded ended => ended.MeetingId,
            LivestreamLive { Livestream.MeetingId: { } id } => new MeetingId(id),
            LivestreamOff { Livestream.MeetingId: { } id } => new MeetingId(id),
            _ => default,
        };
        if (meetingId == default)
        {
            return;
        }

        try
        {
            using var gate = await _gates.EnterAsync(meetingId, cancellationToken);
            await HandleAsync(meetingId, item, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops; livestreams are ended by themselves.
        }
        catch (Exception fault)
        {
            LiveLog.NewsFailed(logger, fault, item.GetType().Name, meetingId.ToString());
        }
    }

    private async Task HandleAsync(MeetingId meetingId, LiveNewsItem item, CancellationToken cancellationToken)
    {
        var program = _programs.GetValueOrDefault(meetingId);
        switch (item)
        {
            case SessionBegan began:
                await TryBeginAsync(began, Now + LongestStart, cancellationToken);
                break;
            case StageCounted counted:
                _onStage[meetingId] = counted.OnStage;
                if (program is not null)
                {
                    program.EmptySince = counted.OnStage > 0 ? null : program.EmptySince ?? Now;
                }

                break;
            case SessionEnded ended:
                _onStage.TryRemove(meetingId, out _);
                _postponed.TryRemove(meetingId, out _);
                if (program is not null && program.SessionId == ended.SessionId)
                {
                    await EndAsync(meetingId, program.Livestream, "the session has ended", cancellationToken);
                }

                break;
            case LivestreamLive live:
                if (program is not null && program.Livestream.Id == live.Livestream.Id)
                {
                    program.HasBeenLive = true;
                }

                await TellAsync(live.Livestream.AppId, live.Livestream.Id, meetingId, facts => new LivestreamStarted(facts));
                break;
            case LivestreamOff { Error: { } error } off:
                await TellAsync(off.Livestream.AppId, off.Livestream.Id, meetingId, facts => new LivestreamFailed(facts, error));
                break;
            case LivestreamOff off:
                await TellAsync(off.Livestream.AppId, off.Livestream.Id, meetingId, facts => new LivestreamStopped(facts));
                break;
        }
    }

    private async Task TryBeginAsync(SessionBegan began, TimeSpan giveUpAt, CancellationToken cancellationToken)
    {
        try
        {
            await OnBeganAsync(began, giveUpAt, cancellationToken);
        }
        catch (StorageException fault)
        {
            Postpone(began, giveUpAt, fault);
        }
    }

    private async Task OnBeganAsync(SessionBegan began, TimeSpan giveUpAt, CancellationToken cancellationToken)
    {
        var meeting = began.Meeting;
        var earlier = await livestreams.FindOfMeetingAsync(meeting.AppId, meeting.Id.Value, cancellationToken);
        if (earlier is not null && earlier.CreatedAt < began.StartedAt)
        {
            // Of an earlier session, whose end a crash has hidden.
            await EndAsync(meeting.Id, earlier, "its session has ended", cancellationToken);
            earlier = null;
        }

        // After a restart one that is not there any more was stopped.
        if (earlier is null && (began.IsContinued || !meeting.Settings.GoesLiveOnStart))
        {
            return;
        }

        try
        {
            var request = earlier?.Composed
                ?? new MeetingLivestreamRequest(meeting.Title is { Length: > 0 } title ? title : null, earlier?.IsManual ?? false);
            await BeginAsync(meeting.AppId, meeting.Id, began.SessionId, request, earlier, cancellationToken);
        }
        catch (MeetingLivestreamException refusal)
        {
            if (!Postpone(began, giveUpAt, refusal) && earlier is not null)
            {
                await livestreams.FailAsync(earlier.Id, refusal.Message, cancellationToken);
                await sessions.TellAsync(meeting.Id, new LivestreamFailed(Describe(earlier), refusal.Message), CancellationToken.None);
            }
        }
    }

    /// <summary>Has one that does not begin tried again, where what hinders it may pass and there is time left.</summary>
    /// <returns>Whether it is tried again.</returns>
    private bool Postpone(SessionBegan began, TimeSpan giveUpAt, Exception reason)
    {
        LiveLog.NotStarted(logger, began.Meeting.Id.ToString(), reason.Message);
        var mayPass = reason is StorageException or MeetingLivestreamException { Refusal: MeetingLivestreamRefusal.CannotCompose };
        if (!mayPass || Now + RetryAfter >= giveUpAt)
        {
            return false;
        }

        _postponed[began.Meeting.Id] = new Postponed(began, Now + RetryAfter, giveUpAt);
        return true;
    }

    /// <summary>Begins and ends what the clock says. Not waited for: a meeting whose worker is slow to start must not hold up the others.</summary>
    private void LookAround(CancellationToken cancellationToken)
    {
        foreach (var meetingId in _postponed.Where(each => each.Value.DueAt <= Now).Select(static each => each.Key)
            .Concat(_programs.Where(each => DueOf(each.Value) is not Due.Nothing).Select(static each => each.Key)))
        {
            // One that is being looked at is not looked at again: else each second would add one that waits at its gate.
            if (_lookedAt.TryAdd(meetingId, 0))
            {
                _ = LookAtAsync(meetingId, cancellationToken);
            }
        }
    }

    private async Task LookAtAsync(MeetingId meetingId, CancellationToken cancellationToken)
    {
        try
        {
            using var gate = await _gates.EnterAsync(meetingId, cancellationToken);
            if (_postponed.TryGetValue(meetingId, out var postponed) && postponed.DueAt <= Now)
            {
                _postponed.TryRemove(meetingId, out _);
                await TryBeginAsync(postponed.Began, postponed.GiveUpAt, cancellationToken);
            }

            if (_programs.TryGetValue(meetingId, out var program) && DueOf(program) is not Due.Nothing and var due)
            {
                await (due is Due.EmptyStage
                    ? EndAsync(meetingId, program.Livestream, "nobody is on stage", cancellationToken)
                    : FailAsync(program, "Nothing could be played within 60 s.", cancellationToken));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops; livestreams are ended by themselves.
        }
        catch (Exception fault)
        {
            LiveLog.NewsFailed(logger, fault, "Time", meetingId.ToString());
        }
        finally
        {
            _lookedAt.TryRemove(meetingId, out _);
        }
    }

    // What comes from an encoder of their own goes on without anybody on stage.
    private Due DueOf(MeetingProgram program) => program switch
    {
        { IsComposed: true, EmptySince: { } since } when Now - since >= options.Value.EmptyStage => Due.EmptyStage,
        { IsComposed: true, HasBeenLive: false } when Now - program.BeganAt >= LongestStart => Due.NothingPlayable,
        _ => Due.Nothing,
    };

    /// <summary>Has a livestream composed, records it unless it is recorded already, and begins it: all of that, or nothing.</summary>
    private async Task<Livestream> BeginAsync(
        AppId appId, MeetingId meetingId, SessionId sessionId, MeetingLivestreamRequest request, Livestream? earlier, CancellationToken cancellationToken)
    {
        var lease = request.IsManual ? null : await AcquireAsync(sessionId, request, cancellationToken);
        Livestream livestream;
        try
        {
            if (!request.IsManual)
            {
                looks.SetLook(sessionId.Value, LookOf(request));
            }

            livestream = earlier ?? await livestreams.CreateForMeetingAsync(appId, meetingId.Value, request, cancellationToken);
        }
        catch
        {
            looks.SetLook(sessionId.Value, null);
            if (lease is not null)
            {
                await lease.DisposeAsync();
            }

            throw;
        }

        Begin(livestream, meetingId, sessionId, lease);
        await sessions.TellAsync(meetingId, new LivestreamInvoked(Describe(livestream)), CancellationToken.None);
        return livestream;
    }

    private void Begin(Livestream livestream, MeetingId meetingId, SessionId sessionId, ICompositionLease? lease)
    {
        var program = new MeetingProgram(livestream, meetingId, sessionId, lease, Now)
        {
            EmptySince = _onStage.GetValueOrDefault(meetingId) > 0 ? null : Now,
        };
        _programs[meetingId] = program;
        LiveLog.Began(logger, livestream.Id.ToString(), sessionId.ToString(), meetingId.ToString());
        program.Run(livestreams, (over, fault) => _ = OnOverAsync(over, fault));
    }

    /// <summary>No more frames come: the composition ended or failed.</summary>
    private async Task OnOverAsync(MeetingProgram program, Exception? fault)
    {
        try
        {
            using var gate = await _gates.EnterAsync(program.MeetingId, CancellationToken.None);
            if (_programs.GetValueOrDefault(program.MeetingId) != program)
            {
                return;
            }

            if (livestreams.IsStopping)
            {
                LiveLog.OffAirUntilRestart(logger, program.Livestream.Id.ToString(), program.MeetingId.ToString());
                return;
            }

            if (fault is not null)
            {
                LiveLog.PumpFailed(logger, fault, program.MeetingId.ToString(), program.Livestream.Id.ToString());
            }

            if (fault is null && sessions.Find(program.MeetingId) != program.SessionId)
            {
                await EndAsync(program.MeetingId, program.Livestream, "the session has ended", CancellationToken.None);
            }
            else
            {
                await FailAsync(program, "The picture of the meeting could not be composed.", CancellationToken.None);
            }
        }
        catch (Exception thrown)
        {
            LiveLog.NewsFailed(logger, thrown, "Composition", program.MeetingId.ToString());
        }
    }

    private async Task EndAsync(MeetingId meetingId, Livestream livestream, string reason, CancellationToken cancellationToken)
    {
        var wasLive = await livestreams.FindActiveSessionAsync(livestream.Id, cancellationToken) is { StartedAt: not null };
        await livestreams.RetireAsync(livestream.AppId, livestream.Id, cancellationToken);
        await DropAsync(meetingId, livestream.Id);
        LiveLog.Stopped(logger, livestream.Id.ToString(), meetingId.ToString(), reason);
        if (!wasLive)
        {
            // One that was live has said so by itself.
            await sessions.TellAsync(meetingId, new LivestreamStopped(Describe(livestream)), CancellationToken.None);
        }
    }

    private async Task FailAsync(MeetingProgram program, string error, CancellationToken cancellationToken)
    {
        LiveLog.Failed(logger, program.Livestream.Id.ToString(), program.MeetingId.ToString(), error);
        await livestreams.FailAsync(program.Livestream.Id, error, cancellationToken);
        await DropAsync(program.MeetingId, program.Livestream.Id);
        if (!program.HasBeenLive)
        {
            await sessions.TellAsync(program.MeetingId, new LivestreamFailed(Describe(program.Livestream), error), CancellationToken.None);
        }
    }

    private async Task DropAsync(MeetingId meetingId, LivestreamId livestreamId)
    {
        if (_programs.TryGetValue(meetingId, out var program) && program.Livestream.Id == livestreamId)
        {
            _programs.TryRemove(new(meetingId, program));
            looks.SetLook(program.SessionId.Value, null);
            await program.DisposeAsync();
        }
    }

    private async Task<ICompositionLease> AcquireAsync(
        SessionId sessionId, MeetingLivestreamRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await compositions.AcquireAsync(sessionId.Value, compositions.FormatOf(request.Width, request.Height), cancellationToken);
        }
        catch (CompositionException refusal)
        {
            throw refusal.Refusal is CompositionRefusal.NoSession
                ? new MeetingLivestreamException(MeetingLivestreamRefusal.NoSession, refusal.Told)
                : new MeetingLivestreamException(
                    MeetingLivestreamRefusal.CannotCompose,
                    refusal.Told,
                    refusal.Refusal is CompositionRefusal.Overloaded ? RetryAfter : null);
        }
    }

    private async Task TellAsync(
        AppId appId, LivestreamId livestreamId, MeetingId meetingId, Func<SessionLivestream, SessionEvent> happened)
    {
        if (await livestreams.FindAsync(appId, livestreamId, CancellationToken.None) is { } livestream)
        {
            await sessions.TellAsync(meetingId, happened(Describe(livestream)), CancellationToken.None);
        }
    }

    private SessionLivestream Describe(Livestream livestream) => new(
        livestream.Id.Value,
        livestream.MeetingId!.Value,
        livestream.AppId.Value,
        livestream.Name ?? "",
        addresses.PlaybackUrl(livestream.Id),
        livestream.IsManual);

    /// <summary>What the clock says that is to be done with a livestream.</summary>
    private enum Due
    {
        Nothing,

        /// <summary>It ends: nobody has been on stage for too long.</summary>
        EmptyStage,

        /// <summary>It has failed: it could not be played in time.</summary>
        NothingPlayable,
    }

    /// <summary>A livestream that is to begin and could not so far.</summary>
    private sealed record Postponed(SessionBegan Began, TimeSpan DueAt, TimeSpan GiveUpAt);
}
