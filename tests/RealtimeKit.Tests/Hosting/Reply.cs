using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Roomcast.RealtimeKit.Tests.Hosting;

/// <summary>One answer of the API, read whole.</summary>
public sealed record Reply(int Status, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders, JsonObject Body)
{
    /// <summary>The payload of a success.</summary>
    public JsonNode Data => Body["data"]!;

    /// <summary>The code of the first fault of a refusal.</summary>
    public int Code => Body["errors"]![0]!["code"]!.GetValue<int>();

    /// <summary>What the faults of a refusal point at: body fields and query parameters.</summary>
    public IReadOnlyList<string> Sources =>
    [
        .. Body["errors"]!.AsArray().Select(error => (error!["source"]?["pointer"] ?? error["source"]?["parameter"])!.GetValue<string>()),
    ];

    /// <summary>The paging at the top of a list.</summary>
    public (int Start, int End, int Total) Paging => (
        Body["paging"]!["start_offset"]!.GetValue<int>(),
        Body["paging"]!["end_offset"]!.GetValue<int>(),
        Body["paging"]!["total_count"]!.GetValue<int>());

    /// <summary>The first of a header's values; null when it is not there.</summary>
    public string? Header(string name) => Headers.TryGetValues(name, out var values) ? values.First() : null;
}
