using System.Buffers.Binary;
using System.Diagnostics;
using Roomcast.Media.Buffers;
using Roomcast.Rtmp.Amf;
using Roomcast.Rtmp.Chunks;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Handshake;
using Roomcast.Rtmp.Messages;

namespace Roomcast.Rtmp.Connection;

/// <summary>The server's side of one RTMP connection: bytes in; bytes to send, and events, out.</summary>
/// <remarks>
/// <para>
/// The owner hands in what arrived through <see cref="Read"/>, which stops at each event, and sends <see cref="Output"/>
/// after each burst. It has no threads, no clock and no sockets; one call at a time.
/// </para>
/// <para>
/// Source: RTMP 1.0 and Enhanced RTMP v2. Only publishing is served. Each connection carries one publisher at a time.
/// </para>
/// </remarks>
public sealed class RtmpServerConnection : IDisposable
{
    private const int OwnChunkSize = 4_096;
    private const uint OwnWindowBytes = 2_500_000;
    private const int ControlChunkStream = 2;
    private const int CommandChunkStream = 3;
    private const int StatusChunkStream = 5;

    private readonly RtmpLimits _limits;
    private readonly ServerHandshake _handshake = new();
    private readonly ChunkReader _reader;
    private readonly ChunkWriter _writer = new();
    private readonly OutputBuffer _output = new();
    private readonly System.Buffers.ArrayBufferWriter<byte> _scratch = new(512);
    private readonly AggregateReader _aggregate = new();

    private RtmpConnectRequest? _connect;
    private uint _lastStreamId;
    private int _openStreams;
    private uint _publishStreamId;
    private PublishState _publish;
    private RtmpFault _fault;
    private bool _isFaultTold;
    private ulong _acknowledged;
    private uint _peerWindowBytes = OwnWindowBytes;

    /// <summary>Begins a connection.</summary>
    /// <param name="limits">What the peer may make it hold; null for the defaults.</param>
    public RtmpServerConnection(RtmpLimits? limits = null)
    {
        _limits = limits ?? new RtmpLimits();
        _reader = new ChunkReader(_limits) { MaxBufferedBytes = CommandBufferBytes };
    }

    private enum PublishState
    {
        None,
        Requested,
        Publishing,
        Refused,
    }

    // Room for two commands at once: nothing that a stranger announces is worth more memory.
    private int CommandBufferBytes => Math.Min(2 * _limits.MaxCommandBytes, _limits.MaxBufferedBytes);

    /// <summary>Bytes to send; valid until the next call. Grows by what one burst of input asks for.</summary>
    public ReadOnlyMemory<byte> Output => _output.Pending;

    /// <summary>Bytes handed in so far.</summary>
    public long BytesReceived { get; private set; }

    /// <summary>Whether the handshake is over.</summary>
    public bool IsHandshakeDone => _handshake.IsDone;

    /// <summary>Whether a publisher was accepted and has not ended.</summary>
    public bool IsPublishing => _publish is PublishState.Publishing;

    /// <summary>What the client said when it connected; null before.</summary>
    public RtmpConnectRequest? Connect => _connect;

    /// <summary>Says that bytes of <see cref="Output"/> were sent.</summary>
    /// <param name="count">How many.</param>
    public void OutputSent(int count) => _output.Consume(count);

