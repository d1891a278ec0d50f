using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.Server.Pages;
using Roomcast.Storage;

namespace Roomcast.Server.Tests.Pages;

public sealed class PageEndpointsTests
{
    private static readonly LivestreamId Open = new(Guid.NewGuid());
    private static readonly LivestreamId Unreadable = new(Guid.NewGuid());
    private static readonly LivestreamId Signed = new(Guid.NewGuid());

    private static readonly Dictionary<string, byte[]> Built = new()
    {
        ["web/watch.html"] = "<title>{{title}}</title><link href=\"{{base}}/assets/watch-1.css\"><h1>{{heading}}</h1>{{description}}"u8.ToArray(),
        ["web/meet.html"] = "<meta name=\"secure-base\" content=\"{{secure}}\"><script src=\"{{base}}/assets/meet-1.js\"></script>"u8.ToArray(),
        ["web/studio.html"] = "<meta name=\"secure-base\" content=\"{{secure}}\">Studio"u8.ToArray(),
        ["web/docs.html"] = "<meta name=\"document\" content=\"{{base}}/openapi.json\">"u8.ToArray(),
        ["web/assets/watch-1.js"] = "plain"u8.ToArray(),
        ["web/assets/watch-1.js.gz"] = "gzipped"u8.ToArray(),
        ["web/assets/watch-1.js.br"] = "brotli!"u8.ToArray(),
        ["web/assets/icon-1.svg"] = "<svg/>"u8.ToArray(),
    };

