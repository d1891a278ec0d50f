using Roomcast.Accounts;
using Roomcast.RealtimeKit.Tests.Schemas;

namespace Roomcast.RealtimeKit.Tests.Hosting;

/// <summary>One operation of the API with its placeholders filled.</summary>
public sealed record FilledRoute(string Method, string Pattern, string Path, bool NeedsApp)
{
    public HttpMethod HttpMethod => HttpMethod.Parse(Method);

    public bool IsRead => Method == "GET";

    /// <summary>A body that the route takes, with a fresh name where names must differ; null when it takes none.</summary>
    public string? Body => (Method, Pattern.Split('/')[^1]) switch
    {
        ("POST", "apps" or "api-tokens") => """{"name":"x"}""",
        ("POST", "participants") => """{"custom_participant_id":"x","preset_name":"group_call_host"}""",
        ("POST", "presets") or ("PUT", "{preset_id}") => $$"""{"config":{"view_type":"GROUP_CALL"},"name":"{{Guid.NewGuid()}}"}""",
        ("POST", "kick" or "mute") => """{"participant_ids":["x"]}""",
        ("POST", "outputs") => """{"url":"rtmp://live.example.net/app/key"}""",
        ("POST", "poll") => """{"question":"x","options":["a","b"]}""",
        ("POST", "recordings" or "track") => $$"""{"meeting_id":"{{Guid.NewGuid()}}"}""",
        ("POST", "webhooks") or ("PUT", "{webhook_id}") => """{"url":"https://hooks.example.org/x","events":["meeting.started"]}""",
        ("PUT", "{recording_id}") => """{"action":"stop"}""",
        ("POST" or "PATCH" or "PUT", _) => "{}",
        _ => null,
    };

    /// <summary>Whether a path fits the pattern.</summary>
    public bool Takes(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var (own, other) = (Path.Split('/'), path.Split('/'));
        var parts = Pattern.Split('/');
        var hosted = own.Length - parts.Length;
        return own.Length == other.Length
            && Enumerable.Range(0, own.Length).All(at =>
                own[at] == other[at] || (at > hosted && parts[at - hosted] is ['{', .., '}']));
    }

    public override string ToString() => $"{Method} {Pattern}";
}

/// <summary>Walks the documented operations, so that no route is forgotten when one is added.</summary>
public static class EveryRoute
{
    /// <summary>Every operation below an account.</summary>
    /// <param name="description">Where they are documented.</param>
    /// <param name="account">The account of the path.</param>
    /// <param name="app">The app of the path.</param>
    /// <param name="ids">What the other placeholders become; a fresh UUID by default.</param>
    internal static IReadOnlyList<FilledRoute> Of(
        ApiDescription description, string account, string app, IReadOnlyDictionary<string, string>? ids = null)
    {
        var routes = new List<FilledRoute>();
        var operations = description.Operations.Where(operation => operation.Path.Contains("{account_id}", StringComparison.Ordinal));
        foreach (var (method, pattern, _) in operations)
        {
            var parts = pattern.Split('/').Select(part => part switch
            {
                "{account_id}" => account,
                "{app_id}" => app,
                ['{', .., '}'] => ids?.GetValueOrDefault(part[1..^1]) ?? Guid.NewGuid().ToString(),
                _ => part,
            });
            routes.Add(new FilledRoute(
                method, pattern, "/client/v4" + string.Join('/', parts), pattern.Contains("{app_id}", StringComparison.Ordinal)));
        }

        return routes;
    }

    internal static IReadOnlyList<FilledRoute> Of(
        ApiHost host, TestAccount account, App app, IReadOnlyDictionary<string, string>? ids = null)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(account);
        ArgumentNullException.ThrowIfNull(app);
        return Of(host.Description, account.Id.ToString(), app.Id.ToString(), ids);
    }
}
