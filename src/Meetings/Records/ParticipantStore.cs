using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Meetings.Records;

/// <summary>The participants of meetings as kept. Deleted ones are answered as ones that do not exist.</summary>
public sealed class ParticipantStore(Database database, TimeProvider clock)
{
    private const string Columns =
        "id, app_id, meeting_id, custom_id, name, picture, preset_id, "
        + "(SELECT presets.name FROM presets WHERE presets.id = participants.preset_id) AS preset_name, "
        + "token_generation, created_at, updated_at";

    /// <summary>
    /// Adds a participant to a meeting. One with this custom id is there already: it is changed instead, name and picture only
    /// where they are given, and keeps its id.
    /// </summary>
    /// <param name="appId">The app.</param>
    /// <param name="meetingId">The meeting, of this app.</param>
    /// <param name="customId">The customer's own name for the person, 1 to 256 characters.</param>
    /// <param name="presetId">The preset, of this app.</param>
    /// <param name="name">1 to 256 characters, or null.</param>
    /// <param name="picture">An absolute http(s) address, or null.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>The participant; null when the app has no such meeting or no such preset.</returns>
    public async Task<Participant?> AddAsync(
        AppId appId,
        MeetingId meetingId,
        string customId,
        PresetId presetId,
        string? name,
        string? picture,
        CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(customId);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await database.WriteAsync(AddOnceAsync, cancellationToken);
            }
            catch (StorageException e) when (e.Failure == StorageFailure.Constraint && attempt == 0)
            {
                // Somebody added the same person at this moment: now it is a change.
            }
        }

        async Task<Participant?> AddOnceAsync(DatabaseTransaction transaction)
        {
            var presetName = await transaction.QueryValueAsync<string>(
                """
                SELECT presets.name FROM presets JOIN meetings ON meetings.app_id = presets.app_id
                WHERE presets.id = @PresetId AND presets.deleted_at IS NULL AND presets.app_id = @AppId AND meetings.id = @MeetingId
                """,
                new { PresetId = presetId.Value, AppId = appId.Value, MeetingId = meetingId.Value });
            if (presetName is null)
            {
                return null;
            }

            var now = StoredTime.Now(clock);
            var existing = (await transaction.QueryRowAsync<ParticipantRow>(
                $"SELECT {Columns} FROM participants WHERE meeting_id = @MeetingId AND custom_id = @CustomId AND deleted_at IS NULL",
                new { MeetingId = meetingId.Value, CustomId = customId }))?.ToParticipant();
            if (existing is not null)
            {
                return await ChangeAsync(
                    transaction,
                    existing with
                    {
                        Name = name ?? existing.Name,
                        Picture = picture ?? existing.Picture,
                        PresetId = presetId,
                        PresetName = presetName,
                        UpdatedAt = now,
                    });
            }

            var participant = new Participant
            {
                Id = new ParticipantId(Guid.NewGuid()),
                AppId = appId,
                MeetingId = meetingId,
                CustomId = customId,
                Name = name,
                Picture = picture,
                PresetId = presetId,
                PresetName = presetName,
                TokenGeneration = 1,
                CreatedAt = now,
                UpdatedAt = now,
            };
            await transaction.ExecuteAsync(
                """
                INSERT INTO participants
                    (id, app_id, meeting_id, custom_id, name, picture, preset_id, token_generation, created_at, updated_at)
                VALUES
                    (@Id, @AppId, @MeetingId, @CustomId, @Name, @Picture, @PresetId, @TokenGeneration, @CreatedAt, @UpdatedAt)
                """,
                new
                {
                    Id = participant.Id.Value,
                    AppId = appId.Value,
                    MeetingId = meetingId.Value,
                    CustomId = customId,
                    Name = name,
                    Picture = picture,
                    PresetId = presetId.Value,
                    participant.TokenGeneration,
                    participant.CreatedAt,
                    participant.UpdatedAt,
                });
            return participant;
        }
    }

    /// <summary>Finds a participant of a meeting; null when the meeting has none of this id, or the app no such meeting.</summary>
    public Task<Participant?> FindAsync(AppId appId, MeetingId meetingId, ParticipantId id, CancellationToken cancellationToken) =>
        database.ReadAsync(transaction => FindAsync(transaction, appId, meetingId, id), cancellationToken);

    /// <summary>Lists a meeting's participants.</summary>
    public Task<Page<Participant>> ListAsync(
        AppId appId, MeetingId meetingId, PageRequest page, SortOrder order, CancellationToken cancellationToken)
    {
        PageBounds.ThrowIfInvalid(page);
        return database.ReadAsync(
            transaction => ListQuery(appId, meetingId).ReadAsync<ParticipantRow, Participant>(
                transaction, page, order, row => row.ToParticipant()),
            cancellationToken);
    }

    /// <summary>Changes a participant. Null when there is none; a preset the app does not have is left as it was.</summary>
    public Task<Participant?> UpdateAsync(
        AppId appId, MeetingId meetingId, ParticipantId id, ParticipantPatch patch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(patch);
        return database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, appId, meetingId, id) is not { } participant)
                {
                    return null;
                }

                var presetName = patch.PresetId is not { } presetId ? null : await transaction.QueryValueAsync<string>(
                    "SELECT name FROM presets WHERE id = @Id AND app_id = @AppId AND deleted_at IS NULL",
                    new { Id = presetId.Value, AppId = appId.Value });
                return await ChangeAsync(
                    transaction,
                    participant with
                    {
                        Name = patch.Name ?? participant.Name,
                        Picture = patch.Picture ?? participant.Picture,
                        PresetId = presetName is null ? participant.PresetId : patch.PresetId!.Value,
                        PresetName = presetName ?? participant.PresetName,
                        UpdatedAt = StoredTime.Now(clock),
                    });
            },
            cancellationToken);
    }

    /// <summary>Makes every token issued so far worthless. The participant with its new generation, or null when there is none.</summary>
    public Task<Participant?> ReplaceTokensAsync(AppId appId, MeetingId meetingId, ParticipantId id, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction => await FindAsync(transaction, appId, meetingId, id) is { } participant
                ? await ChangeAsync(
                    transaction,
                    participant with { TokenGeneration = participant.TokenGeneration + 1, UpdatedAt = StoredTime.Now(clock) })
                : null,
            cancellationToken);

    /// <summary>Deletes a participant; its tokens are worth nothing from then on. Returns what was deleted, or null.</summary>
    public Task<Participant?> DeleteAsync(AppId appId, MeetingId meetingId, ParticipantId id, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, appId, meetingId, id) is not { } participant)
                {
                    return null;
                }

                var now = StoredTime.Now(clock);
                await transaction.ExecuteAsync(
                    "UPDATE participants SET updated_at = @Now, deleted_at = @Now WHERE id = @Id", new { Now = now, Id = id.Value });
                return participant with { UpdatedAt = now };
            },
            cancellationToken);

    internal static PagedQuery ListQuery(AppId appId, MeetingId meetingId) =>
        new PagedQuery(Columns, "participants")
            .Where("meeting_id = @MeetingId", "MeetingId", meetingId.Value)
            .Where("app_id = @AppId", "AppId", appId.Value)
            .Where("deleted_at IS NULL")
            .CountedFor($"{appId}/{meetingId}");

    private static async Task<Participant?> FindAsync(
        DatabaseTransaction transaction, AppId appId, MeetingId meetingId, ParticipantId id) =>
        (await transaction.QueryRowAsync<ParticipantRow>(
            $"""
            SELECT {Columns} FROM participants
            WHERE id = @Id AND meeting_id = @MeetingId AND app_id = @AppId AND deleted_at IS NULL
            """,
            new { Id = id.Value, MeetingId = meetingId.Value, AppId = appId.Value }))?.ToParticipant();

    private static async Task<Participant> ChangeAsync(DatabaseTransaction transaction, Participant participant)
    {
        await transaction.ExecuteAsync(
            """
            UPDATE participants
            SET name = @Name, picture = @Picture, preset_id = @PresetId, token_generation = @TokenGeneration, updated_at = @UpdatedAt
            WHERE id = @Id
            """,
            new
            {
                participant.Name,
                participant.Picture,
                PresetId = participant.PresetId.Value,
                participant.TokenGeneration,
                participant.UpdatedAt,
                Id = participant.Id.Value,
            });
        return participant;
    }

    private sealed class ParticipantRow
    {
        public Guid Id { get; init; }

        public Guid AppId { get; init; }

        public Guid MeetingId { get; init; }

        public string CustomId { get; init; } = "";

        public string? Name { get; init; }

        public string? Picture { get; init; }

        public Guid PresetId { get; init; }

        public string PresetName { get; init; } = "";

        public int TokenGeneration { get; init; }

        public DateTimeOffset CreatedAt { get; init; }

        public DateTimeOffset UpdatedAt { get; init; }

        public Participant ToParticipant() => new()
        {
            Id = new ParticipantId(Id),
            AppId = new AppId(AppId),
            MeetingId = new MeetingId(MeetingId),
            CustomId = CustomId,
            Name = Name,
            Picture = Picture,
            PresetId = new PresetId(PresetId),
            PresetName = PresetName,
            TokenGeneration = TokenGeneration,
            CreatedAt = CreatedAt,
            UpdatedAt = UpdatedAt,
        };
    }
}
