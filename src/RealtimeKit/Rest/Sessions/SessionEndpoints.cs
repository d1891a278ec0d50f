using Microsoft.AspNetCore.Routing;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;
using Roomcast.Storage;

namespace Roomcast.RealtimeKit.Rest.Sessions;

/// <summary>The routes of sessions, under way and ended: what took place, who was there and how their media fared.</summary>
internal static class SessionEndpoints
{
    private static readonly Dictionary<string, SessionSort> SessionSorts = new()
    {
        ["minutesConsumed"] = SessionSort.Presence,
        ["createdAt"] = SessionSort.Age,
    };

    private static readonly Dictionary<string, bool> Statuses = new() { ["LIVE"] = true, ["ENDED"] = false };

    private static readonly Dictionary<string, PeerSort> PeerSorts = new()
    {
        ["joinedAt"] = PeerSort.Joined,
        ["duration"] = PeerSort.Duration,
    };

    private static readonly Dictionary<string, bool> Views = new() { ["raw"] = false, ["consolidated"] = true };

    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapSessions(this RouteGroupBuilder app)
    {
        app.MapRead("/sessions", ListAsync);
        app.MapRead("/sessions/peer-report/{peer_id}", GetPeerReportAsync);
        app.MapRead("/sessions/{session_id}", GetAsync);
        app.MapRead("/sessions/{session_id}/participants", ListParticipantsAsync);
        app.MapRead("/sessions/{session_id}/participants/{participant_id}", GetParticipantAsync);
    }

    /// <summary>The session that the path names; null when the app has none such.</summary>
    public static async Task<SessionRecord?> FindAsync(KitRequest request, SessionHistory history, TimeProvider clock) =>
        SessionId.TryParse(request.PathValue("session_id"), out var id)
            ? await history.FindAsync(request.App.Id, id, clock.GetUtcNow(), request.Aborted)
            : null;

    private static async Task<KitAnswer> ListAsync(KitRequest request, SessionHistory history, TimeProvider clock)
    {
        var query = request.ReadQuery();
        var wanted = new SessionQuery(query.ReadPage())
        {
            Created = query.ReadTimeRange(),
            IsLive = query.ReadWord("status", Statuses),
            Search = query.ReadSearch("search"),
            Participant = query.ReadSearch("participants"),
            Sort = query.ReadWord("sort_by", SessionSorts) ?? SessionSort.Age,
            Order = query.ReadSortOrder(),
        };
        var meeting = query.ReadSearch("associated_id");
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (meeting is not null)
        {
            // A malformed id is no meeting's: it is looked for like any other, and not found.
            wanted = wanted with { MeetingId = MeetingId.TryParse(meeting, out var id) ? id : new MeetingId(Guid.Empty) };
        }

        var page = await history.ListAsync(request.App.Id, wanted, clock.GetUtcNow(), request.Aborted);
        return KitAnswer.Ok(
            new SessionListResponse([.. page.Items.Select(session => SessionResponse.Of(session))]),
            KitJson.Default.SessionListResponse,
            PagingResponse.Of(page));
    }

    private static async Task<KitAnswer> GetAsync(KitRequest request, SessionHistory history, TimeProvider clock)
    {
        var query = request.ReadQuery();
        var withBreakoutRooms = query.ReadFlag("include_breakout_rooms");
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await FindAsync(request, history, clock) is not { } session)
        {
            return KitAnswer.NotFound("session");
        }

