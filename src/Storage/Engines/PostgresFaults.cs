using System.Net.Sockets;
using Npgsql;

namespace Roomcast.Storage.Engines;

/// <summary>What PostgreSQL's error codes (its documentation, appendix A) and a broken connection mean to an operator.</summary>
internal static class PostgresFaults
{
    public static Fault Translate(NpgsqlException exception, string server)
    {
        if (exception is not PostgresException error)
        {
            return new Fault(
                StorageFailure.Unavailable, $"The {server} does not answer: {Innermost(exception)}", IsWorthRetrying: true);
        }

        return error.SqlState switch
        {
            PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable =>
                new Fault(StorageFailure.Contended, $"The {server} is busy with other changes to the same rows.", IsWorthRetrying: true),
            PostgresErrorCodes.DiskFull => new Fault(
                StorageFailure.DiskFull,
                $"The disk of the {server} is full. Nothing stored so far is lost; free some space.",
                IsWorthRetrying: false),
            PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
                or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.OutOfMemory =>
                new Fault(StorageFailure.Unavailable, $"The {server} refuses work: {error.MessageText}", IsWorthRetrying: true),
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => new Fault(
                StorageFailure.AccessDenied, $"The {server} refuses the user name or the password.", IsWorthRetrying: false),
            PostgresErrorCodes.InvalidCatalogName => new Fault(
                StorageFailure.AccessDenied, $"The {server} does not exist. Make it with: createdb", IsWorthRetrying: false),
            PostgresErrorCodes.InsufficientPrivilege => new Fault(
                StorageFailure.AccessDenied,
                $"The {server} does not let this user do what is needed: {error.MessageText}",
                IsWorthRetrying: false),
            PostgresErrorCodes.ReadOnlySqlTransaction => new Fault(
                StorageFailure.AccessDenied, $"The {server} is read-only: a standby, or set so.", IsWorthRetrying: false),
            PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted => new Fault(
                StorageFailure.Corrupted, $"The {server} reports damaged data: {error.MessageText}", IsWorthRetrying: false),
            PostgresErrorCodes.CharacterNotInRepertoire => new Fault(
                StorageFailure.Constraint, "A text holds a character that cannot be stored.", IsWorthRetrying: false),
            { } code when code.StartsWith("23", StringComparison.Ordinal) => new Fault(
                StorageFailure.Constraint, $"A row breaks a rule of the schema: {error.MessageText}", IsWorthRetrying: false),
            { } code when code.StartsWith("08", StringComparison.Ordinal) || code.StartsWith("58", StringComparison.Ordinal) => new Fault(
                StorageFailure.Unavailable, $"The {server} failed: {error.MessageText}", IsWorthRetrying: true),
            _ => new Fault(
                StorageFailure.Unexpected, $"The {server} refused a statement: {error.MessageText}", IsWorthRetrying: false),
        };
    }

    private static string Innermost(Exception exception)
    {
        while (exception.InnerException is { } inner)
        {
            exception = inner;
        }

        return exception switch
        {
            SocketException socket => socket.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => "the connection was refused.",
                SocketError.HostNotFound => "the host name is not known.",
                _ => socket.Message,
            },
            TimeoutException => "it took too long.",
            _ => exception.Message,
        };
    }
}
