using System.Text.Json;

namespace Roomcast.Client.Rest;

/// <summary>The account's apps.</summary>
public sealed class AppsApi : ApiGroup
{
    internal AppsApi(ApiTransport transport, string root)
        : base(transport, root)
    {
    }

    /// <summary>All apps.</summary>
    public IAsyncEnumerable<AppInfo> ListAsync(ListQuery? query = null, CancellationToken cancellationToken = default) =>
        Transport.ListAsync($"{Root}/apps", query ?? new(), ApiJson.Default.AppInfo, [], cancellationToken);

    /// <summary>Makes an app.</summary>
    public Task<AppInfo> CreateAsync(string name, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Post, $"{Root}/apps", ApiJson.Default.AppInfo, cancellationToken, Body(new NameRequest(name), ApiJson.Default.NameRequest), "app");

    /// <summary>One app.</summary>
    public Task<AppInfo> GetAsync(string appId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, $"{Root}/apps/{Id(appId)}", ApiJson.Default.AppInfo, cancellationToken);
}

/// <summary>Meetings.</summary>
public sealed class MeetingsApi : ApiGroup
{
    internal MeetingsApi(ApiTransport transport, string root)
        : base(transport, root)
    {
    }

    /// <summary>All meetings.</summary>
    public IAsyncEnumerable<MeetingInfo> ListAsync(ListQuery? query = null, CancellationToken cancellationToken = default) =>
        Transport.ListAsync($"{Root}/meetings", query ?? new(), ApiJson.Default.MeetingInfo, [], cancellationToken);

    /// <summary>Makes a meeting.</summary>
    public Task<MeetingInfo> CreateAsync(MeetingRequest meeting, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Post, $"{Root}/meetings", ApiJson.Default.MeetingInfo, cancellationToken, Body(meeting, ApiJson.Default.MeetingRequest));

    /// <summary>One meeting.</summary>
    public Task<MeetingInfo> GetAsync(string meetingId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, $"{Root}/meetings/{Id(meetingId)}", ApiJson.Default.MeetingInfo, cancellationToken);

    /// <summary>Changes what is given.</summary>
    public Task<MeetingInfo> UpdateAsync(string meetingId, MeetingRequest change, CancellationToken cancellationToken = default) => Transport.SendAsync(
        HttpMethod.Patch, $"{Root}/meetings/{Id(meetingId)}", ApiJson.Default.MeetingInfo, cancellationToken, Body(change, ApiJson.Default.MeetingRequest));

    /// <summary>Replaces all; what is not given is as in a new meeting.</summary>
    public Task<MeetingInfo> ReplaceAsync(string meetingId, MeetingRequest meeting, CancellationToken cancellationToken = default) => Transport.SendAsync(
        HttpMethod.Put, $"{Root}/meetings/{Id(meetingId)}", ApiJson.Default.MeetingInfo, cancellationToken, Body(meeting, ApiJson.Default.MeetingRequest));
}

/// <summary>Who may join a meeting.</summary>
public sealed class ParticipantsApi : ApiGroup
{
    internal ParticipantsApi(ApiTransport transport, string root)
        : base(transport, root)
    {
    }

    /// <summary>All participants of a meeting.</summary>
    public IAsyncEnumerable<ParticipantInfo> ListAsync(string meetingId, ListQuery? query = null, CancellationToken cancellationToken = default) =>
        Transport.ListAsync(Of(meetingId), query ?? new(), ApiJson.Default.ParticipantInfo, [], cancellationToken);

    /// <summary>Adds a participant; the answer has their token.</summary>
    public Task<ParticipantInfo> AddAsync(string meetingId, ParticipantRequest participant, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Post, Of(meetingId), ApiJson.Default.ParticipantInfo, cancellationToken, Body(participant, ApiJson.Default.ParticipantRequest));

    /// <summary>One participant.</summary>
    public Task<ParticipantInfo> GetAsync(string meetingId, string participantId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, Of(meetingId, participantId), ApiJson.Default.ParticipantInfo, cancellationToken);

    /// <summary>Changes what is given; the answer has a new token.</summary>
    public Task<ParticipantInfo> UpdateAsync(string meetingId, string participantId, ParticipantRequest change, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(
            HttpMethod.Patch, Of(meetingId, participantId), ApiJson.Default.ParticipantInfo, cancellationToken, Body(change, ApiJson.Default.ParticipantRequest));

    /// <summary>Deletes a participant, and removes them from the meeting.</summary>
    public Task<DeletedParticipant> DeleteAsync(string meetingId, string participantId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Delete, Of(meetingId, participantId), ApiJson.Default.DeletedParticipant, cancellationToken);

    /// <summary>Makes a new token.</summary>
    public async Task<string> RefreshTokenAsync(string meetingId, string participantId, CancellationToken cancellationToken = default) =>
        await Transport.AskTextAsync(HttpMethod.Post, Of(meetingId, participantId) + "/token", "token", cancellationToken).ConfigureAwait(false)
            ?? throw new RealtimeKitException(RealtimeKitError.Protocol, "The answer has no token.");

    private string Of(string meetingId) => $"{Root}/meetings/{Id(meetingId)}/participants";

    private string Of(string meetingId, string participantId) => $"{Of(meetingId)}/{Id(participantId)}";
}

/// <summary>What takes place in a meeting now.</summary>
public sealed class ActiveSessionApi : ApiGroup
{
    internal ActiveSessionApi(ApiTransport transport, string root)
        : base(transport, root)
    {
    }

