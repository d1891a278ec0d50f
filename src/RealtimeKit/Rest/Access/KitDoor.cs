using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Accounts;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;
using Roomcast.Storage;

namespace Roomcast.RealtimeKit.Rest.Access;

/// <summary>
/// Stands before every route of this API: checks who calls and what for, in the order the API promises, and turns whatever
/// goes wrong behind it into an answer.
/// </summary>
/// <remarks>
/// Order: credentials, rate limits, account, scope, app. The handlers go on with input, then the object, then its state.
/// </remarks>
internal sealed class KitDoor(
    ApiTokenStore tokens,
    AppStore apps,
    RateLimits limits,
    IOptions<RealtimeKitOptions> options,
    ILogger<KitDoor> log)
{
    /// <summary>Lets a request through to its handler, or answers it.</summary>
    public async Task PassAsync(HttpContext context, RequestDelegate handler)
    {
        try
        {
            if (await CheckAsync(context) is { } refusal)
            {
                await refusal.ExecuteAsync(context);
                return;
            }

            await handler(context);
        }
        catch (Exception fault) when (IsCallerGone(fault, context))
        {
            // Nobody is left to answer.
        }
        catch (StorageException fault) when (IsPassing(fault.Failure) && !context.Response.HasStarted)
        {
            RealtimeKitLog.StorageUnavailable(log, fault, context.Request.Method, RouteOf(context));
            await KitAnswer
                .Refuse(KitErrorCode.Unavailable, "the server cannot reach its storage at the moment", TimeSpan.FromSeconds(2))
                .ExecuteAsync(context);
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            RealtimeKitLog.RequestFailed(log, fault, context.Request.Method, RouteOf(context));
            await KitAnswer.Refuse(KitErrorCode.Fault, "the server failed to answer").ExecuteAsync(context);
        }
    }

    private static bool IsCallerGone(Exception fault, HttpContext context) =>
        context.RequestAborted.IsCancellationRequested && fault is (OperationCanceledException or IOException);

    private static bool IsPassing(StorageFailure failure) =>
        failure is StorageFailure.Unavailable or StorageFailure.Contended or StorageFailure.DiskFull;

    private static bool IsRead(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    private static string RouteOf(HttpContext context) =>
        (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "an unknown route";

    private async ValueTask<KitAnswer?> CheckAsync(HttpContext context)
    {
        var access = context.GetEndpoint()!.Metadata.GetRequiredMetadata<KitAccess>();
        if (!BearerCredentials.TryRead(context.Request.Headers.Authorization, out var secret))
        {
            return KitAnswer.Refuse(
                KitErrorCode.MissingCredentials, "credentials are missing: send Authorization: Bearer <API token>");
        }

        if (await tokens.AuthenticateAsync(secret, context.RequestAborted) is not { } token)
        {
            return KitAnswer.Refuse(KitErrorCode.InvalidToken, "the API token is unknown, expired or revoked");
        }

        if (!limits.IsOff
            && limits.Take(token.AccountId, context.Request.Method, KitPaths.BelowAccount(RouteOf(context))) is { } wait)
        {
            RealtimeKitLog.RateLimited(log, token.AccountId, context.Request.Method, RouteOf(context), wait.TotalSeconds);
            return KitAnswer.Refuse(KitErrorCode.TooManyRequests, "too many requests", wait);
        }

        App? app = null;
        if (access != KitAccess.Token)
        {
            if (!AccountId.TryParse(context.Request.RouteValues["account_id"] as string, out var accountId))
            {
                return KitAnswer.NotFound("account");
            }

            // An account that does not exist is answered like someone else's, so that accounts cannot be probed.
            if (accountId != token.AccountId)
            {
                return KitAnswer.Refuse(KitErrorCode.NoRight, "the API token gives no right to this account");
            }

            if (token.Scope is not ApiTokenScope.Write && !IsRead(context.Request.Method))
            {
                return KitAnswer.Refuse(KitErrorCode.NoRight, "the API token may only read");
            }
        }

        if (access == KitAccess.App)
        {
            app = AppId.TryParse(context.Request.RouteValues["app_id"] as string, out var appId)
                ? await apps.FindAsync(token.AccountId, appId, context.RequestAborted)
                : null;
            if (app is null)
            {
                return KitAnswer.NotFound("app");
            }
        }

        context.Features.Set(new KitRequest(context, token, app, options.Value));
        return null;
    }
}
