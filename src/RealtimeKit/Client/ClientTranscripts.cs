using System.Text;
using Microsoft.AspNetCore.Http;
using Roomcast.Livestreams;
using Roomcast.Meetings;
using Roomcast.Meetings.History;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Sessions;
using Roomcast.Transcripts.Records;

namespace Roomcast.RealtimeKit.Client;

/// <summary>What was said in a session so far, for the web client of somebody who may read it.</summary>
internal sealed class ClientTranscripts(IActiveSessions sessions, TranscriptStore transcripts, SessionFiles files, PublicAddresses addresses)
{
    /// <summary>Where a transcript is read in which nothing has been said yet.</summary>
    public const string EmptyPath = "/v2/internals/empty-transcript";

    private const string Kind = "TRANSCRIPT_LIVE";

    /// <summary>Answers a transcript without a line.</summary>
    public static Task AnswerEmptyAsync(HttpContext context)
    {
        ClientDoor.AllowAnyOrigin(context.Response);
        context.Response.ContentType = "text/csv; charset=utf-8";
        return Task.CompletedTask;
    }

    /// <summary>Answers where the lines so far are.</summary>
    public async ValueTask<KitAnswer> AnswerAsync(HttpContext context, AdmittedClient client)
    {
        // Who may not read it, or asks for another meeting's, finds none.
        if (!(await sessions.PermissionsOfAsync(client, context.RequestAborted)).TranscriptionEnabled
            || context.Request.RouteValues["meetingId"] as string != client.Meeting!.Id.ToString())
        {
            return KitAnswer.NotFound("transcript");
        }

        // A client asks before anything is said, and logs any other answer than a place to read from as a failure.
        if (sessions.Find(client.Meeting.Id) is not { } sessionId
            || await transcripts.ListAsync(sessionId, context.RequestAborted) is not { Count: > 0 } lines)
        {
            return ClientAnswer.Data(json => json.WriteString("transcript_download_url", BaseFor(context.Request) + EmptyPath));
        }

        var text = Encoding.UTF8.GetBytes(string.Join('\n', lines.Select(TranscriptText.LiveLine)));
        var (file, refusal) = await SessionFileEndpoints.MakeAsync(async () => await files.MakeAsync(
            sessionId,
            Kind,
            $"transcript_live_{sessionId}.csv",
            "text/csv",
            null,
            async output => await output.WriteAsync(text, context.RequestAborted),
            context.RequestAborted));
        return refusal ?? ClientAnswer.Data(json => json.WriteString("transcript_download_url", AddressFor(context.Request, file!.Address)));
    }

    // A page speaks HTTPS alone, whatever a proxy in between does, and could not read what this server tells others by http.
    private string BaseFor(HttpRequest request) =>
        request.IsHttps || request.Headers.Origin.Count > 0 || request.Headers.ContainsKey("Sec-Fetch-Mode")
            ? $"https://{request.Host}"
            : addresses.HttpBase;

    // Addresses of this server's own are told anew; those of a bucket are signed as they are.
    private string AddressFor(HttpRequest request, string address) =>
        address.StartsWith($"{addresses.HttpBase}/", StringComparison.Ordinal) && address.StartsWith("http:", StringComparison.OrdinalIgnoreCase)
            ? BaseFor(request) + address[addresses.HttpBase.Length..]
            : address;
}
