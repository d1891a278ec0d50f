using System.Security.Cryptography;
using Roomcast.Rtc.Rtp;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Producers;
using Roomcast.Sfu.Speakers;

namespace Roomcast.Sfu.Routing;

/// <summary>What happened in a router.</summary>
public enum SfuEventKind
{
    /// <summary>A consumer now forwards another encoding, or none.</summary>
    LayerChanged,

    /// <summary>A consumer was removed, because its producer ended.</summary>
    ConsumerRemoved,

    /// <summary>The order of speakers has changed; see <see cref="Router.Speakers"/>.</summary>
    SpeakersChanged,

    /// <summary>Others are talking than before; see <see cref="SpeakerDetector.Talking"/>.</summary>
    TalkingChanged,
}

/// <summary>Something that happened in a router.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Consumer">Which consumer; null for the speakers.</param>
/// <param name="Rank">The encoding, for <see cref="SfuEventKind.LayerChanged"/>; null for none.</param>
public readonly record struct SfuEvent(SfuEventKind Kind, Consumer? Consumer = null, int? Rank = null);

/// <summary>Forwards packets between the transports of one session.</summary>
/// <remarks>
/// Sans-IO: it has neither sockets nor a clock, and knows neither meetings nor encryption. All its parts belong to one loop,
/// which hands packets to the transports, calls <see cref="HandleDeadline"/> at <see cref="NextDeadline"/>, and takes
/// the events out after each input. Not thread-safe.
/// </remarks>
public sealed class Router
{
    /// <summary>Bytes that are reserved in front of each payload: a header, and more than all extensions that are written take.</summary>
    public const int MaxHeaderBytes = RtpHeader.FixedLength + 96;

    private const int MaxEvents = 1024;
    private const int MinPacketBytes = 1_400;

    private readonly List<SfuTransport> _transports = [];
    private readonly Queue<SfuEvent> _events = [];
    private TimeSpan _tickAt;

    /// <summary>Makes an empty router.</summary>
    /// <param name="maxPacketBytes">The most that is reserved of a sink at once, in bytes: what each sink of the router must have
    /// room for. At least 1,400, as browsers send packets of up to 1,200 bytes and further headers are written in front of them.</param>
    /// <param name="now">Monotonic time.</param>
    public Router(int maxPacketBytes, TimeSpan now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPacketBytes, MinPacketBytes);
        MaxPayloadBytes = maxPacketBytes - MaxHeaderBytes;
        _tickAt = now + SpeakerDetector.TickLength;
    }

    /// <summary>Longest payload that is forwarded, in bytes. What is longer would not fit a sink once its new header is in front of it,
    /// and one peer could bring down all it sends to.</summary>
    internal int MaxPayloadBytes { get; }

    /// <summary>Who is speaking.</summary>
    public SpeakerDetector Speakers { get; } = new();

    /// <summary>The transports.</summary>
    public IReadOnlyList<SfuTransport> Transports => _transports;

    /// <summary>When to call <see cref="HandleDeadline"/>; <see cref="TimeSpan.MaxValue"/> while nobody sends or receives anything.</summary>
    public TimeSpan NextDeadline
    {
        get
        {
            var next = Speakers.Count > 0 ? _tickAt : TimeSpan.MaxValue;
            foreach (var transport in _transports)
            {
                next = transport.NextDeadline < next ? transport.NextDeadline : next;
            }

            return next;
        }
    }

    /// <summary>Adds a peer's transport.</summary>
    /// <param name="sink">Takes the packets that leave to the peer.</param>
    /// <param name="options">What was agreed.</param>
    /// <param name="now">Monotonic time.</param>
    public SfuTransport AddTransport(IPacketSink sink, SfuTransportOptions options, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(sink);
        ArgumentNullException.ThrowIfNull(options);
        var transport = new SfuTransport(this, sink, options, now);
        _transports.Add(transport);
        return transport;
    }

    /// <summary>Removes a transport with its producers and consumers, and the consumers of its producers elsewhere.</summary>
    public void Remove(SfuTransport transport)
    {
        ArgumentNullException.ThrowIfNull(transport);
        if (_transports.Remove(transport))
        {
            transport.Close();
        }
    }

    /// <summary>Does what is due, in all transports and for all of them together.</summary>
    public void HandleDeadline(TimeSpan now)
    {
        foreach (var transport in _transports)
        {
            transport.HandleDeadline(now);
        }

        HandleSpeakers(now);
    }

    /// <summary>Does what is due for all transports together: finds out who speaks. For an owner that has each transport do by itself what
    /// is due on it, so that a fault in one is known to be that one's.</summary>
    public void HandleSpeakers(TimeSpan now)
    {
        if (now >= _tickAt)
        {
            _tickAt = now + SpeakerDetector.TickLength;
            if (Speakers.Tick(now))
            {
                Add(new SfuEvent(SfuEventKind.SpeakersChanged));
            }

            if (Speakers.HasTalkingChanged)
            {
                Add(new SfuEvent(SfuEventKind.TalkingChanged));
            }
        }
    }

    /// <summary>Takes the oldest event.</summary>
    public bool TryTakeEvent(out SfuEvent happened) => _events.TryDequeue(out happened);

    /// <summary>Where a consumer's numbers begin: below 2^15, as RFC 3711 section 3.3.1 would have it, and not to be guessed.</summary>
    internal static ushort FirstNumber() => (ushort)RandomNumberGenerator.GetInt32(1, 1 << 15);

    internal void OnProducerAdded(Producer producer) =>
        producer.Speaker = producer.Options.Speaker is { } name ? Speakers.Add(name) : null;

    internal void OnProducerRemoved(Producer producer)
    {
        if (producer.Speaker is { } speaker)
        {
            if (speaker.IsTalking)
            {
                Add(new SfuEvent(SfuEventKind.TalkingChanged));
            }

            if (Speakers.Remove(speaker))
            {
                Add(new SfuEvent(SfuEventKind.SpeakersChanged));
            }
        }
    }

    internal void RemoveConsumer(Consumer consumer)
    {
        consumer.Transport.Remove(consumer);
        Add(new SfuEvent(SfuEventKind.ConsumerRemoved, consumer));
    }

    internal void OnLayerChanged(Consumer consumer) =>
        Add(new SfuEvent(SfuEventKind.LayerChanged, consumer, consumer.CurrentRank));

    private void Add(SfuEvent happened)
    {
        // An owner that takes nothing out loses the oldest, not the memory.
        if (_events.Count == MaxEvents)
        {
            _events.Dequeue();
        }

        _events.Enqueue(happened);
    }
}
