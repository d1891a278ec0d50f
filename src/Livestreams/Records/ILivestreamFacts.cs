using Roomcast.Storage;

namespace Roomcast.Livestreams.Records;

/// <summary>Is handed what is kept of livestreams, inside the transaction that keeps it: what it writes there is kept with it or not at all.</summary>
/// <remarks>A call may come again when the transaction is run again. What it throws undoes the transaction.</remarks>
public interface ILivestreamFacts
{
    /// <summary>A livestream was made, or its status has changed.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="livestream">As it stands now; one that was deleted has no stream key any more.</param>
    /// <param name="before">Its status before; null when it was made.</param>
    Task StatusChangedAsync(DatabaseTransaction transaction, Livestream livestream, LivestreamStatus? before);
}
