using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Meetings.Media;
using Roomcast.Rtc;
using Roomcast.TestKit.Rtc;
using Roomcast.Transports.Rtc;

namespace Roomcast.Meetings.Tests.Media;

/// <summary>The same over the real port, its threads and sockets on loopback.</summary>
public sealed class MediaOverSocketsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(RtcProtocol.Udp, RtcProtocol.Udp)]
    [InlineData(RtcProtocol.Tcp, RtcProtocol.Udp)]
    [InlineData(RtcProtocol.Udp, RtcProtocol.Tcp)]
    public async Task A_picture_goes_from_one_peer_to_another(RtcProtocol from, RtcProtocol to)
    {
        await using var port = new Port();
        await using var room = port.Rooms.Open("room");
        using var anna = new BrowserLikePeer(BrowserFlavor.Chromium, 1);
        using var ben = new BrowserLikePeer(BrowserFlavor.Firefox, 2);
        anna.Sending.Protocol = from;
        ben.Receiving.Protocol = to;

        var sending = await room.CreateTransportAsync("anna", TransportDirection.FromPeer, anna.Sending.CreateOffer());
        using var annas = BrowserSocket.Connect(anna.Sending, sending.AnswerSdp);
        var receiving = await room.CreateTransportAsync("ben", TransportDirection.ToPeer, ben.Receiving.CreateOffer());
        using var bens = BrowserSocket.Connect(ben.Receiving, receiving.AnswerSdp);
        await UntilAsync(() => annas.Do((browser, _) => browser.IsConnected) && bens.Do((browser, _) => browser.IsConnected));

        BrowserTrack? camera = null;
        var offer = annas.Do((browser, _) => browser.Publish(isAudio: false, ["f", "h", "q"], tag: 7, out camera));
        var produced = await room.ProduceAsync("anna", new ProduceRequest(MediaKind.Video, false, false, "{}", camera!.Mid, "video/VP8", offer));
        annas.Do((browser, now) =>
        {
            browser.ApplyAnswer(produced.AnswerSdp, now);
            return true;
        });
        var consumed = await room.ConsumeAsync("ben", receiving.TransportId, [new ConsumeRequest(produced.Producer.Id)]);
        await room.CompleteConsumeAsync("ben", receiving.TransportId, bens.Do((browser, _) => browser.ApplyOffer(consumed.OfferSdp!)));
        var received = bens.Do((browser, _) => browser.Received[consumed.Tracks[0].Mid!]);

        // A keyframe is asked for only once something has arrived, so frames are sent until enough have come.
        await UntilAsync(() =>
        {
            annas.Do((_, now) =>
            {
                camera.SendFrame(now);
                return true;
            });
            return bens.Do((_, _) => received.Frames.Count >= 50);
        });

        Assert.Empty(bens.Do((_, _) => received.Faults.ToList()));
        Assert.All(bens.Do((_, _) => received.Frames.ToList()), frame => Assert.Equal(7u, frame.Mark.Tag));
        var figures = await room.MeasureAsync("ben");
        Assert.Equal(to is RtcProtocol.Tcp, Assert.Single(figures.Transports).IsTcp);

        annas.Dispose();
        using var limit = new CancellationTokenSource(Patience);
        await foreach (var happened in room.Events.ReadAllAsync(limit.Token))
        {
            if (happened is TransportLost lost)
            {
                Assert.Equal(("anna", TransportLossReason.ClosedByPeer), (lost.PeerId, lost.Reason));
                Assert.Equal(produced.Producer.Id, Assert.Single(lost.Dropped).Id);
                break;
            }
        }
    }

    [Fact]
    public async Task Rooms_are_spread_over_the_workers()
    {
        await using var port = new Port(threads: 2);
        var rooms = new List<MediaRoom>();
        for (var i = 0; i < 4; i++)
        {
            rooms.Add(port.Rooms.Open($"room {i}"));
        }

        Assert.Equal(2, rooms.Select(room => room.Engine).Distinct().Count());
        foreach (var room in rooms)
        {
            Assert.Empty(await room.JoinAsync("peer"));
            await room.DisposeAsync();
        }
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!isSo())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, limit.Token);
        }
    }

    private sealed class Port : IAsyncDisposable
    {
        private readonly ServiceProvider _services;

        public Port(int threads = 2)
        {
            _services = new ServiceCollection()
                .AddLogging()
                .Configure<RtcHostOptions>(options => options.Threads = threads)
                .AddMeetingMedia()
                .BuildServiceProvider();
            Rooms = _services.GetRequiredService<MediaRooms>();
            Host = _services.GetRequiredService<RtcHost>();
            Host.Start(RtcSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0), new RtcHostOptions { Threads = threads }), publicAddress: null);
        }

        public MediaRooms Rooms { get; }

        private RtcHost Host { get; }

        public async ValueTask DisposeAsync()
        {
            await Rooms.CloseAllAsync();
            await Host.DisposeAsync();
            await _services.DisposeAsync();
        }
    }
}
