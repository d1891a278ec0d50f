namespace Roomcast.Storage.Tests.Writer;

/// <summary>Rows that come in pairs, so that half a transaction shows.</summary>
public static class Rows
{
    /// <summary>Writes a row and its twin in one transaction.</summary>
    public static Task InsertAsync(Database database, string id, string name = "row")
    {
        ArgumentNullException.ThrowIfNull(database);
        return database.WriteAsync(
            async transaction =>
            {
                var now = StoredTime.Now(TimeProvider.System);
                const string sql = "INSERT INTO accounts (id, name, created_at) VALUES (@Id, @Name, @Now)";
                await transaction.ExecuteAsync(sql, new { Id = id, Name = name, Now = now });
                await transaction.ExecuteAsync(sql, new { Id = id + "-twin", Name = "twin", Now = now });
            },
            CancellationToken.None);
    }

    /// <summary>How many rows there are, twins included.</summary>
    public static Task<long> CountAsync(Database database)
    {
        ArgumentNullException.ThrowIfNull(database);
        return database.ReadAsync(
            transaction => transaction.QueryValueAsync<long>("SELECT count(*) FROM accounts"), CancellationToken.None);
    }
}
