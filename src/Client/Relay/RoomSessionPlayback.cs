using System.Text.Json;

namespace Roomcast.Client.Relay;

/// <summary>Where a playback stands.</summary>
public enum RoomSessionPlaybackState
{
    /// <summary>It runs.</summary>
    Playing,

    /// <summary>It rests.</summary>
    Paused,

    /// <summary>It is over.</summary>
    Completed,
}

/// <summary>A file or stream that is played into a room session. A server may not offer this: NotSupported then.</summary>
public sealed class RoomSessionPlayback : RoomSessionAction
{
    private const int LoudestDb = 50;

    private readonly Milestone<RoomSessionPlayback> _started;
    private readonly Milestone<RoomSessionPlayback> _ended;
    private volatile Settings _settings = new("", 0, TimeSpan.Zero, IsSeekable: false, IsPaused: false);

    internal RoomSessionPlayback(RoomSession session, string id)
        : base(session, ActionKind.Playback, id)
    {
        _started = new(session.Raise);
        _ended = new(session.Raise);
    }

    /// <summary>It has begun. Who asks later is told at once.</summary>
    public event Action<RoomSessionPlayback>? Started
    {
        add => _started.Add(value);
        remove => _started.Remove(value);
    }

    /// <summary>It is over. Who asks later is told at once.</summary>
    public event Action<RoomSessionPlayback>? Ended
    {
        add => _ended.Add(value);
        remove => _ended.Remove(value);
    }

    /// <summary>Where it stands.</summary>
    public RoomSessionPlaybackState State =>
        HasEnded ? RoomSessionPlaybackState.Completed
        : _settings.IsPaused ? RoomSessionPlaybackState.Paused
        : RoomSessionPlaybackState.Playing;

    /// <summary>What is played.</summary>
    public string Url => _settings.Url;

    /// <summary>How loud, in decibels: -50 to 50.</summary>
    public double Volume => _settings.Volume;

    /// <summary>How far it was, when that was told last.</summary>
    public TimeSpan Position => _settings.Position;

    /// <summary>Whether it may be moved in time.</summary>
    public bool IsSeekable => _settings.IsSeekable;

    /// <summary>Lets it rest.</summary>
    /// <exception cref="RealtimeKitException">WrongState when it is over; what the server refuses.</exception>
    public Task PauseAsync(CancellationToken cancellationToken = default) => CallAsync("pause", cancellationToken);

    /// <summary>Lets it go on.</summary>
    /// <exception cref="RealtimeKitException">WrongState when it is over; what the server refuses.</exception>
    public Task ResumeAsync(CancellationToken cancellationToken = default) => CallAsync("resume", cancellationToken);

    /// <summary>Makes it louder or softer.</summary>
    /// <param name="volume">Decibels: -50 to 50.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">WrongState when it is over; what the server refuses.</exception>
    public Task SetVolumeAsync(double volume, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(volume, -LoudestDb);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(volume, LoudestDb);
        return CallAsync("set_volume", cancellationToken, parameters => parameters["volume"] = volume);
    }

    /// <summary>Goes to a place.</summary>
    /// <param name="position">From the beginning; not negative.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">WrongState when it is over; what the server refuses.</exception>
    public Task SeekAsync(TimeSpan position, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(position, TimeSpan.Zero);
        return CallAsync("seek_absolute", cancellationToken, parameters => parameters["position"] = (long)position.TotalMilliseconds);
    }

    /// <summary>Goes on by so much, or back where it is negative.</summary>
    /// <param name="offset">How far.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">WrongState when it is over; what the server refuses.</exception>
    public Task SeekByAsync(TimeSpan offset, CancellationToken cancellationToken = default) =>
        CallAsync("seek_relative", cancellationToken, parameters => parameters["position"] = (long)offset.TotalMilliseconds);

    internal override void TellStarted() => _started.Reach(this);

    internal override void TellEnded() => _ended.Reach(this);

    private protected override void Take(JsonElement said)
    {
        var before = _settings;
        _settings = new Settings(
            said.Text("url") ?? before.Url,
            said.Number("volume") ?? before.Volume,
            said.Number("position") is >= 0 and < int.MaxValue and var position ? TimeSpan.FromMilliseconds(position) : before.Position,
            said.Flag("seekable") ?? before.IsSeekable,
            said.Text("state") is { } state ? state == "paused" : before.IsPaused);
    }

    private sealed record Settings(string Url, double Volume, TimeSpan Position, bool IsSeekable, bool IsPaused);
}
