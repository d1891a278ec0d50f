using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Roomcast.Meetings;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Presets;

/// <summary>The preset routes.</summary>
internal static class PresetEndpoints
{
    /// <summary>Maps the routes; the group above has chosen the app.</summary>
    public static void MapPresets(this RouteGroupBuilder app)
    {
        app.MapRead("/presets", ListAsync);
        app.MapPost("/presets", CreateAsync);
        app.MapRead("/presets/{preset_id}", GetAsync);
        app.MapPatch("/presets/{preset_id}", UpdateAsync);
        app.MapPut("/presets/{preset_id}", ReplaceAsync);
        app.MapDelete("/presets/{preset_id}", DeleteAsync);
    }

    private static async Task<KitAnswer> ListAsync(KitRequest request, PresetStore presets)
    {
        var query = request.ReadQuery();
        var wanted = query.ReadPage();
        var search = query.ReadSearch("search");
        var order = query.ReadSortOrder();
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        var page = await presets.ListAsync(request.App.Id, wanted, search, order, request.Aborted);
        return KitAnswer.Ok(
            page.Items.Select(PresetListItem.Of).ToArray(), KitJson.Default.PresetListItemArray, PagingResponse.Of(page));
    }

    private static async Task<KitAnswer> CreateAsync(KitRequest request, PresetStore presets)
    {
        using var body = await request.ReadBodyAsync();
        var name = body.ReadName("name", isRequired: true, isNullable: false);
        var content = body.ReadWhole(static (preset, faults) => Read(preset, faults));
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        // 200 rather than 201, as the sources of this API have it for presets.
        return await presets.CreateAsync(request.App.Id, name.Value!, content!, request.Aborted) is { } preset
            ? KitAnswer.Ok(PresetResponse.Of(preset), KitJson.Default.PresetResponse)
            : NameTaken();
    }

    private static async Task<KitAnswer> GetAsync(KitRequest request, PresetStore presets) =>
        Answer(await FindAsync(request, presets));

    private static async Task<KitAnswer> UpdateAsync(KitRequest request, PresetStore presets, IActiveSessions sessions)
    {
        using var body = await request.ReadBodyAsync();
        var name = body.ReadName("name", isRequired: false, isNullable: false);

        // Only the types are looked at here: what the change is made of, is known once the preset is found.
        var basis = PresetContent.DefaultsOf(ViewType.GroupCall);
        body.ReadWhole((preset, faults) => ReadPatch(preset, basis, faults));
        if (body.Refusal is { } refusal)
        {
            return refusal;
        }

        // Each may fit by itself, and not what comes of both.
        var answer = await ChangeAsync(request, presets, sessions, name.Value, before =>
        {
            var content = body.ReadWhole((preset, faults) => ReadPatch(preset, before, faults));
            return body.Refusal is null ? content : null;
        });
        return body.Refusal ?? answer;
    }

    private static async Task<KitAnswer> ReplaceAsync(KitRequest request, PresetStore presets, IActiveSessions sessions)
    {
        using var body = await request.ReadBodyAsync();
        var name = body.ReadName("name", isRequired: true, isNullable: false);
        var content = body.ReadWhole(static (preset, faults) => Read(preset, faults));
        return body.Refusal ?? await ChangeAsync(request, presets, sessions, name.Value, _ => content!);
    }

    private static async Task<KitAnswer> DeleteAsync(KitRequest request, PresetStore presets) =>
        Answer(PresetId.TryParse(request.PathValue("preset_id"), out var id)
            ? await presets.DeleteAsync(request.App.Id, id, request.Aborted)
            : null);

    private static async Task<Preset?> FindAsync(KitRequest request, PresetStore presets) =>
        PresetId.TryParse(request.PathValue("preset_id"), out var id)
            ? await presets.FindAsync(request.App.Id, id, request.Aborted)
            : null;

    private static async Task<KitAnswer> ChangeAsync(
        KitRequest request, PresetStore presets, IActiveSessions sessions, string? name, Func<PresetContent, PresetContent?> change)
    {
        if (!PresetId.TryParse(request.PathValue("preset_id"), out var id))
        {
            return Answer(null);
        }

        var (outcome, preset) = await presets.UpdateAsync(request.App.Id, id, name, change, request.Aborted);
        if (preset is not null)
        {
            await sessions.PresetChangedAsync(preset, request.Aborted);
        }

        return outcome is PresetOutcome.NameTaken ? NameTaken() : Answer(preset);
    }

    private static PresetContent Read(JsonElement preset, ICollection<FieldFault> faults)
    {
        var noted = new List<PresetFault>();
        var content = PresetJson.Read(preset, noted);
        Pass(noted, faults);
        return content;
    }

    private static PresetContent ReadPatch(JsonElement preset, PresetContent before, ICollection<FieldFault> faults)
    {
        var noted = new List<PresetFault>();
        var content = PresetJson.ReadPatch(preset, before, noted);
        Pass(noted, faults);
        return content;
    }

    private static void Pass(List<PresetFault> noted, ICollection<FieldFault> faults)
    {
        foreach (var fault in noted)
        {
            faults.Add(FieldFault.InBody(fault.Pointer, fault.Message));
        }
    }

    private static KitAnswer Answer(Preset? preset) => preset is null
        ? KitAnswer.NotFound("preset")
        : KitAnswer.Ok(PresetResponse.Of(preset), KitJson.Default.PresetResponse);

    private static KitAnswer NameTaken() =>
        KitAnswer.Refuse(KitErrorCode.DuplicateName, "the app has another preset of this name");
}
