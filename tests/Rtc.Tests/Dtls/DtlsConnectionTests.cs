using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Dtls;

namespace Roomcast.Rtc.Tests.Dtls;

public sealed class DtlsConnectionTests : IDisposable
{
    private static readonly RtcAddress Anywhere = RtcAddress.FromIPv4(0x7F000001, 1);
    private static readonly TimeSpan Now = TimeSpan.FromSeconds(5);

    private readonly DtlsIdentity _serverIdentity = DtlsIdentity.Create(new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero));
    private readonly DtlsIdentity _clientIdentity = DtlsIdentity.Create(new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero));
    private readonly DatagramQueue _fromServer = new();
    private readonly DatagramQueue _fromClient = new();
    private readonly DtlsConnection _server;
    private readonly DtlsConnection _client;

    public DtlsConnectionTests()
    {
        // Long timers: here nothing is to be sent again by itself.
        _server = new DtlsConnection(
            _serverIdentity, DtlsRole.Server, _clientIdentity.Fingerprint, _fromServer, TimeSpan.FromSeconds(30));
        _client = new DtlsConnection(
            _clientIdentity, DtlsRole.Client, _serverIdentity.Fingerprint, _fromClient, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void Both_sides_get_the_same_keys_once()
    {
        Complete();

        using var server = _server.TakeKeys()!;
        using var client = _client.TakeKeys()!;
        Assert.Equal(server.Profile, client.Profile);
        Assert.True(server.Exported.SequenceEqual(client.Exported));
        Assert.NotEqual(new byte[16], server.ClientKey.ToArray());
        Assert.Null(_server.TakeKeys());
        Assert.Null(_server.NextDeadline);
        Assert.Null(_client.NextDeadline);
    }

    [Fact]
    public void No_datagram_of_the_handshake_is_longer_than_the_mtu()
    {
        var longest = 0;
        Complete(datagram => longest = Math.Max(longest, datagram.Length));

        Assert.InRange(longest, 300, DtlsConnection.Mtu);
    }

    [Fact]
    public void A_client_hello_may_come_twice_and_in_pieces_and_out_of_order()
    {
        _client.Start(Anywhere, Now);
        var hello = Take(_fromClient).Single();
        var pieces = Fragment(hello, 3);

        _server.Handle(pieces[2], Anywhere, Now);
        _server.Handle(pieces[0], Anywhere, Now);
        _server.Handle(pieces[0], Anywhere, Now);
        Assert.True(_fromServer.IsEmpty);
        _server.Handle(pieces[1], Anywhere, Now);
        Assert.False(_fromServer.IsEmpty);
        _server.Handle(hello, Anywhere, Now);

        Complete(isStarted: true);
        Assert.Equal(DtlsState.Connected, _server.State);
    }

    [Fact]
    public void Every_datagram_may_come_twice()
    {
        _client.Start(Anywhere, Now);
        for (var round = 0; round < 10; round++)
        {
            foreach (var datagram in Take(_fromClient))
            {
                _server.Handle(datagram, Anywhere, Now);
                _server.Handle(datagram, Anywhere, Now);
            }

            foreach (var datagram in Take(_fromServer))
            {
                _client.Handle(datagram, Anywhere, Now);
                _client.Handle(datagram, Anywhere, Now);
            }
        }

        Assert.Equal(DtlsState.Connected, _server.State);
        Assert.Equal(DtlsState.Connected, _client.State);
    }

    [Fact]
    public void A_repeated_message_in_front_of_a_flight_takes_nothing_along()
    {
        // A client that was held up for so long that its hello is due again when it gets the answer sends both in one datagram.
        using var client = new DtlsConnection(
            _clientIdentity, DtlsRole.Client, _serverIdentity.Fingerprint, _fromClient, TimeSpan.FromMilliseconds(20));
        client.Start(Anywhere, Now);
        _server.Handle(Take(_fromClient).Single(), Anywhere, Now);
        using var never = new ManualResetEventSlim();
        while (client.OpenSslTimeLeft is { } left && left > TimeSpan.Zero)
        {
            never.Wait(left);
        }

        client.Handle(Take(_fromServer).Single(), Anywhere, Now);
        var flight = Take(_fromClient).Single();
        const int HandshakeTypeAt = 13;
        Assert.Equal(1, flight[HandshakeTypeAt]); // The hello, again.
        _server.Handle(flight, Anywhere, Now);
        Assert.Equal(DtlsState.Connected, _server.State);
        client.Handle(Take(_fromServer).Single(), Anywhere, Now);
        Assert.Equal(DtlsState.Connected, client.State);
    }

    [Fact]
    public void Noise_between_the_flights_does_no_harm()
    {
        var random = new Random(1);
        _client.Start(Anywhere, Now);
        for (var round = 0; round < 10; round++)
        {
            foreach (var datagram in Take(_fromClient))
            {
                _server.Handle(Noise(random), Anywhere, Now);
                _server.Handle(datagram, Anywhere, Now);
            }

            foreach (var datagram in Take(_fromServer))
            {
                _client.Handle(Noise(random), Anywhere, Now);
                _client.Handle(datagram, Anywhere, Now);
            }
        }

        Assert.Equal(DtlsState.Connected, _server.State);
        Assert.Equal(DtlsState.Connected, _client.State);
        Assert.True(_server.Malformed + _client.Malformed > 0);

        // Records of the right shape that nobody has keys for.
        for (var i = 0; i < 200; i++)
        {
            var record = new byte[100];
            random.NextBytes(record);
            new byte[] { (byte)(20 + (i % 4)), 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 1, (byte)i, 0, 87 }.CopyTo(record, 0);
            _server.Handle(record, Anywhere, Now);
        }

        Assert.Equal(DtlsState.Connected, _server.State);
    }

    [Fact]
    public void A_goodbye_ends_both_sides()
    {
        Complete();
        _client.Close(Anywhere);
        foreach (var datagram in Take(_fromClient))
        {
            _server.Handle(datagram, Anywhere, Now);
        }

        Assert.Equal(DtlsState.Closed, _client.State);
        Assert.Equal(DtlsState.Closed, _server.State);
        _server.Handle(new byte[50], Anywhere, Now);
    }

    [Fact]
    public void A_silent_peer_is_given_up_after_the_last_retransmission()
    {
        using var hasty = new DtlsConnection(
            _clientIdentity, DtlsRole.Client, _serverIdentity.Fingerprint, _fromClient, TimeSpan.FromMilliseconds(16));
        using var never = new ManualResetEventSlim();
        var now = Now;
        hasty.Start(Anywhere, now);
        var sent = 0;
        var waits = new List<TimeSpan>();
        for (var i = 0; i < 4; i++)
        {
            waits.Add(hasty.NextDeadline!.Value - now);
            now = hasty.NextDeadline.Value;
            never.Wait(hasty.OpenSslTimeLeft!.Value);
            sent += Take(_fromClient).Count;
            hasty.HandleDeadline(Anywhere, now);
        }

        Assert.Equal(4, sent);
        Assert.Equal([16, 32, 64, 128], waits.Select(wait => (int)wait.TotalMilliseconds));
        Assert.Equal(DtlsState.Handshaking, hasty.State);
    }

    public void Dispose()
    {
        _server.Dispose();
        _client.Dispose();
        _serverIdentity.Dispose();
        _clientIdentity.Dispose();
    }

    private static List<byte[]> Take(DatagramQueue queue)
    {
        var taken = new List<byte[]>();
        while (queue.TryTake(out _, out var datagram))
        {
            taken.Add(datagram.ToArray());
        }

        return taken;
    }

    private static byte[] Noise(Random random)
    {
        var noise = new byte[random.Next(1, 200)];
        random.NextBytes(noise);
        noise[0] = (byte)random.Next(20, 64);
        return noise;
    }

    /// <summary>Cuts the one handshake message of a datagram into fragments (RFC 6347 section 4.2.2), each in a record of its own.</summary>
    private static List<byte[]> Fragment(byte[] datagram, int count)
    {
        const int recordHeader = 13;
        const int messageHeader = 12;
        var message = datagram.AsSpan(recordHeader);
        var body = message[messageHeader..];
        var pieces = new List<byte[]>();
        var size = (body.Length + count - 1) / count;
        for (var i = 0; i < count; i++)
        {
            var part = body.Slice(i * size, Math.Min(size, body.Length - (i * size)));
            var piece = new byte[recordHeader + messageHeader + part.Length];
            datagram.AsSpan(0, recordHeader).CopyTo(piece);
            piece[10] = (byte)(40 + i); // Sequence number of the record: one that the client will not use itself.
            piece[11] = (byte)((messageHeader + part.Length) >> 8);
            piece[12] = (byte)(messageHeader + part.Length);
            message[..messageHeader].CopyTo(piece.AsSpan(recordHeader));
            Write24(piece.AsSpan(recordHeader + 6), i * size);
            Write24(piece.AsSpan(recordHeader + 9), part.Length);
            part.CopyTo(piece.AsSpan(recordHeader + messageHeader));
            pieces.Add(piece);
        }

        return pieces;
    }

    private static void Write24(Span<byte> bytes, int value)
    {
        bytes[0] = (byte)(value >> 16);
        bytes[1] = (byte)(value >> 8);
        bytes[2] = (byte)value;
    }

    private void Complete(Action<byte[]>? see = null, bool isStarted = false)
    {
        if (!isStarted)
        {
            _client.Start(Anywhere, Now);
        }

        for (var round = 0; round < 10; round++)
        {
            foreach (var datagram in Take(_fromClient))
            {
                see?.Invoke(datagram);
                _server.Handle(datagram, Anywhere, Now);
            }

            foreach (var datagram in Take(_fromServer))
            {
                see?.Invoke(datagram);
                _client.Handle(datagram, Anywhere, Now);
            }
        }

        Assert.Equal(DtlsState.Connected, _server.State);
        Assert.Equal(DtlsState.Connected, _client.State);
    }
}
