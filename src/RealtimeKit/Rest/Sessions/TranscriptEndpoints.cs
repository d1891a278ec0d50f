using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;
using Roomcast.Storage;
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
        KitRequest request, SessionHistory history, TranscriptStore transcripts, SessionFiles files, TimeProvider clock)
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

        var transcript = await transcripts.FindAsync(session.Id, request.Aborted);
        var lines = transcript is null ? [] : await transcripts.ListAsync(session.Id, request.Aborted);
        if (lines.Count == 0)
        {
            return KitAnswer.NotFound("transcript");
        }

        var peers = await PeersOfAsync(history, session.Id, format, clock, request.Aborted);
        var (ending, type) = format switch
        {
            TranscriptFormat.Json => ("json", "application/json"),
            TranscriptFormat.Srt => ("srt", "application/x-subrip"),
            TranscriptFormat.Vtt => ("vtt", "text/vtt"),
            _ => ("csv", "text/csv"),
        };
        var (file, failure) = await SessionFileEndpoints.MakeAsync(async () => await files.MakeAsync(
            session.Id,
            $"TRANSCRIPT_{ending.ToUpperInvariant()}",
            $"transcript_{session.Id}.{ending}",
            type,
            transcript!.ExpiresAt,
            async output => await output.WriteAsync(TranscriptText.Write(lines, format, session.StartedAt, peers), request.Aborted),
            request.Aborted));
        return failure ?? KitAnswer.Ok(
            new TranscriptDownloadResponse(session.Id.Value, file!.Address, file.ExpiresAt), KitJson.Default.TranscriptDownloadResponse);
    }

    private static async Task<KitAnswer> GetSummaryAsync(
        KitRequest request, SessionHistory history, TranscriptStore transcripts, SessionFiles files, TimeProvider clock)
    {
        if (await SessionEndpoints.FindAsync(request, history, clock) is not { } session)
        {
            return KitAnswer.NotFound("session");
        }

        if (await transcripts.FindSummaryAsync(session.Id, request.Aborted) is not { Status: SummaryStatus.Completed } summary)
        {
            return KitAnswer.NotFound("summary");
        }

        var transcript = await transcripts.FindAsync(session.Id, request.Aborted);
        var (file, failure) = await SessionFileEndpoints.MakeAsync(async () => await files.MakeAsync(
            session.Id,
            "SUMMARY",
            $"summary_{session.Id}.{(summary.IsMarkdown ? "md" : "txt")}",
            summary.IsMarkdown ? "text/markdown" : "text/plain",
            transcript?.ExpiresAt,
            async output => await output.WriteAsync(System.Text.Encoding.UTF8.GetBytes(summary.Content!), request.Aborted),
            request.Aborted));
        return failure ?? KitAnswer.Ok(
            new SummaryDownloadResponse(session.Id.Value, file!.Address, file.ExpiresAt), KitJson.Default.SummaryDownloadResponse);
    }

    private static async Task<KitAnswer> AskForSummaryAsync(
        KitRequest request, SessionHistory history, MeetingStore meetings, Summaries summaries, TimeProvider clock)
    {
        if (await SessionEndpoints.FindAsync(request, history, clock) is not { } session
            || await meetings.FindAsync(request.App.Id, session.MeetingId, request.Aborted) is not { } meeting)
        {
            return KitAnswer.NotFound("session");
        }

        return await summaries.AskAsync(meeting, session.Id, request.Aborted) switch
        {
            (_, SummaryRefusal.NoTranscript) => KitAnswer.Refuse(KitErrorCode.IllegalStateChange, "the session has no finished transcript"),
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

    private static async Task<IReadOnlyDictionary<PeerId, PeerRecord>> PeersOfAsync(
        SessionHistory history, SessionId sessionId, TranscriptFormat format, TimeProvider clock, CancellationToken cancellationToken)
    {
        var peers = new Dictionary<PeerId, PeerRecord>();
        for (var number = 1; format is TranscriptFormat.Json && peers.Count < SessionHistory.MaxConsolidated; number++)
        {
            var page = await history.ListPeersAsync(
                sessionId, new PeerQuery(new PageRequest(number, PageBounds.MaxSize)) { Order = SortOrder.Ascending }, clock.GetUtcNow(), cancellationToken);
            foreach (var peer in page.Items)
            {
                peers[peer.Id] = peer;
            }

            if (page.Items.Count < PageBounds.MaxSize)
            {
                break;
            }
        }

        return peers;
    }
}
