using Roomcast.Meetings.Media;
using Roomcast.TestKit.Rtc;

namespace Roomcast.Meetings.Tests.Media;

/// <summary>A peer of a room: a browser, and what its client asks of the server.</summary>
internal sealed class MediaBot(VirtualMedia media, MediaRoom room, string peerId, BrowserFlavor flavor, int seed) : IDisposable
{
    private static uint s_tags = 1_000;

    private readonly List<(BrowserTrack Track, int EveryMs)> _running = [];
    private long _step;

    public string PeerId => peerId;

    public BrowserLikePeer Browser { get; } = new(flavor, seed);

    public string SendTransportId { get; private set; } = "";

    public string ReceiveTransportId { get; private set; } = "";

    /// <summary>Whether its tracks send by themselves.</summary>
    public bool IsSendingMedia { get; set; } = true;

    public async Task JoinAsync()
    {
        await room.JoinAsync(peerId);
        await ConnectAsync(TransportDirection.FromPeer);
        await ConnectAsync(TransportDirection.ToPeer);
        Assert.True(media.RunUntil(() => Browser.Sending.IsConnected && Browser.Receiving.IsConnected), "The transports did not connect.");
    }

    public async Task<CreatedTransport> ConnectAsync(TransportDirection direction)
    {
        var browser = direction is TransportDirection.FromPeer ? Browser.Sending : Browser.Receiving;
        var created = await room.CreateTransportAsync(peerId, direction, browser.CreateOffer());
        browser.ApplyAnswer(created.AnswerSdp, media.Now);
        media.Connect(browser);
        if (direction is TransportDirection.FromPeer)
        {
            SendTransportId = created.TransportId;
        }
        else
        {
            ReceiveTransportId = created.TransportId;
        }

        return created;
    }

    public Task<(MediaProducer Producer, BrowserTrack Track)> PublishMicrophoneAsync() => PublishAsync(MediaKind.Audio, [], isScreenShare: false, 20);

    public Task<(MediaProducer Producer, BrowserTrack Track)> PublishCameraAsync() =>
        PublishAsync(MediaKind.Video, ["f", "h", "q"], isScreenShare: false, 33);

    public Task<(MediaProducer Producer, BrowserTrack Track)> PublishScreenAsync() => PublishAsync(MediaKind.Video, [], isScreenShare: true, 100);

    public async Task<(MediaProducer Producer, BrowserTrack Track)> PublishAsync(
        MediaKind kind, IReadOnlyList<string> rids, bool isScreenShare, int everyMs)
    {
        var offer = Browser.Sending.Publish(kind is MediaKind.Audio, rids, Interlocked.Increment(ref s_tags), out var track);
        var produced = await room.ProduceAsync(peerId, new ProduceRequest(
            kind,
            IsPaused: false,
            isScreenShare,
            $$"""{"mid":"{{track.Mid}}"}""",
            track.Mid,
            kind is MediaKind.Audio ? "audio/opus" : "video/VP8",
            offer,
            TransportId: SendTransportId));
        Browser.Sending.ApplyAnswer(produced.AnswerSdp, media.Now);
        _running.Add((track, everyMs));
        return (produced.Producer, track);
    }

    public async Task<MediaProducer> UnpublishAsync(MediaProducer producer, BrowserTrack track)
    {
        _running.RemoveAll(running => running.Track == track);
        var closed = await room.CloseProducerAsync(peerId, producer.Id, Browser.Sending.Unpublish(track));
        Browser.Sending.ApplyAnswer(closed.AnswerSdp!, media.Now);
        return closed.Producer;
    }

    public async Task<ReceivedTrack> ConsumeAsync(MediaProducer producer, string? rid = null) => (await ConsumeAsync([producer], rid))[0];

    public async Task<IReadOnlyList<ReceivedTrack>> ConsumeAsync(IReadOnlyList<MediaProducer> producers, string? rid = null)
    {
        var consumed = await room.ConsumeAsync(peerId, ReceiveTransportId, [.. producers.Select(producer => new ConsumeRequest(producer.Id, rid))]);
        Assert.All(consumed.Tracks, track => Assert.Null(track.Error));
        var answer = Browser.Receiving.ApplyOffer(consumed.OfferSdp!);
        await room.CompleteConsumeAsync(peerId, ReceiveTransportId, answer);
        var received = consumed.Tracks.Select(track => Browser.Receiving.Received[track.Mid!]).ToList();
        Assert.Equal(consumed.Tracks.Select(track => track.TrackId), received.Select(track => track.TrackId));
        return received;
    }

    public async Task StopConsumingAsync(params string[] mids)
    {
        var offer = Browser.Receiving.Stop(mids);
        Browser.Receiving.ApplyAnswer(await room.CloseConsumersAsync(peerId, ReceiveTransportId, mids, offer), media.Now);
    }

    /// <summary>Stops and forgets the tracks it sends.</summary>
    public void StopTracks() => _running.Clear();

    public void SendMedia(TimeSpan now)
    {
        foreach (var (track, everyMs) in _running)
        {
            if (IsSendingMedia && _step % everyMs == 0)
            {
                track.SendFrame(now);
            }
        }

        _step++;
    }

    public void Dispose() => Browser.Dispose();
}
