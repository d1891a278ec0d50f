using Microsoft.Extensions.Logging;
using Roomcast.Accounts;

namespace Roomcast.Relay.Controllers;

/// <summary>A program that controls rooms, through all its connections: what it has subscribed to, and what it is still to hear.</summary>
/// <remarks>
/// It is named by its protocol string, which it offers when it comes back; the connection comes and goes. What it has not
/// acknowledged when a connection is lost is sent again over the next. Thread-safe.
/// </remarks>
internal sealed class Controller
{
    /// <summary>Most events kept for one that is away, or that does not acknowledge.</summary>
    public const int MaxKept = 2_000;

    /// <summary>Most bytes of them.</summary>
    public const int MaxKeptBytes = 8 << 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, HashSet<string>> _subscriptions = new(StringComparer.Ordinal);
    private readonly HashSet<string> _greeted = new(StringComparer.Ordinal);
    private readonly HashSet<string> _begun = new(StringComparer.Ordinal);
    private readonly LinkedList<RelayEvent> _kept = [];
    private readonly Dictionary<string, LinkedListNode<RelayEvent>> _keptById = new(StringComparer.Ordinal);
    private readonly KeptBytes _ofApp;
    private readonly RelayMetrics _metrics;
    private readonly ILogger _logger;
    private IControllerLink? _link;
    private bool _acknowledges;
    private bool _isTaken;
    private bool _isRetired;
    private int _names;
    private int _keptBytes;
    private int _dropped;
    private long _awaySince;

    /// <summary>Makes one that is away.</summary>
    /// <param name="protocol">Its name.</param>
    /// <param name="appId">Whose it is.</param>
    /// <param name="hearsEverything">Whether it is subscribed to everything of the app: what it had subscribed to before a restart of
    /// the server is not known, and it does not say so again.</param>
    /// <param name="now">Now, as a timestamp.</param>
    /// <param name="ofApp">What all controllers of the app keep.</param>
    /// <param name="metrics">Where it counts.</param>
    /// <param name="logger">Where it logs.</param>
    public Controller(string protocol, AppId appId, bool hearsEverything, long now, KeptBytes ofApp, RelayMetrics metrics, ILogger logger)
    {
        Protocol = protocol;
        AppId = appId;
        HearsEverything = hearsEverything;
        _awaySince = now;
        _ofApp = ofApp;
        _metrics = metrics;
        _logger = logger;
    }

    public string Protocol { get; }

    public AppId AppId { get; }

    /// <summary>Whether it hears of everything.</summary>
    public bool HearsEverything { get; }

    /// <summary>Rooms that began before this it was told of, since which it was retired; null where no such time is known.</summary>
    public DateTimeOffset? HeardUntil { get; init; }

    /// <summary>From when on it has heard of no room that began; of no meaning before it is retired.</summary>
    public DateTimeOffset RetiredAt { get; private set; }

    /// <summary>Since when it has no connection, as a timestamp; null while it has one or is about to.</summary>
    public long? AwaySince
    {
        get
        {
            lock (_lock)
            {
                return _link is null && !_isTaken ? _awaySince : null;
            }
        }
    }

    /// <summary>Whether it is subscribed to something.</summary>
    public bool HasSubscriptions
    {
        get
        {
            lock (_lock)
            {
                return HearsEverything || _names > 0;
            }
        }
    }

    /// <summary>A connection is about to be attached: until then it is not retired.</summary>
    /// <returns>False when it was retired; another is to be made.</returns>
    public bool TryTake()
    {
        lock (_lock)
        {
            _isTaken = !_isRetired;
            return _isTaken;
        }
    }

    /// <summary>Ends it for good, if it is still away since then. It keeps nothing more.</summary>
    /// <param name="awaySince">What <see cref="AwaySince"/> said.</param>
    /// <param name="awayAt">The same by the clock.</param>
    /// <returns>False when it has come back, or is about to.</returns>
    public bool TryRetire(long awaySince, DateTimeOffset awayAt)
    {
        lock (_lock)
        {
            if (_link is not null || _isTaken || _awaySince != awaySince)
            {
                return false;
            }

            // What was sent into a network that had gone already, it did not hear.
            _isRetired = true;
            RetiredAt = _kept.Where(each => each.Type == RelayEvent.RoomStarted && each.At < awayAt).Select(each => each.At).Append(awayAt).Min();
            Forget();
            return true;
        }
    }

    /// <summary>Takes a connection in place of an earlier one: answers its request, then sends what it has missed.</summary>
    public void Attach(IControllerLink link, bool acknowledges, byte[] answer)
    {
        lock (_lock)
        {
            _link?.Replace();
            _link = link;
            _isTaken = false;
            _acknowledges = acknowledges;
            link.Send(answer);
            foreach (var missed in _kept)
            {
                link.Send(missed.FrameFor(link.SeesSecrets));
            }

            if (_dropped > 0)
            {
                RelayLog.EventsDropped(_logger, Protocol, _dropped);
                _dropped = 0;
            }

            if (!acknowledges)
            {
                Forget();
            }
        }
    }

