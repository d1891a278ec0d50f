using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Roomcast.Livestreams.Records;
using Roomcast.Storage;

namespace Roomcast.Livestreams.Viewers;

/// <summary>What players ask besides media: how a livestream stands, and the heartbeats of docs/protocols/viewer-heartbeat.md.</summary>
public static class ViewerEndpoints
{
    private const int MaxBodyBytes = 1_024;
    private const double MaxLatencyMs = 3_600_000;

    /// <summary>
    /// Adds what the routes need. The host adds an <see cref="ILiveAudience"/> and the <see cref="ViewerTokens"/> with their
    /// key, and <see cref="ViewerCountingOptions"/> when they are not the defaults.
    /// </summary>
    public static IServiceCollection AddViewers(this IServiceCollection services)
    {
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new ViewerCountingOptions());
        services.TryAddSingleton<AddressAllowances>();
        services.TryAddSingleton<ViewerMetrics>();
        return services;
    }

    /// <summary>Maps the routes, with and without a playback token in the path. Every answer may be read by any page.</summary>
    public static void MapViewers(this IEndpointRouteBuilder routes)
    {
        foreach (var prefix in (string[])["/live/{livestreamId}", "/live/t/{playbackToken}/{livestreamId}"])
        {
            var group = routes.MapGroup(prefix).AddEndpointFilter(async (invocation, next) =>
            {
                AllowAnyOrigin(invocation.HttpContext.Response);
                try
                {
                    return await next(invocation);
                }
                catch (StorageException)
                {
                    // The storage has logged it and counts it; a page asks again.
                    return Unavailable(invocation.HttpContext);
                }
            });
            group.MapGet("/status", GetStatusAsync);
            group.MapPost("/viewers", AddViewerAsync);
            group.MapPost("/viewers/{viewer}/heartbeat", BeatAsync);
            group.MapPost("/viewers/{viewer}/leave", LeaveAsync);
            group.MapMethods("/status", [HttpMethods.Options], AnswerPreflight);
            group.MapMethods("/viewers/{**rest}", [HttpMethods.Options], AnswerPreflight);
        }
    }

    private static async Task<IResult> GetStatusAsync(
        string livestreamId, HttpContext context, ILiveAudience audience, CancellationToken cancellationToken)
    {
        // The same for all who ask, and thousands may be waiting for a start: a cache in front may answer them for a second.
        context.Response.Headers.CacheControl = "public, max-age=1";
        var (refusal, answer) = await FindAsync(audience, livestreamId, context, cancellationToken);
        return refusal ?? Answer(
            StatusCodes.Status200OK,
            new StatusMessage(WordOf(answer.State), answer.Name, answer.Viewers?.Concurrent ?? 0, answer.StartedAt),
            ViewerJson.Default.StatusMessage);
    }

    private static async Task<IResult> AddViewerAsync(
        string livestreamId,
        HttpContext context,
        ILiveAudience audience,
        ViewerTokens tokens,
        ViewerCountingOptions options,
        AddressAllowances addresses,
        ViewerMetrics metrics,
        CancellationToken cancellationToken)
    {
        var result = await AddAsync();
        metrics.Answered("new", StatusOf(result));
        return result;

        async Task<IResult> AddAsync()
        {
            if (!addresses.TryTake(context.Connection.RemoteIpAddress))
            {
                return TooMany(context);
            }

            var (isRead, request) = await ReadAsync(context, ViewerJson.Default.NewViewerRequest, mayBeEmpty: true, cancellationToken);
            if (!isRead)
            {
                return BadBody();
            }

            var (refusal, _) = await FindAsync(audience, livestreamId, context, cancellationToken);
            if (refusal is not null)
            {
                return refusal;
            }

            _ = LivestreamId.TryParse(livestreamId, out var id);
            var viewer = request?.Viewer ?? tokens.NewViewerId(id);
            return tokens.HeartbeatTokenOf(id, viewer) is { } token
                ? Answer(
                    StatusCodes.Status201Created,
                    new NewViewerMessage(viewer, token, options.HeartbeatInterval.TotalSeconds),
                    ViewerJson.Default.NewViewerMessage)
                : Refuse(StatusCodes.Status400BadRequest, "unknown_viewer", "This viewer id was not made for this livestream.");
        }
    }

    private static async Task<IResult> BeatAsync(
        string livestreamId,
        string viewer,
        HttpContext context,
        ILiveAudience audience,
        ViewerTokens tokens,
        ViewerCountingOptions options,
        AddressAllowances addresses,
        ViewerMetrics metrics,
        CancellationToken cancellationToken)
    {
        var result = await HeedAsync();
        metrics.Answered("heartbeat", StatusOf(result));
        return result;

        async Task<IResult> HeedAsync()
        {
            if (!addresses.TryTake(context.Connection.RemoteIpAddress))
            {
                return TooMany(context);
            }

            var (isRead, request) = await ReadAsync(context, ViewerJson.Default.HeartbeatRequest, mayBeEmpty: false, cancellationToken);
            if (!isRead || request is null || !TryReadPlayback(request.State, out var playback)
                || request.LatencyMs is < 0 or > MaxLatencyMs || request.Number is < 1)
            {
                return BadBody();
            }

            var (refusal, answer) = await FindAsync(audience, livestreamId, context, cancellationToken);
            if (refusal is not null)
            {
                return refusal;
            }

            if (!LivestreamId.TryParse(livestreamId, out var id) || !tokens.IsHeartbeatToken(id, viewer, request.Token))
            {
                return BadToken();
            }

            // With no session on air there is nothing to count, and the viewer is told so by the state.
            if (answer.Viewers is { } viewers && !viewers.Beat(viewer, playback, request.Player, context.Request.Headers.UserAgent, request.Number))
            {
                return TooMany(context);
            }

            if (playback == ViewerPlayback.Playing && request.LatencyMs is { } latencyMs)
            {
                metrics.Latency(latencyMs);
            }

            return Answer(
                StatusCodes.Status200OK,
                new HeartbeatMessage(options.HeartbeatInterval.TotalSeconds, WordOf(answer.State), answer.Viewers?.Concurrent ?? 0),
                ViewerJson.Default.HeartbeatMessage);
        }
    }

    private static async Task<IResult> LeaveAsync(
        string livestreamId,
        string viewer,
        HttpContext context,
        ILiveAudience audience,
        ViewerTokens tokens,
        AddressAllowances addresses,
        ViewerMetrics metrics,
        CancellationToken cancellationToken)
    {
        var result = await LetGoAsync();
        metrics.Answered("leave", StatusOf(result));
        return result;

        async Task<IResult> LetGoAsync()
        {
            if (!addresses.TryTake(context.Connection.RemoteIpAddress))
            {
                return TooMany(context);
            }

            var (isRead, request) = await ReadAsync(context, ViewerJson.Default.HeartbeatRequest, mayBeEmpty: false, cancellationToken);
            if (!isRead || request is null || request.Number is < 1)
            {
                return BadBody();
            }

            // A page may leave after its playback token has run out, so the heartbeat's token alone decides.
            if (!LivestreamId.TryParse(livestreamId, out var id) || !tokens.IsHeartbeatToken(id, viewer, request.Token))
            {
                return BadToken();
            }

            audience.FindViewers(id)?.Leave(viewer, request.Number);
            context.Response.Headers.CacheControl = "no-store";
            return TypedResults.NoContent();
        }
    }

    private static async ValueTask<(IResult? Refusal, AudienceAnswer Answer)> FindAsync(
        ILiveAudience audience, string livestreamId, HttpContext context, CancellationToken cancellationToken)
    {
        var answer = LivestreamId.TryParse(livestreamId, out var id)
            ? await audience.FindAsync(id, PlaybackTokenOf(context), cancellationToken)
            : new AudienceAnswer(AudienceAdmission.NotFound);
        return answer.Admission switch
        {
            AudienceAdmission.NotFound => (Refuse(StatusCodes.Status404NotFound, "not_found", "There is no such livestream."), answer),
            AudienceAdmission.NotAllowed => (Refuse(
                StatusCodes.Status403Forbidden, "not_allowed", "This livestream needs a signed address that is still valid."), answer),
            _ => (null, answer),
        };
    }

    private static string? PlaybackTokenOf(HttpContext context) => context.Request.RouteValues["playbackToken"] as string;

    /// <summary>Reads a small body as JSON whatever its declared type: a beacon can only send text/plain.</summary>
    private static async ValueTask<(bool IsRead, T? Message)> ReadAsync<T>(
        HttpContext context, JsonTypeInfo<T> type, bool mayBeEmpty, CancellationToken cancellationToken)
        where T : class
    {
        if (context.Request.ContentLength > MaxBodyBytes)
        {
            return (false, null);
        }

        var bytes = new byte[MaxBodyBytes + 1];
        var length = await context.Request.Body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        if (length == 0)
        {
            return (mayBeEmpty, null);
        }

        return length > MaxBodyBytes ? (false, null) : (TryParse(bytes.AsSpan(0, length), type, out var message), message);
    }

    private static bool TryParse<T>(ReadOnlySpan<byte> bytes, JsonTypeInfo<T> type, out T? message)
        where T : class
    {
        try
        {
            message = JsonSerializer.Deserialize(bytes, type);
            return message is not null;
        }
        catch (JsonException)
        {
            // The caller's fault, told by the answer.
            message = null;
            return false;
        }
    }

    private static bool TryReadPlayback(string? word, out ViewerPlayback playback)
    {
        (var isKnown, playback) = word switch
        {
            "playing" => (true, ViewerPlayback.Playing),
            "paused" => (true, ViewerPlayback.Paused),
            "stalled" => (true, ViewerPlayback.Stalled),
            _ => (false, default),
        };
        return isKnown;
    }

    private static string WordOf(AudienceState state) => state switch
    {
        AudienceState.Waiting => "waiting",
        AudienceState.Live => "live",
        AudienceState.Interrupted => "interrupted",
        _ => "ended",
    };

    private static void AnswerPreflight(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        context.Response.Headers.AccessControlAllowMethods = "GET, POST, OPTIONS";
        context.Response.Headers.AccessControlAllowHeaders = "content-type";
        context.Response.Headers.AccessControlMaxAge = "86400";
    }

    private static void AllowAnyOrigin(HttpResponse response)
    {
        response.Headers.AccessControlAllowOrigin = "*";
        response.Headers.AccessControlExposeHeaders = "Date, Retry-After";
        response.Headers.CacheControl = "no-store";
    }

    private static JsonHttpResult<ViewerErrorMessage> TooMany(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "5";
        return Refuse(StatusCodes.Status429TooManyRequests, "too_many_requests", "Too many calls; try again in some seconds.");
    }

    private static JsonHttpResult<ViewerErrorMessage> Unavailable(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.RetryAfter = "2";
        return Refuse(
            StatusCodes.Status503ServiceUnavailable, "unavailable", "The server cannot look this up at the moment; try again in some seconds.");
    }

    private static JsonHttpResult<ViewerErrorMessage> BadBody() => Refuse(
        StatusCodes.Status400BadRequest, "bad_request", "The body is not the JSON that docs/protocols/viewer-heartbeat.md describes.");

    private static JsonHttpResult<ViewerErrorMessage> BadToken() =>
        Refuse(StatusCodes.Status403Forbidden, "bad_token", "The token is not the one of this viewer.");

    private static JsonHttpResult<ViewerErrorMessage> Refuse(int status, string error, string message) =>
        Answer(status, new ViewerErrorMessage(error, message), ViewerJson.Default.ViewerErrorMessage);

    private static JsonHttpResult<T> Answer<T>(int status, T message, JsonTypeInfo<T> type) =>
        TypedResults.Json(message, type, statusCode: status);

    private static int StatusOf(IResult result) => (result as IStatusCodeHttpResult)?.StatusCode ?? StatusCodes.Status200OK;
}
