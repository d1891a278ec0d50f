using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Roomcast.Conformance.Running;

namespace Roomcast.Conformance.Plain;

/// <summary>Every route of the table, with plain HTTP: who may call it, and each error that it can answer.</summary>
[Collection(PlainServerTests.Name)]
public sealed class EveryRouteTests(PlainServer plain)
{
    private static readonly string[] Changing = ["POST", "PUT", "PATCH", "DELETE"];

    private RunningServer Server => plain.Server;

    [Fact]
    public void The_table_is_whole()
    {
        Assert.Equal(61, plain.Routes.Count(route => !route.IsAddition && route.HasAccount));
        Assert.All(plain.Routes.SelectMany(route => route.Placeholders).Distinct(), name => Assert.True(plain.Ids.ContainsKey(name), name));
        Assert.All(plain.Routes.Where(route => route.Body is null), route => Assert.False(route.NeedsBody, $"{route} has no example"));
    }

    [Fact]
    public async Task Nothing_of_an_app_is_seen_or_touched_across_the_line_on_any_route()
    {
        var before = await SnapshotAsync();
        Assert.All(before.Values, reply => Assert.Equal(200, reply.Status));
        foreach (var route in plain.Routes.Where(route => route.HasAccount))
        {
            // Somebody else's token on the owner's path.
            foreach (var token in new[] { plain.Stranger.WriteToken, plain.Stranger.ReadToken })
            {
                AssertRefused(route, await CallAsync(route, plain.Ids, token), 403, 40300);
            }

            // The owner's ids below the other app of the same account, and below an app of the other account.
            foreach (var (account, app) in new[] { (plain.Owner, plain.Owner.OtherAppId), (plain.Stranger, plain.Stranger.AppId) })
            {
                var isOwn = account == plain.Owner && !route.HasApp;
                if (isOwn || route.Pattern.EndsWith("/apps/{app_id}", StringComparison.Ordinal))
                {
                    continue; // Of the account, or of the app in the path itself.
                }

                var ids = With(("account_id", account.Id), ("app_id", app));
                var reply = await CallAsync(route, ids, account.WriteToken);
                if (route.Objects.Any())
                {
                    AssertRefused(route, reply, 404, 40401);
                }
                else
                {
                    AssertTellsNothing(route, reply);
                }
            }
        }

        // The owner's app below somebody else's account.
        foreach (var route in plain.Routes.Where(route => route.HasApp))
        {
            AssertRefused(route, await CallAsync(route, With(("account_id", plain.Stranger.Id)), plain.Stranger.WriteToken), 404, 40401);
        }

        var after = await SnapshotAsync();
        Assert.Equal(before.Keys, after.Keys);
        Assert.All(before, pair => Assert.Equal(Comparable(pair.Value), Comparable(after[pair.Key])));
    }

    [Fact]
    public async Task Every_route_asks_for_a_token_that_holds()
    {
        foreach (var route in plain.Routes.Where(route => route.Pattern != "/user/tokens/verify"))
        {
            AssertRefused(route, await CallAsync(route, plain.Ids, null), 401, 40100);
            AssertRefused(route, await CallAsync(route, plain.Ids, "rct_" + new string('x', 44)), 401, 40101);
        }
    }

    [Fact]
    public async Task A_read_token_changes_nothing_on_any_route()
    {
        foreach (var route in plain.Routes.Where(route => Changing.Contains(route.Method)))
        {
            AssertRefused(route, await CallAsync(route, plain.Ids, plain.Owner.ReadToken), 403, 40300);
        }
    }

    [Fact]
    public async Task Every_read_answers_both_tokens_in_one_envelope_with_and_without_the_prefix()
    {
        foreach (var route in plain.Routes.Where(route => route.IsRead && !IsOfLiveOnly(route)))
        {
            foreach (var token in new[] { plain.Owner.WriteToken, plain.Owner.ReadToken })
            {
                foreach (var path in new[] { route.PathWith(plain.Ids), route.PathWith(plain.Ids)["/client/v4".Length..], route.PathWith(plain.Ids) + "/" })
                {
                    var reply = await Server.CallAsync(HttpMethod.Get, path, token);
                    Assert.True(reply.Status == 200, $"{route} answered {reply}");
                    AssertEnvelope(route, reply);
                }
            }
        }
    }

    [Fact]
    public async Task What_is_not_there_is_not_found_on_any_route()
    {
        foreach (var route in plain.Routes.Where(route => route.HasApp))
        {
            foreach (var app in new[] { Guid.NewGuid().ToString(), "nonsense", "%01" })
            {
                AssertRefused(route, await CallAsync(route, With(("app_id", app)), plain.Owner.WriteToken), 404, 40401);
            }
        }

        foreach (var route in plain.Routes)
        {
            foreach (var name in route.Objects)
            {
                foreach (var id in new[] { Guid.NewGuid().ToString(), "00000000", "%C3%A4" })
                {
                    AssertRefused(route, await CallAsync(route, With((name, id)), plain.Owner.WriteToken), 404, 40401);
                }
            }
        }
    }

