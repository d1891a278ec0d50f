using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Roomcast.Storage.Blobs;

/// <summary>Blobs in a bucket of Google Cloud Storage, over its JSON interface with resumable uploads.</summary>
/// <remarks>
/// A file goes up in chunks. After a fault the server is asked how far it came, and the rest follows. What was given up for good is
/// cancelled there.
/// </remarks>
internal sealed class GcsBlobs : IOpenStorage
{
    private const string Scope = "https://www.googleapis.com/auth/devstorage.read_write";
    private const int ChunkLength = 8 << 20; // A multiple of 256 KiB, as the protocol wants.
    private const int Granule = 256 << 10; // What servers take is a multiple of it.
    private const int MostSessions = 5; // For one call.
    private const HttpStatusCode ResumeIncomplete = (HttpStatusCode)308;

    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(1);
    private static readonly TimeSpan TokenMargin = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan CleanupPatience = TimeSpan.FromSeconds(5);

    private readonly GcsTarget _target;
    private readonly string _endpoint;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly HttpClient _http;
    private readonly BlobRetries _retries;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Dictionary<BlobName, Session> _sessions = [];
    private string? _token;
    private DateTimeOffset _tokenEnds;

    /// <summary>Blobs in a bucket. Nothing is connected to before the first use.</summary>
    public GcsBlobs(GcsTarget target, TimeProvider clock, ILogger logger)
    {
        _target = target;
        _endpoint = (target.Endpoint ?? "https://storage.googleapis.com").TrimEnd('/');
        _clock = clock;
        _logger = logger;
        _http = StorageHttp.Create(target.IsPublicOnly);
        _retries = new BlobRetries(target, clock, logger, Translate);
    }

    public async Task StoreAsync(BlobName name, string file, string contentType, CancellationToken cancellationToken)
    {
        await using var content = BlobFile.Open(file);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await StoreAsync(name, content, contentType, cancellationToken);
            _sessions.Remove(name);
        }
        catch (Exception fault) when (fault is OperationCanceledException or BlobException { IsWorthRetrying: false })
        {
            await CancelAsync(name);
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _turn.Dispose();
    }

    private async Task StoreAsync(BlobName name, FileStream content, string contentType, CancellationToken cancellationToken)
    {
        var buffer = new byte[Math.Min(ChunkLength, content.Length)];
        var begun = 0;
        while (true)
        {
            // Each chunk that gets through has all its repetitions before it: it is the one without progress that is given up.
            var isWhole = await _retries.RunAsync(
                async () =>
                {
                    if (!_sessions.TryGetValue(name, out var session) || session.Length != content.Length)
                    {
                        if (++begun > MostSessions)
                        {
                            throw new BlobException(BlobFailure.Unreachable, $"The {_target} forgets what was begun.");
                        }

                        session = new Session(await BeginAsync(name, content.Length, contentType, cancellationToken), content.Length);
                        _sessions[name] = session;
                    }

                    try
                    {
                        return await GoOnAsync(session, content, buffer, cancellationToken);
                    }
                    catch (ForgottenException)
                    {
                        _sessions.Remove(name);
                        throw;
                    }
                },
                cancellationToken);
            if (isWhole)
            {
                return;
            }
        }
    }

    private async Task<Uri> BeginAsync(BlobName name, long length, string contentType, CancellationToken cancellationToken)
    {
        var address = new Uri(
            $"{_endpoint}/upload/storage/v1/b/{Uri.EscapeDataString(_target.Bucket)}/o?uploadType=resumable&name={Uri.EscapeDataString(_target.Prefix + name)}");
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = JsonContent.Create(new JsonObject { ["contentType"] = contentType }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await FindTokenAsync(cancellationToken));
        request.Headers.TryAddWithoutValidation("X-Upload-Content-Type", contentType);
        request.Headers.TryAddWithoutValidation("X-Upload-Content-Length", length.ToString(CultureInfo.InvariantCulture));
        using var answer = await _http.SendAsync(request, cancellationToken);
        if (answer.StatusCode is not HttpStatusCode.OK and not HttpStatusCode.Created)
        {
            throw await FailureOfAsync(answer, cancellationToken);
        }

        // The address of an upload is its own permission, so it must be one of the same server.
        return answer.Headers.Location is { IsAbsoluteUri: true } place && IsOfServer(place, address)
            ? place
            : throw new BlobException(BlobFailure.Refused, $"The {_target} begins an upload at no address of its own.");
    }

    private static bool IsOfServer(Uri place, Uri server) =>
        (place.Scheme == server.Scheme && place.Authority == server.Authority)
        || (place.Scheme == Uri.UriSchemeHttps && server.Host.EndsWith(".googleapis.com", StringComparison.OrdinalIgnoreCase)
            && place.Host.EndsWith(".googleapis.com", StringComparison.OrdinalIgnoreCase));

    /// <summary>Sends the next chunk, after asking which that is when it is not known.</summary>
    /// <returns>Whether all is there.</returns>
    private async Task<bool> GoOnAsync(Session session, FileStream content, byte[] buffer, CancellationToken cancellationToken)
    {
        if (session.Position is null
            && await SendAsync(session, $"bytes */{session.Length}", ReadOnlyMemory<byte>.Empty, session.Confirmed, cancellationToken))
        {
            return true;
        }

        var position = session.Position!.Value;
        var count = await RandomAccess.ReadAsync(content.SafeFileHandle, buffer, position, cancellationToken);
        var range = count == 0 ? $"bytes */{session.Length}" : $"bytes {position}-{position + count - 1}/{session.Length}";
        session.Position = null; // Until the server says.
        return await SendAsync(session, range, buffer.AsMemory(0, count), position, cancellationToken);
    }

