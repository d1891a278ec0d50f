using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Client.Wire;

namespace Roomcast.Client.Relay;

/// <summary>Whether a controller has its connection.</summary>
public enum RealtimeClientState
{
    /// <summary>It has.</summary>
    Connected,

    /// <summary>It was lost, and is being made anew.</summary>
    Reconnecting,

    /// <summary>It is closed for good: by the application, or because the server no longer takes the token.</summary>
    Closed,
}

/// <summary>A program that controls the rooms of a project: the RELAY protocol.</summary>
/// <remarks>
/// A lost connection is made anew by itself, for as long as it takes; what was listened to is listened to again, and the server sends
/// what was missed. Events are raised one after another on one context (<see cref="RealtimeClientOptions.EventContext"/>), and state is
/// changed before they are. Thread-safe.
/// </remarks>
public sealed class RealtimeClient : IAsyncDisposable
{
    private readonly RealtimeClientOptions _options;
    private readonly Uri _address;
    private readonly EventQueue _events;
    private readonly CancellationTokenSource _over = new();
    private readonly RecentIds _heard = new();
    private ImmutableDictionary<string, ImmutableHashSet<string>> _subscriptions = ImmutableDictionary<string, ImmutableHashSet<string>>.Empty;
    private TaskCompletionSource<RelaySocket> _connected = NewConnected();
    private string? _protocol;
    private Task _watching = Task.CompletedTask;
    private int _isClosing;

    internal RealtimeClient(RealtimeClientOptions options, Uri address)
    {
        _options = options;
        _address = address;
        _events = new EventQueue(options.EventContext ?? SynchronizationContext.Current, fault => HandlerFailed.CallEach(fault), missed => EventsMissed.CallEach(missed));
        Video = new VideoClient(this);
    }

    /// <summary>The connection was lost, is back, or is closed for good.</summary>
    public event Action<RealtimeClientState>? StateChanged;

    /// <summary>A handler of the application threw; the others were called all the same.</summary>
    public event Action<Exception>? HandlerFailed;

    /// <summary>Handlers took so long that events were left out, and how many: those that waited longest, messages and the like before changes of state.</summary>
    /// <remarks>Happens when more than 8,192 events wait. The state is as it is: what a handler has kept of it is to be read anew.</remarks>
    public event Action<int>? EventsMissed;

    /// <summary>The rooms of the project.</summary>
    public VideoClient Video { get; }

    /// <summary>Whether there is a connection.</summary>
    public RealtimeClientState State { get; private set; }

    /// <summary>Why it was closed; null while it is not, and when the application closed it.</summary>
    public RealtimeKitException? Fault { get; private set; }

    internal TimeProvider Time => _options.Time;

    /// <summary>Connects.</summary>
    /// <param name="options">Project, token and host; more as wanted.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">InvalidToken; Unreachable; TimedOut.</exception>
    public static async Task<RealtimeClient> ConnectAsync(RealtimeClientOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var client = new RealtimeClient(options, options.Check());
        try
        {
            var socket = await client.OpenAsync(cancellationToken).ConfigureAwait(false);
            client._watching = client.WatchAsync(socket);
            return client;
        }
        catch
        {
            client._events.Complete();
            client._over.Dispose();
            throw;
        }
    }

    /// <summary>Asks the server whether it is there.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>How long the answer took.</returns>
    /// <exception cref="RealtimeKitException">Unreachable; TimedOut.</exception>
    public async Task<TimeSpan> PingAsync(CancellationToken cancellationToken = default)
    {
        var began = Time.GetTimestamp();
        await AskAsync("signalwire.ping", new JsonObject { ["timestamp"] = Time.GetUtcNow().ToUnixTimeSeconds() }, static _ => true, cancellationToken).ConfigureAwait(false);
        return Time.GetElapsedTime(began);
    }

