using System.Text;
using System.Text.Json.Nodes;

namespace Roomcast.Conformance.Plain;

/// <summary>One documented operation.</summary>
/// <param name="Method">In capital letters.</param>
/// <param name="Pattern">Its path with placeholders, without the hosted prefix.</param>
/// <param name="Body">A body that it takes, by its own example; null when it takes none.</param>
/// <param name="NeedsBody">Whether there is a field that must be sent.</param>
/// <param name="Query">Its query parameters: name and schema.</param>
/// <param name="IsAddition">Whether it is of this server alone.</param>
public sealed record DocumentedRoute(
    string Method, string Pattern, JsonObject? Body, bool NeedsBody, IReadOnlyList<(string Name, JsonObject Schema)> Query, bool IsAddition)
{
    public HttpMethod HttpMethod => HttpMethod.Parse(Method);

    public bool IsRead => Method == "GET";

    /// <summary>Whether it lies below an account, and below an app.</summary>
    public bool HasAccount => Pattern.Contains("{account_id}", StringComparison.Ordinal);

    public bool HasApp => Pattern.Contains("{app_id}", StringComparison.Ordinal);

    /// <summary>The names of the placeholders.</summary>
    public IEnumerable<string> Placeholders => Pattern.Split('/').Where(part => part is ['{', .., '}']).Select(part => part[1..^1]);

    /// <summary>Those of objects below the app or the account.</summary>
    public IEnumerable<string> Objects => Placeholders.Except(["account_id", "app_id"]);

    /// <summary>The path under the hosted prefix.</summary>
    /// <param name="ids">What the placeholders become; each must be there.</param>
    public string PathWith(IReadOnlyDictionary<string, string> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return "/client/v4" + string.Join('/', Pattern.Split('/').Select(part => part is ['{', .., '}'] ? ids[part[1..^1]] : part));
    }

    /// <summary>The example as a request's content; null when the route takes none.</summary>
    public HttpContent? Content() => Body is null ? null : new StringContent(Body.ToJsonString(), Encoding.UTF8, "application/json");

    /// <summary>Whether a path without the prefix fits the pattern.</summary>
    public bool Takes(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var (own, other) = (Pattern.Split('/'), path.Split('/'));
        return own.Length == other.Length && own.Zip(other).All(pair => pair.First == pair.Second || pair.First is ['{', .., '}']);
    }

    public override string ToString() => $"{Method} {Pattern}";
}

/// <summary>Every operation that the running server documents of itself, so that no test forgets one.</summary>
public static class RouteTable
{
    public static async Task<IReadOnlyList<DocumentedRoute>> ReadAsync(HttpClient http)
    {
        ArgumentNullException.ThrowIfNull(http);
        var document = JsonNode.Parse(await http.GetStringAsync(new Uri("/openapi.json", UriKind.Relative)))!;
        JsonNode Resolve(JsonNode node) => node["$ref"] is { } reference
            ? ((string)reference!)[2..].Split('/').Aggregate(document, (at, part) => at[part]!)
            : node;

        return
        [
            .. from path in document["paths"]!.AsObject()
               from operation in path.Value!.AsObject()
               let body = operation.Value!["requestBody"]?["content"]?["application/json"]
               let query = operation.Value["parameters"]!.AsArray().Select(parameter => Resolve(parameter!)).Where(parameter => (string)parameter["in"]! == "query")
               select new DocumentedRoute(
                   operation.Key.ToUpperInvariant(),
                   path.Key,
                   body?["example"]?.AsObject(),
                   body is not null && (Resolve(body["schema"]!)["required"]?.AsArray().Count ?? 0) > 0,
                   [.. query.Select(parameter => ((string)parameter["name"]!, Resolve(parameter["schema"]!).AsObject()))],
                   (bool?)operation.Value["x-roomcast-addition"] ?? false),
        ];
    }
}
