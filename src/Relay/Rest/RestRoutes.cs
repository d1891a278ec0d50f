using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Push;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.Relay.Framing;
using Roomcast.Relay.Methods;
using Roomcast.Relay.Rooms;
using Roomcast.Storage;

namespace Roomcast.Relay.Rest;

/// <summary>Room sessions and streams over HTTP, below <c>/api/video</c>.</summary>
/// <remarks>Another project's is answered as what there is not.</remarks>
internal sealed class RestRoutes(RoomDirectory rooms, SessionPushes pushes, SessionHistory history, MeetingStore meetings, TimeProvider time)
{
    private const int UsualPage = 50;
    private const int LargestPage = 1_000;
    private const int LastPage = 1_000_000;
    private const int MaxBody = 16 << 10;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var own = routes.ServiceProvider.GetRequiredService<RestRoutes>();
        var group = routes.MapGroup("/api/video").AddEndpointFilter(routes.ServiceProvider.GetRequiredService<RestAccess>());
        group.MapGet("/room_sessions", (Delegate)((HttpContext http) => own.ListSessionsAsync(http)));
        group.MapGet("/room_sessions/{id}", (HttpContext http, string id) => own.GetSessionAsync(http, id));
        group.MapGet("/room_sessions/{id}/members", (HttpContext http, string id) => own.ListMembersAsync(http, id));
        group.MapGet("/room_sessions/{id}/streams", (HttpContext http, string id) => own.ListOfSessionAsync(http, id));
        group.MapPost("/room_sessions/{id}/streams", (HttpContext http, string id) => own.CreateOfSessionAsync(http, id));
        group.MapDelete("/room_sessions/{id}/streams/{streamId}", (HttpContext http, string id, string streamId) => own.DeleteAsync(http, streamId, id));
        foreach (var kind in (string[])["rooms", "conferences"])
        {
            group.MapGet($"/{kind}/{{id}}/streams", (HttpContext http, string id) => own.ListOfRoomAsync(http, id));
            group.MapPost($"/{kind}/{{id}}/streams", (HttpContext http, string id) => own.CreateOfRoomAsync(http, id));
        }

