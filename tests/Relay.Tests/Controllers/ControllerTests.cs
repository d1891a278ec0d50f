using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Accounts;
using Roomcast.Relay.Controllers;
using Roomcast.Relay.Tests.Hosting;

namespace Roomcast.Relay.Tests.Controllers;

public sealed class ControllerTests : IDisposable
{
    private static readonly AppId App = new(Guid.Parse("0c4f3d2a-91fb-4f34-8a59-2f0d7f7f2c11"));

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddSingleton<RelayMetrics>().BuildServiceProvider();

    private readonly KeptBytes _kept = new(ControllerDirectory.MaxKeptBytesOfApp);

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
        var everything = new Controller("p", App, hearsEverything: true, 0, _kept, _services.GetRequiredService<RelayMetrics>(), NullLogger.Instance);
        var link = new FakeLink();
        everything.Attach(link, acknowledges: false, "{}"u8.ToArray());
        everything.Tell(Event("video.room.started", RelayEvent.RoomsChannel, "room.9"));
        everything.Tell(Event("video.member.joined", "room.9"));
        Assert.Equal(2, link.Types.Count);
        var next = new FakeLink();
        everything.Attach(next, acknowledges: false, "{}"u8.ToArray());
        Assert.Empty(next.Types);
    }

    [Fact]
    public void One_that_hears_of_everything_hears_of_a_room_first_that_it_began()
    {
        var everything = new Controller("p", App, hearsEverything: true, 0, _kept, _services.GetRequiredService<RelayMetrics>(), NullLogger.Instance);
        var link = new FakeLink();
        everything.Attach(link, acknowledges: true, "{}"u8.ToArray());
        everything.Tell(Event("video.member.joined", "room.1"));
        everything.Tell(Event("video.room.ended", RelayEvent.RoomsChannel, "room.2"));
        everything.Tell(Event("video.room.started", RelayEvent.RoomsChannel, "room.1"));
        everything.Tell(Event("video.member.updated", "room.1"));
        everything.Tell(Event("video.member.updated", "room.3"));
        Assert.Equal(["video.room.ended", "video.room.started", "video.member.updated"], link.Types);

        // What it has asked for itself, it hears of whatever it was told before.
        everything.Subscribe("room.3", ["video.member.updated"], 10);
        everything.Tell(Event("video.member.updated", "room.3"));
        Assert.Equal(4, link.Types.Count);
    }

    [Fact]
    public void Who_may_see_no_secrets_is_sent_the_covered_form_also_of_what_it_missed()
    {
        var (controller, writer) = Attached();
        controller.Subscribe("room.1", ["a"], 10);
        var told = new RelayEvent(
            App, "a", "room.1", null, new JsonObject { ["url"] = "s3cr3t" }, DateTimeOffset.UnixEpoch, new JsonObject { ["url"] = "***" });
        controller.Tell(told);
        Assert.Contains("s3cr3t", Assert.Single(writer.Frames), StringComparison.Ordinal);
        var reader = new FakeLink { SeesSecrets = false };
        controller.Attach(reader, acknowledges: true, "{}"u8.ToArray());
        controller.Tell(new RelayEvent(
            App, "a", "room.1", null, new JsonObject { ["url"] = "s3cr3t" }, DateTimeOffset.UnixEpoch, new JsonObject { ["url"] = "***" }));
        Assert.Equal(2, reader.Types.Count);
        Assert.DoesNotContain(reader.Frames, frame => frame.Contains("s3cr3t", StringComparison.Ordinal));

        // The same event under either form: it is acknowledged by the same id.
        controller.Acknowledge(told.Id);
        var next = new FakeLink();
        controller.Attach(next, acknowledges: true, "{}"u8.ToArray());
        Assert.Single(next.Types);
    }

    [Fact]
    public void One_that_is_about_to_come_back_is_not_retired_and_one_that_was_keeps_nothing()
    {
        var (controller, link) = Attached();
        controller.Subscribe("room.1", ["a"], 10);
        Assert.Null(controller.AwaySince);
        Assert.False(controller.TryRetire(0, default));
        controller.Detach(link, 7);
        controller.Tell(Event("a", "room.1"));
        Assert.True(controller.TryTake());
        Assert.Null(controller.AwaySince);
        Assert.False(controller.TryRetire(7, default));
        var next = new FakeLink();
        controller.Attach(next, acknowledges: true, "{}"u8.ToArray());
        controller.Detach(next, 9);
        Assert.False(controller.TryRetire(7, default));
        Assert.True(_kept.Count > 0);
        Assert.True(controller.TryRetire(9, default));
        controller.Tell(Event("a", "room.1"));
        Assert.Equal(0, _kept.Count);
        Assert.False(controller.TryTake());
    }

    [Fact]
    public void What_all_of_an_app_keep_is_bounded_and_what_several_keep_counts_once()
    {
        var kept = new KeptBytes(20_000);
        Controller New()
        {
            var made = new Controller("p", App, hearsEverything: false, 0, kept, _services.GetRequiredService<RelayMetrics>(), NullLogger.Instance);
            made.Subscribe("room.1", ["a"], 10);
            return made;
        }

        var (first, second) = (New(), New());
        var shared = Event("a", "room.1");
        first.Tell(shared);
        second.Tell(shared);
        Assert.Equal(shared.Length + (2 * KeptBytes.Overhead), kept.Count);
        for (var i = 0; i < 500; i++)
        {
            first.Tell(Event("a", "room.1"));
        }

        Assert.InRange(kept.Count, 1, 20_000);
        var link = new FakeLink();
        second.Attach(link, acknowledges: true, "{}"u8.ToArray());
        Assert.Single(link.Types);
        second.Acknowledge(shared.Id);
        Assert.True(first.TryRetire(0, default));
        Assert.Equal(0, kept.Count);
    }

    private static RelayEvent Event(string type, string channel, string? other = null) =>
        new(App, type, channel, other, [], DateTimeOffset.UnixEpoch);

    private (Controller Controller, FakeLink Link) Attached()
    {
        var controller = new Controller("p", App, hearsEverything: false, 0, _kept, _services.GetRequiredService<RelayMetrics>(), NullLogger.Instance);
        var link = new FakeLink();
        controller.Attach(link, acknowledges: true, "{}"u8.ToArray());
        link.Clear();
        return (controller, link);
    }
}
