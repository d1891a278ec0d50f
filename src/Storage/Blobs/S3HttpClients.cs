using Amazon.Runtime;

namespace Roomcast.Storage.Blobs;

/// <summary>The HTTP clients of buckets; those of targets that strangers name connect to public addresses alone.</summary>
internal sealed class S3HttpClients(bool isPublicOnly) : HttpClientFactory
{
    public override HttpClient CreateHttpClient(IClientConfig clientConfig) =>
        new(StorageHttp.CreateHandler(isPublicOnly)) { Timeout = clientConfig.Timeout ?? Timeout.InfiniteTimeSpan };

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
}
