using Roomcast.Storage;
using Xunit;

namespace Roomcast.TestKit.Databases;

/// <summary>Tests that run on both engines: an abstract class of tests, and one short class for each engine below it.</summary>
/// <param name="engine">Which engine.</param>
public abstract class DatabaseTests(DatabaseEngine engine) : IAsyncLifetime
{
    private TestDatabase? _database;

    /// <summary>Which engine this run is on.</summary>
    protected DatabaseEngine Engine { get; } = engine;

    /// <summary>A fresh database for each test.</summary>
    protected Database Database => _database!.Database;

    /// <summary>How it was opened.</summary>
    protected StorageOptions Options => _database!.Options;

    /// <inheritdoc/>
    public virtual async Task InitializeAsync() => _database = await TestDatabase.OpenAsync(Engine);

    /// <inheritdoc/>
    public virtual async Task DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }
}
