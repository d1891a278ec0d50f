using System.Collections.Concurrent;
using Roomcast.Accounts;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.Presets;

/// <summary>What became of a preset that was to be made or changed.</summary>
public enum PresetOutcome
{
    /// <summary>It was.</summary>
    Done,

    /// <summary>The app has none of this id.</summary>
    Unknown,

    /// <summary>Another preset of the app has this name.</summary>
    NameTaken,

    /// <summary>Whoever was to change it did not, once it was known what it is.</summary>
    NotWanted,
}

/// <summary>The presets of apps. An app gets the built-in ones before anybody first looks at its presets.</summary>
/// <remarks>A deleted preset is answered as one that does not exist, except to the participants that have it.</remarks>
public sealed class PresetStore(Database database, TimeProvider clock)
{
    private const string Columns = "id, app_id, name, content, created_at, updated_at";
    private const string SummaryColumns = "id, name, created_at, updated_at";

    /// <summary>Apps known to have the built-in presets. Small: an app is 16 bytes, and only those in use since the start are in it.</summary>
    private readonly ConcurrentDictionary<AppId, bool> _seeded = new();

    /// <summary>Makes a preset.</summary>
    /// <param name="appId">The app; it must exist.</param>
    /// <param name="name">1 to 256 characters.</param>
    /// <param name="content">What it says.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>The preset, or null when the name is taken.</returns>
    public async Task<Preset?> CreateAsync(AppId appId, string name, PresetContent content, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(content);
        await SeedAsync(appId, cancellationToken);
        var preset = MakePreset(appId, name, content, StoredTime.Now(clock));
        try
        {
            return await database.WriteAsync(
                async transaction =>
                {
                    if (await IsTakenAsync(transaction, appId, name, except: null))
                    {
                        return null;
                    }

                    await InsertAsync(transaction, preset);
                    return preset;
                },
                cancellationToken);
        }
        catch (StorageException e) when (e.Failure == StorageFailure.Constraint)
        {
            return null; // Somebody took the name at this moment.
        }
    }

    /// <summary>Finds a preset of an app; null when the app has none of this id.</summary>
    public async Task<Preset?> FindAsync(AppId appId, PresetId id, CancellationToken cancellationToken)
    {
        await SeedAsync(appId, cancellationToken);
        return await database.ReadAsync(transaction => FindAsync(transaction, appId, id), cancellationToken);
    }

    /// <summary>Finds a preset of an app by its name; null when there is none.</summary>
    public async Task<Preset?> FindByNameAsync(AppId appId, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Contains('\0', StringComparison.Ordinal))
        {
            return null; // No name has it, and PostgreSQL would not even look.
        }

