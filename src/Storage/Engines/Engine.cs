using System.Data.Common;

namespace Roomcast.Storage.Engines;

/// <summary>What differs between SQLite and PostgreSQL: connections, how a transaction begins, and what a failure means.</summary>
internal abstract class Engine : IAsyncDisposable
{
    public abstract DatabaseEngine Kind { get; }

    /// <summary>Connects, checks that this is a database we can use, and brings its schema up to date.</summary>
    public abstract Task OpenAsync(Migrations.Migrator migrator, CancellationToken cancellationToken);

    /// <summary>Waits for a connection. What comes after may block the thread it runs on, which is none of the caller's then.</summary>
    public abstract ValueTask<Lease> RentAsync(bool writes, CancellationToken cancellationToken);

    public abstract ValueTask<Transaction> BeginAsync(DbConnection connection, bool writes, CancellationToken cancellationToken);

    /// <summary>What a driver's exception means; null when it is not the driver's.</summary>
    public abstract Fault? Translate(Exception exception);

    public abstract ValueTask DisposeAsync();

    /// <summary>A transaction that was begun. Disposal rolls back what was not committed, and does not fail for a broken connection.</summary>
    internal abstract class Transaction : IAsyncDisposable
    {
        public abstract DbConnection Connection { get; }

        /// <summary>The driver's transaction, where commands must name it.</summary>
        public abstract DbTransaction? Driver { get; }

        /// <summary>Set when rolling back failed: the connection is of no use any more.</summary>
        public bool IsBroken { get; protected set; }

        public abstract Task CommitAsync();

        public abstract ValueTask DisposeAsync();
    }

    /// <summary>A connection lent for one transaction.</summary>
    internal abstract class Lease : IAsyncDisposable
    {
        public abstract DbConnection Connection { get; }

        /// <summary>Set after a failure: the connection is closed rather than lent again.</summary>
        public bool IsSuspect { get; set; }

        public abstract ValueTask DisposeAsync();
    }
}

/// <summary>A driver's exception in our words.</summary>
/// <param name="Failure">Its kind.</param>
/// <param name="Message">For an operator, without secrets.</param>
/// <param name="IsWorthRetrying">Whether the same transaction may well succeed in a moment.</param>
internal readonly record struct Fault(StorageFailure Failure, string Message, bool IsWorthRetrying);