    /// <summary>The session.</summary>
    /// <exception cref="ApiException">NotFound when none takes place.</exception>
    public Task<SessionInfo> GetAsync(string meetingId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, Of(meetingId), ApiJson.Default.SessionInfo, cancellationToken);

    /// <summary>Removes some.</summary>
    public Task<SessionAction> KickAsync(string meetingId, ParticipantSelection whom, CancellationToken cancellationToken = default) => Transport.SendAsync(
        HttpMethod.Post, Of(meetingId) + "/kick", ApiJson.Default.SessionAction, cancellationToken, Body(whom, ApiJson.Default.ParticipantSelection));

    /// <summary>Removes all, and ends the session.</summary>
    public Task<SessionAction> KickAllAsync(string meetingId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Post, Of(meetingId) + "/kick-all", ApiJson.Default.SessionAction, cancellationToken);

    /// <summary>Mutes some.</summary>
    public Task<SessionAction> MuteAsync(string meetingId, ParticipantSelection whom, CancellationToken cancellationToken = default) => Transport.SendAsync(
        HttpMethod.Post, Of(meetingId) + "/mute", ApiJson.Default.SessionAction, cancellationToken, Body(whom, ApiJson.Default.ParticipantSelection));

    /// <summary>Mutes all.</summary>
    public Task<SessionAction> MuteAllAsync(string meetingId, bool allowUnmute = true, CancellationToken cancellationToken = default) => Transport.SendAsync(
        HttpMethod.Post, Of(meetingId) + "/mute-all", ApiJson.Default.SessionAction, cancellationToken, Body(new MuteAllRequest(allowUnmute), ApiJson.Default.MuteAllRequest));

    /// <summary>Makes a poll.</summary>
    public Task<SessionAction> CreatePollAsync(string meetingId, PollRequest poll, CancellationToken cancellationToken = default) => Transport.SendAsync(
        HttpMethod.Post, Of(meetingId) + "/poll", ApiJson.Default.SessionAction, cancellationToken, Body(poll, ApiJson.Default.PollRequest));

    private string Of(string meetingId) => $"{Root}/meetings/{Id(meetingId)}/active-session";
}

/// <summary>Presets.</summary>
public sealed class PresetsApi : ApiGroup
{
    internal PresetsApi(ApiTransport transport, string root)
        : base(transport, root)
    {
    }

    /// <summary>All presets, with their names.</summary>
    public IAsyncEnumerable<PresetInfo> ListAsync(ListQuery? query = null, CancellationToken cancellationToken = default) =>
        Transport.ListAsync($"{Root}/presets", query ?? new(), ApiJson.Default.PresetInfo, [], cancellationToken);

    /// <summary>Makes a preset.</summary>
    public Task<PresetInfo> CreateAsync(PresetRequest preset, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Post, $"{Root}/presets", ApiJson.Default.PresetInfo, cancellationToken, Body(preset, ApiJson.Default.PresetRequest));

    /// <summary>One preset.</summary>
    public Task<PresetInfo> GetAsync(string presetId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, $"{Root}/presets/{Id(presetId)}", ApiJson.Default.PresetInfo, cancellationToken);

    /// <summary>Changes what is given.</summary>
    public Task<PresetInfo> UpdateAsync(string presetId, PresetRequest change, CancellationToken cancellationToken = default) => Transport.SendAsync(
        HttpMethod.Patch, $"{Root}/presets/{Id(presetId)}", ApiJson.Default.PresetInfo, cancellationToken, Body(change, ApiJson.Default.PresetRequest));

    /// <summary>Replaces all.</summary>
    public Task<PresetInfo> ReplaceAsync(string presetId, PresetRequest preset, CancellationToken cancellationToken = default) => Transport.SendAsync(
        HttpMethod.Put, $"{Root}/presets/{Id(presetId)}", ApiJson.Default.PresetInfo, cancellationToken, Body(preset, ApiJson.Default.PresetRequest));

    /// <summary>Deletes a preset.</summary>
    public Task<PresetInfo> DeleteAsync(string presetId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Delete, $"{Root}/presets/{Id(presetId)}", ApiJson.Default.PresetInfo, cancellationToken);
}

/// <summary>What took place.</summary>
public sealed class SessionsApi : ApiGroup
{
    internal SessionsApi(ApiTransport transport, string root)
        : base(transport, root)
    {
    }

    /// <summary>All sessions.</summary>
    public IAsyncEnumerable<SessionInfo> ListAsync(ListQuery? query = null, CancellationToken cancellationToken = default) =>
        Transport.ListAsync($"{Root}/sessions", query ?? new(), ApiJson.Default.SessionInfo, ["sessions"], cancellationToken);

