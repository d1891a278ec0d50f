using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Roomcast.Egress.Playback;

/// <summary>How something that was asked of a playback went.</summary>
public enum PlaybackOutcome
{
    /// <summary>It was passed on to the player.</summary>
    Done,

    /// <summary>There is no such playback under way.</summary>
    NotFound,

    /// <summary>Its position cannot be chosen: it is live, or its length is not known.</summary>
    NotSeekable,
}

/// <summary>
/// Plays media into sessions, each by a process of its own: from its start until it is stopped, has been played, fails, or the
/// session ends. Thread-safe.
/// </summary>
public sealed class SessionPlaybacks : IHostedService, IDisposable
{
    private readonly SessionRuns<PlaybackRun> _runs = new();
    private readonly IPlayerLauncher _launcher;
    private readonly IPlaybackStage _stage;
    private readonly PlaybackOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal SessionPlaybacks(
        IPlayerLauncher launcher, IPlaybackStage stage, IOptions<PlaybackOptions> options, TimeProvider time, ILogger<SessionPlaybacks> logger)
    {
        (_launcher, _stage, _options, _time, _logger) = (launcher, stage, options.Value, time, logger);
    }

    /// <summary>
    /// Called, from any thread, when a playback plays, stands otherwise than before, and once when it has ended, in this order; it
    /// must not block.
    /// </summary>
    public event Action<SessionPlayback>? Changed;

    /// <summary>Networks that are not public and may be played from all the same.</summary>
    public IReadOnlyList<System.Net.IPNetwork> PrivateNetworks => _options.PrivateNetworks;

    /// <summary>Begins to play; returns at once.</summary>
    /// <param name="sessionId">The session; that the caller has it is known.</param>
    /// <param name="address">What.</param>
    /// <param name="volumeDb">How much louder or softer, -50 to 50.</param>
    /// <param name="position">Where to begin; heeded where the source has a length.</param>
    /// <returns>The playback as it stands; null when there are as many as may be, or the server stops.</returns>
    public SessionPlayback? Start(Guid sessionId, PlaybackAddress address, double volumeDb, TimeSpan position)
    {
        ArgumentNullException.ThrowIfNull(address);
        var asked = new SessionPlayback(Guid.NewGuid(), sessionId, address.Url, PlaybackState.Starting)
        {
            Covered = address.Covered, VolumeDb = volumeDb, Position = position,
        };
        var hasBegun = _runs.TryBegin(
            () => _runs.Unfinished < _options.MaxPlaybacks && _runs.CountOf(sessionId) < _options.MaxOfSession,
            () => new PlaybackRun(asked, _options, _time, _logger, OnChanged),
            RunAsync);
        return hasBegun ? asked : null;
    }

    /// <summary>Finds one that has not ended.</summary>
    public SessionPlayback? Find(Guid id) => _runs.Find(id)?.Playback;

    /// <summary>Lets it stand still. To pause what is paused is no fault.</summary>
    public PlaybackOutcome Pause(Guid id) => Ask(id, static run => run.Pause());

    /// <summary>Lets it go on.</summary>
    public PlaybackOutcome Resume(Guid id) => Ask(id, static run => run.Resume());

    /// <summary>Makes it louder or softer, -50 to 50 dB.</summary>
    public PlaybackOutcome SetVolume(Guid id, double volumeDb) => Ask(id, run => run.SetVolume(volumeDb));

    /// <summary>Goes elsewhere in it. What lies outside of it is brought to its beginning or end.</summary>
    /// <param name="id">Which.</param>
    /// <param name="position">Where to: from its beginning, or from where it is.</param>
    /// <param name="isRelative">Whether from where it is.</param>
    public PlaybackOutcome Seek(Guid id, TimeSpan position, bool isRelative)
    {
        if (_runs.Find(id) is not { } run)
        {
            return PlaybackOutcome.NotFound;
        }

        return run.Seek(position, isRelative) ? PlaybackOutcome.Done : PlaybackOutcome.NotSeekable;
    }

    /// <summary>Ends one. That it ended is told before this returns; its process ends in the background.</summary>
    /// <returns>False when there is none of this id that has not ended.</returns>
    public bool Stop(Guid id) => _runs.Stop(id);

    /// <summary>Ends all of a session, as <see cref="Stop"/> does.</summary>
    public void StopAll(Guid sessionId) => _runs.StopAll(sessionId);

    /// <summary>Ends all, as <see cref="Stop"/> does; no more are begun.</summary>
    public void StopAll() => _runs.StopAll();

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => _runs.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _runs.StopAll();

    private PlaybackOutcome Ask(Guid id, Action<PlaybackRun> ask)
    {
        if (_runs.Find(id) is not { } run)
        {
            return PlaybackOutcome.NotFound;
        }

        ask(run);
        return PlaybackOutcome.Done;
    }

    private void OnChanged(SessionPlayback playback)
    {
        if (playback.State is PlaybackState.Ended)
        {
            _runs.Forget(playback.Id);
        }

        Changed?.Invoke(playback);
    }

    private async Task RunAsync(PlaybackRun run)
    {
        try
        {
            await run.RunAsync(_launcher, _stage);
        }
        catch (Exception fault)
        {
            PlaybackLog.Failed(_logger, fault, run.Playback.Id, run.Playback.SessionId);
            run.End(PlaybackReasons.ServerFailed);
        }
    }
}
