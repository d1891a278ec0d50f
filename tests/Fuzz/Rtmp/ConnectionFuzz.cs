using System.Buffers;
using Roomcast.Media.Buffers;
using Roomcast.Rtmp.Amf;
using Roomcast.Rtmp.Chunks;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Connection;
using Roomcast.Rtmp.Handshake;
using Roomcast.Rtmp.Messages;

namespace Roomcast.Fuzz.Rtmp;

/// <summary>Targets that count the buffers of the process, and so cannot run beside others.</summary>
[CollectionDefinition(nameof(MediaBuffer), DisableParallelization = true)]
public sealed class MediaBufferCollection;

/// <summary>Bytes of a stranger against the handshake and against both engines, whole and in pieces.</summary>
[Collection(nameof(MediaBuffer))]
public sealed class ConnectionFuzz
{
    private static readonly RtmpLimits Limits = new() { MaxMessageBytes = 4_096, MaxCommandBytes = 2_048, MaxBufferedBytes = 8_192, MaxChunkStreams = 8 };

    [Fact]
    public void The_handshake_stands() => FuzzRun.Of(
        "rtmp-handshake",
        [Handshake(RtmpHandshakeForm.Simple)[..64], Handshake(RtmpHandshakeForm.Complex), [6, 1], [3]],
        static input =>
        {
            var handshake = new ServerHandshake();
            var output = new ArrayBufferWriter<byte>();
            foreach (var piece in input.Chunk(700))
            {
                if (!handshake.IsDone && handshake.Fault is RtmpFault.None)
                {
                    handshake.Read(piece, output);
                }
            }

            if (output.WrittenCount is not (0 or 3_073))
            {
                throw new InvalidOperationException($"An answer of {output.WrittenCount} bytes.");
            }
        });

    [Fact]
    public void The_server_stands_before_chunks_of_any_kind()
    {
        var handshake = Handshake(RtmpHandshakeForm.Simple);
        var outstanding = MediaBuffer.Outstanding;
        FuzzRun.Of("rtmp-server", [Publishing(128), Publishing(5), Strange()], input =>
        {
            var whole = Serve(handshake, input, input.Length + 1);
            var cut = Serve(handshake, input, 3);
            if (!whole.SequenceEqual(cut))
            {
                throw new InvalidOperationException("The network's cuts changed what happened.");
            }

            if (MediaBuffer.Outstanding != outstanding)
            {
                throw new InvalidOperationException("A buffer was left behind.");
            }
        });
    }

    [Fact]
    public void The_client_stands_before_any_server()
    {
        Assert.True(RtmpTarget.TryParse("rtmp://host/live/key", out var target));
        FuzzRun.Of("rtmp-client", [ServerAnswers(), Strange()], input =>
        {
            using var client = new RtmpClientConnection(target, new RtmpClientOptions { AcknowledgementWindowBytes = 500_000 });
            client.Start();
            var s0s1s2 = new byte[3_073];
            s0s1s2[0] = 3;
            Feed(client, s0s1s2);
            foreach (var piece in input.Chunk(7))
            {
                Feed(client, piece);
            }

            client.OutputSent(client.Output.Length);
            if (client.UnacknowledgedBytes < 0 || client.LargestAcknowledgementStep < 0 || (client.Rejection is null) != (client.Refusal is RtmpRefusal.None))
            {
                throw new InvalidOperationException("Its figures make no sense.");
            }

            if (client.State is RtmpClientState.Publishing)
            {
                client.SendMedia(RtmpMediaKind.Audio, 0, [0xAF, 0]);
                client.Unpublish();
            }
        });

        static void Feed(RtmpClientConnection client, ReadOnlySpan<byte> bytes)
        {
            while (true)
            {
                bytes = bytes[client.Read(bytes, out var happened)..];
                if (happened.Kind is RtmpClientEventKind.None)
                {
                    return;
                }
            }
        }
    }

    private static List<string> Serve(byte[] handshake, byte[] input, int cut)
    {
        var events = new List<string>();
        using var server = new RtmpServerConnection(Limits);
        Feed(handshake);
        foreach (var piece in input.Chunk(cut))
        {
            Feed(piece);
            if (server.Output.Length > 100_000)
            {
                throw new InvalidOperationException("It talks too much.");
            }

            server.OutputSent(server.Output.Length);
        }

        return events;

        void Feed(ReadOnlySpan<byte> bytes)
        {
            while (true)
            {
                bytes = bytes[server.Read(bytes, out var happened)..];
                switch (happened.Kind)
                {
                    case RtmpServerEventKind.None:
                        return;
                    case RtmpServerEventKind.PublishRequested:
                        server.AcceptPublish();
                        break;
                    case RtmpServerEventKind.Media:
                        events.Add($"{happened.Media} {Convert.ToHexString(happened.Media.Body)}");
                        happened.Media.Buffer.Release();
                        continue;
                    default:
                        break;
                }

                events.Add(happened.ToString());
            }
        }
    }

