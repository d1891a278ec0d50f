using System.Net.Sockets;
using Amazon.Runtime;

namespace Roomcast.Storage.Blobs;

/// <summary>The HTTP clients of buckets; those of targets that strangers name connect to public addresses alone.</summary>
internal sealed class S3HttpClients(bool isPublicOnly) : HttpClientFactory
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(10);

    public override HttpClient CreateHttpClient(IClientConfig clientConfig)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectTimeout = ConnectPatience,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        if (isPublicOnly)
        {
            handler.ConnectCallback = OpenInternet.ConnectAsync;
        }

        return new HttpClient(handler) { Timeout = clientConfig.Timeout ?? Timeout.InfiniteTimeSpan };
    }

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
}
