using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.RealtimeKit.Tests.Schemas;

namespace Roomcast.RealtimeKit.Tests.OpenApi;

/// <summary>Lays our document beside the published operations, field by field.</summary>
[Collection(SharedHostTests.Name)]
public sealed class PublishedContractTests(SharedHost shared)
{
    /// <summary>What answers of published operations hold besides, and is no addition of ours but a resolved disagreement of the sources.</summary>
    private static readonly string[] ResolvedFields =
    [
        "fetch_all_livestreams $.livestreams",
        "get-v2-livestream-session-livestream-id $.sessions",
        "get-v2-livestreams-livestream-session-id $.invoked_time",
        "get-v2-livestreamsession-session-meetingId-active-livestream $.data",
        "get-v2-livestreamsession-session-meetingId-active-livestream $.sessions",
        "get-v2-livestreamsession-session-meetingId-active-livestream $.started_time",
        "livestream-session-details $.livestream",
        "livestream-session-details $.session",
        "livestream-session-details $.session_list",
        "post_accounts_account_id_realtime_kit_app_id_livestreams $.created_at",
        "post_accounts_account_id_realtime_kit_app_id_livestreams $.updated_at",
        "start-livestreaming $.created_at",
        "start-livestreaming $.disabled",
        "start-livestreaming $.meeting_id",
        "start-livestreaming $.name",
        "start-livestreaming $.updated_at",
    ];

    /// <summary>Bodies of which more is required there: here it has a default.</summary>
    private static readonly string[] LenientBodies =
        ["post-presets", "put_app_id_presets_preset_id", "MuteParticipants", "MuteAllParticipants", "addWebhook", "replaceWebhook"];

    private readonly ApiHost _host = shared.Host;

    public static TheoryData<string, string> PublishedOperations
    {
        get
        {
            var operations = new TheoryData<string, string>();
            foreach (var (method, path, _) in ApiDescription.Published.Operations)
            {
                operations.Add(method, path);
            }

            return operations;
        }
    }

    [Fact]
    public void Sixty_one_operations_are_published() => Assert.Equal(61, PublishedOperations.Count);

    [Theory]
    [MemberData(nameof(PublishedOperations))]
    public void Every_published_operation_and_status_is_ours(string method, string path)
    {
        var (published, ours) = Find(method, path);

        Assert.Equal(published["operationId"]!.GetValue<string>(), ours["operationId"]!.GetValue<string>());
        Assert.Equal(
            published["x-sdk-methods"]?.AsArray().Select(name => name!.GetValue<string>()) ?? [],
            ours["x-sdk-method"] switch
            {
                null => [],
                JsonArray several => several.Select(name => name!.GetValue<string>()),
                var name => [name.GetValue<string>()],
            });
        Assert.All(published["responses"]!.AsObject(), response => Assert.NotNull(ours["responses"]![response.Key]));
    }

    [Theory]
    [MemberData(nameof(PublishedOperations))]
    public void Every_published_parameter_is_ours(string method, string path)
    {
        var (published, ours) = Find(method, path);
        var our = ours["parameters"]!.AsArray().Select(parameter => _host.Description.Schema.Resolve(parameter!.AsObject())).ToArray();

        foreach (var parameter in published["parameters"]!.AsArray().OfType<JsonObject>())
        {
            var match = Assert.Single(our, candidate =>
                JsonNode.DeepEquals(candidate["name"], parameter["name"]) && JsonNode.DeepEquals(candidate["in"], parameter["in"]));
            Assert.Equal(parameter["required"]?.GetValue<bool>() ?? false, match["required"]?.GetValue<bool>() ?? false);
            AssertTakesAll(parameter["schema"]!.AsObject(), match["schema"]!.AsObject(), parameter["name"]!.GetValue<string>());
        }
    }

    [Theory]
    [MemberData(nameof(PublishedOperations))]
    public void Every_published_body_field_is_ours(string method, string path)
    {
        var (published, ours) = Find(method, path);
        var fields = BodySchema(published)?["properties"]?.AsObject() ?? [];
        var our = BodySchema(ours)?["properties"]?.AsObject() ?? [];

        foreach (var (name, field) in fields)
        {
            AssertTakesAll(field!.AsObject(), our[name]!.AsObject(), name);
        }

        var required = BodySchema(published)?["required"]?.AsArray().Select(name => name!.GetValue<string>()) ?? [];
        var ourRequired = BodySchema(ours)?["required"]?.AsArray().Select(name => name!.GetValue<string>()) ?? [];
        if (LenientBodies.Contains(published["operationId"]!.GetValue<string>(), StringComparer.Ordinal))
        {
            Assert.Empty(ourRequired.Except(required));
        }
        else
        {
            Assert.Equal(required, ourRequired);
        }
    }