        group.MapGet("/streams/{id}", (HttpContext http, string id) => own.GetStreamAsync(http, id));
        group.MapDelete("/streams/{id}", (HttpContext http, string id) => own.DeleteAsync(http, id, sessionId: null));
    }

    private static RestCaller CallerOf(HttpContext http) => http.Features.Get<RestCaller>()!;

    private async Task<IResult> ListSessionsAsync(HttpContext http)
    {
        var query = http.Request.Query;
        if (RefusePage(query, out var page, out var size) is { } refusal)
        {
            return refusal;
        }

        bool? isLive = null;
        if (query["status"] is [{ Length: > 0 } status])
        {
            if (status is not ("in-progress" or "completed"))
            {
                return RestAnswers.Invalid("status", "status must be in-progress or completed");
            }

            isLive = status == "in-progress";
        }

        MeetingId? meetingId = null;
        if (query["room_id"] is [{ Length: > 0 } roomId])
        {
            if (!MeetingId.TryParse(roomId, out var read))
            {
                return RestAnswers.Invalid("room_id", "room_id must be a UUID");
            }

            meetingId = read;
        }

        var (sessions, total) = await ReadPageAsync(page, size, request => history.ListAsync(
            CallerOf(http).AppId,
            new SessionQuery(request) { IsLive = isLive, MeetingId = meetingId, Search = query["room_name_matches"], Order = SortOrder.Descending },
            time.GetUtcNow(),
            http.RequestAborted));
        return RestAnswers.List(http, sessions.Select(Write), page, hasMore: (page + 1L) * size < total);
    }

    /// <summary>Reads which page is wanted. Null when it can be had.</summary>
    private static IResult? RefusePage(IQueryCollection query, out int page, out int size)
    {
        var hasPage = TryNumber(query["page_number"], 0, LastPage, 0, out page);
        var hasSize = TryNumber(query["page_size"], 1, LargestPage, UsualPage, out size);
        return !hasPage ? RestAnswers.Invalid("page_number", "page_number must be a whole number, 0 or more")
            : !hasSize ? RestAnswers.Invalid("page_size", $"page_size must be a whole number from 1 to {LargestPage}")
            : null;
    }

    /// <summary>Reads a page that may be larger than the pages of the storage.</summary>
    private static async Task<(List<T> Items, long Total)> ReadPageAsync<T>(int page, int size, Func<PageRequest, Task<Page<T>>> read)
    {
        var step = Math.Min(size, PageBounds.MaxSize);
        var first = (long)page * size;
        var items = new List<T>();
        for (var number = (first / step) + 1; ; number++)
        {
            var found = await read(new PageRequest((int)number, step));
            items.AddRange(found.Items.Skip(number == (first / step) + 1 ? (int)(first % step) : 0));
            if (items.Count >= size || found.Items.Count < step)
            {
                return ([.. items.Take(size)], found.TotalCount);
            }
        }
    }

    private async Task<IResult> GetSessionAsync(HttpContext http, string id) =>
        await FindSessionAsync(http, id) is { } session ? RestAnswers.Found(Write(session)) : RestAnswers.NotFound();

    private async Task<IResult> ListMembersAsync(HttpContext http, string id)
    {
        if (await FindSessionAsync(http, id) is not { } session)
        {
            return RestAnswers.NotFound();
        }

        if (RefusePage(http.Request.Query, out var page, out var size) is { } refusal)
        {
            return refusal;
        }

        var (peers, total) = await ReadPageAsync(
            page, size, request => history.ListPeersAsync(session.Id, new PeerQuery(request), time.GetUtcNow(), http.RequestAborted));
        return RestAnswers.List(http, peers.Select(peer => new JsonObject
        {
            ["id"] = peer.Id.ToString(),
            ["room_session_id"] = session.Id.ToString(),
            ["name"] = peer.DisplayName,
            ["join_time"] = RestAnswers.Time(peer.JoinedAt),
            ["leave_time"] = RestAnswers.Time(peer.LeftAt),
        }), page, hasMore: (page + 1L) * size < total);
    }

    private async Task<IResult> ListOfSessionAsync(HttpContext http, string id)
    {
        if (await FindSessionAsync(http, id) is not { } session)
        {
            return RestAnswers.NotFound();
        }

        var streams = await ReadStreamsAsync(CallerOf(http), room => room.SessionId == session.Id);
        return RestAnswers.List(http, streams.Select(push => WriteRun(push, CallerOf(http))));
    }

    private async Task<IResult> CreateOfSessionAsync(HttpContext http, string id)
    {
        if (await FindSessionAsync(http, id) is not { } session)
        {
            return RestAnswers.NotFound();
        }

        var (push, refusal) = await StartAsync(http, rooms.Find(session.AppId, session.Id.Value), "room_session_id");
        return refusal ?? RestAnswers.Found(WriteRun(push!, CallerOf(http)), StatusCodes.Status201Created);
    }

    private async Task<IResult> ListOfRoomAsync(HttpContext http, string id)
    {
        if (await FindMeetingAsync(http, id) is not { } meeting)
        {
            return RestAnswers.NotFound();
        }

        var streams = await ReadStreamsAsync(CallerOf(http), room => room.MeetingId == meeting.Id);
        return RestAnswers.List(http, streams.Select(push => WriteStream(push, CallerOf(http))));
    }

    private async Task<IResult> CreateOfRoomAsync(HttpContext http, string id)
    {
        if (await FindMeetingAsync(http, id) is not { } meeting)
        {
            return RestAnswers.NotFound();
        }

        var (push, refusal) = await StartAsync(http, rooms.Of(meeting.AppId).LastOrDefault(room => room.MeetingId == meeting.Id), "room_id");
        return refusal ?? RestAnswers.Found(WriteStream(push!, CallerOf(http)), StatusCodes.Status201Created);
    }

    private async Task<IResult> GetStreamAsync(HttpContext http, string id) =>
        Guid.TryParseExact(id, "D", out var streamId) && (await ReadStreamsAsync(CallerOf(http), static _ => true)).Find(push => push.Id == streamId) is { } push
            ? RestAnswers.Found(WriteStream(push, CallerOf(http)))
            : RestAnswers.NotFound();

    private async Task<IResult> DeleteAsync(HttpContext http, string id, string? sessionId)
    {
        if (!Guid.TryParseExact(id, "D", out var streamId) || pushes.Find(streamId) is not { } push
            || (sessionId is not null && push.SessionId.ToString() != sessionId)
            || rooms.Find(CallerOf(http).AppId, push.SessionId) is not { } room
            || !await room.DoAsync(_ => pushes.Stop(streamId)))
        {
            return RestAnswers.NotFound();
        }

        return Results.NoContent();
    }

    private async Task<(SessionPush? Push, IResult? Refusal)> StartAsync(HttpContext http, Room? room, string attribute)
    {
        var (url, refusal) = await ReadUrlAsync(http);
        if (refusal is not null)
        {
            return (null, refusal);
        }

        if (!PushAddress.TryParse(url, streamKey: null, out var address, out var fault))
        {
            return (null, RestAnswers.Invalid("url", MediaMethods.MessageOf(fault)));
        }

        SessionPush? push = null;
        if (room is null || !await room.DoAsync(each =>
        {
            push = pushes.Start(each.SessionId.Value, address);
            if (push is not null)
            {
                each.Changed(push);
            }
        }))
        {
            return (null, RestAnswers.Invalid(attribute, "no session of this room is under way: there is nothing to stream", "room_session_not_active"));
        }

        return push is null
            ? (null, RestAnswers.Invalid(attribute, $"a room session has at most {pushes.MaxOfSession} streams", "too_many_streams"))
            : (push, null);
    }

    private static async Task<(string? Url, IResult? Refusal)> ReadUrlAsync(HttpContext http)
    {
        var body = new byte[MaxBody + 1];
        var length = await http.Request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, http.RequestAborted);
        if (length > MaxBody)
        {
            return (null, RestAnswers.Error(StatusCodes.Status413PayloadTooLarge, $"the body has more than {MaxBody} bytes"));
        }

        return !TryReadUrl(body.AsMemory(0, length), out var url) ? (null, RestAnswers.Invalid("body", "the body is no JSON"))
            : url is null ? (null, RestAnswers.Invalid("url", "url is missing", "missing_required_parameter"))
            : (url, null);
    }

    /// <summary>Reads the body of a new stream. False when it is no JSON.</summary>
    /// <param name="body">The body.</param>
    /// <param name="url">Where to, not judged; null when it is missing.</param>
    internal static bool TryReadUrl(ReadOnlyMemory<byte> body, out string? url)
    {
        url = null;
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 8 });
            _ = document.RootElement.ValueKind is JsonValueKind.Object && document.RootElement.TryText("url", PushAddress.MaxLength + 1, out url);
            return true;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            url = null; // InvalidOperationException: half a character, escaped, which is seen only when the text is taken.
            return false;
        }
    }

    private async Task<SessionRecord?> FindSessionAsync(HttpContext http, string id) =>
        SessionId.TryParse(id, out var sessionId) ? await history.FindAsync(CallerOf(http).AppId, sessionId, time.GetUtcNow(), http.RequestAborted) : null;

    private async Task<Meeting?> FindMeetingAsync(HttpContext http, string id) =>
        MeetingId.TryParse(id, out var meetingId) ? await meetings.FindAsync(CallerOf(http).AppId, meetingId, http.RequestAborted) : null;

    private async Task<List<SessionPush>> ReadStreamsAsync(RestCaller caller, Func<Room, bool> isWanted)
    {
        var streams = new List<SessionPush>();
        foreach (var room in rooms.Of(caller.AppId).Where(isWanted))
        {
            await room.DoAsync(each => streams.AddRange(each.Streams));
        }

        return streams;
    }

    private JsonObject Write(SessionRecord session)
    {
        var room = rooms.Find(session.AppId, session.Id.Value);
        var title = session.MeetingTitle.Length > 0 ? session.MeetingTitle : session.MeetingId.ToString();
        return new JsonObject
        {
            ["id"] = session.Id.ToString(),
            ["room_id"] = session.MeetingId.ToString(),
            ["name"] = title,
            ["display_name"] = title,
            ["layout"] = room?.LayoutName ?? LayoutNames.Default,
            ["locked"] = room?.IsLocked ?? false,
            ["start_time"] = RestAnswers.Time(session.StartedAt),
            ["end_time"] = RestAnswers.Time(session.EndedAt),
            ["duration"] = session.EndedAt is { } endedAt ? WireTime.Between(session.StartedAt, endedAt) : null,
            ["status"] = session.EndedAt is null ? "in-progress" : "completed",
        };
    }

    private static JsonObject WriteStream(SessionPush push, RestCaller caller)
    {
        var format = new CompositionFormat();
        return new JsonObject
        {
            ["id"] = push.Id.ToString(),
            ["url"] = caller.MayChange ? push.Url : push.Covered,
            ["stream_type"] = "rtmp",
            ["width"] = format.Width,
            ["height"] = format.Height,
            ["fps"] = format.FrameRate,
            ["created_at"] = RestAnswers.Time(push.AskedAt),
            ["updated_at"] = RestAnswers.Time(push.StartedAt ?? push.AskedAt),
        };
    }

    private static JsonObject WriteRun(SessionPush push, RestCaller caller)
    {
        var written = RoomEntities.Write(push, caller.MayChange);
        foreach (var (name, at) in ((string, DateTimeOffset?)[])[("started_at", push.StartedAt), ("ended_at", push.EndedAt)])
        {
            written[name] = RestAnswers.Time(at);
        }

        return written;
    }

    private static bool TryNumber(string? text, int least, int most, int usual, out int number)
    {
        number = usual;
        return string.IsNullOrEmpty(text)
            || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least && number <= most);
    }
}
