using System.Buffers;
using Roomcast.Rtmp.Amf;
using Roomcast.Rtmp.Chunks;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Connection;
using Roomcast.Rtmp.Handshake;
using Roomcast.Rtmp.Messages;

namespace Roomcast.Rtmp.Tests.Connection;

/// <summary>A server's connection with a client written out by hand: each message is sent as the test says.</summary>
internal sealed class ServerHarness : IDisposable
{
    private readonly ChunkWriter _writer = new();
    private readonly ChunkReader _reader = new(new RtmpLimits());
    private readonly ArrayBufferWriter<byte> _wire = new();

    public ServerHarness(RtmpLimits? limits = null, bool withHandshake = true)
    {
        Server = new RtmpServerConnection(limits);
        if (withHandshake)
        {
            var client = new ClientHandshake(RtmpHandshakeForm.Simple);
            var output = new ArrayBufferWriter<byte>();
            client.Start(output);
            Feed(output.WrittenSpan.ToArray());
            output.ResetWrittenCount();
            client.Read(Server.Output.Span, output);
            Server.OutputSent(Server.Output.Length);
            Feed(output.WrittenSpan.ToArray());
        }
    }

    public RtmpServerConnection Server { get; }

    /// <summary>What has happened so far.</summary>
    public List<RtmpServerEvent> Events { get; } = [];

    /// <summary>Decides a publish when one is asked for; null leaves it to the test.</summary>
    public Action<RtmpServerConnection>? OnPublish { get; set; } = server => server.AcceptPublish();

    /// <summary>Hands in raw bytes, keeping what happens.</summary>
    public void Feed(ReadOnlyMemory<byte> bytes)
    {
        while (true)
        {
            var used = Server.Read(bytes.Span, out var happened);
            bytes = bytes[used..];
            if (happened.Kind is RtmpServerEventKind.None)
            {
                return;
            }

            Events.Add(happened);
            if (happened.Kind is RtmpServerEventKind.PublishRequested)
            {
                if (OnPublish is null)
                {
                    return;
                }

                OnPublish(Server);
            }
        }
    }

    public void Send(RtmpMessageType type, uint streamId, uint timestampMs, ReadOnlySpan<byte> body, int chunkStream = 3)
    {
        _wire.ResetWrittenCount();
        _writer.Write(_wire, chunkStream, type, streamId, timestampMs, body, []);
        Feed(_wire.WrittenSpan.ToArray());
    }

    public void Command(string name, double transactionId, params AmfValue[] values) => Command(0, name, transactionId, values);

    public void Command(uint streamId, string name, double transactionId, params AmfValue[] values) =>
        Send(RtmpMessageType.CommandAmf0, streamId, 0, Encode([name, transactionId, .. values]));

    public static byte[] Encode(params AmfValue[] values)
    {
        var body = new ArrayBufferWriter<byte>();
        foreach (var value in values)
        {
            Amf0Writer.Write(body, value);
        }

        return body.WrittenSpan.ToArray();
    }

    public void Connect(AmfObject? properties = null) =>
        Command("connect", 1, properties ?? new AmfObject().Add("app", "live").Add("tcUrl", "rtmp://h/live").Add("flashVer", "Test 1"));

    /// <summary>Connects, makes a stream and publishes, then forgets what was answered.</summary>
    public void Publish(string name = "key")
    {
        Connect();
        Command("createStream", 2, AmfValue.Null);
        Command(1, "publish", 3, AmfValue.Null, name, "live");
        Answers();
        Events.Clear();
    }

    /// <summary>All messages the server has sent since the last call.</summary>
    public List<(RtmpMessageType Type, uint StreamId, byte[] Body)> Messages()
    {
        var messages = new List<(RtmpMessageType, uint, byte[])>();
        var rest = Server.Output.Span;
        while (_reader.TryRead(rest, out var message, out var used))
        {
            rest = rest[used..];
            var body = message.Body.Span.ToArray();
            message.Body.Release();
            messages.Add((message.Type, message.StreamId, body));
            if (message.Type is RtmpMessageType.SetChunkSize)
            {
                _reader.ChunkSize = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(body);
            }
        }

        Server.OutputSent(Server.Output.Length);
        return messages;
    }

    /// <summary>All commands the server has sent since the last call, with their message streams.</summary>
    public List<(uint StreamId, RtmpCommand Command)> Answers() =>
    [
        .. Messages()
            .Where(static message => message.Type is RtmpMessageType.CommandAmf0)
            .Select(static message => (message.StreamId, RtmpCommand.TryRead(message.Type, message.Body)!)),
    ];

    public void Dispose()
    {
        foreach (var media in Events.Where(happened => happened.Kind is RtmpServerEventKind.Media))
        {
            media.Media.Buffer.Release();
        }

        Server.Dispose();
        _reader.Dispose();
    }
}
