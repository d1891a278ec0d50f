using System.Diagnostics;
using System.Globalization;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit.Storages;

namespace Roomcast.TestKit.Azure;

/// <summary>Azurite from npm, Microsoft's own server of Azure's blobs for tests, on a folder and a port that stay the same when it stops and starts again.</summary>
public sealed class AzureServer : IAsyncDisposable
{
    /// <summary>The account it knows.</summary>
    public const string Account = "recorder";

    /// <summary>The account's key.</summary>
    public const string Key = "Z2VoZWltLWdlaGVpbS1nZWhlaW0tZ2VoZWltLWdlaGVpbQ==";

    private static readonly string Package = RepositoryFiles.PathOf("tests", "Storage.Tests", "Azure");

    private readonly TemporaryFolder _folder = new();
    private LoopbackServer _server = null!;

    private AzureServer()
    {
    }

    /// <summary>Its container.</summary>
    public string Container { get; } = "recordings";

    /// <summary>Where it listens.</summary>
    public int Port => _server.Port;

    /// <summary>Where the account is on it.</summary>
    public string Endpoint => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}/{Account}");

    /// <summary>A target that leads to its container.</summary>
    public AzureTarget Target => new() { Account = Account, Key = Key, Container = Container, Endpoint = Endpoint, Prefix = "team/" };

    private BlobContainerClient Reader => new(new Uri($"{Endpoint}/{Container}"), new StorageSharedKeyCredential(Account, Key));

    /// <summary>Starts one, with an empty container.</summary>
    public static async Task<AzureServer> StartAsync()
    {
        await LoopbackServer.InstallFromNpmAsync(Package);
        var server = new AzureServer();
        server._server = await LoopbackServer.StartAsync(port => new ProcessStartInfo("node",
        [
            Path.Combine(Package, "node_modules", "azurite", "dist", "src", "blob", "main.js"), "--location", server._folder.Path,
            "--blobHost", "127.0.0.1", "--blobPort", port.ToString(CultureInfo.InvariantCulture), "--silent", "--disableTelemetry", "--skipApiVersionCheck",
        ])
        {
            Environment = { ["AZURITE_ACCOUNTS"] = $"{Account}:{Key}" },
        });
        await server.Reader.CreateAsync();
        return server;
    }

    /// <summary>The names of the blobs that are there, whole.</summary>
    public async Task<IReadOnlyList<string>> NamesAsync()
    {
        var names = new List<string>();
        await foreach (var blob in Reader.GetBlobsAsync())
        {
            names.Add(blob.Name);
        }

        return names;
    }

    /// <summary>A blob with its type.</summary>
    public async Task<(byte[] Content, string ContentType)> ReadAsync(string name)
    {
        BlobDownloadResult blob = await Reader.GetBlobClient(name).DownloadContentAsync();
        return (blob.Content.ToArray(), blob.Details.ContentType);
    }

    /// <summary>Starts after a stop, with everything it had.</summary>
    public Task StartAgainAsync() => _server.StartAgainAsync();

    /// <summary>Stops; killed, it would forget what it was told in the last seconds, its container too.</summary>
    public Task StopAsync() => _server.StopAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }
}
