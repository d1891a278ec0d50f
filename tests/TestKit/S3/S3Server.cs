using System.Diagnostics;
using System.Globalization;
using Roomcast.TestKit.Storages;

namespace Roomcast.TestKit.S3;

/// <summary>s3rver from npm: an S3-compatible server on a folder and a port that stay the same when it stops and starts again.</summary>
public sealed class S3Server : IAsyncDisposable
{
    /// <summary>The access key it knows, and its secret.</summary>
    public const string Key = "S3RVER";

    private static readonly string Package = RepositoryFiles.PathOf("tests", "Storage.Tests", "S3");

    private readonly TemporaryFolder _folder = new();
    private LoopbackServer _server = null!;

    private S3Server()
    {
    }

    /// <summary>Its bucket.</summary>
    public string Bucket { get; } = "recordings";

    /// <summary>Where it is.</summary>
    public string Endpoint => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_server.Port}");

    /// <summary>The objects in it: name and file.</summary>
    public IReadOnlyDictionary<string, string> Objects => Directory
        .EnumerateFiles(Path.Combine(_folder.Path, Bucket), "*._S3rver_object", SearchOption.AllDirectories)
        .ToDictionary(
            file => Path.GetRelativePath(Path.Combine(_folder.Path, Bucket), file)[..^"._S3rver_object".Length], file => file);

    /// <summary>Starts one.</summary>
    public static async Task<S3Server> StartAsync()
    {
        await LoopbackServer.InstallFromNpmAsync(Package);
        var server = new S3Server();
        server._server = await LoopbackServer.StartAsync(port => new ProcessStartInfo("node",
        [
            Path.Combine(Package, "node_modules", "s3rver", "bin", "s3rver.js"), "-d", server._folder.Path, "-a", "127.0.0.1",
            "-p", port.ToString(CultureInfo.InvariantCulture), "-s", "--no-vhost-buckets", "--configure-bucket", server.Bucket,
        ]));
        return server;
    }

    /// <summary>Starts after a stop, with everything it had.</summary>
    public Task StartAgainAsync() => _server.StartAgainAsync();

    /// <summary>Stops as if the machine had gone.</summary>
    public void Kill() => _server.Kill();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }
}
