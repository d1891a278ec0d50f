using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.Egress.Push;
using Roomcast.Livestreams;
using Roomcast.Livestreams.Delivery;
using Roomcast.Livestreams.Records;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Livestreams;

/// <summary>What owners of livestreams need and the contract lacks: routes of our own.</summary>
internal static class LivestreamOwnershipEndpoints
{
    private const int DefaultTokenSeconds = 3_600;
    private const int LeastTokenSeconds = 60;
    private const int MostTokenSeconds = 7 * 24 * 3_600;

    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapLivestreamOwnership(this RouteGroupBuilder app)
    {
        app.MapPatch("/livestreams/{livestream_id}", UpdateAsync);
        app.MapDelete("/livestreams/{livestream_id}", DeleteAsync);
        app.MapPost("/livestreams/{livestream_id}/rotate-key", RotateKeyAsync);
        app.MapRead("/livestreams/{livestream_id}/viewers", GetViewersAsync);
        app.MapRead("/livestreams/{livestream_id}/publisher", GetPublisherAsync);
        app.MapPost("/livestreams/{livestream_id}/playback-tokens", IssuePlaybackTokenAsync);
    }

    private static async Task<KitAnswer> UpdateAsync(
        KitRequest request, LivestreamDirectory livestreams, PublicAddresses addresses)
    {
        using var body = await request.ReadBodyAsync();
        var name = body.ReadName("name", isRequired: false, isNullable: true);
        var disabled = body.ReadFlag("disabled");
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        // The directory takes an empty name for none, and null for no change.
        var patch = new LivestreamPatch(name.IsGiven ? name.Value ?? "" : null, disabled.Value);
        return Answer(
            LivestreamId.TryParse(request.PathValue("livestream_id"), out var id)
                ? await livestreams.UpdateAsync(request.App.Id, id, patch, request.Aborted)
                : null,
            request,
            addresses);
    }

    private static async Task<KitAnswer> DeleteAsync(
        KitRequest request, LivestreamDirectory livestreams, LivestreamOutputs outputs, PublicAddresses addresses)
    {
        var deleted = LivestreamId.TryParse(request.PathValue("livestream_id"), out var id)
            ? await livestreams.DeleteAsync(request.App.Id, id, request.Aborted)
            : null;
        if (deleted is not null)
        {
            // Whoever hangs up now does not keep the keys of other services here.
            await outputs.DeleteAllAsync(id.Value, CancellationToken.None);
        }

        return Answer(deleted, request, addresses);
    }

    private static async Task<KitAnswer> RotateKeyAsync(
        KitRequest request, LivestreamDirectory livestreams, PublicAddresses addresses) =>
        Answer(
            LivestreamId.TryParse(request.PathValue("livestream_id"), out var id)
                ? await livestreams.RotateStreamKeyAsync(request.App.Id, id, request.Aborted)
                : null,
            request,
            addresses);

    private static async Task<KitAnswer> GetViewersAsync(KitRequest request, LivestreamDirectory livestreams) =>
        await LivestreamEndpoints.FindAsync(request, livestreams) is { } livestream
            ? KitAnswer.Ok(ViewersResponse.Of(livestreams.GetViewers(livestream.Id)), KitJson.Default.ViewersResponse)
            : KitAnswer.NotFound("livestream");

    private static async Task<KitAnswer> GetPublisherAsync(KitRequest request, LivestreamDirectory livestreams)
    {
        if (await LivestreamEndpoints.FindAsync(request, livestreams) is not { } livestream)
        {
            return KitAnswer.NotFound("livestream");
        }

        return livestreams.GetPublisher(livestream.Id) is { } publisher
            ? KitAnswer.Ok(PublisherResponse.Of(publisher, request), KitJson.Default.PublisherResponse)
            : KitAnswer.Refuse(KitErrorCode.NoActiveLivestream, "nobody publishes to the livestream");
    }

    private static async Task<KitAnswer> IssuePlaybackTokenAsync(
        KitRequest request,
        LivestreamDirectory livestreams,
        PublicAddresses addresses,
        PlaybackTokens tokens,
        TimeProvider time)
    {
        using var body = await request.ReadBodyAsync();
        var seconds = body.ReadWholeNumber("expires_in_seconds", LeastTokenSeconds, MostTokenSeconds);
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await LivestreamEndpoints.FindAsync(request, livestreams) is not { } livestream)
        {
            return KitAnswer.NotFound("livestream");
        }

        var expiresAt = DateTimeOffset.FromUnixTimeSeconds(
            time.GetUtcNow().ToUnixTimeSeconds() + (seconds.Value ?? DefaultTokenSeconds));
        var token = tokens.Issue(livestream.Id, expiresAt);
        return KitAnswer.Created(
            new PlaybackTokenResponse(
                token, addresses.PlaybackUrl(livestream.Id, token), addresses.WatchUrl(livestream.Id, token), expiresAt),
            KitJson.Default.PlaybackTokenResponse);
    }

    private static KitAnswer Answer(Livestream? livestream, KitRequest request, PublicAddresses addresses) => livestream is null
        ? KitAnswer.NotFound("livestream")
        : KitAnswer.Ok(LivestreamResponse.Of(livestream, request, addresses), KitJson.Default.LivestreamResponse);
}
