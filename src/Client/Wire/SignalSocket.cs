using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Security;
using System.Net.WebSockets;
using Google.Protobuf;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Wire;

/// <summary>One connected lifetime of the socket: messages in and out, requests with their answers, heartbeats.</summary>
/// <remarks>
/// Messages are handed out one at a time, in their order, and each before the request that it answers goes on: whoever awaits an
/// answer finds the state that it brought. Not reconnected; whoever owns it makes another.
/// </remarks>
internal sealed class SignalSocket : IAsyncDisposable
{
    /// <summary>How long the server may be silent; it sends a heartbeat each ten seconds or so.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    private const int SilentCloseCode = 3002;
    private const int MaxPending = 1_024;

    private static readonly byte[] Ping = "2"u8.ToArray();
    private static readonly byte[] Pong = "3"u8.ToArray();

    private readonly FrameSocket _frames;
    private readonly Action<SocketMessage> _onMessage;
    private readonly TimeProvider _time;
    private readonly TimeSpan _requestTimeout;
    private readonly string _idPrefix;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<SocketMessage>> _pending = new(StringComparer.Ordinal);

    // Questions whose answers nobody needs: they show that what was asked before is done.
    private readonly ConcurrentDictionary<string, TaskCompletionSource<SocketMessage>> _fences = new(StringComparer.Ordinal);
    private readonly LinkedList<(Func<SocketMessage, bool> IsEffect, TaskCompletionSource<SocketMessage> Done)> _expected = new();
    private long _lastId;
    private volatile bool _hasEnded;

    public SignalSocket(
        Action<SocketMessage> onMessage, string idPrefix, TimeProvider time, TimeSpan requestTimeout, RemoteCertificateValidationCallback? validation)
    {
        _onMessage = onMessage;
        _idPrefix = idPrefix;
        _time = time;
        _requestTimeout = requestTimeout;
        _frames = new FrameSocket(TakeAsync, new FrameSocketOptions(Envelope.MaxFrameBytes, SilentCloseCode, time, validation));
    }

    /// <summary>Completes when the connection is over: true when either side has closed it for good (code 1000).</summary>
    public Task<bool> Ended { get; private set; } = Task.FromResult(true);

    /// <summary>Connects, and begins to read.</summary>
    /// <exception cref="RealtimeKitException">InvalidToken, NotFound or Unreachable.</exception>
    public async Task ConnectAsync(Uri address, CancellationToken cancellationToken)
    {
        await _frames.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
        _frames.ExpectFrames(Silence);
        Ended = EndAsync();
    }

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <exception cref="RealtimeKitException">Refused, TimedOut, Unreachable, Protocol.</exception>
    public async Task<T> AskAsync<T>(SocketEvent number, IMessage? request, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        var (id, answered) = Expect(_pending);
        try
        {
            if (_hasEnded)
            {
                throw FrameSocket.Lost();
            }

            // The sending too: a server that reads nothing lets it wait for ever.
            var message = await SendAndWaitAsync().WaitAsync(_requestTimeout, _time, cancellationToken).ConfigureAwait(false);
            if (Envelope.ErrorOf(message) is { } error)
            {
                throw new RealtimeKitException(RealtimeKitError.Refused, $"{number}: {error}");
            }

            return Envelope.TryRead(message, parser, out var answer)
                ? answer
                : throw new RealtimeKitException(RealtimeKitError.Protocol, $"The answer to {number} cannot be read.");
        }
        catch (TimeoutException)
        {
            throw new RealtimeKitException(RealtimeKitError.TimedOut, $"{number} was not answered within {_requestTimeout.TotalSeconds:0.#} s.");
        }
        finally
        {
            _pending.TryRemove(id, out _);
        }

        async Task<SocketMessage> SendAndWaitAsync()
        {
            await _frames.SendAsync(Envelope.Write(number, id, request), WebSocketMessageType.Binary, cancellationToken).ConfigureAwait(false);
            return await answered.Task.ConfigureAwait(false);
        }
    }

