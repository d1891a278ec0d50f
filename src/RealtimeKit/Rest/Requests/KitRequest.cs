using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Roomcast.Accounts;

namespace Roomcast.RealtimeKit.Rest.Requests;

/// <summary>A request whose caller may make it: what the handlers are given.</summary>
internal sealed class KitRequest(HttpContext context, ApiToken token, App? app, RealtimeKitOptions options)
{
    /// <summary>The token it came with.</summary>
    public ApiToken Token => token;

    /// <summary>The account of the token, which is the one in the path.</summary>
    public AccountId AccountId => token.AccountId;

    /// <summary>The app in the path; only below an app's routes.</summary>
    public App App => app ?? throw new InvalidOperationException("This route names no app.");

    /// <summary>Whether the caller sees stream keys and the addresses of people.</summary>
    public bool SeesSecrets => token.Scope is ApiTokenScope.Write;

    /// <summary>How the API behaves.</summary>
    public RealtimeKitOptions Options => options;

    /// <summary>Cancelled when the caller is gone.</summary>
    public CancellationToken Aborted => context.RequestAborted;

    /// <summary>A part of the path, decoded.</summary>
    public string? PathValue(string name) => context.Request.RouteValues[name] as string;

    /// <summary>The query string, to be read field by field.</summary>
    public QueryReader ReadQuery() => new(context.Request.Query);

    /// <summary>The body, to be read field by field.</summary>
    public ValueTask<BodyReader> ReadBodyAsync() => BodyReader.ReadAsync(context, options.MaxBodyBytes);

    /// <summary>Hands the request to a handler that asks for one; the door has put it there.</summary>
    public static ValueTask<KitRequest?> BindAsync(HttpContext context) => new(context.Features.GetRequiredFeature<KitRequest>());
}
