using Microsoft.Extensions.Options;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Transcripts.Records;

/// <summary>Ends the transcript of a session that a stopped server left open, with the session.</summary>
internal sealed class OrphanTranscripts(TranscriptStore store, IOptions<HistoryOptions> options) : ISessionFacts
{
    public Task BeganAsync(DatabaseTransaction transaction, SessionRecord session) => Task.CompletedTask;

    public Task JoinedAsync(DatabaseTransaction transaction, SessionRecord session, PeerRecord peer) => Task.CompletedTask;

    public Task LeftAsync(DatabaseTransaction transaction, SessionRecord session, PeerRecord peer) => Task.CompletedTask;

    // Any other session that ends is still listened to, and what was said last still being written down.
    public Task EndedAsync(DatabaseTransaction transaction, SessionRecord session) =>
        session.EndReason is SessionEndReason.ServerStopped
            ? store.FinishOrphanAsync(transaction, session.Id, options.Value.FileRetention)
            : Task.CompletedTask;
}
