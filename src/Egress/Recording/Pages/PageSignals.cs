using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Roomcast.Egress.Recording.Pages;

/// <summary>What a page has said of its recording, by the connection that Cloudflare's recording SDK opens.</summary>
/// <remarks>
/// The SDK (<c>@cloudflare/realtimekit-recording-sdk</c> 0.0.1) connects to <c>ws://localhost:8080/ws</c> wherever it runs, sends
/// <c>{"type":"StartRecording"}</c> once it has joined, and closes the connection when it is to end. In the browser that records, that
/// address leads here and to no port of this machine. Thread-safe.
/// </remarks>
internal sealed class PageSignals
{
    private const string Host = "localhost";
    private const int Port = 8080;

    // The rest of a request's head is of no interest but for the key.
    private const int MaxHeadLength = 16_384;
    private const int MaxMessageLength = 256 << 10; // It also passes on what is broadcast in the meeting.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private int _open;
    private bool _hasConnected;

    /// <summary>Ends when the page has asked to be recorded.</summary>
    public Task Started => _started.Task;

    /// <summary>Whether the page has ever connected.</summary>
    public bool HasConnected
    {
        get
        {
            lock (_lock)
            {
                return _hasConnected;
            }
        }
    }

    /// <summary>Whether the page had a connection and has none now.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_lock)
            {
                return _hasConnected && _open == 0;
            }
        }
    }

    /// <summary>Whether a connection may be the SDK's.</summary>
    public static bool IsMeant(DnsEndPoint target) =>
        target.Port == Port && (target.Host.Equals(Host, StringComparison.OrdinalIgnoreCase) || target.Host is "127.0.0.1" or "::1");

    /// <summary>Serves a connection if it is the SDK's, until it is closed.</summary>
    /// <param name="client">The connection; it has said nothing yet.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What it has said if it is another one's; null when it was served.</returns>
    /// <exception cref="IOException">It has ended.</exception>
    public async Task<byte[]?> TryServeAsync(NetworkStream client, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        var head = new byte[MaxHeadLength];
        var have = 0;
        while (WebSocketHead.Read(head.AsSpan(0, have)) is var found && !found.IsOther)
        {
            if (found.Key is { } key)
            {
                await client.WriteAsync(AnswerTo(key), limit.Token);
                limit.CancelAfter(Timeout.InfiniteTimeSpan);
                await HearAsync(client, cancellationToken);
                return null;
            }

            if (have == head.Length)
            {
                break;
            }

            var read = await client.ReadAsync(head.AsMemory(have), limit.Token);
            have = read > 0 ? have + read : throw new IOException("The connection has ended.");
        }

        return head[..have];
    }

    // RFC 6455 section 4.2.2.
    [SuppressMessage("Security", "CA5350", Justification = "The handshake of WebSocket is SHA-1 by definition, and proves no identity.")]
    private static byte[] AnswerTo(string key)
    {
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes($"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
        return Encoding.ASCII.GetBytes(
            $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
    }

    private async Task HearAsync(NetworkStream client, CancellationToken cancellationToken)
    {
        using var socket = WebSocket.CreateFromStream(client, new WebSocketCreationOptions { IsServer = true });
        lock (_lock)
        {
            _hasConnected = true;
            _open++;
        }

        try
        {
            var message = new byte[MaxMessageLength];
            while (await ReceiveAsync(socket, message, cancellationToken) is { } length)
            {
                if (IsStart(message.AsSpan(0, length)))
                {
                    _started.TrySetResult();
                }
            }
        }
        catch (WebSocketException)
        {
            // It was closed without a goodbye, or speaks something else.
        }
        finally
        {
            lock (_lock)
            {
                _open--;
            }
        }
    }

    /// <returns>The length of a text; null when the connection is closed. What is longer than it may be closes it.</returns>
    private static async Task<int?> ReceiveAsync(WebSocket socket, byte[] message, CancellationToken cancellationToken)
    {
        var length = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(message.AsMemory(length), cancellationToken);
            length += received.Count;
            if (received.MessageType is WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
                return null;
            }

            if (received.EndOfMessage)
            {
                return length;
            }

            if (length == message.Length)
            {
                return null;
            }
        }
    }

    private static bool IsStart(ReadOnlySpan<byte> message)
    {
        try
        {
            var reader = new Utf8JsonReader(message);
            using var document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.ValueKind is JsonValueKind.Object
                && document.RootElement.TryGetProperty("type", out var type)
                && type.ValueKind is JsonValueKind.String
                && type.ValueEquals("StartRecording");
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
