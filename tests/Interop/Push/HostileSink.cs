using System.Net;
using System.Net.Sockets;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Connection;

namespace Roomcast.Interop.Push;

/// <summary>A target that does what the test wants while it runs: refuses, closes, stops reading, and comes back.</summary>
internal sealed class HostileSink : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Socket> _connections = [];
    private readonly Task _accepting;
    private int _accepted;
    private int _messages;
    private int _starts;

    public HostileSink()
    {
        _listener.Start();
        Address = $"rtmp://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/app/s3cr3t-key";
        _accepting = AcceptAsync();
    }

    public string Address { get; }

    /// <summary>Connections so far.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Audio and video messages so far.</summary>
    public int Messages => Volatile.Read(ref _messages);

    /// <summary>How many connections began with a keyframe behind their headers.</summary>
    public int KeyframeStarts => Volatile.Read(ref _starts);

    /// <summary>What it answers to publish; null to accept.</summary>
    public RtmpStatus? Refusal { get; set; }

    /// <summary>Whether it reads nothing.</summary>
    public bool IsWedged { get; set; }

    /// <summary>Breaks every connection off.</summary>
    public void CloseAll()
    {
        lock (_connections)
        {
            _connections.ForEach(connection => connection.Close());
            _connections.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        CloseAll();
        await _accepting;
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var served = new List<Task>();
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stopping.Token);
                socket.ReceiveBufferSize = 16 << 10;
                Interlocked.Increment(ref _accepted);
                lock (_connections)
                {
                    _connections.Add(socket);
                }

                served.Add(ServeAsync(socket));
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            CloseAll();
            await Task.WhenAll(served);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var server = new RtmpServerConnection();
        var buffer = new byte[16 << 10];
        var frames = 0;
        try
        {
            while (true)
            {
                while (IsWedged)
                {
                    await Task.Delay(20, _stopping.Token);
                }

                var count = await socket.ReceiveAsync(buffer);
                if (count == 0)
                {
                    break;
                }

                Take(server, buffer.AsSpan(0, count), ref frames);
                while (!server.Output.IsEmpty)
                {
                    var sent = await socket.SendAsync(server.Output);
                    server.OutputSent(sent);
                }
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Over, by either side.
        }
        finally
        {
            socket.Dispose();
        }
    }

    private void Take(RtmpServerConnection server, ReadOnlySpan<byte> bytes, ref int frames)
    {
        while (true)
        {
            bytes = bytes[server.Read(bytes, out var happened)..];
            switch (happened.Kind)
            {
                case RtmpServerEventKind.None:
                case RtmpServerEventKind.Ended:
                    return;
                case RtmpServerEventKind.PublishRequested when Refusal is { } refusal:
                    server.RefusePublish(refusal);
                    break;
                case RtmpServerEventKind.PublishRequested:
                    server.AcceptPublish();
                    break;
                case RtmpServerEventKind.Media:
                    Interlocked.Increment(ref _messages);
                    var body = happened.Media.Body;
                    if (body.Length > 1 && body[1] == 1 && frames++ == 0 && happened.Media is { Kind: RtmpMediaKind.Video, TimestampMs: 0 } && body[0] >> 4 == 1)
                    {
                        Interlocked.Increment(ref _starts);
                    }

                    happened.Media.Buffer.Release();
                    break;
            }
        }
    }
}
