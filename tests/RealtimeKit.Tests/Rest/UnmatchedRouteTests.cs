using System.Net.Sockets;
using System.Text;
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
            // A word in a path could be taken for an id by another route, whose methods are not those of the word's.
            var words = pattern.Key.Split('/').Count(part => part is not ['{', .., '}']);
            var taking = routes.Where(route => route.Takes(pattern.First().Path) && route.Pattern.Split('/').Count(part => part is not ['{', .., '}']) == words).ToArray();
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

    [Theory]
    [InlineData("GET", "/recordings/track", "POST")]
    [InlineData("PUT", "/recordings/track", "POST")]
    [InlineData("DELETE", "/webhooks/all", "GET HEAD")]
    [InlineData("PATCH", "/webhooks/all", "GET HEAD")]
    [InlineData("PUT", "/webhooks/all/", "GET HEAD")]
    public async Task A_word_is_never_taken_for_an_id(string method, string path, string allowed)
    {
        foreach (var prefix in new[] { _host.One.AppPath, _host.One.AppPath["/client/v4".Length..] })
        {
            var reply = await _host.Client.SendAsync(HttpMethod.Parse(method), prefix + path, _host.One.WriteToken);
            Assert.Equal((405, 40500), (reply.Status, reply.Code));
            Assert.Equal(allowed.Split(' '), reply.ContentHeaders.Allow.Order(StringComparer.Ordinal));
        }
    }

    [Theory]
    [InlineData("GET {app}/meetings/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400 Bad Request")]
    [InlineData("GET {app}/meetings/%C3%28 HTTP/1.1\r\nHost: localhost\r\n\r\n", "401 Unauthorized")]
    [InlineData("GET {app}/meetings?{long} HTTP/1.1\r\nHost: localhost\r\n\r\n", "414 URI Too Long")]
    [InlineData("GET {app}/meetings HTTP/1.1\r\nHost: localhost\r\nX-Long: {long}{long}{long}{long}\r\n\r\n", "431 Request Header Fields Too Large")]
    [InlineData("GET {app}/meetings HTTP/1.1\r\n\r\n", "400 Bad Request")]
    public async Task What_is_no_request_to_the_server_itself_is_answered_by_a_status_alone(string request, string status)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_host.Address.Host, _host.Address.Port);
        await using var stream = client.GetStream();
        var text = request
            .Replace("{app}", _host.One.AppPath, StringComparison.Ordinal)
            .Replace("{long}", new string('x', 9_000), StringComparison.Ordinal);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text));
        using var reader = new StreamReader(stream, Encoding.ASCII);
        Assert.Equal($"HTTP/1.1 {status}", await reader.ReadLineAsync());
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
