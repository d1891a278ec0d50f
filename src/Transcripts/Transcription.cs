using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Meetings;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
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

    private static readonly TimeSpan StoreRetry = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<SessionId, Session> _sessions = new();
    private readonly ConcurrentDictionary<SessionId, Task> _running = new();
    private readonly CancellationTokenSource _stopping = new();

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
        await Task.WhenAll(_running.Values).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

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
            if (await sessions.FollowAsync(session.Id, listener, CancellationToken.None) is not { } following)
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
        await foreach (var piece in listener.Pieces.ReadAllAsync())
        {
            if (!session.Peers.TryGetValue(piece.PeerId, out var peer)
                || !Guid.TryParseExact(peer.PeerId, "D", out var peerId)
                || !ParticipantId.TryParse(peer.UserId, out var participantId))
            {
                continue;
            }

            string text;
            try
            {
                var meeting = session.Meeting;
                text = AiWishes.Told(
                    meeting, await transcriber.TranscribeAsync(service, piece, AiWishes.HintsOf(meeting), CancellationToken.None));
            }
            catch (AiServiceException fault)
            {
                session.Error = fault.Message;
                TranscriptLog.NotWritten(logger, session.Id.ToString(), fault.Message);
                continue;
            }

            if (text.Length > 0)
            {
                var line = new TranscriptLine(
                    new PeerId(peerId), participantId, peer.CustomId, peer.Name, piece.StartedAt, piece.EndedAt, text);
                if (await StoreAsync(session, () => store.AddAsync(session.Id, line, CancellationToken.None)))
                {
                    Interlocked.Increment(ref session.Lines);
                    await active.TellAsync(session.Meeting.Id, new TranscriptHeard(session.Meeting.Id, TranscriptText.LiveLine(line)), CancellationToken.None);
                }
            }
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

        public ConcurrentDictionary<string, PeerView> Peers { get; } = new(StringComparer.Ordinal);

        public bool HearsAll => Meeting.Settings is { TranscribesOnEnd: true } or { SummarizesOnEnd: true };

        public bool MayHear(string peerId) => HearsAll || (Peers.TryGetValue(peerId, out var peer) && peer.IsTranscribed);
    }
}
