using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Roomcast.Client.Relay;

namespace Roomcast.Client.Tests.Relay;

/// <summary>What is read of a server, whatever it says.</summary>
public sealed class RelayReadingTests
{
    [Fact]
    public void A_frame_that_is_cut_anywhere_is_refused()
    {
        var frame = Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","id":"e1","method":"signalwire.event","params":{"event_type":"video.room.started","params":{"a":[1,2]}}}""");
        for (var length = 0; length < frame.Length; length++)
        {
            Assert.Null(RelayFrame.Read(frame.AsMemory(0, length)));
        }

        using var whole = RelayFrame.Read(frame);
        Assert.Equal("signalwire.event", whole!.RootElement.Text("method"));
    }

    [Fact]
    public void Any_bytes_are_a_frame_or_refused_without_a_throw() =>
        Prop.ForAll(
            Gen.ArrayOf(Gen.Choose(0, 255).Select(value => (byte)value)).ToArbitrary(),
            bytes => RelayFrame.Read(bytes)?.Dispose()).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("""{"result":{"code":"200","message":"OK"}}""", null)]
    [InlineData("""{"result":{"code":204}}""", null)]
    [InlineData("""{"result":{}}""", null)]
    [InlineData("""{"result":{"code":"404","message":"gone"}}""", RealtimeKitError.NotFound)]
    [InlineData("""{"result":{"code":404}}""", RealtimeKitError.NotFound)]
    [InlineData("""{"result":{"code":"2000"}}""", RealtimeKitError.Failed)]
    [InlineData("""{"error":{"code":-32601,"message":"no"}}""", RealtimeKitError.NotSupported)]
    [InlineData("""{"error":{"code":-32002}}""", RealtimeKitError.InvalidToken)]
    [InlineData("""{"error":{}}""", RealtimeKitError.Failed)]
    public void A_response_is_refused_by_its_code(string response, RealtimeKitError? error) =>
        Assert.Equal(error, RelayFrame.RefusalOf(Json(response))?.Error);

    [Theory]
    [InlineData("""{"at":1795221698.887}""", 1_795_221_698_887)]
    [InlineData("""{"at":1795221698}""", 1_795_221_698_000)]
    [InlineData("""{"at":0}""", null)]
    [InlineData("""{"at":null}""", null)]
    [InlineData("""{"at":"1795221698"}""", null)]
    [InlineData("""{"at":1e300}""", null)]
    [InlineData("""{"at":-5}""", null)]
    [InlineData("""{}""", null)]
    [InlineData("""[]""", null)]
    public void A_moment_is_read_to_the_millisecond_or_there_is_none(string said, long? unixMs) =>
        Assert.Equal(unixMs, Json(said).Time("at")?.ToUnixTimeMilliseconds());

    [Fact]
    public void Half_a_character_is_no_text() => Assert.Null(Json("""{"name":"\ud800"}""").Text("name"));

    [Fact]
    public void No_id_is_taken_twice_and_the_oldest_are_forgotten()
    {
        var ids = new RecentIds();
        for (var i = 0; i < RecentIds.Capacity; i++)
        {
            Assert.True(ids.TryAdd($"{i}"));
        }

        Assert.False(ids.TryAdd("0"));
        Assert.True(ids.TryAdd("one more"));
        Assert.False(ids.TryAdd("1"));
        Assert.True(ids.TryAdd("0"));
    }

    [Fact]
    public void Who_asks_for_a_milestone_before_or_after_it_is_told_once()
    {
        var milestone = new Milestone<string>(static act => act());
        var told = new List<string>();
        void Taken(string what) => told.Add("never " + what);
        milestone.Add(what => told.Add("before " + what));
        milestone.Add(Taken);
        milestone.Remove(Taken);

        milestone.Reach("here");
        milestone.Reach("there");
        milestone.Add(what => told.Add("after " + what));

        Assert.Equal(["before here", "after here"], told);
    }

    [Theory]
    [InlineData("ws://127.0.0.1:8080", "ws://127.0.0.1:8080/")]
    [InlineData("wss://meet.example.com/relay", "wss://meet.example.com/relay")]
    [InlineData("meet.example.com:8443", "wss://meet.example.com:8443/")]
    public void A_host_is_an_address_with_or_without_its_scheme(string host, string address) =>
        Assert.Equal(new Uri(address), Options(host).Check());

    [Theory]
    [InlineData("http://meet.example.com")]
    [InlineData("ws://")]
    [InlineData(" ")]
    public void Another_host_is_refused(string host) => Assert.ThrowsAny<ArgumentException>(() => Options(host).Check());

    [Fact]
    public void Options_do_not_show_their_token() => Assert.DoesNotContain("s3cr3t", Options("ws://a").ToString(), StringComparison.Ordinal);

    private static RealtimeClientOptions Options(string host) => new() { Project = "p", Token = "s3cr3t", Host = host };

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
