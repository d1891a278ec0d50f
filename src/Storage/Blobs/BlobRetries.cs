using Microsoft.Extensions.Logging;
using Roomcast.Storage.Outbound;

namespace Roomcast.Storage.Blobs;

/// <summary>Sends again, with longer and longer waits, what a storage did not take and may take later.</summary>
/// <param name="target">The storage, for the log.</param>
/// <param name="clock">What waits are measured by.</param>
/// <param name="logger">Where repetitions are told.</param>
/// <param name="translate">What a fault means; null for one that is none of the storage's.</param>
internal sealed class BlobRetries(StorageTarget target, TimeProvider clock, ILogger logger, Func<Exception, BlobException?> translate)
{
    private const int MostRetries = 6;

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    /// <summary>Sends one thing until it is taken, refused, or has failed too often.</summary>
    /// <exception cref="BlobException">It was not taken.</exception>
    /// <exception cref="OperationCanceledException">Nobody wants it any more.</exception>
    public async Task<T> RunAsync<T>(Func<Task<T>> send, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await send();
            }
            catch (Exception fault) when (!cancellationToken.IsCancellationRequested && Meaning(fault) is { } failure)
            {
                if (!failure.IsWorthRetrying || attempt > MostRetries)
                {
                    throw failure;
                }

                var wait = TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, FirstWait.Ticks << (attempt - 1)));
                BlobLog.Retrying(logger, target.ToString(), attempt, failure.Message);
                await Task.Delay(wait * (0.75 + (Random.Shared.NextDouble() / 2)), clock, cancellationToken);
            }
            catch (Exception fault) when (fault is not OperationCanceledException && cancellationToken.IsCancellationRequested && Meaning(fault) is not null)
            {
                // Libraries tell a request that was given up in words of their own.
                throw new OperationCanceledException(fault.Message, fault, cancellationToken);
            }
        }
    }

    private BlobException? Meaning(Exception fault) => fault switch
    {
        BlobException known => known,
        _ when IsForbiddenTarget(fault) => new BlobException(
            BlobFailure.Refused, $"The {target} is not in the public internet, and targets elsewhere are not allowed.", fault),
        _ => translate(fault),
    };

    private static bool IsForbiddenTarget(Exception? fault) =>
        fault is PrivateAddressException || (fault is not null && IsForbiddenTarget(fault.InnerException));
}
