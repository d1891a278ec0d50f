using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using Roomcast.Client.Wire;
using Roomcast.Media;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Media;

/// <content>Has what is received follow what is wished for.</content>
internal sealed partial class MediaSession
{
    private async Task FollowAsync()
    {
        try
        {
            while (await _changed.Reader.WaitToReadAsync(_over.Token).ConfigureAwait(false))
            {
                _changed.Reader.TryRead(out _);
                try
                {
                    if (!await AlignAsync(_over.Token).ConfigureAwait(false))
                    {
                        await Task.Delay(AskAgain, _link.Time, _over.Token).ConfigureAwait(false);
                        Follow();
                    }
                }
                catch (Exception fault) when (fault is RealtimeKitException or ObjectDisposedException)
                {
                    // The socket or the transport is gone. Whoever brings it back calls again.
                    if (_link.Socket is not null && _receiving is not null)
                    {
                        await Task.Delay(AskAgain, _link.Time, _over.Token).ConfigureAwait(false);
                        Follow();
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Over.
        }
    }

    /// <summary>Brings what is received in line with what is wished for.</summary>
    /// <returns>False when something is to be asked for again.</returns>
    private async Task<bool> AlignAsync(CancellationToken cancellationToken)
    {
        await _receiveNegotiation.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_receiving is not { } pump)
            {
                return true; // Whoever makes one calls again.
            }

            var producers = _producers;
            var ended = _tracks.Values.Where(track => !producers.TryGetValue(track.Id, out var producer) || !IsWanted(producer)).ToList();
            if (ended.Count > 0)
            {
                await CloseAsync(pump, ended, cancellationToken).ConfigureAwait(false);
            }

            var wanted = producers.Values.Where(producer => IsWanted(producer) && !_tracks.ContainsKey(producer.Id) && !_unavailable.Contains(producer.Id))
                .Take(MaxAtOnce).ToList();
            return wanted.Count == 0 || await ConsumeAsync(pump, wanted, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _receiveNegotiation.Release();
        }
    }

    // Pictures that rest are not received; sound that rests is, so that it is there at once when it goes on.
    private bool IsWanted(RemoteProducer producer) => (!producer.IsPaused || producer.Kind is TrackKind.Audio) && Wishes(producer);

    private async Task<bool> ConsumeAsync(TransportPump pump, List<RemoteProducer> wanted, CancellationToken cancellationToken)
    {
        var request = new ConsumePeersRequest { ConsumingTransportId = pump.Id };
        request.Requests.AddRange(wanted.Select(producer => new ConsumePeerRequest
        {
            ProducingPeerId = producer.PeerId,
            ProducerId = producer.Id,
            ProducingTransportId = producer.TransportId,
            Simulcast = new Simulcast { PreferredRid = _link.Options.PreferredEncoding, PriorityOrdering = "asciibetical", RidNotAvailable = "asciibetical" },
        }));
        var consumed = await _link.AskAsync(SocketEvent.Consume, request, ConsumePeerResponse.Parser, cancellationToken).ConfigureAwait(false);
        var isComplete = true;
        var added = new List<RemoteTrack>();
        foreach (var producer in wanted)
        {
            if (consumed.ConsumerIdsMap is null || !consumed.ConsumerIdsMap.Map.TryGetValue(producer.Id, out var state))
            {
                isComplete = false;
            }
            else if (state.HasErrorCode && state.ErrorCode.Length > 0)
            {
                var isFinal = state.ErrorCode is "not_found_track_error" or "backend_error";
                _unavailable = isFinal ? _unavailable.Add(producer.Id) : _unavailable;
                isComplete &= isFinal;
            }
            else if (state.ProducerTrack is { } named)
            {
                // The server calls the media section the stream.
                var track = new RemoteTrack(
                    producer.Id, producer.PeerId, producer.Kind, producer.IsScreenShare, fault => _link.Raise(() => ExceptionDispatchInfo.Throw(fault)))
                {
                    Mid = named.StreamId,
                };
                ImmutableInterlocked.Update(ref _tracks, tracks => tracks.SetItem(track.Id, track));
                ImmutableInterlocked.Update(ref _tracksByMid, tracks => tracks.SetItem(track.Mid, track));
                added.Add(track);
                TrackChanged?.Invoke(track, true);
            }
        }

        if (consumed.Description is { Sdp.Length: > 0 } offer)
        {
            await AnswerAsync(pump, offer.Sdp, added, cancellationToken).ConfigureAwait(false);
        }

        _refusals = consumed.Description is null && !isComplete ? _refusals + 1 : 0;
        if (_refusals == RefusalsOfLostTransport)
        {
            _refusals = 0;
            _ = Task.Run(() => OnClosed(pump, isSending: false), CancellationToken.None);
        }

        if (wanted.Count == MaxAtOnce)
        {
            Follow(); // There may be more.
        }

        return isComplete;
    }

    private async Task AnswerAsync(TransportPump pump, string offer, List<RemoteTrack> added, CancellationToken cancellationToken)
    {
        try
        {
            var (answer, fault) = pump.Do((transport, _) =>
                transport.TryApplyOffer(offer, out var written, out var wrong) ? (written, default(string)) : (default(string), wrong));
            if (answer is null)
            {
                throw new RealtimeKitException(RealtimeKitError.Protocol, fault!);
            }

            await _link.AskAsync(
                SocketEvent.Renegotiate,
                new RenegotiateRequest
                {
                    TransportId = pump.Id,
                    Description = new SessionDescription { Target = Target.Subscriber, Type = "answer", Sdp = answer },
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            foreach (var track in added)
            {
                Drop(track); // They are asked for again.
            }

            throw;
        }
    }

    private async Task CloseAsync(TransportPump pump, List<RemoteTrack> ended, CancellationToken cancellationToken)
    {
        foreach (var track in ended)
        {
            Drop(track);
        }

        var mids = ended.ConvertAll(track => track.Mid);
        var offer = pump.Do((transport, _) =>
        {
            transport.Stop(mids);
            return transport.CreateOffer();
        });
        var request = new ConsumerCloseRequest
        {
            ConsumingTransportId = pump.Id,
            Description = new SessionDescription { Target = Target.Subscriber, Type = "offer", Sdp = offer },
        };
        request.ConsumerIds.AddRange(mids);
        var closed = await _link.AskAsync(SocketEvent.CloseConsumer, request, ConsumerClosingResponse.Parser, cancellationToken).ConfigureAwait(false);
        Apply(pump, closed.Description);
    }

    private void DropAll()
    {
        foreach (var track in _tracks.Values)
        {
            Drop(track);
        }
    }

    private void Drop(RemoteTrack track)
    {
        ImmutableInterlocked.Update(ref _tracks, tracks => tracks.Remove(track.Id));
        ImmutableInterlocked.Update(ref _tracksByMid, tracks => tracks.Remove(track.Mid));
        track.End();
        TrackChanged?.Invoke(track, false);
    }
}