    [Fact]
    public async Task The_watch_page_carries_the_name_escaped()
    {
        await using var server = await StartAsync(Built);
        using var response = await server.Client.GetAsync(new Uri($"/watch/{Open}", UriKind.Relative));
        var html = await response.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/html; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.Contains("<title>Ships &amp; &lt;script&gt;</title>", html, StringComparison.Ordinal);
        Assert.Contains("<h1>Ships &amp; &lt;script&gt;</h1>Live now.", html, StringComparison.Ordinal);
        Assert.DoesNotContain("{{", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_watch_page_is_asked_for_anew_each_time_and_sent_only_when_it_changed()
    {
        await using var server = await StartAsync(Built);
        using var first = await server.Client.GetAsync(new Uri($"/watch/{Open}", UriKind.Relative));
        Assert.Equal("no-cache", first.Headers.CacheControl?.ToString());

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"/watch/{Open}", UriKind.Relative));
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task The_watch_page_may_load_nothing_from_elsewhere()
    {
        await using var server = await StartAsync(Built);
        using var response = await server.Client.GetAsync(new Uri($"/watch/{Open}", UriKind.Relative));
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();

        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
        Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
        Assert.Equal(["no-referrer"], response.Headers.GetValues("Referrer-Policy"));
    }

    [Fact]
    public async Task The_meeting_page_reaches_the_names_below_its_own_host_and_no_others()
    {
        await using var server = await StartAsync(Built);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/meet?token=eyJ.a.b", UriKind.Relative)) { Headers = { Host = "live.example.org:8443" } };
        using var response = await server.Client.SendAsync(request);
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["no-referrer"], response.Headers.GetValues("Referrer-Policy"));
        Assert.Contains(" https://api.live.example.org:8443 ", policy, StringComparison.Ordinal);
        Assert.Contains(" wss://socket-edge.live.example.org:8443;", policy, StringComparison.Ordinal);
        Assert.Contains("worker-src blob:;", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("*", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("https: ", policy, StringComparison.Ordinal);
        var html = await response.Content.ReadAsStringAsync();
        Assert.Contains("content=\"https://localhost:8443\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("{{", html, StringComparison.Ordinal);
        Assert.DoesNotContain("eyJ", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("api.localhost:8443", " https://api.localhost:8443 ")]
    [InlineData("socket-edge.localhost:8443", " https://api.localhost:8443 ")]
    [InlineData("127.0.0.1:8443", "connect-src 'self'; ")]
    [InlineData("[::1]:8443", "connect-src 'self'; ")]
    public void The_names_that_the_client_forms_lead_back_to_the_base(string host, string expected)
    {
        var context = new DefaultHttpContext { Request = { Host = new HostString(host) } };
        Assert.Contains(expected, PageEndpoints.MeetPolicy(context.Request), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evil.example;script-src *")]
    [InlineData("evil.example https://other.example")]
    public void A_host_that_is_none_adds_nothing_to_the_policy(string host)
    {
        var context = new DefaultHttpContext { Request = { Host = new HostString(host) } };
        Assert.DoesNotContain("evil", PageEndpoints.MeetPolicy(context.Request), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_reference_reads_the_document_of_its_own_server()
    {
        await using var server = await StartAsync(Built);
        using var response = await server.Client.GetAsync(new Uri("/docs", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("content=\"/openapi.json\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_studio_may_not_be_shown_inside_another_page()
    {
        await using var server = await StartAsync(Built);
        using var response = await server.Client.GetAsync(new Uri("/studio", UriKind.Relative));
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("connect-src 'self';", policy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/watch/00000000-0000-0000-0000-000000000000", HttpStatusCode.NotFound)]
    [InlineData("/watch/nonsense", HttpStatusCode.NotFound)]
    [InlineData("/watch/{signed}", HttpStatusCode.Forbidden)]
    [InlineData("/watch/t/wrong/{signed}", HttpStatusCode.Forbidden)]
    [InlineData("/watch/t/good/{signed}", HttpStatusCode.OK)]
    public async Task Refusals_have_their_status_and_tell_no_name(string path, HttpStatusCode expected)
    {
        await using var server = await StartAsync(Built);
        using var response = await server.Client.GetAsync(
            new Uri(path.Replace("{signed}", Signed.ToString(), StringComparison.Ordinal), UriKind.Relative));
        Assert.Equal(expected, response.StatusCode);
        Assert.Equal(
            expected == HttpStatusCode.OK,
            (await response.Content.ReadAsStringAsync()).Contains("Ships", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_its_database_the_page_asks_to_come_back()
    {
        await using var server = await StartAsync(Built);
        using var response = await server.Client.GetAsync(new Uri($"/watch/{Unreadable}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Contains("load the page again", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "plain", null)]
    [InlineData("gzip", "gzipped", "gzip")]
    [InlineData("gzip, br;q=0", "gzipped", "gzip")]
    [InlineData("gzip, deflate, br", "brotli!", "br")]
    public async Task Assets_are_sent_compressed_as_accepted_and_kept_for_ever(string accepted, string body, string? encoding)
    {
        await using var server = await StartAsync(Built);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/assets/watch-1.js", UriKind.Relative));
        if (accepted.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        }

        using var response = await server.Client.SendAsync(request);
        Assert.Equal(body, Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync()));
        Assert.Equal(encoding, response.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Equal("text/javascript; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.True(response.Headers.CacheControl is { Public: true, MaxAge.Days: 365 });
        Assert.Contains("immutable", response.Headers.CacheControl.ToString(), StringComparison.Ordinal);
        Assert.Equal(["Accept-Encoding"], response.Headers.Vary);

        using var again = new HttpRequestMessage(HttpMethod.Get, request.RequestUri);
        again.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        again.Headers.IfNoneMatch.Add(new EntityTagHeaderValue(response.Headers.ETag!.Tag));
        using var unchanged = await server.Client.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
    }

    [Theory]
    [InlineData("/assets/watch-1.js.gz")]
    [InlineData("/assets/watch.html")]
    [InlineData("/assets/..%2Fwatch.html")]
    [InlineData("/assets/other.js")]
    public async Task Other_files_do_not_exist(string path)
    {
        await using var server = await StartAsync(Built);
        using var response = await server.Client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Without_built_pages_it_says_what_to_install()
    {
        await using var server = await StartAsync([]);
        using var response = await server.Client.GetAsync(new Uri($"/watch/{Open}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("apt-get install nodejs npm", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_program_carries_the_pages()
    {
        var files = WebFiles.OfThisProgram();
        Assert.True(files.WatchPage is not null, "The pages are not embedded: is Node installed?");
        foreach (var path in files.WatchPage.Split('"').Where(text => text.StartsWith("{{base}}/assets/", StringComparison.Ordinal)))
        {
            Assert.NotNull(files.FindAsset(path["{{base}}/assets/".Length..]));
        }

        Assert.DoesNotContain("://", files.WatchPage.Replace("http://www.w3.org", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("style=", files.WatchPage, StringComparison.Ordinal);
        Assert.DoesNotContain("onclick", files.WatchPage, StringComparison.Ordinal);
    }

    private static async Task<RunningServer> StartAsync(Dictionary<string, byte[]> files)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(new WebFiles(files));
        builder.Services.AddSingleton(new PageAddresses("https://localhost:8443"));
        builder.Services.AddSingleton<ILiveAudience, FakeAudience>();
        var app = builder.Build();
        app.MapPages();
        await app.StartAsync();
        return new RunningServer(app, new HttpClient { BaseAddress = new Uri(app.Urls.Single()) });
    }

    private sealed record RunningServer(WebApplication App, HttpClient Client) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await App.DisposeAsync();
        }
    }

    private sealed class FakeAudience : ILiveAudience
    {
        public LiveViewers? FindViewers(LivestreamId livestreamId) => null;

        public ValueTask<AudienceAnswer> FindAsync(LivestreamId livestreamId, string? playbackToken, CancellationToken cancellationToken) =>
            livestreamId == Unreadable ? throw new StorageException("The database is away.") : ValueTask.FromResult(livestreamId == Open || (livestreamId == Signed && playbackToken == "good")
                ? new AudienceAnswer(AudienceAdmission.Allowed, AudienceState.Live, "Ships & <script>")
                : new AudienceAnswer(livestreamId == Signed ? AudienceAdmission.NotAllowed : AudienceAdmission.NotFound));
    }
}
