using System.Buffers;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Feeds;
using Roomcast.Media;
using Roomcast.Media.Containers.Flv;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtc;
using Roomcast.TestKit.Video;

namespace Roomcast.Egress.Tests.Composition;

/// <summary>What is measured in real time has the processors for itself.</summary>
[CollectionDefinition(nameof(WorkerProcessTests), DisableParallelization = true)]
public sealed class WorkerProcesses;

/// <summary>The built worker as a process of its own, fed with packets in real time.</summary>
[Collection(nameof(WorkerProcessTests))]
public sealed class WorkerProcessTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task The_composed_picture_and_sound_are_what_was_sent_at_the_right_times()
    {
        await using var session = new ClockSession(await EncodedClock.MakeAsync(TimeSpan.FromSeconds(16)));
        await using var services = Build(session);
        var lease = await services.GetRequiredService<ICompositions>().AcquireAsync(Guid.NewGuid(), new CompositionFormat { Width = 640, Height = 360 }, default);
        using var feed = lease.Feed.TrySubscribe()!;
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "composed.flv");
        var pictures = await RecordAsync(feed, file, TimeSpan.FromSeconds(14));
        await lease.DisposeAsync();

        // Every tick has its picture: none is missing or doubled.
        Assert.All(pictures.Zip(pictures.Skip(1)), pair => Assert.Equal(1.0 / 30, (pair.Second - pair.First).TotalSeconds, 0.0001));
        var reading = await PictureClockReader.ReadAsync(file);
        var read = reading.Pictures.Where(picture => picture.Stamp is not null).ToList();
        Assert.InRange(read.Count, 200, 480);
        var counters = read.Select(picture => (int)picture.Stamp!.Value.Counter).ToList();
        var steps = counters.Zip(counters.Skip(1), (from, to) => to - from).ToList();
        Assert.All(steps, step => Assert.True(step >= 0));

        // Each tick shows the next picture. One that was handed over late is shown late, which says nothing of the worker.
        var late = session.Lateness.Select(by => by > TimeSpan.FromMilliseconds(20)).ToList();
        var counted = steps.Where((step, at) => !late.Skip(counters[at] + 1).Take(Math.Max(1, step)).Contains(true)).ToList();
        Assert.InRange(counted.Count, steps.Count / 4, steps.Count);
        Assert.True(
            counted.Count(step => step != 1) <= counted.Count / 10,
            $"{string.Join(' ', steps)}; handed over late, in ms: {string.Join(' ', session.Lateness.Select(by => (int)by.TotalMilliseconds))}");
        Assert.InRange(reading.AudioOffsets.Count, 3, 8);
        var offsets = reading.AudioOffsets.Select(offset => offset.Duration()).Order().ToList();
        Assert.True(offsets[(int)Math.Ceiling(offsets.Count * 0.95) - 1] <= TimeSpan.FromMilliseconds(45), string.Join(", ", reading.AudioOffsets));
    }

    [Fact]
    public async Task A_worker_that_is_killed_is_replaced_and_frames_go_on_after_a_discontinuity()
    {
        await using var session = new ClockSession(await EncodedClock.MakeAsync(TimeSpan.FromSeconds(30)));
        await using var services = Build(session);
        var launcher = (RecordingLauncher)services.GetRequiredService<IWorkerLauncher>();
        var lease = await services.GetRequiredService<ICompositions>().AcquireAsync(Guid.NewGuid(), new CompositionFormat { Width = 640, Height = 360 }, default);
        using var feed = lease.Feed.TrySubscribe()!;
        var before = await ReadUntilAsync(feed, item => item.Frame is { TrackId: 0 } frame && frame.PresentationTime.SinceStart > TimeSpan.FromSeconds(2));
        using (var process = Process.GetProcessById(launcher.ProcessIds.Single()))
        {
            process.Kill();
        }

        var items = await ReadUntilAsync(feed, item => item.Kind is FeedItemKind.Discontinuity);
        var after = await ReadUntilAsync(feed, item => item.Frame is { TrackId: 0 });
        Assert.Equal(2, session.Connections);
        Assert.Equal(2, launcher.ProcessIds.Count);
        var last = items.Concat(before).Where(each => each.TrackId == 0).Max(each => each.At);
        Assert.True(after[^1].IsKeyframe);
        // A second on a machine that has time; how much it has nobody knows here.
        Assert.InRange(after[^1].At - last, TimeSpan.FromMilliseconds(33), TimeSpan.FromSeconds(20));
        await lease.DisposeAsync();
        Assert.All(launcher.ProcessIds, id => Assert.Throws<ArgumentException>(() => Process.GetProcessById(id)));
    }

    [Fact]
    public async Task A_worker_ends_when_its_server_is_gone()
    {
        // A server that is killed closes its sockets without a word, and so does this.
        var launcher = new WorkerLauncher(Options.Create(new CompositionOptions()));
        await using var worker = await launcher.StartAsync(default);
        await worker.Stream.DisposeAsync();
        using var patience = new CancellationTokenSource(Patience);
        Assert.StartsWith("exit code", await worker.WhenEndedAsync(patience.Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_is_told_of_a_thousand_composes_as_many_as_it_may_and_goes_on()
    {
        var launcher = new WorkerLauncher(Options.Create(new CompositionOptions()));
        await using var worker = await launcher.StartAsync(default);
        var output = new ArrayBufferWriter<byte>();
        var format = new CompositionFormat { Width = 320, Height = 180 };
        WireJson.Write(WireKind.Start, new WireStart(WireStart.CurrentVersion, format, "ultrafast", 1), output);
        WireJson.Write(WireKind.Scene, new Scene { Peers = [.. Enumerable.Range(0, 1_000).Select(each => new ScenePeer($"{each}", $"Peer {each}"))] }, output);
        await worker.Stream.WriteAsync(output.WrittenMemory);
        using var patience = new CancellationTokenSource(Patience);
        var buffer = new WireBuffer();
        for (var pictures = 0; pictures < 30;)
        {
            var count = await worker.Stream.ReadAsync(buffer.Room, patience.Token);
            Assert.True(count > 0, "It has ended.");
            buffer.Added(count);
            while (buffer.TryRead(out var kind, out var body) is OperationStatus.Done)
            {
                pictures += kind is WireKind.Frame && WireFrame.TryRead(body, out var frame, out _) && frame.TrackId == CompositionFormat.VideoTrackId ? 1 : 0;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_worker_that_is_told_what_no_server_says_ends_with_a_code_of_its_own_and_says_what_it_was(bool isStarted)
    {
        var launcher = new WorkerLauncher(Options.Create(new CompositionOptions()));
        await using var worker = await launcher.StartAsync(default);
        using var patience = new CancellationTokenSource(Patience);
        var output = new ArrayBufferWriter<byte>();
        var buffer = new WireBuffer();
        if (isStarted)
        {
            WireJson.Write(WireKind.Start, new WireStart(WireStart.CurrentVersion, new CompositionFormat { Width = 320, Height = 180 }, "ultrafast", 1), output);
            await worker.Stream.WriteAsync(output.WrittenMemory);
            while (buffer.TryRead(out _, out _) is not OperationStatus.Done)
            {
                buffer.Added(await worker.Stream.ReadAsync(buffer.Room, patience.Token));
            }

            output.ResetWrittenCount();
        }

        WireMessage.Write(WireKind.Pong, 8, output);
        await worker.Stream.WriteAsync(output.WrittenMemory);
        var fault = "";
        while (await worker.Stream.ReadAsync(buffer.Room, patience.Token) is > 0 and var count)
        {
            buffer.Added(count);
            while (buffer.TryRead(out var kind, out var body) is OperationStatus.Done)
            {
                fault = kind is WireKind.Fault ? WireFault.Read(body) : fault;
            }
        }

        var ended = await worker.WhenEndedAsync(patience.Token);
        Assert.StartsWith("exit code 4", ended, StringComparison.Ordinal);
        Assert.Contains("kind 71 with 8 bytes", isStarted ? fault : ended, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_is_not_there_is_said()
    {
        var launcher = new WorkerLauncher(Options.Create(new CompositionOptions { WorkerPath = "/nowhere/worker" }));
        Assert.Contains("/nowhere/worker", (await Assert.ThrowsAsync<CompositionException>(async () => await launcher.StartAsync(default))).Message, StringComparison.Ordinal);
    }

    private static ServiceProvider Build(ClockSession session) => new ServiceCollection()
        .AddSingleton(TimeProvider.System)
        .AddSingleton<ICompositionSource>(session)
        .AddSingleton<IWorkerLauncher>(provider => new RecordingLauncher(new WorkerLauncher(provider.GetRequiredService<IOptions<CompositionOptions>>())))
        .Configure<CompositionOptions>(options => (options.Preset, options.StartTimeout, options.Silence) = ("ultrafast", TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(30)))
        .AddLogging()
        .AddCompositions()
        .BuildServiceProvider();

    private static async Task<List<(int TrackId, TimeSpan At, bool IsKeyframe)>> ReadUntilAsync(FeedSubscription feed, Func<FeedItem, bool> isLast)
    {
        var read = new List<(int, TimeSpan, bool)>();
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            FeedItem item;
            while (!feed.TryRead(out item))
            {
                await feed.WaitToReadAsync().AsTask().WaitAsync(patience.Token);
            }

            Assert.NotEqual(FeedItemKind.Ended, item.Kind);
            if (item.Frame is { } frame)
            {
                read.Add((frame.TrackId, frame.PresentationTime.SinceStart, frame.IsKeyframe));
            }

            var isOver = isLast(item);
            item.Frame?.Release();
            if (isOver)
            {
                return read;
            }
        }
    }

    /// <summary>Writes what is composed as FLV; returns the times of the pictures.</summary>
    private static async Task<List<TimeSpan>> RecordAsync(FeedSubscription feed, string path, TimeSpan length)
    {
        var pictures = new List<TimeSpan>();
        var bytes = new ArrayBufferWriter<byte>(1 << 22);
        FlvFile.WriteHeader(bytes, hasAudio: true, hasVideo: true);
        await ReadUntilAsync(feed, item =>
        {
            foreach (var track in item.Tracks ?? [])
            {
                Write(track.Kind is TrackKind.Video, isKeyframe: true, kind: 0, track.Configuration.Span, default);
            }

            if (item.Frame is not { } frame)
            {
                return false;
            }

            var isVideo = frame.TrackId == CompositionFormat.VideoTrackId;
            var at = frame.PresentationTime.SinceStart;
            Write(isVideo, frame.IsKeyframe, kind: 1, frame.Payload.Span, at);
            if (isVideo)
            {
                pictures.Add(at);
            }

            return at > length;
        });
        await File.WriteAllBytesAsync(path, bytes.WrittenMemory);
        return pictures;

        // Legacy FLV: AVC or AAC, configuration (0) or frame (1), and for pictures an offset of 24 bits, which is 0 without B-frames.
        void Write(bool isVideo, bool isKeyframe, byte kind, ReadOnlySpan<byte> payload, TimeSpan at) => FlvFile.WriteTag(
            bytes,
            isVideo ? FlvTagType.Video : FlvTagType.Audio,
            (uint)Math.Round(at.TotalMilliseconds),
            isVideo ? [isKeyframe ? (byte)0x17 : (byte)0x27, kind, 0, 0, 0] : [0xAF, kind],
            payload);
    }

    private sealed class RecordingLauncher(WorkerLauncher launcher) : IWorkerLauncher
    {
        public List<int> ProcessIds { get; } = [];

        public async ValueTask<IWorker> StartAsync(CancellationToken cancellationToken)
        {
            var worker = await launcher.StartAsync(cancellationToken);
            ProcessIds.Add(worker.ProcessId);
            return worker;
        }
    }
}
