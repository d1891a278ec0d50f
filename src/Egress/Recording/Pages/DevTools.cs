using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Roomcast.Egress.Recording.Pages;

/// <summary>Speaks to a browser through its pipe: requests with answers, and events.</summary>
/// <remarks>
/// Source: Chrome DevTools Protocol, over <c>--remote-debugging-pipe</c>: objects of JSON, each ended by a zero byte. Thread-safe. What the
/// browser says may come from the page in it, so that nothing of it is believed beyond its shape.
/// </remarks>
internal sealed class DevTools : IAsyncDisposable
{
    /// <summary>Longest message of the browser, in bytes; a longer one is left out, as a page decides how long some of them are.</summary>
    public const int MaxMessageLength = 8 << 20;

    private readonly SemaphoreSlim _writing = new(1);
    private readonly ConcurrentDictionary<long, TaskCompletionSource<JsonElement>> _waiting = new();
    private readonly Stream _toBrowser;
    private readonly PipeReader _fromBrowser;
    private readonly Action<DevToolsEvent> _happened;
    private readonly Task _reading;
    private long _lastId;
    private volatile bool _isGone;

    /// <summary>Begins to read.</summary>
    /// <param name="toBrowser">Requests; closed with this.</param>
    /// <param name="fromBrowser">Answers and events; closed with this.</param>
    /// <param name="happened">Called with each event, one after the other; must not block.</param>
    public DevTools(Stream toBrowser, Stream fromBrowser, Action<DevToolsEvent> happened)
    {
        _toBrowser = toBrowser;
        _fromBrowser = PipeReader.Create(fromBrowser);
        _happened = happened;
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>Ends when the browser has closed the pipe, or says what is none of the protocol.</summary>
    public Task Completion => _reading;

    /// <summary>Asks for something and waits for the answer.</summary>
    /// <param name="method">The domain and the method.</param>
    /// <param name="parameters">What it takes; null for nothing.</param>
    /// <param name="session">The page's session; null for the browser itself.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="DevToolsException">The browser refused, or is gone.</exception>
    public async Task<JsonElement> AskAsync(string method, JsonObject? parameters, string? session, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref _lastId);
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        if (session is not null)
        {
            message["sessionId"] = session;
        }

        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        try
        {
            await WriteAsync(message, cancellationToken);
            if (_isGone)
            {
                throw Gone();
            }

            return await answer.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            _waiting.TryRemove(id, out _);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _toBrowser.DisposeAsync();
        _fromBrowser.CancelPendingRead();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _writing.Dispose();
    }

    private static DevToolsException Gone() => new("The browser has ended.");

    private async Task WriteAsync(JsonObject message, CancellationToken cancellationToken)
    {
        var bytes = new ArrayBufferWriter<byte>(1_024);
        using (var writer = new Utf8JsonWriter(bytes))
        {
            message.WriteTo(writer);
        }

        bytes.Write<byte>([0]);
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await _toBrowser.WriteAsync(bytes.WrittenMemory, cancellationToken);
            await _toBrowser.FlushAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            throw Gone();
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAsync()
    {
        var isTooLong = false;
        var searched = 0L; // Of the message that is not whole yet.
        try
        {
            while (true)
            {
                var read = await _fromBrowser.ReadAsync();
                var buffer = read.Buffer;
                while (buffer.Slice(searched).PositionOf((byte)0) is { } end)
                {
                    var message = buffer.Slice(0, end);
                    if (!isTooLong && message.Length <= MaxMessageLength)
                    {
                        Take(message);
                    }

                    isTooLong = false;
                    searched = 0;
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                }

                if (read.IsCompleted || read.IsCanceled)
                {
                    return;
                }

                if (isTooLong || buffer.Length > MaxMessageLength)
                {
                    isTooLong = true;
                    buffer = buffer.Slice(buffer.End);
                }

                searched = buffer.Length;
                _fromBrowser.AdvanceTo(buffer.Start, buffer.End);
            }
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException or JsonException or InvalidOperationException or FormatException)
        {
            // It is no browser any more; whoever waits is told so.
        }
        finally
        {
            await _fromBrowser.CompleteAsync();
            _isGone = true; // First: whoever asks from now on sees it, and the others are in the list.
            foreach (var answer in _waiting.Values)
            {
                answer.TrySetException(Gone());
            }
        }
    }

    private void Take(ReadOnlySequence<byte> bytes)
    {
        using var document = JsonDocument.Parse(bytes);
        var message = document.RootElement;
        if (message.TryGetProperty("id", out var id))
        {
            if (_waiting.TryGetValue(id.GetInt64(), out var answer))
            {
                if (message.TryGetProperty("error", out var error))
                {
                    answer.TrySetException(new DevToolsException(error.TryGetProperty("message", out var why) ? why.GetString() ?? "" : ""));
                }
                else
                {
                    answer.TrySetResult(message.TryGetProperty("result", out var result) ? result.Clone() : default);
                }
            }
        }
        else if (message.TryGetProperty("method", out var method))
        {
            _happened(new DevToolsEvent(
                method.GetString() ?? "",
                message.TryGetProperty("sessionId", out var session) ? session.GetString() : null,
                message.TryGetProperty("params", out var parameters) ? parameters.Clone() : default));
        }
    }
}

/// <summary>Something that happened in a browser.</summary>
/// <param name="Method">Which event.</param>
/// <param name="Session">The page's session; null for the browser itself.</param>
/// <param name="Parameters">What is told of it.</param>
internal readonly record struct DevToolsEvent(string Method, string? Session, JsonElement Parameters);

/// <summary>A browser did not do what it was asked for.</summary>
internal sealed class DevToolsException(string message) : Exception(message);