    /// <summary>Takes bytes up to the next event.</summary>
    /// <param name="input">The next bytes of the connection: those not used by the call before, then new ones.</param>
    /// <param name="happened">What happened; of kind <c>None</c> when the input is used up. After <c>Ended</c> nothing happens any more.</param>
    /// <returns>Bytes used.</returns>
    public int Read(ReadOnlySpan<byte> input, out RtmpServerEvent happened)
    {
        Debug.Assert(_publish is not PublishState.Requested, "A publish waits for its answer.");
        var used = 0;
        if (_aggregate.TryRead(out var media))
        {
            happened = new RtmpServerEvent { Kind = RtmpServerEventKind.Media, Media = media };
            return 0;
        }

        while (_fault is RtmpFault.None)
        {
            if (!_handshake.IsDone)
            {
                used += _handshake.Read(input[used..], _output);
                _fault = _handshake.Fault;
                if (!_handshake.IsDone)
                {
                    break;
                }
            }

            var isWhole = _reader.TryRead(input[used..], out var message, out var taken);
            used += taken;
            if (!isWhole)
            {
                _fault = _reader.Fault;
                break;
            }

            var isEvent = Handle(message, out happened);
            if (isEvent || _fault is not RtmpFault.None)
            {
                Count(used);
                if (isEvent)
                {
                    return used;
                }

                break;
            }
        }

        if (_fault is RtmpFault.None)
        {
            Count(used);
        }

        happened = default;
        if (_fault is not RtmpFault.None && !_isFaultTold)
        {
            _isFaultTold = true;
            happened = new RtmpServerEvent { Kind = RtmpServerEventKind.Ended, Fault = _fault };
        }

        return used;
    }

    /// <summary>Lets the publisher begin.</summary>
    /// <exception cref="InvalidOperationException">Nobody has asked.</exception>
    public void AcceptPublish()
    {
        RequireRequest();
        _publish = PublishState.Publishing;
        _reader.MaxMessageBytes = _limits.MaxMessageBytes;
        _reader.MaxBufferedBytes = _limits.MaxBufferedBytes;
        WriteUserControl(UserControlEvent.StreamBegin, _publishStreamId);
        WriteStatus(_publishStreamId, RtmpStatus.Of(RtmpStatusCodes.PublishStart, "Publishing may begin."));
    }

    /// <summary>Refuses the publisher. The owner sends what there is to send and closes the connection.</summary>
    /// <param name="status">Why: encoders show or log its description.</param>
    /// <exception cref="InvalidOperationException">Nobody has asked.</exception>
    public void RefusePublish(RtmpStatus status)
    {
        RequireRequest();
        _publish = PublishState.Refused;
        WriteStatus(_publishStreamId, status);
    }

    /// <summary>Tells the client that its publishing, or its connection, ends by our decision. The owner then sends and closes.</summary>
    /// <param name="status">Why.</param>
    public void End(RtmpStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        if (!_handshake.IsDone)
        {
            return; // There is nothing to say it in.
        }

        var isOfStream = status.Code.StartsWith("NetStream.", StringComparison.Ordinal);
        WriteStatus(isOfStream ? _publishStreamId : 0, status);
        _publish = PublishState.Refused;
    }

    /// <summary>Tells the client something about the connection while it goes on.</summary>
    /// <param name="status">What; for example a request to connect anew.</param>
    public void Tell(RtmpStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        if (_connect is not null)
        {
            WriteStatus(0, status);
        }
    }

    /// <summary>Gives back all memory. Nothing may be called afterwards.</summary>
    public void Dispose()
    {
        _reader.Dispose();
        _aggregate.Dispose();
        _output.Dispose();
    }

    private void RequireRequest()
    {
        if (_publish is not PublishState.Requested)
        {
            throw new InvalidOperationException("No publish waits for an answer.");
        }
    }

    // Acknowledgements count every byte since the beginning. Source: RTMP 1.0, section 5.4.3. They are sent twice as often
    // as the window asks for, so that a sender never waits for one that is on its way.
    private void Count(int used)
    {
        BytesReceived += used;
        if (_handshake.IsDone && (ulong)BytesReceived - _acknowledged >= _peerWindowBytes / 2)
        {
            _acknowledged = (ulong)BytesReceived;
            WriteControl(RtmpMessageType.Acknowledgement, unchecked((uint)BytesReceived));
        }
    }