    /// <summary>One session.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="includesBreakoutRooms">Whether the sessions of connected meetings are told, too.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task<SessionInfo> GetAsync(string sessionId, bool includesBreakoutRooms = false, CancellationToken cancellationToken = default) => Transport.SendAsync(
        HttpMethod.Get, Of(sessionId) + Query(("include_breakout_rooms", includesBreakoutRooms ? "true" : null)), ApiJson.Default.SessionInfo, cancellationToken);

    /// <summary>All who were in it.</summary>
    public IAsyncEnumerable<SessionParticipant> ListParticipantsAsync(string sessionId, ListQuery? query = null, CancellationToken cancellationToken = default) =>
        Transport.ListAsync(Of(sessionId) + "/participants", query ?? new(), ApiJson.Default.SessionParticipant, ["participants"], cancellationToken);

    /// <summary>One who was in it, with the figures of their call.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="participantId">The presence, or the participant, whose last presence is meant then.</param>
    /// <param name="figures">Which figures; null for all. See <see cref="GetPeerReportAsync"/>.</param>
    /// <param name="includesPeerEvents">Whether what happened to the presence is told.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task<SessionParticipant> GetParticipantAsync(
        string sessionId, string participantId, IReadOnlyList<string>? figures = null, bool includesPeerEvents = false, CancellationToken cancellationToken = default) =>
        ReportAsync($"{Of(sessionId)}/participants/{Id(participantId)}", figures, includesPeerEvents, cancellationToken);

    /// <summary>One presence, with the figures of its call.</summary>
    /// <param name="peerId">The presence.</param>
    /// <param name="figures">Which figures: device_info, ip_information, precall_network_information, events, quality_stats; null for all.</param>
    /// <param name="includesPeerEvents">Whether what happened to the presence is told.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task<SessionParticipant> GetPeerReportAsync(
        string peerId, IReadOnlyList<string>? figures = null, bool includesPeerEvents = false, CancellationToken cancellationToken = default) =>
        ReportAsync($"{Root}/sessions/peer-report/{Id(peerId)}", figures, includesPeerEvents, cancellationToken);

    /// <summary>Its messages, as a file.</summary>
    public Task<DownloadLink> GetChatAsync(string sessionId, CancellationToken cancellationToken = default) =>
        LinkAsync(HttpMethod.Get, Of(sessionId) + "/chat", "chat_download_url", "chat_download_url_expiry", cancellationToken);

    /// <summary>What was said, as a file.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="format">CSV, JSON, SRT or VTT.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task<DownloadLink> GetTranscriptAsync(string sessionId, string format = "CSV", CancellationToken cancellationToken = default) => LinkAsync(
        HttpMethod.Get, $"{Of(sessionId)}/transcript?format={Uri.EscapeDataString(format)}", "transcript_download_url", "transcript_download_url_expiry", cancellationToken);

    /// <summary>Its summary, as a file.</summary>
    public Task<DownloadLink> GetSummaryAsync(string sessionId, CancellationToken cancellationToken = default) =>
        LinkAsync(HttpMethod.Get, Of(sessionId) + "/summary", "summaryDownloadUrl", "summaryDownloadUrlExpiry", cancellationToken);

    /// <summary>Has a summary made.</summary>
    /// <returns>How far it is.</returns>
    public async Task<string> GenerateSummaryAsync(string sessionId, CancellationToken cancellationToken = default) =>
        await Transport.AskTextAsync(HttpMethod.Post, Of(sessionId) + "/summary", "status", cancellationToken).ConfigureAwait(false) ?? "";

    /// <summary>The times on air of its livestreams.</summary>
    public IAsyncEnumerable<LivestreamSessionInfo> ListLivestreamSessionsAsync(string sessionId, ListQuery? query = null, CancellationToken cancellationToken = default) =>
        Transport.ListAsync(Of(sessionId) + "/livestream-sessions", query ?? new(), ApiJson.Default.LivestreamSessionInfo, ["sessions", "data"], cancellationToken);

    private string Of(string sessionId) => $"{Root}/sessions/{Id(sessionId)}";

    private Task<SessionParticipant> ReportAsync(string path, IReadOnlyList<string>? figures, bool includesPeerEvents, CancellationToken cancellationToken) =>
        Transport.SendAsync(
            HttpMethod.Get,
            path + Query(("filters", figures is null ? null : string.Join(',', figures)), ("include_peer_events", includesPeerEvents ? "true" : null)),
            ApiJson.Default.SessionParticipant,
            cancellationToken,
            under: "participant");

    private async Task<DownloadLink> LinkAsync(HttpMethod method, string path, string url, string expiry, CancellationToken cancellationToken)
    {
        var answer = await Transport.SendAsync(method, path, cancellationToken).ConfigureAwait(false);
        return answer.ValueKind is JsonValueKind.Object && answer.TryGetProperty(url, out var address) && address.ValueKind is JsonValueKind.String && address.GetString() is { } text
            && answer.TryGetProperty(expiry, out var until) && until.ValueKind is JsonValueKind.String && until.TryGetDateTimeOffset(out var time)
            ? new DownloadLink(text, time)
            : throw new RealtimeKitException(RealtimeKitError.Protocol, $"The answer of {path} has no address of a file.");
    }
}
