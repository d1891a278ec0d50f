using Microsoft.Extensions.Options;

namespace Roomcast.Storage.Blobs;

/// <summary>Where large files are kept.</summary>
public sealed class BlobOptions
{
    /// <summary>The folder of the local store, a full path. The host sets it.</summary>
    public string Folder { get; set; } = "";

    /// <summary>Where API callers reach this server, for example <c>https://live.example.org:8443</c>; a slash at its end is tolerated. The host sets it.</summary>
    public string BaseAddress { get; set; } = "";

    /// <summary>The bucket that files are kept in, in place of the disk; null, the default, for the disk.</summary>
    public string? S3Bucket { get; set; }

    /// <summary>Where the S3-compatible server is, for example <c>https://s3.example.org</c>; null for that of AWS in the region.</summary>
    public string? S3Endpoint { get; set; }

    /// <summary>The region; default us-east-1, which servers that know none take.</summary>
    public string S3Region { get; set; } = "us-east-1";

    /// <summary>The access key.</summary>
    public string? S3AccessKey { get; set; }

    /// <summary>The secret of the access key.</summary>
    public string? S3SecretKey { get; set; }

    /// <summary>Put before the names of all files, for example <c>roomcast/</c>; null, the default, for nothing.</summary>
    public string? S3Prefix { get; set; }

    /// <summary>Whether the bucket stands in the path rather than in the host's name; off by default. Most servers other than AWS want it.</summary>
    public bool S3PathStyle { get; set; }

    /// <summary>The bucket as a target; null when files are kept on the disk.</summary>
    internal S3Target? Target => S3Bucket is null ? null : new S3Target
    {
        Bucket = S3Bucket,
        Endpoint = S3Endpoint,
        Region = S3Region,
        AccessKey = S3AccessKey ?? "",
        SecretKey = S3SecretKey ?? "",
        Prefix = S3Prefix ?? "",
        UsesPathStyle = S3PathStyle,
    };

    /// <summary>Says where, without keys.</summary>
    public override string ToString() => S3Bucket is null ? $"files in {Folder}" : $"files in bucket {S3Bucket}";
}

/// <summary>Checks <see cref="BlobOptions"/>.</summary>
public sealed class BlobOptionsValidator : IValidateOptions<BlobOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, BlobOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        if (options.S3Bucket is not null)
        {
            if (string.IsNullOrEmpty(options.S3AccessKey))
            {
                result.AddError("A bucket needs its access key.", nameof(options.S3AccessKey));
            }

            if (string.IsNullOrEmpty(options.S3SecretKey))
            {
                result.AddError("A bucket needs the secret of its access key.", nameof(options.S3SecretKey));
            }
        }

        if (options.S3Endpoint is { } endpoint
            && !(Uri.TryCreate(endpoint, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
        {
            result.AddError("An endpoint is an absolute http or https address.", nameof(options.S3Endpoint));
        }

        if (options.S3Region.Length == 0)
        {
            result.AddError("A region is needed; servers that know none take us-east-1.", nameof(options.S3Region));
        }

        return result.Build();
    }
}