    [Fact]
    public async Task Every_body_that_cannot_be_read_is_refused_and_says_why()
    {
        foreach (var route in plain.Routes.Where(route => route.Body is not null))
        {
            // At objects that are not there, so that what passes by mistake changes nothing; input comes before objects.
            var path = route.PathWith(With([.. route.Objects.Select(name => (name, Guid.NewGuid().ToString()))]));
            AssertRefused(route, await SendAsync(route, path, "{\"name\":", "application/json"), 400, 40000);
            AssertRefused(route, await SendAsync(route, path, "[]", "application/json"), 400, 40001);
            AssertRefused(route, await SendAsync(route, path, route.Body!.ToJsonString(), "text/plain"), 415, 41500);
            AssertRefused(route, await SendAsync(route, path, "{\"x\":\"" + new string('x', 1 << 20) + "\"}", "application/json"), 413, 41300);
            if (route.NeedsBody)
            {
                var missing = await SendAsync(route, path, "{}", null);
                AssertRefused(route, missing, 400, 40001);
                Assert.All(missing.Body["errors"]!.AsArray(), error => Assert.StartsWith("/", (string)error!["source"]!["pointer"]!, StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public async Task Every_wrong_parameter_of_every_route_is_named()
    {
        var tried = 0;
        foreach (var route in plain.Routes)
        {
            foreach (var (name, schema) in route.Query)
            {
                string? wrong = TypeOf(schema) switch
                {
                    "integer" or "number" => "-1",
                    "boolean" => "perhaps",
                    _ when schema["enum"] is not null => "NONSENSE",
                    _ when name.EndsWith("_time", StringComparison.Ordinal) || name.EndsWith("_date", StringComparison.Ordinal) => "yesterday",
                    "array" when name == "status" => "NONSENSE",
                    _ => null, // Free text.
                };
                if (wrong is null)
                {
                    continue;
                }

                tried++;
                var reply = await Server.CallAsync(route.HttpMethod, $"{route.PathWith(plain.Ids)}?{name}={wrong}", plain.Owner.WriteToken);
                AssertRefused(route, reply, 400, 40001);
                Assert.Equal(name, (string)Assert.Single(reply.Body["errors"]!.AsArray())!["source"]!["parameter"]!);
            }
        }

        Assert.True(tried > 50, $"{tried} parameters were tried.");
    }

    // One of several types, as of what may be null, is the first of them.
    private static string? TypeOf(JsonObject schema) => schema["type"] switch
    {
        JsonArray several => (string?)several.First(each => (string?)each != "null"),
        var one => (string?)one,
    };

    [Fact]
    public async Task A_method_that_a_path_does_not_take_is_told_those_it_does()
    {
        foreach (var path in plain.Routes.Select(route => route.PathWith(plain.Ids)["/client/v4".Length..]).Distinct())
        {
            // A word is never taken for an id, which another route would have in its place.
            var taken = plain.Routes.Where(route => route.Takes(path)).GroupBy(route => route.Placeholders.Count()).MinBy(group => group.Key)!
                .Select(route => route.Method).ToHashSet();
            string[] allowed = [.. taken.Concat(taken.Contains("GET") ? ["HEAD"] : []).Order(StringComparer.Ordinal)];
            foreach (var method in Changing.Append("GET").Append("TRACE").Except(taken))
            {
                var reply = await Server.CallAsync(HttpMethod.Parse(method), $"/client/v4{path}", plain.Owner.WriteToken);
                Assert.True((405, 40500) == (reply.Status, reply.Code), $"{method} {path} answered {reply}");
                Assert.Equal(allowed, reply.Headers["Allow"].Split(", ").Order(StringComparer.Ordinal));
                AssertErrorEnvelope(reply);
            }
        }
    }

    [Theory]
    [InlineData("/client/v4")]
    [InlineData("/client/v4/nothing")]
    [InlineData("/client/v4/zones")]
    [InlineData("/accounts/023e105f4ecef8ad9ca31a8372d0c353")]
    [InlineData("/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353/realtime/kit/x/y/z")]
    [InlineData("/user/nothing")]
    public async Task An_unknown_route_is_answered_in_json(string path)
    {
        foreach (var method in Changing.Append("GET"))
        {
            var reply = await Server.CallAsync(HttpMethod.Parse(method), path, plain.Owner.WriteToken);
            Assert.Equal((404, 40400), (reply.Status, reply.Code));
            AssertErrorEnvelope(reply);
        }
    }

    // Answers of these are the absence of what is live, as their own tests have it.
    private static bool IsOfLiveOnly(DocumentedRoute route) =>
        route.Pattern.EndsWith("/active-session", StringComparison.Ordinal) || route.Pattern.EndsWith("/active-livestream", StringComparison.Ordinal)
        || route.Pattern.EndsWith("/active-livestream-session", StringComparison.Ordinal) || route.Pattern.Contains("/active-recording/", StringComparison.Ordinal)
        || route.Pattern.EndsWith("/publisher", StringComparison.Ordinal);

    private static void AssertRefused(DocumentedRoute route, PlainReply reply, int status, int code)
    {
        Assert.True(status == reply.Status && code == reply.Code, $"{route} answered {reply}");
        AssertErrorEnvelope(reply);
    }

    private static void AssertErrorEnvelope(PlainReply reply)
    {
        var body = reply.Body;
        Assert.Equal("application/json; charset=utf-8", reply.ContentType);
        Assert.Equal(["success", "errors", "error", "messages", "result", "data"], body.Select(field => field.Key));
        Assert.False((bool)body["success"]!);
        Assert.NotEmpty(body["errors"]!.AsArray());
        Assert.Equal((reply.Status, (string)body["errors"]![0]!["message"]!), ((int)body["error"]!["code"]!, (string)body["error"]!["message"]!));
        Assert.All(body["errors"]!.AsArray(), error => Assert.Equal(reply.Status, (int)error!["code"]! / 100));
        Assert.Empty(body["messages"]!.AsArray());
        Assert.Null(body["result"]);
        Assert.Null(body["data"]);
        Assert.Equal(reply.Status == 409 ? "false" : null, reply.Headers.GetValueOrDefault("x-should-retry"));
        Assert.Equal(reply.Status is 429 or 503, reply.Headers.ContainsKey("Retry-After"));
    }

    private static void AssertEnvelope(DocumentedRoute route, PlainReply reply)
    {
        var body = reply.Body;
        Assert.Equal("application/json; charset=utf-8", reply.ContentType);
        Assert.True((bool)body["success"]!);
        Assert.NotNull(body["data"]);
        Assert.True(JsonNode.DeepEquals(body["data"], body["result"]), $"{route}: result is not data");
        Assert.Empty(body["errors"]!.AsArray());
        Assert.Empty(body["messages"]!.AsArray());
        if (route.Query.Any(parameter => parameter.Name == "page_no"))
        {
            Assert.Equal(["start_offset", "end_offset", "total_count"], body["paging"]!.AsObject().Select(field => field.Key));
        }
    }

    private void AssertTellsNothing(DocumentedRoute route, PlainReply reply)
    {
        var told = reply.Text;
        Assert.DoesNotContain("Private", told, StringComparison.Ordinal);
        foreach (var (name, id) in plain.Ids.Where(pair => pair.Key != "account_id" && !(pair.Key == "app_id" && route.Objects.Any())))
        {
            Assert.False(told.Contains(id, StringComparison.OrdinalIgnoreCase), $"{route} tells the {name}: {reply}");
        }
    }

    private Dictionary<string, string> With(params (string Name, string Value)[] changes)
    {
        var ids = new Dictionary<string, string>(plain.Ids);
        foreach (var (name, value) in changes)
        {
            ids[name] = value;
        }

        return ids;
    }

    private async Task<PlainReply> CallAsync(DocumentedRoute route, IReadOnlyDictionary<string, string> ids, string? token)
    {
        using var content = route.Content();
        return await Server.CallAsync(route.HttpMethod, route.PathWith(ids), token, content);
    }

    private async Task<PlainReply> SendAsync(DocumentedRoute route, string path, string body, string? contentType)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = contentType is null ? null : new MediaTypeHeaderValue(contentType);
        return await Server.CallAsync(route.HttpMethod, path, plain.Owner.WriteToken, content);
    }

    private async Task<Dictionary<string, PlainReply>> SnapshotAsync()
    {
        var replies = new Dictionary<string, PlainReply>();
        foreach (var route in plain.Routes.Where(route => route is { IsRead: true, HasAccount: true } && !IsOfLiveOnly(route)))
        {
            replies[route.ToString()] = await CallAsync(route, plain.Ids, plain.Owner.WriteToken);
        }

        return replies;
    }

    // Links are signed anew each time, and a delivery to nowhere is tried again meanwhile.
    private static string Comparable(PlainReply reply)
    {
        var data = reply.Body["data"]!.DeepClone();
        Cover(data);
        return data.ToJsonString();

        static void Cover(JsonNode? node)
        {
            if (node is JsonArray items)
            {
                foreach (var item in items)
                {
                    Cover(item);
                }
            }
            else if (node is JsonObject fields)
            {
                var isDelivery = fields.ContainsKey("next_attempt_at");
                foreach (var (name, value) in fields.ToArray())
                {
                    if ((isDelivery && name is not ("id" or "webhook_id" or "event" or "created_at")) || name.Contains("url", StringComparison.OrdinalIgnoreCase) || name.Contains("expiry", StringComparison.OrdinalIgnoreCase)
                        || name is "updated_at" or "state" or "retry_count" or "uptime_seconds" or "error")
                    {
                        fields[name] = null;
                    }
                    else
                    {
                        Cover(value);
                    }
                }
            }
        }
    }
}