    private bool Handle(in RtmpMessage message, out RtmpServerEvent happened)
    {
        happened = default;
        if (message.Type is RtmpMessageType.Audio or RtmpMessageType.Video)
        {
            if (_publish is not PublishState.Publishing)
            {
                message.Body.Release(); // Too early, or the last of a stream that has ended.
                return false;
            }

            var kind = message.Type is RtmpMessageType.Audio ? RtmpMediaKind.Audio : RtmpMediaKind.Video;
            happened = new RtmpServerEvent
            {
                Kind = RtmpServerEventKind.Media,
                Media = new RtmpMedia(kind, message.TimestampMs, message.Body, 0, message.Body.Length),
            };
            return true;
        }

        if (message.Type is RtmpMessageType.Aggregate && _publish is PublishState.Publishing)
        {
            _aggregate.Start(message);
            if (!_aggregate.TryRead(out var media))
            {
                return false;
            }

            happened = new RtmpServerEvent { Kind = RtmpServerEventKind.Media, Media = media };
            return true;
        }

        try
        {
            return message.Type switch
            {
                RtmpMessageType.CommandAmf0 or RtmpMessageType.CommandAmf3 => HandleCommand(message, out happened),
                RtmpMessageType.DataAmf0 or RtmpMessageType.DataAmf3 => HandleData(message, out happened),
                _ => HandleControl(message),
            };
        }
        finally
        {
            message.Body.Release();
        }
    }

    private bool HandleControl(in RtmpMessage message)
    {
        ReadOnlySpan<byte> body = message.Body.Span;
        switch (message.Type)
        {
            case RtmpMessageType.SetChunkSize:
                if (body.Length < 4 || BinaryPrimitives.ReadInt32BigEndian(body) < 1)
                {
                    _fault = RtmpFault.BadControlMessage;
                    break;
                }

                _reader.ChunkSize = BinaryPrimitives.ReadInt32BigEndian(body);
                break;

            case RtmpMessageType.Abort:
                if (body.Length < 4)
                {
                    _fault = RtmpFault.BadControlMessage;
                    break;
                }

                _reader.Abort(BinaryPrimitives.ReadInt32BigEndian(body));
                break;

            case RtmpMessageType.WindowAcknowledgementSize:
                if (body.Length < 4 || BinaryPrimitives.ReadUInt32BigEndian(body) == 0)
                {
                    _fault = RtmpFault.BadControlMessage;
                    break;
                }

                // A tiny window would have us answer every message.
                _peerWindowBytes = Math.Max(BinaryPrimitives.ReadUInt32BigEndian(body), 8_192);
                break;

            case RtmpMessageType.UserControl:
                if (body.Length >= 6 && BinaryPrimitives.ReadUInt16BigEndian(body) == (ushort)UserControlEvent.PingRequest)
                {
                    WriteUserControl(UserControlEvent.PingResponse, BinaryPrimitives.ReadUInt32BigEndian(body[2..]));
                }

                break;

            default:
                break; // Acknowledgements, bandwidth, shared objects, and what nobody has defined: of no use to us.
        }

        return false;
    }

    private static bool HandleData(in RtmpMessage message, out RtmpServerEvent happened)
    {
        happened = default;
        var values = RtmpCommand.ReadValues(message.Type, message.Body.Span);
        var at = values is [AmfString { Value: "@setDataFrame" }, ..] ? 1 : 0;
        if (values.Count < at + 2 || values[at] is not AmfString { Value: "onMetaData" } || values[at + 1] is not AmfObject metadata)
        {
            return false; // Cue points, text data and the like.
        }

        happened = new RtmpServerEvent { Kind = RtmpServerEventKind.Metadata, Metadata = metadata };
        return true;
    }

