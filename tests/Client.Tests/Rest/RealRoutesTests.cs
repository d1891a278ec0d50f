using System.Linq.Expressions;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Roomcast.Client.Media;
using Roomcast.Client.Rest;
using Roomcast.Client.Tests.Meeting;
using Roomcast.TestKit;

namespace Roomcast.Client.Tests.Rest;

/// <summary>Every method of the API, called at the real server: it does what it says, or is refused as the contract says where something is not set up.</summary>
[Collection(nameof(MeetingServer))]
public sealed partial class RealRoutesTests(MeetingServer server) : IDisposable
{
    private const string Nobody = "3f0c8a52-5d1f-4b7e-9a51-0c9f4b1f7a11";

    private readonly HashSet<MethodInfo> _called = [];
    private readonly NotingHandler _noted = new();

    public void Dispose() => _noted.Dispose();

    [Fact]
    public async Task Every_method_of_every_group_is_understood_by_the_server()
    {
        var credentials = server.Process.Credentials;
        using var api = new RealtimeKitApi(new RealtimeKitApiOptions
        {
            BaseUri = new Uri(server.Base, "client/v4"),
            AccountId = credentials.AccountId,
            AppId = credentials.AppId,
            ApiToken = credentials.ApiToken,
            HttpHandler = _noted,
        });

        await CallAppsAsync(api);
        await CallPresetsAsync(api);
        var hook = await CallAsync(() => api.Webhooks.CreateAsync(
            new WebhookRequest { Name = "Hook", Url = "https://hooks.invalid/x", Events = new[] { "meeting.started" } }, default));
        var meeting = await CallMeetingsAsync(api);
        await CallParticipantsAsync(api, meeting);
        await RefusedAsync(404, () => api.ActiveSession.GetAsync(meeting.Id, default));
        var host = await api.Participants.AddAsync(meeting.Id, new ParticipantRequest { CustomParticipantId = "host", PresetName = "group_call_host", Name = "Host" });
        await using var client = await RealtimeKitClient.InitAsync(new()
        {
            AuthToken = host.Token!, BaseUri = server.Base, Video = new TestPatternSource(), Audio = new TestToneSource(), RequestTimeout = MeetingServer.Patience,
        });
        await client.JoinAsync();
        await client.Chat.SendTextMessageAsync("Hello!");

        var session = await CallActiveSessionAsync(api, meeting, client);
        await CallRecordingsAsync(api, meeting, host);
        await CallLivestreamsAsync(api, meeting, session);
        await CallSessionsAsync(api, meeting, session, client, host);
        await CallWebhooksAsync(api, hook);
        await CallAnalyticsAsync(api);
        var kicked = await CallAsync(() => api.ActiveSession.KickAsync(meeting.Id, new ParticipantSelection { ParticipantIds = new[] { host.Id } }, default));
        Assert.Equal(("kick", host.Id), (kicked.Action, Assert.Single(kicked.Participants!).Id));
        Assert.Equal("kick-all", (await CallAsync(() => api.ActiveSession.KickAllAsync(meeting.Id, default))).Action);

        var methods = typeof(RealtimeKitApi).GetProperties().Where(property => property.PropertyType.IsSubclassOf(typeof(ApiGroup)))
            .SelectMany(property => property.PropertyType.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly));
        Assert.Equal([], methods.Where(method => !_called.Contains(method)).Select(method => $"{method.DeclaringType!.Name}.{method.Name}"));
        var routes = await File.ReadAllLinesAsync(RepositoryFiles.PathOf("tests", "Client.Tests", "Rest", "routes.txt"));
        Assert.Equal(61, routes.Length);
        Assert.Equal([], routes.Except(_noted.Routes(credentials.AppId), StringComparer.Ordinal));
    }

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Ids();

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private async Task CallAppsAsync(RealtimeKitApi api)
    {
        var made = await CallAsync(() => api.Apps.CreateAsync("Second", default));
        Assert.Equal(made, await CallAsync(() => api.Apps.GetAsync(made.Id, default)));
        Assert.Contains(made, await ListAsync(() => api.Apps.ListAsync(new ListQuery { Search = "Second", IsAscending = true, PageSize = 1 }, default)));
    }

    private async Task CallPresetsAsync(RealtimeKitApi api)
    {
        var request = new PresetRequest { Name = "rest-made", Config = Json("""{"view_type":"GROUP_CALL"}""") };
        var made = await CallAsync(() => api.Presets.CreateAsync(request, default));
        Assert.Equal("GROUP_CALL", made.Config.GetProperty("view_type").GetString());
        Assert.Contains(await ListAsync(() => api.Presets.ListAsync(new ListQuery { PageSize = 3 }, default)), preset => preset.Id == made.Id);
        Assert.Equal("rest-made", (await CallAsync(() => api.Presets.GetAsync(made.Id, default))).Name);
        var change = new PresetRequest { Permissions = Json("""{"can_record":true}""") };
        Assert.True((await CallAsync(() => api.Presets.UpdateAsync(made.Id, change, default))).Permissions.GetProperty("can_record").GetBoolean());
        Assert.False((await CallAsync(() => api.Presets.ReplaceAsync(made.Id, request, default))).Permissions.GetProperty("can_record").GetBoolean());
        Assert.Equal(made.Id, (await CallAsync(() => api.Presets.DeleteAsync(made.Id, default))).Id);
        await RefusedAsync(404, () => api.Presets.GetAsync(made.Id, default));
    }

    private async Task<MeetingInfo> CallMeetingsAsync(RealtimeKitApi api)
    {
        var request = new MeetingRequest
        {
            Title = "Of the routes",
            PersistChat = true,
            SessionKeepAliveTimeInSecs = 90,
            AiConfig = new AiConfig(new TranscriptionConfig("de", new[] { "Roomcast" }, true), new SummarizationConfig("interview", "plain_text", 200)),
            RecordingConfig = new RecordingConfig
            {
                MaxSeconds = 600,
                FileNamePrefix = "weekly",
                VideoConfig = new VideoConfig("H264", 640, 360, true, null),
                AudioConfig = new AudioConfig("AAC", "mono", false),
                RealtimekitBucketConfig = new BucketConfig(true),
            },
        };
        var made = await CallAsync(() => api.Meetings.CreateAsync(request, default));
        var read = await CallAsync(() => api.Meetings.GetAsync(made.Id, default));
        Assert.Equal(("Of the routes", true, 90d), (read.Title, read.PersistChat, read.SessionKeepAliveTimeInSecs));
        Assert.Equal(("de", true, 200), (read.AiConfig?.Transcription?.Language, read.AiConfig?.Transcription?.ProfanityFilter, read.AiConfig?.Summarization?.WordLimit));
        Assert.Equal((600, "weekly", 640, "mono"), (read.RecordingConfig?.MaxSeconds, read.RecordingConfig?.FileNamePrefix, read.RecordingConfig?.VideoConfig?.Width, read.RecordingConfig?.AudioConfig?.Channel));
        var change = new MeetingRequest { Title = "Changed", Status = "INACTIVE" };
        Assert.Equal(("Changed", "INACTIVE"), await TitleOfAsync(() => api.Meetings.UpdateAsync(made.Id, change, default)));
        Assert.Equal(("Changed", "ACTIVE"), await TitleOfAsync(() => api.Meetings.UpdateAsync(made.Id, new MeetingRequest { Status = "ACTIVE" }, default)));
        Assert.Equal(("Replaced", "ACTIVE"), await TitleOfAsync(() => api.Meetings.ReplaceAsync(made.Id, new MeetingRequest { Title = "Replaced" }, default)));
        Assert.Equal(
            made.Id, Assert.Single(await ListAsync(() => api.Meetings.ListAsync(new ListQuery { Search = made.Id, Status = "ACTIVE", StartTime = made.CreatedAt.AddMinutes(-1) }, default))).Id);
        var fault = await RefusedAsync(400, () => api.Meetings.CreateAsync(new MeetingRequest { SessionKeepAliveTimeInSecs = 1 }, default));
        Assert.Equal("/session_keep_alive_time_in_secs", Assert.Single(fault.Faults).Source);
        return made;

        async Task<(string?, string?)> TitleOfAsync(Expression<Func<Task<MeetingInfo>>> call)
        {
            var told = await CallAsync(call);
            return (told.Title, told.Status);
        }
    }

    private async Task CallParticipantsAsync(RealtimeKitApi api, MeetingInfo meeting)
    {
        var request = new ParticipantRequest { CustomParticipantId = "guest", PresetName = "group_call_participant", Name = "Guest", Picture = "https://example.com/g.png" };
        var made = await CallAsync(() => api.Participants.AddAsync(meeting.Id, request, default));
        Assert.NotEmpty(made.Token!);
        await api.Participants.AddAsync(meeting.Id, new ParticipantRequest { CustomParticipantId = "second", PresetName = "group_call_participant" });
        Assert.Equal(2, (await ListAsync(() => api.Participants.ListAsync(meeting.Id, new ListQuery { PageSize = 1 }, default))).Count);
        Assert.Equal(("Guest", "https://example.com/g.png"), ((await CallAsync(() => api.Participants.GetAsync(meeting.Id, made.Id, default))).Name, made.Picture));
        Assert.Equal("Other", (await CallAsync(() => api.Participants.UpdateAsync(meeting.Id, made.Id, new ParticipantRequest { Name = "Other" }, default))).Name);
        Assert.NotEmpty(await CallAsync(() => api.Participants.RefreshTokenAsync(meeting.Id, made.Id, default)));
        Assert.Equal("guest", (await CallAsync(() => api.Participants.DeleteAsync(meeting.Id, made.Id, default))).CustomParticipantId);
    }

    private async Task<SessionInfo> CallActiveSessionAsync(RealtimeKitApi api, MeetingInfo meeting, RealtimeKitClient client)
    {
        var session = await CallAsync(() => api.ActiveSession.GetAsync(meeting.Id, default));
        Assert.Equal(("LIVE", meeting.Id, 1), (session.Status, session.AssociatedId, session.LiveParticipants));
        var poll = await CallAsync(() => api.ActiveSession.CreatePollAsync(meeting.Id, new PollRequest { Question = "Tea?", Options = new[] { "yes", "no" }, Anonymous = true }, default));
        Assert.Equal(("create-poll", "Tea?", true), (poll.Action, poll.Poll?.Question, poll.Poll?.Anonymous));
        var muted = await CallAsync(() => api.ActiveSession.MuteAsync(meeting.Id, new ParticipantSelection { CustomParticipantIds = new[] { "host" } }, default));
        Assert.Equal(("mute", "Host"), (muted.Action, Assert.Single(muted.Participants!).Name));
        await MeetingServer.UntilAsync(() => client.Self is { AudioEnabled: false }, "the host is muted");
        await client.Self.EnableAudioAsync();
        Assert.Equal(1, (await CallAsync(() => api.ActiveSession.MuteAllAsync(meeting.Id, true, default))).MutedParticipantsCount);
        await MeetingServer.UntilAsync(() => client.Self is { AudioEnabled: false }, "the host is muted again");
        await client.Self.EnableAudioAsync();
        return session;
    }

    private async Task CallRecordingsAsync(RealtimeKitApi api, MeetingInfo meeting, ParticipantInfo host)
    {
        await RefusedAsync(404, () => api.Recordings.GetActiveAsync(meeting.Id, default));
        var request = new RecordingRequest { MeetingId = meeting.Id, FileNamePrefix = "one", MaxSeconds = 120, RealtimekitBucketConfig = new BucketConfig(true) };
        var made = await CallAsync(() => api.Recordings.StartAsync(request, default));
        Assert.Equal("API_CALL", made.StartReason?.Reason);
        Assert.Equal(made.Id, (await CallAsync(() => api.Recordings.GetActiveAsync(meeting.Id, default))).Id);
        await UntilAsync(async () => (await CallAsync(() => api.Recordings.GetAsync(made.Id, default))).Status == "RECORDING", "it records");
        Assert.Equal("PAUSED", (await CallAsync(() => api.Recordings.PauseAsync(made.Id, default))).Status);
        Assert.Equal("RECORDING", (await CallAsync(() => api.Recordings.ResumeAsync(made.Id, default))).Status);
        var tracks = await CallAsync(() => api.Recordings.StartTrackAsync(
            new RecordingRequest { MeetingId = meeting.Id, UserIds = new[] { host.Id }, Layers = new TrackLayers(new TrackLayer("audio", "voice")) }, default));
        Assert.Equal(("TRACK", meeting.Id), (tracks.Type, tracks.MeetingId));
        await api.Recordings.StopAsync(tracks.Id);
        Assert.Contains((await CallAsync(() => api.Recordings.StopAsync(made.Id, default))).Status, (string[])["UPLOADING", "UPLOADED"]);
        var listed = await ListAsync(() => api.Recordings.ListAsync(
            new ListQuery { MeetingId = meeting.Id, PageSize = 1, SortBy = "invokedTime", IsAscending = true, Statuses = new[] { "UPLOADING", "UPLOADED", "RECORDING" }, IsExpired = false }, default));
        Assert.Contains(listed, recording => recording.Id == made.Id && recording.Meeting?.Id == meeting.Id);

        // Whether the tracks had anything before they were stopped is a matter of moments; each of the two is in one list.
        string[] ended = ["UPLOADED", "ERRORED"];
        await UntilAsync(async () => (await OfStatusAsync(ended)).Count == 2, "both have ended");
        var (stored, failed) = (await OfStatusAsync("UPLOADED"), await OfStatusAsync("ERRORED", "INVOKED"));
        Assert.Contains(made.Id, stored);
        Assert.Equal(new[] { made.Id, tracks.Id }.Order(), stored.Concat(failed).Order());

        async Task<IReadOnlyList<string>> OfStatusAsync(params string[] statuses)
        {
            var found = await ListAsync(() => api.Recordings.ListAsync(new ListQuery { MeetingId = meeting.Id, Statuses = statuses }, default));
            Assert.All(found, recording => Assert.Contains(recording.Status, statuses));
            return [.. found.Select(recording => recording.Id)];
        }
    }

    private async Task CallLivestreamsAsync(RealtimeKitApi api, MeetingInfo meeting, SessionInfo session)
    {
        var own = await CallAsync(() => api.Livestreams.CreateAsync("Own", default));
        Assert.Equal("Own", (await CallAsync(() => api.Livestreams.GetAsync(own.Id, default))).Livestream.Name);
        await RefusedAsync(404, () => api.Livestreams.GetActiveSessionAsync(own.Id, default));
        Assert.Equal([], await ListAsync(() => api.Livestreams.ListSessionsAsync(own.Id, new ListQuery { PageSize = 1 }, default)));
        var output = await CallAsync(() => api.Outputs.CreateAsync(own.Id, new OutputRequest("rtmp://127.0.0.1:1/live", "key", "Away"), default));
        Assert.Equal(output.Id, (await CallAsync(() => api.Outputs.GetAsync(own.Id, output.Id, default))).Id);
        Assert.Equal(output.Id, Assert.Single(await ListAsync(() => api.Outputs.ListAsync(own.Id, default))).Id);
        Assert.Equal(output.Id, (await CallAsync(() => api.Outputs.DeleteAsync(own.Id, output.Id, default))).Id);

        await RefusedAsync(404, () => api.Livestreams.GetActiveForMeetingAsync(meeting.Id, default));
        var made = await CallAsync(() => api.Livestreams.StartForMeetingAsync(meeting.Id, "Of the meeting", new PixelSize(640, 360), default));
        await RefusedAsync(409, () => api.Livestreams.StartForMeetingAsync(meeting.Id, null, null, default));
        await UntilAsync(async () => (await CallAsync(() => api.Livestreams.GetActiveForMeetingAsync(meeting.Id, default))).Status == "LIVE", "it is on air");
        var onAir = (await CallAsync(() => api.Livestreams.GetActiveSessionAsync(made.Id, default))).Session!;
        Assert.Equal(made.Id, (await CallAsync(() => api.Livestreams.GetSessionAsync(onAir.Id, default))).LivestreamId);
        Assert.NotEmpty(await CallAsync(() => api.Livestreams.StopForMeetingAsync(meeting.Id, default)));
        Assert.Equal([onAir.Id], (await ListAsync(() => api.Livestreams.ListSessionsAsync(made.Id, null, default))).Select(each => each.Id));
        Assert.Equal([onAir.Id], (await ListAsync(() => api.Sessions.ListLivestreamSessionsAsync(session.Id, new ListQuery { PageSize = 1 }, default))).Select(each => each.Id));

        // Two of a meeting, one on a page.
        var second = await api.Livestreams.StartForMeetingAsync(meeting.Id);
        Assert.Equal([second.Id, made.Id], (await ListAsync(() => api.Livestreams.ListForMeetingAsync(meeting.Id, new ListQuery { PageSize = 1 }, default))).Select(each => each.Id));
        await api.Livestreams.StopForMeetingAsync(meeting.Id);
        var all = await ListAsync(() => api.Livestreams.ListAsync(new ListQuery { PageSize = 2, IsAscending = true }, default));
        Assert.Superset(new HashSet<string> { own.Id, made.Id, second.Id }, all.Select(each => each.Id).ToHashSet());
        Assert.DoesNotContain(await ListAsync(() => api.Livestreams.ListAsync(new ListQuery { ExcludesMeetings = true }, default)), each => each.MeetingId is not null);
    }

    private async Task CallSessionsAsync(RealtimeKitApi api, MeetingInfo meeting, SessionInfo session, RealtimeKitClient client, ParticipantInfo host)
    {
        Assert.Equal(
            session.Id, Assert.Single(await ListAsync(() => api.Sessions.ListAsync(new ListQuery { MeetingId = meeting.Id, Status = "LIVE", SortBy = "createdAt", Participants = host.Id }, default))).Id);
        Assert.Equal(session.Id, (await CallAsync(() => api.Sessions.GetAsync(session.Id, true, default))).Id);
        var query = new ListQuery { IncludesPeerEvents = true, View = "raw", SortBy = "joinedAt", Search = "Host" };
        var listed = Assert.Single(await ListAsync(() => api.Sessions.ListParticipantsAsync(session.Id, query, default)));
        Assert.Equal((client.Self.Id, host.Id), (listed.Id, listed.UserId));
        Assert.Contains(listed.PeerEvents!, what => what.EventName == "PEER_CREATED" && what.PeerId == client.Self.Id);
        string[] figures = ["device_info", "events"];
        Assert.Equal(client.Self.Id, (await CallAsync(() => api.Sessions.GetParticipantAsync(session.Id, host.Id, figures, true, default))).Id);
        var report = await CallAsync(() => api.Sessions.GetPeerReportAsync(client.Self.Id, null, true, default));
        Assert.Equal((session.Id, JsonValueKind.Object), (report.SessionId, report.PeerReport.ValueKind));
        Assert.StartsWith("http", (await CallAsync(() => api.Sessions.GetChatAsync(session.Id, default))).Url, StringComparison.Ordinal);

        // No service that transcribes is set up, so there is nothing to be had and nothing to summarise.
        await RefusedAsync(404, () => api.Sessions.GetTranscriptAsync(session.Id, "VTT", default));
        await RefusedAsync(404, () => api.Sessions.GetSummaryAsync(session.Id, default));
        await RefusedAsync(409, () => api.Sessions.GenerateSummaryAsync(session.Id, default));
        await RefusedAsync(404, () => api.Sessions.GetAsync(Nobody, false, default));
    }

    private async Task CallWebhooksAsync(RealtimeKitApi api, WebhookInfo hook)
    {
        Assert.Contains("meeting.started", await CallAsync(() => api.Webhooks.ListEventsAsync(default)));
        Assert.Contains(await ListAsync(() => api.Webhooks.ListAsync(default)), each => each.Id == hook.Id);
        Assert.Equal("Hook", (await CallAsync(() => api.Webhooks.GetAsync(hook.Id, default))).Name);
        var deliveries = new List<DeliveryInfo>();
        await UntilAsync(
            async () => (deliveries = await ListAsync(() => api.Deliveries.ListAsync(hook.Id, new ListQuery { PageSize = 1 }, default))).Count > 0, "the meeting's beginning is told");
        var delivery = deliveries[0].Id;
        Assert.Equal("meeting.started", (await CallAsync(() => api.Deliveries.GetAsync(hook.Id, delivery, default))).Payload.GetProperty("event").GetString());
        Assert.Equal(hook.Id, (await CallAsync(() => api.Deliveries.RedeliverAsync(hook.Id, delivery, default))).WebhookId);
        Assert.False((await CallAsync(() => api.Webhooks.UpdateAsync(hook.Id, new WebhookRequest { Enabled = false }, default))).Enabled);
        var replacement = new WebhookRequest { Name = "Anew", Url = "https://hooks.invalid/y", Events = new[] { "meeting.ended" } };
        Assert.Equal(("Anew", true), await NameOfAsync());
        Assert.Equal(hook.Id, (await CallAsync(() => api.Webhooks.DeleteAsync(hook.Id, default))).Id);

        async Task<(string, bool)> NameOfAsync()
        {
            var told = await CallAsync(() => api.Webhooks.ReplaceAsync(hook.Id, replacement, default));
            return (told.Name, told.Enabled);
        }
    }

    private async Task CallAnalyticsAsync(RealtimeKitApi api)
    {
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        var days = await CallAsync(() => api.Analytics.GetDaywiseAsync(today.AddDays(-1), today.AddDays(1), default));
        Assert.True(days.SessionStats is { SessionsCount: > 0, DayStats.Count: 3 } && days.RecordingStats is { RecordingCount: > 0 });
        Assert.True((await CallAsync(() => api.Analytics.GetLivestreamsAsync(null, null, default))).Count > 0);
        var now = TimeProvider.System.GetUtcNow();
        Assert.InRange((await ListAsync(() => api.Analytics.ListLivestreamDaysAsync(now.AddDays(-2), now, default))).Count, 3, 3);
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !await isSo(); await Task.Delay(100))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetingServer.Patience, $"It did not come to be that {what}.");
        }
    }

    private async Task<T> CallAsync<T>(Expression<Func<Task<T>>> call)
    {
        _called.Add(((MethodCallExpression)call.Body).Method);
        return await call.Compile()();
    }

    private async Task<ApiException> RefusedAsync<T>(int status, Expression<Func<Task<T>>> call)
    {
        var fault = await Assert.ThrowsAsync<ApiException>(() => CallAsync(call));
        Assert.Equal(status, fault.Status);
        Assert.NotEmpty(fault.Faults);
        return fault;
    }

    private async Task<List<T>> ListAsync<T>(Expression<Func<IAsyncEnumerable<T>>> call)
    {
        _called.Add(((MethodCallExpression)call.Body).Method);
        return await call.Compile()().ToListAsync();
    }

    /// <summary>Sends what it is given, and notes the routes.</summary>
    private sealed class NotingHandler() : DelegatingHandler(new SocketsHttpHandler())
    {
        private readonly List<(string Method, string Path)> _calls = [];

        /// <summary>The routes that were called, as <c>GET /{}/meetings</c>.</summary>
        public IEnumerable<string> Routes(string appId) => _calls.Select(call =>
        {
            var path = call.Path[(call.Path.IndexOf("/realtime/kit", StringComparison.Ordinal) + "/realtime/kit".Length)..];
            return $"{call.Method} {Ids().Replace(path.Replace(appId, "{}", StringComparison.Ordinal), "{}")}";
        });

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            lock (_calls)
            {
                _calls.Add((request.Method.Method, request.RequestUri!.AbsolutePath));
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}
