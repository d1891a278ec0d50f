using System.Globalization;

namespace Roomcast.Client.Rest;

/// <summary>Livestreams.</summary>
public sealed class LivestreamsApi : ApiGroup
{
    internal LivestreamsApi(ApiTransport transport, string root)
        : base(transport, root)
    {
    }

    /// <summary>All livestreams.</summary>
    public IAsyncEnumerable<LivestreamInfo> ListAsync(ListQuery? query = null, CancellationToken cancellationToken = default) =>
        Transport.ListAsync($"{Root}/livestreams", query ?? new(), ApiJson.Default.LivestreamInfo, ["livestreams"], cancellationToken);

    /// <summary>Makes a livestream that belongs to no meeting.</summary>
    public Task<LivestreamInfo> CreateAsync(string? name = null, CancellationToken cancellationToken = default) => Transport.SendAsync(
        HttpMethod.Post, $"{Root}/livestreams", ApiJson.Default.LivestreamInfo, cancellationToken, Body(new NameRequest(name), ApiJson.Default.NameRequest));

    /// <summary>One livestream, with its newest times on air.</summary>
    public Task<LivestreamDetail> GetAsync(string livestreamId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, $"{Root}/livestreams/{Id(livestreamId)}", ApiJson.Default.LivestreamDetail, cancellationToken);

    /// <summary>All times on air of a livestream, newest first.</summary>
    public IAsyncEnumerable<LivestreamSessionInfo> ListSessionsAsync(string livestreamId, ListQuery? query = null, CancellationToken cancellationToken = default) =>
        Transport.ListAsync($"{Root}/livestreams/{Id(livestreamId)}", query ?? new(), ApiJson.Default.LivestreamSessionInfo, ["sessions"], cancellationToken);

    /// <summary>One livestream that is on air, with this time.</summary>
    public Task<LivestreamDetail> GetActiveSessionAsync(string livestreamId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, $"{Root}/livestreams/{Id(livestreamId)}/active-livestream-session", ApiJson.Default.LivestreamDetail, cancellationToken);

    /// <summary>One time on air.</summary>
    public Task<LivestreamSessionInfo> GetSessionAsync(string livestreamSessionId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, $"{Root}/livestreams/sessions/{Id(livestreamSessionId)}", ApiJson.Default.LivestreamSessionInfo, cancellationToken);

    /// <summary>Has a meeting go live.</summary>
    /// <param name="meetingId">The meeting.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="size">How large its picture is, 1 to 1,920 pixels either way; 1,280 x 720 by default.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task<LivestreamInfo> StartForMeetingAsync(string meetingId, string? name = null, PixelSize? size = null, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(
            HttpMethod.Post,
            $"{Root}/meetings/{Id(meetingId)}/livestreams",
            ApiJson.Default.LivestreamInfo,
            cancellationToken,
            Body(new LivestreamRequest(name, size), ApiJson.Default.LivestreamRequest));

    /// <summary>The livestream of a meeting that runs.</summary>
    /// <exception cref="ApiException">NotFound when none does.</exception>
    public Task<LivestreamInfo> GetActiveForMeetingAsync(string meetingId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, $"{Root}/meetings/{Id(meetingId)}/active-livestream", ApiJson.Default.LivestreamInfo, cancellationToken);

    /// <summary>Ends the livestream of a meeting.</summary>
    /// <returns>What the server says of it.</returns>
    public async Task<string> StopForMeetingAsync(string meetingId, CancellationToken cancellationToken = default) =>
        await Transport.AskTextAsync(HttpMethod.Post, $"{Root}/meetings/{Id(meetingId)}/active-livestream/stop", "message", cancellationToken).ConfigureAwait(false) ?? "";

    /// <summary>All livestreams of a meeting, newest first.</summary>
    public IAsyncEnumerable<LivestreamInfo> ListForMeetingAsync(string meetingId, ListQuery? query = null, CancellationToken cancellationToken = default) =>
        Transport.ListAsync($"{Root}/meetings/{Id(meetingId)}/livestream", query ?? new(), ApiJson.Default.LivestreamInfo, ["livestreams"], cancellationToken);
}

/// <summary>Recordings.</summary>
public sealed class RecordingsApi : ApiGroup
{
    internal RecordingsApi(ApiTransport transport, string root)
        : base(transport, root)
    {
    }

    /// <summary>All recordings.</summary>
    public IAsyncEnumerable<RecordingInfo> ListAsync(ListQuery? query = null, CancellationToken cancellationToken = default) =>
        Transport.ListAsync($"{Root}/recordings", query ?? new(), ApiJson.Default.RecordingInfo, [], cancellationToken);

    /// <summary>Starts a recording.</summary>
    public Task<RecordingInfo> StartAsync(RecordingRequest recording, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Post, $"{Root}/recordings", ApiJson.Default.RecordingInfo, cancellationToken, Body(recording, ApiJson.Default.RecordingRequest));

    /// <summary>Starts a recording of single tracks.</summary>
    public Task<RecordingInfo> StartTrackAsync(RecordingRequest recording, CancellationToken cancellationToken = default) => Transport.SendAsync(
        HttpMethod.Post, $"{Root}/recordings/track", ApiJson.Default.RecordingInfo, cancellationToken, Body(recording, ApiJson.Default.RecordingRequest), "recording");

    /// <summary>One recording.</summary>
    public Task<RecordingInfo> GetAsync(string recordingId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, $"{Root}/recordings/{Id(recordingId)}", ApiJson.Default.RecordingInfo, cancellationToken);

