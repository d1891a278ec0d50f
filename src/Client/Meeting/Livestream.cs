using System.Net.Http.Headers;
using System.Text.Json;
using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>Where the livestream of the meeting stands.</summary>
public enum LivestreamState
{
    /// <summary>There is none.</summary>
    Idle,

    /// <summary>It was asked for.</summary>
    Starting,

    /// <summary>An encoder of the host's is waited for.</summary>
    WaitingOnManualIngestion,

    /// <summary>It is on air.</summary>
    Livestreaming,

    /// <summary>It is being ended.</summary>
    Stopping,
}

/// <summary>Where an encoder publishes to.</summary>
/// <param name="IngestionServer">The address.</param>
/// <param name="StreamKey">The secret.</param>
public sealed record IngestionCredentials(string IngestionServer, string StreamKey)
{
    /// <summary>Says where, and not with what key.</summary>
    public override string ToString() => $"ingestion at {IngestionServer}";
}

/// <summary>How a livestream is started.</summary>
public sealed record StartLivestreamConfig
{
    /// <summary>Whether an encoder of the host's publishes, and not the meeting's composition.</summary>
    public bool ManualIngestion { get; init; }
}

/// <summary>Something that happened to the livestream, for figures.</summary>
/// <param name="Name">What happened.</param>
/// <param name="State">The state afterwards.</param>
/// <param name="At">When.</param>
public sealed record LivestreamTelemetry(string Name, LivestreamState State, DateTimeOffset At);

/// <summary>The livestream of the meeting.</summary>
public sealed class Livestream
{
    private readonly MeetingLink _link;
    private readonly ClientHttp _http;
    private readonly Func<bool> _mayPublish;
    private int _changes;

    /// <param name="link">The meeting.</param>
    /// <param name="http">Its calls.</param>
    /// <param name="mayPublish">Whether the own preset lets livestreams be started, and where one publishes be known.</param>
    internal Livestream(MeetingLink link, ClientHttp http, Func<bool> mayPublish)
    {
        _link = link;
        _http = http;
        _mayPublish = mayPublish;
    }

    /// <summary>The livestream stands elsewhere, or <see cref="IngestionCredentials"/> have become known.</summary>
    public event Action<LivestreamState>? Updated;

    /// <summary>Another number of people is in the meeting.</summary>
    public event Action<int>? ViewerCountUpdated;

    /// <summary>Where it stands.</summary>
    public LivestreamState State { get; private set; }

    /// <summary>Where it can be watched; null while it is not on air.</summary>
    public string? PlaybackUrl { get; private set; }

    /// <summary>How many peers are in the meeting, as the server counts viewers of this kind.</summary>
    public int ViewerCount { get; private set; }

    /// <summary>Where an encoder publishes to; null without manual ingestion, and for those who may not start it.</summary>
    public IngestionCredentials? IngestionCredentials { get; private set; }

    /// <summary>Takes what happens to the livestream, for figures; null by default. Called where events are raised.</summary>
    public Action<LivestreamTelemetry>? Telemetry { get; set; }

    /// <summary>Starts the livestream. It is on air when <see cref="State"/> says so.</summary>
    /// <exception cref="RealtimeKitException">NotAllowed; AlreadyRunning; what the server refuses. The state is as before then, and so it is when the waiting is given up.</exception>
    public async Task StartAsync(StartLivestreamConfig? config = null, CancellationToken cancellationToken = default)
    {
        var before = State;
        SetState(LivestreamState.Starting, "start");
        try
        {
            var isManual = config?.ManualIngestion ?? false;
            var body = JsonSerializer.Serialize(new LivestreamStart(isManual), ClientJson.Default.LivestreamStart);
            using var content = new StringContent(body, new MediaTypeHeaderValue("application/json"));
            using var started = await _http.SendAsync(HttpMethod.Post, $"/v2/meetings/{_link.MeetingId}/livestreams", content, cancellationToken).ConfigureAwait(false);
            Take(started.RootElement);
            if (isManual && State is LivestreamState.Starting)
            {
                SetState(LivestreamState.WaitingOnManualIngestion, "waiting");
            }
        }
        catch
        {
            Restore(LivestreamState.Starting, before, "startFailed");
            throw;
        }
    }

    /// <summary>Ends the livestream.</summary>
    /// <exception cref="RealtimeKitException">WrongState when there is none; what the server refuses.</exception>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        var before = State;
        if (before is LivestreamState.Idle or LivestreamState.Stopping)
        {
            throw new RealtimeKitException(RealtimeKitError.WrongState, "There is no livestream to stop.");
        }

        SetState(LivestreamState.Stopping, "stop");
        try
        {
            using var _ = await _http.SendAsync(HttpMethod.Post, $"/v2/meetings/{_link.MeetingId}/active-livestream/stop", null, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Restore(LivestreamState.Stopping, before, "stopFailed");
            throw;
        }
    }

