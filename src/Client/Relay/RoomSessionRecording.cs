using System.Text.Json;

namespace Roomcast.Client.Relay;

/// <summary>Where a recording stands.</summary>
public enum RoomSessionRecordingState
{
    /// <summary>It runs.</summary>
    Recording,

    /// <summary>It rests.</summary>
    Paused,

    /// <summary>It is over.</summary>
    Completed,
}

/// <summary>A recording of a room session.</summary>
public sealed class RoomSessionRecording : RoomSessionAction
{
    private readonly Milestone<RoomSessionRecording> _started;
    private readonly Milestone<RoomSessionRecording> _ended;
    private volatile bool _isPaused;

    internal RoomSessionRecording(RoomSession session, string id)
        : base(session, ActionKind.Recording, id)
    {
        _started = new(session.Raise);
        _ended = new(session.Raise);
    }

    /// <summary>It has begun. Who asks later is told at once.</summary>
    public event Action<RoomSessionRecording>? Started
    {
        add => _started.Add(value);
        remove => _started.Remove(value);
    }

    /// <summary>It is over. Who asks later is told at once.</summary>
    public event Action<RoomSessionRecording>? Ended
    {
        add => _ended.Add(value);
        remove => _ended.Remove(value);
    }

    /// <summary>Where it stands.</summary>
    public RoomSessionRecordingState State =>
        HasEnded ? RoomSessionRecordingState.Completed
        : _isPaused ? RoomSessionRecordingState.Paused
        : RoomSessionRecordingState.Recording;

    /// <summary>Lets it rest.</summary>
    /// <exception cref="RealtimeKitException">WrongState when it is over or rests; what the server refuses.</exception>
    public Task PauseAsync(CancellationToken cancellationToken = default) => CallAsync("pause", cancellationToken);

    /// <summary>Lets it go on.</summary>
    /// <exception cref="RealtimeKitException">WrongState when it is over or runs; what the server refuses.</exception>
    public Task ResumeAsync(CancellationToken cancellationToken = default) => CallAsync("resume", cancellationToken);

    internal override void TellStarted() => _started.Reach(this);

    internal override void TellEnded() => _ended.Reach(this);

    private protected override void Take(JsonElement said) => _isPaused = said.Text("state") is { } state ? state == "paused" : _isPaused;
}
