using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.Accounts;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Tokens;

/// <summary>Additions of ours: an account's API tokens, issued, listed and revoked.</summary>
internal static class ApiTokenEndpoints
{
    private static readonly Dictionary<string, ApiTokenScope> Scopes = new()
    {
        ["read"] = ApiTokenScope.Read,
        ["write"] = ApiTokenScope.Write,
    };

    /// <summary>Maps the routes; the group above has chosen the account.</summary>
    public static void MapApiTokens(this RouteGroupBuilder tokens)
    {
        tokens.MapRead("", ListAsync);
        tokens.MapPost("", IssueAsync);
        tokens.MapDelete("/{token_id}", RevokeAsync);
    }

    private static async Task<KitAnswer> ListAsync(KitRequest request, ApiTokenStore tokens)
    {
        var query = request.ReadQuery();
        var wanted = query.ReadPage();
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        var page = await tokens.ListAsync(request.AccountId, wanted, request.Aborted);
        return KitAnswer.Ok(page.Items.Select(ApiTokenResponse.Of).ToArray(), KitJson.Default.ApiTokenResponseArray, PagingResponse.Of(page));
    }

    private static async Task<KitAnswer> IssueAsync(KitRequest request, ApiTokenStore tokens, TimeProvider clock)
    {
        using var body = await request.ReadBodyAsync();
        var name = body.ReadName("name", isRequired: true, isNullable: false);
        var scope = body.ReadWord("scope", Scopes);
        var expiry = body.ReadText("expires_at", maxLength: 64, isNullable: true);
        DateTimeOffset? expiresAt = null;
        if (expiry.Value is { } text)
        {
            if (Timestamps.TryReadIso(text, out var at, out _) && at > clock.GetUtcNow())
            {
                expiresAt = at;
            }
            else
            {
                body.AddFault("expires_at", "must be a time to come in ISO 8601, or null");
            }
        }

        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        var issued = await tokens.IssueAsync(request.AccountId, scope.Value ?? ApiTokenScope.Read, name.Value!, expiresAt, request.Aborted);
        return KitAnswer.Created(IssuedApiTokenResponse.Of(issued), KitJson.Default.IssuedApiTokenResponse);
    }

    // One that is revoked already is answered as it stands, so that a call can be repeated.
    private static async Task<KitAnswer> RevokeAsync(KitRequest request, ApiTokenStore tokens)
    {
        if (!ApiTokenId.TryParse(request.PathValue("token_id"), out var id))
        {
            return KitAnswer.NotFound("token");
        }

        await tokens.RevokeAsync(request.AccountId, id, request.Aborted);
        return await tokens.FindAsync(request.AccountId, id, request.Aborted) is { } token
            ? KitAnswer.Ok(ApiTokenResponse.Of(token), KitJson.Default.ApiTokenResponse)
            : KitAnswer.NotFound("token");
    }

    /// <summary>A scope as this API names it.</summary>
    internal static string Write(ApiTokenScope scope) => scope is ApiTokenScope.Write ? "write" : "read";
}

/// <summary>An API token without its secret.</summary>
internal sealed record ApiTokenResponse(
    Guid Id, string Name, string Scope, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt)
{
    public static ApiTokenResponse Of(ApiToken token) => new(
        token.Id.Value, token.Name, ApiTokenEndpoints.Write(token.Scope), token.CreatedAt, token.ExpiresAt, token.RevokedAt);
}

/// <summary>An API token just issued: the only answer that holds its secret.</summary>
internal sealed record IssuedApiTokenResponse(
    Guid Id, string Name, string Scope, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, string Token)
{
    public static IssuedApiTokenResponse Of(IssuedApiToken issued) => new(
        issued.Token.Id.Value,
        issued.Token.Name,
        ApiTokenEndpoints.Write(issued.Token.Scope),
        issued.Token.CreatedAt,
        issued.Token.ExpiresAt,
        issued.Token.RevokedAt,
        issued.Secret);

    /// <summary>Names the token without its secret.</summary>
    public override string ToString() => $"API token {Id}";
}
