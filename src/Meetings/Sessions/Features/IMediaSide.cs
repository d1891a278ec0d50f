using System.Threading.Channels;
using Roomcast.Meetings.Media;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>The media room of a session as the session uses it. <see cref="MediaRoom"/> says what each call does.</summary>
internal interface IMediaSide : IAsyncDisposable
{
    ChannelReader<MediaEvent> Events { get; }

    ValueTask<IReadOnlyList<MediaProducer>> JoinAsync(string peerId);

    ValueTask<bool> HasTransportsAsync(string peerId);

    ValueTask<IReadOnlyList<MediaProducer>> LeaveAsync(string peerId);

    ValueTask<IReadOnlyList<MediaProducer>> DropProducersAsync(string peerId);

    ValueTask<CreatedTransport> CreateTransportAsync(string peerId, TransportDirection direction, string offerSdp, bool isHere);

    ValueTask<Produced> ProduceAsync(string peerId, ProduceRequest request);

    ValueTask<ClosedProducer> CloseProducerAsync(string peerId, string producerId, string? offerSdp);

    ValueTask<MediaProducer> SetProducerPausedAsync(string peerId, string producerId, bool isPaused);

    ValueTask<Consumed> ConsumeAsync(string peerId, string transportId, IReadOnlyList<ConsumeRequest> requests);

    ValueTask CompleteConsumeAsync(string peerId, string transportId, string answerSdp);

    ValueTask<string> CloseConsumersAsync(string peerId, string transportId, IReadOnlyList<string> mids, string offerSdp);

    ValueTask PreferAsync(string peerId, string transportId, IReadOnlyList<LayerPreference> preferences);

    ValueTask<MediaTap> TapAsync(IMediaListener listener);

    ValueTask<MediaSource> AddSourceAsync(string peerId, bool hasSound, bool hasPicture, IMediaSourceListener listener);

    ValueTask SetDeafAsync(string peerId, bool isDeaf);

    ValueTask<PeerMediaFigures> MeasureAsync(string peerId);

    void NoteAudioActivity(string peerId, string producerId, double energy);
}

/// <summary>The real one.</summary>
internal sealed class MediaRoomSide(MediaRoom room) : IMediaSide
{
    public ChannelReader<MediaEvent> Events => room.Events;

    public ValueTask<IReadOnlyList<MediaProducer>> JoinAsync(string peerId) => room.JoinAsync(peerId);

    public ValueTask<bool> HasTransportsAsync(string peerId) => room.HasTransportsAsync(peerId);

    public ValueTask<IReadOnlyList<MediaProducer>> LeaveAsync(string peerId) => room.LeaveAsync(peerId);

    public ValueTask<IReadOnlyList<MediaProducer>> DropProducersAsync(string peerId) => room.DropProducersAsync(peerId);

    public ValueTask<CreatedTransport> CreateTransportAsync(string peerId, TransportDirection direction, string offerSdp, bool isHere) =>
        room.CreateTransportAsync(peerId, direction, offerSdp, isHere);

    public ValueTask<Produced> ProduceAsync(string peerId, ProduceRequest request) => room.ProduceAsync(peerId, request);

    public ValueTask<ClosedProducer> CloseProducerAsync(string peerId, string producerId, string? offerSdp) =>
        room.CloseProducerAsync(peerId, producerId, offerSdp);

    public ValueTask<MediaProducer> SetProducerPausedAsync(string peerId, string producerId, bool isPaused) =>
        room.SetProducerPausedAsync(peerId, producerId, isPaused);

    public ValueTask<Consumed> ConsumeAsync(string peerId, string transportId, IReadOnlyList<ConsumeRequest> requests) =>
        room.ConsumeAsync(peerId, transportId, requests);

    public ValueTask CompleteConsumeAsync(string peerId, string transportId, string answerSdp) =>
        room.CompleteConsumeAsync(peerId, transportId, answerSdp);

    public ValueTask<string> CloseConsumersAsync(string peerId, string transportId, IReadOnlyList<string> mids, string offerSdp) =>
        room.CloseConsumersAsync(peerId, transportId, mids, offerSdp);

    public ValueTask PreferAsync(string peerId, string transportId, IReadOnlyList<LayerPreference> preferences) =>
        room.PreferAsync(peerId, transportId, preferences);

    public ValueTask<MediaTap> TapAsync(IMediaListener listener) => room.TapAsync(listener);

    public ValueTask<MediaSource> AddSourceAsync(string peerId, bool hasSound, bool hasPicture, IMediaSourceListener listener) =>
        room.AddSourceAsync(peerId, hasSound, hasPicture, listener);

    public ValueTask SetDeafAsync(string peerId, bool isDeaf) => room.SetDeafAsync(peerId, isDeaf);

    public ValueTask<PeerMediaFigures> MeasureAsync(string peerId) => room.MeasureAsync(peerId);

    public void NoteAudioActivity(string peerId, string producerId, double energy) =>
        room.NoteAudioActivity(peerId, producerId, energy);

    public ValueTask DisposeAsync() => room.DisposeAsync();
}
