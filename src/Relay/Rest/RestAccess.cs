using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Relay.Rest;

/// <summary>Whom a request is from.</summary>
/// <param name="AppId">The project.</param>
/// <param name="MayChange">Whether its token may change things, and so see secrets.</param>
internal sealed record RestCaller(AppId AppId, bool MayChange);

/// <summary>Stands before every route: HTTP Basic with the project as user and an API token as password (RFC 7617).</summary>
internal sealed class RestAccess(ApiTokenStore tokens, AppStore apps, RestLimits limits, RelayMetrics metrics, ILogger<RestAccess> logger) : IEndpointFilter
{
    private const string Scheme = "Basic ";
    private const int MaxHeaderLength = 2_048;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        var http = context.HttpContext;
        http.Response.Headers.CacheControl = "no-store";
        try
        {
            // Each of these costs a look into the storage.
            var address = http.Connection.RemoteIpAddress;
            if (limits.WaitOfStranger(address) is { } pause)
            {
                return TooMany(http, pause);
            }

            if (await FindAsync(http) is not { } caller)
            {
                limits.CountStranger(address);
                metrics.Refused("401");
                http.Response.Headers.WWWAuthenticate = "Basic realm=\"project and API token\", charset=\"UTF-8\"";
                return RestAnswers.Error(StatusCodes.Status401Unauthorized, "Unauthorized");
            }

            if (limits.Take(caller.AppId) is { } wait)
            {
                return TooMany(http, wait);
            }

            if (!caller.MayChange && !HttpMethods.IsGet(http.Request.Method))
            {
                metrics.Refused("403");
                return RestAnswers.Error(StatusCodes.Status403Forbidden, "the API token may only read");
            }

            http.Features.Set(caller);
            return await next(context);
        }
        catch (StorageException)
        {
            // The storage has logged it.
            http.Response.Headers.RetryAfter = "2";
            return RestAnswers.Error(StatusCodes.Status503ServiceUnavailable, "the server cannot reach its storage at the moment");
        }
        catch (Exception fault) when (!http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
        {
            RelayLog.RestFailed(logger, fault, http.Request.Method, (http.GetEndpoint() as Microsoft.AspNetCore.Routing.RouteEndpoint)?.RoutePattern.RawText);
            return RestAnswers.Error(StatusCodes.Status500InternalServerError, "the server failed to answer");
        }
    }

    private IResult TooMany(HttpContext http, TimeSpan wait)
    {
        metrics.Refused("429");
        http.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return RestAnswers.Error(StatusCodes.Status429TooManyRequests, "too many requests");
    }

    /// <summary>Takes user and password out of the header. False when there is none, more than one, or another scheme.</summary>
    internal static bool TryRead(StringValues header, [NotNullWhen(true)] out string? user, [NotNullWhen(true)] out string? password)
    {
        (user, password) = (null, null);
        if (header is not [{ Length: <= MaxHeaderLength } value] || !value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var bytes = new byte[value.Length];
        if (!Convert.TryFromBase64String(value[Scheme.Length..].Trim(), bytes, out var length))
        {
            return false;
        }

        try
        {
            var pair = Strict.GetString(bytes, 0, length).Split(':', 2);
            (user, password) = pair.Length == 2 ? (pair[0], pair[1]) : (null, null);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        return user is { Length: > 0 } && password is { Length: > 0 };
    }

    private async ValueTask<RestCaller?> FindAsync(HttpContext http) =>
        TryRead(http.Request.Headers.Authorization, out var user, out var password)
        && await tokens.AuthenticateAsync(password, http.RequestAborted) is { } token
        && AppId.TryParse(user, out var appId)
        && await apps.FindAsync(token.AccountId, appId, http.RequestAborted) is { } app
            ? new RestCaller(app.Id, token.Scope is ApiTokenScope.Write)
            : null;
}
