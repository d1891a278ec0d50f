using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Connection;

namespace Roomcast.Cli.Rtmp;

/// <summary>A publishing connection over a socket. Thread-safe; what is sent waits while the server takes nothing.</summary>
internal sealed class RtmpUplink : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly RtmpClientConnection _engine;
    private readonly RtmpTarget _target;
    private readonly Stream _stream;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly TaskCompletionSource _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _over = new();
    private Task _reading = Task.CompletedTask;

    private RtmpUplink(Stream stream, RtmpTarget target)
    {
        _stream = stream;
        _target = target;
        _engine = new RtmpClientConnection(target);
    }

    /// <summary>Bytes sent.</summary>
    public long BytesSent => _engine.BytesSent;

    /// <summary>Connects, and asks to publish.</summary>
    /// <exception cref="CliException">Unreachable; NotAllowed when the key is refused.</exception>
    public static async Task<RtmpUplink> ConnectAsync(RtmpTarget target, X509ChainPolicy? trust, CancellationToken ending)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ending);
        limit.CancelAfter(Patience);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        RtmpUplink? uplink = null;
        try
        {
            await socket.ConnectAsync(target.Host, target.Port, limit.Token);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (target.IsEncrypted)
            {
                var encrypted = new SslStream(stream, leaveInnerStreamOpen: false);
                stream = encrypted;
                await encrypted.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions { TargetHost = target.Host, CertificateChainPolicy = trust }, limit.Token);
            }

            uplink = new RtmpUplink(stream, target);
            uplink._engine.Start();
            await uplink.FlushAsync(limit.Token);
            uplink._reading = Task.Run(uplink.ReadAsync, CancellationToken.None);
            await uplink._decided.Task.WaitAsync(limit.Token);
            return uplink._engine.State is RtmpClientState.Publishing ? uplink : throw uplink.Ended();
        }
        catch (Exception fault)
        {
            socket.Dispose();
            if (uplink is not null)
            {
                await uplink.DisposeAsync();
            }

            ending.ThrowIfCancellationRequested();
            throw fault is SocketException or IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException
                ? new CliException(ExitCode.Unreachable, $"{target.Host}:{target.Port} cannot be reached, or does not answer in RTMP: {fault.Message}", fault)
                : fault;
        }
    }

    /// <summary>Does something with the connection, and sends what comes of it.</summary>
    /// <exception cref="CliException">The server has ended the stream, or the connection is gone.</exception>
    public Task SendAsync(Action<RtmpClientConnection> act, CancellationToken ending) => SendAsync(act, Patience, ending);

    private async Task SendAsync(Action<RtmpClientConnection> act, TimeSpan patience, CancellationToken ending)
    {
        await _turn.WaitAsync(ending);
        try
        {
            if (_engine.State is not RtmpClientState.Publishing)
            {
                throw Ended();
            }

            // Whole messages or none: what was begun is not given up in the middle, for the server could make nothing of what follows.
            act(_engine);
            await WriteInTimeAsync(patience, ending);
        }
        catch (IOException)
        {
            throw Ended();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Ends the stream as encoders do, and gives the server a moment to take it: a connection closed too soon takes back what was sent.</summary>
    public async Task UnpublishAsync(CancellationToken ending)
    {
        await SendAsync(static engine => engine.Unpublish(), Farewell, ending);
        await _reading.WaitAsync(Farewell, ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _stream.DisposeAsync();
        await _reading;
        _engine.Dispose();
        _turn.Dispose();
        _over.Dispose();
    }

    private CliException Ended() => _engine switch
    {
        { Refusal: RtmpRefusal.None, Fault: RtmpFault.None } => new(ExitCode.Unreachable, "The server has closed the connection."),
        { Fault: not RtmpFault.None } => new(ExitCode.Unreachable, $"The server does not keep to RTMP: {_engine.Fault}."),
        _ => new(ExitCode.NotAllowed, $"The server refuses the stream ({_engine.Refusal}): {WordsOf(_engine.Rejection!)}"),
    };

    // Some servers repeat the stream name, which is a secret.
    private string WordsOf(RtmpStatus status) =>
        Output.Text.Plain((status.Description.Length > 0 ? status.Description : status.Code).Replace(_target.StreamName, "***", StringComparison.Ordinal), 200);

    private async Task FlushAsync(CancellationToken ending)
    {
        await _turn.WaitAsync(ending);
        try
        {
            await WriteAsync(ending);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Sends what waits; a server that takes nothing for so long, or for a moment once this is told to end, is given up.</summary>
    private async Task WriteInTimeAsync(TimeSpan patience, CancellationToken ending)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_over.Token);
        limit.CancelAfter(patience);
        await using var hurry = ending.Register(() => limit.CancelAfter(Farewell));
        try
        {
            await WriteAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!_over.IsCancellationRequested)
        {
            await _over.CancelAsync(); // A message may have been cut in two: nothing can follow it.
            throw new CliException(ExitCode.Unreachable, "The server takes nothing any more.");
        }
    }

    private async Task WriteAsync(CancellationToken ending)
    {
        while (_engine.Output is { IsEmpty: false } output)
        {
            await _stream.WriteAsync(output, ending);
            _engine.OutputSent(output.Length);
        }
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[16 << 10];
        try
        {
            while (await _stream.ReadAsync(buffer, _over.Token) is > 0 and var count)
            {
                await _turn.WaitAsync(_over.Token);
                try
                {
                    Take(buffer.AsSpan(0, count));
                    await WriteInTimeAsync(Patience, CancellationToken.None);
                }
                finally
                {
                    _turn.Release();
                }
            }
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException or OperationCanceledException or CliException)
        {
            // Whoever sends next is told.
        }

        _decided.TrySetResult();
    }

    private void Take(ReadOnlySpan<byte> input)
    {
        while (true)
        {
            input = input[_engine.Read(input, out var happened)..];
            if (happened.Kind is RtmpClientEventKind.None)
            {
                return;
            }

            if (_engine.State is not (RtmpClientState.Handshaking or RtmpClientState.Connecting))
            {
                _decided.TrySetResult();
            }
        }
    }
}
