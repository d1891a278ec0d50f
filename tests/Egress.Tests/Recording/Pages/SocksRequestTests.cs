using System.Buffers.Binary;
using System.Net;
using System.Text;
using Roomcast.Egress.Recording.Pages;

namespace Roomcast.Egress.Tests.Recording.Pages;

/// <summary>What a browser says to the guard before its connection is open, against RFC 1928 and cut at every boundary.</summary>
public sealed class SocksRequestTests
{
    [Theory]
    [InlineData("05 01 00", SocksOutcome.Whole, 3)]
    [InlineData("05 02 02 00 05", SocksOutcome.Whole, 4)]
    [InlineData("05 01 02", SocksOutcome.Malformed, 3)]
    [InlineData("05 00", SocksOutcome.Malformed, 2)]
    [InlineData("04 01", SocksOutcome.Malformed, 0)]
    [InlineData("05 02 00", SocksOutcome.Partial, 0)]
    [InlineData("", SocksOutcome.Partial, 0)]
    internal void A_greeting_is_read(string hex, SocksOutcome outcome, int length)
    {
        Assert.Equal(outcome, SocksRequest.ReadGreeting(Bytes(hex), out var read));
        Assert.Equal(length, read);
    }

    [Theory]
    [InlineData("05 01 00 01 C0 00 02 07 01 BB", "192.0.2.7", 443)]
    [InlineData("05 01 00 03 0B 65 78 61 6D 70 6C 65 2E 63 6F 6D 00 50", "example.com", 80)]
    [InlineData("05 01 00 04 20 01 0D B8 00 00 00 00 00 00 00 00 00 00 00 01 1F 90", "2001:db8::1", 8_080)]
    public void A_request_is_read_and_cut_anywhere_waits_for_the_rest(string hex, string host, int port)
    {
        var bytes = Bytes(hex);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(SocksOutcome.Partial, SocksRequest.Read(bytes.AsSpan(0, length), out var none, out var nowhere));
            Assert.Equal((0, (DnsEndPoint?)null), (none, nowhere));
        }

        Assert.Equal(SocksOutcome.Whole, SocksRequest.Read([.. bytes, 0xFF], out var read, out var target));
        Assert.Equal((bytes.Length, host, port), (read, target!.Host, target.Port));
    }

    [Theory]
    [InlineData("04 01 00 01 C0 00 02 07 01 BB")]
    [InlineData("05 02 00 01 C0 00 02 07 01 BB")]
    [InlineData("05 03 00 01 C0 00 02 07 01 BB")]
    [InlineData("05 01 01 01 C0 00 02 07 01 BB")]
    [InlineData("05 01 00 02 C0 00 02 07 01 BB")]
    [InlineData("05 01 00 03 00 00 50")]
    [InlineData("05 01 00 01 C0 00 02 07 00 00")]
    [InlineData("05 01 00 03 03 61 00 62 00 50")]
    [InlineData("05 01 00 03 03 61 20 62 00 50")]
    [InlineData("05 01 00 03 02 C3 BC 00 50")]
    public void What_is_no_request_to_connect_is_refused(string hex) =>
        Assert.Equal(SocksOutcome.Malformed, SocksRequest.Read(Bytes(hex), out _, out _));

    [Fact]
    public void The_longest_name_fits()
    {
        byte[] bytes = [5, 1, 0, 3, 255, .. Encoding.ASCII.GetBytes(new string('a', 255)), 0, 80];

        Assert.Equal(SocksRequest.MaxLength, bytes.Length);
        Assert.Equal(SocksOutcome.Whole, SocksRequest.Read(bytes, out _, out var target));
        Assert.Equal(255, target!.Host.Length);
    }

    [Fact]
    public void Whatever_names_are_asked_for_come_back()
    {
        var random = new Random(5);
        const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:";
        for (var i = 0; i < 1_000; i++)
        {
            var name = new string([.. Enumerable.Range(0, random.Next(1, 256)).Select(_ => Letters[random.Next(Letters.Length)])]);
            var port = (ushort)random.Next(1, 65_536);
            var bytes = new byte[5 + name.Length + 2];
            ((byte[])[5, 1, 0, 3, (byte)name.Length]).CopyTo(bytes, 0);
            Encoding.ASCII.GetBytes(name, bytes.AsSpan(5));
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(5 + name.Length), port);

            Assert.Equal(SocksOutcome.Whole, SocksRequest.Read(bytes, out var length, out var target));
            Assert.Equal((bytes.Length, name, port), (length, target!.Host, target.Port));
        }
    }

    [Fact]
    public void The_head_of_a_socket_of_the_web_is_known_wherever_it_is_cut()
    {
        var head = "GET /ws HTTP/1.1\r\nHost: localhost:8080\r\nsec-websocket-key:  dGhlIHNhbXBsZSBub25jZQ== \r\nUpgrade: websocket\r\n\r\n"u8.ToArray();
        for (var length = 0; length < head.Length; length++)
        {
            Assert.Equal(default, WebSocketHead.Read(head.AsSpan(0, length)));
        }

        Assert.Equal(new WebSocketHead(false, "dGhlIHNhbXBsZSBub25jZQ=="), WebSocketHead.Read(head));
    }

    [Theory]
    [InlineData("P")]
    [InlineData("GET /wsx")]
    [InlineData("GET /ws HTTP/1.0")]
    [InlineData("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET /ws HTTP/1.1\r\nSec-WebSocket-Key: short\r\n\r\n")]
    [InlineData("GET /ws HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nmore")]
    public void Anything_else_is_left_to_who_is_there(string head) =>
        Assert.Equal(new WebSocketHead(true, null), WebSocketHead.Read(Encoding.ASCII.GetBytes(head)));

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
