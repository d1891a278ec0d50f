using System.Buffers;
using Roomcast.Rtmp.Connection;
using Roomcast.Rtmp.Handshake;
using Roomcast.TestKit;

namespace Roomcast.Rtmp.Tests.Handshake;

public sealed class HandshakeTests
{
    private const int PacketLength = 1536;

    [Theory]
    [InlineData(RtmpHandshakeForm.Simple, false)]
    [InlineData(RtmpHandshakeForm.Complex, true)]
    [InlineData(RtmpHandshakeForm.ComplexDigestFirst, true)]
    public void Both_sides_agree_in_every_form(RtmpHandshakeForm form, bool isComplex)
    {
        var server = new ServerHandshake();
        var client = new ClientHandshake(form);
        var toServer = new ArrayBufferWriter<byte>();
        var toClient = new ArrayBufferWriter<byte>();

        client.Start(toServer);
        Assert.Equal(1 + PacketLength, server.Read(toServer.WrittenSpan, toClient));
        Assert.Equal(isComplex, server.IsComplex);
        Assert.Equal(1 + (2 * PacketLength), toClient.WrittenCount);

        toServer.ResetWrittenCount();
        Assert.Equal(toClient.WrittenCount, client.Read(toClient.WrittenSpan, toServer));
        Assert.True(client.IsDone);
        Assert.Equal(isComplex, client.IsServerVerified);

        Assert.Equal(PacketLength, server.Read(toServer.WrittenSpan, toClient));
        Assert.True(server.IsDone);
    }

    [Fact]
    public void The_simple_answer_echoes_the_clients_packet()
    {
        var server = new ServerHandshake();
        var output = new ArrayBufferWriter<byte>();
        var c0c1 = new byte[1 + PacketLength];
        new Random(7).NextBytes(c0c1);
        c0c1[0] = 3;
        c0c1.AsSpan(5, 4).Clear();

        server.Read(c0c1, output);

        Assert.Equal(3, output.WrittenSpan[0]);
        Assert.True(output.WrittenSpan[(1 + PacketLength)..].SequenceEqual(c0c1.AsSpan(1)));
    }

    [Fact]
    public void A_version_without_a_digest_is_answered_simply()
    {
        var server = new ServerHandshake();
        var output = new ArrayBufferWriter<byte>();
        var c0c1 = new byte[1 + PacketLength];
        c0c1[0] = 3;
        c0c1[5] = 9; // Claims Flash 9 and has no digest, as some hardware does.

        server.Read(c0c1, output);

        Assert.False(server.IsComplex);
        Assert.True(output.WrittenSpan[(1 + PacketLength)..].SequenceEqual(c0c1.AsSpan(1)));
    }

    [Fact]
    public void It_reads_the_same_however_the_network_cuts_it()
    {
        var first = new ArrayBufferWriter<byte>();
        new ClientHandshake(RtmpHandshakeForm.Complex).Start(first);
        byte[] all = [.. first.WrittenSpan, .. new byte[PacketLength], 0x03, 0x00]; // C2, and the first of the chunks.
        foreach (var cut in ByteCuts.Of(all))
        {
            var server = new ServerHandshake();
            var output = new ArrayBufferWriter<byte>();
            var used = 0;
            foreach (var piece in cut)
            {
                used += server.IsDone ? 0 : server.Read(piece.Span, output);
            }

            Assert.True(server.IsDone);
            Assert.True(server.IsComplex);
            Assert.Equal(all.Length - 2, used);
            Assert.Equal(1 + (2 * PacketLength), output.WrittenCount);
        }
    }

    [Fact]
    public void The_last_packet_of_the_client_may_hold_anything()
    {
        var server = new ServerHandshake();
        var output = new ArrayBufferWriter<byte>();
        var c0c1 = new byte[1 + PacketLength];
        c0c1[0] = 3;
        server.Read(c0c1, output);

        var c2 = new byte[PacketLength];
        new Random(1).NextBytes(c2);
        server.Read(c2, output);

        Assert.True(server.IsDone);
    }

    [Theory]
    [InlineData(0x16, RtmpFault.NotRtmp)] // TLS on the plain port.
    [InlineData('G', RtmpFault.NotRtmp)] // HTTP.
    [InlineData(0, RtmpFault.NotRtmp)]
    [InlineData(6, RtmpFault.EncryptedRtmp)]
    [InlineData(8, RtmpFault.EncryptedRtmp)]
    public void Another_protocol_is_known_by_its_first_byte(int first, RtmpFault fault)
    {
        var server = new ServerHandshake();
        var output = new ArrayBufferWriter<byte>();

        server.Read([(byte)first, 1, 2], output);

        Assert.Equal(fault, server.Fault);
        Assert.Equal(0, output.WrittenCount);
    }

    [Fact]
    public void A_damaged_answer_is_noticed_and_borne()
    {
        var server = new ServerHandshake();
        var client = new ClientHandshake(RtmpHandshakeForm.Complex);
        var toServer = new ArrayBufferWriter<byte>();
        var toClient = new ArrayBufferWriter<byte>();
        client.Start(toServer);
        server.Read(toServer.WrittenSpan, toClient);
        var answer = toClient.WrittenSpan.ToArray();
        answer[^1] ^= 1;

        client.Read(answer, toServer);

        Assert.True(client.IsDone);
        Assert.False(client.IsServerVerified);
    }
}
