using System.Text.Json;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Rules;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Socket.Routes;

/// <summary>Sound and picture.</summary>
internal static class MediaRoutes
{
    /// <summary>Tracks one request may ask for. The client asks for 35 at once.</summary>
    public const int MaxConsumed = 64;

    private const int MaxMidLength = 16;
    private const int MaxAppDataLength = 4_096;
    private const int MaxWordLength = 512;

    // The client has two words for the size of a tile, q and h, and never asks for f again. Of a camera that is sent as f and h alone
    // it means the better one all the same, or a picture that was small once would stay so.
    private const string Large = "h";

    // Any word but two makes the client ask again after half a second.
    private const string AskAgain = "busy";

    public static void AddTo(SocketRouteTable routes)
    {
        routes.On(
            SocketEvent.JoinMedia,
            PeerJoinRequest.Parser,
            (call, request) => call.Room.Media.Enter(call.Peer, request.Prejoined, call.Later<bool>(_ => new PeerJoinResponse())),
            SocketEnvelope.MaxFrameBytes);
        routes.On(SocketEvent.LeaveMedia, call =>
            call.Room.Media.Leave(call.Peer, call.Later<bool>(_ => new PeerLeaveResponse())));
        routes.On(SocketEvent.CompleteMedia, call => call.Reply(SnapshotOf(call, call.Room.Media.Complete(call.Peer))));
        routes.On(SocketEvent.CreateTransport, CreateTransportRequest.Parser, CreateTransport, SocketEnvelope.MaxFrameBytes);
        routes.On(SocketEvent.Produce, ProducerCreateRequest.Parser, Produce, SocketEnvelope.MaxFrameBytes);
        routes.On(SocketEvent.ToggleProducer, ProducerToggleRequest.Parser, (call, request) =>
            call.Room.Media.SetPaused(call.Peer, request.ProducerId, request.Pause, call.Silently<MediaProducer>()));
        routes.On(
            SocketEvent.CloseProducer,
            ProducerCloseRequest.Parser,
            (call, request) => call.Room.Media.CloseProducer(
                call.Peer, request.ProducerId, OfferOf(request.Description), call.Later<ClosedProducer>(closed => new ProducerClosingResponse
                {
                    Description = closed.AnswerSdp is { } sdp ? WireForms.Answer(Target.Publisher, sdp) : null,
                })),
            SocketEnvelope.MaxFrameBytes);
        routes.On(SocketEvent.Consume, ConsumePeersRequest.Parser, Consume);
        routes.On(
            SocketEvent.Renegotiate,
            RenegotiateRequest.Parser,
            (call, request) => call.Room.Media.Renegotiate(
                call.Peer,
                request.TransportId,
                Required(request.Description),
                call.Later<bool>(_ => new RenegotiateResponse { TransportId = request.TransportId })),
            SocketEnvelope.MaxFrameBytes);
        routes.On(
            SocketEvent.CloseConsumer,
            ConsumerCloseRequest.Parser,
            (call, request) => call.Room.Media.CloseConsumers(
                call.Peer,
                request.ConsumingTransportId,
                [.. request.ConsumerIds.Take(SocketEnvelope.MaxIdLength * 8)],
                Required(request.Description),
                call.Later<string>(sdp => new ConsumerClosingResponse { Description = WireForms.Answer(Target.Subscriber, sdp) })),
            SocketEnvelope.MaxFrameBytes);
        routes.On(SocketEvent.UpdateSimulcast, UpdateConsumersSimulcastConfigRequest.Parser, (call, request) =>
            call.Room.Media.Prefer(
                call.Peer,
                request.ConsumingTransportId,
                [.. request.Requests.Take(MaxConsumed).Select(wish => new LayerPreference(
                    wish.ProducerId, wish.Mid.Length > 0 ? wish.Mid : null, wish.Simulcast?.PreferredRid ?? "", wish.Simulcast?.PreferredRid is Large))],
                call.Later<bool>(_ => null)));
        routes.On(SocketEvent.AudioActivity, AudioActivityRequest.Parser, (call, request) =>
            call.Room.Media.TellActivity(call.Peer, request.ProducerId, request.Energy));
    }

    private static void CreateTransport(SocketCall call, CreateTransportRequest request)
    {
        var target = request.Consuming ? Target.Subscriber : Target.Publisher;
        call.Room.Media.Open(
            call.Peer,
            request.Consuming ? TransportDirection.ToPeer : TransportDirection.FromPeer,
            Required(request.Description),
            call.Later<CreatedTransport>(created => new CreateTransportResponse
            {
                TransportId = created.TransportId,
                Description = WireForms.Answer(request.Description.Target is Target.Publisher ? target : request.Description.Target, created.AnswerSdp),
            }));
    }

