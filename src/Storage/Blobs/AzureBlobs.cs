using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using Azure;
using Azure.Core.Pipeline;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.Logging;

namespace Roomcast.Storage.Blobs;

/// <summary>Blobs in a container of Azure Blob Storage.</summary>
/// <remarks>
/// A file larger than a block goes up in blocks that are named after what is in them. Those that the server has already, from an
/// attempt before, even one of an earlier process, do not go up again. What was begun and given up the server forgets after a week.
/// </remarks>
internal sealed class AzureBlobs : IOpenStorage
{
    private const int LeastBlockLength = 8 << 20;
    private const int MostBlocks = 50_000;

    private readonly AzureTarget _target;
    private readonly HttpClient _http;
    private readonly BlobContainerClient _container;
    private readonly BlobRetries _retries;

    /// <summary>Blobs in a container. Nothing is connected to before the first use.</summary>
    public AzureBlobs(AzureTarget target, TimeProvider clock, ILogger logger)
    {
        _target = target;
        _http = StorageHttp.Create(target.IsPublicOnly);
        _retries = new BlobRetries(target, clock, logger, Translate);
        var options = new BlobClientOptions
        {
            Transport = new HttpClientTransport(_http),
            Retry = { MaxRetries = 0, NetworkTimeout = StorageHttp.RequestPatience }, // Ours waits longer, and knows what is under way.
            Diagnostics = { IsLoggingEnabled = false, IsDistributedTracingEnabled = false, IsTelemetryEnabled = false },
        };
        var endpoint = (target.Endpoint ?? $"https://{target.Account}.blob.core.windows.net").TrimEnd('/');
        _container = new BlobContainerClient(
            new Uri($"{endpoint}/{Uri.EscapeDataString(target.Container)}"), new StorageSharedKeyCredential(target.Account, target.Key), options);
    }

    public async Task StoreAsync(BlobName name, string file, string contentType, CancellationToken cancellationToken)
    {
        await using var content = BlobFile.Open(file);
        var blob = _container.GetBlockBlobClient(_target.Prefix + name);
        var headers = new BlobHttpHeaders { ContentType = contentType };
        if (content.Length <= LeastBlockLength)
        {
            await _retries.RunAsync(
                () =>
                {
                    content.Position = 0;
                    return blob.UploadAsync(content, new BlobUploadOptions { HttpHeaders = headers }, cancellationToken);
                },
                cancellationToken);
        }
        else
        {
            await StoreInBlocksAsync(blob, content, headers, cancellationToken);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task StoreInBlocksAsync(
        BlockBlobClient blob, FileStream content, BlobHttpHeaders headers, CancellationToken cancellationToken)
    {
        var there = await _retries.RunAsync(() => FindBlocksAsync(blob, cancellationToken), cancellationToken);
        var blockLength = (int)Math.Max(LeastBlockLength, (content.Length + MostBlocks - 1) / MostBlocks);
        var names = new List<string>();
        var buffer = ArrayPool<byte>.Shared.Rent(blockLength);
        try
        {
            while (await content.ReadAtLeastAsync(buffer.AsMemory(0, blockLength), blockLength, throwOnEndOfStream: false, cancellationToken) is var count and > 0)
            {
                var name = NameOf(names.Count, buffer.AsSpan(0, count));
                names.Add(name);
                if (!there.Contains(name))
                {
                    await _retries.RunAsync(
                        () => blob.StageBlockAsync(name, new MemoryStream(buffer, 0, count, writable: false), cancellationToken: cancellationToken),
                        cancellationToken);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        await _retries.RunAsync(
            () => blob.CommitBlockListAsync(names, new CommitBlockListOptions { HttpHeaders = headers }, cancellationToken), cancellationToken);
    }

    private static async Task<IReadOnlySet<string>> FindBlocksAsync(BlockBlobClient blob, CancellationToken cancellationToken)
    {
        try
        {
            var list = await blob.GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: cancellationToken);
            return list.Value.UncommittedBlocks.Select(block => block.Name).ToHashSet(StringComparer.Ordinal);
        }
        catch (RequestFailedException fault) when (fault.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return new HashSet<string>();
        }
    }

    // Number and digest: all of one length, as the protocol wants, and the same content always under the same name.
    private static string NameOf(int number, ReadOnlySpan<byte> content)
    {
        Span<byte> name = stackalloc byte[sizeof(int) + SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt32BigEndian(name, number);
        SHA256.HashData(content, name[sizeof(int)..]);
        return Convert.ToBase64String(name);
    }

    // Without the fault itself where the server answered: its text holds all that the server said, and what was signed.
    private BlobException? Translate(Exception fault) => fault switch
    {
        RequestFailedException { Status: (int)HttpStatusCode.Forbidden or (int)HttpStatusCode.Unauthorized } denied => new BlobException(
            BlobFailure.Refused, $"The {_target} refuses the account's key: {Word(denied)}."),
        RequestFailedException { Status: (int)HttpStatusCode.InsufficientStorage or (int)HttpStatusCode.RequestEntityTooLarge } full => new BlobException(
            BlobFailure.NoRoom, $"The {_target} has no room: {Word(full)}."),
        RequestFailedException
        {
            Status: 0 or (int)HttpStatusCode.RequestTimeout or (int)HttpStatusCode.TooManyRequests or >= (int)HttpStatusCode.InternalServerError,
        } busy => new BlobException(
            BlobFailure.Unreachable, $"The {_target} does not take it now: {(busy.Status == 0 ? "no answer" : Word(busy))}.", busy.InnerException),
        RequestFailedException refused => new BlobException(BlobFailure.Refused, $"The {_target} refuses: {Word(refused)}."),
        HttpRequestException or OperationCanceledException or IOException or System.Xml.XmlException or AggregateException => new BlobException(
            BlobFailure.Unreachable, $"The {_target} cannot be reached.", fault),
        _ => null,
    };

    // What the server calls it, where that is a word.
    private static string Word(RequestFailedException fault) => PeerWords.Of(fault.ErrorCode) ?? ((HttpStatusCode)fault.Status).ToString();
}
