using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Storage.Keys;

namespace Roomcast.Storage.Blobs;

/// <summary>Registration of blobs.</summary>
public static class BlobServices
{
    /// <summary>Adds the <see cref="IBlobStore"/> that <see cref="BlobOptions"/> choose; needs <c>AddStorage</c>. The host sets folder and base address.</summary>
    public static IServiceCollection AddBlobs(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<BlobOptions, BlobOptionsValidator>();
        services.TryAddSingleton<IBlobStore>(provider =>
        {
            var options = provider.GetRequiredService<IOptions<BlobOptions>>().Value;
            var clock = provider.GetRequiredService<TimeProvider>();
            return options.Target is { } target
                ? new S3BlobStore(target, clock, provider.GetRequiredService<ILogger<S3BlobStore>>())
                : new DiskBlobStore(options, provider.GetRequiredService<KeyFiles>(), clock);
        });
        return services;
    }
}