    /// <summary>Closes the connection for good. The server keeps what is listened to for a time; nothing that runs in rooms ends by it.</summary>
    public async Task DisconnectAsync()
    {
        if (Interlocked.Exchange(ref _isClosing, 1) != 0)
        {
            await _watching.ConfigureAwait(false);
            return;
        }

        await _over.CancelAsync().ConfigureAwait(false);
        if (Volatile.Read(ref _connected).Task is { IsCompletedSuccessfully: true } connected)
        {
            var socket = await connected.ConfigureAwait(false);
            await socket.CloseAsync().ConfigureAwait(false);
            await socket.DisposeAsync().ConfigureAwait(false);
        }

        await _watching.ConfigureAwait(false);
        Close(null);
    }

    /// <summary>Closes the connection, and raises no event after those that wait.</summary>
    public async ValueTask DisposeAsync()
    {
        await DisconnectAsync().ConfigureAwait(false);
        await _events.DrainAsync().WaitAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _events.Complete();
    }

    /// <summary>Says where, and not with what token.</summary>
    public override string ToString() => _options.ToString();

    /// <inheritdoc cref="EventQueue.Raise(Action)"/>
    internal void Raise(Action raise) => _events.Raise(raise);

    /// <inheritdoc cref="EventQueue.Raise(object, string, Action)"/>
    internal void Raise(object whose, string what, Action raise) => _events.Raise(whose, what, raise);

    /// <summary>Completes when all events that wait have been raised; for tests.</summary>
    internal Task DrainEventsAsync() => _events.DrainAsync();

    /// <summary>Cuts the connection as a lost network does; for tests.</summary>
    internal async Task LoseConnectionAsync() => (await Volatile.Read(ref _connected).Task.ConfigureAwait(false)).Abort();

