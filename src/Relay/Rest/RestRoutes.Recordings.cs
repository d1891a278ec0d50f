using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Roomcast.Egress.Recording;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.Relay.Rooms;
using Roomcast.Storage;

namespace Roomcast.Relay.Rest;

/// <content>Composite recordings, which are those of the socket; read only.</content>
internal sealed partial class RestRoutes
{
    private async Task<IResult> ListRecordingsOfSessionAsync(HttpContext http, string id) =>
        await FindSessionAsync(http, id) is { } session ? await ListRecordingsAsync(http, session) : RestAnswers.NotFound();

    private async Task<IResult> ListRecordingsAsync(HttpContext http, SessionRecord? session)
    {
        if (RefusePage(http.Request.Query, out var page, out var size) is { } refusal)
        {
            return refusal;
        }

        var (found, total) = await ReadPageAsync(page, size, request => recordings.ListAsync(
            CallerOf(http).AppId,
            new RecordingQuery(request, session?.MeetingId.Value, [], default, IsExpired: null, SortOrder.Descending)
            {
                SessionId = session?.Id.Value, Kind = RecordingKind.Composite,
            },
            http.RequestAborted));
        return RestAnswers.List(http, found.Select(Write), page, hasMore: (page + 1L) * size < total);
    }

    private async Task<IResult> GetRecordingAsync(HttpContext http, string id) =>
        RecordingId.TryParse(id, out var recordingId)
        && await recordings.FindAsync(CallerOf(http).AppId, recordingId, http.RequestAborted) is { Kind: RecordingKind.Composite } recording
            ? RestAnswers.Found(Write(recording))
            : RestAnswers.NotFound();

    private JsonObject Write(RecordingRecord recording) => new()
    {
        ["id"] = recording.Id.ToString(),
        ["room_session_id"] = recording.SessionId.ToString(),
        ["status"] = RoomEntities.StateOf(recording),
        ["started_at"] = RestAnswers.Time(recording.StartedAt),
        ["finished_at"] = RestAnswers.Time(recording.StoppedAt),
        ["duration"] = RoomEntities.IsOver(recording) ? Math.Round(recording.Duration.TotalSeconds, 3) : null,
        ["size_in_bytes"] = recording.FileSize,
        ["format"] = "mp4",
        ["uri"] = recordings.AddressOf(recording, recording.MediaFile),
        ["error"] = recording.ErrorMessage,
        ["created_at"] = RestAnswers.Time(recording.CreatedAt),
        ["updated_at"] = RestAnswers.Time(recording.UpdatedAt),
    };
}
