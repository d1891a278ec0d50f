using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Roomcast.Accounts;
using Roomcast.Hls;
using Roomcast.Hls.Packaging;
using Roomcast.Hls.Playlists;
using Roomcast.Livestreams.Viewers;

namespace Roomcast.Livestreams.Delivery;

/// <summary>Answers players: playlists, parts and segments, and the requests that wait for them.</summary>
/// <remarks>
/// What is sent are bytes made once for all viewers, with their length said beforehand and in one write where they lie in one
/// piece. Every answer may be read by any page.
/// </remarks>
internal sealed class DeliveryHandler(
    ILivePrograms programs,
    PlaybackTokens playbackTokens,
    ViewerTokens viewerTokens,
    HeldRequests held,
    DeliveryMetrics metrics,
    TimeProvider time,
    ILogger<DeliveryHandler> logger)
{
    private const string ViewerParameter = "viewer";
    private const string BeaconViewer = "beacon";
    private const int SpillBlockLength = 64 * 1024;

    // A held request is answered by 503 after three target durations (rfc8216bis 6.2.5.2).
    private const int HoldTargets = 3;

    private static readonly TimeSpan SeeHeldAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LogRefusedAgain = TimeSpan.FromMinutes(1);

    private static readonly StringValues AnyOrigin = "*";
    private static readonly StringValues ExposedHeaders = "Date, Age, Content-Length, Content-Range, Retry-After";
    private static readonly StringValues AllowedMethods = "GET, HEAD, OPTIONS";
    private static readonly StringValues AllowedHeaders = "Range";
    private static readonly StringValues OneDay = "86400";
    private static readonly StringValues ForEver = "public, max-age=31536000, immutable";
    private static readonly StringValues TwoSeconds = "public, max-age=2";
    private static readonly StringValues OneSecond = "public, max-age=1";
    private static readonly StringValues Never = "no-store";
    private static readonly StringValues AcceptEncoding = "Accept-Encoding";
    private static readonly StringValues Gzip = "gzip";
    private static readonly StringValues Bytes = "bytes";
    private static readonly StringValues RetryInOneSecond = "1";

    /// <summary>Answers a request for an address under <c>/live/</c>.</summary>
    /// <returns>Null when the address is not one of delivery's.</returns>
    public Task? TryAnswer(HttpContext context)
    {
        var path = LivePath.Read(context.Request.Path.Value);
        return path.Kind is LivePathKind.NotOurs ? null : AnswerAsync(context, path);
    }

    private Task AnswerAsync(HttpContext context, in LivePath path)
    {
        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = AnyOrigin;
        headers.AccessControlExposeHeaders = ExposedHeaders;

        var method = context.Request.Method;
        if (HttpMethods.IsOptions(method))
        {
            headers.Allow = AllowedMethods;
            headers.AccessControlAllowMethods = AllowedMethods;
            headers.AccessControlAllowHeaders = AllowedHeaders;
            headers.AccessControlMaxAge = OneDay;
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        if (!HttpMethods.IsGet(method) && !HttpMethods.IsHead(method))
        {
            headers.Allow = AllowedMethods;
            return RefuseAsync(context, DeliveryRefusal.MethodNotAllowed);
        }

        if (path.Kind is LivePathKind.Nothing)
        {
            return RefuseAsync(context, DeliveryRefusal.NotFound);
        }

        var program = programs.Find(path.LivestreamId);
        if (FindTokenFault(path, program) is { } fault)
        {
            return RefuseAsync(context, fault);
        }

        if (program is not { Stream.IsPlayable: true })
        {
            return RefuseAsync(context, DeliveryRefusal.NotLive);
        }

        if (path.Kind is LivePathKind.Multivariant)
        {
            return AnswerMultivariantAsync(context, program);
        }

        if (program.Stream.FindRendition(path.Rendition) is not { } rendition)
        {
            return RefuseAsync(context, DeliveryRefusal.NotFound);
        }

        return path.Kind is LivePathKind.MediaPlaylist
            ? AnswerPlaylistAsync(context, program, rendition, path.Viewer is LivePath.AllViewers ? null : path.Viewer.ToString())
            : AnswerMediaAsync(context, program, rendition, path);
    }

    private DeliveryRefusal? FindTokenFault(in LivePath path, LiveProgram? program)
    {
        if (path.Token.IsEmpty)
        {
            return program is { Access: PlaybackAccess.Signed } ? DeliveryRefusal.TokenRequired : null;
        }

        return playbackTokens.Check(path.Token, path.LivestreamId, time.GetUtcNow()) switch
        {
            PlaybackTokenVerdict.Valid => null,
            PlaybackTokenVerdict.Expired => DeliveryRefusal.TokenExpired,
            _ => DeliveryRefusal.TokenInvalid,
        };
    }

    private Task AnswerMultivariantAsync(HttpContext context, LiveProgram program)
    {
        var query = context.Request.QueryString.Value;
        var isShared = PlaylistQuery.Has(query, ViewerParameter, BeaconViewer);
        var viewer = isShared ? LivePath.AllViewers : viewerTokens.NewViewerId(program.LivestreamId);
        var text = program.Stream.RenderMultivariant($"v/{viewer}", PlaylistQuery.Carry(query, ViewerParameter));
        if (text is null)
        {
            return RefuseAsync(context, DeliveryRefusal.NotLive);
        }

        if (!isShared && HttpMethods.IsGet(context.Request.Method))
        {
            program.Viewers.Seen(viewer, context.Request.Headers.UserAgent);
        }

        // Each fetch makes a viewer, so it is never shared; only one that makes none is the same for all.
        context.Response.Headers.CacheControl = isShared ? OneSecond : Never;
        context.Response.ContentType = ContentTypes.Playlist;
        return SendAsync(context, text, "playlist");
    }

    private Task AnswerPlaylistAsync(HttpContext context, LiveProgram program, HlsRendition rendition, string? viewer)
    {
        if (PlaylistQuery.TryParse(context.Request.QueryString.Value, out var query) is { } fault)
        {
            return RefuseAsync(context, DeliveryRefusal.BadRequest(fault));
        }

        if (viewer is not null && HttpMethods.IsGet(context.Request.Method))
        {
            program.Viewers.Seen(viewer, context.Request.Headers.UserAgent);
        }

        var answer = rendition.GetPlaylist(query);
        return answer.Kind is HlsAnswerKind.Wait
            ? HoldPlaylistAsync(context, program, rendition, viewer, query, answer)
            : FinishPlaylistAsync(context, viewer, query, answer);
    }

    private async Task HoldPlaylistAsync(
        HttpContext context,
        LiveProgram program,
        HlsRendition rendition,
        string? viewer,
        PlaylistQuery query,
        HlsAnswer<PlaylistText> answer)
    {
        var address = context.Connection.RemoteIpAddress;
        if (!TryHold(program, address))
        {
            await RefuseAsync(context, DeliveryRefusal.TooManyHeld);
            return;
        }

        try
        {
            var since = time.GetTimestamp();
            var seen = since;
            while (answer.Kind is HlsAnswerKind.Wait)
            {
                await answer.Wait!;
                answer = rendition.GetPlaylist(query);

                // Also while it waits: a publisher that is away for long would make its viewers look as if they had left.
                if (viewer is not null
                    && (answer.Kind is not HlsAnswerKind.Wait || time.GetElapsedTime(seen) >= SeeHeldAgain)
                    && !context.RequestAborted.IsCancellationRequested)
                {
                    seen = time.GetTimestamp();
                    program.Viewers.Seen(viewer, context.Request.Headers.UserAgent);
                }

                if (answer.Kind is HlsAnswerKind.Wait && IsOver(context, program, since, out var refusal))
                {
                    await RefuseAsync(context, refusal);
                    return;
                }
            }
        }
        finally
        {
            held.Remove(program, address);
        }

        await FinishPlaylistAsync(context, viewer, query, answer);
    }

    private Task FinishPlaylistAsync(HttpContext context, string? viewer, in PlaylistQuery query, in HlsAnswer<PlaylistText> answer)
    {
        if (answer.Value is not { } text)
        {
            return RefuseAsync(
                context, answer.Kind is HlsAnswerKind.BadRequest ? DeliveryRefusal.BadRequest(answer.Fault!) : DeliveryRefusal.NotFound);
        }

        // With a number the address says which state is wanted, and a cache may answer all who ask for it.
        var headers = context.Response.Headers;
        headers.CacheControl = query.Msn is not null ? TwoSeconds : viewer is null ? OneSecond : Never;
        headers.Vary = AcceptEncoding;
        context.Response.ContentType = ContentTypes.Playlist;
        if (!AcceptsGzip(context.Request.Headers.AcceptEncoding))
        {
            return SendAsync(context, text.Bytes, "playlist");
        }

        headers.ContentEncoding = Gzip;
        return SendAsync(context, text.Gzip, "playlist");
    }

    private Task AnswerMediaAsync(HttpContext context, LiveProgram program, HlsRendition rendition, in LivePath path)
    {
        var answer = rendition.GetMedia(path.Name);
        return answer.Kind switch
        {
            HlsAnswerKind.Ready => SendMediaAsync(context, answer.Value!),
            HlsAnswerKind.Wait => HoldMediaAsync(context, program, rendition, path.Name.ToString(), answer),
            _ => RefuseAsync(context, DeliveryRefusal.NotFound),
        };
    }

    // The hinted part: held, then sent whole at the speed of the link, for players measure by it.
    private async Task HoldMediaAsync(
        HttpContext context, LiveProgram program, HlsRendition rendition, string name, HlsAnswer<MediaPayload> answer)
    {
        var address = context.Connection.RemoteIpAddress;
        if (!TryHold(program, address))
        {
            await RefuseAsync(context, DeliveryRefusal.TooManyHeld);
            return;
        }

        try
        {
            var since = time.GetTimestamp();
            while (answer.Kind is HlsAnswerKind.Wait)
            {
                await answer.Wait!;
                answer = rendition.GetMedia(name);
                if (answer.Kind is HlsAnswerKind.Wait && IsOver(context, program, since, out var refusal))
                {
                    await RefuseAsync(context, refusal);
                    return;
                }
            }
        }
        finally
        {
            held.Remove(program, address);
        }

        await (answer.Value is { } payload ? SendMediaAsync(context, payload) : RefuseAsync(context, DeliveryRefusal.NotFound));
    }

    private bool TryHold(LiveProgram program, IPAddress? address)
    {
        var bound = held.TryAdd(program, address);
        if (bound is HoldBound.None)
        {
            return true;
        }

        if (program.IsRefusalDue(time, LogRefusedAgain))
        {
            DeliveryLog.TooManyHeld(logger, program.LivestreamId, program.Held, bound);
        }

        return false;
    }

    private bool IsOver(HttpContext context, LiveProgram program, long since, out DeliveryRefusal refusal)
    {
        refusal = DeliveryRefusal.HeldTooLong;
        return context.RequestAborted.IsCancellationRequested
            || time.GetElapsedTime(since) >= program.Stream.TargetDuration * HoldTargets;
    }

    private Task SendMediaAsync(HttpContext context, MediaPayload payload)
    {
        var response = context.Response;
        response.ContentType = ContentTypes.Media;
        response.Headers.CacheControl = ForEver;
        response.Headers.AcceptRanges = Bytes;

        var range = new ByteRange(0, payload.Length);
        var request = context.Request.Headers;

        // Nothing here has a validator, so a conditional range can only mean the whole.
        if (!StringValues.IsNullOrEmpty(request.Range) && StringValues.IsNullOrEmpty(request.IfRange))
        {
            var wanted = ByteRange.TryRead(request.Range, payload.Length, out var part);
            if (wanted is false)
            {
                response.Headers.ContentRange = $"bytes */{payload.Length}";
                return RefuseAsync(context, DeliveryRefusal.RangeNotSatisfiable);
            }

            if (wanted is true)
            {
                range = part;
                response.StatusCode = StatusCodes.Status206PartialContent;
                response.Headers.ContentRange = $"bytes {part.Start}-{part.Start + part.Length - 1}/{payload.Length}";
            }
        }

        if (payload.IsSpilled)
        {
            return SendSpilledAsync(context, payload, range);
        }

        if (payload.Pieces is [var only])
        {
            return SendAsync(context, only.Slice((int)range.Start, (int)range.Length), "media");
        }

        return SendPiecesAsync(context, payload, range);
    }

    private async Task SendPiecesAsync(HttpContext context, MediaPayload payload, ByteRange range)
    {
        context.Response.ContentLength = range.Length;
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        var (skip, rest) = (range.Start, range.Length);
        foreach (var piece in payload.Pieces)
        {
            if (skip >= piece.Length)
            {
                skip -= piece.Length;
                continue;
            }

            var bytes = piece[(int)skip..(int)Math.Min(piece.Length, skip + rest)];
            skip = 0;
            rest -= bytes.Length;
            await context.Response.Body.WriteAsync(bytes);
            if (rest == 0)
            {
                break;
            }
        }

        metrics.Served(range.Length, "media");
    }

    private async Task SendSpilledAsync(HttpContext context, MediaPayload payload, ByteRange range)
    {
        var block = ArrayPool<byte>.Shared.Rent((int)Math.Min(SpillBlockLength, range.Length));
        try
        {
            for (var sent = 0L; sent < range.Length;)
            {
                var length = (int)Math.Min(block.Length, range.Length - sent);
                if (!await payload.TryReadAsync(range.Start + sent, block.AsMemory(0, length), context.RequestAborted))
                {
                    if (sent == 0)
                    {
                        context.Response.Headers.ContentRange = default;
                        await RefuseAsync(context, DeliveryRefusal.NotFound);
                    }
                    else
                    {
                        // The rest is gone; a short body would look like media.
                        context.Abort();
                    }

                    return;
                }

                if (sent == 0)
                {
                    context.Response.ContentLength = range.Length;
                    if (HttpMethods.IsHead(context.Request.Method))
                    {
                        return;
                    }
                }

                await context.Response.Body.WriteAsync(block.AsMemory(0, length));
                sent += length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }

        metrics.Served(range.Length, "media");
    }

    private Task RefuseAsync(HttpContext context, DeliveryRefusal refusal)
    {
        metrics.Refused(refusal.Status);
        var response = context.Response;
        response.StatusCode = refusal.Status;
        response.ContentType = ContentTypes.Json;
        response.Headers.AcceptRanges = default;
        response.Headers.CacheControl = refusal.IsPassing ? Never : OneSecond;
        if (refusal.IsPassing)
        {
            response.Headers.RetryAfter = RetryInOneSecond;
        }

        response.ContentLength = refusal.Body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(refusal.Body).AsTask();
    }

    private Task SendAsync(HttpContext context, ReadOnlyMemory<byte> bytes, string what)
    {
        context.Response.ContentLength = bytes.Length;
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return Task.CompletedTask;
        }

        metrics.Served(bytes.Length, what);
        return context.Response.Body.WriteAsync(bytes).AsTask();
    }

    /// <summary>Whether a client that sends this header can read gzip (RFC 9110 section 12.5.3).</summary>
    internal static bool AcceptsGzip(StringValues header)
    {
        foreach (var line in header)
        {
            foreach (var range in line.AsSpan().Split(','))
            {
                var coding = line.AsSpan(range).Trim();
                var semicolon = coding.IndexOf(';');
                var name = (semicolon < 0 ? coding : coding[..semicolon]).Trim();
                if (!name.Equals("gzip", StringComparison.OrdinalIgnoreCase) && name is not "*")
                {
                    continue;
                }

                var weight = semicolon < 0 ? default : coding[(semicolon + 1)..].Trim();
                return !weight.StartsWith("q=0", StringComparison.OrdinalIgnoreCase)
                    || weight[3..].IndexOfAnyInRange('1', '9') >= 0;
            }
        }

        return false;
    }

    private static class ContentTypes
    {
        public const string Playlist = "application/vnd.apple.mpegurl";
        public const string Media = "video/mp4";
        public const string Json = "application/json";
    }
}
