using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Roomcast.Relay.Framing;

namespace Roomcast.Relay.Tests.Framing;

public sealed class RelayFrameTests
{
    private const string Good = """{"jsonrpc":"2.0","id":"c1","method":"video.members.get","params":{"room_session_id":"S","name":"\u00e4\ud83d\ude00"}}""";

    [Fact]
    public void What_is_written_is_read_again()
    {
        var requests =
            from id in ArbMap.Default.GeneratorFor<Guid>()
            from method in Gen.Elements("signalwire.event", "signalwire.ping", "video.stream.start")
            from text in ArbMap.Default.GeneratorFor<NonNull<string>>()
            select (id, method, text: string.Concat(text.Get.Where(letter => !char.IsSurrogate(letter))));
        Prop.ForAll(requests.ToArbitrary(), sent =>
        {
            var bytes = RelayWriter.Request(sent.id.ToString(), sent.method, new JsonObject { ["text"] = sent.text });
            Assert.Equal(FrameFault.None, RelayFrame.Read(bytes, out var frame));
            Assert.Equal(($"\"{sent.id}\"", sent.method, sent.text), (frame.Id, frame.Method, frame.Params.GetProperty("text").GetString()));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_frame_cut_anywhere_is_refused_and_only_the_whole_is_read()
    {
        var bytes = Encoding.UTF8.GetBytes(Good);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(FrameFault.NotJson, RelayFrame.Read(bytes.AsSpan(0, length), out _));
        }

        Assert.Equal(FrameFault.None, RelayFrame.Read(bytes, out var frame));
        Assert.Equal("ä😀", frame.Params.GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("", FrameFault.NotJson)]
    [InlineData("hello", FrameFault.NotJson)]
    [InlineData("{} {}", FrameFault.NotJson)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"id\":\"b\",\"method\":\"x\"}", FrameFault.NotJson)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":\"\\ud800\",\"method\":\"x\"}", FrameFault.NotJson)]
    [InlineData("[]", FrameFault.NotAMessage)]
    [InlineData("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}]", FrameFault.NotAMessage)]
    [InlineData("{\"id\":1,\"method\":\"x\"}", FrameFault.NotAMessage)]
    [InlineData("{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"x\"}", FrameFault.NotAMessage)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"x\"}", FrameFault.NotAMessage)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}", FrameFault.NotAMessage)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1}", FrameFault.NotAMessage)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":[]}", FrameFault.BadParameters)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}", FrameFault.None)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":\"e1\",\"result\":{}}", FrameFault.None)]
    internal void What_is_wrong_is_told_apart(string text, FrameFault fault) => Assert.Equal(fault, RelayFrame.Read(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void Long_ids_deep_nesting_broken_text_and_large_frames_are_refused()
    {
        Assert.Equal(FrameFault.NotAMessage, Read($$"""{"jsonrpc":"2.0","id":"{{new string('x', 300)}}","method":"x"}"""));
        Assert.Equal(FrameFault.NotJson, Read($$$"""{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":{{{new string('[', 40)}}}{{{new string(']', 40)}}}}}"""));
        Assert.Equal(FrameFault.NotJson, RelayFrame.Read([.. "{\"jsonrpc\":\"2.0\",\"id\":\""u8, 0xFF, .. "\",\"method\":\"x\"}"u8], out _));
        Assert.Equal(FrameFault.NotJson, RelayFrame.Read(new byte[RelayFrame.MaxBytes + 1], out _));
    }

    [Fact]
    public void Times_are_seconds_with_milliseconds_and_durations_agree_with_them()
    {
        var moments = from ticks in Gen.Choose(0, int.MaxValue) from more in Gen.Choose(0, int.MaxValue) select (ticks, more);
        Prop.ForAll(moments.ToArbitrary(), moment =>
        {
            var from = DateTimeOffset.UnixEpoch.AddTicks((20_000_000L * 864_000_000) + moment.ticks);
            var to = from.AddTicks(moment.more);
            Assert.Equal(WireTime.Between(from, to), Math.Round(WireTime.Of(to) - WireTime.Of(from), 3));
            Assert.Equal(WireTime.Of(from), JsonSerializer.Deserialize<double>(JsonSerializer.Serialize(WireTime.Of(from))));
        }).QuickCheckThrowOnFailure();
    }

    private static FrameFault Read(string text) => RelayFrame.Read(Encoding.UTF8.GetBytes(text), out _);
}
