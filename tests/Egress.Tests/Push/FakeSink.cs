using System.Threading.Channels;
using Roomcast.Egress.Push;
using Roomcast.Media.Containers.Flv;
using Roomcast.Rtmp.Amf;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Connection;
using Roomcast.Transports.Tcp;

namespace Roomcast.Egress.Tests.Push;

/// <summary>How a target behaves on one connection.</summary>
internal sealed record SinkPlan
{
    /// <summary>Why it cannot be connected to.</summary>
    public OutgoingFailure? Fails { get; init; }

    /// <summary>What it answers to publish instead of Start.</summary>
    public RtmpStatus? Refuses { get; init; }

    /// <summary>Whether it closes when it is asked to publish.</summary>
    public bool ClosesWhenAsked { get; init; }

    /// <summary>Whether it says nothing to publish.</summary>
    public bool IsMute { get; init; }

    /// <summary>After how many media messages it closes.</summary>
    public int? ClosesAfter { get; init; }

    /// <summary>After how many media messages it takes nothing more, until <see cref="SinkConnection.Unwedge"/>.</summary>
    public int? WedgesAfter { get; init; }
}

/// <summary>One audio or video message as a target got it.</summary>
internal sealed record SinkMessage(RtmpMediaKind Kind, uint TimeMs, byte[] Body)
{
    public bool IsHeader => Body[1] == 0;

    public bool IsKeyframe => Kind is RtmpMediaKind.Video && Body[0] >> 4 == 1;

    /// <summary>The payload behind the classic header.</summary>
    public byte[] Payload => Kind is RtmpMediaKind.Video ? Body[5..] : Body[2..];
}

/// <summary>A target in memory, with the server's engine inside: it does to each connection what the test plans.</summary>
internal sealed class FakeSink(Func<int, SinkPlan>? plan = null) : IPushDialer
{
    private readonly Lock _lock = new();
    private readonly List<SinkConnection> _connections = [];
    private int _calls;

    /// <summary>How often it was connected to, failures included.</summary>
    public int Calls => Volatile.Read(ref _calls);

    public IReadOnlyList<SinkConnection> Connections
    {
        get
        {
            lock (_lock)
            {
                return [.. _connections];
            }
        }
    }

    public SinkConnection Last => Connections[^1];

    public Task<IPushConnection> ConnectAsync(PushAddress address, CancellationToken cancellationToken)
    {
        var call = Interlocked.Increment(ref _calls);
        var wanted = plan?.Invoke(call) ?? new SinkPlan();
        if (wanted.Fails is { } failure)
        {
            throw new OutgoingException(failure, $"The target at {address.Url} does not want us.");
        }

        var connection = new SinkConnection(wanted);
        lock (_lock)
        {
            _connections.Add(connection);
        }

        return Task.FromResult<IPushConnection>(connection);
    }
}

/// <summary>One connection to it.</summary>
internal sealed class SinkConnection(SinkPlan plan) : IPushConnection
{
    private readonly RtmpServerConnection _server = new();
    private readonly Channel<byte[]> _toClient = Channel.CreateUnbounded<byte[]>();
    private readonly Lock _lock = new();
    private readonly List<SinkMessage> _messages = [];
    private readonly List<AmfObject> _metadata = [];
    private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _unwedged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] _rest = [];
    private int _frameCount;

    public IReadOnlyList<SinkMessage> Messages
    {
        get
        {
            lock (_lock)
            {
                return [.. _messages];
            }
        }
    }

    public IReadOnlyList<SinkMessage> Frames => [.. Messages.Where(message => !message.IsHeader)];

    /// <summary>How many frames it has got.</summary>
    public int FrameCount
    {
        get
        {
            lock (_lock)
            {
                return _frameCount;
            }
        }
    }

    public IReadOnlyList<AmfObject> Metadata
    {
        get
        {
            lock (_lock)
            {
                return [.. _metadata];
            }
        }
    }

    public RtmpPublishRequest? Asked { get; private set; }

    public bool HasUnpublished { get; private set; }

    public bool IsAborted => _aborted.Task.IsCompleted;

    private bool IsWedged => plan.WedgesAfter is { } after && _messages.Count >= after && !_unwedged.Task.IsCompleted;

    public void Unwedge() => _unwedged.TrySetResult();

    /// <summary>Closes from the target's side.</summary>
    public void Close() => _toClient.Writer.TryComplete();

    /// <summary>Says something, as a server does at any time.</summary>
    public void Say(RtmpStatus status)
    {
        lock (_lock)
        {
            _server.Tell(status);
            Answer();
        }
    }

    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer)
    {
        if (_rest.Length == 0)
        {
            var next = _toClient.Reader.WaitToReadAsync().AsTask();
            await Task.WhenAny(next, _aborted.Task);
            if (IsAborted)
            {
                throw new IOException("It was aborted.");
            }

            if (!await next || !_toClient.Reader.TryRead(out var bytes))
            {
                return 0;
            }

            _rest = bytes;
        }

        var count = Math.Min(_rest.Length, buffer.Length);
        _rest.AsSpan(0, count).CopyTo(buffer.Span);
        _rest = _rest[count..];
        return count;
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bool isWedged;
            lock (_lock)
            {
                isWedged = IsWedged;
            }

            if (isWedged)
            {
                await Task.WhenAny(_unwedged.Task, _aborted.Task);
            }

            if (IsAborted)
            {
                throw new IOException("It was aborted.");
            }

            lock (_lock)
            {
                bytes = bytes[Feed(bytes.Span)..];
            }
        }
    }

    public ValueTask ShutdownAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    public void Abort() => _aborted.TrySetResult();

    public ValueTask DisposeAsync()
    {
        Abort();
        return ValueTask.CompletedTask;
    }

    // Takes bytes until it is to wedge, if it is.
    private int Feed(ReadOnlySpan<byte> bytes)
    {
        var used = 0;
        while (true)
        {
            used += _server.Read(bytes[used..], out var happened);
            Answer();
            switch (happened.Kind)
            {
                case RtmpServerEventKind.None:
                case RtmpServerEventKind.Ended:
                    return bytes.Length;
                case RtmpServerEventKind.PublishRequested:
                    Asked = happened.Publish;
                    if (plan.ClosesWhenAsked)
                    {
                        Close();
                    }
                    else if (plan.Refuses is { } status)
                    {
                        _server.RefusePublish(status);
                    }
                    else if (!plan.IsMute)
                    {
                        _server.AcceptPublish();
                    }

                    Answer();
                    if (plan.IsMute || plan.ClosesWhenAsked)
                    {
                        return bytes.Length;
                    }

                    break;
                case RtmpServerEventKind.Metadata:
                    _metadata.Add(happened.Metadata!);
                    break;
                case RtmpServerEventKind.PublishEnded:
                    HasUnpublished = true;
                    break;
                case RtmpServerEventKind.Media:
                    _messages.Add(new SinkMessage(happened.Media.Kind, happened.Media.TimestampMs, happened.Media.Body.ToArray()));
                    _frameCount += _messages[^1].IsHeader ? 0 : 1;
                    happened.Media.Buffer.Release();
                    if (_messages.Count == plan.ClosesAfter)
                    {
                        Close();
                    }

                    if (IsWedged)
                    {
                        return used;
                    }

                    break;
            }
        }
    }

    private void Answer()
    {
        if (!_server.Output.IsEmpty)
        {
            _toClient.Writer.TryWrite(_server.Output.ToArray());
            _server.OutputSent(_server.Output.Length);
        }
    }
}