    private async Task<bool> SendAsync(
        Session session, string range, ReadOnlyMemory<byte> chunk, long from, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, session.Address) { Content = new ReadOnlyMemoryContent(chunk) };
        request.Content.Headers.TryAddWithoutValidation("Content-Range", range);
        using var answer = await _http.SendAsync(request, cancellationToken);
        switch (answer.StatusCode)
        {
            case HttpStatusCode.OK or HttpStatusCode.Created:
                return true;
            case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                throw new ForgottenException($"The {_target} has forgotten the upload.");
            case ResumeIncomplete:
                var there = ReadRange(answer);
                if (there < from || there >= session.Length)
                {
                    // Less than it had, or all of it and yet no end.
                    throw new ForgottenException($"The {_target} tells of an upload what cannot be.");
                }

                session.Position = session.Confirmed = there;
                return chunk.IsEmpty || there - from >= Math.Min(Granule, chunk.Length)
                    ? false
                    : throw new IOException("The server takes next to nothing.");
            default:
                throw await FailureOfAsync(answer, cancellationToken);
        }
    }

    private static long ReadRange(HttpResponseMessage answer) =>
        !answer.Headers.TryGetValues("Range", out var values) ? 0
        : values.FirstOrDefault() is { } text && text.StartsWith("bytes=0-", StringComparison.Ordinal)
            && long.TryParse(text.AsSpan("bytes=0-".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var last) && last < long.MaxValue
            ? last + 1
            : -1;

    private async Task<string> FindTokenAsync(CancellationToken cancellationToken)
    {
        var now = _clock.GetUtcNow();
        if (_token is { } kept && now < _tokenEnds - TokenMargin)
        {
            return kept;
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, _target.TokenAddress)
        {
            Content = new FormUrlEncodedContent(
            [
                new("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                new("assertion", Assert(now)),
            ]),
        };
        using var answer = await _http.SendAsync(request, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw await FailureOfAsync(answer, cancellationToken);
        }

        var told = await ReadJsonAsync(answer, cancellationToken);
        if (TextOf(told, "access_token") is not { Length: > 0 } token || !token.All(c => c is > ' ' and < '\x7f'))
        {
            throw new BlobException(BlobFailure.Refused, $"The {_target} cannot be opened: the server of tokens gives none.");
        }

        _token = token;
        _tokenEnds = now + (told?["expires_in"] is JsonValue value && value.TryGetValue<int>(out var seconds)
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, TokenLifetime.TotalSeconds))
            : TokenLifetime);
        return token;
    }

    // RFC 7523: what the account asks for, signed with its key.
    private string Assert(DateTimeOffset now)
    {
        var header = new JsonObject { ["alg"] = "RS256", ["typ"] = "JWT" };
        if (_target.PrivateKeyId is { } id)
        {
            header["kid"] = id;
        }

        var claims = new JsonObject
        {
            ["iss"] = _target.Account,
            ["scope"] = Scope,
            ["aud"] = _target.TokenAddress,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + TokenLifetime).ToUnixTimeSeconds(),
        };
        var text = $"{Encode(header)}.{Encode(claims)}";
        using var key = RSA.Create();
        key.ImportFromPem(_target.PrivateKey);
        return $"{text}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";

        static string Encode(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));
    }

    private async Task CancelAsync(BlobName name)
    {
        if (!_sessions.Remove(name, out var session))
        {
            return;
        }

        try
        {
            using var patience = new CancellationTokenSource(CleanupPatience, _clock);
            using var request = new HttpRequestMessage(HttpMethod.Delete, session.Address);
            using var answer = await _http.SendAsync(request, patience.Token);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException)
        {
            BlobLog.NotAborted(_logger, _target.ToString(), name.ToString()); // The server forgets it after a week.
        }
    }

    private async Task<BlobException> FailureOfAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var said = await ReadJsonAsync(answer, cancellationToken);
        var word = PeerWords.Of(
            TextOf(said, "error") // The server of tokens, then that of the bucket.
            ?? ((said?["error"] as JsonObject)?["errors"] is JsonArray { Count: > 0 } errors ? TextOf(errors[0] as JsonObject, "reason") : null))
            ?? answer.StatusCode.ToString();
        switch (answer.StatusCode)
        {
            case HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError and not HttpStatusCode.InsufficientStorage:
                return new BlobException(BlobFailure.Unreachable, $"The {_target} does not take it now: {word}.");
            case HttpStatusCode.InsufficientStorage or HttpStatusCode.RequestEntityTooLarge:
            case HttpStatusCode.Forbidden when word is "quotaExceeded" or "storageQuotaExceeded":
                return new BlobException(BlobFailure.NoRoom, $"The {_target} has no room: {word}.");
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden:
                _token = null;
                return new BlobException(BlobFailure.Refused, $"The {_target} refuses the account: {word}.");
            default:
                return new BlobException(BlobFailure.Refused, $"The {_target} refuses: {word}.");
        }
    }

    private static async Task<JsonObject?> ReadJsonAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            return JsonNode.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken)) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? TextOf(JsonObject? fields, string name) =>
        fields?[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private BlobException? Translate(Exception fault) => fault is HttpRequestException or IOException or OperationCanceledException
        ? new BlobException(BlobFailure.Unreachable, $"The {_target} cannot be reached.", fault)
        : null;

    /// <summary>An upload that was begun.</summary>
    private sealed class Session(Uri address, long length)
    {
        public Uri Address => address;

        public long Length => length;

        /// <summary>How much of it the server said it has.</summary>
        public long Confirmed { get; set; }

        /// <summary>How much of it the server has; null when it must be asked.</summary>
        public long? Position { get; set; } = 0;
    }

    /// <summary>The server does not know an upload any more: another one is begun.</summary>
    private sealed class ForgottenException(string message) : IOException(message);
}
