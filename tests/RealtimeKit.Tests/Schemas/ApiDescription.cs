using System.Globalization;
using System.Text.Json.Nodes;

namespace Roomcast.RealtimeKit.Tests.Schemas;

/// <summary>An OpenAPI document, as far as the tests ask it.</summary>
internal sealed class ApiDescription(JsonObject document, SchemaMode mode)
{
    private readonly JsonSchema _schema = new(document, mode);

    /// <summary>The published operations that are implemented here, kept as test data.</summary>
    public static ApiDescription Published { get; } = ReadPublished();

    public JsonObject Document => document;

    public JsonSchema Schema => _schema;

    /// <summary>Every operation: method in upper case, path, and its description.</summary>
    public IEnumerable<(string Method, string Path, JsonObject Operation)> Operations =>
        from path in document["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        select (operation.Key.ToUpperInvariant(), path.Key, operation.Value!.AsObject());

    /// <summary>The operation that a request meets; null when there is none.</summary>
    public JsonObject? Find(string method, string requestPath)
    {
        var path = requestPath.TrimEnd('/');
        path = path.StartsWith("/client/v4/", StringComparison.Ordinal) ? path["/client/v4".Length..] : path;
        var parts = path.Split('/');

        // A word is never taken for an id, whichever methods its own path has.
        return Operations
            .Where(operation => Fits(operation.Path.Split('/'), parts))
            .GroupBy(operation => operation.Path.Count(character => character == '{'))
            .MinBy(group => group.Key)?
            .Where(operation => operation.Method == (method == "HEAD" ? "GET" : method))
            .Select(operation => operation.Operation)
            .FirstOrDefault();
    }

    /// <summary>Every way in which an answer breaks what is documented of it.</summary>
    public IReadOnlyList<string> FaultsOf(string method, string path, int status, JsonNode? body)
    {
        if (Find(method, path) is not { } operation)
        {
            return [$"{method} {path} is documented nowhere"];
        }

        return SchemaOf(operation, status.ToString(CultureInfo.InvariantCulture)) is { } schema
            ? _schema.FaultsOf(body, schema)
            : [$"{method} {path} answers {status}, which is documented nowhere"];
    }

    /// <summary>The schema of an answer; null when the status is not documented.</summary>
    public static JsonObject? SchemaOf(JsonObject operation, string status) =>
        operation["responses"]?[status]?["content"]?["application/json"]?["schema"]?.AsObject();

    private static ApiDescription ReadPublished()
    {
        using var stream = typeof(ApiDescription).Assembly.GetManifestResourceStream("realtimekit-operations.json")!;
        return new ApiDescription(JsonNode.Parse(stream)!.AsObject(), SchemaMode.Published);
    }

    private static bool Fits(string[] pattern, string[] path) =>
        pattern.Length == path.Length && pattern.Zip(path).All(pair => pair.First.StartsWith('{') || pair.First == pair.Second);
}