        var rooms = withBreakoutRooms ? await history.ListConnectedAsync(session.Id, clock.GetUtcNow(), request.Aborted) : null;
        return KitAnswer.Ok(
            SessionResponse.Of(session) with { BreakoutRooms = rooms?.Select(room => SessionResponse.Of(room)).ToArray() },
            KitJson.Default.SessionResponse);
    }

    private static async Task<KitAnswer> ListParticipantsAsync(KitRequest request, SessionHistory history, TimeProvider clock)
    {
        var query = request.ReadQuery();
        var wanted = new PeerQuery(query.ReadPage())
        {
            Search = query.ReadSearch("search"),
            Sort = query.ReadWord("sort_by", PeerSorts) ?? PeerSort.Joined,
            Order = query.ReadSortOrder(),
            IsConsolidated = query.ReadWord("view", Views) ?? false,
        };
        var withEvents = query.ReadFlag("include_peer_events");
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await FindAsync(request, history, clock) is not { } session)
        {
            return KitAnswer.NotFound("session");
        }

        var now = clock.GetUtcNow();
        var page = await history.ListPeersAsync(session.Id, wanted, now, request.Aborted);
        var peers = page.Items.SelectMany(OwnOf).Select(peer => peer.Id).ToArray();
        var events = withEvents ? await history.ListEventsAsync(session.Id, peers, request.Aborted) : null;
        return KitAnswer.Ok(
            new SessionParticipantListResponse(
                [
                    .. page.Items.Select(peer => SessionParticipantResponse.Of(peer, now, null) with
                    {
                        PeerEvents = events is null ? null : PeerEventResponse.Of(OwnOf(peer), events),
                    }),
                ]),
            KitJson.Default.SessionParticipantListResponse,
            PagingResponse.Of(page));
    }

    private static IReadOnlyList<PeerRecord> OwnOf(PeerRecord peer) => peer.Merged is { Count: > 0 } merged ? merged : [peer];

    private static async Task<KitAnswer> GetParticipantAsync(
        KitRequest request, SessionHistory history, MediaHistoryStore figures, ClientReportStore reports, TimeProvider clock)
    {
        var query = request.ReadQuery();
        var withEvents = query.ReadFlag("include_peer_events");
        var parts = query.ReadWords("filters", PeerReport.PartWords);
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await FindAsync(request, history, clock) is not { } session)
        {
            return KitAnswer.NotFound("session");
        }

        return Guid.TryParseExact(request.PathValue("participant_id"), "D", out var id)
            && await history.FindPeerAsync(session.Id, id, request.Aborted) is { } peer
            ? Answer(await ReportAsync(request, history, figures, reports, clock, peer, withEvents, parts))
            : KitAnswer.NotFound("participant");
    }

    private static async Task<KitAnswer> GetPeerReportAsync(
        KitRequest request, SessionHistory history, MediaHistoryStore figures, ClientReportStore reports, TimeProvider clock)
    {
        var query = request.ReadQuery();
        var withEvents = query.ReadFlag("include_peer_events");
        var parts = query.ReadWords("filters", PeerReport.PartWords);
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (!PeerId.TryParse(request.PathValue("peer_id"), out var id)
            || await history.FindPeerAsync(request.App.Id, id, request.Aborted) is not { } peer)
        {
            return KitAnswer.NotFound("peer");
        }

        var report = await ReportAsync(request, history, figures, reports, clock, peer, withEvents, parts);
        return Answer(report with { PresetName = null, SessionId = peer.SessionId.Value, Role = peer.PresetName });
    }

    private static KitAnswer Answer(SessionParticipantResponse participant) =>
        KitAnswer.Ok(new OneSessionParticipantResponse(participant), KitJson.Default.OneSessionParticipantResponse);

    private static async Task<SessionParticipantResponse> ReportAsync(
        KitRequest request,
        SessionHistory history,
        MediaHistoryStore figures,
        ClientReportStore reports,
        TimeProvider clock,
        PeerRecord peer,
        bool withEvents,
        IReadOnlyCollection<PeerReportPart> parts)
    {
        var events = (await history.ListEventsAsync(peer.SessionId, [peer.Id], request.Aborted))[peer.Id].ToArray();
        var media = await figures.FindAsync(peer.SessionId, peer.Id, request.Aborted);
        var reported = await reports.FindAsync(peer.ParticipantId, peer.Id, request.Aborted);
        return SessionParticipantResponse.Of(peer, clock.GetUtcNow(), withEvents ? events : null) with
        {
            PeerReport = PeerReport.Of(peer, events, media, reported, parts, request.SeesSecrets),
        };
    }
}
