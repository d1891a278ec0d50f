using System.Buffers.Binary;
using Roomcast.Media;
using Roomcast.Rtmp.Amf;
using Roomcast.Rtmp.Chunks;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Handshake;
using Roomcast.Rtmp.Messages;

namespace Roomcast.Rtmp.Connection;

/// <summary>The publisher's side of one RTMP connection: bytes in; bytes to send, and events, out.</summary>
/// <remarks>
/// <para>
/// The owner calls <see cref="Start"/>, sends <see cref="Output"/>, hands in what arrives through <see cref="Read"/>, and
/// sends media from the moment <see cref="State"/> is <see cref="RtmpClientState.Publishing"/>: codec headers, then a
/// keyframe first. It watches <see cref="Output"/> and <see cref="UnacknowledgedBytes"/> to know a peer that is too slow or
/// has stopped taking anything. No threads, no clock, no sockets; one call at a time.
/// </para>
/// <para>Source: RTMP 1.0, sections 5 to 7.</para>
/// </remarks>
public sealed class RtmpClientConnection : IDisposable
{
    private const int ControlChunkStream = 2;
    private const int CommandChunkStream = 3;
    private const int AudioChunkStream = 4;
    private const int DataChunkStream = 5;
    private const int VideoChunkStream = 6;
    private const int PublishChunkStream = 8;

    private const double ConnectTransaction = 1;
    private const double ReleaseTransaction = 2;
    private const double FcPublishTransaction = 3;
    private const double CreateStreamTransaction = 4;
    private const double PublishTransaction = 5;
    private const double FcUnpublishTransaction = 6;

    private readonly RtmpTarget _target;
    private readonly RtmpClientOptions _options;
    private readonly ClientHandshake _handshake;
    private readonly ChunkReader _reader;
    private readonly ChunkWriter _writer;
    private readonly OutputBuffer _output = new();
    private readonly SentBytes _sent = new();
    private readonly System.Buffers.ArrayBufferWriter<byte> _scratch = new(512);

    private uint _streamId;
    private uint _peerWindowBytes = 2_500_000;
    private ulong _received;
    private ulong _acknowledged;
    private IReadOnlyCollection<Codec> _taken = [];

    /// <summary>Makes a connection that has not begun.</summary>
    /// <param name="target">Where it publishes.</param>
    /// <param name="options">How it speaks; null for the defaults.</param>
    public RtmpClientConnection(RtmpTarget target, RtmpClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(target);
        _target = target;
        _options = options ?? new RtmpClientOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.ChunkSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(_options.AcknowledgementWindowBytes);
        _handshake = new ClientHandshake(_options.Handshake);
        _reader = new ChunkReader(new RtmpLimits());
        _writer = new ChunkWriter { RepeatsExtendedTimestamp = _options.RepeatsExtendedTimestamp };
    }

    /// <summary>Where it stands.</summary>
    public RtmpClientState State { get; private set; }

    /// <summary>Why the server refused or ended; null unless it did.</summary>
    public RtmpStatus? Rejection { get; private set; }

    /// <summary>What <see cref="Rejection"/> comes to.</summary>
    public RtmpRefusal Refusal => Rejection is { } status ? RtmpRefusals.Of(status) : RtmpRefusal.None;

    /// <summary>What the server did against the protocol.</summary>
    public RtmpFault Fault { get; private set; }

    /// <summary>Bytes to send; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Output => _output.Pending;

    /// <summary>Bytes sent since the beginning.</summary>
    public long BytesSent => _sent.Sent;

    /// <summary>Bytes sent that the server has not acknowledged; null while it has acknowledged nothing, which many never do.</summary>
    public long? UnacknowledgedBytes => _sent.Unacknowledged;

    /// <summary>Whether the handshake proved that the server knows the digests; never with the simple form.</summary>
    public bool IsServerVerified => _handshake.IsServerVerified;

    /// <summary>How often the server has acknowledged.</summary>
    public long Acknowledgements => _sent.Acknowledgements;

    /// <summary>Most bytes that one acknowledgement confirmed: many servers keep to a window of their own.</summary>
    public long LargestAcknowledgementStep => _sent.LargestStep;

    /// <summary>Whether the server takes a codec; known once it has answered connect. H.264 and AAC are taken by all.</summary>
    /// <remarks>Source: Enhanced RTMP v2, "Enhancing NetConnection connect Command": the answer lists FourCCs, <c>*</c> for any.</remarks>
    public bool Takes(Codec codec) => codec is Codec.H264 or Codec.Aac || _options.IsEnhanced && _taken.Contains(codec);

