using System.Text.Json;
using System.Text.Json.Serialization;
using Roomcast.Storage;

namespace Roomcast.Meetings.Records;

/// <summary>The polls of sessions as kept. They live as long as their session, restarts of the server in between included.</summary>
public sealed class PollStore(Database database, TimeProvider clock)
{
    /// <summary>Most polls of a session that are read back.</summary>
    public const int MaxPolls = 1_000;

    /// <summary>Keeps a poll as it is now, new or changed.</summary>
    public Task SaveAsync(SessionId sessionId, Poll poll, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(poll);
        var stored = new StoredPoll(
            SearchText.Storable(poll.Question),
            [.. poll.Options.Select(option => new StoredOption(
                SearchText.Storable(option.Text),
                [.. option.Votes.Select(vote => new StoredVote(vote.ParticipantId.Value, SearchText.Storable(vote.Name)))]))],
            poll.IsAnonymous,
            poll.HidesVotes,
            SearchText.Storable(poll.CreatedBy),
            poll.CreatedById?.Value);
        return database.WriteAsync(
            transaction => transaction.ExecuteAsync(
                """
                INSERT INTO polls (id, session_id, content, created_at, updated_at)
                VALUES (@Id, @SessionId, @Content, @CreatedAt, @Now)
                ON CONFLICT (id) DO UPDATE SET content = excluded.content, updated_at = excluded.updated_at
                """,
                new
                {
                    Id = poll.Id.Value,
                    SessionId = sessionId.Value,
                    Content = JsonSerializer.Serialize(stored, PollJson.Default.StoredPoll),
                    poll.CreatedAt,
                    Now = StoredTime.Now(clock),
                }),
            cancellationToken);
    }

    /// <summary>The polls of a session, oldest first.</summary>
    public Task<IReadOnlyList<Poll>> ListAsync(SessionId sessionId, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<Poll>>(
            async transaction =>
            {
                var rows = await transaction.QueryAsync<PollRow>(
                    $"SELECT id, content, created_at FROM polls WHERE session_id = @Id ORDER BY created_at, id LIMIT {MaxPolls}",
                    new { Id = sessionId.Value });
                return [.. rows.Select(row => row.ToPoll())];
            },
            cancellationToken);

    internal sealed record StoredPoll(
        string Question, StoredOption[] Options, bool IsAnonymous, bool HidesVotes, string CreatedBy, Guid? CreatedById);

    internal sealed record StoredOption(string Text, StoredVote[] Votes);

    internal sealed record StoredVote(Guid ParticipantId, string Name);

    private sealed class PollRow
    {
        public Guid Id { get; init; }

        public string Content { get; init; } = "";

        public DateTimeOffset CreatedAt { get; init; }

        public Poll ToPoll()
        {
            StoredPoll stored;
            try
            {
                stored = JsonSerializer.Deserialize(Content, PollJson.Default.StoredPoll)!;
            }
            catch (JsonException e)
            {
                throw new StorageException(StorageFailure.Corrupted, $"The stored poll {Id} is damaged.", e);
            }

            return new Poll
            {
                Id = new PollId(Id),
                Question = stored.Question,
                Options = [.. stored.Options.Select(option => new PollOption(
                    option.Text, [.. option.Votes.Select(vote => new PollVote(new ParticipantId(vote.ParticipantId), vote.Name))]))],
                IsAnonymous = stored.IsAnonymous,
                HidesVotes = stored.HidesVotes,
                CreatedBy = stored.CreatedBy,
                CreatedById = stored.CreatedById is { } id ? new ParticipantId(id) : null,
                CreatedAt = CreatedAt,
            };
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(PollStore.StoredPoll))]
internal sealed partial class PollJson : JsonSerializerContext;
