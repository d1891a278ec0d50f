using Roomcast.Server.Configuration;
using Roomcast.Storage;

namespace Roomcast.Server.Observability.Health;

/// <summary>Whether this server should be sent work: started and not stopping, its database answering, room on its disk.</summary>
internal sealed class Readiness(
    Database database, SettingValues settings, IHostApplicationLifetime application, TimeProvider time) : IDisposable
{
    // A crowd of callers asks the database once in this time.
    private static readonly TimeSpan AnswerFor = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DatabasePatience = TimeSpan.FromSeconds(3);

    private readonly string _dataFolder = Path.GetFullPath(settings.Get(ServerSettings.Data));
    private readonly SemaphoreSlim _asking = new(1, 1);
    private IReadOnlyList<string>? _reasons;
    private long _askedAt;

    /// <summary>Free space in the data folder, in bytes.</summary>
    public long FreeDisk => new DriveInfo(_dataFolder).AvailableFreeSpace;

    /// <summary>Why it should not be sent work; empty when it should.</summary>
    public async Task<IReadOnlyList<string>> FindReasonsAsync(CancellationToken cancellationToken)
    {
        if (application.ApplicationStopping.IsCancellationRequested)
        {
            return ["stopping: the server drains"];
        }

        if (!application.ApplicationStarted.IsCancellationRequested)
        {
            return ["starting: not every listener accepts yet"];
        }

        await _asking.WaitAsync(cancellationToken);
        try
        {
            if (_reasons is null || time.GetElapsedTime(_askedAt) >= AnswerFor)
            {
                _reasons = [.. new[] { await AskDatabaseAsync(cancellationToken), LookAtDisk() }.OfType<string>()];
                _askedAt = time.GetTimestamp();
            }

            return _reasons;
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _asking.Dispose();

    private async Task<string?> AskDatabaseAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(_ => patience.Cancel(), state: null, DatabasePatience, Timeout.InfiniteTimeSpan);
        try
        {
            await database.CheckAsync(patience.Token);
            return null;
        }
        catch (StorageException fault)
        {
            return $"database: {fault.Message}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"database: no answer within {DatabasePatience.TotalSeconds} s";
        }
    }

    private string? LookAtDisk()
    {
        var least = settings.Get(ServerSettings.MinFreeDisk);
        try
        {
            var free = FreeDisk;
            return free >= least ? null : $"disk: {free >> 20} MiB free in the data folder, less than {ServerSettings.MinFreeDisk.Key} ({SettingTypes.FormatSize(least)})";
        }
        catch (IOException fault)
        {
            return $"disk: {fault.Message}";
        }
    }
}
