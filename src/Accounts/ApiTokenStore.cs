using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Roomcast.Storage;

namespace Roomcast.Accounts;

/// <summary>The API tokens. Secrets are random, told once, and stored only as SHA-256.</summary>
/// <remarks>A plain digest is enough, and no slow password hash is needed: 44 random letters and digits cannot be guessed.</remarks>
public sealed class ApiTokenStore(Database database, TimeProvider clock)
{
    private const string Prefix = "rct_";
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const int RandomLength = 44; // 262 bits.
    private const string Columns = "id, account_id, name, scope, created_at, expires_at, revoked_at";

    private static readonly SearchValues<char> RandomCharacters = SearchValues.Create(Alphabet);

    private readonly ApiTokenCache _cache = new(clock, capacity: 1_024, lifetime: TimeSpan.FromSeconds(10));

    /// <summary>Issues a token; its secret is told only here.</summary>
    /// <param name="accountId">The account it opens; it must exist.</param>
    /// <param name="scope">What it may do.</param>
    /// <param name="name">What its owner calls it, 1 to 256 characters.</param>
    /// <param name="expiresAt">The first moment it no longer holds; null for never.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <exception cref="StorageException">There is no such account (<see cref="StorageFailure.Constraint"/>).</exception>
    public Task<IssuedApiToken> IssueAsync(
        AccountId accountId, ApiTokenScope scope, string name, DateTimeOffset? expiresAt, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var secret = Prefix + RandomNumberGenerator.GetString(Alphabet, RandomLength);
        var token = new ApiToken(
            new ApiTokenId(Guid.NewGuid()),
            accountId,
            name,
            scope,
            StoredTime.Now(clock),
            expiresAt is { } at ? StoredTime.Of(at) : null,
            RevokedAt: null);

        return database.WriteAsync(
            async transaction =>
            {
                await transaction.ExecuteAsync(
                    """
                    INSERT INTO api_tokens (id, account_id, name, scope, secret_hash, created_at, expires_at)
                    VALUES (@Id, @AccountId, @Name, @Scope, @SecretHash, @CreatedAt, @ExpiresAt)
                    """,
                    new
                    {
                        Id = token.Id.Value,
                        AccountId = accountId.Value,
                        token.Name,
                        Scope = Write(scope),
                        SecretHash = Digest(secret),
                        token.CreatedAt,
                        token.ExpiresAt,
                    });
                return new IssuedApiToken(token, secret);
            },
            cancellationToken);
    }

    /// <summary>Finds the token a bearer presents; null when it is malformed, unknown, expired or revoked.</summary>
    /// <remarks>
    /// Answered from a bounded cache of digests for up to 10 s, so on several nodes a revocation reaches the others within that
    /// time; on the node that revokes it holds at once.
    /// </remarks>
    /// <param name="secret">As sent; anything at all.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public async Task<ApiToken?> AuthenticateAsync(string? secret, CancellationToken cancellationToken)
    {
        return IsWellFormed(secret) ? await AuthenticateAsync(Digest(secret!), cancellationToken) : null;
    }

