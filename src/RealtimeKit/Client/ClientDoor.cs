using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Roomcast.RealtimeKit.Rest.Access;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.Storage;

namespace Roomcast.RealtimeKit.Client;

/// <summary>Stands before every HTTP call of the web client: lets pages of any origin in, checks the token, turns faults into answers.</summary>
internal sealed class ClientDoor(ClientAdmission admission, ILogger<ClientDoor> logger)
{
    /// <summary>Headers the client sends with its calls, and with its logs.</summary>
    private const string AllowedHeaders =
        "Authorization, tracing-id, TRACEPARENT, x-realtimekit-version, Content-Type, Content-Encoding";

    /// <summary>Lets any page read the answer.</summary>
    public static void AllowAnyOrigin(HttpResponse response)
    {
        response.Headers.AccessControlAllowOrigin = "*";
        response.Headers.AccessControlExposeHeaders = "Date, Retry-After";
    }

    /// <summary>Answers a preflight.</summary>
    public static Task AnswerPreflightAsync(HttpContext context)
    {
        AllowAnyOrigin(context.Response);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        context.Response.Headers.AccessControlAllowMethods = "GET, POST, PUT, OPTIONS";
        context.Response.Headers.AccessControlAllowHeaders = AllowedHeaders;
        context.Response.Headers.AccessControlMaxAge = "86400";
        return Task.CompletedTask;
    }

    /// <summary>Answers a call that needs no token.</summary>
    public RequestDelegate Open(Func<HttpContext, ValueTask<KitAnswer>> answer) => context => PassAsync(context, answer);

    /// <summary>Answers a call of a participant.</summary>
    public RequestDelegate ForParticipant(Func<HttpContext, AdmittedClient, ValueTask<KitAnswer>> answer) => context => PassAsync(
        context,
        async inner =>
        {
            if (!BearerCredentials.TryRead(inner.Request.Headers.Authorization, out var token))
            {
                return KitAnswer.Refuse(KitErrorCode.MissingCredentials, "credentials are missing: send Authorization: Bearer <participant token>");
            }

            var client = await admission.AdmitAsync(token, meetingId: null, inner.RequestAborted);
            return client.Status switch
            {
                StatusCodes.Status200OK => await answer(inner, client),
                StatusCodes.Status403Forbidden => KitAnswer.Refuse(KitErrorCode.NoRight, "the meeting is not open"),
                StatusCodes.Status404NotFound => KitAnswer.NotFound("meeting"),
                _ => KitAnswer.Refuse(KitErrorCode.InvalidToken, "the participant token is unknown, expired or replaced"),
            };
        });

    private async Task PassAsync(HttpContext context, Func<HttpContext, ValueTask<KitAnswer>> answer)
    {
        AllowAnyOrigin(context.Response);
        KitAnswer given;
        try
        {
            given = await answer(context);
        }
        catch (Exception fault) when (context.RequestAborted.IsCancellationRequested && fault is OperationCanceledException or IOException)
        {
            // Nobody is left to answer.
            return;
        }
        catch (StorageException)
        {
            // The storage has logged it and counts it.
            given = KitAnswer.Refuse(KitErrorCode.Unavailable, "the server cannot reach its storage at the moment", TimeSpan.FromSeconds(2));
        }
        catch (Exception fault)
        {
            ClientLog.RequestFailed(logger, fault, context.Request.Method, context.Request.Path);
            given = KitAnswer.Refuse(KitErrorCode.Fault, "the server failed to answer");
        }

        await given.ExecuteAsync(context);
    }
}
