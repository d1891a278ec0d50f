using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Roomcast.Accounts;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Feeds;
using Roomcast.Livestreams;
using Roomcast.Meetings;
using Roomcast.Meetings.History;
using Roomcast.RealtimeKit;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;
using Roomcast.Transcripts;
using Roomcast.Webhooks;
using Roomcast.Webhooks.Records;

namespace Roomcast.Bench.Api;

/// <summary>The REST API with its stores and webhooks in a process of its own, without media.</summary>
internal static class ApiServer
{
    /// <summary>The event that the measurement of webhooks sends.</summary>
    public const string Event = "livestreaming.statusUpdate";

    private const int Lanes = 500;
    private const int EventsPerTransaction = 20;
    private const int Writers = 4;

    /// <summary>Serves until its standard input ends. The first line it prints is its address.</summary>
    public static async Task<int> RunAsync(string folder, string databaseUrl)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0));
        builder.Services.Configure<StorageOptions>(storage =>
        {
            storage.DataFolder = folder;
            storage.DatabaseUrl = databaseUrl == "-" ? null : databaseUrl;
        });
        builder.Services.AddStorage().AddAccounts().AddLivestreams().AddMeetings();
        builder.Services.AddSingleton(new PublicAddresses { RtmpBase = "rtmp://127.0.0.1:1935", HttpBase = "http://127.0.0.1:8080" });
        builder.Services.AddSingleton<IPushableFeeds, NothingToPush>();
        builder.Services.AddPush();
        builder.Services.Configure<BlobOptions>(blobs => blobs.Folder = Path.Combine(folder, "blobs"));
        builder.Services.Configure<RecordingOptions>(recordings => recordings.Folder = Path.Combine(folder, "recordings"));
        builder.Services.Configure<HistoryOptions>(history => history.Folder = Path.Combine(folder, "session-files"));
        builder.Services.AddBlobs().AddRecordings().AddSessionHistory().AddTranscripts();
        builder.Services.Configure<WebhookOptions>(webhooks => webhooks.PrivateNetworks = [IPNetwork.Parse("127.0.0.0/8")]);
        builder.Services.AddRealtimeKit();

        await using var app = builder.Build();
        app.MapRealtimeKit();
        app.MapPost("/bench/events", HappenAsync);
        await app.StartAsync();
        Console.WriteLine(app.Urls.Single());
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
        return 0;
    }

    /// <summary>Has so many events happen in each second, for so many seconds; several at once, as requests and meetings do.</summary>
    private static Task HappenAsync(Guid app, int rate, int seconds, Database database, WebhookOutbox outbox)
    {
        var start = TimeProvider.System.GetTimestamp();
        return Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => WriteAsync(app, rate, rate * seconds, writer, start, database, outbox)));
    }

    private static async Task WriteAsync(Guid app, int rate, int all, int writer, long start, Database database, WebhookOutbox outbox)
    {
        for (var sent = writer * EventsPerTransaction; sent < all; sent += Writers * EventsPerTransaction)
        {
            var first = sent;
            await database.WriteAsync(
                async transaction =>
                {
                    for (var i = first; i < first + EventsPerTransaction; i++)
                    {
                        await outbox.AddAsync(transaction, new AppId(app), Event, $"lane {i % Lanes}", () => Task.FromResult(Body(i)));
                    }
                },
                CancellationToken.None);
            var due = TimeSpan.FromSeconds((double)(sent + EventsPerTransaction) / rate);
            var ahead = due - TimeProvider.System.GetElapsedTime(start);
            if (ahead > TimeSpan.FromMilliseconds(5))
            {
                await Task.Delay(ahead);
            }
        }
    }

    // About as long as the event of a livestream is.
    private static byte[] Body(int number) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"event":"{{Event}}","number":{{number}},"at":{{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}},"filling":"{{new string('x', 400)}}"}"""));

    private sealed class NothingToPush : IPushableFeeds
    {
        public event Action<Guid, Feed>? WentLive
        {
            add { }
            remove { }
        }

        public Feed? Find(Guid livestreamId) => null;
    }
}