    [Theory]
    [MemberData(nameof(PublishedOperations))]
    public void Every_published_response_field_is_ours_and_what_is_more_is_known(string method, string path)
    {
        var (published, ours) = Find(method, path);
        foreach (var (status, response) in published["responses"]!.AsObject())
        {
            var theirData = response!["content"]!["application/json"]!["schema"]!["properties"]!["data"]!.AsObject();
            var ourData = ApiDescription.SchemaOf(ours, status)!["properties"]!["data"]!.AsObject();
            var theirs = FieldsOf(theirData, "$").ToArray();
            var our = FieldsOf(ourData, "$").ToArray();

            Assert.Empty(theirs.Select(field => field.Path).Except(our.Select(field => field.Path)));

            var more = our.Where(field => !field.IsAddition)
                .Select(field => field.Path)
                .Except(theirs.Select(field => field.Path))
                .Where(field => !field.StartsWith("$.livestreams.", StringComparison.Ordinal))
                .Where(field => !field.StartsWith("$.sessions.", StringComparison.Ordinal))
                .Where(field => !field.StartsWith("$[]", StringComparison.Ordinal) || theirData["type"]!.GetValue<string>() == "array")
                .Select(field => $"{published["operationId"]} {field}");
            Assert.DoesNotContain(more, field => !ResolvedFields.Any(resolved => IsWithin(field, resolved)));
        }
    }

    private static bool IsWithin(string field, string whole) =>
        field == whole
        || field.StartsWith(whole + ".", StringComparison.Ordinal)
        || field.StartsWith(whole + "[]", StringComparison.Ordinal);

    private static JsonObject? BodySchema(JsonObject operation) =>
        operation["requestBody"]?["content"]?["application/json"]?["schema"]?.AsObject();

    private (JsonObject Published, JsonObject Ours) Find(string method, string path) =>
        (ApiDescription.Published.Find(method, path)!, _host.Description.Find(method, path)!);

    // What the published schema takes, ours takes: every type, every word.
    private void AssertTakesAll(JsonObject published, JsonObject unresolved, string name)
    {
        var ours = _host.Description.Schema.Resolve(unresolved);
        string[] types = ours["type"] is JsonArray several
            ? [.. several.Select(type => type!.GetValue<string>())]
            : [ours["type"]!.GetValue<string>()];
        var wanted = published["type"]!.GetValue<string>();

        // A page number is a number to some clients; what no whole number is, is refused by the contract.
        Assert.True(types.Contains(wanted) || (wanted == "number" && types.Contains("integer")), $"{name} is {wanted} there");
        if (published["nullable"]?.GetValue<bool>() ?? false)
        {
            Assert.Contains("null", types);
        }

        if (published["enum"] is JsonArray words)
        {
            Assert.Empty(words.Select(word => word!.GetValue<string>()).Except(ours["enum"]!.AsArray().Select(word => word!.GetValue<string>())));
        }
    }

    // A schema that has itself within it is followed once.
    private IEnumerable<(string Path, bool IsAddition)> FieldsOf(JsonObject unresolved, string at, bool isAddition = false, ImmutableList<string>? within = null)
    {
        within ??= [];
        if (unresolved["$ref"]?.GetValue<string>() is { } reference)
        {
            if (within.Contains(reference))
            {
                yield break;
            }

            within = within.Add(reference);
        }

        var schema = _host.Description.Schema.Resolve(unresolved);
        foreach (var part in (schema["allOf"]?.AsArray() ?? []).Concat(schema["oneOf"]?.AsArray() ?? []))
        {
            foreach (var field in FieldsOf(part!.AsObject(), at, isAddition, within))
            {
                yield return field;
            }
        }

        if (schema["items"] is JsonObject items)
        {
            // An array of objects in ours and a single object in theirs are told apart by the dots alone.
            foreach (var field in FieldsOf(items, at == "$" ? "$[]" : at, isAddition, within))
            {
                yield return field;
            }
        }

        foreach (var (name, property) in schema["properties"]?.AsObject() ?? [])
        {
            var isMarked = isAddition || (property!["x-roomcast-addition"]?.GetValue<bool>() ?? false);
            yield return ($"{at}.{name}", isMarked);
            foreach (var field in FieldsOf(property!.AsObject(), $"{at}.{name}", isMarked, within))
            {
                yield return field;
            }
        }
    }
}
