using Roomcast.Meetings.Media;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <content>What is held back and let go: by the peer itself, by a host, by the peer's permissions.</content>
public sealed partial class SessionMedia
{
    /// <summary>Holds back what a host does not want to be sent.</summary>
    internal void HoldBack(SessionPeer peer, MediaChoice what, string initiatorPeerId)
    {
        foreach (var producer in peer.Producers.Values.Where(producer => !producer.IsPaused && what.Holds(producer)).ToArray())
        {
            SetPaused(peer, producer.Id, isPaused: true, initiatorPeerId, new(_ => { }, _ => { }));
        }
    }

    /// <summary>Goes on with what was held back and what the peer has not paused itself.</summary>
    /// <returns>Whether something of it flows now, or did before.</returns>
    internal bool LetGo(SessionPeer peer, MediaChoice what)
    {
        var flows = false;
        foreach (var producer in peer.Producers.Values.Where(what.Holds).ToArray())
        {
            if (!producer.IsPaused)
            {
                flows = true;
            }
            else if (!peer.PausedByItself.Contains(producer.Id) && _room.May(peer, ActOf(producer.Kind, producer.IsScreenShare)))
            {
                flows = true;
                SetPaused(peer, producer.Id, isPaused: false, initiatorPeerId: "", new(_ => { }, _ => { }));
            }
        }

        return flows;
    }

    /// <summary>Holds back what the peer's permissions, or its place off stage, no longer allow.</summary>
    internal void HoldBackWhatMayNotBeSent(SessionPeer peer) => HoldBack(
        peer,
        new MediaChoice(
            Audio: !_room.May(peer, SessionAct.ProduceAudio),
            Video: !_room.May(peer, SessionAct.ProduceVideo),
            Screen: !_room.May(peer, SessionAct.ProduceScreen)),
        initiatorPeerId: "");

    /// <summary>Holds back what the meeting's owner lets come on stage switched off: the first of each kind, which the peer may switch on then.</summary>
    private void HoldBackOnArrival(SessionPeer peer, MediaProducer producer)
    {
        if (peer.Stage is StageState.On && peer.ArrivesWithout.Holds(producer))
        {
            var isAudio = producer.Kind is MediaKind.Audio;
            HoldBack(peer, new MediaChoice(Audio: isAudio, Video: !isAudio, Screen: false), initiatorPeerId: "");
            peer.ArrivesWithout = isAudio ? peer.ArrivesWithout with { Audio = false } : peer.ArrivesWithout with { Video = false };
        }
    }

    private void SetPaused(SessionPeer peer, string producerId, bool isPaused, string initiatorPeerId, Answer<MediaProducer> answer)
    {
        // Known at once, so that what comes next is judged by it.
        peer.Producers[producerId] = peer.Producers[producerId] with { IsPaused = isPaused };
        Run(peer, side => side.SetProducerPausedAsync(peer.Id, producerId, isPaused), new(
            producer =>
            {
                if (peer.Producers.ContainsKey(producerId))
                {
                    answer.Give(producer);

                    // A peer knows what it did itself, and must learn what another did.
                    Tell(new ProducerPaused(producer, initiatorPeerId), except: initiatorPeerId == peer.Id ? peer : null);
                }
            },
            answer.Refuse));
    }
}
