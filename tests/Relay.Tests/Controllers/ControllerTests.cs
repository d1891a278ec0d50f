using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Accounts;
using Roomcast.Relay.Controllers;
using Roomcast.Relay.Framing;

namespace Roomcast.Relay.Tests.Controllers;

public sealed class ControllerTests : IDisposable
{
    private static readonly AppId App = new(Guid.Parse("0c4f3d2a-91fb-4f34-8a59-2f0d7f7f2c11"));

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddSingleton<RelayMetrics>().BuildServiceProvider();

    public void Dispose() => _services.Dispose();

    [Fact]
    public void It_hears_once_of_what_it_subscribed_to_however_many_channels_match()
    {
        var (controller, link) = Attached();
        controller.Subscribe(RelayEvent.RoomsChannel, ["video.room.started"], 10);
        controller.Subscribe("room.1", ["video.room.started", "video.member.joined"], 10);
        controller.Tell(Event("video.room.started", RelayEvent.RoomsChannel, "room.1"));
        controller.Tell(Event("video.member.left", "room.1"));
        controller.Tell(Event("video.member.joined", "room.2"));
        controller.Tell(Event("video.member.joined", "room.1"));
        Assert.Equal(["video.room.started", "video.member.joined"], link.Types);
    }

    [Fact]
    public void What_was_not_acknowledged_is_sent_again_after_the_answer_and_in_order()
    {
        var (controller, first) = Attached();
        controller.Subscribe("room.1", ["a", "b", "c"], 10);
        var (a, b, c) = (Event("a", "room.1"), Event("b", "room.1"), Event("c", "room.1"));
        controller.Tell(a);
        controller.Tell(b);
        controller.Acknowledge(a.Id);
        controller.Detach(first, 0);
        controller.Tell(c);
        var second = new FakeLink();
        controller.Attach(second, acknowledges: true, "{\"answer\":1}"u8.ToArray());
        Assert.Equal(["{\"answer\":1}", "b", "c"], [second.Frames[0], .. second.Types]);
        controller.Acknowledge(c.Id);
        controller.Acknowledge(b.Id);
        controller.Acknowledge("no such event");
        var third = new FakeLink();
        controller.Attach(third, acknowledges: true, "{}"u8.ToArray());
        Assert.True(second.IsReplaced);
        Assert.Empty(third.Types);
    }

    [Fact]
    public void Where_not_all_can_be_kept_beginnings_and_ends_are()
    {
        var (controller, link) = Attached();
        controller.Subscribe("room.1", ["video.member.talking", "video.stream.ended"], 10);
        controller.Detach(link, 0);
        controller.Tell(Event("video.stream.ended", "room.1"));
        for (var i = 0; i < Controller.MaxKept + 500; i++)
        {
            controller.Tell(Event("video.member.talking", "room.1"));
        }

        var next = new FakeLink();
        controller.Attach(next, acknowledges: true, "{}"u8.ToArray());
        Assert.Equal(Controller.MaxKept, next.Types.Count);
        Assert.Equal("video.stream.ended", next.Types[0]);
    }

    [Fact]
    public void A_channel_is_first_once_and_too_many_names_are_refused()
    {
        var (controller, _) = Attached();
        Assert.True(controller.Subscribe("room.1", ["a"], 3));
        Assert.False(controller.Subscribe("room.1", ["b"], 3));
        controller.SubscribeUnasked("room.2", ["c"]);
        Assert.Null(controller.Subscribe("room.2", ["d"], 3));
        controller.Forget("room.1");
        Assert.True(controller.Subscribe("room.2", ["d"], 3));
    }

    [Fact]
    public void One_from_before_a_restart_hears_of_everything_and_one_that_never_acknowledges_is_sent_nothing_twice()
    {
        var everything = new Controller("p", App, hearsEverything: true, 0, _services.GetRequiredService<RelayMetrics>(), NullLogger.Instance);
        var link = new FakeLink();
        everything.Attach(link, acknowledges: false, "{}"u8.ToArray());
        everything.Tell(Event("video.room.started", RelayEvent.RoomsChannel));
        everything.Tell(Event("video.member.joined", "room.9"));
        Assert.Equal(2, link.Types.Count);
        var next = new FakeLink();
        everything.Attach(next, acknowledges: false, "{}"u8.ToArray());
        Assert.Empty(next.Types);
    }

    private static RelayEvent Event(string type, string channel, string? other = null) =>
        new(App, type, channel, other, [], DateTimeOffset.UnixEpoch);

    private (Controller Controller, FakeLink Link) Attached()
    {
        var controller = new Controller("p", App, hearsEverything: false, 0, _services.GetRequiredService<RelayMetrics>(), NullLogger.Instance);
        var link = new FakeLink();
        controller.Attach(link, acknowledges: true, "{}"u8.ToArray());
        link.Frames.Clear();
        return (controller, link);
    }

    private sealed class FakeLink : IControllerLink
    {
        public List<string> Frames { get; } = [];

        public bool IsReplaced { get; private set; }

        public IReadOnlyList<string> Types => [.. Frames.Select(frame => (string?)JsonNode.Parse(frame)!["params"]?["event_type"]).OfType<string>()];

        public void Send(byte[] frame) => Frames.Add(System.Text.Encoding.UTF8.GetString(frame));

        public void Replace() => IsReplaced = true;
    }
}
