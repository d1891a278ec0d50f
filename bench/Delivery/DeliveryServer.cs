using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Hls;
using Roomcast.Livestreams.Delivery;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.Media;

namespace Roomcast.Bench.Delivery;

/// <summary>The server process: our delivery on Kestrel with TLS, one livestream fed at the speed it plays.</summary>
internal static class DeliveryServer
{
    /// <summary>The path of the livestream.</summary>
    public const string Livestream = "/live/00000000-0000-0000-0000-000000000001";

    /// <summary>What the names of parts begin with.</summary>
    public const string RunTag = "bench";

    // Keyframes are every two seconds, so one round of the source can follow the other.
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(8);

    public static async Task<int> RunAsync(string folder)
    {
        var programs = new OneProgram();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0, listener =>
            {
                listener.Protocols = HttpProtocols.Http1AndHttp2;
                listener.UseHttps(BenchCertificate.Read(folder));
            });
        });
        builder.Services.AddLogging();
        builder.Services.AddSingleton(new PlaybackTokens(new byte[PlaybackTokens.MinKeyLength]));
        builder.Services.AddSingleton(new ViewerTokens(new byte[ViewerTokens.MinKeyLength]));
        builder.Services.AddSingleton<ILivePrograms>(programs);
        builder.Services.AddLivestreamDelivery();
        builder.Services.Configure<DeliveryOptions>(delivery => delivery.MaxHeldPerLivestream = delivery.MaxHeld = 100_000);
        await using var app = builder.Build();
        app.UseLivestreamDelivery();
        await app.StartAsync();

        using var stopping = new CancellationTokenSource();
        var feeding = FeedAsync(programs.Program.Stream, Path.Combine(folder, "published.txt"), stopping.Token);
        while (!programs.Program.Stream.IsPlayable)
        {
            await Task.Delay(50);
        }

        await Console.Out.WriteLineAsync($"ready {new Uri(app.Urls.First()).Port.ToString(CultureInfo.InvariantCulture)}");
        await Console.In.ReadLineAsync();
        await stopping.CancelAsync();
        await feeding;
        return 0;
    }

    // Writes down when each part was published: the moment before the frame was pushed that completed it. All processes of a
    // machine share this clock.
    private static async Task FeedAsync(HlsStream stream, string logPath, CancellationToken stopping)
    {
        await using var log = new StreamWriter(logPath);
        var source = StreamShape.Source;
        stream.SetTracks(source.Tracks);
        var start = Stopwatch.GetTimestamp();
        for (var round = 0L; !stopping.IsCancellationRequested; round++)
        {
            foreach (var frame in (source with { Start = Round * round }).Frames(Round))
            {
                var wait = frame.DecodeTime.SinceStart - Stopwatch.GetElapsedTime(start);
                if (wait > TimeSpan.FromMilliseconds(1) && !stopping.IsCancellationRequested)
                {
                    await Task.Delay(wait, CancellationToken.None);
                }

                Push(stream, frame, log);
                frame.Release();
            }
        }
    }

    private static void Push(HlsStream stream, Frame frame, StreamWriter log)
    {
        var before = stream.Publications;
        var at = Stopwatch.GetTimestamp();
        stream.Push(frame, Stopwatch.GetElapsedTime(0, at));
        if (stream.Publications != before)
        {
            // Parts are whole and even, so the time says which one it was: that which ended with this frame's beginning.
            var part = (long)Math.Round(frame.DecodeTime.SinceStart / StreamShape.Part) - 1;
            log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{part} {at}"));
            log.Flush();
        }
    }

    private sealed class OneProgram : ILivePrograms
    {
        public LiveProgram Program { get; } = new(
            new LivestreamId(Guid.Parse("00000000-0000-0000-0000-000000000001")),
            new HlsStream(new HlsOptions(), RunTag, TimeProvider.System.GetUtcNow()),
            new Nobody());

        public LiveProgram? Find(LivestreamId id) => id == Program.LivestreamId ? Program : null;
    }

    private sealed class Nobody : IViewerWitness
    {
        public void Seen(string viewerId, string? userAgent)
        {
        }
    }
}