    private static void Produce(SocketCall call, ProducerCreateRequest request)
    {
        Check(request.Msid, MaxWordLength);
        Check(request.AppData, MaxAppDataLength);
        Check(request.MimeType, MaxWordLength);
        var kind = request.Kind switch
        {
            "audio" => MediaKind.Audio,
            "video" => MediaKind.Video,
            _ => throw new SessionException(SessionFault.Invalid, "kind is neither audio nor video"),
        };
        call.Room.Media.Produce(
            call.Peer,
            new ProduceRequest(
                kind,
                request.Paused,
                request.ScreenShare,
                request.AppData,
                MidOf(request.AppData),
                request.MimeType,
                Required(request.Description),
                request.Msid.Length > 0 ? request.Msid : null,
                request.ProducingTransportId.Length > 0 ? request.ProducingTransportId : null),
            call.Later<Produced>(produced => new ProducerCreateResponse
            {
                Status = true,
                ProducerId = produced.Producer.Id,
                Description = WireForms.Answer(Target.Publisher, produced.AnswerSdp),
            }));
    }

    private static void Consume(SocketCall call, ConsumePeersRequest request)
    {
        if (request.Requests.Count is 0 or > MaxConsumed)
        {
            throw new SessionException(SessionFault.Invalid, $"1 to {MaxConsumed} tracks at once");
        }

        call.Room.Media.Consume(
            call.Peer,
            request.ConsumingTransportId,
            [.. request.Requests.Select(wish => new ConsumeRequest(
                wish.ProducerId, wish.Simulcast is { HasPreferredRid: true } simulcast ? simulcast.PreferredRid : null))],
            new(
                consumed => call.Reply(ConsumedOf(consumed)),
                refusal =>
                {
                    if (refusal.Fault is SessionFault.NotFound or SessionFault.MediaFailed)
                    {
                        call.Reply(AskAgainFor(request));
                    }
                    else
                    {
                        call.Refuse(refusal);
                    }
                }));
    }

    /// <summary>
    /// Has the client ask again. Its transport is not known, or not yet: it finds that out by itself, makes another, and asks
    /// there. Told to make another, which there is a word for, it would not ask there for anything.
    /// </summary>
    private static ConsumePeerResponse AskAgainFor(ConsumePeersRequest request)
    {
        var map = new ProducerIdToConsumerMap();
        foreach (var wish in request.Requests)
        {
            map.Map[wish.ProducerId] = new ConsumerState { ConsumerId = wish.ProducerId, ErrorCode = AskAgain };
        }

        return new ConsumePeerResponse { Status = true, ConsumerIdsMap = map };
    }

    private static ConsumePeerResponse ConsumedOf(Consumed consumed)
    {
        var map = new ProducerIdToConsumerMap();
        foreach (var track in consumed.Tracks)
        {
            // The consumer has its producer's id: the client finds it again by that after it has reconnected.
            var state = new ConsumerState { ConsumerId = track.ProducerId };
            if (track.Producer is { } producer)
            {
                state.ProducerState = WireForms.Of(producer);

                // The client knows the arriving track by its media section, and calls that the stream.
                state.ProducerTrack = new ProducerTrack { TrackId = track.TrackId, ProducerId = producer.Id, StreamId = track.Mid };
            }
            else
            {
                // Of a track that is gone nothing more is to be had; for the rest the client asks again.
                state.ErrorCode = track.Error is MediaErrorCode.Busy or MediaErrorCode.TooMany ? AskAgain : "not_found_track_error";
            }

            map.Map[track.ProducerId] = state;
        }

        return new ConsumePeerResponse
        {
            Status = true,
            ConsumerIdsMap = map,
            Description = consumed.OfferSdp is { } sdp ? WireForms.Offer(Target.Subscriber, sdp) : null,
        };
    }

    private static PeerJoinCompleteResponse SnapshotOf(SocketCall call, MediaSnapshot snapshot)
    {
        var state = new GetRoomStateResponse
        {
            DisplayTitle = call.Room.Meeting.Title,
            RoomName = call.Room.Meeting.Id.ToString(),
            RoomUuid = call.Room.Meeting.Id.ToString(),
            CurrentPeerId = call.Peer.Id,
        };
        if (snapshot.Pinned.Length > 0)
        {
            state.PinnedPeerIds.Add(snapshot.Pinned);
        }

        return new PeerJoinCompleteResponse
        {
            RoomState = state,
            Participants = { snapshot.Others.Select(WireForms.Of) },
            SelectedPeers = new SelectedPeersResponse { AudioPeers = { snapshot.Speakers } },
            MaxPreferredStreams = 6,
        };
    }

    /// <summary>The media section that a producer's own data names; null when it names none.</summary>
    internal static string? MidOf(string appData)
    {
        try
        {
            using var document = JsonDocument.Parse(appData.Length > 0 ? appData : "{}", new JsonDocumentOptions { MaxDepth = 8 });
            return document.RootElement.ValueKind is JsonValueKind.Object
                && document.RootElement.TryGetProperty("mid"u8, out var mid)
                && mid.ValueKind is JsonValueKind.String
                && mid.GetString() is { Length: > 0 and <= MaxMidLength } text
                    ? text
                    : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or ArgumentException)
        {
            // Not JSON, or text with half a surrogate pair: the description says enough.
            return null;
        }
    }

    private static string Required(SessionDescription? description) =>
        OfferOf(description) ?? throw new SessionException(SessionFault.Invalid, "the description is missing");

    private static string? OfferOf(SessionDescription? description) => description is { Sdp.Length: > 0 } ? description.Sdp : null;

    private static void Check(string text, int most)
    {
        if (text.Length > most)
        {
            throw new SessionException(SessionFault.Invalid, $"a field is longer than {most} characters");
        }
    }
}
