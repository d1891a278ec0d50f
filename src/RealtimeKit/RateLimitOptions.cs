namespace Roomcast.RealtimeKit;

/// <summary>A limit on how often one account may call some routes.</summary>
public sealed record RateLimitOptions
{
    /// <summary>
    /// The routes it counts together: <c>*</c> for all, or the path below <c>/accounts/{account_id}/realtime/kit</c> as the
    /// OpenAPI document writes it, for example <c>/{app_id}/livestreams</c>; a <c>*</c> at its end stands for anything.
    /// </summary>
    public string Route { get; init; } = "*";

    /// <summary>The method it counts, for example <c>POST</c>; null for all.</summary>
    public string? Method { get; init; }

    /// <summary>Requests that may come at once, and then over each window. 1 to 1,000,000.</summary>
    public int Requests { get; init; }

    /// <summary>The time in which that many requests are allowed again. 1 s to 1 day.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether a call counts towards it.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="route">The route below the account, with its placeholders; null for one that lies elsewhere.</param>
    internal bool Counts(string method, string? route) =>
        (Method is null || Method.Equals(method, StringComparison.OrdinalIgnoreCase))
        && (Route == "*"
            || (route is not null
                && (Route[^1] == '*'
                    ? route.StartsWith(Route[..^1], StringComparison.OrdinalIgnoreCase)
                    : route.Equals(Route, StringComparison.OrdinalIgnoreCase))));
}
