using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Roomcast.RealtimeKit.Tests.Schemas;

/// <summary>How strictly a value is held against a schema.</summary>
internal enum SchemaMode
{
    /// <summary>Ours: a property that the schema does not name is a fault.</summary>
    Closed,

    /// <summary>
    /// The published one: further properties are welcome, and its family's disagreements are allowed for: null anywhere,
    /// <c>disabled</c> as text or boolean, seconds as text or number.
    /// </summary>
    Published,
}

/// <summary>Holds JSON against the part of JSON Schema that the documents here use; a keyword it does not know is an error.</summary>
internal sealed class JsonSchema(JsonObject document, SchemaMode mode)
{
    private static readonly HashSet<string> Ignored =
    [
        "description", "title", "default", "example", "format", "nullable", "x-roomcast-addition",
    ];

    /// <summary>Every way in which the value breaks the schema.</summary>
    public IReadOnlyList<string> FaultsOf(JsonNode? value, JsonObject schema)
    {
        var faults = new List<string>();
        Check(value, schema, "$", isPart: false, faults);
        return faults;
    }

    /// <summary>The schema that a reference leads to, or the schema itself.</summary>
    public JsonObject Resolve(JsonObject schema)
    {
        if (schema["$ref"]?.GetValue<string>() is not { } reference)
        {
            return schema;
        }

        JsonNode at = document;
        foreach (var step in reference.Split('/').Skip(1))
        {
            at = at[step] ?? throw new InvalidOperationException($"{reference} leads nowhere.");
        }

        return Resolve(at.AsObject());
    }

    private void Check(JsonNode? value, JsonObject unresolved, string at, bool isPart, List<string> faults)
    {
        var schema = Resolve(unresolved);
        if (value is null && mode is SchemaMode.Published)
        {
            return;
        }

        foreach (var (keyword, rule) in schema)
        {
            switch (keyword)
            {
                case "type":
                    Expect(HasType(value, rule!, at), $"is {KindOf(value)}, not {rule!.ToJsonString()}", at, faults);
                    break;
                case "const":
                    Expect(JsonNode.DeepEquals(value, rule), $"is not {rule?.ToJsonString()}", at, faults);
                    break;
                case "enum":
                    var isWord = rule!.AsArray().Any(choice => JsonNode.DeepEquals(choice, value));
                    Expect(isWord, $"is {value?.ToJsonString()}, none of the words", at, faults);
                    break;
                case "pattern":
                    Expect(value is null || Regex.IsMatch(value.GetValue<string>(), rule!.GetValue<string>()), "has the wrong pattern", at, faults);
                    break;
                case "minimum" when value is not null:
                    Expect(value.GetValue<double>() >= rule!.GetValue<double>(), "is too small", at, faults);
                    break;
                case "maximum" when value is not null:
                    Expect(value.GetValue<double>() <= rule!.GetValue<double>(), "is too large", at, faults);
                    break;
                case "minLength" or "maxLength" when value is JsonValue text && text.GetValueKind() is JsonValueKind.String:
                    var length = new StringInfo(text.GetValue<string>()).LengthInTextElements;
                    Expect(IsWithin(length, keyword == "minLength", rule!), "has the wrong length", at, faults);
                    break;
                case "minItems" or "maxItems" when value is JsonArray rows:
                    Expect(IsWithin(rows.Count, keyword == "minItems", rule!), $"has {rows.Count} items", at, faults);
                    break;
                case "required" when value is JsonObject whole:
                    foreach (var name in rule!.AsArray().Select(name => name!.GetValue<string>()))
                    {
                        Expect(whole.ContainsKey(name), $"lacks {name}", at, faults);
                    }

                    break;
                case "properties" when value is JsonObject whole:
                    foreach (var (name, property) in rule!.AsObject())
                    {
                        if (whole.TryGetPropertyValue(name, out var inner))
                        {
                            Check(inner, property!.AsObject(), $"{at}.{name}", isPart: false, faults);
                        }
                    }

                    break;
                case "additionalProperties" when value is JsonObject whole && rule is JsonObject further:
                    foreach (var (name, inner) in whole.Where(property => schema["properties"]?.AsObject().ContainsKey(property.Key) != true))
                    {
                        Check(inner, further, $"{at}.{name}", isPart: false, faults);
                    }

                    break;
                case "items" when value is JsonArray rows:
                    for (var i = 0; i < rows.Count; i++)
                    {
                        Check(rows[i], rule!.AsObject(), $"{at}[{i}]", isPart: false, faults);
                    }

                    break;
                case "allOf":
                    foreach (var part in rule!.AsArray())
                    {
                        Check(value, part!.AsObject(), at, isPart: true, faults);
                    }

                    break;
                case "oneOf":
                    var fitting = rule!.AsArray().Count(choice => FaultsOf(value, choice!.AsObject()).Count == 0);
                    Expect(fitting == 1, $"fits {fitting} of the forms instead of one", at, faults);
                    break;
                case "minimum" or "maximum" or "minLength" or "maxLength" or "minItems" or "maxItems" or "required" or "properties" or "items"
                    or "additionalProperties":
                    break; // Of another type; "type" says so.
                default:
                    Expect(Ignored.Contains(keyword), $"has the keyword {keyword}, which this check does not know", at, faults);
                    break;
            }
        }

        CheckFormat(value, schema, at, faults);
        if (mode is SchemaMode.Closed && !isPart && value is JsonObject closed && NamesOf(schema) is { } names)
        {
            foreach (var (name, _) in closed)
            {
                Expect(names.Contains(name), $"has {name}, which is documented nowhere", at, faults);
            }
        }
    }