    /// <summary>Whether the server has listed any codec in its answer to connect, as one that knows Enhanced RTMP does.</summary>
    public bool ListsCodecs => _options.IsEnhanced && _taken.Count > 0;

    /// <summary>Begins the handshake.</summary>
    public void Start()
    {
        if (State is not RtmpClientState.Idle)
        {
            throw new InvalidOperationException("It was started before.");
        }

        _handshake.Start(_output);
        State = RtmpClientState.Handshaking;
    }

    /// <summary>Says that bytes of <see cref="Output"/> were sent.</summary>
    /// <param name="count">How many.</param>
    public void OutputSent(int count)
    {
        _output.Consume(count);
        _sent.Add(count);
    }

    /// <summary>Takes bytes of <see cref="Output"/> out, to be sent, for owners that go on while a send is under way.</summary>
    /// <param name="target">Where they go.</param>
    /// <returns>How many.</returns>
    public int TakeOutput(Span<byte> target)
    {
        var pending = _output.Pending.Span;
        var count = Math.Min(pending.Length, target.Length);
        pending[..count].CopyTo(target);
        OutputSent(count);
        return count;
    }

    /// <summary>Takes bytes up to the next event.</summary>
    /// <param name="input">The next bytes of the connection.</param>
    /// <param name="happened">What happened; of kind <c>None</c> when the input is used up.</param>
    /// <returns>Bytes used.</returns>
    public int Read(ReadOnlySpan<byte> input, out RtmpClientEvent happened)
    {
        var used = 0;
        happened = default;
        while (State is RtmpClientState.Handshaking or RtmpClientState.Connecting or RtmpClientState.Publishing or RtmpClientState.Ended)
        {
            if (!_handshake.IsDone)
            {
                used += _handshake.Read(input[used..], _output);
                if (_handshake.Fault is not RtmpFault.None)
                {
                    happened = Fail(_handshake.Fault);
                    break;
                }

                if (!_handshake.IsDone)
                {
                    break;
                }

                State = RtmpClientState.Connecting;
                WriteConnect();
            }

            var isWhole = _reader.TryRead(input[used..], out var message, out var taken);
            used += taken;
            if (!isWhole)
            {
                if (_reader.Fault is not RtmpFault.None)
                {
                    happened = Fail(_reader.Fault);
                }

                break;
            }

            var isEvent = Handle(message, out happened);
            message.Body.Release();
            if (isEvent)
            {
                break;
            }
        }

        _received += (ulong)used;
        if (_handshake.IsDone && _received - _acknowledged >= _peerWindowBytes)
        {
            _acknowledged = _received;
            WriteControl(RtmpMessageType.Acknowledgement, unchecked((uint)_received));
        }

        return used;
    }

    /// <summary>Tells the server about the stream: <c>@setDataFrame</c> with <c>onMetaData</c>.</summary>
    /// <param name="metadata">Width, height, codec ids and so on, as an object or ECMA array.</param>
    public void SendMetadata(AmfObject metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        RequirePublishing();
        _scratch.ResetWrittenCount();
        Amf0Writer.WriteString(_scratch, "@setDataFrame");
        Amf0Writer.WriteString(_scratch, "onMetaData");
        Amf0Writer.Write(_scratch, metadata);
        _writer.Write(_output, DataChunkStream, RtmpMessageType.DataAmf0, _streamId, 0, _scratch.WrittenSpan, []);
    }

    /// <summary>Tells the server about the stream with what a script tag of an FLV file says.</summary>
    /// <param name="scriptTag">The tag's body: <c>onMetaData</c> and its value, in AMF0.</param>
    public void SendMetadata(ReadOnlySpan<byte> scriptTag)
    {
        RequirePublishing();
        _scratch.ResetWrittenCount();
        Amf0Writer.WriteString(_scratch, "@setDataFrame");
        _writer.Write(_output, DataChunkStream, RtmpMessageType.DataAmf0, _streamId, 0, _scratch.WrittenSpan, scriptTag);
    }

