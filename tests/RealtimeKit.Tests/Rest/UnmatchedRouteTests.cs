using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class UnmatchedRouteTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    [Theory]
    [InlineData("/")]
    [InlineData("/nothing")]
    [InlineData("/client/v4")]
    [InlineData("/client/v4/")]
    [InlineData("/client/v4/nothing")]
    [InlineData("/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353")]
    [InlineData("/accounts")]
    [InlineData("/accounts/023e105f4ecef8ad9ca31a8372d0c353/realtime/kit")]
    [InlineData("/accounts/023e105f4ecef8ad9ca31a8372d0c353/realtime/kit/apps/14a396e7-ca44-4937-bf1f-050a69118543/livestreams")]
    [InlineData("/user/tokens")]
    [InlineData("/client/v4/accounts/%2F/realtime/kit/%2e%2e/apps/x/y")]
    public async Task An_unknown_route_is_answered_in_json(string path)
    {
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete })
        {
            var reply = await _host.Client.SendAsync(method, path, token: null, method == HttpMethod.Post ? "{" : null);

            Assert.Equal(404, reply.Status);
            Assert.Equal(40400, reply.Code);
        }
    }

    [Fact]
    public async Task A_wrong_method_is_told_the_right_ones()
    {
        var methods = new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Put, HttpMethod.Patch, HttpMethod.Delete, HttpMethod.Options };
        var routes = EveryRoute.Of(_host, _host.One, _host.One.First);
        foreach (var pattern in routes.GroupBy(route => route.Pattern))
        {
            // A word in a path may be taken for an id by another route, which allows methods of its own.
            var taking = routes.Where(route => route.Takes(pattern.First().Path)).ToArray();
            var allowed = taking.Select(route => route.Method)
                .Distinct()
                .Concat(taking.Any(route => route.IsRead) ? ["HEAD"] : [])
                .Order(StringComparer.Ordinal)
                .ToArray();
            foreach (var method in methods.Where(method => !allowed.Contains(method.Method)))
            {
                var reply = await _host.Client.SendAsync(method, pattern.First().Path, token: null);

                Assert.Equal(405, reply.Status);
                Assert.Equal(40500, reply.Code);
                Assert.Equal(allowed, reply.ContentHeaders.Allow.Order(StringComparer.Ordinal));
            }
        }
    }

    [Fact]
    public async Task Every_read_answers_head_too()
    {
        var livestream = await _host.NewLivestreamAsync(_host.One.First);
        var path = $"{_host.One.AppPath}/livestreams/{livestream.Id}";

        var get = await _host.Client.GetAsync(path, _host.One.ReadToken);
        var head = await _host.Client.SendAsync(HttpMethod.Head, path, _host.One.ReadToken);

        Assert.Equal(200, head.Status);
        Assert.Equal(get.ContentHeaders.ContentLength, head.ContentHeaders.ContentLength);
    }

    [Fact]
    public async Task Every_route_answers_with_and_without_the_hosted_prefix()
    {
        foreach (var route in EveryRoute.Of(_host, _host.One, _host.One.First))
        {
            var with = await _host.Client.SendAsync(route.HttpMethod, route.Path, _host.One.WriteToken, route.Body);
            var without = await _host.Client.SendAsync(
                route.HttpMethod, route.Path["/client/v4".Length..], _host.One.WriteToken, route.Body);

            Assert.Equal(with.Status, without.Status);
            Assert.Equal(with.Status >= 400 ? with.Code : 0, without.Status >= 400 ? without.Code : 0);
        }
    }

    [Fact]
    public async Task Parts_of_a_path_are_decoded_once()
    {
        var id = _host.One.First.Id.ToString();
        var encoded = string.Concat(id.Select(character => $"%{(int)character:X2}"));

        Assert.Equal(200, (await _host.Client.GetAsync($"{_host.One.Path}/apps/{encoded}", _host.One.ReadToken)).Status);
        var twice = encoded.Replace("%", "%25", StringComparison.Ordinal);
        Assert.Equal(404, (await _host.Client.GetAsync($"{_host.One.Path}/apps/{twice}", _host.One.ReadToken)).Status);
    }

    [Fact]
    public async Task A_trailing_slash_is_tolerated()
    {
        Assert.Equal(200, (await _host.Client.GetAsync($"{_host.One.Path}/apps/", _host.One.ReadToken)).Status);
    }
}
