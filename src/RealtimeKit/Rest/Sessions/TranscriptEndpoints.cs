using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;
using Roomcast.Transcripts;
using Roomcast.Transcripts.Records;

namespace Roomcast.RealtimeKit.Rest.Sessions;

/// <summary>The routes of transcripts and summaries.</summary>
internal static class TranscriptEndpoints
{
    private static readonly Dictionary<string, TranscriptFormat> Formats = new()
    {
        ["CSV"] = TranscriptFormat.Csv,
        ["JSON"] = TranscriptFormat.Json,
        ["SRT"] = TranscriptFormat.Srt,
        ["VTT"] = TranscriptFormat.Vtt,
    };

    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapTranscripts(this RouteGroupBuilder app)
    {
        app.MapRead("/sessions/{session_id}/transcript", GetTranscriptAsync);
        app.MapRead("/sessions/{session_id}/summary", GetSummaryAsync);
        app.MapPost("/sessions/{session_id}/summary", AskForSummaryAsync);
    }

    private static async Task<KitAnswer> GetTranscriptAsync(
        KitRequest request, SessionHistory history, TranscriptFiles transcripts, AbsenceReasons reasons, TimeProvider clock)
    {
        var query = request.ReadQuery();
        var format = query.ReadWord("format", Formats) ?? TranscriptFormat.Csv;
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await SessionEndpoints.FindAsync(request, history, clock) is not { } session)
        {
            return KitAnswer.NotFound("session");
        }

        return await SessionFileEndpoints.MakeAsync(() => transcripts.MakeAsync(session, format, request.Aborted)) switch
        {
            (_, { } failure) => failure,
            ({ } file, _) => KitAnswer.Ok(
                new TranscriptDownloadResponse(session.Id.Value, file.Address, file.ExpiresAt), KitJson.Default.TranscriptDownloadResponse),
            _ => KitAnswer.NotFound("transcript", await reasons.OfTranscriptAsync(request.App.Id, session.Id, request.Aborted)),
        };
    }

    private static async Task<KitAnswer> GetSummaryAsync(
        KitRequest request, SessionHistory history, SummaryFiles summaries, AbsenceReasons reasons, TimeProvider clock)
    {
        if (await SessionEndpoints.FindAsync(request, history, clock) is not { } session)
        {
            return KitAnswer.NotFound("session");
        }

        return await SessionFileEndpoints.MakeAsync(() => summaries.MakeAsync(session, request.Aborted)) switch
        {
            (_, { } failure) => failure,
            ({ } file, _) => KitAnswer.Ok(
                new SummaryDownloadResponse(session.Id.Value, file.Address, file.ExpiresAt), KitJson.Default.SummaryDownloadResponse),
            _ => KitAnswer.NotFound("summary", await reasons.OfSummaryAsync(request.App.Id, session.Id, request.Aborted)),
        };
    }

    private static async Task<KitAnswer> AskForSummaryAsync(
        KitRequest request, SessionHistory history, MeetingStore meetings, Summaries summaries, AbsenceReasons reasons, TimeProvider clock)
    {
        if (await SessionEndpoints.FindAsync(request, history, clock) is not { } session
            || await meetings.FindAsync(request.App.Id, session.MeetingId, request.Aborted) is not { } meeting)
        {
            return KitAnswer.NotFound("session");
        }

        return await summaries.AskAsync(meeting, session.Id, request.Aborted) switch
        {
            (_, SummaryRefusal.NoTranscript) => KitAnswer.Refuse(
                KitErrorCode.IllegalStateChange,
                await reasons.OfTranscriptAsync(request.App.Id, session.Id, request.Aborted) is { } reason
                    ? $"the session has no finished transcript: {reason}"
                    : "the session has no finished transcript"),
            (_, SummaryRefusal.NoService) => KitAnswer.Refuse(KitErrorCode.IllegalStateChange, "the app has no summary service configured"),
            var (summary, _) => KitAnswer.Ok(
                new SummaryStatusResponse(
                    session.Id.Value,
                    summary!.Status switch
                    {
                        SummaryStatus.Queued => "QUEUED",
                        SummaryStatus.InProgress => "IN_PROGRESS",
                        _ => "COMPLETED",
                    }),
                KitJson.Default.SummaryStatusResponse),
        };
    }
}
