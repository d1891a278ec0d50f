using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Roomcast.Livestreams;

namespace Roomcast.RealtimeKit.Rest.OpenApi;

/// <summary>The OpenAPI 3.1 document of what is implemented, put together from the pieces beside each resource.</summary>
/// <remarks>
/// A piece is plain OpenAPI but for two shorthands, since the envelope and the refusals that every route shares are said once,
/// here. <c>x-answer</c> of an operation gives the status and the payload of its success. <c>x-refusals</c> gives, by status,
/// what a refusal means on this route, where it means something of its own. An answer without an example of its own is shown by
/// those of the schemas that it is made of.
/// </remarks>
internal sealed partial class OpenApiDocument(PublicAddresses addresses)
{
    private const string PieceSuffix = ".openapi.json";
    private const string BasePiece = "api" + PieceSuffix;

    private readonly Lazy<byte[]> _json = new(() => Compose(addresses));

    /// <summary>The document in UTF-8.</summary>
    public ReadOnlyMemory<byte> Json => _json.Value;

    /// <summary>Every documented operation, which are those that are mapped.</summary>
    public static IEnumerable<(string Method, string Path)> ListOperations() =>
        from piece in Pieces
        from path in ReadPiece(piece)["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        select (operation.Key.ToUpperInvariant(), path.Key);

    private static IEnumerable<string> Pieces => typeof(OpenApiDocument).Assembly.GetManifestResourceNames()
        .Where(name => name.EndsWith(PieceSuffix, StringComparison.Ordinal) && name != BasePiece)
        .Order(StringComparer.Ordinal);

    private static byte[] Compose(PublicAddresses addresses)
    {
        var document = ReadPiece(BasePiece);
        document["servers"] = new JsonArray(
            new JsonObject { ["url"] = addresses.HttpBase + KitPaths.HostedPrefix },
            new JsonObject { ["url"] = addresses.HttpBase });

        foreach (var piece in Pieces.Select(ReadPiece))
        {
            Add(piece, document);
        }

        new AnswerExamples(document).Complete();
        using var output = new MemoryStream();
        using (var writer = new Utf8JsonWriter(output))
        {
            document.WriteTo(writer);
        }

        return output.ToArray();
    }

    private static JsonObject ReadPiece(string name)
    {
        using var stream = typeof(OpenApiDocument).Assembly.GetManifestResourceStream(name)!;
        return JsonNode.Parse(stream)!.AsObject();
    }

    private static void Add(JsonObject piece, JsonObject document)
    {
        var tags = piece["tags"]!.AsArray();
        foreach (var tag in tags)
        {
            document["tags"]!.AsArray().Add(tag!.DeepClone());
        }

        foreach (var kind in new[] { "parameters", "schemas" })
        {
            foreach (var (name, component) in piece[kind]?.AsObject() ?? [])
            {
                document["components"]![kind]!.AsObject().Add(name, component!.DeepClone());
            }
        }

        var paths = document["paths"]!.AsObject();
        foreach (var (path, item) in piece["paths"]!.AsObject())
        {
            if (paths[path] is not JsonObject operations)
            {
                operations = [];
                paths.Add(path, operations);
            }

            foreach (var (method, operation) in item!.AsObject())
            {
                operations.Add(method, Complete(path, operation!.AsObject(), tags[0]!["name"]!.GetValue<string>()));
            }
        }
    }

    private static JsonObject Complete(string path, JsonObject shorthand, string tag)
    {
        var operation = shorthand.DeepClone().AsObject();
        operation["tags"] = new JsonArray(tag);

        var parameters = operation["parameters"]?.AsArray() ?? [];
        var hasQuery = parameters.Count > 0;
        foreach (var placeholder in Placeholders().Matches(path).Reverse())
        {
            parameters.Insert(0, Reference("parameters", placeholder.Groups[1].Value));
        }

        operation["parameters"] = parameters;

        var responses = new JsonObject();
        AddAnswer(operation["x-answer"]!.AsObject(), responses);
        var hasBody = operation.ContainsKey("requestBody");
        var hasAccount = path.Contains("{account_id}", StringComparison.Ordinal);
        var hasApp = path.StartsWith(KitPaths.Account + "/{app_id}", StringComparison.Ordinal);
        Refuse("400", hasQuery || hasBody, "A parameter or a field is wrong; every fault is named.");
        Refuse("401", true, "Credentials are missing, or the token is unknown, expired or revoked.");
        Refuse("403", hasAccount, "The token gives no right to this account, or may only read.");
        Refuse("404", hasAccount, hasApp ? "The account has no such app." : "The account id is malformed.");
        Refuse("409", shorthand["x-refusals"]?["409"] is not null, "");
        Refuse("413", hasBody, "The body is too large.");
        Refuse("415", hasBody, "The body is not JSON.");
        Refuse("429", true, "The account calls too often.");
        Refuse("500", true, "The server failed.");
        Refuse("503", true, "The server cannot reach its storage at the moment.");
        operation["responses"] = responses;

        operation.Remove("x-answer");
        operation.Remove("x-refusals");
        return operation;

        void Refuse(string status, bool isPossible, string meaning)
        {
            if (isPossible)
            {
                responses[status] = RefusalOf(status, shorthand["x-refusals"]?[status]?.GetValue<string>() ?? meaning);
            }
        }
    }

    private static void AddAnswer(JsonObject answer, JsonObject responses)
    {
        var payload = answer["data"]!;
        var isPaged = answer["paged"]?.GetValue<bool>() ?? false;
        var properties = new JsonObject
        {
            ["success"] = new JsonObject { ["const"] = true },
            ["data"] = payload.DeepClone(),
            ["result"] = payload.DeepClone(),
            ["errors"] = new JsonObject { ["type"] = "array", ["maxItems"] = 0 },
            ["messages"] = new JsonObject { ["type"] = "array", ["maxItems"] = 0 },
        };
        if (isPaged)
        {
            properties["paging"] = Reference("schemas", "Paging");
        }

        var content = new JsonObject
        {
            ["schema"] = new JsonObject
            {
                ["type"] = "object",
                ["required"] = new JsonArray([.. properties.Select(property => JsonValue.Create(property.Key))]),
                ["properties"] = properties,
            },
        };
        if (answer["example"] is { } example)
        {
            content["example"] = AnswerExamples.Envelop(example, isPaged);
        }

        responses[answer["status"]!.GetValue<int>().ToString(System.Globalization.CultureInfo.InvariantCulture)] = new JsonObject
        {
            ["description"] = answer["description"]!.DeepClone(),
            ["content"] = new JsonObject { ["application/json"] = content },
        };
    }

    private static JsonObject RefusalOf(string status, string meaning)
    {
        var response = new JsonObject
        {
            ["description"] = meaning,
            ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = Reference("schemas", "Error") } },
        };
        if (status is "429" or "503")
        {
            response["headers"] = new JsonObject
            {
                ["Retry-After"] = new JsonObject
                {
                    ["description"] = "Seconds to wait.",
                    ["schema"] = new JsonObject { ["type"] = "integer", ["minimum"] = 1 },
                },
            };
        }

        else if (status is "409")
        {
            response["headers"] = new JsonObject
            {
                ["x-should-retry"] = new JsonObject
                {
                    ["description"] = "The conflict will still be there: the official client would try again by itself.",
                    ["schema"] = new JsonObject { ["type"] = "string", ["const"] = "false" },
                },
            };
        }

        return response;
    }

    private static JsonObject Reference(string kind, string name) => new() { ["$ref"] = $"#/components/{kind}/{name}" };

    [GeneratedRegex(@"\{([^}]+)\}")]
    private static partial Regex Placeholders();
}
