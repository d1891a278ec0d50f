using System.Net;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;

namespace Roomcast.Storage.Blobs;

/// <summary>Blobs in a bucket of an S3-compatible server.</summary>
/// <remarks>
/// A file larger than a part goes up in parts, and a part that fails goes up again, with longer and longer waits, without the ones
/// before it. What was begun and given up is aborted, so that nobody pays for halves.
/// </remarks>
public sealed class S3BlobStore : IBlobStore, IOpenStorage
{
    /// <summary>Longest that the address of a blob can hold: 7 days, which is what the signature of version 4 allows.</summary>
    public static readonly TimeSpan MaxAddressLifetime = TimeSpan.FromDays(7);

    private const long LeastPartLength = 8L << 20;
    private const int MostParts = 9_000;

    private readonly S3Target _target;
    private readonly AmazonS3Client _client;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly BlobRetries _retries;

    // In us-east-1, whatever the server, the library signs addresses by version 2 unless the whole process says otherwise; AWS's newer
    // buckets and several other servers do not take that.
    static S3BlobStore() => AWSConfigsS3.UseSignatureVersion4 = true;

    /// <summary>Blobs in a bucket. Nothing is connected to before the first use.</summary>
    public S3BlobStore(S3Target target, TimeProvider clock, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(target);
        _target = target;
        _clock = clock;
        _logger = logger;
        _retries = new BlobRetries(target, clock, logger, Translate);
        var configuration = new AmazonS3Config
        {
            AuthenticationRegion = target.Region,
            ForcePathStyle = target.UsesPathStyle,
            Timeout = StorageHttp.RequestPatience,
            MaxErrorRetry = 0, // Ours waits longer, and knows what is under way.
            HttpClientFactory = new S3HttpClients(target.IsPublicOnly),
            CacheHttpClient = true,
        };
        if (target.Endpoint is { } endpoint)
        {
            configuration.ServiceURL = endpoint;
            configuration.UseHttp = endpoint.StartsWith("http:", StringComparison.OrdinalIgnoreCase);
        }
        else
        {
            configuration.RegionEndpoint = RegionEndpoint.GetBySystemName(target.Region);
        }

        _client = new AmazonS3Client(new BasicAWSCredentials(target.AccessKey, target.SecretKey), configuration);
    }

    /// <inheritdoc/>
    public async Task StoreAsync(BlobName name, string file, string contentType, CancellationToken cancellationToken)
    {
        await using var content = BlobFile.Open(file);
        if (content.Length <= LeastPartLength)
        {
            await _retries.RunAsync(
                () =>
                {
                    content.Position = 0;
                    return _client.PutObjectAsync(
                        new PutObjectRequest
                        {
                            BucketName = _target.Bucket,
                            Key = KeyOf(name),
                            InputStream = content,
                            AutoCloseStream = false,
                            AutoResetStreamPosition = false,
                            ContentType = contentType,
                            UseChunkEncoding = false, // Not every server knows signed chunks.
                        },
                        cancellationToken);
                },
                cancellationToken);
        }
        else
        {
            await StoreInPartsAsync(name, content, contentType, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public string AddressOf(BlobName name, DateTimeOffset expiresAt)
    {
        var now = _clock.GetUtcNow();
        var lifetime = expiresAt - now;
        lifetime = lifetime > MaxAddressLifetime ? MaxAddressLifetime : lifetime < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : lifetime;
        return _client.GetPreSignedURL(new GetPreSignedUrlRequest
        {
            BucketName = _target.Bucket,
            Key = KeyOf(name),
            Expires = now.UtcDateTime + lifetime,
            Protocol = _target.Endpoint?.StartsWith("http:", StringComparison.OrdinalIgnoreCase) is true ? Protocol.HTTP : Protocol.HTTPS,
            ResponseHeaderOverrides = new ResponseHeaderOverrides { ContentDisposition = $"attachment; filename=\"{name.FileName}\"" },
        });
    }

    /// <inheritdoc/>
    public Task DeleteAsync(BlobName name, CancellationToken cancellationToken) => _retries.RunAsync(
        () => _client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = _target.Bucket, Key = KeyOf(name) }, cancellationToken),
        cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task StoreInPartsAsync(BlobName name, FileStream content, string contentType, CancellationToken cancellationToken)
    {
        var begun = await _retries.RunAsync(
            () => _client.InitiateMultipartUploadAsync(
                new InitiateMultipartUploadRequest { BucketName = _target.Bucket, Key = KeyOf(name), ContentType = contentType },
                cancellationToken),
            cancellationToken);
        try
        {
            var length = content.Length;
            var partLength = Math.Max(LeastPartLength, (length + MostParts - 1) / MostParts);
            var tags = new List<PartETag>();
            for (long position = 0; position < length; position += partLength)
            {
                var number = tags.Count + 1;
                var from = position;
                var part = await _retries.RunAsync(
                    () =>
                    {
                        content.Position = from;
                        return _client.UploadPartAsync(
                            new UploadPartRequest
                            {
                                BucketName = _target.Bucket,
                                Key = KeyOf(name),
                                UploadId = begun.UploadId,
                                PartNumber = number,
                                PartSize = Math.Min(partLength, length - from),
                                InputStream = content,
                                UseChunkEncoding = false,
                            },
                            cancellationToken);
                    },
                    cancellationToken);
                tags.Add(new PartETag(number, part.ETag));
            }

            await _retries.RunAsync(
                () => _client.CompleteMultipartUploadAsync(
                    new CompleteMultipartUploadRequest
                    {
                        BucketName = _target.Bucket,
                        Key = KeyOf(name),
                        UploadId = begun.UploadId,
                        PartETags = tags,
                    },
                    cancellationToken),
                cancellationToken);
        }
        catch (Exception fault) when (fault is BlobException or OperationCanceledException)
        {
            await AbortAsync(name, begun.UploadId);
            throw;
        }
    }

    private async Task AbortAsync(BlobName name, string uploadId)
    {
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5), _clock);
            await _client.AbortMultipartUploadAsync(
                new AbortMultipartUploadRequest { BucketName = _target.Bucket, Key = KeyOf(name), UploadId = uploadId }, patience.Token);
        }
        catch (Exception fault) when (fault is AmazonClientException or AmazonServiceException or HttpRequestException or OperationCanceledException or IOException)
        {
            BlobLog.NotAborted(_logger, _target.ToString(), name.ToString()); // The bucket's own rules clear it away.
        }
    }

    private BlobException? Translate(Exception fault) => fault switch
    {
        AmazonServiceException { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } denied => new BlobException(
            BlobFailure.Refused, $"The {_target} refuses the access key: {denied.ErrorCode}.", fault),
        AmazonServiceException { ErrorCode: "QuotaExceeded" or "EntityTooLarge" or "XMinioStorageFull" } full => new BlobException(
            BlobFailure.NoRoom, $"The {_target} has no room: {full.ErrorCode}.", fault),
        AmazonServiceException
        {
            StatusCode: HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError or 0,
        } busy => new BlobException(BlobFailure.Unreachable, $"The {_target} does not take it now: {busy.ErrorCode ?? "no answer"}.", fault),
        AmazonServiceException refused => new BlobException(
            BlobFailure.Refused, $"The {_target} refuses: {refused.ErrorCode ?? refused.StatusCode.ToString()}.", fault),
        AmazonClientException or HttpRequestException or OperationCanceledException or IOException or WebException => new BlobException(
            BlobFailure.Unreachable, $"The {_target} cannot be reached.", fault),
        _ => null,
    };

    private string KeyOf(BlobName name) => _target.Prefix + name;
}