    /// <summary>A connection has ended; one that was replaced is passed over.</summary>
    public void Detach(IControllerLink link, long now)
    {
        lock (_lock)
        {
            if (_link == link)
            {
                _link = null;
                _awaySince = now;
            }
        }
    }

    /// <summary>Subscribes to events of a channel. Names it has already are passed over.</summary>
    /// <param name="channel">The channel; that the app has it is known.</param>
    /// <param name="names">Event names.</param>
    /// <param name="most">Most names over all channels.</param>
    /// <returns>Whether it is the first subscription to the channel; null when there would be too many names.</returns>
    public bool? Subscribe(string channel, IReadOnlyCollection<string> names, int most)
    {
        lock (_lock)
        {
            if (!_subscriptions.TryGetValue(channel, out var known))
            {
                _subscriptions.Add(channel, known = new HashSet<string>(StringComparer.Ordinal));
            }

            foreach (var name in names)
            {
                if (_names >= most && !known.Contains(name))
                {
                    return null;
                }

                _names += known.Add(name) ? 1 : 0;
            }

            return _greeted.Add(channel);
        }
    }

    /// <summary>Lets it hear of what it has begun, without its having subscribed. It counts as no subscription to the channel.</summary>
    public void SubscribeUnasked(string channel, IReadOnlyCollection<string> names)
    {
        lock (_lock)
        {
            if (!_subscriptions.TryGetValue(channel, out var known))
            {
                _subscriptions.Add(channel, known = new HashSet<string>(StringComparer.Ordinal));
            }

            foreach (var name in names)
            {
                _names += known.Add(name) ? 1 : 0;
            }
        }
    }

    /// <summary>Takes subscriptions back.</summary>
    public void Unsubscribe(string channel, IReadOnlyCollection<string> names)
    {
        lock (_lock)
        {
            if (_subscriptions.TryGetValue(channel, out var known))
            {
                _names -= names.Count(known.Remove);
                if (known.Count == 0)
                {
                    _subscriptions.Remove(channel);
                }
            }
        }
    }

    /// <summary>The channel is no more.</summary>
    public void Forget(string channel)
    {
        lock (_lock)
        {
            _greeted.Remove(channel);
            _begun.Remove(channel);
            if (_subscriptions.Remove(channel, out var known))
            {
                _names -= known.Count;
            }
        }
    }

    /// <summary>Tells it of an event, once, if it has subscribed to it.</summary>
    public void Tell(RelayEvent happened)
    {
        lock (_lock)
        {
            if (Hears(happened) && (happened.Type != RelayEvent.RoomStarted || _begun.Add(happened.OtherChannel!)))
            {
                Deliver(happened);
            }
        }
    }

    /// <summary>It was told before, under this name, that a room began.</summary>
    public void Knows(string channel)
    {
        lock (_lock)
        {
            _begun.Add(channel);
        }
    }

    /// <summary>Tells it of something, subscribed or not.</summary>
    public void TellUnasked(RelayEvent happened)
    {
        lock (_lock)
        {
            Deliver(happened);
        }
    }

    /// <summary>It has got an event.</summary>
    public void Acknowledge(string eventId)
    {
        lock (_lock)
        {
            if (_keptById.Remove(eventId, out var node))
            {
                Drop(node);
            }
        }
    }

    // Of a room that it was not told of, a client drops everything: first comes that it began. That one ended may be told of any.
    private bool Hears(RelayEvent happened) =>
        (HearsEverything && (happened.Channel == RelayEvent.RoomsChannel || _begun.Contains(happened.Channel)))
        || (_subscriptions.TryGetValue(happened.Channel, out var names) && names.Contains(happened.Type))
        || (happened.OtherChannel is { } other && _subscriptions.TryGetValue(other, out names) && names.Contains(happened.Type));

    private void Deliver(RelayEvent happened)
    {
        // A greeting may be sent again before it was acknowledged: it is kept once.
        if (!_isRetired && (_link is null || _acknowledges) && !_keptById.ContainsKey(happened.Id))
        {
            _keptById[happened.Id] = _kept.AddLast(happened);
            _keptBytes += happened.Length;
            _ofApp.Add(happened);
            while (_kept.Count > MaxKept || _keptBytes > MaxKeptBytes || (_ofApp.IsOver && _kept.Count > 0))
            {
                DropOne();
            }
        }

        if (_link is { } link)
        {
            _metrics.Told();
            link.Send(happened.FrameFor(link.SeesSecrets));
        }
    }

    // The oldest of those that can be done without; if there is none, the oldest.
    private void DropOne()
    {
        var node = _kept.First!;
        for (var each = node; each is not null; each = each.Next)
        {
            if (!each.Value.IsLasting)
            {
                node = each;
                break;
            }
        }

        _dropped += _link is null ? 1 : 0;
        _keptById.Remove(node.Value.Id);
        Drop(node);
    }

    private void Drop(LinkedListNode<RelayEvent> node)
    {
        _keptBytes -= node.Value.Length;
        _ofApp.Remove(node.Value);
        _kept.Remove(node);
    }

    private void Forget()
    {
        foreach (var each in _kept)
        {
            _ofApp.Remove(each);
        }

        _kept.Clear();
        _keptById.Clear();
        _keptBytes = 0;
    }
}