    private static byte[] Handshake(RtmpHandshakeForm form)
    {
        var output = new ArrayBufferWriter<byte>();
        new ClientHandshake(form).Start(output);
        return [.. output.WrittenSpan, .. new byte[1_536]];
    }

    // A whole session of a publisher: connect, createStream, publish, metadata, media with extended timestamps, unpublish.
    private static byte[] Publishing(int chunkSize)
    {
        var writer = new ChunkWriter();
        var output = new ArrayBufferWriter<byte>();
        Command(0, "connect", 1, new AmfObject().Add("app", "live").Add("capsEx", 15));
        writer.Write(output, 2, RtmpMessageType.SetChunkSize, 0, 0, [0, 0, 0, (byte)chunkSize], []);
        writer.ChunkSize = chunkSize;
        Command(0, "createStream", 2, AmfValue.Null);
        Command(1, "publish", 3, AmfValue.Null, "key", "live");
        writer.Write(output, 5, RtmpMessageType.DataAmf0, 1, 0, Encode("@setDataFrame", "onMetaData", new AmfObject { IsEcmaArray = true }.Add("width", 640)), []);
        writer.Write(output, 6, RtmpMessageType.Video, 1, 16_777_200, new byte[300], []);
        writer.Write(output, 6, RtmpMessageType.Video, 1, 16_777_233, new byte[300], []);
        writer.Write(output, 4, RtmpMessageType.Audio, 1, 16_777_220, [0xAF, 1, 2, 3], []);
        writer.Write(output, 6, RtmpMessageType.Aggregate, 1, 5_000, Convert.FromHexString("0800000200" + "03E8" + "00000000" + "AF01" + "0000000D"), []);
        writer.Write(output, 2, RtmpMessageType.UserControl, 0, 0, [0, 6, 1, 2, 3, 4], []);
        Command(0, "FCUnpublish", 4, AmfValue.Null, "key");
        Command(0, "deleteStream", 0, AmfValue.Null, 1);
        return output.WrittenSpan.ToArray();

        void Command(uint streamId, params AmfValue[] values) => writer.Write(output, 3, RtmpMessageType.CommandAmf0, streamId, 0, Encode(values), []);
    }

    private static byte[] Strange() => Convert.FromHexString(
        "0200000000000401000000000000000444000000000002080102" // A chunk size of 4, a stream that begins with type 1,
        + "02000000000004020000000000000006" // an abort,
        + "060000000001000901000000AABBCCDD" // a message that is never whole,
        + "01FFFF000000000001080100000009" // and a chunk stream of three bytes.
        + "C1FFFF09");

    private static byte[] ServerAnswers()
    {
        var writer = new ChunkWriter();
        var output = new ArrayBufferWriter<byte>();
        writer.Write(output, 2, RtmpMessageType.WindowAcknowledgementSize, 0, 0, [0, 38, 37, 160], []);
        writer.Write(output, 2, RtmpMessageType.SetPeerBandwidth, 0, 0, [0, 38, 37, 160, 2], []);
        var taken = new AmfArray();
        taken.Add("hvc1");
        var properties = new AmfObject().Add("fourCcList", taken).Add("videoFourCcInfoMap", new AmfObject().Add("av01", 4));
        writer.Write(output, 3, RtmpMessageType.CommandAmf0, 0, 0, Encode("_result", 1, properties, RtmpStatus.Of(RtmpStatusCodes.ConnectSuccess, "").ToAmf()), []);
        writer.Write(output, 3, RtmpMessageType.CommandAmf0, 0, 0, Encode("_result", 4, AmfValue.Null, 1), []);
        writer.Write(output, 5, RtmpMessageType.CommandAmf0, 1, 0, Encode("onStatus", 0, AmfValue.Null, RtmpStatus.Of(RtmpStatusCodes.PublishStart, "").ToAmf()), []);
        writer.Write(output, 2, RtmpMessageType.Acknowledgement, 0, 0, [0, 0, 0, 9], []);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Encode(params AmfValue[] values)
    {
        var body = new ArrayBufferWriter<byte>();
        foreach (var value in values)
        {
            Amf0Writer.Write(body, value);
        }

        return body.WrittenSpan.ToArray();
    }
}
