using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Roomcast.Rtmp.Amf;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Connection;

namespace Roomcast.TestKit.Rtmp;

/// <summary>How a test publisher connects.</summary>
public sealed record RtmpPublisherOptions
{
    /// <summary>How it speaks: chunk size, handshake, extended timestamps.</summary>
    public RtmpClientOptions Client { get; init; } = new();

    /// <summary>The address it connects from; all of 127.0.0.0/8 is ours on Linux. Null for whatever the system takes.</summary>
    public IPAddress? From { get; init; }

    /// <summary>What it tells of its stream; null for nothing.</summary>
    public AmfObject? Metadata { get; init; }

    /// <summary>The clock it paces by.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>An encoder over a real socket, for tests: it publishes what it is given, at any pace, and can misbehave on request.</summary>
public sealed class RtmpPublisher : IAsyncDisposable
{
    private readonly RtmpPublisherOptions _options;
    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly RtmpClientConnection _engine;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly TaskCompletionSource _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<RtmpStatus> _statuses = [];
    private Task _reading = Task.CompletedTask;
    private bool _isDisposed;

    private RtmpPublisher(Socket socket, Stream stream, RtmpTarget target, RtmpPublisherOptions options)
    {
        _socket = socket;
        _stream = stream;
        _options = options;
        _engine = new RtmpClientConnection(target, options.Client);
    }

    /// <summary>Where it stands.</summary>
    public RtmpClientState State => _engine.State;

    /// <summary>Why the server refused it or ended it; null unless it did.</summary>
    public RtmpStatus? Rejection => _engine.Rejection;

    /// <summary>All the server has said in status messages.</summary>
    public IReadOnlyList<RtmpStatus> Statuses
    {
        get
        {
            lock (_statuses)
            {
                return [.. _statuses];
            }
        }
    }

    /// <summary>Bytes sent that the server has not acknowledged; null while it has acknowledged nothing.</summary>
    public long? UnacknowledgedBytes => _engine.UnacknowledgedBytes;

    /// <summary>Whether the complex handshake was answered rightly.</summary>
    public bool IsServerVerified => _engine.IsServerVerified;

    /// <summary>Done when the server has closed the connection or ended the stream.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Connects and asks to publish; gives back a publisher that publishes, or that was refused: see <see cref="State"/>.</summary>
    /// <param name="address"><c>rtmp://host:port/app/key</c>, or <c>rtmps://</c> with any certificate.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<RtmpPublisher> ConnectAsync(
        string address, RtmpPublisherOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (!RtmpTarget.TryParse(address, out var target))
        {
            throw new ArgumentException("This is no RTMP address.", nameof(address));
        }

        options ??= new RtmpPublisherOptions();
        var addresses = await Dns.GetHostAddressesAsync(target.Host, AddressFamily.InterNetwork, cancellationToken);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (options.From is { } from)
        {
            socket.Bind(new IPEndPoint(from, 0));
        }

