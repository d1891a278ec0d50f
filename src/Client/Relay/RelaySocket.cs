using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Client.Wire;

namespace Roomcast.Client.Relay;

/// <summary>One connected lifetime of the RELAY socket: requests with their answers, events, pings.</summary>
/// <remarks>
/// Answers and events are taken one at a time, in the order in which they come, so that state never goes back: what an answer says
/// is read before the next frame is.
/// </remarks>
internal sealed class RelaySocket : IAsyncDisposable
{
    /// <summary>How long the server may be silent once it has pinged; it does so every ten seconds or so.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    private const int MaxPending = 1_024;

    private readonly FrameSocket _frames;
    private readonly Action<string, JsonElement> _onEvent;
    private readonly RealtimeClientOptions _options;
    private readonly ConcurrentDictionary<string, Pending> _pending = new(StringComparer.Ordinal);
    private readonly RecentIds _heard;
    private volatile bool _hasEnded;

    /// <summary>Makes one that is not connected yet.</summary>
    /// <param name="onEvent">Takes an event: its type and its parameters, lent until it returns.</param>
    /// <param name="heard">The events that came lately, over this connection or the ones before it: none is taken twice.</param>
    /// <param name="options">The limits.</param>
    public RelaySocket(Action<string, JsonElement> onEvent, RecentIds heard, RealtimeClientOptions options)
    {
        _onEvent = onEvent;
        _heard = heard;
        _options = options;
        _frames = new FrameSocket(
            TakeAsync, new FrameSocketOptions(RelayFrame.MaxBytes, (int)WebSocketCloseStatus.EndpointUnavailable, options.Time, options.CertificateValidation));
    }

    /// <summary>Completes when the connection is over.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Whether requests can be sent.</summary>
    public bool IsOpen => !_hasEnded && _frames.IsOpen;

    /// <summary>Completes when its owner knows that it is over: there is another, or none for the moment.</summary>
    public TaskCompletionSource Replaced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Connects, and begins to read.</summary>
    /// <exception cref="RealtimeKitException">Unreachable, or what an HTTP status says.</exception>
    public async Task ConnectAsync(Uri address, CancellationToken cancellationToken)
    {
        await _frames.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
        Ended = EndAsync();
    }

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <param name="method">The method.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="read">Reads the answer; called before the next frame is read.</param>
    /// <param name="onRefused">Called before the next frame is read, when it is refused; null for nothing.</param>
    /// <param name="cancellationToken">Ends the waiting; the server does it all the same.</param>
    /// <exception cref="RealtimeKitException">A <see cref="RelayException"/> by the server's code; TimedOut, Unreachable, Protocol.</exception>
    public async Task<T> AskAsync<T>(
        string method, JsonObject parameters, Func<JsonElement, T> read, Action<RelayException>? onRefused, CancellationToken cancellationToken)
    {
        if (_pending.Count >= MaxPending)
        {
            throw new RealtimeKitException(RealtimeKitError.TooMany, $"More than {MaxPending} requests are waiting for their answers.");
        }

        var id = Guid.NewGuid().ToString();
        var answered = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[id] = new Pending(
            response =>
            {
                if (RelayFrame.RefusalOf(response) is { } refusal)
                {
                    onRefused?.Invoke(refusal);
                    answered.TrySetException(refusal);
                }
                else
                {
                    answered.TrySetResult(read(RelayFrame.ResultOf(response)));
                }
            },
            fault => answered.TrySetException(fault));
        try
        {
            if (_hasEnded)
            {
                throw FrameSocket.Lost();
            }

            // The sending too: a server that reads nothing lets it wait for ever.
            return await SendAndWaitAsync().WaitAsync(_options.RequestTimeout, _options.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _frames.Abort(); // Whatever has happened to the server, this connection is of no use.
            throw new RealtimeKitException(RealtimeKitError.TimedOut, $"{method} was not answered within {_options.RequestTimeout.TotalSeconds:0.#} s.");
        }
        finally
        {
            _pending.TryRemove(id, out _);
        }

        async Task<T> SendAndWaitAsync()
        {
            await _frames.SendAsync(RelayFrame.Request(id, method, parameters), WebSocketMessageType.Text, cancellationToken).ConfigureAwait(false);
            return await answered.Task.ConfigureAwait(false);
        }
    }

    /// <summary>Says goodbye, and waits for the other side's, but not for long.</summary>
    public Task CloseAsync() => _frames.CloseAsync();

    /// <summary>Cuts the connection without a word.</summary>
    public void Abort() => _frames.Abort();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _frames.DisposeAsync().ConfigureAwait(false);
        await Ended.ConfigureAwait(false);
    }

    private async Task EndAsync()
    {
        await _frames.Ended.ConfigureAwait(false);
        _hasEnded = true;
        foreach (var (_, waiting) in _pending)
        {
            waiting.Fail(FrameSocket.Lost());
        }
    }

    private async ValueTask TakeAsync(WebSocketMessageType type, ReadOnlyMemory<byte> bytes)
    {
        using var frame = type is WebSocketMessageType.Text ? RelayFrame.Read(bytes) : null;
        if (frame is null)
        {
            return;
        }

        var root = frame.RootElement;
        if (root.Text("method") is { } method)
        {
            await ServeAsync(method, root).ConfigureAwait(false);
        }
        else if (root.Text("id") is { } id && _pending.TryRemove(id, out var waiting))
        {
            try
            {
                waiting.Take(root);
            }
            catch (RealtimeKitException fault)
            {
                waiting.Fail(fault);
            }
        }
    }

    /// <summary>Answers a request of the server.</summary>
    private async ValueTask ServeAsync(string method, JsonElement request)
    {
        request.Has("params", out var parameters);
        var wantsAnswer = request.Has("id", out var id);
        switch (method)
        {
            case "signalwire.event":
                await AnswerAsync(() => RelayFrame.Answer(id)).ConfigureAwait(false);
                if (parameters.Text("event_type") is { } type && parameters.Has("params", out var said) && (id.Text() is not { } eventId || _heard.TryAdd(eventId)))
                {
                    _onEvent(type, said);
                }

                break;
            case "signalwire.ping":
                _frames.ExpectFrames(Silence);
                var timestamp = parameters.Number("timestamp");
                await AnswerAsync(() => RelayFrame.Answer(id, writer =>
                {
                    if (timestamp is { } at)
                    {
                        writer.WriteNumber("timestamp", at);
                    }
                })).ConfigureAwait(false);
                break;
            case "signalwire.disconnect":
                // The server stops; it closes the connection soon, and what is asked for meanwhile is still answered.
                await AnswerAsync(() => RelayFrame.Answer(id)).ConfigureAwait(false);
                break;
            default:
                await AnswerAsync(() => RelayFrame.RefuseMethod(id)).ConfigureAwait(false);
                break;
        }

        async ValueTask AnswerAsync(Func<byte[]> write)
        {
            if (wantsAnswer)
            {
                await _frames.SendAsync(write(), WebSocketMessageType.Text, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private sealed record Pending(Action<JsonElement> Take, Action<Exception> Fail);
}
