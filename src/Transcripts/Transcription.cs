using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Meetings;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;
using Roomcast.Storage;
using Roomcast.Transcripts.Records;
using Roomcast.Transcripts.Services;
using Roomcast.Transcripts.Speech;

namespace Roomcast.Transcripts;

/// <summary>
/// Has written down what is said in sessions: all of it where the meeting wants a transcript or a summary, otherwise what those
/// say whose preset has it. Each line is kept, and told to those whose preset lets them read it.
/// </summary>
/// <remarks>
/// A session of an app without a service is not listened to. A meeting that comes to want a transcript in the middle of a session is listened
/// to from then on, and one that ceases to until then. Each session has its own writers: one service does not hold up another's.
/// When the server stops, what was said last is still written down as long as services answer. The rest is lost, and the transcript says so.
/// </remarks>
public sealed class Transcription(
    MeetingSessions sessions,
    IActiveSessions active,
    AiServices services,
    ITranscriber transcriber,
    TranscriptStore store,
    ListenedSessions listened,
    IOptions<TranscriptOptions> options,
    IOptions<HistoryOptions> history,
    TimeProvider time,
    ILogger<Transcription> logger) : ISessionObserver, IHostedService, IDisposable
{
    private const int Writers = 2;

    // For the owner: what lies behind a fault of ours is for the log.
    private const string Failure = "The server failed to write down what was said.";

    // How long the stop of the server waits for the next answer of any service.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan StoreRetry = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<SessionId, Session> _sessions = new();
    private readonly ConcurrentDictionary<SessionId, Task> _running = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _givingUp = new();
    private long _answers;

    /// <summary>Begins to follow a session; null when it is not under way. Tests have sessions of their own.</summary>
    internal Func<SessionId, ISessionFollower, Task<IAsyncDisposable?>> Follow { get; init; } =
        async (id, follower) => await sessions.FollowAsync(id, follower, CancellationToken.None);

    /// <inheritdoc/>
    public void Began(Meeting meeting, SessionId sessionId, DateTimeOffset startedAt)
    {
        ArgumentNullException.ThrowIfNull(meeting);
        var session = new Session(meeting, sessionId);
        _sessions[sessionId] = session;
        if (session.HearsAll)
        {
            Listen(session);
        }
    }

    /// <inheritdoc/>
    public void MeetingChanged(Meeting meeting, SessionId sessionId)
    {
        ArgumentNullException.ThrowIfNull(meeting);
        if (_sessions.TryGetValue(sessionId, out var session))
        {
            session.Meeting = meeting;
            if (session.HearsAll)
            {
                Listen(session);
            }
        }
    }

    /// <inheritdoc/>
    public void PeerJoined(MeetingId meetingId, SessionId sessionId, PeerView peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        if (_sessions.TryGetValue(sessionId, out var session))
        {
            session.Peers[peer.PeerId] = peer;
            if (peer.IsTranscribed)
            {
                Listen(session);
            }
        }
    }

    /// <inheritdoc/>
    public void CountChanged(MeetingId meetingId, SessionId sessionId, int count)
    {
    }

    /// <inheritdoc/>
    public void StageChanged(MeetingId meetingId, SessionId sessionId, int onStage)
    {
    }

    /// <inheritdoc/>
    public void Ended(MeetingId meetingId, SessionId sessionId, SessionEndReason reason)
    {
        if (_sessions.TryRemove(sessionId, out var session))
        {
            session.Over.TrySetResult();
        }
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => store.FinishOrphansAsync(history.Value.FileRetention, cancellationToken);

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        var ended = Task.WhenAll(_running.Values);
        long before;
        do
        {
            before = Interlocked.Read(ref _answers);
            await ended.WaitAsync(StopPatience, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (!ended.IsCompleted && !cancellationToken.IsCancellationRequested && Interlocked.Read(ref _answers) > before);

        // What is left is lost; only that it is remains to be noted.
        await _givingUp.CancelAsync();
        await ended.WaitAsync(StopPatience, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Dispose();
        _givingUp.Dispose();
    }

    private void Listen(Session session)
    {
        if (Interlocked.Exchange(ref session.IsListening, 1) == 0)
        {
            listened.Add(session.Id);
            _running[session.Id] = Task.Run(() => RunAsync(session));
        }
    }

    private async Task RunAsync(Session session)
    {
        try
        {
            await WriteDownAsync(session);

            // Of a session that goes on with the next start of the server the transcript stays open.
            await session.Over.Task.WaitAsync(_stopping.Token);
            await FinishAsync(session);
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
        finally
        {
            listened.Remove(session.Id);
            _running.TryRemove(session.Id, out _);
        }
    }

    private async Task WriteDownAsync(Session session)
    {
        try
        {
            if (await StoreAsync(session, () => services.FindAsync(session.Meeting.AppId, AiServiceKind.Transcription, CancellationToken.None))
                is not { } service)
            {
                return;
            }

            using var listener = new SpeechListener(session.MayHear, options.Value.LongestPiece, time);
            await using var givenUp = _givingUp.Token.Register(listener.OnEnded).ConfigureAwait(false);
            if (await Follow(session.Id, listener) is not { } following)
            {
                return;
            }

            await using var left = following.ConfigureAwait(false);
            await StoreAsync(
                session,
                async () =>
                {
                    await store.OpenAsync(session.Id, CancellationToken.None);
                    return true;
                });
            TranscriptLog.Began(logger, session.Id.ToString(), service.ToString());
            await Task.WhenAll(
                Enumerable.Range(0, Writers).Select(_ => WriteAsync(session, listener, service)).Append(listener.RunAsync()));
            if (listener.Lost > 0)
            {
                TranscriptLog.PacketsLost(logger, session.Id.ToString(), listener.Lost);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception fault)
        {
            // What was written down until then is kept, and the transcript ended with its session.
            TranscriptLog.Failed(logger, fault, session.Id.ToString());
            await NoteAsync(session, Failure);
        }
    }

    private async Task FinishAsync(Session session)
    {
        var isOpen = await StoreAsync(
            session,
            async () => await store.FinishAsync(
                session.Id,
                session.Error,
                time.GetUtcNow() + history.Value.FileRetention,
                canSummarize: await services.FindAsync(session.Meeting.AppId, AiServiceKind.Summary, CancellationToken.None) is not null,
                CancellationToken.None),
            alwaysAgain: true);
        if (isOpen)
        {
            TranscriptLog.Ended(logger, session.Id.ToString(), session.Lines);
        }
    }

    // Until it succeeds, where that is to be expected: what is said meanwhile waits.
    private async Task<T> StoreAsync<T>(Session session, Func<Task<T>> write, bool alwaysAgain = false)
    {
        while (true)
        {
            try
            {
                return await write();
            }
            catch (Exception fault) when (alwaysAgain || fault is StorageException { IsPassing: true })
            {
                TranscriptLog.NotStored(logger, fault, session.Id.ToString());
                await Task.Delay(StoreRetry, time, _stopping.Token);
            }
        }
    }

    private async Task WriteAsync(Session session, SpeechListener listener, AiService service)
    {
        try
        {
            await foreach (var piece in listener.Pieces.ReadAllAsync(_givingUp.Token))
            {
                await WriteAsync(session, service, piece);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // A fault of the service before that says more to its owner.
            await NoteAsync(session, session.Error ?? TranscriptStore.StoppedEarly);
        }
    }

    // Whatever becomes of one piece, the next is written down.
    private async Task WriteAsync(Session session, AiService service, SpeechPiece piece)
    {
        if (!session.Peers.TryGetValue(piece.PeerId, out var peer)
            || !Guid.TryParseExact(peer.PeerId, "D", out var peerId)
            || !ParticipantId.TryParse(peer.UserId, out var participantId))
        {
            return;
        }

        try
        {
            var meeting = session.Meeting;
            var text = AiWishes.Told(meeting, await transcriber.TranscribeAsync(service, piece, AiWishes.HintsOf(meeting), _givingUp.Token));
            Interlocked.Increment(ref _answers);
            if (text.Length == 0)
            {
                return;
            }

            var line = new TranscriptLine(
                new PeerId(peerId), participantId, peer.CustomId, peer.Name, piece.StartedAt, piece.EndedAt, text);
            if (await StoreAsync(session, () => store.AddAsync(session.Id, line, CancellationToken.None)))
            {
                Interlocked.Increment(ref session.Lines);
                await active.TellAsync(session.Meeting.Id, new TranscriptHeard(session.Meeting.Id, TranscriptText.LiveLine(line)), CancellationToken.None);
            }
        }
        catch (AiServiceException fault)
        {
            TranscriptLog.NotWritten(logger, session.Id.ToString(), fault.Message);
            await NoteAsync(session, fault.Message);
        }
        catch (Exception fault) when (!(fault is OperationCanceledException && _stopping.IsCancellationRequested))
        {
            TranscriptLog.PieceFailed(logger, fault, session.Id.ToString());
            await NoteAsync(session, Failure);
        }
    }

    // Kept at once, so that the owner is told while the session lasts, and after a server that was killed.
    private async Task NoteAsync(Session session, string error)
    {
        session.Error = error;
        if (session.KeptError == error)
        {
            return;
        }

        try
        {
            await store.NoteErrorAsync(session.Id, error, CancellationToken.None);
            session.KeptError = error;
        }
        catch (StorageException fault)
        {
            TranscriptLog.ErrorNotKept(logger, fault, session.Id.ToString());
        }
    }

    private sealed class Session(Meeting meeting, SessionId id)
    {
        public int IsListening;
        public int Lines;

        public TaskCompletionSource Over { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Meeting Meeting
        {
            get => Volatile.Read(ref meeting);
            set => Volatile.Write(ref meeting, value);
        }

        public SessionId Id => id;

        public string? Error { get; set; }

        public string? KeptError { get; set; }

        public ConcurrentDictionary<string, PeerView> Peers { get; } = new(StringComparer.Ordinal);

        public bool HearsAll => Meeting.Settings is { TranscribesOnEnd: true } or { SummarizesOnEnd: true };

        public bool MayHear(string peerId) => HearsAll || (Peers.TryGetValue(peerId, out var peer) && peer.IsTranscribed);
    }
}
