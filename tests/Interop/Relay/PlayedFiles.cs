using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Roomcast.Interop.Relay;

/// <summary>A web server on loopback that gives the files of a folder, in parts as players ask for them.</summary>
internal sealed class PlayedFiles : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly string _folder = Directory.CreateTempSubdirectory("roomcast-test-").FullName;

    private PlayedFiles()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(web => web.Listen(IPAddress.Loopback, 0));
        _web = builder.Build();
        _web.MapGet("/{name}", (string name) => Results.File(PathOf(name), "application/octet-stream", enableRangeProcessing: true));
    }

    public static async Task<PlayedFiles> StartAsync()
    {
        var files = new PlayedFiles();
        await files._web.StartAsync();
        return files;
    }

    /// <summary>Where a file is to be put.</summary>
    public string PathOf(string name) => Path.Combine(_folder, name);

    /// <summary>Where it is played from.</summary>
    public string UrlOf(string name) => $"{_web.Urls.Single()}/{name}";

    public async ValueTask DisposeAsync()
    {
        await _web.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