    /// <summary>Sends one audio or video message.</summary>
    /// <param name="kind">Which of the two.</param>
    /// <param name="timestampMs">Its time on our clock, modulo 2^32.</param>
    /// <param name="head">The first part of the FLV tag body.</param>
    /// <param name="rest">The rest of it; may be empty.</param>
    public void SendMedia(RtmpMediaKind kind, uint timestampMs, ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest = default)
    {
        RequirePublishing();
        var (chunkStream, type) = kind is RtmpMediaKind.Audio
            ? (AudioChunkStream, RtmpMessageType.Audio)
            : (VideoChunkStream, RtmpMessageType.Video);
        _writer.Write(_output, chunkStream, type, _streamId, timestampMs, head, rest);
    }

    /// <summary>Ends the stream, so that the server need not wait for us to come back. The owner sends and closes.</summary>
    public void Unpublish()
    {
        if (State is not RtmpClientState.Publishing)
        {
            return;
        }

        WriteCommand(0, CommandChunkStream, "FCUnpublish", FcUnpublishTransaction, AmfValue.Null, _target.StreamName);
        WriteCommand(0, CommandChunkStream, "deleteStream", 0, AmfValue.Null, _streamId);
        State = RtmpClientState.Ended;
    }

    /// <summary>Gives back all memory. Nothing may be called afterwards.</summary>
    public void Dispose()
    {
        _reader.Dispose();
        _output.Dispose();
    }

    private void RequirePublishing()
    {
        if (State is not RtmpClientState.Publishing)
        {
            throw new InvalidOperationException($"Media can be sent while publishing, not while {State}.");
        }
    }

    private RtmpClientEvent Fail(RtmpFault fault)
    {
        Fault = fault;
        State = RtmpClientState.Faulted;
        return new RtmpClientEvent(RtmpClientEventKind.StateChanged, null);
    }

    private RtmpClientEvent Reject(RtmpStatus status)
    {
        Rejection = status;
        State = RtmpClientState.Rejected;
        return new RtmpClientEvent(RtmpClientEventKind.StateChanged, status);
    }

    private bool Handle(in RtmpMessage message, out RtmpClientEvent happened)
    {
        happened = default;
        ReadOnlySpan<byte> body = message.Body.Span;
        var isShort = body.Length < 4;
        switch (message.Type)
        {
            case RtmpMessageType.SetChunkSize:
                if (isShort || BinaryPrimitives.ReadInt32BigEndian(body) < 1)
                {
                    happened = Fail(RtmpFault.BadControlMessage);
                    return true;
                }

                _reader.ChunkSize = BinaryPrimitives.ReadInt32BigEndian(body);
                return false;

            case RtmpMessageType.Abort when !isShort:
                _reader.Abort(BinaryPrimitives.ReadInt32BigEndian(body));
                return false;

            case RtmpMessageType.Acknowledgement when !isShort:
                _sent.Acknowledge(BinaryPrimitives.ReadUInt32BigEndian(body));
                return false;

            case RtmpMessageType.WindowAcknowledgementSize when !isShort:
                _peerWindowBytes = Math.Max(BinaryPrimitives.ReadUInt32BigEndian(body), 8_192);
                return false;

            case RtmpMessageType.SetPeerBandwidth when !isShort:
                WriteWindow(BinaryPrimitives.ReadUInt32BigEndian(body));
                return false;

            case RtmpMessageType.UserControl when body.Length >= 6:
                if (BinaryPrimitives.ReadUInt16BigEndian(body) == (ushort)UserControlEvent.PingRequest)
                {
                    Span<byte> answer = stackalloc byte[6];
                    BinaryPrimitives.WriteUInt16BigEndian(answer, (ushort)UserControlEvent.PingResponse);
                    body.Slice(2, 4).CopyTo(answer[2..]);
                    _writer.Write(_output, ControlChunkStream, RtmpMessageType.UserControl, 0, 0, answer, []);
                }

                return false;

            case RtmpMessageType.CommandAmf0 or RtmpMessageType.CommandAmf3:
                return RtmpCommand.TryRead(message.Type, body) is { } command && HandleCommand(command, out happened);

            default:
                return false;
        }
    }

