using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Sfu.Routing;

namespace Roomcast.Meetings.Media;

/// <summary>A source's place in the router: packets come from the server itself, and what would go back to a peer is heeded here.</summary>
/// <remarks>Belongs to the worker. Nothing is allocated per packet.</remarks>
internal sealed class RoomSource : IPacketSink
{
    private readonly IMediaSourceListener _listener;
    private readonly byte[] _packet = new byte[MediaLimits.PacketBytes];
    private bool _isClosed;

    public RoomSource(RoomState room, PeerState peer, IMediaSourceListener listener, TimeSpan now)
    {
        Room = room;
        Peer = peer;
        _listener = listener;
        Packets = room.Router.AddTransport(this, new SfuTransportOptions { Extensions = new RtpExtensionMap() }, now);
    }

    public RoomState Room { get; }

    public PeerState Peer { get; }

    public SfuTransport Packets { get; }

    public void Take(ReadOnlySpan<byte> packet, bool isRtcp, TimeSpan now)
    {
        if (_isClosed || Room.IsClosed)
        {
            return;
        }

        if (isRtcp)
        {
            Packets.HandleRtcp(packet, now);
        }
        else if (RtpHeader.TryRead(packet, out var header))
        {
            Packets.HandleRtp(packet, header, now);
        }

        Room.Touch();
    }

    public void Close()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            Room.Router.Remove(Packets);
            Room.Touch();
        }
    }

    /// <inheritdoc/>
    public Span<byte> Reserve(int length) => length <= MediaLimits.PacketBytes ? _packet : default;

    /// <inheritdoc/>
    public void Commit(Span<byte> room, int length, bool isRtcp)
    {
        if (!isRtcp)
        {
            return; // It consumes nothing, so that only probes could come, which nobody wants.
        }

        var reader = new RtcpReader(room[..length]);
        while (reader.TryRead(out var packet))
        {
            if (PictureLossIndication.TryRead(packet, out _))
            {
                _listener.OnKeyframeWanted();
                return;
            }
        }
    }
}
