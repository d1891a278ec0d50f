using System.Collections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Roomcast.Server.Configuration;
using Roomcast.Server.Listening;

namespace Roomcast.Server.Tests.Listening;

public class ProxiesTests
{
    [Theory]
    [InlineData("", "203.0.113.9", "127.0.0.1 http")]
    [InlineData("127.0.0.1", "203.0.113.9", "203.0.113.9 https")]
    [InlineData("127.0.0.0/8, ::1", "203.0.113.9", "203.0.113.9 https")]
    [InlineData("10.0.0.1", "203.0.113.9", "127.0.0.1 http")]
    [InlineData("127.0.0.1, 10.0.0.0/8", "198.51.100.1, 203.0.113.9, 10.2.3.4", "203.0.113.9 https")]
    [InlineData("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9 https")]
    [InlineData("127.0.0.1", "2001:db8::7", "2001:db8::7 https")]
    public async Task Only_trusted_proxies_are_believed(string trusted, string forwarded, string expected)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.UseTrustedProxies(Read(trusted).Values);
        app.Run(context => context.Response.WriteAsync($"{context.Connection.RemoteIpAddress} {context.Request.Scheme}"));
        await app.StartAsync();

        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, app.Urls.Single());
        request.Headers.Add("X-Forwarded-For", forwarded);
        request.Headers.Add("X-Forwarded-Proto", string.Join(", ", forwarded.Split(',').Select(_ => "https")));
        using var answer = await client.SendAsync(request);
        Assert.Equal(expected, await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("proxy.example.org")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.1,")]
    public void What_is_no_address_or_network_is_refused(string trusted) =>
        Assert.Equal("trusted_proxies", Assert.Single(Read(trusted).Faults).Key);

    private static SettingsReading Read(string trusted) => SettingsReader.Read(
        ServerSettings.Registry, trusted.Length == 0 ? [] : ["--trusted-proxies", trusted], new Hashtable(), Path.GetTempPath());
}