    private bool HandleCommand(in RtmpMessage message, out RtmpServerEvent happened)
    {
        happened = default;
        var command = RtmpCommand.TryRead(message.Type, message.Body.Span);
        if (command is null)
        {
            // Without a name there is nothing to answer. Before connect it means that this is no RTMP client.
            _fault = _connect is null ? RtmpFault.BadCommand : RtmpFault.None;
            return false;
        }

        if (_connect is null && command.Name != "connect")
        {
            _fault = RtmpFault.BadCommand;
            return false;
        }

        switch (command.Name)
        {
            case "connect":
                return OnConnect(command, out happened);

            case "createStream":
                OnCreateStream(command);
                return false;

            case "publish":
                return OnPublish(command, message.StreamId, out happened);

            case "releaseStream":
                // Livestream Studio and others wait for the answer although they need nothing from it.
                WriteResult(command, AmfValue.Undefined);
                return false;

            case "FCPublish":
                WriteCommand(0, "onFCPublish", 0, AmfValue.Null, RtmpStatus.Of(RtmpStatusCodes.PublishStart, "Go on with publish.").ToAmf());
                WriteResult(command, AmfValue.Undefined);
                return false;

            case "FCUnpublish":
                WriteCommand(0, "onFCUnpublish", 0, AmfValue.Null, RtmpStatus.Of(RtmpStatusCodes.UnpublishSuccess, "Publishing has ended.").ToAmf());
                WriteResult(command, AmfValue.Undefined);
                return OnUnpublish(out happened);

            case "deleteStream":
                _openStreams = Math.Max(0, _openStreams - 1);
                WriteResult(command, AmfValue.Undefined);
                return IsOfPublisher(command) && OnUnpublish(out happened);

            case "closeStream":
                WriteResult(command, AmfValue.Undefined);
                return OnUnpublish(out happened);

            case "getStreamLength":
                WriteResult(command, 0);
                return false;

            case "_checkbw" or "checkBandwidth":
                WriteResult(command, AmfValue.Null);
                return false;

            case "play" or "play2":
                WriteStatus(message.StreamId, RtmpStatus.Error(RtmpStatusCodes.PlayFailed, "This server plays over HLS; over RTMP it only takes streams in."));
                return false;

            case "_result" or "_error" or "onStatus" or "FCSubscribe" or "pause" or "seek" or "receiveAudio" or "receiveVideo":
                return false;

            default:
                if (command.TransactionId != 0)
                {
                    var status = RtmpStatus.Error(RtmpStatusCodes.CallFailed, "This server does not know that command.");
                    WriteCommand(0, "_error", command.TransactionId, AmfValue.Null, status.ToAmf());
                }

                return false;
        }
    }

    private bool OnConnect(RtmpCommand command, out RtmpServerEvent happened)
    {
        happened = default;
        var properties = command.Object;
        if (properties is null || _connect is not null)
        {
            _fault = RtmpFault.BadCommand;
            return false;
        }

        _connect = new RtmpConnectRequest(
            properties["app"]?.AsString() ?? "",
            properties["tcUrl"]?.AsString() ?? "",
            properties["flashVer"]?.AsString(),
            EnhancedRtmp.IsSpokenBy(properties),
            EnhancedRtmp.CapabilitiesOf(properties));

        WriteControl(RtmpMessageType.WindowAcknowledgementSize, OwnWindowBytes);
        Span<byte> bandwidth = stackalloc byte[5];
        BinaryPrimitives.WriteUInt32BigEndian(bandwidth, OwnWindowBytes);
        bandwidth[4] = 2; // Dynamic: as the last limit was, hard or soft.
        _writer.Write(_output, ControlChunkStream, RtmpMessageType.SetPeerBandwidth, 0, 0, bandwidth, []);
        WriteControl(RtmpMessageType.SetChunkSize, OwnChunkSize);
        _writer.ChunkSize = OwnChunkSize;

        var server = new AmfObject().Add("fmsVer", "FMS/3,0,1,123").Add("capabilities", 31);
        if (_connect.IsEnhanced)
        {
            EnhancedRtmp.AddTo(server);
        }

        var info = RtmpStatus.Of(RtmpStatusCodes.ConnectSuccess, "Connected.").ToAmf()
            .Add("objectEncoding", properties["objectEncoding"]?.AsNumber() ?? 0);
        WriteCommand(0, "_result", command.TransactionId, server, info);
        happened = new RtmpServerEvent { Kind = RtmpServerEventKind.Connected, Connect = _connect };
        return true;
    }

