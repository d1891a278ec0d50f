using System.Threading.Channels;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.History.Publishing;

/// <summary>
/// Notes which files of sessions are to be made and told of, in the transactions of what they are made of; the chat's with the
/// end of its session. <see cref="SessionFilePublishing"/> does what is noted here, after a crash too.
/// </summary>
public sealed class SessionFileTasks(TimeProvider clock) : ISessionFacts
{
    // Holds no more than that something was noted.
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Rings when something was noted, or can be done now.</summary>
    internal ChannelReader<bool> Bell => _bell.Reader;

    /// <summary>Notes a file. It is made once its session has ended.</summary>
    /// <param name="transaction">The transaction of what it is made of.</param>
    /// <param name="sessionId">The session.</param>
    /// <param name="kind">Which file.</param>
    public Task AddAsync(DatabaseTransaction transaction, SessionId sessionId, SessionFileKind kind)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        transaction.AfterCommit(Ring);
        return transaction.ExecuteAsync(
            """
            INSERT INTO session_file_tasks (session_id, kind, attempts, due_at, created_at) VALUES (@Id, @Kind, 0, @Now, @Now)
            ON CONFLICT (session_id, kind) DO NOTHING
            """,
            new { Id = sessionId.Value, Kind = Write(kind), Now = StoredTime.Now(clock) });
    }

    /// <inheritdoc/>
    public Task BeganAsync(DatabaseTransaction transaction, SessionRecord session) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task JoinedAsync(DatabaseTransaction transaction, SessionRecord session, PeerRecord peer) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task LeftAsync(DatabaseTransaction transaction, SessionRecord session, PeerRecord peer) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task EndedAsync(DatabaseTransaction transaction, SessionRecord session)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(session);
        transaction.AfterCommit(Ring); // Other files may have waited for the end.
        if (await ChatMessageStore.HasAnyAsync(transaction, session.Id))
        {
            await AddAsync(transaction, session.Id, SessionFileKind.Chat);
        }
    }

    internal static string Write(SessionFileKind kind) => kind switch
    {
        SessionFileKind.Chat => "CHAT",
        SessionFileKind.Transcript => "TRANSCRIPT",
        _ => "SUMMARY",
    };

    internal static SessionFileKind? Read(string text) => text switch
    {
        "CHAT" => SessionFileKind.Chat,
        "TRANSCRIPT" => SessionFileKind.Transcript,
        "SUMMARY" => SessionFileKind.Summary,
        _ => null,
    };

    private void Ring() => _bell.Writer.TryWrite(true);
}
