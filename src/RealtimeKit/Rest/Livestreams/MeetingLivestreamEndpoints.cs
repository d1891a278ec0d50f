using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.Egress.Composition;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Meetings;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Meetings;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Livestreams;

/// <summary>The livestream routes of meetings and of their sessions.</summary>
internal static class MeetingLivestreamEndpoints
{
    private const int MostPixels = 1_920;

    // The contract takes any size from 1 on; smaller pictures than this cannot be composed.

    private static readonly JsonShape VideoConfig = JsonShape.Object(
        ("width", JsonShape.Whole(1, MostPixels)),
        ("height", JsonShape.Whole(1, MostPixels)),
        ("background_color", JsonShape.Text(7, static text => RgbOf(text) is not null, "a colour such as #101418")),
        ("background_url", JsonShape.Address("http", "https")),
        ("watermark", MeetingConfigs.Watermark));

    private static readonly Dictionary<string, LivestreamLayout> Layouts = new(StringComparer.Ordinal)
    {
        ["automatic"] = LivestreamLayout.Automatic,
        ["grid"] = LivestreamLayout.Grid,
        ["speaker"] = LivestreamLayout.Speaker,
        ["spotlight"] = LivestreamLayout.Spotlight,
        ["screen_share"] = LivestreamLayout.ScreenShare,
        ["single"] = LivestreamLayout.Single,
    };

    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapMeetingLivestreams(this RouteGroupBuilder app)
    {
        app.MapPost("/meetings/{meeting_id}/livestreams", StartAsync);
        app.MapRead("/meetings/{meeting_id}/active-livestream", GetActiveAsync);
        app.MapPost("/meetings/{meeting_id}/active-livestream/stop", StopAsync);
        app.MapRead("/meetings/{meeting_id}/livestream", ListOfMeetingAsync);
        app.MapRead("/sessions/{session_id}/livestream-sessions", ListOfSessionAsync);
    }

    /// <summary>What a refusal to start is told as.</summary>
    public static KitAnswer Refuse(MeetingLivestreamException refusal) => refusal.Refusal switch
    {
        MeetingLivestreamRefusal.NoSession => KitAnswer.Refuse(KitErrorCode.NoActiveSession, "nobody is in the meeting"),
        MeetingLivestreamRefusal.AlreadyActive => KitAnswer.Refuse(
            KitErrorCode.AlreadyRunning, "a livestream of the meeting is active: stop it before starting another"),
        _ => KitAnswer.Refuse(KitErrorCode.Unavailable, refusal.Message, refusal.RetryAfter ?? TimeSpan.FromSeconds(30)),
    };

    private static async Task<KitAnswer> StartAsync(
        KitRequest request, MeetingStore meetings, IMeetingLivestreams livestreams, PublicAddresses addresses)
    {
        using var body = await request.ReadBodyAsync();
        var name = body.ReadName("name", isRequired: false, isNullable: true);
        var isManual = body.ReadFlag("manual_ingestion", isNullable: true);
        var video = body.ReadShape("video_config", VideoConfig);
        var layout = body.ReadWord("layout", Layouts);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await MeetingEndpoints.FindAsync(request, meetings) is not { } meeting)
        {
            return KitAnswer.NotFound("meeting");
        }

