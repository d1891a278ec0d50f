using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Roomcast.Hls;
using Roomcast.Livestreams.Delivery;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.TestKit.Hls;

namespace Roomcast.Livestreams.Tests.Delivery;

/// <summary>Delivery on a real Kestrel, with one livestream that a test feeds.</summary>
internal sealed class DeliveryHost : IAsyncDisposable, ILivePrograms
{
    public static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    /// <summary>The date of program time zero.</summary>
    public static readonly DateTimeOffset ProgramStart = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly X509Certificate2 OurCertificate = MakeCertificate();

    private readonly ConcurrentDictionary<string, bool> _asked = new();
    private readonly WebApplication _app;

    private DeliveryHost(WebApplication app, HlsOptions hls)
    {
        _app = app;
        Stream = new HlsStream(
            hls,
            "r" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)),
            ProgramStart,
            app.Services.GetRequiredService<SegmentFiles>().Open("test"),
            new DeliveryMetrics.StreamObserver(app.Services.GetRequiredService<DeliveryMetrics>(), TimeProvider.System, null));
        Program = new LiveProgram(Id, Stream, Witness);
    }

    public LivestreamId Id { get; } = new(Guid.NewGuid());

    public HlsStream Stream { get; }

    public LiveProgram Program { get; }

    public NotingWitness Witness { get; } = new();

    public PlaybackTokens Tokens => _app.Services.GetRequiredService<PlaybackTokens>();

    public SegmentFiles Files => _app.Services.GetRequiredService<SegmentFiles>();

    public IServiceProvider Services => _app.Services;

    public Uri Http { get; private set; } = null!;

    public Uri Https { get; private set; } = null!;

    public Uri Playlist => new(Http, $"/live/{Id}/index.m3u8");

    public static async Task<DeliveryHost> StartAsync(
        HlsOptions? hls = null, Action<DeliveryOptions>? delivery = null, TimeProvider? time = null, Action<IServiceCollection>? services = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Listen(IPAddress.Loopback, 0, listener =>
            {
                listener.Protocols = HttpProtocols.Http1AndHttp2;
                listener.UseHttps(OurCertificate);
            });
        });
        builder.Services.AddLogging();
        builder.Services.AddSingleton(new PlaybackTokens(Key));
        builder.Services.AddSingleton(new ViewerTokens(Key));
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        DeliveryHost? host = null;
        builder.Services.AddSingleton<ILivePrograms>(_ => host!);
        builder.Services.AddLivestreamDelivery();
        builder.Services.RemoveAll<Livestreams.Lifecycle.IPackaging>();
        if (delivery is not null)
        {
            builder.Services.Configure(delivery);
        }

        services?.Invoke(builder.Services);
        var app = builder.Build();
        host = new DeliveryHost(app, hls ?? new HlsOptions());
        app.Use((context, next) =>
        {
            host.Note(context.Request);
            return next(context);
        });
        app.UseLivestreamDelivery();
        app.Run(context =>
        {
            context.Response.StatusCode = StatusCodes.Status418ImATeapot;
            return Task.CompletedTask;
        });
        await app.StartAsync();
        var addresses = app.Urls.Select(url => new Uri(url)).ToList();
        host.Http = addresses[0];
        host.Https = addresses[1];
        return host;
    }

    public static HttpClient Client(Version? version = null, DelegatingHandler? between = null)
    {
        var handler = new SocketsHttpHandler
        {
            AutomaticDecompression = DecompressionMethods.None,
            EnableMultipleHttp2Connections = true,
            SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => OurCertificate.Equals(certificate) },
        };
        if (between is not null)
        {
            between.InnerHandler = handler;
        }

        return new HttpClient(between ?? (HttpMessageHandler)handler)
        {
            DefaultRequestVersion = version ?? HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    public LiveProgram? Find(LivestreamId id) => id == Id ? Program : null;

    /// <summary>Feeds the stream at once.</summary>
    public void Push(SyntheticSource source, TimeSpan length)
    {
        foreach (var frame in source.Frames(length))
        {
            Stream.Push(frame, TimeProvider.System.GetElapsedTime(0, TimeProvider.System.GetTimestamp()));
            frame.Release();
        }
    }

    /// <summary>Feeds the stream as fast as a player follows it: after each part it waits for the request for the next one.</summary>
    public Task FeedAsync(SyntheticSource source, TimeSpan length) =>
        FeedRestAsync(source, source.Start.TotalSeconds, (source.Start + length).TotalSeconds);

    /// <summary>The same from one moment of the source to another, where an earlier push ended.</summary>
    public async Task FeedRestAsync(SyntheticSource source, double fromSeconds, double toSeconds)
    {
        var time = TimeProvider.System;
        foreach (var frame in source.Frames(TimeSpan.FromSeconds(toSeconds) - source.Start))
        {
            if (frame.DecodeTime.SinceStart.TotalSeconds >= fromSeconds)
            {
                var publications = Stream.Publications;
                Stream.Push(frame, time.GetElapsedTime(0, time.GetTimestamp()));
                if (Stream.Publications != publications)
                {
                    await WaitForFollowersAsync();
                }
            }

            frame.Release();
        }
    }

    // A player that does not ask for the next part, because something is wrong with the stream, is not waited for long.
    private async Task WaitForFollowersAsync()
    {
        const int MostLooks = 40;
        foreach (var rendition in Stream.Renditions)
        {
            var playlist = MediaPlaylist.Read(System.Text.Encoding.UTF8.GetString(rendition.GetPlaylist(default).Value!.Bytes));
            var next = $"{rendition.Name}/media.m3u8?_HLS_msn={playlist.NextMsn}&_HLS_part={playlist.NextPart}";
            for (var look = 0; !playlist.IsEnded && !_asked.ContainsKey(next) && look < MostLooks; look++)
            {
                await Task.Delay(3);
            }
        }
    }

    private void Note(HttpRequest request)
    {
        var address = request.Path.Value + request.QueryString.Value;
        var start = address.LastIndexOf("/media.m3u8", StringComparison.Ordinal);
        if (start > 0)
        {
            start = address.LastIndexOf('/', start - 1) + 1;
            _asked.TryAdd(address[start..].Replace("&_HLS_skip=YES", "", StringComparison.Ordinal), true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Stream.Dispose();
        await _app.DisposeAsync();
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var made = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(2));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }

    /// <summary>Writes down whom it was told of.</summary>
    internal sealed class NotingWitness : IViewerWitness
    {
        private readonly List<(string Viewer, string? UserAgent)> _seen = [];

        public IReadOnlyList<(string Viewer, string? UserAgent)> All
        {
            get
            {
                lock (_seen)
                {
                    return [.. _seen];
                }
            }
        }

        public void Seen(string viewerId, string? userAgent)
        {
            lock (_seen)
            {
                _seen.Add((viewerId, userAgent));
            }
        }
    }
}
