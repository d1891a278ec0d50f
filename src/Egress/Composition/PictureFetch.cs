using Roomcast.Storage.Outbound;

namespace Roomcast.Egress.Composition;

/// <summary>How fetching a picture went.</summary>
/// <param name="Bytes">The file; null when it could not be had.</param>
/// <param name="Ending">png or jpg, by its first bytes; null as well.</param>
/// <param name="Fault">Why it could not be had, for a person; null when it could.</param>
public readonly record struct FetchedPicture(byte[]? Bytes, string? Ending, string? Fault);

/// <summary>
/// Fetches pictures to be composed from addresses that strangers name: files of PNG or JPEG up to 5 MiB, within 10 s, without following
/// redirects. They are not decoded here; the composing worker does that, and is what can be thrown away.
/// </summary>
public sealed class PictureFetch : IDisposable
{
    /// <summary>Longest file.</summary>
    public const int MaxBytes = 5 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient _client;

    /// <summary>Makes one.</summary>
    /// <param name="allowsPrivate">Whether addresses of private networks may be fetched from.</param>
    public PictureFetch(bool allowsPrivate)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, ConnectTimeout = Patience, PooledConnectionLifetime = TimeSpan.FromMinutes(1) };
        if (!allowsPrivate)
        {
            handler.ConnectCallback = OpenInternet.ConnectAsync;
        }

        _client = new HttpClient(handler) { Timeout = Patience, MaxResponseContentBufferSize = MaxBytes };
    }

    /// <summary>Fetches one. Throws only when it is cancelled.</summary>
    public async Task<FetchedPicture> FetchAsync(string address, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            return new FetchedPicture(null, null, "its address is none of http or https.");
        }

        try
        {
            using var response = await _client.GetAsync(uri, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                return new FetchedPicture(null, null, $"its address answers {(int)response.StatusCode}.");
            }

            var picture = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            return EndingOf(picture) is { } ending
                ? new FetchedPicture(picture, ending, null)
                : new FetchedPicture(null, null, "its address gives neither PNG nor JPEG.");
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException
            || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new FetchedPicture(null, null, fault is HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded }
                ? $"its address gives more than {MaxBytes} bytes."
                : "its address cannot be reached.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static string? EndingOf(ReadOnlySpan<byte> picture) =>
        picture.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]) ? "png"
        : picture.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? "jpg"
        : null;
}