        await SeedAsync(appId, cancellationToken);
        return await database.ReadAsync(
            async transaction => (await transaction.QueryRowAsync<PresetRow>(
                $"SELECT {Columns} FROM presets WHERE app_id = @AppId AND name = @Name AND deleted_at IS NULL",
                new { AppId = appId.Value, Name = name }))?.ToPreset(),
            cancellationToken);
    }

    /// <summary>The preset of a participant, deleted since or not.</summary>
    /// <exception cref="StorageException">There never was one of this id.</exception>
    public Task<Preset> GetForParticipantAsync(Participant participant, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(participant);
        return database.ReadAsync(
            async transaction => (await transaction.QueryRowAsync<PresetRow>(
                $"SELECT {Columns} FROM presets WHERE id = @Id", new { Id = participant.PresetId.Value }))?.ToPreset()
                ?? throw new StorageException(StorageFailure.Corrupted, $"Participant {participant.Id} has a preset that does not exist."),
            cancellationToken);
    }

    /// <summary>Lists an app's presets, without their contents, which are long.</summary>
    /// <param name="appId">The app.</param>
    /// <param name="page">The page.</param>
    /// <param name="search">Only those whose name contains this, whatever its case; null or empty for all.</param>
    /// <param name="order">By age.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public async Task<Page<PresetSummary>> ListAsync(
        AppId appId, PageRequest page, string? search, SortOrder order, CancellationToken cancellationToken)
    {
        PageBounds.ThrowIfInvalid(page);
        await SeedAsync(appId, cancellationToken);
        return search?.Contains('\0', StringComparison.Ordinal) == true
            ? new Page<PresetSummary>([], 0, page)
            : await database.ReadAsync(
                transaction => ListQuery(appId, search).ReadAsync<PresetRow, PresetSummary>(transaction, page, order, row => row.ToSummary()),
                cancellationToken);
    }

    /// <summary>Changes a preset. Whoever joins from now on gets the change; sessions under way are told by the caller.</summary>
    /// <param name="appId">The app.</param>
    /// <param name="id">The preset.</param>
    /// <param name="name">The new name; null to keep it.</param>
    /// <param name="change">Makes the new content of the one that holds, or null where it is not to be changed; it may run more than once.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>What became of it, and the preset after a change that was done.</returns>
    public async Task<(PresetOutcome Outcome, Preset? Preset)> UpdateAsync(
        AppId appId, PresetId id, string? name, Func<PresetContent, PresetContent?> change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        await SeedAsync(appId, cancellationToken);
        try
        {
            return await database.WriteAsync(
                async transaction =>
                {
                    if (await FindAsync(transaction, appId, id) is not { } preset)
                    {
                        return (PresetOutcome.Unknown, (Preset?)null);
                    }

                    if (name is not null && await IsTakenAsync(transaction, appId, name, except: id))
                    {
                        return (PresetOutcome.NameTaken, null);
                    }

                    if (change(preset.Content) is not { } content)
                    {
                        return (PresetOutcome.NotWanted, null);
                    }

                    var changed = preset with
                    {
                        Name = name ?? preset.Name,
                        Content = content,
                        UpdatedAt = StoredTime.Now(clock),
                    };
                    await transaction.ExecuteAsync(
                        """
                        UPDATE presets SET name = @Name, name_folded = @NameFolded, content = @Content, updated_at = @UpdatedAt
                        WHERE id = @Id
                        """,
                        new
                        {
                            changed.Name,
                            NameFolded = SearchText.Fold(changed.Name),
                            Content = PresetJson.Write(changed.Content),
                            changed.UpdatedAt,
                            Id = id.Value,
                        });
                    return (PresetOutcome.Done, changed);
                },
                cancellationToken);
        }
        catch (StorageException e) when (e.Failure == StorageFailure.Constraint)
        {
            return (PresetOutcome.NameTaken, null); // Somebody took the name at this moment.
        }
    }

    /// <summary>Deletes a preset; participants that have it keep it. Returns what was deleted, or null.</summary>
    public async Task<Preset?> DeleteAsync(AppId appId, PresetId id, CancellationToken cancellationToken)
    {
        await SeedAsync(appId, cancellationToken);
        return await database.WriteAsync(
            async transaction =>
            {
                if (await FindAsync(transaction, appId, id) is not { } preset)
                {
                    return null;
                }

                var now = StoredTime.Now(clock);
                await transaction.ExecuteAsync(
                    "UPDATE presets SET updated_at = @Now, deleted_at = @Now WHERE id = @Id", new { Now = now, Id = id.Value });
                return preset with { UpdatedAt = now };
            },
            cancellationToken);
    }

    internal static PagedQuery ListQuery(AppId appId, string? search)
    {
        var query = new PagedQuery(SummaryColumns, "presets")
            .Where("app_id = @AppId", "AppId", appId.Value)
            .Where("deleted_at IS NULL");
        return string.IsNullOrEmpty(search)
            ? query
            : query.Where($"name_folded LIKE @Search ESCAPE '{SearchText.Escape}'", "Search", SearchText.Containing(search));
    }

    private static async Task<Preset?> FindAsync(DatabaseTransaction transaction, AppId appId, PresetId id) =>
        (await transaction.QueryRowAsync<PresetRow>(
            $"SELECT {Columns} FROM presets WHERE id = @Id AND app_id = @AppId AND deleted_at IS NULL",
            new { Id = id.Value, AppId = appId.Value }))?.ToPreset();

    private static async Task<bool> IsTakenAsync(DatabaseTransaction transaction, AppId appId, string name, PresetId? except) =>
        await transaction.QueryValueAsync<string>(
            "SELECT name FROM presets WHERE app_id = @AppId AND name = @Name AND deleted_at IS NULL AND id <> @Except",
            new { AppId = appId.Value, Name = name, Except = except?.Value ?? Guid.Empty }) is not null;

    private static Task<int> InsertAsync(DatabaseTransaction transaction, Preset preset) =>
        transaction.ExecuteAsync(
            """
            INSERT INTO presets (id, app_id, name, name_folded, content, created_at, updated_at)
            VALUES (@Id, @AppId, @Name, @NameFolded, @Content, @CreatedAt, @UpdatedAt)
            """,
            new
            {
                Id = preset.Id.Value,
                AppId = preset.AppId.Value,
                preset.Name,
                NameFolded = SearchText.Fold(preset.Name),
                Content = PresetJson.Write(preset.Content),
                preset.CreatedAt,
                preset.UpdatedAt,
            });

    private static Preset MakePreset(AppId appId, string name, PresetContent content, DateTimeOffset now) => new()
    {
        Id = new PresetId(Guid.NewGuid()),
        AppId = appId,
        Name = name,
        Content = content,
        CreatedAt = now,
        UpdatedAt = now,
    };

    /// <summary>Makes the built-in presets of an app once, for apps older than this table too.</summary>
    private async Task SeedAsync(AppId appId, CancellationToken cancellationToken)
    {
        if (_seeded.ContainsKey(appId))
        {
            return;
        }

        var isSeeded = await database.ReadAsync(
            async transaction => await transaction.QueryValueAsync<long>(
                "SELECT count(*) FROM preset_seeds WHERE app_id = @AppId", new { AppId = appId.Value }) > 0,
            cancellationToken);
        if (!isSeeded)
        {
            await database.WriteAsync(
                async transaction =>
                {
                    // Of two at once, the second waits here for the first, and then does nothing.
                    var now = StoredTime.Now(clock);
                    if (await transaction.ExecuteAsync(
                        "INSERT INTO preset_seeds (app_id, created_at) VALUES (@AppId, @Now) ON CONFLICT DO NOTHING",
                        new { AppId = appId.Value, Now = now }) == 0)
                    {
                        return;
                    }

                    foreach (var (index, (name, content)) in BuiltInPresets.All.Index())
                    {
                        // Each a millisecond before the one ahead of it, so that the newest-first list begins with the first.
                        await InsertAsync(transaction, MakePreset(appId, name, content, now.AddMilliseconds(-index)));
                    }
                },
                cancellationToken);
        }

        _seeded.TryAdd(appId, true);
    }

    private sealed class PresetRow
    {
        public Guid Id { get; init; }

        public Guid AppId { get; init; }

        public string Name { get; init; } = "";

        public string Content { get; init; } = "";

        public DateTimeOffset CreatedAt { get; init; }

        public DateTimeOffset UpdatedAt { get; init; }

        public PresetSummary ToSummary() => new(new PresetId(Id), Name, CreatedAt, UpdatedAt);

        public Preset ToPreset() => new()
        {
            Id = new PresetId(Id),
            AppId = new AppId(AppId),
            Name = Name,
            Content = PresetJson.ReadStored(Content),
            CreatedAt = CreatedAt,
            UpdatedAt = UpdatedAt,
        };
    }
}