        await socket.ConnectAsync(addresses, target.Port, cancellationToken);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        if (target.IsEncrypted)
        {
#pragma warning disable CA5359 // Tests make their own certificates, and it is the server that is tested.
            var encrypted = new SslStream(stream, leaveInnerStreamOpen: false, static (_, _, _, _) => true);
#pragma warning restore CA5359
            await encrypted.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = target.Host }, cancellationToken);
            stream = encrypted;
        }

        var publisher = new RtmpPublisher(socket, stream, target, options);
        publisher._engine.Start();
        await publisher.FlushAsync();
        publisher._reading = publisher.ReadAsync();
        await publisher._decided.Task.WaitAsync(cancellationToken);
        if (options.Metadata is { } metadata && publisher.State is RtmpClientState.Publishing)
        {
            await publisher.ActAsync(engine => engine.SendMetadata(metadata));
        }

        return publisher;
    }

    /// <summary>Sends one message.</summary>
    public Task SendAsync(PublishMessage message) =>
        ActAsync(engine => engine.SendMedia(message.Kind, message.TimestampMs, message.Body.Span));

    /// <summary>Sends what an encoder never should: raw bytes in the middle of the chunk stream.</summary>
    public async Task SendRawAsync(ReadOnlyMemory<byte> bytes)
    {
        await _turn.WaitAsync();
        try
        {
            await _stream.WriteAsync(bytes);
            await _stream.FlushAsync();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Publishes all of it as fast as the server takes it.</summary>
    public Task PublishAsync(PublishMedia media) => PublishAsync(media, speed: double.PositiveInfinity, CancellationToken.None);

    /// <summary>Publishes all of it, paced by its timestamps.</summary>
    /// <param name="media">What.</param>
    /// <param name="speed">1 for real time, 2 for twice as fast; infinity for no pacing.</param>
    /// <param name="cancellationToken">Stops between two messages.</param>
    public async Task PublishAsync(PublishMedia media, double speed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(media);
        var startedAt = _options.Clock.GetTimestamp();
        uint? first = null;
        foreach (var message in media.Messages)
        {
            cancellationToken.ThrowIfCancellationRequested();
            first ??= message.TimestampMs;
            var dueAt = TimeSpan.FromMilliseconds(unchecked((int)(message.TimestampMs - first.Value)) / speed);
            var wait = dueAt - _options.Clock.GetElapsedTime(startedAt);
            if (wait > TimeSpan.FromMilliseconds(1))
            {
                await Task.Delay(wait, _options.Clock, cancellationToken);
            }

            await SendAsync(message);
        }
    }

    /// <summary>Ends the stream as encoders do, and waits for the server to close or answer.</summary>
    public async Task UnpublishAsync()
    {
        await ActAsync(static engine => engine.Unpublish());
        _socket.Shutdown(SocketShutdown.Send);
        await _ended.Task;
    }

    /// <summary>Vanishes without a word, as a crash or a pulled plug does: the server sees a reset.</summary>
    public void Vanish()
    {
        _socket.Close(0);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await _stream.DisposeAsync();
        await _reading;
        _engine.Dispose();
        _turn.Dispose();
    }

    private async Task ActAsync(Action<RtmpClientConnection> act)
    {
        await _turn.WaitAsync();
        try
        {
            act(_engine);
            await SendOutputAsync();
        }
        finally
        {
            _turn.Release();
        }
    }

    private Task FlushAsync() => ActAsync(static _ => { });

    private async Task SendOutputAsync()
    {
        while (_engine.Output is { IsEmpty: false } output)
        {
            await _stream.WriteAsync(output);
            _engine.OutputSent(output.Length);
        }
    }

    private async Task ReadAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(16 << 10);
        try
        {
            while (true)
            {
                var count = await _stream.ReadAsync(buffer);
                if (count == 0)
                {
                    break;
                }

                await _turn.WaitAsync();
                try
                {
                    Take(buffer.AsSpan(0, count));
                    await SendOutputAsync();
                }
                finally
                {
                    _turn.Release();
                }
            }
        }
        catch (Exception fault) when (fault is IOException or SocketException or ObjectDisposedException)
        {
            // The connection is gone; State says how far it came.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _decided.TrySetResult();
            _ended.TrySetResult();
        }
    }

    private void Take(ReadOnlySpan<byte> input)
    {
        while (true)
        {
            var used = _engine.Read(input, out var happened);
            input = input[used..];
            if (happened.Kind is RtmpClientEventKind.None)
            {
                return;
            }

            if (happened.Status is { } status)
            {
                lock (_statuses)
                {
                    _statuses.Add(status);
                }
            }

            if (_engine.State is not RtmpClientState.Connecting)
            {
                _decided.TrySetResult();
            }

            if (_engine.State is RtmpClientState.Rejected or RtmpClientState.Faulted)
            {
                _ended.TrySetResult();
            }
        }
    }
}
