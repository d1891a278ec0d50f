using Roomcast.Storage;

namespace Roomcast.Egress.Recording;

/// <summary>Is handed what is kept of recordings, inside the transaction that keeps it: what it writes there is kept with it or not at all.</summary>
/// <remarks>A call may come again when the transaction is run again. What it throws undoes the transaction.</remarks>
public interface IRecordingFacts
{
    /// <summary>A recording was asked for, or its status has changed.</summary>
    Task StatusChangedAsync(DatabaseTransaction transaction, RecordingRecord recording);
}
