using Microsoft.Extensions.Options;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Transcripts.Records;

/// <summary>Ends, with its session, the transcript that nobody else will: a stopped server left it open, and the session is not listened to now.</summary>
internal sealed class OrphanTranscripts(TranscriptStore store, ListenedSessions listened, IOptions<HistoryOptions> options) : ISessionFacts
{
    public Task BeganAsync(DatabaseTransaction transaction, SessionRecord session) => Task.CompletedTask;

    public Task JoinedAsync(DatabaseTransaction transaction, SessionRecord session, PeerRecord peer) => Task.CompletedTask;

    public Task LeftAsync(DatabaseTransaction transaction, SessionRecord session, PeerRecord peer) => Task.CompletedTask;

    // Of one that is listened to, what was said last is still being written down.
    public Task EndedAsync(DatabaseTransaction transaction, SessionRecord session) =>
        session.EndReason is SessionEndReason.ServerStopped || !listened.Has(session.Id)
            ? store.FinishOrphanAsync(transaction, session.Id, options.Value.FileRetention)
            : Task.CompletedTask;
}
