using System.Security.Cryptography;
using Roomcast.Storage;

namespace Roomcast.Accounts;

/// <summary>The accounts.</summary>
public sealed class AccountStore(Database database, TimeProvider clock)
{
    /// <summary>Makes an account with a fresh random id.</summary>
    /// <param name="name">1 to 256 characters, or null.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    public Task<Account> CreateAsync(string? name, CancellationToken cancellationToken)
    {
        var account = new Account(
            new AccountId(RandomNumberGenerator.GetHexString(32, lowercase: true)), name, StoredTime.Now(clock));
        return database.WriteAsync(
            async transaction =>
            {
                await transaction.ExecuteAsync(
                    "INSERT INTO accounts (id, name, created_at) VALUES (@Id, @Name, @CreatedAt)",
                    new { Id = account.Id.Value, account.Name, account.CreatedAt });
                return account;
            },
            cancellationToken);
    }

    /// <summary>Finds an account; null when there is none of this id.</summary>
    public Task<Account?> FindAsync(AccountId id, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async transaction =>
            {
                var row = await transaction.QueryRowAsync<AccountRow>(
                    "SELECT id, name, created_at FROM accounts WHERE id = @Id", new { Id = id.Value });
                return row is null ? null : new Account(new AccountId(row.Id), row.Name, row.CreatedAt);
            },
            cancellationToken);

    /// <summary>Whether there is any account: false only before the first start is done.</summary>
    public Task<bool> AnyAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(
            async transaction => await transaction.QueryValueAsync<string>("SELECT id FROM accounts LIMIT 1") is not null,
            cancellationToken);

    private sealed class AccountRow
    {
        public string Id { get; init; } = "";

        public string? Name { get; init; }

        public DateTimeOffset CreatedAt { get; init; }
    }
}
