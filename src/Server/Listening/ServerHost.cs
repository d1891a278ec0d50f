using Roomcast.Egress.Recording;
using Roomcast.Livestreams.Delivery;
using Roomcast.Livestreams;
using Roomcast.Meetings.Blobs;
using Roomcast.Meetings.History;
using Roomcast.Server.Configuration;
using Roomcast.Server.Live;
using Roomcast.Storage.Blobs;

namespace Roomcast.Server.Listening;

/// <summary>What every part of the server is given: the settings, the clock, the addresses, and how it ends.</summary>
internal static class ServerHost
{
    /// <summary>Adds it.</summary>
    public static void AddServerHost(this WebApplicationBuilder builder, SettingsReading reading, ListenerSockets sockets, ServerNames names)
    {
        builder.Host.UseDefaultServiceProvider(provider =>
        {
            provider.ValidateOnBuild = true;
            provider.ValidateScopes = true;
        });
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(reading);
        builder.Services.AddSingleton(reading.Values);
        builder.Services.AddSingleton(_ => sockets);
        builder.Services.AddSingleton(names);
        builder.Services.AddSingleton<PublicAddresses>(sockets.PublicAddresses(reading.Values));
        builder.Services.AddSingleton(sockets.PageAddresses(reading.Values));
        builder.Services.AddSingleton<IHostLifetime, SignalLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = reading.Values.Get(ServerSettings.DrainTimeout));
        ServerSettings.Registry.Configure(builder.Services, reading.Values);

        var dataFolder = Path.GetFullPath(reading.Values.Get(ServerSettings.Data));
        builder.Services.Configure<DeliveryOptions>(delivery =>
        {
            delivery.SegmentFolder = Path.Combine(dataFolder, "segments");
            delivery.MinFreeBytes = reading.Values.Get(ServerSettings.MinFreeDisk);
        });
        builder.Services.Configure<ChatFileOptions>(files =>
        {
            // Told in meetings, whose pages come by https: a browser would block what comes by anything else.
            files.Folder = Path.Combine(dataFolder, "chat-files");
            files.BaseAddress = sockets.PageAddresses(reading.Values).SecureBase;
            files.MinFreeBytes = reading.Values.Get(ServerSettings.MinFreeDisk);
        });
        builder.Services.Configure<HistoryOptions>(history => history.Folder = Path.Combine(dataFolder, "session-files"));
        builder.Services.Configure<BlobOptions>(blobs =>
        {
            // Told by the API and in webhooks, to programs that may know nothing of this server's own certificate.
            blobs.Folder = Path.Combine(dataFolder, "blobs");
            blobs.BaseAddress = sockets.PublicAddresses(reading.Values).HttpBase;
        });
        builder.Services.Configure<RecordingOptions>(recordings =>
        {
            recordings.Folder = Path.Combine(dataFolder, "recordings");
            recordings.MinFreeBytes = reading.Values.Get(ServerSettings.MinFreeDisk);
        });
        builder.Services.Configure<SceneStyleOptions>(style => style.PictureFolder = Path.Combine(dataFolder, "participant-pictures"));
    }
}
