using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.History.Publishing;

/// <summary>The files that sessions leave and of which others are told.</summary>
public enum SessionFileKind
{
    /// <summary>What was said in the chat.</summary>
    Chat,

    /// <summary>What was spoken.</summary>
    Transcript,

    /// <summary>What it came to.</summary>
    Summary,
}

/// <summary>Makes the files of one kind.</summary>
public interface ISessionFileMaker
{
    /// <summary>The kind.</summary>
    SessionFileKind Kind { get; }

    /// <summary>Makes the file of a session that has ended, in place of an earlier one. Null when there is nothing, or no longer, to make it of.</summary>
    /// <exception cref="Storage.Blobs.BlobException">It cannot be stored now.</exception>
    Task<SessionFile?> MakeAsync(SessionRecord session, CancellationToken cancellationToken);
}

/// <summary>Is handed files of sessions once they can be downloaded, inside the transaction that notes it: what it writes there is kept with that or not at all.</summary>
/// <remarks>A call may come again when the transaction is run again. What it throws undoes the transaction.</remarks>
public interface ISessionFileFacts
{
    /// <summary>A file of a session that has ended is there. Told once for each kind.</summary>
    Task ReadyAsync(DatabaseTransaction transaction, SessionRecord session, SessionFileKind kind, SessionFile file);
}
