using Roomcast.Accounts;
using Roomcast.Meetings.Records;
using Roomcast.Transcripts.Records;
using Roomcast.Transcripts.Services;

namespace Roomcast.Transcripts;

/// <summary>Says to the owner of an app why a transcript or a summary is not there. Reasons hold no secrets.</summary>
public sealed class AbsenceReasons(TranscriptStore store, AiServices services, TimeProvider clock)
{
    /// <summary>Why a session has no transcript, or none that is finished; null when nothing has gone wrong.</summary>
    public async Task<string?> OfTranscriptAsync(AppId appId, SessionId sessionId, CancellationToken cancellationToken) =>
        await FindAsync(sessionId, cancellationToken) is { } transcript ? transcript.Error
            : await services.FindAsync(appId, AiServiceKind.Transcription, cancellationToken) is null ? "no transcription service is configured"
            : null;

    /// <summary>Why a session has no summary; null when nothing has gone wrong.</summary>
    public async Task<string?> OfSummaryAsync(AppId appId, SessionId sessionId, CancellationToken cancellationToken)
    {
        if (await FindAsync(sessionId, cancellationToken) is null || !await store.HasLinesAsync(sessionId, cancellationToken))
        {
            // Without a transcript there is nothing to summarise.
            return await OfTranscriptAsync(appId, sessionId, cancellationToken);
        }

        return await store.FindSummaryAsync(sessionId, cancellationToken) is { } summary ? summary.Error
            : await services.FindAsync(appId, AiServiceKind.Summary, cancellationToken) is null ? "no summary service is configured"
            : null;
    }

    // One whose time is over is none, though nobody has swept yet.
    private async Task<Transcript?> FindAsync(SessionId sessionId, CancellationToken cancellationToken) =>
        await store.FindAsync(sessionId, cancellationToken) is { } transcript && !(transcript.ExpiresAt <= clock.GetUtcNow()) ? transcript : null;
}