    /// <summary>Sends a request that is answered when it is refused, and otherwise shows by what it leads to.</summary>
    /// <param name="number">The event.</param>
    /// <param name="request">The request; null for one without a payload.</param>
    /// <param name="isEffect">Whether a message shows that it was done; null to go by the order of answers alone.</param>
    /// <param name="isFenced">
    /// Whether it counts as done, too, when the next question is answered, for acts that may lead to nothing. A server answers in order.
    /// </param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">Refused, TimedOut, Unreachable.</exception>
    public async Task DoAsync(SocketEvent number, IMessage? request, Func<SocketMessage, bool>? isEffect, bool isFenced, CancellationToken cancellationToken)
    {
        var (id, answered) = Expect(_pending);
        var (fenceId, fence) = isFenced ? Expect(_fences) : default;
        var expected = isEffect is null ? null : new LinkedListNode<(Func<SocketMessage, bool>, TaskCompletionSource<SocketMessage>)>((isEffect, answered));
        try
        {
            if (expected is not null)
            {
                lock (_expected)
                {
                    _expected.AddLast(expected);
                }
            }

            if (_hasEnded)
            {
                throw FrameSocket.Lost();
            }

            await SendAndWaitAsync().WaitAsync(_requestTimeout, _time, cancellationToken).ConfigureAwait(false);
            if (answered.Task.IsCompleted && Envelope.ErrorOf(await answered.Task.ConfigureAwait(false)) is { } error)
            {
                throw new RealtimeKitException(RealtimeKitError.Refused, $"{number}: {error}");
            }
        }
        catch (TimeoutException)
        {
            throw new RealtimeKitException(RealtimeKitError.TimedOut, $"Nothing came of {number} within {_requestTimeout.TotalSeconds:0.#} s.");
        }
        finally
        {
            _pending.TryRemove(id, out _);
            if (fenceId is not null)
            {
                _fences.TryRemove(fenceId, out _);
            }

            lock (_expected)
            {
                if (expected?.List is not null)
                {
                    _expected.Remove(expected);
                }
            }
        }

        async Task SendAndWaitAsync()
        {
            await _frames.SendAsync(Envelope.Write(number, id, request), WebSocketMessageType.Binary, cancellationToken).ConfigureAwait(false);
            if (fence is null)
            {
                await answered.Task.ConfigureAwait(false);
                return;
            }

            try
            {
                await _frames.SendAsync(Envelope.Write(SocketEvent.GetRoom, fenceId!, null), WebSocketMessageType.Binary, cancellationToken).ConfigureAwait(false);
            }
            catch (RealtimeKitException) when (answered.Task.IsCompletedSuccessfully)
            {
                return; // What was asked for is done, and has ended the connection, as removing everybody does.
            }

            await (await Task.WhenAny(answered.Task, fence.Task).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    /// <summary>Sends a message that is not answered.</summary>
    /// <exception cref="RealtimeKitException">Unreachable, TimedOut.</exception>
    public async Task TellAsync(SocketEvent number, IMessage? message, CancellationToken cancellationToken)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{_idPrefix}-{Interlocked.Increment(ref _lastId):x}");
        try
        {
            await _frames.SendAsync(Envelope.Write(number, id, message), WebSocketMessageType.Binary, cancellationToken)
                .WaitAsync(_requestTimeout, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new RealtimeKitException(RealtimeKitError.TimedOut, $"{number} could not be sent within {_requestTimeout.TotalSeconds:0.#} s.");
        }
    }

    /// <summary>Says goodbye for good, and waits for the other side's, but not for long.</summary>
    public Task CloseAsync() => _frames.CloseAsync();

    /// <summary>Cuts the connection without a word; for tests of what a lost network does.</summary>
    internal void Abort() => _frames.Abort();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _frames.DisposeAsync().ConfigureAwait(false);
        await Ended.ConfigureAwait(false);
    }

    private async Task<bool> EndAsync()
    {
        var isFinal = await _frames.Ended.ConfigureAwait(false);
        _hasEnded = true;
        foreach (var (_, waiting) in _pending.Concat(_fences))
        {
            waiting.TrySetException(FrameSocket.Lost());
            _ = waiting.Task.Exception; // Of the two of one act, one is waited for.
        }

        return isFinal;
    }

    private async ValueTask TakeAsync(WebSocketMessageType type, ReadOnlyMemory<byte> frame)
    {
        if (type is WebSocketMessageType.Text && frame.Span.SequenceEqual(Ping))
        {
            await _frames.SendAsync(Pong, WebSocketMessageType.Text, CancellationToken.None).ConfigureAwait(false);
        }
        else if (type is WebSocketMessageType.Binary && Envelope.TryRead(frame.Span, out var message))
        {
            if (message.HasId && _fences.TryGetValue(message.Id, out var fence))
            {
                fence.TrySetResult(message);
                return;
            }

            _onMessage(message);
            if (message.HasId && _pending.TryGetValue(message.Id, out var asked))
            {
                asked.TrySetResult(message);
            }

            ShowTo(message);
        }
    }

    private (string Id, TaskCompletionSource<SocketMessage> Answered) Expect(ConcurrentDictionary<string, TaskCompletionSource<SocketMessage>> among)
    {
        if (among.Count >= MaxPending)
        {
            throw new RealtimeKitException(RealtimeKitError.TooMany, $"More than {MaxPending} requests are waiting for their answers.");
        }

        var id = string.Create(CultureInfo.InvariantCulture, $"{_idPrefix}-{Interlocked.Increment(ref _lastId):x}");
        var answered = new TaskCompletionSource<SocketMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        among[id] = answered;
        return (id, answered);
    }

    /// <summary>Ends the oldest waiting for what a message shows.</summary>
    private void ShowTo(SocketMessage message)
    {
        lock (_expected)
        {
            for (var node = _expected.First; node is not null; node = node.Next)
            {
                if (node.Value.IsEffect(message))
                {
                    node.Value.Done.TrySetResult(message);
                    _expected.Remove(node);
                    return;
                }
            }
        }
    }
}
