using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Media;
using Roomcast.TestKit;

namespace Roomcast.Egress.Tests.Composition;

/// <summary>Workers that do what the test says, at the other end of a real connection.</summary>
internal sealed class ScriptedWorkers : IWorkerLauncher
{
    private readonly Channel<ScriptedWorker> _started = Channel.CreateUnbounded<ScriptedWorker>();
    private int _count;
    private int _begun;
    private int _taken;

    /// <summary>Workers started.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Whether one is being started, or was, that <see cref="NextAsync"/> has not given so far.</summary>
    public bool HasNext => Volatile.Read(ref _begun) > _taken;

    /// <summary>What a start throws instead; null to start.</summary>
    public CompositionException? Refusal { get; set; }

    public async ValueTask<IWorker> StartAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _count);
        if (Refusal is { } refusal)
        {
            throw refusal;
        }

        Interlocked.Increment(ref _begun);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, cancellationToken);
        var worker = new ScriptedWorker(await listener.AcceptTcpClientAsync(cancellationToken), client, Count);
        await _started.Writer.WriteAsync(worker, cancellationToken);
        return worker;
    }

    /// <summary>The next worker that is started, once the server has told it what to do.</summary>
    public async Task<ScriptedWorker> NextAsync()
    {
        using var patience = new CancellationTokenSource(ScriptedWorker.Patience);
        var worker = await _started.Reader.ReadAsync(patience.Token);
        _taken++;
        var (kind, body) = await worker.ReadAsync();
        Assert.Equal(WireKind.Start, kind);
        Assert.True(WireJson.TryRead<WireStart>(body, out var start));
        worker.Start = start;
        return worker;
    }
}

/// <summary>One of them, as the test and as the server see it.</summary>
internal sealed class ScriptedWorker(TcpClient server, TcpClient own, int number) : IWorker
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly byte[] AudioConfiguration = [0x11, 0x90];

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WireBuffer _buffer = new();

    public WireStart? Start { get; set; }

    public int Kills { get; private set; }

    public Stream Stream => server.GetStream();

    public int ProcessId => number;

    public TimeSpan WaitedToRun { get; set; }

    public void Kill()
    {
        Kills++;
        Die();
    }

    /// <summary>Ends as a process does: its connection closes.</summary>
    public void Die()
    {
        own.Dispose();
        _ended.TrySetResult();
    }

    public async Task<string> WhenEndedAsync(CancellationToken cancellationToken)
    {
        await _ended.Task.WaitAsync(cancellationToken);
        return "exit code 137";
    }

    public ValueTask DisposeAsync()
    {
        Die();
        server.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The next message from the server.</summary>
    public async Task<(WireKind Kind, byte[] Body)> ReadAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            if (_buffer.TryRead(out var kind, out var body) is OperationStatus.Done)
            {
                return (kind, body.ToArray());
            }

            var count = await own.GetStream().ReadAsync(_buffer.Room, patience.Token);
            Assert.True(count > 0, "The server closed the connection.");
            _buffer.Added(count);
        }
    }

    public Task SendAsync(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return own.GetStream().WriteAsync(output.WrittenMemory).AsTask();
    }

    public Task SayReadyAsync(string? missing = null) =>
        SendAsync(output => WireJson.Write(WireKind.Ready, new WireReady(WireStart.CurrentVersion, number, missing), output));

    public Task SayTracksAsync() => SendAsync(output =>
    {
        new WireTrack(0, Codec.H264, CodecSamples.AvcHigh).Write(output);
        new WireTrack(1, Codec.Aac, AudioConfiguration).Write(output);
    });

    public Task GiveAsync(int trackId, double seconds, byte mark = 0, bool isKeyframe = true) =>
        SendAsync(output => new WireFrame((byte)trackId, isKeyframe, TimeSpan.FromSeconds(seconds)).Write([mark], output));
}
