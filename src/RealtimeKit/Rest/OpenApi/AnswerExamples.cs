using System.Text.Json.Nodes;

namespace Roomcast.RealtimeKit.Rest.OpenApi;

/// <summary>Shows answers that have no example of their own by the examples of the schemas they are made of.</summary>
/// <param name="document">The whole document, whose schemas are known; it is completed in place.</param>
internal sealed class AnswerExamples(JsonObject document)
{
    /// <summary>Lays the envelope of every success around a payload.</summary>
    /// <param name="payload">The payload; what it is copied from stays as it is.</param>
    /// <param name="isPaged">Whether it is a page of a list. Its place is told as the payload tells it, else as all there is.</param>
    public static JsonObject Envelop(JsonNode payload, bool isPaged)
    {
        var example = new JsonObject
        {
            ["success"] = true,
            ["data"] = payload.DeepClone(),
            ["result"] = payload.DeepClone(),
            ["errors"] = new JsonArray(),
            ["messages"] = new JsonArray(),
        };
        if (isPaged)
        {
            var rows = RowsOf(payload);
            example["paging"] = (payload as JsonObject)?["paging"]?.DeepClone() ?? new JsonObject
            {
                ["start_offset"] = Math.Min(1, rows),
                ["end_offset"] = rows,
                ["total_count"] = rows,
            };
        }

        return example;
    }

    /// <summary>Adds an example to every success that has none, where the schemas say enough.</summary>
    public void Complete()
    {
        var contents =
            from path in document["paths"]!.AsObject()
            from operation in path.Value!.AsObject()
            from response in operation.Value!["responses"]!.AsObject()
            where response.Key[0] == '2'
            select response.Value!["content"]!["application/json"]!.AsObject();
        foreach (var content in contents.Where(content => !content.ContainsKey("example")))
        {
            var properties = content["schema"]!["properties"]!;
            if (TryMake(properties["data"]!.AsObject()) is { } payload)
            {
                content["example"] = Envelop(payload, properties["paging"] is not null);
            }
        }
    }

    // A list stands by itself, or as the only one of its object.
    private static int RowsOf(JsonNode payload) => payload switch
    {
        JsonArray page => page.Count,
        JsonObject fields when fields.Select(field => field.Value).OfType<JsonArray>().ToArray() is [var only] => only.Count,
        _ => 0,
    };

    private JsonNode? TryMake(JsonObject schema)
    {
        if (schema["example"] is { } example)
        {
            return example.DeepClone();
        }

        if ((string?)schema["$ref"] is { } reference)
        {
            return TryMake(document["components"]!["schemas"]![reference[(reference.LastIndexOf('/') + 1)..]]!.AsObject());
        }

        if (schema["oneOf"] is JsonArray forms)
        {
            return TryMake(forms[0]!.AsObject());
        }

        if (schema["items"] is JsonObject item)
        {
            return TryMake(item) is { } one ? new JsonArray(one) : null;
        }

        var parts = schema["allOf"]?.AsArray().Select(part => TryMake(part!.AsObject())) ?? [];
        var fields = schema["properties"]?.AsObject().Select(property => TryMake(property.Value!.AsObject()) is { } made
            ? new JsonObject { [property.Key] = made }
            : null) ?? [];
        JsonNode?[] all = [.. parts, .. fields];
        return all.Length == 0 || all.Contains(null)
            ? null
            : new JsonObject(all.SelectMany(part => part!.AsObject()).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone())));
    }
}
