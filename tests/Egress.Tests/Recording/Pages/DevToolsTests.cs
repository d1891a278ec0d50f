using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Egress.Recording.Pages;

namespace Roomcast.Egress.Tests.Recording.Pages;

/// <summary>What goes through a browser's pipe, both ways, whole and in pieces, and what ends it.</summary>
public sealed class DevToolsTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Pipe _toBrowser = new();
    private readonly Pipe _fromBrowser = new(new PipeOptions(pauseWriterThreshold: 0));
    private readonly List<DevToolsEvent> _events = [];
    private readonly DevTools _devTools;

    public DevToolsTests() => _devTools = new DevTools(_toBrowser.Writer.AsStream(), _fromBrowser.Reader.AsStream(), _events.Add);

    public ValueTask DisposeAsync() => _devTools.DisposeAsync();

    [Fact]
    public async Task What_is_asked_is_answered_by_its_number_whatever_comes_between_and_in_whatever_pieces()
    {
        var first = AskAsync("Target.createTarget", new JsonObject { ["url"] = "about:blank" }, null);
        var second = AskAsync("Page.enable", null, "s1");
        Assert.Equal("""{"id":1,"method":"Target.createTarget","params":{"url":"about:blank"}}""", await SentAsync());
        Assert.Equal("""{"id":2,"method":"Page.enable","params":null,"sessionId":"s1"}""", await SentAsync());

        const string Said = """{"method":"Page.loadEventFired","sessionId":"s1","params":{"n":"\u00e9"}}"""
            + "\0" + """{"id":99,"result":{}}""" + "\0" + """{"id":2,"error":{"code":-1,"message":"no such thing"}}"""
            + "\0" + """{"id":1,"result":{"targetId":"t"}}""" + "\0";
        foreach (var each in Encoding.UTF8.GetBytes(Said))
        {
            await SayAsync([each]);
        }

        Assert.Equal("t", (await first.WaitAsync(Patience)).GetProperty("targetId").GetString());
        Assert.Equal("no such thing", (await Assert.ThrowsAsync<DevToolsException>(() => second.WaitAsync(Patience))).Message);
        var happened = Assert.Single(_events);
        Assert.Equal(("Page.loadEventFired", "s1", "é"), (happened.Method, happened.Session, happened.Parameters.GetProperty("n").GetString()));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("{\"id\":1,\"result\":{}}", true)]
    [InlineData("no JSON\0", false)]
    [InlineData("7\0", false)]
    [InlineData("{\"id\":1.5}\0", false)]
    [InlineData("{\"id\":\"1\"}\0", false)]
    [InlineData("{\"id\":1,\"error\":7}\0", false)]
    [InlineData("{\"method\":7}\0", false)]
    public async Task Whoever_waits_is_told_when_the_browser_is_gone_or_speaks_otherwise(string last, bool closes)
    {
        var asked = AskAsync("Page.enable", null, null);
        await SentAsync();
        await SayAsync(Encoding.UTF8.GetBytes(last));
        if (closes)
        {
            await _fromBrowser.Writer.CompleteAsync();
        }

        await GoneAsync(asked);
        await _devTools.Completion.WaitAsync(Patience);
        await GoneAsync(AskAsync("Page.enable", null, null));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(70_000)]
    public async Task A_message_longer_than_any_is_left_out_and_the_next_is_heard(int more)
    {
        var (first, second) = (AskAsync("Page.enable", null, null), AskAsync("Page.enable", null, null));
        const string Said = """{"id":1,"result":{}}""";
        await SayAsync(Encoding.UTF8.GetBytes(Said.PadRight(DevTools.MaxMessageLength + more)));
        await SayAsync(Encoding.UTF8.GetBytes("\0" + """{"id":2,"result":{}}""" + "\0"));
        await second.WaitAsync(Patience);
        if (more == 0)
        {
            await first.WaitAsync(Patience);
        }
        else
        {
            Assert.False(first.IsCompleted);
        }
    }

    private static async Task GoneAsync(Task<JsonElement> asked) =>
        Assert.Equal("The browser has ended.", (await Assert.ThrowsAsync<DevToolsException>(() => asked.WaitAsync(Patience))).Message);

    private Task<JsonElement> AskAsync(string method, JsonObject? parameters, string? session) =>
        _devTools.AskAsync(method, parameters, session, CancellationToken.None);

    private async Task SayAsync(byte[] bytes) => await _fromBrowser.Writer.WriteAsync(bytes);

    private async Task<string> SentAsync()
    {
        while (true)
        {
            var read = await _toBrowser.Reader.ReadAsync();
            if (read.Buffer.PositionOf((byte)0) is { } end)
            {
                var sent = Encoding.UTF8.GetString(read.Buffer.Slice(0, end));
                _toBrowser.Reader.AdvanceTo(read.Buffer.GetPosition(1, end));
                return sent;
            }

            _toBrowser.Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