    /// <summary>The recording of a meeting that is not over.</summary>
    /// <exception cref="ApiException">NotFound when there is none.</exception>
    public Task<RecordingInfo> GetActiveAsync(string meetingId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, $"{Root}/recordings/active-recording/{Id(meetingId)}", ApiJson.Default.RecordingInfo, cancellationToken);

    /// <summary>Ends a recording.</summary>
    public Task<RecordingInfo> StopAsync(string recordingId, CancellationToken cancellationToken = default) => ControlAsync(recordingId, "stop", cancellationToken);

    /// <summary>Lets a recording rest.</summary>
    public Task<RecordingInfo> PauseAsync(string recordingId, CancellationToken cancellationToken = default) => ControlAsync(recordingId, "pause", cancellationToken);

    /// <summary>Lets a recording go on.</summary>
    public Task<RecordingInfo> ResumeAsync(string recordingId, CancellationToken cancellationToken = default) => ControlAsync(recordingId, "resume", cancellationToken);

    private Task<RecordingInfo> ControlAsync(string recordingId, string action, CancellationToken cancellationToken) => Transport.SendAsync(
        HttpMethod.Put, $"{Root}/recordings/{Id(recordingId)}", ApiJson.Default.RecordingInfo, cancellationToken, Body(new ActionRequest(action), ApiJson.Default.ActionRequest));
}

/// <summary>Where events are posted to.</summary>
public sealed class WebhooksApi : ApiGroup
{
    internal WebhooksApi(ApiTransport transport, string root)
        : base(transport, root)
    {
    }

    /// <summary>All webhooks.</summary>
    public IAsyncEnumerable<WebhookInfo> ListAsync(CancellationToken cancellationToken = default) =>
        Transport.ListAsync($"{Root}/webhooks", new ListQuery(), ApiJson.Default.WebhookInfo, ["webhooks"], cancellationToken);

    /// <summary>The names of all events.</summary>
    public Task<string[]> ListEventsAsync(CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, $"{Root}/webhooks/all", ApiJson.Default.StringArray, cancellationToken, under: "events");

    /// <summary>Makes a webhook.</summary>
    public Task<WebhookInfo> CreateAsync(WebhookRequest webhook, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Post, $"{Root}/webhooks", ApiJson.Default.WebhookInfo, cancellationToken, Body(webhook, ApiJson.Default.WebhookRequest));

    /// <summary>One webhook.</summary>
    public Task<WebhookInfo> GetAsync(string webhookId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, $"{Root}/webhooks/{Id(webhookId)}", ApiJson.Default.WebhookInfo, cancellationToken);

    /// <summary>Changes what is given.</summary>
    public Task<WebhookInfo> UpdateAsync(string webhookId, WebhookRequest change, CancellationToken cancellationToken = default) => Transport.SendAsync(
        HttpMethod.Patch, $"{Root}/webhooks/{Id(webhookId)}", ApiJson.Default.WebhookInfo, cancellationToken, Body(change, ApiJson.Default.WebhookRequest));

    /// <summary>Replaces all.</summary>
    public Task<WebhookInfo> ReplaceAsync(string webhookId, WebhookRequest webhook, CancellationToken cancellationToken = default) => Transport.SendAsync(
        HttpMethod.Put, $"{Root}/webhooks/{Id(webhookId)}", ApiJson.Default.WebhookInfo, cancellationToken, Body(webhook, ApiJson.Default.WebhookRequest));

    /// <summary>Deletes a webhook.</summary>
    public Task<WebhookInfo> DeleteAsync(string webhookId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Delete, $"{Root}/webhooks/{Id(webhookId)}", ApiJson.Default.WebhookInfo, cancellationToken);
}

/// <summary>Figures.</summary>
public sealed class AnalyticsApi : ApiGroup
{
    internal AnalyticsApi(ApiTransport transport, string root)
        : base(transport, root)
    {
    }

    /// <summary>Sessions and recordings, day by day.</summary>
    /// <param name="from">The first day; null for thirty days ago.</param>
    /// <param name="until">The last day; null for today.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task<DaywiseFigures> GetDaywiseAsync(DateOnly? from = null, DateOnly? until = null, CancellationToken cancellationToken = default) => Transport.SendAsync(
        HttpMethod.Get,
        $"{Root}/analytics/daywise" + Query(("start_date", from?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)), ("end_date", until?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))),
        ApiJson.Default.DaywiseFigures,
        cancellationToken);

    /// <summary>Livestreams of a time altogether.</summary>
    /// <param name="from">Since when; null for thirty days ago.</param>
    /// <param name="until">Until when; null for now.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task<LivestreamFigures> GetLivestreamsAsync(DateTimeOffset? from = null, DateTimeOffset? until = null, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(
            HttpMethod.Get,
            $"{Root}/analytics/livestreams/overall" + Query(("start_time", ApiTransport.TimeOf(from)), ("end_time", ApiTransport.TimeOf(until))),
            ApiJson.Default.LivestreamFigures,
            cancellationToken);

    /// <summary>Livestreams, day by day.</summary>
    /// <param name="from">Since when; null for thirty days ago.</param>
    /// <param name="until">Until when; null for now.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public IAsyncEnumerable<LivestreamFigures> ListLivestreamDaysAsync(DateTimeOffset? from = null, DateTimeOffset? until = null, CancellationToken cancellationToken = default) =>
        Transport.ListAsync($"{Root}/analytics/livestreams/daywise", new ListQuery { StartTime = from, EndTime = until }, ApiJson.Default.LivestreamFigures, [], cancellationToken);
}
