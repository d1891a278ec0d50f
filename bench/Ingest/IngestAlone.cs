using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Records;
using Roomcast.Media;
using Roomcast.Media.Time;
using Roomcast.Transports.Tcp;

namespace Roomcast.Bench.Ingest;

/// <summary>Roomcast's ingest in a process of its own, with nothing behind it: what taking in costs without making HLS.</summary>
internal sealed class IngestAlone : MeasuredServer
{
    private readonly Process _process;
    private readonly string _address;

    private IngestAlone(Process process, string address)
    {
        _process = process;
        _address = address;
    }

    public override string Name => "ingest alone";

    public override int ProcessId => _process.Id;

    public static async Task<IngestAlone> StartAsync()
    {
        var process = IngestBench.StartSelf("host");
        return new IngestAlone(process, await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The ingest did not start."));
    }

    /// <summary>The process itself: listens, prints its address, and runs until standard input ends.</summary>
    public static async Task<int> HostAsync()
    {
        var gate = new OpenGate();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IIngestGate>(gate);
        services.AddRtmpIngest();
        await using var provider = services.BuildServiceProvider();
        var ingest = provider.GetRequiredService<RtmpIngest>();
        ingest.Listen(new ListenOptions { Address = new IPEndPoint(IPAddress.Loopback, 0), Setting = "none", Protocol = "rtmp" });
        Console.WriteLine($"rtmp://{ingest.EndPoints[0]}/live/");
        while (await Console.In.ReadLineAsync() is not null)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{gate.Frames} {GC.GetTotalAllocatedBytes()}"));
        }

        return 0;
    }

    public override Task<IReadOnlyList<string>> MakeAddressesAsync(int count) =>
        Task.FromResult<IReadOnlyList<string>>([.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{_address}key{i}"))]);

    public override async Task CheckAsync()
    {
        var (frames, allocated) = await AskAsync();
        await Task.Delay(TimeSpan.FromSeconds(5));
        var (laterFrames, laterAllocated) = await AskAsync();
        if (laterFrames == frames)
        {
            throw new InvalidOperationException("No frames arrive.");
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {Name,-12} {(laterAllocated - allocated) / (double)(laterFrames - frames):0.0} bytes allocated a frame"));
    }

    public override async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<(long Frames, long Allocated)> AskAsync()
    {
        await _process.StandardInput.WriteLineAsync();
        await _process.StandardInput.FlushAsync();
        var numbers = (await _process.StandardOutput.ReadLineAsync())!.Split(' ').Select(static text => long.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return (numbers[0], numbers[1]);
    }

    private sealed class OpenGate : IIngestGate
    {
        private readonly ConcurrentBag<CountingPublisher> _publishers = [];

        public long Frames => _publishers.Sum(static publisher => publisher.Frames);

        public ValueTask<IngestAdmission> AdmitAsync(IngestRequest request, CancellationToken cancellationToken)
        {
            var publisher = new CountingPublisher();
            _publishers.Add(publisher);
            return ValueTask.FromResult(new IngestAdmission(publisher, null));
        }
    }

    private sealed class CountingPublisher : IngestPublisher
    {
        public long Frames { get; private set; }

        public override LivestreamId LivestreamId { get; } = new(Guid.NewGuid());

        public override CancellationToken Ending => default;

        public override IngestEndReason EndReason => IngestEndReason.None;

        public override MediaTime ProgramTimeNow => default;

        public override void SetTracks(IReadOnlyList<Track> tracks)
        {
        }

        public override void MarkDiscontinuity()
        {
        }

        public override void Publish(Frame frame) => Frames++;

        public override void Report(PublisherMeasurements measurements)
        {
        }

        public override void Close(IngestEndReason reason)
        {
        }
    }
}
