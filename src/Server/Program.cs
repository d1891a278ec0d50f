using Roomcast.Accounts;
using Roomcast.Egress;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Delivery;
using Roomcast.Livestreams.Viewers;
using Roomcast.Meetings;
using Roomcast.Meetings.Blobs;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Sessions;
using Roomcast.RealtimeKit;
using Roomcast.RealtimeKit.Client;
using Roomcast.Relay;
using Roomcast.Server.Configuration;
using Roomcast.Server.Egress;
using Roomcast.Server.FirstStart;
using Roomcast.Server.Listening;
using Roomcast.Server.Live;
using Roomcast.Server.Observability;
using Roomcast.Server.Pages;
using Roomcast.Server.Tls;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;
using Roomcast.Transcripts;
using Roomcast.Transports.Rtc;

var reading = SettingsReader.Read(ServerSettings.Registry, args, Environment.GetEnvironmentVariables(), Environment.CurrentDirectory);
if (SettingsAnswer.TryGive(reading, out var exitCode))
{
    return exitCode;
}

return await ServerRun.UntilSignalAsync(() =>
{
    var settings = reading.Values;
    var names = new ServerNames(settings);
    var sockets = ListenerSockets.Bind(settings, names);

    var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Roomcast.Server" });
    builder.AddServerLogging(settings);
    builder.AddServerHost(reading, sockets, names);
    builder.AddHttpListeners(settings, sockets);
    builder.Services.AddTls(settings, names);
    builder.Services.AddObservability();
    builder.Services.AddStorage();
    builder.Services.AddAccounts();
    builder.Services.AddLivestreams();
    builder.Services.AddHostedService<RtmpListeners>();
    builder.Services.AddSingleton<IPushableFeeds, LivestreamPushableFeeds>();
    builder.Services.AddPush();
    builder.Services.AddMeetings();
    builder.Services.AddHostedService<RtcListeners>();
    builder.Services.AddMeetingMedia();
    builder.Services.AddMeetingSessions();
    builder.Services.AddEgress();
    builder.Services.AddSessionPushes();
    builder.Services.AddLive();
    builder.Services.AddSessionPlaybacks();
    builder.Services.AddBlobs();
    builder.Services.AddSessionHistory();
    builder.Services.AddTranscripts();
    builder.Services.AddTranscription();
    builder.Services.AddRecordings();
    builder.Services.AddRealtimeKit();
    builder.Services.AddRealtimeKitClient();
    builder.Services.AddRelay();
    builder.Services.AddPages();

    var app = builder.Build();
    app.UseTrustedProxies(settings);
    app.UseLivestreamDelivery();
    app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan });
    app.MapObservability(settings);
    app.MapRealtimeKit();
    app.MapRealtimeKitClient();
    app.MapRelay(RealtimeKitRoutes.AnswerUnknownRouteAsync);
    app.MapViewers();
    app.MapChatFiles();
    app.MapBlobs(RealtimeKitRoutes.Refusal);
    app.MapPages();
    app.MapFallback(RealtimeKitRoutes.AnswerUnknownRouteAsync);
    return app;
});
