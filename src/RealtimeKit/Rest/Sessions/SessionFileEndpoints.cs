using Microsoft.AspNetCore.Routing;
using Roomcast.Meetings.History;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;
using Roomcast.Storage.Blobs;

namespace Roomcast.RealtimeKit.Rest.Sessions;

/// <summary>The routes that lead to files made of a session.</summary>
internal static class SessionFileEndpoints
{
    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapSessionFiles(this RouteGroupBuilder app) => app.MapRead("/sessions/{session_id}/chat", GetChatAsync);

    private static async Task<KitAnswer> GetChatAsync(KitRequest request, SessionHistory history, ChatExport chat, TimeProvider clock)
    {
        if (await SessionEndpoints.FindAsync(request, history, clock) is not { } session)
        {
            return KitAnswer.NotFound("session");
        }

        return await MakeAsync(() => chat.MakeAsync(session, request.Aborted)) switch
        {
            (_, { } refusal) => refusal,
            ({ } file, _) => KitAnswer.Ok(new ChatDownloadResponse(file.Address, file.ExpiresAt), KitJson.Default.ChatDownloadResponse),
            _ => KitAnswer.NotFound("chat"),
        };
    }

    /// <summary>Makes a file; where it cannot be stored, the refusal says so.</summary>
    internal static async Task<(SessionFile? File, KitAnswer? Refusal)> MakeAsync(Func<Task<SessionFile?>> make)
    {
        try
        {
            return (await make(), null);
        }
        catch (BlobException)
        {
            return (null, KitAnswer.Refuse(KitErrorCode.Unavailable, "the file cannot be stored at the moment", TimeSpan.FromSeconds(10)));
        }
    }
}
