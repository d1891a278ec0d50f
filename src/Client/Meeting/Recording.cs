using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Text.Json;
using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>Where a recording stands.</summary>
public enum RecordingState
{
    /// <summary>There is none.</summary>
    Idle,

    /// <summary>It was asked for, and is not running yet.</summary>
    Starting,

    /// <summary>It runs.</summary>
    Recording,

    /// <summary>It rests.</summary>
    Paused,

    /// <summary>It is being ended.</summary>
    Stopping,
}

/// <summary>A recording of the session.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">Where it stands.</param>
public sealed record RecordingItem(string Id, RecordingState State);

/// <summary>The recordings of the session.</summary>
public sealed class Recording
{
    private readonly MeetingLink _link;
    private readonly ClientHttp _http;
    private ImmutableList<RecordingItem> _recordings = [];

    internal Recording(MeetingLink link, ClientHttp http)
    {
        _link = link;
        _http = http;
    }

    /// <summary>A recording began, rests, goes on or has ended.</summary>
    public event Action<RecordingState>? RecordingUpdated;

    /// <summary>The recordings that are not over.</summary>
    public IReadOnlyList<RecordingItem> Recordings => _recordings;

    /// <summary>The most active of their states.</summary>
    public RecordingState RecordingState
    {
        get
        {
            var states = _recordings.ConvertAll(recording => recording.State);
            return states.Contains(RecordingState.Recording) ? RecordingState.Recording
                : states.Contains(RecordingState.Paused) ? RecordingState.Paused
                : states.FirstOrDefault();
        }
    }

    /// <summary>Starts a recording.</summary>
    /// <param name="allowMultiple">Whether there may be others already.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Its id.</returns>
    /// <exception cref="RealtimeKitException">AlreadyRunning, NotAllowed.</exception>
    public async Task<string> StartAsync(bool allowMultiple = false, CancellationToken cancellationToken = default)
    {
        var body = JsonSerializer.Serialize(new RecordingStart(_link.MeetingId, allowMultiple), ClientJson.Default.RecordingStart);
        using var content = new StringContent(body, new MediaTypeHeaderValue("application/json"));
        using var started = await _http.SendAsync(HttpMethod.Post, "/v2/recordings", content, cancellationToken).ConfigureAwait(false);
        var id = ClientHttp.TextOf(started, "id");
        if (!_recordings.Exists(recording => recording.Id == id))
        {
            Put(id, RecordingState.Starting);
        }

        return id;
    }

    /// <summary>Ends all recordings.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => ControlAsync("stop", cancellationToken);

    /// <summary>Lets all recordings rest.</summary>
    public Task PauseAsync(CancellationToken cancellationToken = default) => ControlAsync("pause", cancellationToken);

    /// <summary>Lets all recordings go on.</summary>
    public Task ResumeAsync(CancellationToken cancellationToken = default) => ControlAsync("resume", cancellationToken);

    internal void Handle(SocketEvent number, SocketMessage message)
    {
        switch (number)
        {
            case SocketEvent.GetRoom when Envelope.TryRead(message, RoomInfoResponse.Parser, out var info) && info.Room is { } room:
                Volatile.Write(ref _recordings, [.. room.ActiveRecordings.Select(recording => new RecordingItem(
                    recording.RecordingId,
                    Enum.TryParse<RecordingState>(recording.RecordingStatus, ignoreCase: true, out var state) ? state : RecordingState.Recording))]);
                break;
            case SocketEvent.RecordingStarted when Envelope.TryRead(message, RecordingEvent.Parser, out var told):
                Put(told.RecordingId, RecordingState.Recording);
                break;
            case SocketEvent.RecordingPaused when Envelope.TryRead(message, RecordingEvent.Parser, out var told):
                Put(told.RecordingId, RecordingState.Paused);
                break;
            case SocketEvent.RecordingStopped when Envelope.TryRead(message, RecordingEvent.Parser, out var told):
                ImmutableInterlocked.Update(ref _recordings, all => all.RemoveAll(recording => recording.Id == told.RecordingId));
                Tell();
                break;
            default:
                break;
        }
    }

    private async Task ControlAsync(string action, CancellationToken cancellationToken)
    {
        foreach (var recording in _recordings)
        {
            var body = JsonSerializer.Serialize(new RecordingControl(action), ClientJson.Default.RecordingControl);
            using var content = new StringContent(body, new MediaTypeHeaderValue("application/json"));
            using var _ = await _http.SendAsync(HttpMethod.Put, "/v2/recordings/" + Uri.EscapeDataString(recording.Id), content, cancellationToken).ConfigureAwait(false);
        }
    }

    private void Put(string id, RecordingState state)
    {
        ImmutableInterlocked.Update(ref _recordings, all => all.RemoveAll(recording => recording.Id == id).Add(new RecordingItem(id, state)));
        Tell();
    }

    private void Tell()
    {
        var state = RecordingState;
        _link.Raise(this, nameof(RecordingUpdated), () => RecordingUpdated.CallEach(state));
    }
}
