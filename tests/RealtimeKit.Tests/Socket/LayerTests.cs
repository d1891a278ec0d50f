using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;
using Roomcast.TestKit.Rtc;

namespace Roomcast.RealtimeKit.Tests.Socket;

/// <summary>The encoding a client asks for over its socket is the one whose packets it gets.</summary>
[Collection(SharedMeetingHostTests.Name)]
public sealed class LayerTests(SharedMeetingHost shared)
{
    private static readonly TimeSpan FrameInterval = TimeSpan.FromMilliseconds(20);

    private MeetingHost Host => shared.Host;

    [Fact]
    public async Task The_preferred_encoding_is_the_one_that_arrives()
    {
        var meeting = await Host.NewMeetingAsync();
        using var annas = new BrowserLikePeer(BrowserFlavor.Chromium, 1);
        using var bens = new BrowserLikePeer(BrowserFlavor.Chromium, 2);
        await using var anna = await Host.JoinAsync(await Host.NewGuestAsync(meeting, "Anna"));
        await using var ben = await Host.JoinAsync(await Host.NewGuestAsync(meeting, "Ben"));
        var (sendingId, sending) = await OpenAsync(anna, annas.Sending, isConsuming: false);
        var (receivingId, receiving) = await OpenAsync(ben, bens.Receiving, isConsuming: true);
        using var sent = sending;
        using var received = receiving;
        await anna.CompleteMediaAsync();
        await ben.CompleteMediaAsync();
        await UntilAsync(() => sent.Do((browser, _) => browser.IsConnected) && received.Do((browser, _) => browser.IsConnected));

        BrowserTrack camera = null!;
        var offer = sent.Do((browser, _) => browser.Publish(isAudio: false, ["f", "h", "q"], tag: 7, out camera));
        camera.PacketsPerFrame = 2;
        camera.PayloadBytes = 300;
        var produced = await anna.AskAsync(
            SocketEvent.Produce,
            new ProducerCreateRequest
            {
                Kind = "video",
                Description = new SessionDescription { Target = Target.Publisher, Type = "offer", Sdp = offer },
                AppData = $$"""{"mid":"{{camera.Mid}}"}""",
                MimeType = "video/VP8",
                ProducingTransportId = sendingId,
            },
            ProducerCreateResponse.Parser);
        sent.Do((browser, now) =>
        {
            browser.ApplyAnswer(produced.Description.Sdp, now);
            return true;
        });

        // The worst is asked for with the track itself, the others while it flows.
        var consumed = await ben.AskAsync(
            SocketEvent.Consume,
            new ConsumePeersRequest
            {
                ConsumingTransportId = receivingId,
                Requests = { new ConsumePeerRequest { ProducerId = produced.ProducerId, Simulcast = new Simulcast { PreferredRid = "q" } } },
            },
            ConsumePeerResponse.Parser);
        var mid = consumed.ConsumerIdsMap.Map[produced.ProducerId].ProducerTrack.StreamId;
        var answer = received.Do((browser, _) => browser.ApplyOffer(consumed.Description.Sdp));
        await ben.AskAsync(
            SocketEvent.Renegotiate,
            new RenegotiateRequest
            {
                TransportId = receivingId, Description = new SessionDescription { Target = Target.Subscriber, Type = "answer", Sdp = answer },
            },
            RenegotiateResponse.Parser);
        var track = received.Do((browser, _) => browser.Received[mid]);
        await UntilArrivesAsync("q");

        // By the section, by the track, and by both.
        await PreferAsync("f", new UpdateConsumerSimulcastConfigRequest { Mid = mid });
        await PreferAsync("h", new UpdateConsumerSimulcastConfigRequest { ProducerId = produced.ProducerId });
        await PreferAsync("q", new UpdateConsumerSimulcastConfigRequest { ProducerId = produced.ProducerId, Mid = mid });
        Assert.Empty(received.Do((_, _) => track.Faults.ToList()));

        async Task PreferAsync(string rid, UpdateConsumerSimulcastConfigRequest wish)
        {
            wish.Simulcast = new Simulcast { PreferredRid = rid, PriorityOrdering = "asciibetical", RidNotAvailable = "asciibetical" };
            await ben.AskAsync(
                SocketEvent.UpdateSimulcast,
                new UpdateConsumersSimulcastConfigRequest { ConsumingTransportId = receivingId, Requests = { wish } },
                PeerJoinResponse.Parser);
            await UntilArrivesAsync(rid);
        }

        async Task UntilArrivesAsync(string rid)
        {
            var rank = "fhq".IndexOf(rid, StringComparison.Ordinal);
            var run = 0;
            await UntilAsync(() =>
            {
                sent.Do((_, now) =>
                {
                    camera.SendFrame(now);
                    return true;
                });
                var last = received.Do((_, _) => track.Last);
                run = last.At > TimeSpan.Zero && last.Mark.Rank == rank ? run + 1 : 0;
                return run >= 20; // It stays with it.
            });
        }
    }

    private async Task<(string Id, BrowserSocket Socket)> OpenAsync(SocketClient client, BrowserTransport browser, bool isConsuming)
    {
        await client.AskAsync(SocketEvent.JoinMedia, new PeerJoinRequest(), PeerJoinResponse.Parser);
        var created = await client.AskAsync(
            SocketEvent.CreateTransport,
            new CreateTransportRequest
            {
                Consuming = isConsuming,
                Description = new SessionDescription
                {
                    Target = isConsuming ? Target.Subscriber : Target.Publisher, Type = "offer", Sdp = browser.CreateOffer(),
                },
            },
            CreateTransportResponse.Parser);
        return (created.TransportId, BrowserSocket.Connect(browser, created.Description.Sdp, Host.Clock));
    }

    /// <remarks>The host's media runs by the host's clock, as the browsers do here: nobody else moves it on.</remarks>
    private async Task UntilAsync(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        do
        {
            Host.Clock.Advance(FrameInterval); // First, so that no two frames are of one moment.
            await Task.Delay(FrameInterval, TimeProvider.System, patience.Token);
        }
        while (!isSo());
    }
}
