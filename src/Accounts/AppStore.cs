using Roomcast.Storage;

namespace Roomcast.Accounts;

/// <summary>A change to an app; null leaves a field as it is.</summary>
/// <param name="Name">The new name; an empty string clears it.</param>
/// <param name="Playback">Who may play its livestreams from now on.</param>
public sealed record AppPatch(string? Name, PlaybackAccess? Playback);

/// <summary>The apps. An app of another account is answered as one that does not exist.</summary>
public sealed class AppStore(Database database, TimeProvider clock)
{
    private const string Columns = "id, account_id, name, playback, created_at";

    /// <summary>Makes an app with a fresh id, playable by anyone.</summary>
    /// <param name="accountId">The account; it must exist.</param>
    /// <param name="name">1 to 256 characters, or null. Two apps may have the same.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <exception cref="StorageException">There is no such account (<see cref="StorageFailure.Constraint"/>).</exception>
    public Task<App> CreateAsync(AccountId accountId, string? name, CancellationToken cancellationToken)
    {
        var app = new App(new AppId(Guid.NewGuid()), accountId, name, PlaybackAccess.Public, StoredTime.Now(clock));
        return database.WriteAsync(
            async transaction =>
            {
                await transaction.ExecuteAsync(
                    """
                    INSERT INTO apps (id, account_id, name, name_folded, playback, created_at)
                    VALUES (@Id, @AccountId, @Name, @NameFolded, @Playback, @CreatedAt)
                    """,
                    new
                    {
                        Id = app.Id.Value,
                        AccountId = accountId.Value,
                        app.Name,
                        NameFolded = Fold(app.Name),
                        Playback = Write(app.Playback),
                        app.CreatedAt,
                    });
                return app;
            },
            cancellationToken);
    }

    /// <summary>Finds an app of an account; null when the account has none of this id.</summary>
    public Task<App?> FindAsync(AccountId accountId, AppId id, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => FindAsync(transaction, accountId, id), cancellationToken);

    /// <summary>Finds an app whoever owns it: for the media paths, where there is no account.</summary>
    public Task<App?> FindAsync(AppId id, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async transaction => (await transaction.QueryRowAsync<AppRow>(
                $"SELECT {Columns} FROM apps WHERE id = @Id", new { Id = id.Value }))?.ToApp(),
            cancellationToken);

    /// <summary>In a transaction: an app, whoever owns it; null when there is none.</summary>
    public static async Task<App?> FindAsync(DatabaseTransaction transaction, AppId id)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return (await transaction.QueryRowAsync<AppRow>(
            $"SELECT {Columns} FROM apps WHERE id = @Id", new { Id = id.Value }))?.ToApp();
    }

    /// <summary>Lists an account's apps by age.</summary>
    /// <param name="accountId">The account.</param>
    /// <param name="page">The page.</param>
    /// <param name="search">Only apps whose name contains this, whatever its case; null or empty for all.</param>
    /// <param name="order">By age.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public Task<Page<App>> ListAsync(
        AccountId accountId, PageRequest page, string? search, SortOrder order, CancellationToken cancellationToken)
    {
        PageBounds.ThrowIfInvalid(page);
        return search?.Contains('\0', StringComparison.Ordinal) == true
            ? Task.FromResult(new Page<App>([], 0, page)) // No name has it, and PostgreSQL would not even look.
            : database.ReadAsync(
                transaction => ListQuery(accountId, search).ReadAsync<AppRow, App>(transaction, page, order, row => row.ToApp()),
                cancellationToken);
    }

    /// <summary>Changes an app; null when the account has none of this id.</summary>
    public Task<App?> UpdateAsync(AccountId accountId, AppId id, AppPatch patch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(patch);
        return database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, accountId, id) is not { } app)
                {
                    return null;
                }

                app = app with
                {
                    Name = patch.Name is null ? app.Name : patch.Name.Length == 0 ? null : patch.Name,
                    Playback = patch.Playback ?? app.Playback,
                };
                await transaction.ExecuteAsync(
                    """
                    UPDATE apps SET name = @Name, name_folded = @NameFolded, playback = @Playback
                    WHERE id = @Id AND account_id = @AccountId
                    """,
                    new
                    {
                        app.Name,
                        NameFolded = Fold(app.Name),
                        Playback = Write(app.Playback),
                        Id = id.Value,
                        AccountId = accountId.Value,
                    });
                return app;
            },
            cancellationToken);
    }

    internal static PagedQuery ListQuery(AccountId accountId, string? search)
    {
        var query = new PagedQuery(Columns, "apps").Where("account_id = @AccountId", "AccountId", accountId.Value);
        if (!string.IsNullOrEmpty(search))
        {
            var escaped = Fold(search)!
                .Replace("!", "!!", StringComparison.Ordinal)
                .Replace("%", "!%", StringComparison.Ordinal)
                .Replace("_", "!_", StringComparison.Ordinal);
            query.Where("name_folded LIKE @Search ESCAPE '!'", "Search", $"%{escaped}%");
        }

        return query;
    }

    private static async Task<App?> FindAsync(DatabaseTransaction transaction, AccountId accountId, AppId id) =>
        (await transaction.QueryRowAsync<AppRow>(
            $"SELECT {Columns} FROM apps WHERE id = @Id AND account_id = @AccountId",
            new { Id = id.Value, AccountId = accountId.Value }))?.ToApp();

#pragma warning disable CA1308 // Names are folded for comparing only; lower case is what the stored column was made with.
    private static string? Fold(string? name) => name?.ToLowerInvariant();
#pragma warning restore CA1308

    private static string Write(PlaybackAccess playback) => playback switch
    {
        PlaybackAccess.Public => "PUBLIC",
        PlaybackAccess.Signed => "SIGNED",
        _ => throw new ArgumentOutOfRangeException(nameof(playback), playback, "Not a playback access."),
    };

    private static PlaybackAccess ReadPlayback(string text) => text switch
    {
        "PUBLIC" => PlaybackAccess.Public,
        "SIGNED" => PlaybackAccess.Signed,
        _ => throw new StorageException(StorageFailure.Corrupted, $"An app has the unknown playback access '{text}'."),
    };

    private sealed class AppRow
    {
        public Guid Id { get; init; }

        public string AccountId { get; init; } = "";

        public string? Name { get; init; }

        public string Playback { get; init; } = "";

        public DateTimeOffset CreatedAt { get; init; }

        public App ToApp() => new(new AppId(Id), new AccountId(AccountId), Name, ReadPlayback(Playback), CreatedAt);
    }
}