    /// <summary>Whether a token that was authenticated earlier still holds; as cheap and as fresh as <see cref="AuthenticateAsync(string?, CancellationToken)"/>.</summary>
    /// <param name="digest">Its secret's digest, by <see cref="DigestOf"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public async Task<bool> HoldsAsync(byte[] digest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(digest);
        return await AuthenticateAsync(digest, cancellationToken) is not null;
    }

    /// <summary>The digest by which a secret can be asked about again without keeping it.</summary>
    public static byte[] DigestOf(string secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        return Digest(secret);
    }

    private async Task<ApiToken?> AuthenticateAsync(byte[] digest, CancellationToken cancellationToken)
    {
        var key = Convert.ToHexStringLower(digest);
        var token = _cache.Find(key);
        if (token is null)
        {
            var revocations = _cache.Revocations;
            token = await FindAsync(digest, cancellationToken);
            if (token is { RevokedAt: null })
            {
                _cache.Add(key, token, revocations);
            }
        }

        return token is { RevokedAt: null } && (token.ExpiresAt is null || clock.GetUtcNow() < token.ExpiresAt) ? token : null;
    }

    /// <summary>Lists an account's tokens, newest first, revoked and expired ones too.</summary>
    public Task<Page<ApiToken>> ListAsync(AccountId accountId, PageRequest page, CancellationToken cancellationToken)
    {
        PageBounds.ThrowIfInvalid(page);
        return database.ReadAsync(
            transaction => ListQuery(accountId).ReadAsync<ApiTokenRow, ApiToken>(
                transaction, page, SortOrder.Descending, row => row.ToToken()),
            cancellationToken);
    }

    /// <summary>Finds a token of an account, revoked and expired ones too; null when it has none of this id.</summary>
    public Task<ApiToken?> FindAsync(AccountId accountId, ApiTokenId id, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async transaction => (await transaction.QueryRowAsync<ApiTokenRow>(
                $"SELECT {Columns} FROM api_tokens WHERE id = @Id AND account_id = @AccountId",
                new { Id = id.Value, AccountId = accountId.Value }))?.ToToken(),
            cancellationToken);

    /// <summary>Revokes a token at once and for good. False when the account has none of this id, or it was revoked already.</summary>
    public async Task<bool> RevokeAsync(AccountId accountId, ApiTokenId id, CancellationToken cancellationToken)
    {
        try
        {
            return await database.WriteAsync(
                async transaction => await transaction.ExecuteAsync(
                    "UPDATE api_tokens SET revoked_at = @Now WHERE id = @Id AND account_id = @AccountId AND revoked_at IS NULL",
                    new { Now = StoredTime.Now(clock), Id = id.Value, AccountId = accountId.Value }) > 0,
                cancellationToken);
        }
        finally
        {
            _cache.Forget(id); // Even when it failed: a commit whose answer was lost may have happened.
        }
    }

    internal static PagedQuery ListQuery(AccountId accountId) =>
        new PagedQuery(Columns, "api_tokens").Where("account_id = @AccountId", "AccountId", accountId.Value);

    private Task<ApiToken?> FindAsync(byte[] digest, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async transaction =>
            {
                var row = await transaction.QueryRowAsync<ApiTokenRow>(
                    $"SELECT {Columns}, secret_hash FROM api_tokens WHERE secret_hash = @Digest", new { Digest = digest });
                return row is not null && CryptographicOperations.FixedTimeEquals(row.SecretHash, digest) ? row.ToToken() : null;
            },
            cancellationToken);

    private static bool IsWellFormed(string? secret) =>
        secret?.Length == Prefix.Length + RandomLength
        && secret.StartsWith(Prefix, StringComparison.Ordinal)
        && secret.AsSpan(Prefix.Length).IndexOfAnyExcept(RandomCharacters) < 0;

    private static byte[] Digest(string secret) => SHA256.HashData(Encoding.ASCII.GetBytes(secret));

    private static string Write(ApiTokenScope scope) => scope switch
    {
        ApiTokenScope.Read => "READ",
        ApiTokenScope.Write => "WRITE",
        _ => throw new ArgumentOutOfRangeException(nameof(scope), scope, "Not a scope."),
    };

    private static ApiTokenScope ReadScope(string text) => text switch
    {
        "READ" => ApiTokenScope.Read,
        "WRITE" => ApiTokenScope.Write,
        _ => throw new StorageException(StorageFailure.Corrupted, $"An API token has the unknown scope '{text}'."),
    };

    private sealed class ApiTokenRow
    {
        public Guid Id { get; init; }

        public string AccountId { get; init; } = "";

        public string Name { get; init; } = "";

        public string Scope { get; init; } = "";

        public byte[] SecretHash { get; init; } = [];

        public DateTimeOffset CreatedAt { get; init; }

        public DateTimeOffset? ExpiresAt { get; init; }

        public DateTimeOffset? RevokedAt { get; init; }

        public ApiToken ToToken() =>
            new(new ApiTokenId(Id), new AccountId(AccountId), Name, ReadScope(Scope), CreatedAt, ExpiresAt, RevokedAt);
    }
}