        var wanted = new MeetingLivestreamRequest(name.Value, isManual.Value ?? false);
        wanted = wanted with
        {
            Width = PixelsOf(video?["width"]?.GetValue<int>()) ?? wanted.Width,
            Height = PixelsOf(video?["height"]?.GetValue<int>()) ?? wanted.Height,
            Layout = layout.Value,
            BackgroundRgb = RgbOf((string?)video?["background_color"]),
            BackgroundAddress = (string?)video?["background_url"],
            Watermark = WatermarkOf(video?["watermark"]),
        };
        try
        {
            var livestream = await livestreams.StartAsync(request.App.Id, meeting.Id.Value, wanted, request.Aborted);
            return KitAnswer.Created(LivestreamResponse.Of(livestream, request, addresses), KitJson.Default.LivestreamResponse);
        }
        catch (MeetingLivestreamException fault)
        {
            return Refuse(fault);
        }
    }

    private static async Task<KitAnswer> GetActiveAsync(
        KitRequest request, MeetingStore meetings, IMeetingLivestreams livestreams, PublicAddresses addresses)
    {
        if (await MeetingEndpoints.FindAsync(request, meetings) is not { } meeting)
        {
            return KitAnswer.NotFound("meeting");
        }

        return await livestreams.FindActiveAsync(request.App.Id, meeting.Id.Value, request.Aborted) is { } livestream
            ? KitAnswer.Ok(LivestreamResponse.Of(livestream, request, addresses), KitJson.Default.LivestreamResponse)
            : NoLivestream();
    }

    private static async Task<KitAnswer> StopAsync(KitRequest request, MeetingStore meetings, IMeetingLivestreams livestreams)
    {
        if (await MeetingEndpoints.FindAsync(request, meetings) is not { } meeting)
        {
            return KitAnswer.NotFound("meeting");
        }

        return await livestreams.StopAsync(request.App.Id, meeting.Id.Value, request.Aborted)
            ? KitAnswer.Ok(new StoppedLivestreamResponse("Livestream stopped"), KitJson.Default.StoppedLivestreamResponse)
            : NoLivestream();
    }

    private static async Task<KitAnswer> ListOfMeetingAsync(
        KitRequest request, MeetingStore meetings, LivestreamDirectory livestreams, PublicAddresses addresses)
    {
        var query = request.ReadQuery();
        var wanted = query.ReadPage();
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await MeetingEndpoints.FindAsync(request, meetings) is not { } meeting)
        {
            return KitAnswer.NotFound("meeting");
        }

        var page = await livestreams.ListOfMeetingAsync(request.App.Id, meeting.Id.Value, wanted, request.Aborted);
        var sessions = await livestreams.ListSessionsOfMeetingAsync(request.App.Id, meeting.Id.Value, wanted, request.Aborted);
        var paging = PagingResponse.Of(page);
        return KitAnswer.Ok(
            MeetingLivestreamsResponse.Of(
                [.. page.Items.Select(item => LivestreamResponse.Of(item, request, addresses))],
                [.. sessions.Items.Select(LivestreamSessionResponse.Of)],
                paging),
            KitJson.Default.MeetingLivestreamsResponse,
            paging);
    }

    private static async Task<KitAnswer> ListOfSessionAsync(
        KitRequest request, SessionRecordStore sessions, LivestreamDirectory livestreams)
    {
        var query = request.ReadQuery();
        var wanted = query.ReadPage();
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (!SessionId.TryParse(request.PathValue("session_id"), out var id)
            || await sessions.FindAsync(request.App.Id, id, request.Aborted) is null)
        {
            return KitAnswer.NotFound("session");
        }

        var page = await livestreams.ListSessionsOfMeetingSessionAsync(request.App.Id, id.Value, wanted, request.Aborted);
        var paging = PagingResponse.Of(page);
        LivestreamSessionResponse[] items = [.. page.Items.Select(LivestreamSessionResponse.Of)];
        return items.Length == 0
            ? KitAnswer.Ok(new EmptyLivestreamSessionsResponse(items, items, paging), KitJson.Default.EmptyLivestreamSessionsResponse, paging)
            : KitAnswer.Ok(new LivestreamSessionsResponse(items, paging), KitJson.Default.LivestreamSessionsResponse, paging);
    }

    /// <summary>Reads #rrggbb; null when it is something else.</summary>
    private static int? RgbOf(string? text) =>
        text is ['#', .. { Length: 6 } digits] && int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var rgb) ? rgb : null;

    private static LivestreamWatermark? WatermarkOf(JsonNode? watermark) => (string?)watermark?["url"] is not { } address
        ? null
        : new LivestreamWatermark(
            address,
            (string?)watermark["position"] switch
            {
                "right top" => LivestreamCorner.RightTop,
                "left bottom" => LivestreamCorner.LeftBottom,
                "right bottom" => LivestreamCorner.RightBottom,
                _ => LivestreamCorner.LeftTop,
            },
            (int?)watermark["size"]?["width"] ?? 0,
            (int?)watermark["size"]?["height"] ?? 0);

    private static int? PixelsOf(int? given) => given is { } pixels ? CompositionFormat.SideOf(pixels) : null;

    private static KitAnswer NoLivestream() => KitAnswer.Refuse(KitErrorCode.NoActiveLivestream, "the meeting has no active livestream");
}
