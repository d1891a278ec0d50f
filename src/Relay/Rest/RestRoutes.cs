using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Push;
using Roomcast.Egress.Push.Records;
using Roomcast.Egress.Recording;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.Relay.Framing;
using Roomcast.Relay.Methods;
using Roomcast.Relay.Rooms;
using Roomcast.Storage;

namespace Roomcast.Relay.Rest;

/// <summary>Room sessions, their streams and recordings over HTTP, below <c>/api/video</c>.</summary>
/// <remarks>
/// A stream of a room is a target: each session of the room is streamed to it, for as long as it is there. A stream of a session is one run.
/// Another project's is answered as what there is not.
/// </remarks>
internal sealed partial class RestRoutes(
    RoomDirectory rooms,
    SessionPushes pushes,
    MeetingTargetStore targets,
    SessionHistory history,
    MeetingStore meetings,
    Recordings recordings,
    ICompositions compositions,
    TimeProvider time)
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
        group.MapGet("/room_sessions/{id}/recordings", (HttpContext http, string id) => own.ListRecordingsOfSessionAsync(http, id));
        group.MapGet("/room_sessions/{id}/streams", (HttpContext http, string id) => own.ListOfSessionAsync(http, id));
        group.MapPost("/room_sessions/{id}/streams", (HttpContext http, string id) => own.CreateOfSessionAsync(http, id));
        group.MapDelete("/room_sessions/{id}/streams/{streamId}", (HttpContext http, string id, string streamId) => own.DeleteOfSessionAsync(http, id, streamId));
        foreach (var kind in (string[])["rooms", "conferences"])
        {
            group.MapGet($"/{kind}/{{id}}/streams", (HttpContext http, string id) => own.ListOfRoomAsync(http, id));
            group.MapPost($"/{kind}/{{id}}/streams", (HttpContext http, string id) => own.CreateOfRoomAsync(http, id));
        }

        group.MapGet("/room_recordings", (Delegate)((HttpContext http) => own.ListRecordingsAsync(http, session: null)));
        group.MapGet("/room_recordings/{id}", (HttpContext http, string id) => own.GetRecordingAsync(http, id));
        group.MapGet("/streams/{id}", (HttpContext http, string id) => own.GetStreamAsync(http, id));
        group.MapPut("/streams/{id}", (HttpContext http, string id) => own.ChangeStreamAsync(http, id));
        group.MapDelete("/streams/{id}", (HttpContext http, string id) => own.DeleteStreamAsync(http, id));
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

        var name = query["room_name"] is [{ Length: > 0 } given] ? given : null;
        var (sessions, total) = await ReadPageAsync(page, size, request => history.ListAsync(
            CallerOf(http).AppId,
            new SessionQuery(request)
            {
                IsLive = isLive, MeetingId = meetingId, Title = name, Search = query["room_name_matches"], Order = SortOrder.Descending,
            },
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

        var streams = new List<SessionPush>();
        if (rooms.Find(session.AppId, session.Id.Value) is { } room)
        {
            await room.DoAsync(each => streams.AddRange(each.Streams));
        }

        return RestAnswers.List(http, streams.Select(push => WriteRun(push, CallerOf(http))));
    }

    private async Task<IResult> CreateOfSessionAsync(HttpContext http, string id)
    {
        if (await FindSessionAsync(http, id) is not { } session)
        {
            return RestAnswers.NotFound();
        }

        var (address, refusal) = await ReadAddressAsync(http);
        if (address is null)
        {
            return refusal!;
        }

        SessionPush? push = null;
        if (rooms.Find(session.AppId, session.Id.Value) is not { } room || !await room.DoAsync(each =>
        {
            push = pushes.Start(session.Id.Value, address);
            if (push is not null)
            {
                each.Changed(push);
            }
        }))
        {
            return RestAnswers.Invalid("room_session_id", "the room session is over: there is nothing to stream", "room_session_not_active");
        }

        return push is null
            ? RestAnswers.Invalid("room_session_id", $"a room session has at most {pushes.MaxOfSession} streams", "too_many_streams")
            : RestAnswers.Found(WriteRun(push, CallerOf(http)), StatusCodes.Status201Created);
    }

    private async Task<IResult> DeleteOfSessionAsync(HttpContext http, string id, string streamId) =>
        Guid.TryParseExact(streamId, "D", out var pushId) && pushes.Find(pushId) is { } push && push.SessionId.ToString() == id
        && rooms.Find(CallerOf(http).AppId, push.SessionId) is { } room && await room.DoAsync(_ => pushes.Stop(pushId))
            ? Results.NoContent()
            : RestAnswers.NotFound();

    private async Task<IResult> ListOfRoomAsync(HttpContext http, string id) =>
        await FindMeetingAsync(http, id) is { } meeting
            ? RestAnswers.List(http, (await targets.ListAsync(meeting.Id.Value, http.RequestAborted)).Select(target => WriteTarget(target, CallerOf(http))))
            : RestAnswers.NotFound();

    private async Task<IResult> CreateOfRoomAsync(HttpContext http, string id)
    {
        if (await FindMeetingAsync(http, id) is not { } meeting)
        {
            return RestAnswers.NotFound();
        }

        var (address, refusal) = await ReadAddressAsync(http);
        if (address is null)
        {
            return refusal!;
        }

        if (await targets.CreateAsync(meeting.AppId, meeting.Id.Value, address, pushes.MaxOfSession, http.RequestAborted) is not { } target)
        {
            return RestAnswers.Invalid("room_id", $"a room has at most {pushes.MaxOfSession} streams", "too_many_streams");
        }

        await rooms.FollowTargetsAsync(meeting.AppId, meeting.Id);
        return RestAnswers.Found(WriteTarget(target, CallerOf(http)), StatusCodes.Status201Created);
    }

    private async Task<IResult> GetStreamAsync(HttpContext http, string id) =>
        MeetingTargetId.TryParse(id, out var targetId) && await targets.FindAsync(CallerOf(http).AppId, targetId, http.RequestAborted) is { } target
            ? RestAnswers.Found(WriteTarget(target, CallerOf(http)))
            : RestAnswers.NotFound();

    private async Task<IResult> ChangeStreamAsync(HttpContext http, string id)
    {
        if (!MeetingTargetId.TryParse(id, out var targetId) || await targets.FindAsync(CallerOf(http).AppId, targetId, http.RequestAborted) is null)
        {
            return RestAnswers.NotFound();
        }

        var (address, refusal) = await ReadAddressAsync(http);
        if (address is null)
        {
            return refusal!;
        }

        if (await targets.UpdateAsync(CallerOf(http).AppId, targetId, address, http.RequestAborted) is not { } target)
        {
            return RestAnswers.NotFound();
        }

        await rooms.FollowTargetsAsync(target.AppId, new MeetingId(target.MeetingId));
        return RestAnswers.Found(WriteTarget(target, CallerOf(http)));
    }

    private async Task<IResult> DeleteStreamAsync(HttpContext http, string id)
    {
        if (!MeetingTargetId.TryParse(id, out var targetId) || await targets.DeleteAsync(CallerOf(http).AppId, targetId, http.RequestAborted) is not { } target)
        {
            return RestAnswers.NotFound();
        }

        await rooms.FollowTargetsAsync(target.AppId, new MeetingId(target.MeetingId));
        return Results.NoContent();
    }

    /// <summary>Reads from the body where to stream to.</summary>
    private async Task<(PushAddress? Address, IResult? Refusal)> ReadAddressAsync(HttpContext http)
    {
        var (url, refusal) = await ReadUrlAsync(http);
        return refusal is not null ? (null, refusal)
            : !PushAddress.TryParse(url, streamKey: null, out var address, out var fault) ? (null, RestAnswers.Invalid("url", MediaMethods.MessageOf(fault)))
            : !pushes.MayPushTo(address) ? (null, RestAnswers.Invalid("url", "url must not lead into a private network; the setting push_private_networks allows some"))
            : (address, null);
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

    private JsonObject Write(SessionRecord session)
    {
        var room = rooms.Find(session.AppId, session.Id.Value);
        var title = session.MeetingTitle.Length > 0 ? session.MeetingTitle : session.MeetingId.ToString();
        var format = compositions.FormatOf();
        return new JsonObject
        {
            ["id"] = session.Id.ToString(),
            ["room_id"] = session.MeetingId.ToString(),
            ["name"] = title,
            ["display_name"] = title,
            ["quality"] = $"{format.Height}p",
            ["fps"] = format.FrameRate,
            ["layout"] = room?.LayoutName ?? LayoutNames.Default,
            ["locked"] = room?.IsLocked ?? false,
            ["start_time"] = RestAnswers.Time(session.StartedAt),
            ["end_time"] = RestAnswers.Time(session.EndedAt),
            ["duration"] = session.EndedAt is { } endedAt ? WireTime.Between(session.StartedAt, endedAt) : null,
            ["status"] = session.EndedAt is null ? "in-progress" : "completed",
        };
    }

    private JsonObject WriteTarget(MeetingTarget target, RestCaller caller)
    {
        var format = compositions.FormatOf();
        return new JsonObject
        {
            ["id"] = target.Id.ToString(),
            ["url"] = caller.MayChange ? target.Address.Url : target.Address.Covered,
            ["stream_type"] = "rtmp",
            ["width"] = format.Width,
            ["height"] = format.Height,
            ["fps"] = format.FrameRate,
            ["created_at"] = RestAnswers.Time(target.CreatedAt),
            ["updated_at"] = RestAnswers.Time(target.UpdatedAt),
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
