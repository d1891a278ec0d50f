using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.Egress.Push;
using Roomcast.Egress.Push.Records;
using Roomcast.Livestreams;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Livestreams;

/// <summary>Where a livestream is pushed to: routes of our own.</summary>
internal static class LivestreamOutputEndpoints
{
    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapLivestreamOutputs(this RouteGroupBuilder app)
    {
        app.MapRead("/livestreams/{livestream_id}/outputs", ListAsync);
        app.MapPost("/livestreams/{livestream_id}/outputs", CreateAsync);
        app.MapRead("/livestreams/{livestream_id}/outputs/{output_id}", GetAsync);
        app.MapDelete("/livestreams/{livestream_id}/outputs/{output_id}", DeleteAsync);
    }

    private static async Task<KitAnswer> ListAsync(KitRequest request, LivestreamDirectory livestreams, LivestreamOutputs outputs)
    {
        var query = request.ReadQuery();
        var wanted = query.ReadPage();
        var order = query.ReadSortOrder();
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await LivestreamEndpoints.FindAsync(request, livestreams) is not { } livestream)
        {
            return KitAnswer.NotFound("livestream");
        }

        var page = await outputs.ListAsync(livestream.Id.Value, wanted, order, request.Aborted);
        return KitAnswer.Ok(
            page.Items.Select(output => LivestreamOutputResponse.Of(output, outputs.StatusOf(output))).ToArray(),
            KitJson.Default.LivestreamOutputResponseArray,
            PagingResponse.Of(page));
    }

    private static async Task<KitAnswer> CreateAsync(KitRequest request, LivestreamDirectory livestreams, LivestreamOutputs outputs)
    {
        using var body = await request.ReadBodyAsync();
        var name = body.ReadName("name", isRequired: false, isNullable: true);
        var url = body.ReadText("url", PushAddress.MaxLength, isNullable: false, minLength: 1, isRequired: true);
        var key = body.ReadText("stream_key", PushAddress.MaxLength, isNullable: true, minLength: 1);
        var address = url.Value is { } text && (!key.IsGiven || key.Value is not null || body.Refusal is null)
            ? ReadAddress(body, text, key.Value, outputs)
            : null;
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await LivestreamEndpoints.FindAsync(request, livestreams) is not { } livestream)
        {
            return KitAnswer.NotFound("livestream");
        }

        return await outputs.CreateAsync(livestream.Id.Value, name.Value, address!, request.Aborted) is { } output
            ? KitAnswer.Created(
                LivestreamOutputResponse.Of(output, outputs.StatusOf(output)), KitJson.Default.LivestreamOutputResponse)
            : KitAnswer.Refuse(
                KitErrorCode.LimitReached, $"the livestream has {outputs.MaxOutputs} outputs, and more are not allowed; delete one first");
    }

    private static async Task<KitAnswer> GetAsync(KitRequest request, LivestreamDirectory livestreams, LivestreamOutputs outputs) =>
        await LivestreamEndpoints.FindAsync(request, livestreams) is { } livestream
        && OutputId.TryParse(request.PathValue("output_id"), out var id)
        && await outputs.FindAsync(livestream.Id.Value, id, request.Aborted) is { } output
            ? KitAnswer.Ok(LivestreamOutputResponse.Of(output, outputs.StatusOf(output)), KitJson.Default.LivestreamOutputResponse)
            : KitAnswer.NotFound("output");

    private static async Task<KitAnswer> DeleteAsync(KitRequest request, LivestreamDirectory livestreams, LivestreamOutputs outputs) =>
        await LivestreamEndpoints.FindAsync(request, livestreams) is { } livestream
        && OutputId.TryParse(request.PathValue("output_id"), out var id)
        && await outputs.DeleteAsync(livestream.Id.Value, id, request.Aborted) is { } deleted
            ? KitAnswer.Ok(LivestreamOutputResponse.Of(deleted.Output, deleted.Status), KitJson.Default.LivestreamOutputResponse)
            : KitAnswer.NotFound("output");

    private static PushAddress? ReadAddress(BodyReader body, string url, string? streamKey, LivestreamOutputs outputs)
    {
        if (PushAddresses.Check(url, streamKey, hasKeyField: true, outputs.MayPushTo, out var address) is { } fault)
        {
            body.AddFault("url", fault);
        }

        return address;
    }
}