    private void OnCreateStream(RtmpCommand command)
    {
        if (_openStreams == _limits.MaxMessageStreams)
        {
            _fault = RtmpFault.TooManyMessageStreams;
            return;
        }

        _openStreams++;
        WriteResult(command, ++_lastStreamId);
    }

    private bool OnPublish(RtmpCommand command, uint streamId, out RtmpServerEvent happened)
    {
        happened = default;
        if (_publish is not PublishState.None)
        {
            WriteStatus(streamId, RtmpStatus.Error(RtmpStatusCodes.PublishDenied, "This connection publishes already."));
            return false;
        }

        _publishStreamId = streamId;
        _publish = PublishState.Requested;
        var name = command.Argument(0)?.AsString() ?? "";
        happened = new RtmpServerEvent
        {
            Kind = RtmpServerEventKind.PublishRequested,
            Publish = new RtmpPublishRequest(_connect!.App, _connect.TcUrl, name, _connect.Encoder),
        };
        return true;
    }

    // Streams that were made and never used are given back, too. Who does not say which stream means the one there is.
    private bool IsOfPublisher(RtmpCommand command) =>
        command.Argument(0)?.AsNumber() is not { } streamId || streamId == _publishStreamId;

    // FCUnpublish, closeStream and deleteStream come in any number and order; the first one ends the publisher.
    private bool OnUnpublish(out RtmpServerEvent happened)
    {
        happened = default;
        if (_publish is not PublishState.Publishing)
        {
            return false;
        }

        _publish = PublishState.None;
        _reader.MaxMessageBytes = _limits.MaxCommandBytes;

        // Frames that are still on their way may be finished: their chunks lie between those of the commands.
        _reader.MaxBufferedBytes = Math.Min(_reader.BufferedBytes + CommandBufferBytes, _limits.MaxBufferedBytes);
        WriteStatus(_publishStreamId, RtmpStatus.Of(RtmpStatusCodes.UnpublishSuccess, "Publishing has ended."));
        happened = new RtmpServerEvent { Kind = RtmpServerEventKind.PublishEnded };
        return true;
    }

    private void WriteControl(RtmpMessageType type, uint value)
    {
        Span<byte> body = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(body, value);
        _writer.Write(_output, ControlChunkStream, type, 0, 0, body, []);
    }

    private void WriteUserControl(UserControlEvent what, uint value)
    {
        Span<byte> body = stackalloc byte[6];
        BinaryPrimitives.WriteUInt16BigEndian(body, (ushort)what);
        BinaryPrimitives.WriteUInt32BigEndian(body[2..], value);
        _writer.Write(_output, ControlChunkStream, RtmpMessageType.UserControl, 0, 0, body, []);
    }

    private void WriteResult(RtmpCommand command, AmfValue result)
    {
        if (command.TransactionId != 0)
        {
            WriteCommand(0, "_result", command.TransactionId, AmfValue.Null, result);
        }
    }

    private void WriteStatus(uint streamId, RtmpStatus status) => WriteCommand(streamId, "onStatus", 0, AmfValue.Null, status.ToAmf());

    private void WriteCommand(uint streamId, string name, double transactionId, AmfValue first, AmfValue second)
    {
        _scratch.ResetWrittenCount();
        Amf0Writer.WriteString(_scratch, name);
        Amf0Writer.WriteNumber(_scratch, transactionId);
        Amf0Writer.Write(_scratch, first);
        Amf0Writer.Write(_scratch, second);
        var chunkStream = streamId == 0 ? CommandChunkStream : StatusChunkStream;
        _writer.Write(_output, chunkStream, RtmpMessageType.CommandAmf0, streamId, 0, _scratch.WrittenSpan, []);
    }
}
