using System.Buffers.Binary;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.Sfu.Codecs;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Producers;
using Roomcast.Sfu.Routing;

namespace Roomcast.Sfu.Tests.Routing;

/// <summary>A sink that keeps what it is given, and a peer at its other end who looks at it.</summary>
internal sealed class TestPeer : IPacketSink
{
    /// <summary>Longest packet that it takes, in bytes.</summary>
    public const int MaxPacketBytes = 2_000;

    private readonly byte[] _room = new byte[MaxPacketBytes];

    public List<byte[]> Rtp { get; } = [];

    public List<byte[]> Rtcp { get; } = [];

    public bool KeepsPackets { get; set; } = true;

    public long Count { get; private set; }

    public bool IsFull { get; set; }

    /// <summary>Told of each packet.</summary>
    public Action<byte[], bool>? Sent { get; set; }

    public Span<byte> Reserve(int length) => IsFull ? default : _room.AsSpan(0, length);

    public void Commit(Span<byte> room, int length, bool isRtcp)
    {
        Count++;
        if (KeepsPackets)
        {
            var packet = _room[..length];
            (isRtcp ? Rtcp : Rtp).Add(packet);
            Sent?.Invoke(packet, isRtcp);
        }
    }

    /// <summary>Sources of which a keyframe was asked.</summary>
    public List<uint> KeyframesAsked()
    {
        var asked = new List<uint>();
        foreach (var compound in Rtcp)
        {
            var reader = new RtcpReader(compound);
            while (reader.TryRead(out var packet))
            {
                if (PictureLossIndication.TryRead(packet, out var loss))
                {
                    asked.Add(loss.MediaSsrc);
                }
            }
        }

        return asked;
    }

    /// <summary>Packets that were asked for again.</summary>
    public List<(uint Ssrc, ushort Number)> Nacked()
    {
        var asked = new List<(uint, ushort)>();
        foreach (var compound in Rtcp)
        {
            var reader = new RtcpReader(compound);
            while (reader.TryRead(out var packet))
            {
                if (Nack.TryRead(packet, out var nack))
                {
                    while (nack.TryReadNumber(out var number))
                    {
                        asked.Add((nack.MediaSsrc, number));
                    }
                }
            }
        }

        return asked;
    }
}

/// <summary>A router with peers, in virtual time.</summary>
internal sealed class TestSession
{
    public const byte Vp8 = 96;
    public const byte Opus = 111;

    public TestSession() => Router = new Router(TestPeer.MaxPacketBytes, Now);

    public Router Router { get; }

    public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(20);

    public static RtpExtensionMap Extensions()
    {
        var map = new RtpExtensionMap();
        map.TryAdd(4, RtpExtensionKind.Mid);
        map.TryAdd(3, RtpExtensionKind.TransportSequenceNumber);
        map.TryAdd(10, RtpExtensionKind.RtpStreamId);
        map.TryAdd(1, RtpExtensionKind.AudioLevel);
        map.TryAdd(13, RtpExtensionKind.VideoOrientation);
        return map;
    }

    public (TestPeer Peer, SfuTransport Transport) Join(long startBps = 5_000_000)
    {
        var peer = new TestPeer();
        return (peer, Router.AddTransport(
            peer,
            new SfuTransportOptions { Extensions = Extensions(), Bandwidth = new(StartBps: startBps) },
            Now));
    }

    public static ProducerOptions Camera(string id = "camera", string mid = "3") => new()
    {
        Id = id, Codec = SfuCodec.Vp8, PayloadType = Vp8, Mid = mid, Rids = ["f", "h", "q"],
    };

    public static ProducerOptions Microphone(string id = "microphone", string mid = "2") => new()
    {
        Id = id, Codec = SfuCodec.Opus, PayloadType = Opus, Mid = mid, Speaker = id,
    };

    public static ConsumerOptions Watching(uint ssrc = 9_000, byte payloadType = 120, int preferred = 0) => new()
    {
        Id = "consumer", Ssrc = ssrc, PayloadType = payloadType, Mid = "7", PreferredRank = preferred,
    };

    /// <summary>Lets time pass, in steps of a millisecond.</summary>
    public void Run(int milliseconds, Action? eachMillisecond = null)
    {
        for (var i = 0; i < milliseconds; i++)
        {
            Settle();
            eachMillisecond?.Invoke();
            Now += TimeSpan.FromMilliseconds(1);
        }

        Settle();
    }

    /// <summary>Does what is due now.</summary>
    public void Settle()
    {
        for (var i = 0; Router.NextDeadline <= Now; i++)
        {
            Assert.True(i < 100, "The router never comes to rest.");
            Router.HandleDeadline(Now);
        }
    }

    public void Receive(SfuTransport transport, byte[] packet)
    {
        Assert.True(RtpHeader.TryRead(packet, out var header));
        transport.HandleRtp(packet, header, Now);
    }

