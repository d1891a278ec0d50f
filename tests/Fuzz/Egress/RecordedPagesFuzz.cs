using System.IO.Pipelines;
using System.Text;
using Roomcast.Egress.Recording.Pages;

namespace Roomcast.Fuzz.Egress;

/// <summary>What the browser of a recorded page, and the page in it, say to the server.</summary>
public sealed class RecordedPagesFuzz
{
    [Fact]
    public void Requests_of_the_proxy() => FuzzRun.Of(
        "socks-request",
        [
            [5, 1, 0],
            [5, 1, 0, 1, 192, 0, 2, 7, 1, 187],
            [5, 1, 0, 3, 11, .. "example.com"u8, 0, 80],
            [5, 1, 0, 4, 32, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 31, 144],
        ],
        bytes =>
        {
            var outcome = SocksRequest.ReadGreeting(bytes, out var length);
            Assert.InRange(length, outcome is SocksOutcome.Whole ? 3 : 0, bytes.Length);
            outcome = SocksRequest.Read(bytes, out length, out var target);
            Assert.Equal(outcome is SocksOutcome.Whole, target is not null);
            Assert.InRange(length, 0, Math.Min(bytes.Length, SocksRequest.MaxLength));
            Assert.True(outcome is not SocksOutcome.Partial || bytes.Length < SocksRequest.MaxLength);
            Assert.True(target is null || (target.Port > 0 && target.Host.Length > 0 && target.Host.All(char.IsAscii)));
        });

    [Fact]
    public void Heads_of_sockets() => FuzzRun.Of(
        "page-signals",
        [
            .. new[]
            {
                "GET /ws HTTP/1.1\r\nHost: localhost:8080\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
            }.Select(Encoding.ASCII.GetBytes),
        ],
        bytes =>
        {
            var head = WebSocketHead.Read(bytes);
            Assert.True(head is { IsOther: false, Key: null or { Length: 24 } } or { IsOther: true, Key: null });
        });

    [Fact]
    public async Task Messages_of_a_browser() => await FuzzRun.OfAsync(
        "dev-tools",
        [
            .. new[]
            {
                """{"id":1,"result":{"targetId":"t"}}""" + "\0",
                """{"id":1,"error":{"code":-1,"message":"no"}}""" + "\0" + """{"method":"Page.loadEventFired","params":{}}""" + "\0",
                """{"method":"Network.responseReceived","sessionId":"s","params":{"type":"Document","response":{"status":200}}}""" + "\0",
            }.Select(Encoding.UTF8.GetBytes),
        ],
        async bytes =>
        {
            await using var devTools = new DevTools(Stream.Null, new MemoryStream(bytes), static _ => { });
            await devTools.Completion;
        },
        weight: 10);
}
