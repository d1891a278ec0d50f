using System.Collections.Concurrent;
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
/// before it, also by a later call as long as this stays open. What was begun and given up is aborted, so that nobody pays for halves.
/// </remarks>
public sealed class S3BlobStore : IBlobStore, IOpenStorage, IAsyncDisposable
{
    /// <summary>Longest that the address of a blob can hold: 7 days, which is what the signature of version 4 allows.</summary>
    public static readonly TimeSpan MaxAddressLifetime = TimeSpan.FromDays(7);

    private const long LeastPartLength = 8L << 20;
    private const int MostParts = 9_000;
    private const int MostUploads = 5; // For one call.
    private const string NoSuchUpload = "NoSuchUpload";

    private readonly S3Target _target;
    private readonly AmazonS3Client _client;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly BlobRetries _retries;
    private readonly ConcurrentDictionary<BlobName, Upload> _unfinished = new(); // What a call goes on with is not in it.

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
            await StoreInPartsAsync(name, content, File.GetLastWriteTimeUtc(file), contentType, cancellationToken);
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

    /// <summary>Closes it; uploads that nobody goes on with are aborted beside.</summary>
    public void Dispose() => _ = DisposeAsync().AsTask();

    /// <summary>Closes it, after uploads that nobody goes on with are aborted, or could not be for a few seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_unfinished.Keys.Select(name => _unfinished.TryRemove(name, out var left) ? AbortAsync(name, left) : Task.CompletedTask));
        _client.Dispose();
    }

    private async Task StoreInPartsAsync(
        BlobName name, FileStream content, DateTime modified, string contentType, CancellationToken cancellationToken)
    {
        if (_unfinished.TryRemove(name, out var upload) && (upload.Length, upload.Modified) != (content.Length, modified))
        {
            await AbortAsync(name, upload); // Of another file.
            upload = null;
        }

        for (var begun = 1; ; begun++)
        {
            upload ??= new Upload(content.Length, modified);
            try
            {
                await GoOnAsync(name, upload, content, contentType, cancellationToken);
                return;
            }
            catch (BlobException fault) when (IsForgotten(fault) && begun < MostUploads)
            {
                upload = null;
            }
            catch (BlobException fault) when (fault.IsWorthRetrying)
            {
                if (!_unfinished.TryAdd(name, upload))
                {
                    await AbortAsync(name, upload); // Two at once: one is enough to go on with.
                }

                throw;
            }
            catch
            {
                await AbortAsync(name, upload);
                throw;
            }
        }
    }

    private async Task GoOnAsync(BlobName name, Upload upload, FileStream content, string contentType, CancellationToken cancellationToken)
    {
        upload.Id ??= (await _retries.RunAsync(
            () => _client.InitiateMultipartUploadAsync(
                new InitiateMultipartUploadRequest { BucketName = _target.Bucket, Key = KeyOf(name), ContentType = contentType },
                cancellationToken),
            cancellationToken)).UploadId;
        var partLength = Math.Max(LeastPartLength, (upload.Length + MostParts - 1) / MostParts);
        for (var from = upload.Tags.Count * partLength; from < upload.Length; from += partLength)
        {
            var number = upload.Tags.Count + 1;
            var position = from;
            var part = await _retries.RunAsync(
                () =>
                {
                    content.Position = position;
                    return _client.UploadPartAsync(
                        new UploadPartRequest
                        {
                            BucketName = _target.Bucket,
                            Key = KeyOf(name),
                            UploadId = upload.Id,
                            PartNumber = number,
                            PartSize = Math.Min(partLength, upload.Length - position),
                            InputStream = content,
                            UseChunkEncoding = false,
                        },
                        cancellationToken);
                },
                cancellationToken);
            upload.Tags.Add(new PartETag(number, part.ETag));
        }

        try
        {
            await _retries.RunAsync(
                () =>
                {
                    upload.EndRequests++;
                    return _client.CompleteMultipartUploadAsync(
                        new CompleteMultipartUploadRequest
                        {
                            BucketName = _target.Bucket,
                            Key = KeyOf(name),
                            UploadId = upload.Id,
                            PartETags = upload.Tags,
                        },
                        cancellationToken);
                },
                cancellationToken);
        }
        catch (BlobException fault) when (IsForgotten(fault) && upload.EndRequests > 1)
        {
            // It may be done, and only the answer to an earlier request was lost on the way.
            if (await FindLengthAsync(name, cancellationToken) != upload.Length)
            {
                throw;
            }
        }
    }

    /// <returns>The length of the object; null when there is none, or it may not be looked at.</returns>
    private async Task<long?> FindLengthAsync(BlobName name, CancellationToken cancellationToken)
    {
        try
        {
            var found = await _retries.RunAsync(
                () => _client.GetObjectMetadataAsync(
                    new GetObjectMetadataRequest { BucketName = _target.Bucket, Key = KeyOf(name) }, cancellationToken),
                cancellationToken);
            return found.ContentLength;
        }
        catch (BlobException fault) when (!fault.IsWorthRetrying)
        {
            return null;
        }
    }

    private static bool IsForgotten(BlobException fault) => fault.InnerException is AmazonServiceException { ErrorCode: NoSuchUpload };

    private async Task AbortAsync(BlobName name, Upload upload)
    {
        if (upload.Id is null)
        {
            return;
        }

        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5), _clock);
            await _client.AbortMultipartUploadAsync(
                new AbortMultipartUploadRequest { BucketName = _target.Bucket, Key = KeyOf(name), UploadId = upload.Id }, patience.Token);
        }
        catch (AmazonServiceException gone) when (gone.ErrorCode == NoSuchUpload)
        {
            // Nothing is left of it.
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

    /// <summary>An upload that was begun, of a file of such a length that was last written then.</summary>
    private sealed class Upload(long length, DateTime modified)
    {
        public long Length => length;

        public DateTime Modified => modified;

        /// <summary>What the server calls it; null before it has said so.</summary>
        public string? Id { get; set; }

        /// <summary>Of the parts that the server has, in order.</summary>
        public List<PartETag> Tags { get; } = [];

        /// <summary>How often the server was asked to put the parts together.</summary>
        public int EndRequests { get; set; }
    }
}
