using System.Net;
using System.Net.Sockets;

namespace Roomcast.TestKit.Rtmp;

/// <summary>
/// Connections that do to an RTMP port what strangers and broken encoders do, all at once: garbage, a handshake and garbage, a
/// message of 16 MiB, silence, and a reset, a fifth of them each.
/// </summary>
/// <remarks>
/// They come from as many loopback addresses as is wanted. From one, a server's limits for each address turn most of them away
/// before they have said anything; from many, every one of them is heard.
/// </remarks>
/// <param name="server">The port.</param>
/// <param name="connections">How many.</param>
/// <param name="addresses">How many addresses they come from, 1 to 50,000, taken in turn.</param>
public sealed class HostileCrowd(IPEndPoint server, int connections, int addresses) : IDisposable
{
    // 127.66.0.1 onwards: all of 127.0.0.0/8 is this machine on Linux.
    private const int AddressesPerNet = 250;

    private readonly Socket[] _sockets = [.. Enumerable.Range(0, connections).Select(number => Open(number % addresses))];

    /// <summary>Connects them all and sends what each has to send. Those that say nothing stay open until this is disposed.</summary>
    public Task MisbehaveAsync() => Task.WhenAll(_sockets.Select(MisbehaveAsync));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }
    }

    private static Socket Open(int address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(new IPAddress([127, 66, (byte)(address / AddressesPerNet), (byte)(1 + (address % AddressesPerNet))]), 0));
        return socket;
    }

    private async Task MisbehaveAsync(Socket socket, int number)
    {
        var random = new Random(number);
        try
        {
            await socket.ConnectAsync(server);
            switch (number % 5)
            {
                case 0: // Garbage from the start, which begins like no version of the protocol.
                    var garbage = new byte[10_000];
                    random.NextBytes(garbage);
                    garbage[0] = 0x47;
                    await SendAsync(socket, garbage);
                    break;
                case 1: // A handshake, and garbage after it.
                    var handshake = new byte[1 + (2 * 1_536) + 20_000];
                    random.NextBytes(handshake);
                    handshake[0] = 3;
                    await SendAsync(socket, handshake);
                    break;
                case 2: // A handshake, and a command of 16 MiB.
                    var large = new byte[1 + (2 * 1_536) + 12];
                    large[0] = 3;
                    new byte[] { 3, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x14, 0, 0, 0, 0 }.CopyTo(large, large.Length - 12);
                    await SendAsync(socket, large);
                    break;
                case 3: // Nothing at all, held open.
                    break;
                default: // A few bytes, then a reset.
                    await SendAsync(socket, new byte[] { 3, 0, 0 });
                    socket.LingerState = new LingerOption(true, 0);
                    socket.Dispose();
                    break;
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // Turned away, as it should be.
        }
    }

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes)..];
        }
    }
}
