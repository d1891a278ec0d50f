namespace Roomcast.Storage;

/// <summary>What kind of failure a <see cref="StorageException"/> tells of, and so who can mend it.</summary>
public enum StorageFailure
{
    /// <summary>A fault of this program: a statement the database does not accept.</summary>
    Unexpected,

    /// <summary>The database cannot be reached, refuses more connections or fails to read its disk; trying later may help.</summary>
    Unavailable,

    /// <summary>Others held the rows for longer than every retry; trying later may help.</summary>
    Contended,

    /// <summary>The disk, or the space the database may use, is full. What was acknowledged before is kept.</summary>
    DiskFull,

    /// <summary>The folder or the database may not be written: permissions, a read-only disk or a wrong password.</summary>
    AccessDenied,

    /// <summary>Another process uses the data folder.</summary>
    InUse,

    /// <summary>A newer version of the program has made the database.</summary>
    NewerSchema,

    /// <summary>A migration that was applied to the database differs from the one this program carries.</summary>
    ChangedMigration,

    /// <summary>The database file or a key file is damaged. It is left as it is.</summary>
    Corrupted,

    /// <summary>The row breaks a rule of the schema, for example a second row with the same key.</summary>
    Constraint,
}

/// <summary>A failure of the database or the data folder. The message is for an operator and holds no secret.</summary>
public sealed class StorageException : Exception
{
    /// <summary>Tells of a failure.</summary>
    /// <param name="failure">Its kind.</param>
    /// <param name="message">What happened and what to do, without secrets.</param>
    /// <param name="innerException">The driver's own exception, if any.</param>
    public StorageException(StorageFailure failure, string message, Exception? innerException = null)
        : base(message, innerException) => Failure = failure;

    /// <summary>Tells of an unexpected failure.</summary>
    public StorageException()
        : this(StorageFailure.Unexpected, "The storage failed.")
    {
    }

    /// <summary>Tells of an unexpected failure.</summary>
    /// <param name="message">What happened, without secrets.</param>
    public StorageException(string message)
        : this(StorageFailure.Unexpected, message)
    {
    }

    /// <summary>Tells of an unexpected failure.</summary>
    /// <param name="message">What happened, without secrets.</param>
    /// <param name="innerException">The cause.</param>
    public StorageException(string message, Exception innerException)
        : this(StorageFailure.Unexpected, message, innerException)
    {
    }

    /// <summary>What kind of failure it is.</summary>
    public StorageFailure Failure { get; }

    /// <summary>Whether the same may well succeed later.</summary>
    public bool IsPassing =>
        Failure is StorageFailure.Unavailable or StorageFailure.Contended or StorageFailure.DiskFull or StorageFailure.AccessDenied;
}
