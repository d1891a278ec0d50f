using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Roomcast.Livestreams.Tests.Ingest;

/// <summary>An RTMP client written byte by byte, without the engine: for what the engine would never send.</summary>
internal sealed class RawRtmpClient(IPEndPoint server, IPAddress? from = null) : IDisposable
{
    private readonly List<byte> _received = [];
    private Socket? _socket;
    private int _transaction = 1;

    public Socket Socket => _socket ?? throw new InvalidOperationException("Not connected.");

    /// <summary>Whether the server has closed the connection, or broken it off.</summary>
    public bool IsClosed { get; private set; }

    public async Task OpenAsync()
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (from is not null)
        {
            _socket.Bind(new IPEndPoint(from, 0));
        }

        await _socket.ConnectAsync(server);
    }

    /// <summary>Makes the handshake and says connect.</summary>
    public async Task ConnectAsync()
    {
        await OpenAsync();
        var c0c1 = new byte[1_537];
        c0c1[0] = 3;
        await SendAsync(c0c1);
        await ReceiveAsync(1_537 + 1_536);
        await SendAsync(new byte[1_536]);
        await SendCommandAsync("connect", 0, [0x03, .. Name("app"), .. Text("live"), 0, 0, 9]);
        await WaitForAsync("NetConnection.Connect.Success");
    }

    public async Task PublishAsync(string key)
    {
        await SendCommandAsync("createStream", 0, [0x05]);
        await SendCommandAsync("publish", 1, [0x05, .. Text(key), .. Text("live")]);
        await WaitForAsync("NetStream.Publish.Start");
    }

    public Task CommandAsync(string name, string argument) => SendCommandAsync(name, 0, [0x05, .. Text(argument)]);

    public Task SendAsync(ReadOnlyMemory<byte> bytes) => SendAllAsync(bytes);

    /// <summary>Reads until a text has come so many times.</summary>
    public async Task WaitForAsync(string text, int times = 1)
    {
        while (Count(text) < times)
        {
            Assert.False(IsClosed, $"The connection ended before {text} came.");
            await ReceiveSomeAsync();
        }
    }

    /// <summary>Reads until the server closes, and gives back all the text it has sent.</summary>
    public async Task<string> ReadToEndAsync()
    {
        while (!IsClosed)
        {
            await ReceiveSomeAsync();
        }

        return Encoding.Latin1.GetString([.. _received]);
    }

    public async Task ReceiveAsync(int count)
    {
        while (_received.Count < count && !IsClosed)
        {
            await ReceiveSomeAsync();
        }
    }

    public void Dispose() => _socket?.Dispose();

    private async Task SendAllAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await Socket.SendAsync(bytes)..];
        }
    }

    private async Task ReceiveSomeAsync()
    {
        var buffer = new byte[4_096];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            var count = await Socket.ReceiveAsync(buffer, limit.Token);
            _received.AddRange(buffer.AsSpan(0, count));
            IsClosed = count == 0;
        }
        catch (SocketException)
        {
            IsClosed = true;
        }
    }

    private int Count(string text)
    {
        var all = Encoding.Latin1.GetString([.. _received]);
        return (all.Length - all.Replace(text, "", StringComparison.Ordinal).Length) / text.Length;
    }

    private Task SendCommandAsync(string name, byte streamId, byte[] values)
    {
        var number = new byte[9];
        BinaryPrimitives.WriteDoubleBigEndian(number.AsSpan(1), _transaction++);
        byte[] body = [.. Text(name), .. number, .. values];
        byte[] header = [0x03, 0, 0, 0, 0, 0, (byte)body.Length, 0x14, streamId, 0, 0, 0];
        Assert.True(body.Length <= 128);
        return SendAllAsync((byte[])[.. header, .. body]);
    }

    private static byte[] Text(string text) => [0x02, .. Name(text)];

    private static byte[] Name(string text) => [0, (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
}
