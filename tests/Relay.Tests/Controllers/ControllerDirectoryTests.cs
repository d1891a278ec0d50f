using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Roomcast.Accounts;
using Roomcast.Relay.Controllers;
using Roomcast.Relay.Tests.Hosting;
using Roomcast.Storage;
using Roomcast.Storage.Keys;
using Roomcast.TestKit;

namespace Roomcast.Relay.Tests.Controllers;

public sealed class ControllerDirectoryTests : IDisposable
{
    private static readonly AppId App = new(Guid.Parse("0c4f3d2a-91fb-4f34-8a59-2f0d7f7f2c11"));

    private readonly TemporaryFolder _folder = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddSingleton<RelayMetrics>().BuildServiceProvider();
    private readonly ManualClock _clock = new();
    private readonly RelayOptions _options = new();
    private readonly ControllerDirectory _directory;

    public ControllerDirectoryTests() => _directory = new ControllerDirectory(
        new ProtocolNames(new KeyFiles(Options.Create(new StorageOptions { DataFolder = _folder.PathOf("data") }), NullLogger<KeyFiles>.Instance)),
        Options.Create(_options),
        _services.GetRequiredService<RelayMetrics>(),
        _clock,
        NullLogger<ControllerDirectory>.Instance);

    public void Dispose()
    {
        _directory.Dispose();
        _services.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void One_that_comes_back_just_at_its_hour_is_not_taken_from_under_its_connection()
    {
        var controller = Leave(Come());
        _clock.Advance(_options.ResumeFor - TimeSpan.FromSeconds(1));
        Assert.Equal((controller, true), _directory.Open(App, controller.Protocol));
        _clock.Advance(TimeSpan.FromMinutes(2)); // Its connection is not attached so far: a sweep comes first.
        var link = new FakeLink();
        controller.Attach(link, acknowledges: true, "{}"u8.ToArray());
        _directory.Tell(new RelayEvent(App, "video.room.started", RelayEvent.RoomsChannel, null, [], DateTimeOffset.UnixEpoch));
        Assert.Single(link.Types);

        Leave(controller, link);
        _clock.Advance(_options.ResumeFor + TimeSpan.FromMinutes(1));
        Assert.False(_directory.Open(App, controller.Protocol).IsKnown);
    }

    [Fact]
    public void So_many_are_kept_that_are_away_and_those_without_a_subscription_go_first()
    {
        var oldest = Leave(Come());
        var connected = Come(isSubscribing: false);
        for (var i = 0; i < ControllerDirectory.MaxAwayOfApp + 50; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            Leave(Come(isSubscribing: false));
        }

        Assert.True(_directory.Open(App, oldest.Protocol).IsKnown);
        Assert.True(_directory.Open(App, connected.Protocol).IsKnown);
        Assert.Equal(ControllerDirectory.MaxAwayOfApp + 1, _directory.CountOf(App));
    }

    [Fact]
    public void One_that_was_away_for_too_long_is_known_by_until_when_it_had_heard()
    {
        var (heard, missed, unsubscribed) = (Come(), Come(), Come(isSubscribing: false));
        _clock.Advance(TimeSpan.FromSeconds(20));
        var began = _clock.GetUtcNow();
        var started = new RelayEvent(App, RelayEvent.RoomStarted, RelayEvent.RoomsChannel, "room.1", [], began);
        _directory.Tell(started);
        heard.Acknowledge(started.Id);
        _clock.Advance(TimeSpan.FromSeconds(20));
        var left = _clock.GetUtcNow();
        foreach (var controller in new[] { heard, missed, unsubscribed })
        {
            Leave(controller);
        }

        _clock.Advance(TimeSpan.FromSeconds(20));
        _directory.Tell(new RelayEvent(App, RelayEvent.RoomStarted, RelayEvent.RoomsChannel, "room.2", [], _clock.GetUtcNow()));
        _clock.Advance(_options.ResumeFor + TimeSpan.FromMinutes(1));
        Assert.Equal(0, _directory.CountOf(App));
        Assert.Equal(left, Return(heard.Protocol).HeardUntil!.Value, TimeSpan.FromMilliseconds(1));

        // What it never acknowledged may have gone into a network that was down by then.
        Assert.Equal(began, Return(missed.Protocol).HeardUntil);
        Assert.Null(Return(unsubscribed.Protocol).HeardUntil);
        Assert.Null(Return($"{heard.Protocol[..^4]}aaaa").HeardUntil);
    }

    [Fact]
    public void One_that_made_way_for_others_is_known_by_until_when_it_had_heard()
    {
        var first = Leave(Come());
        var left = _clock.GetUtcNow();
        for (var i = 0; i < ControllerDirectory.MaxAwayOfApp; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            Leave(Come());
        }

        Assert.Equal(left, Return(first.Protocol).HeardUntil!.Value, TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void So_many_names_are_remembered_and_those_retired_first_are_forgotten_first()
    {
        var names = new RetiredNames(most: 3);
        var at = DateTimeOffset.UnixEpoch;
        foreach (var name in new[] { "a", "b", "c", "a", "d" })
        {
            names.Add(name, at += TimeSpan.FromSeconds(1));
        }

        Assert.Equal([4L, null, 3L, 5L], new[] { "a", "b", "c", "d" }.Select(name => names.Find(name)?.ToUnixTimeSeconds()));
    }

    private Controller Return(string protocol)
    {
        var (controller, isKnown) = _directory.Open(App, protocol);
        Assert.Equal((protocol, false, true), (controller.Protocol, isKnown, controller.HearsEverything));
        return controller;
    }

    private readonly Dictionary<Controller, FakeLink> _links = [];

    private Controller Come(bool isSubscribing = true)
    {
        var (controller, _) = _directory.Open(App, null);
        controller.Attach(_links[controller] = new FakeLink(), acknowledges: true, "{}"u8.ToArray());
        if (isSubscribing)
        {
            controller.Subscribe(RelayEvent.RoomsChannel, ["video.room.started"], 10);
        }

        return controller;
    }

    private Controller Leave(Controller controller, FakeLink? link = null)
    {
        controller.Detach(link ?? _links[controller], _clock.GetTimestamp());
        return controller;
    }
}