    /// <summary>Sends a request, over the next connection when there is none at the moment, and waits for its answer.</summary>
    /// <param name="method">The method.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="read">Reads the answer before the next frame is read: what it says is older than what that says.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <param name="onRefused">Called before the next frame is read, when it is refused.</param>
    internal async Task<T> AskAsync<T>(
        string method, JsonObject parameters, Func<JsonElement, T> read, CancellationToken cancellationToken, Action<RelayException>? onRefused = null)
    {
        RelaySocket socket;
        try
        {
            socket = await OpenSocketAsync().WaitAsync(_options.RequestTimeout, Time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException fault)
        {
            throw new RealtimeKitException(RealtimeKitError.Unreachable, $"The server at {_address.Authority} cannot be reached at the moment.", fault);
        }

        return await socket.AskAsync(method, parameters, read, onRefused, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Subscribes to events that are not yet.</summary>
    internal async Task SubscribeAsync(string channel, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var known = Volatile.Read(ref _subscriptions).GetValueOrDefault(channel) ?? [];
        var added = names.Where(name => !known.Contains(name)).ToArray();
        if (added.Length > 0)
        {
            await AskAsync("signalwire.subscribe", SubscriptionOf(channel, added), static _ => true, cancellationToken).ConfigureAwait(false);
            ImmutableInterlocked.AddOrUpdate(ref _subscriptions, channel, _ => [.. added], (_, before) => before.Union(added));
        }
    }

    /// <summary>A channel is no more.</summary>
    internal void Forget(string channel) => ImmutableInterlocked.TryRemove(ref _subscriptions, channel, out _);

    private static TaskCompletionSource<RelaySocket> NewConnected() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static JsonObject SubscriptionOf(string channel, IEnumerable<string> names) => new()
    {
        ["get_initial_state"] = true,
        ["event_channel"] = channel,
        ["events"] = new JsonArray([.. names.Select(name => (JsonNode?)name)]),
    };

    private async Task<RelaySocket> OpenSocketAsync()
    {
        while (true)
        {
            var socket = await Volatile.Read(ref _connected).Task.ConfigureAwait(false);
            if (socket.IsOpen)
            {
                return socket;
            }

            await socket.Replaced.Task.ConfigureAwait(false); // Its end is about to be noticed.
        }
    }

    /// <summary>Connects, and says who it is: as the one it was before, where it was one.</summary>
    private async Task<RelaySocket> OpenAsync(CancellationToken cancellationToken)
    {
        var socket = new RelaySocket(Video.Handle, _heard, _options);
        try
        {
            await socket.ConnectAsync(_address, cancellationToken).ConfigureAwait(false);
            var offered = _protocol;
            var parameters = new JsonObject
            {
                ["version"] = new JsonObject { ["major"] = 3, ["minor"] = 0, ["revision"] = 0 },
                ["event_acks"] = true,
                ["agent"] = string.Create(CultureInfo.InvariantCulture, $"roomcast/dotnet/{typeof(RealtimeClient).Assembly.GetName().Version?.ToString(3)}"),
                ["authentication"] = new JsonObject { ["project"] = _options.Project, ["token"] = _options.Token },
            };
            if (offered is not null)
            {
                parameters["protocol"] = offered;
            }

            _protocol = await socket.AskAsync("signalwire.connect", parameters, said => said.Text("protocol"), null, cancellationToken).ConfigureAwait(false);
            if (offered is not null && offered != _protocol)
            {
                // The server has begun anew with us, and knows nothing of what was listened to.
                foreach (var (channel, names) in Volatile.Read(ref _subscriptions))
                {
                    await SubscribeAgainAsync(socket, channel, names, cancellationToken).ConfigureAwait(false);
                }
            }

            Volatile.Read(ref _connected).TrySetResult(socket);
            return socket;
        }
        catch
        {
            await socket.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task SubscribeAgainAsync(RelaySocket socket, string channel, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        try
        {
            await socket.AskAsync("signalwire.subscribe", SubscriptionOf(channel, names), static _ => true, null, cancellationToken).ConfigureAwait(false);
        }
        catch (RelayException fault) when (fault.Error is RealtimeKitError.NotFound)
        {
            Forget(channel); // The session is over.
        }
    }

    /// <summary>Waits for the end of each connection, and makes the next.</summary>
    private async Task WatchAsync(RelaySocket socket)
    {
        while (true)
        {
            await socket.Ended.ConfigureAwait(false);
            await socket.DisposeAsync().ConfigureAwait(false);
            if (_over.IsCancellationRequested)
            {
                return;
            }

            Volatile.Write(ref _connected, NewConnected());
            socket.Replaced.TrySetResult();
            SetState(RealtimeClientState.Reconnecting);
            if (await ConnectAnewAsync().ConfigureAwait(false) is not { } next)
            {
                return;
            }

            socket = next;
            if (_over.IsCancellationRequested)
            {
                // Whoever closes it may have come before it was there.
                await socket.DisposeAsync().ConfigureAwait(false);
                return;
            }

            SetState(RealtimeClientState.Connected);
            _ = Video.CatchUpAsync(_over.Token);
        }
    }

    private async Task<RelaySocket?> ConnectAnewAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await Task.Delay(ReconnectDelay.Before(attempt, Random.Shared.NextDouble()), Time, _over.Token).ConfigureAwait(false);
                return await OpenAsync(_over.Token).ConfigureAwait(false);
            }
            catch (RealtimeKitException fault) when (fault.Error is RealtimeKitError.InvalidToken)
            {
                Close(fault); // It will not get better.
                return null;
            }
            catch (RealtimeKitException)
            {
                // Not yet.
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
    }

    private void Close(RealtimeKitException? fault)
    {
        if (State is RealtimeClientState.Closed)
        {
            return;
        }

        Fault = fault;
        var why = new RealtimeKitException(
            fault?.Error ?? RealtimeKitError.WrongState, fault is null ? "The client was disconnected." : "The server no longer takes the token.", fault);
        var closed = NewConnected();
        closed.SetException(why);
        var before = Interlocked.Exchange(ref _connected, closed);
        if (!before.TrySetException(why) && before.Task is { IsCompletedSuccessfully: true } connected)
        {
            _ = ReleaseAsync(connected);
        }

        _ = closed.Task.Exception; // Looked at, since perhaps nobody ever asks for anything again.
        Video.Close(why);
        SetState(RealtimeClientState.Closed);
    }

    private static async Task ReleaseAsync(Task<RelaySocket> connected) => (await connected.ConfigureAwait(false)).Replaced.TrySetResult();

    private void SetState(RealtimeClientState state)
    {
        State = state;
        _events.Raise(this, nameof(StateChanged), () => StateChanged.CallEach(state));
    }
}
