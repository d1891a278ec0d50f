using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Roomcast.Storage;

namespace Roomcast.TestKit.Databases;

/// <summary>A fresh, migrated database of either engine on a temporary folder; the folder goes when it is disposed, a PostgreSQL
/// schema with its server at the end of the test process.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;

    private TestDatabase(TemporaryFolder folder, StorageOptions options, Database database)
    {
        _folder = folder;
        Options = options;
        Database = database;
    }

    /// <summary>The open database. It runs on the system's clock; stores are given their own.</summary>
    public Database Database { get; }

    /// <summary>How it was opened, to open it once more or to start a server on it.</summary>
    public StorageOptions Options { get; }

    /// <summary>Makes and opens one; PostgreSQL is started once for the test process.</summary>
    public static async Task<TestDatabase> OpenAsync(DatabaseEngine engine)
    {
        var folder = new TemporaryFolder();
        try
        {
            var options = await MakeOptionsAsync(engine, folder);
            var database = Open(options);
            await database.OpenAsync(CancellationToken.None);
            return new TestDatabase(folder, options, database);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Options of a fresh database that nobody has opened so far.</summary>
    public static async Task<StorageOptions> MakeOptionsAsync(DatabaseEngine engine, TemporaryFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return new StorageOptions
        {
            DataFolder = folder.Path,
            DatabaseUrl = engine == DatabaseEngine.Postgres ? await (await PostgresServer.SharedAsync()).CreateSchemaAsync() : null,
        };
    }

    /// <summary>A database that is not open so far.</summary>
    public static Database Open(StorageOptions options) =>
        new(new OptionsWrapper<StorageOptions>(options), TimeProvider.System, NullLogger<Database>.Instance);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        _folder.Dispose();
    }
}