    public static (RtpHeader Header, Vp8PayloadDescriptor Vp8, string Mid) Read(byte[] packet)
    {
        Assert.True(RtpHeader.TryRead(packet, out var header));
        Vp8PayloadDescriptor.TryRead(header.PayloadOf(packet), out var vp8);
        return (header, vp8, System.Text.Encoding.ASCII.GetString(new RtpExtensionValues(packet, header, Extensions()).Mid));
    }

    public static byte[] Compound(Func<byte[], int> write)
    {
        var buffer = new byte[1_200];
        return buffer[..write(buffer)];
    }

    public static byte[] NackOf(uint ssrc, params ushort[] numbers) => Compound(buffer =>
    {
        var writer = new RtcpWriter(buffer);
        Nack.Write(ref writer, 1, ssrc, numbers);
        return writer.Length;
    });

    public static byte[] PliOf(uint ssrc) => Compound(buffer =>
    {
        var writer = new RtcpWriter(buffer);
        new PictureLossIndication(1, ssrc).TryWrite(ref writer);
        return writer.Length;
    });
}

/// <summary>One encoding of a browser's camera.</summary>
internal sealed class TestEncoding(uint ssrc, string? rid, string mid, int packetsPerFrame, int packetBytes)
{
    private ushort _number = (ushort)(ssrc * 1_000);
    private uint _timestamp = ssrc * 777_777;
    private ushort _pictureId = (ushort)(ssrc * 99);
    private byte _tl0 = (byte)ssrc;
    private ushort _transport;
    private int _frames;

    public uint Ssrc => ssrc;

    public ushort NextNumber => _number;

    /// <summary>Bytes of each packet's payload.</summary>
    public int PacketBytes { get; set; } = packetBytes;

    /// <summary>How many times the packets of another frame a keyframe has.</summary>
    public int KeyframeFactor { get; set; } = 1;

    /// <summary>The temporal layer of each frame in turn, and whether it needs the base alone; one layer by default.</summary>
    public (int Layer, bool IsSync)[] Layers { get; init; } = [(0, false)];

    public uint Timestamp => _timestamp;

    /// <summary>The temporal layer of the next frame, unless it is a keyframe.</summary>
    public int NextLayer => Layers[_frames % Layers.Length].Layer;

    /// <summary>What keyframes say of the size of the pictures, in pixels; zero when nothing.</summary>
    public (int Width, int Height) Size { get; init; }

    /// <summary>The packets of the next frame.</summary>
    public List<byte[]> Frame(bool isKeyframe)
    {
        var packets = new List<byte[]>();
        var (layer, isSync) = isKeyframe ? (0, false) : Layers[_frames % Layers.Length];
        _frames = isKeyframe ? 1 : _frames + 1;
        _tl0 += (byte)(layer == 0 ? 1 : 0);
        var count = packetsPerFrame * (isKeyframe ? KeyframeFactor : 1);
        for (var i = 0; i < count; i++)
        {
            var buffer = new byte[PacketBytes + 100];
            var writer = new RtpHeaderWriter(buffer, TestSession.Vp8, i == count - 1, _number++, _timestamp, ssrc);
            writer.AddExtension(4, System.Text.Encoding.ASCII.GetBytes(mid));
            if (rid is not null)
            {
                writer.AddExtension(10, System.Text.Encoding.ASCII.GetBytes(rid));
            }

            writer.AddExtension(3, [(byte)(_transport >> 8), (byte)_transport++]);
            var length = writer.Finish();
            byte[] descriptor = [(byte)(i == 0 ? 0x90 : 0x80), 0xE0, (byte)(0x80 | (_pictureId >> 8)), (byte)_pictureId, _tl0, (byte)((layer << 6) | (isSync ? 0x20 : 0))];
            descriptor.CopyTo(buffer, length);
            buffer[length + 6] = (byte)(isKeyframe && i == 0 ? 0 : 1);
            if (isKeyframe && i == 0)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(buffer.AsSpan(length + 12), (ushort)Size.Width);
                BinaryPrimitives.WriteUInt16LittleEndian(buffer.AsSpan(length + 14), (ushort)Size.Height);
            }

            packets.Add(buffer[..(length + PacketBytes)]);
        }

        _timestamp += 3_000;
        _pictureId = (ushort)((_pictureId + 1) & 0x7FFF);
        return packets;
    }

    /// <summary>A packet of padding, as a browser sends to probe its bandwidth.</summary>
    public byte[] Padding()
    {
        var buffer = new byte[300];
        var writer = new RtpHeaderWriter(buffer, TestSession.Vp8, false, _number++, _timestamp, ssrc);
        var length = writer.Finish();
        buffer[0] |= 0x20;
        buffer[length + 199] = 200;
        return buffer[..(length + 200)];
    }

    public byte[] Report(NtpTime ntp) => TestSession.Compound(buffer =>
    {
        var writer = new RtcpWriter(buffer);
        SenderReport.TryWrite(ref writer, ssrc, ntp, _timestamp, 1, 1, []);
        return writer.Length;
    });
}