    /// <summary>Sets the state by hand, as applications do that learn of a livestream by other ways.</summary>
    public void SetLivestreamState(LivestreamState state) => SetState(state, "set");

    /// <summary>Asks whether there is a livestream: after joining, and after each return.</summary>
    internal async Task LoadAsync(CancellationToken cancellationToken)
    {
        var before = _changes;
        try
        {
            using var active = await _http.SendAsync(HttpMethod.Get, $"/v2/meetings/{_link.MeetingId}/active-livestream", null, cancellationToken).ConfigureAwait(false);
            var status = ClientHttp.TextOf(active, "status");
            if (_changes != before)
            {
                return; // What was told meanwhile is newer.
            }

            Take(active.RootElement);
            var data = active.RootElement.GetProperty("data");
            if (status == "LIVE")
            {
                SetState(LivestreamState.Livestreaming, "found");
            }
            else if (status == "INVOKED" && data.TryGetProperty("manual_ingest", out var manual) && manual.ValueKind is JsonValueKind.True)
            {
                SetState(LivestreamState.WaitingOnManualIngestion, "found");
            }
        }
        catch (RealtimeKitException fault)
        {
            // Not found: there is none, or none any more. Of other refusals nothing follows; the state stays.
            if (fault.Error is RealtimeKitError.NotFound && _changes == before && State is not LivestreamState.Idle)
            {
                End("notFound");
            }
        }
    }

    internal void Handle(SocketEvent number, SocketMessage message)
    {
        switch (number)
        {
            case SocketEvent.LivestreamInvoked when Envelope.TryRead(message, LiveStreamingEvent.Parser, out var invoked) && invoked.ManualIngest:
                SetState(LivestreamState.WaitingOnManualIngestion, "invoked");
                _ = LearnCredentialsAsync();
                break;
            case SocketEvent.LivestreamStarted when Envelope.TryRead(message, LiveStreamingEvent.Parser, out var started):
                PlaybackUrl = started.PlaybackUrl.Length > 0 ? started.PlaybackUrl : PlaybackUrl;
                SetState(LivestreamState.Livestreaming, "started");
                _ = LearnCredentialsAsync();
                break;
            case SocketEvent.LivestreamStopped or SocketEvent.LivestreamFailed:
                End(number is SocketEvent.LivestreamStopped ? "stopped" : "failed");
                break;
            case SocketEvent.PeerCount when Envelope.TryRead(message, RoomPeerCountResponse.Parser, out var counted):
                var count = (int)Math.Min(counted.Count, int.MaxValue);
                ViewerCount = count;
                _link.Raise(this, nameof(ViewerCountUpdated), () => ViewerCountUpdated.CallEach(count));
                break;
            default:
                break;
        }
    }

    private static string? TextOf(JsonElement data, string name) =>
        data.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    /// <summary>Asks where one publishes to when somebody else has started the livestream: the others are not told.</summary>
    private async Task LearnCredentialsAsync()
    {
        var before = _changes;
        if (IngestionCredentials is not null || !_mayPublish())
        {
            return;
        }

        try
        {
            using var active = await _http.SendAsync(HttpMethod.Get, $"/v2/meetings/{_link.MeetingId}/active-livestream", null, CancellationToken.None).ConfigureAwait(false);
            if (_changes == before)
            {
                Take(active.RootElement);
                var state = State;
                _link.Raise(this, nameof(Updated), () => Updated.CallEach(state));
            }
        }
        catch (Exception fault) when (fault is RealtimeKitException or ObjectDisposedException)
        {
            // It is over already, or the meeting is.
        }
    }

    private void Take(JsonElement answer)
    {
        if (answer.ValueKind is not JsonValueKind.Object || !answer.TryGetProperty("data", out var data) || data.ValueKind is not JsonValueKind.Object)
        {
            return;
        }

        PlaybackUrl = TextOf(data, "playback_url") ?? PlaybackUrl;
        IngestionCredentials = TextOf(data, "stream_key") is { } key && TextOf(data, "ingest_server") is { } server ? new IngestionCredentials(server, key) : null;
    }

    private void End(string name)
    {
        PlaybackUrl = null;
        IngestionCredentials = null;
        SetState(LivestreamState.Idle, name);
    }

    /// <summary>Takes an attempt back, unless the server has told something since.</summary>
    private void Restore(LivestreamState attempted, LivestreamState before, string name)
    {
        if (State == attempted)
        {
            SetState(before, name);
        }
    }

    private void SetState(LivestreamState state, string name)
    {
        Interlocked.Increment(ref _changes);
        var isChanged = state != State;
        State = state;
        var at = _link.Time.GetUtcNow();
        _link.Raise(() => Telemetry.CallEach(new LivestreamTelemetry(name, state, at)));
        if (isChanged)
        {
            _link.Raise(this, nameof(Updated), () => Updated.CallEach(state));
        }
    }
}
