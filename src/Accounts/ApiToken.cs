namespace Roomcast.Accounts;

/// <summary>An API token, by which it is listed and revoked; not the secret.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct ApiTokenId(Guid Value)
{
    /// <summary>Reads an id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out ApiTokenId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new ApiTokenId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}

/// <summary>What the bearer of an API token may do.</summary>
public enum ApiTokenScope
{
    /// <summary>Look, and see no secrets.</summary>
    Read,

    /// <summary>Look and change everything of the account.</summary>
    Write,
}

/// <summary>An API token as kept: everything but the secret, of which only the SHA-256 is stored.</summary>
/// <param name="Id">Its id.</param>
/// <param name="AccountId">The account it opens.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Scope">What it may do.</param>
/// <param name="CreatedAt">When it was issued.</param>
/// <param name="ExpiresAt">The first moment it no longer holds; null when it never expires.</param>
/// <param name="RevokedAt">When it was revoked; null while it holds.</param>
public sealed record ApiToken(
    ApiTokenId Id,
    AccountId AccountId,
    string Name,
    ApiTokenScope Scope,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt);

/// <summary>A token just issued: the only time its secret is known.</summary>
/// <param name="Token">The token as kept.</param>
/// <param name="Secret">What the bearer sends: <c>rct_</c> and 44 letters and digits.</param>
public sealed record IssuedApiToken(ApiToken Token, string Secret)
{
    /// <summary>Names the token without its secret.</summary>
    public override string ToString() => $"API token {Token.Id} of account {Token.AccountId}";
}
