using System.Net;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit;

namespace Roomcast.RealtimeKit.Tests.Rest;

/// <summary>The addresses of files, as a host serves them beside the API.</summary>
public sealed class DownloadTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private ApiHost _host = null!;

    public async Task InitializeAsync() => _host = await ApiHost.StartAsync(map: app => app.MapBlobs(RealtimeKitRoutes.Refusal));

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_address_that_is_not_signed_or_whose_file_is_gone_is_refused_in_json()
    {
        var signed = PathOf(BlobName.Of(Guid.NewGuid(), "gone.mp4"));
        foreach (var path in new[] { signed[..signed.IndexOf('?', StringComparison.Ordinal)], $"{signed}x", signed.Replace("gone", "other", StringComparison.Ordinal), "/blobs/x/y" })
        {
            var forbidden = await _host.Client.GetAsync(path, token: null);
            Assert.Equal((403, 40300), (forbidden.Status, forbidden.Code));
            Assert.Equal("*", forbidden.Header("Access-Control-Allow-Origin"));
        }

        var gone = await _host.Client.GetAsync(signed, token: null);
        Assert.Equal((404, 40401), (gone.Status, gone.Code));
    }

    [Theory]
    [InlineData("sound.mp3", "audio/mpeg")]
    [InlineData("sound.m4a", "audio/mp4")]
    [InlineData("film.mp4", "video/mp4")]
    [InlineData("film.webm", "video/webm")]
    [InlineData("tracks.zip", "application/zip")]
    [InlineData("messages.tar", "application/x-tar")]
    public async Task A_file_comes_as_what_it_is(string fileName, string type)
    {
        var file = _folder.PathOf(fileName);
        await File.WriteAllBytesAsync(file, [1, 2, 3]);
        var name = BlobName.Of(Guid.NewGuid(), fileName);
        await _host.Service<IBlobStore>().StoreAsync(name, file, type, CancellationToken.None);
        using var answer = await _host.Client.Http.GetAsync(new Uri(PathOf(name), UriKind.Relative));
        Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
    }

    private string PathOf(BlobName name) =>
        new Uri(_host.Service<IBlobStore>().AddressOf(name, _host.Clock.GetUtcNow() + TimeSpan.FromHours(1))).PathAndQuery;
}
