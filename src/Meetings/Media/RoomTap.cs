using System.Security.Cryptography;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Routing;

namespace Roomcast.Meetings.Media;

/// <summary>A listener's place in the router: consumes every track that is wanted, and hands packets on instead of encrypting them.</summary>
/// <remarks>Belongs to the worker, all but <see cref="Wanted"/>. Nothing is allocated per packet.</remarks>
internal sealed class RoomTap : IPacketSink
{
    private const byte OpusPayloadType = 111;
    private const byte Vp8PayloadType = 96;

    // What browsers take from cameras at best; encodings below it halve it once or twice.
    private const int LargestHeight = 720;

    private readonly RoomState _room;
    private readonly IMediaListener _listener;
    private readonly SfuTransport _packets;
    private readonly byte[] _packet = new byte[MediaLimits.PacketBytes];
    private readonly byte[] _feedback = new byte[64];
    private readonly Dictionary<uint, Consumer> _consumers = [];
    private readonly HashSet<uint> _unseen = [];
    private IReadOnlySet<uint>? _wanted;
    private IReadOnlySet<uint>? _held;
    private uint _lastSsrc = (uint)RandomNumberGenerator.GetInt32(2, int.MaxValue);
    private bool _isClosed;

    public RoomTap(RoomState room, IMediaListener listener, TimeSpan now)
    {
        _room = room;
        _listener = listener;
        var extensions = new RtpExtensionMap();
        extensions.TryAdd(MediaTap.OrientationExtension, RtpExtensionKind.VideoOrientation);
        _packets = room.Router.AddTransport(this, new SfuTransportOptions { Extensions = extensions }, now);
    }

    /// <summary>The tracks of which packets are wanted; null for all. Set from any thread, and heeded with <see cref="HoldUnwanted"/> or the next deadline.</summary>
    public IReadOnlySet<uint>? Wanted
    {
        get => Volatile.Read(ref _wanted);
        set => Volatile.Write(ref _wanted, value);
    }

    public void Add(ProducerState producer)
    {
        var payloadType = producer.Described.Kind is MediaKind.Audio ? OpusPayloadType : Vp8PayloadType;
        var ssrc = _lastSsrc = unchecked(_lastSsrc + 1);
        _listener.OnTrack(producer.Described, ssrc, payloadType);
        var options = new ConsumerOptions
        {
            Id = producer.Described.Id, Ssrc = ssrc, PayloadType = payloadType, Mid = "", IsPaused = _held?.Contains(ssrc) is false,
        };
        _consumers.Add(ssrc, _packets.Consume(producer.Packets, options));
    }

    public void Remove(string producerId)
    {
        foreach (var (ssrc, consumer) in _consumers)
        {
            if (consumer.Options.Id == producerId)
            {
                _consumers.Remove(ssrc);
                _unseen.Remove(ssrc);
                _packets.Remove(consumer);
                _listener.OnTrackEnded(producerId);
                return;
            }
        }
    }

    /// <summary>Does what is due.</summary>
    public void HandleDeadline(TimeSpan now)
    {
        HoldUnwanted();
        _packets.HandleDeadline(now);
    }

    /// <summary>Holds back what is not wanted any more, and lets through again what is.</summary>
    public void HoldUnwanted()
    {
        var wanted = Wanted;
        if (_isClosed || wanted == _held)
        {
            return;
        }

        _held = wanted;
        foreach (var (ssrc, consumer) in _consumers)
        {
            Hold(ssrc, consumer);
        }

        _room.Touch();
    }

    public void WantKeyframe(uint ssrc, TimeSpan now)
    {
        if (!_isClosed && _consumers.ContainsKey(ssrc))
        {
            var writer = new RtcpWriter(_feedback);
            if (new PictureLossIndication(1, ssrc).TryWrite(ref writer))
            {
                _packets.HandleRtcp(_feedback.AsSpan(0, writer.Length), now);
                _room.Touch();
            }
        }
    }

    public void PreferHeight(uint ssrc, int height)
    {
        // A sound has no height: whatever is said of one, it goes on.
        if (_isClosed || !_consumers.TryGetValue(ssrc, out var consumer) || consumer.Options.PayloadType != Vp8PayloadType)
        {
            return;
        }

        _ = height > 0 ? _unseen.Remove(ssrc) : _unseen.Add(ssrc);
        Hold(ssrc, consumer);
        var rank = 0;
        var encodings = consumer.Producer.Options.Rids.Count;
        while (rank + 1 < encodings && LargestHeight >> (rank + 1) >= height)
        {
            rank++;
        }

        consumer.Prefer(rank);
        _room.Touch();
    }

    /// <summary>Stops listening; the listener is told nothing more.</summary>
    public void Close()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            _consumers.Clear();
            _room.Remove(this);
            _room.Router.Remove(_packets);
        }
    }

    /// <summary>The room has ended.</summary>
    public void End()
    {
        if (!_isClosed)
        {
            Close();
            _listener.OnRoomEnded();
        }
    }

    private void Hold(uint ssrc, Consumer consumer) => consumer.SetPaused(_unseen.Contains(ssrc) || _held?.Contains(ssrc) is false);

    /// <inheritdoc/>
    public Span<byte> Reserve(int length) => length <= MediaLimits.PacketBytes ? _packet : default;

    /// <inheritdoc/>
    public void Commit(Span<byte> room, int length, bool isRtcp) => _listener.OnPacket(room[..length], isRtcp);
}