    // Every property that the schema names, its parts included; null when it names none and so stays open.
    private HashSet<string>? NamesOf(JsonObject unresolved)
    {
        var schema = Resolve(unresolved);
        if (schema.ContainsKey("oneOf"))
        {
            return null;
        }

        var own = schema["properties"]?.AsObject().Select(property => property.Key) ?? [];
        var parts = schema["allOf"]?.AsArray().SelectMany(part => NamesOf(part!.AsObject()) ?? []) ?? [];
        var names = own.Concat(parts).ToHashSet(StringComparer.Ordinal);
        return names.Count == 0 ? null : names;
    }

    private static void CheckFormat(JsonNode? value, JsonObject schema, string at, List<string> faults)
    {
        if (value is not JsonValue text || text.GetValueKind() is not JsonValueKind.String)
        {
            return;
        }

        var content = text.GetValue<string>();
        var isRight = schema["format"]?.GetValue<string>() switch
        {
            "uuid" => Regex.IsMatch(content, "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"),
            "date-time" => Regex.IsMatch(content, @"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"),
            "date" => Regex.IsMatch(content, @"^\d{4}-\d\d-\d\d$"),
            _ => true,
        };
        Expect(isRight, $"is {content}, not of the format {schema["format"]}", at, faults);
    }

    private bool HasType(JsonNode? value, JsonNode types, string at)
    {
        var allowed = types is JsonArray several ? several.Select(type => type!.GetValue<string>()).ToList() : [types.GetValue<string>()];
        if (mode is SchemaMode.Published)
        {
            if (at.EndsWith(".disabled", StringComparison.Ordinal))
            {
                allowed.AddRange(["boolean", "string"]);
            }
            else if (at.EndsWith("_seconds", StringComparison.Ordinal))
            {
                allowed.AddRange(["number", "string"]);
            }
        }

        var kind = KindOf(value);
        return allowed.Contains(kind) || (kind == "integer" && allowed.Contains("number"));
    }

    private static string KindOf(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "object",
        JsonArray => "array",
        JsonValue scalar => scalar.GetValueKind() switch
        {
            JsonValueKind.String => "string",
            JsonValueKind.True or JsonValueKind.False => "boolean",
            _ => scalar.GetValue<decimal>() % 1 == 0 ? "integer" : "number",
        },
        _ => throw new InvalidOperationException("JSON has no other kinds."),
    };

    private static bool IsWithin(int count, bool isLeast, JsonNode bound) =>
        isLeast ? count >= bound.GetValue<int>() : count <= bound.GetValue<int>();

    private static void Expect(bool isRight, string fault, string at, List<string> faults)
    {
        if (!isRight)
        {
            faults.Add($"{at} {fault}");
        }
    }
}
