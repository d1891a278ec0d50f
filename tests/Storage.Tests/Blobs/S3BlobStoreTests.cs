using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit;
using Roomcast.TestKit.Network;
using Roomcast.TestKit.S3;

namespace Roomcast.Storage.Tests.Blobs;

/// <summary>Against an S3-compatible server that nobody here wrote.</summary>
public sealed class S3BlobStoreTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private S3Server _server = null!;

    public async Task InitializeAsync() => _server = await S3Server.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1_000)]
    [InlineData(20_000_001)]
    public async Task A_file_is_stored_in_one_piece_or_in_parts_and_fetched_by_its_address(int length)
    {
        using var store = Open();
        var (file, content) = MakeFile(length);
        var name = BlobName.Of(Guid.NewGuid(), "weekly_1.mp4");
        await store.StoreAsync(name, file, "video/mp4", CancellationToken.None);
        Assert.True(File.Exists(file));
        Assert.Contains($"kept/{name}", _server.Objects.Keys);

        using var client = new HttpClient();
        var address = new Uri(store.AddressOf(name, TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(30)));
        using var whole = await client.GetAsync(address);
        Assert.Equal(HttpStatusCode.OK, whole.StatusCode);
        Assert.Equal("video/mp4", whole.Content.Headers.ContentType!.MediaType);
        Assert.Equal(content, await whole.Content.ReadAsByteArrayAsync());
        if (length > 100)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { { "Range", "bytes=10-19" } } };
            using var part = await client.SendAsync(request);
            Assert.Equal(content[10..20], await part.Content.ReadAsByteArrayAsync());
        }

        await store.DeleteAsync(name, CancellationToken.None);
        await store.DeleteAsync(name, CancellationToken.None);
        Assert.Empty(_server.Objects);
    }

    /// <summary>s3rver looks at no signature of version 4, so it is computed here once more, as AWS's "Signature Version 4 for query parameters" has it.</summary>
    [Theory]
    [InlineData("us-east-1", null, "kept.s3.amazonaws.com")]
    [InlineData("eu-central-1", null, "kept.s3.eu-central-1.amazonaws.com")]
    [InlineData("us-east-1", "https://storage.example.org", "storage.example.org")]
    [InlineData("auto", "http://storage.example.org:9000", "storage.example.org:9000")]
    public void An_address_is_signed_by_version_4_in_every_region_for_a_week_at_most(string region, string? endpoint, string host)
    {
        const string Secret = "a secret";
        using var store = new S3BlobStore(new S3Target
        {
            Bucket = "kept", Endpoint = endpoint, Region = region, AccessKey = "k", SecretKey = Secret, UsesPathStyle = endpoint is not null,
        }, TimeProvider.System, NullLogger.Instance);
        var address = new Uri(store.AddressOf(BlobName.Of(Guid.NewGuid(), "a_b.mp4"), TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(30)));
        var query = address.Query[1..].Split('&').ToDictionary(static part => part.Split('=')[0], static part => part.Split('=')[1]);
        Assert.InRange(int.Parse(query["X-Amz-Expires"], CultureInfo.InvariantCulture), 7 * 86_400 - 60, 7 * 86_400);
        Assert.Equal((host, endpoint?.Split(':')[0] ?? "https"), (address.Authority, address.Scheme));

        var time = query["X-Amz-Date"];
        var scope = $"{time[..8]}/{region}/s3/aws4_request";
        Assert.Equal($"k/{scope}", Uri.UnescapeDataString(query["X-Amz-Credential"]));
        var signed = string.Join('&', query.Where(static part => part.Key != "X-Amz-Signature").OrderBy(static part => part.Key, StringComparer.Ordinal)
            .Select(static part => $"{part.Key}={part.Value}"));
        var request = $"GET\n{address.AbsolutePath}\n{signed}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD";
        var text = $"AWS4-HMAC-SHA256\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request)))}";
        var key = ((string[])[.. scope.Split('/'), text]).Aggregate(
            Encoding.UTF8.GetBytes("AWS4" + Secret), static (key, step) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(step)));
        Assert.Equal(Convert.ToHexStringLower(key), query["X-Amz-Signature"]);
    }

    [Fact]
    public async Task A_redirect_is_refused_and_not_followed()
    {
        // The library follows one to such a host by itself, and signs for it.
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var server = builder.Build();
        var (port, asked, followed) = (0, 0, 0);
        server.Run(context =>
        {
            _ = context.Request.Host.Host.StartsWith("s3.", StringComparison.Ordinal) ? followed++ : asked++;
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = $"http://s3.localhost:{port}{context.Request.Path}";
            return Task.CompletedTask;
        });
        await server.StartAsync();
        port = new Uri(server.Urls.Single()).Port;
        using var store = new S3Target
        {
            Bucket = "b", Endpoint = $"http://127.0.0.1:{port}", Region = "us-east-1", AccessKey = "k", SecretKey = "s", UsesPathStyle = true,
        }.Open(TimeProvider.System, NullLogger.Instance);
        var fault = await Assert.ThrowsAsync<BlobException>(() =>
            store.StoreAsync(BlobName.Of(Guid.NewGuid(), "a.mp4"), MakeFile(1_000).File, "video/mp4", CancellationToken.None));
        Assert.Equal((BlobFailure.Refused, false), (fault.Failure, fault.IsWorthRetrying));
        Assert.Equal((true, 0), (asked > 0, followed));
    }

    [Fact]
    public async Task An_upload_goes_on_when_the_server_was_away()
    {
        using var store = Open();
        var (file, content) = MakeFile(30_000_000);
        var name = BlobName.Of(Guid.NewGuid(), "a.mp4");
        _server.Kill();
        var storing = store.StoreAsync(name, file, "video/mp4", CancellationToken.None);
        await Task.Delay(TimeSpan.FromSeconds(2));
        Assert.False(storing.IsCompleted);
        await _server.StartAgainAsync();
        await storing;
        Assert.Equal(content, await File.ReadAllBytesAsync(_server.Objects[$"kept/{name}"]));
    }

    [Fact]
    public async Task A_part_whose_connection_breaks_goes_up_again_without_those_before_it()
    {
        const int Length = 30_000_000;
        const int PartLength = 8 << 20;
        await using var relay = CuttableProxy.Start(new Uri(_server.Endpoint).Port);
        using var store = Open(Target() with { Endpoint = $"http://127.0.0.1:{relay.Port}" });
        var (file, content) = MakeFile(Length);
        var name = BlobName.Of(Guid.NewGuid(), "a.mp4");

        // In the middle of the second part, and for as long as its first repetition finds nobody.
        relay.CutAfter(PartLength * 3 / 2);
        var storing = store.StoreAsync(name, file, "video/mp4", CancellationToken.None);
        while (relay.Refused == 0 && !storing.IsCompleted)
        {
            await Task.Delay(20);
        }

        Assert.False(storing.IsCompleted);
        Assert.Empty(_server.Objects);
        relay.Mend();
        await storing;
        Assert.Equal(content, await File.ReadAllBytesAsync(_server.Objects[$"kept/{name}"]));

        // Half a part too much was sent; with the first one again it were one and a half.
        Assert.InRange(relay.Sent, Length + (PartLength / 4), Length + PartLength);
    }

    [Fact]
    public async Task What_will_never_do_is_refused_at_once_without_a_key_in_the_words()
    {
        var (file, _) = MakeFile(10);
        var name = BlobName.Of(Guid.NewGuid(), "a.mp4");
        foreach (var target in new[]
        {
            Target() with { AccessKey = "falsch", SecretKey = "falsch" },
            Target() with { Bucket = "no-such-bucket" },
            Target() with { IsPublicOnly = true },
        })
        {
            using var store = Open(target);
            var fault = await Assert.ThrowsAsync<BlobException>(() => store.StoreAsync(name, file, "video/mp4", CancellationToken.None));
            Assert.Equal((BlobFailure.Refused, false), (fault.Failure, fault.IsWorthRetrying));
            Assert.DoesNotContain(S3Server.Key, fault.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("falsch", $"{fault.Message}{target}", StringComparison.Ordinal);
        }

        using var open = Open();
        var missing = await Assert.ThrowsAsync<BlobException>(() => open.StoreAsync(name, _folder.Path + "/none", "video/mp4", CancellationToken.None));
        Assert.Equal(BlobFailure.NoFile, missing.Failure);
    }

    private S3Target Target() => new()
    {
        Bucket = _server.Bucket,
        Endpoint = _server.Endpoint,
        Region = "us-east-1",
        AccessKey = S3Server.Key,
        SecretKey = S3Server.Key,
        Prefix = "kept/",
        UsesPathStyle = true,
    };

    private S3BlobStore Open(S3Target? target = null) => new(target ?? Target(), TimeProvider.System, NullLogger.Instance);

    private (string File, byte[] Content) MakeFile(int length)
    {
        var file = _folder.PathOf($"{Guid.NewGuid():N}.bin");
        var content = new byte[length];
        new Random(7).NextBytes(content);
        File.WriteAllBytes(file, content);
        return (file, content);
    }
}