    private bool HandleCommand(RtmpCommand command, out RtmpClientEvent happened)
    {
        happened = default;
        switch (command.Name)
        {
            case "_result" when command.TransactionId == ConnectTransaction && State is RtmpClientState.Connecting:
                _taken = EnhancedRtmp.CodecsOf(command.Object, command.Argument(0) as AmfObject);
                if (_options.AcknowledgementWindowBytes > 0)
                {
                    WriteWindow(uint.MaxValue);
                }

                WriteControl(RtmpMessageType.SetChunkSize, (uint)_options.ChunkSize);
                _writer.ChunkSize = _options.ChunkSize;
                WriteCommand(0, CommandChunkStream, "releaseStream", ReleaseTransaction, AmfValue.Null, _target.StreamName);
                WriteCommand(0, CommandChunkStream, "FCPublish", FcPublishTransaction, AmfValue.Null, _target.StreamName);
                WriteCommand(0, CommandChunkStream, "createStream", CreateStreamTransaction, AmfValue.Null);
                return false;

            case "_result" when command.TransactionId == CreateStreamTransaction && State is RtmpClientState.Connecting:
                _streamId = command.Argument(0)?.AsNumber() is { } id and >= 0 and <= uint.MaxValue ? (uint)id : 1;
                WriteCommand(_streamId, PublishChunkStream, "publish", PublishTransaction, AmfValue.Null, _target.StreamName, "live");
                return false;

            // Servers that do not know releaseStream or FCPublish say so, and go on well without.
            case "_error" when command.TransactionId is ConnectTransaction or CreateStreamTransaction or PublishTransaction:
                happened = Reject(StatusOf(command));
                return true;

            case "onStatus":
                return HandleStatus(StatusOf(command), out happened);

            case "close":
                happened = Reject(RtmpStatus.Of(RtmpStatusCodes.ConnectClosed, "The server has closed the stream."));
                return true;

            default:
                return false;
        }
    }

    private bool HandleStatus(RtmpStatus status, out RtmpClientEvent happened)
    {
        if (State is RtmpClientState.Ended)
        {
            happened = new RtmpClientEvent(RtmpClientEventKind.StatusReceived, status);
            return true;
        }

        switch (status.Code)
        {
            case RtmpStatusCodes.PublishStart:
                if (State is RtmpClientState.Publishing)
                {
                    break;
                }

                State = RtmpClientState.Publishing;
                happened = new RtmpClientEvent(RtmpClientEventKind.StateChanged, status);
                return true;

            case RtmpStatusCodes.ConnectReconnectRequest:
                happened = new RtmpClientEvent(RtmpClientEventKind.ReconnectRequested, status);
                return true;

            case RtmpStatusCodes.PublishBadName or RtmpStatusCodes.PublishDenied or RtmpStatusCodes.PublishRejected
                or RtmpStatusCodes.ConnectClosed or RtmpStatusCodes.ConnectRejected or RtmpStatusCodes.ConnectAppShutdown
                or RtmpStatusCodes.UnpublishSuccess:
                happened = Reject(status);
                return true;

            default:
                if (status.Level == "error")
                {
                    happened = Reject(status);
                    return true;
                }

                break;
        }

        happened = new RtmpClientEvent(RtmpClientEventKind.StatusReceived, status);
        return true;
    }

    private static RtmpStatus StatusOf(RtmpCommand command) =>
        RtmpStatus.From(command.Argument(0)) ?? RtmpStatus.From(command.Object) ?? RtmpStatus.Error("", "The server gave no reason.");

    // What the server proposes, unless we want to hear from it more often.
    private void WriteWindow(uint proposed)
    {
        var own = _options.AcknowledgementWindowBytes;
        WriteControl(RtmpMessageType.WindowAcknowledgementSize, own > 0 ? Math.Min((uint)own, proposed) : proposed);
    }

    private void WriteConnect()
    {
        var properties = new AmfObject()
            .Add("app", _target.App)
            .Add("type", "nonprivate")
            .Add("flashVer", _options.Encoder)
            .Add("swfUrl", _target.TcUrl)
            .Add("tcUrl", _target.TcUrl);
        if (_options.IsEnhanced)
        {
            EnhancedRtmp.AddTo(properties);
        }

        WriteCommand(0, CommandChunkStream, "connect", ConnectTransaction, properties);
    }

    private void WriteControl(RtmpMessageType type, uint value)
    {
        Span<byte> body = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(body, value);
        _writer.Write(_output, ControlChunkStream, type, 0, 0, body, []);
    }

    private void WriteCommand(uint streamId, int chunkStream, string name, double transactionId, params ReadOnlySpan<AmfValue> values)
    {
        _scratch.ResetWrittenCount();
        Amf0Writer.WriteString(_scratch, name);
        Amf0Writer.WriteNumber(_scratch, transactionId);
        foreach (var value in values)
        {
            Amf0Writer.Write(_scratch, value);
        }

        _writer.Write(_output, chunkStream, RtmpMessageType.CommandAmf0, streamId, 0, _scratch.WrittenSpan, []);
    }
}
