using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Roomcast.Storage.Blobs;

namespace Roomcast.TestKit.Gcs;

/// <summary>
/// What Google documents of tokens for service accounts (RFC 7523) and of resumable uploads to Cloud Storage, taken strictly: whatever
/// is not as it is written there is refused. No server of somebody else's is to be had that checks either.
/// </summary>
public sealed class GcsServer : IAsyncDisposable
{
    private const int Granule = 256 << 10;

    private readonly RSA _key = RSA.Create(2_048);
    private readonly ConcurrentDictionary<string, Upload> _uploads = new();
    private readonly ConcurrentDictionary<string, byte> _tokens = new();
    private WebApplication _app = null!;
    private int _port;

    private GcsServer()
    {
    }

    /// <summary>Its bucket.</summary>
    public string Bucket { get; } = "recordings";

    /// <summary>Where it listens.</summary>
    public int Port => _port;

    /// <summary>The objects in the bucket: name, content and type.</summary>
    public ConcurrentDictionary<string, (byte[] Content, string ContentType)> Objects { get; } = new();

    /// <summary>Uploads that were begun and are neither done nor cancelled.</summary>
    public int OpenUploads => _uploads.Count;

    /// <summary>Tokens given out.</summary>
    public int TokensGiven => _tokens.Count;

    /// <summary>What was amiss with requests, besides keys and buckets that are to be wrong.</summary>
    public ConcurrentQueue<string> Complaints { get; } = new();

    /// <summary>How much of a chunk is kept, of those that come next: the rest it asks for again. Empty for all.</summary>
    public ConcurrentQueue<int> KeepsOnly { get; } = new();

    /// <summary>Whether an upload of which all is there is told to be so and yet goes on, as no server should.</summary>
    public bool NeverEnds { get; set; }

    /// <summary>The credentials of the account that may write to the bucket.</summary>
    public string Credentials => CredentialsOf(_key);

    /// <summary>A target that leads to the bucket.</summary>
    public GcsTarget Target => GcsTarget.Read(Credentials, Bucket)! with { Endpoint = Address, Prefix = "team/" };

    private string Address => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}");

    /// <summary>Credentials of the account with a key that is not its own.</summary>
    public string WrongCredentials()
    {
        using var other = RSA.Create(2_048);
        return CredentialsOf(other);
    }

    /// <summary>Starts one.</summary>
    public static async Task<GcsServer> StartAsync()
    {
        var server = new GcsServer();
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts after a stop, with everything it had.</summary>
    public async Task StartAgainAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}"));
        builder.WebHost.ConfigureKestrel(options => options.Limits.MaxRequestBodySize = null);
        _app = builder.Build();
        _app.Run(ServeAsync);
        await _app.StartAsync();
        _port = new Uri(_app.Urls.First()).Port;
    }

    /// <summary>Stops; its connections end.</summary>
    public async Task StopAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    /// <summary>Forgets the uploads that were begun, as Google's does after a week.</summary>
    public void ForgetUploads() => _uploads.Clear();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _key.Dispose();
    }

    private string CredentialsOf(RSA key) => new JsonObject
    {
        ["type"] = "service_account",
        ["private_key_id"] = "key-1",
        ["private_key"] = key.ExportPkcs8PrivateKeyPem(),
        ["client_email"] = "recorder@example.iam.gserviceaccount.com",
        ["token_uri"] = $"{Address}/token",
    }.ToJsonString();

    private Task ServeAsync(HttpContext context) => (context.Request.Method, context.Request.Path.Value) switch
    {
        ("POST", "/token") => GiveTokenAsync(context),
        ("POST", var path) when path!.StartsWith("/upload/storage/v1/b/", StringComparison.Ordinal) => BeginAsync(context),
        ("PUT", var path) when path!.StartsWith("/session/", StringComparison.Ordinal) => TakeAsync(context),
        ("DELETE", var path) when path!.StartsWith("/session/", StringComparison.Ordinal) => CancelAsync(context),
        _ => RefuseAsync(context, 404, "notFound", $"{context.Request.Method} {context.Request.Path}"),
    };

    private async Task GiveTokenAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        var parts = form["assertion"].ToString().Split('.');
        if (form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer" || parts.Length != 3)
        {
            await RefuseAsync(context, 400, "invalid_request", "no assertion");
            return;
        }

        var header = JsonNode.Parse(FromBase64(parts[0]))!;
        var claims = JsonNode.Parse(FromBase64(parts[1]))!;
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        if ((string?)header["alg"] != "RS256" || (string?)header["typ"] != "JWT" || (string?)header["kid"] != "key-1"
            || (string?)claims["iss"] != "recorder@example.iam.gserviceaccount.com" || (string?)claims["aud"] != $"{Address}/token"
            || (string?)claims["scope"] != "https://www.googleapis.com/auth/devstorage.read_write"
            || (long)claims["iat"]! is var began && (began > now + 5 || began < now - 60)
            || (long)claims["exp"]! is var ends && (ends <= now || ends > began + 3_600))
        {
            await RefuseAsync(context, 400, "invalid_grant", $"claims {claims.ToJsonString()}");
            return;
        }

        if (!_key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), FromBase64(parts[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
        {
            await RefuseAsync(context, 400, "invalid_grant", complaint: null);
            return;
        }

        var token = $"ya29.{Guid.NewGuid():N}";
        _tokens[token] = 0;
        await context.Response.WriteAsJsonAsync(new { access_token = token, expires_in = 3_599, token_type = "Bearer" });
    }

    private async Task BeginAsync(HttpContext context)
    {
        var request = context.Request;
        if (!_tokens.ContainsKey(request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal)))
        {
            await RefuseAsync(context, 401, "authError", "no token of ours");
        }
        else if (request.Path != $"/upload/storage/v1/b/{Bucket}/o")
        {
            await RefuseAsync(context, 404, "notFound", complaint: null);
        }
        else if (request.Query["uploadType"] != "resumable" || request.Query["name"].ToString() is not { Length: > 0 } name
            || !long.TryParse(request.Headers["X-Upload-Content-Length"], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || request.Headers["X-Upload-Content-Type"].ToString() is not { Length: > 0 } type)
        {
            await RefuseAsync(context, 400, "invalid", "a resumable upload needs its name, length and type");
        }
        else
        {
            var id = Guid.NewGuid().ToString("N");
            _uploads[id] = new Upload(name, length, type);
            context.Response.Headers.Location = $"http://{request.Host}/session/{id}";
        }
    }

    private async Task TakeAsync(HttpContext context)
    {
        var id = context.Request.Path.Value!["/session/".Length..];
        if (!_uploads.TryGetValue(id, out var upload))
        {
            await RefuseAsync(context, 404, "notFound", complaint: null);
            return;
        }

        if (context.Request.Headers.Authorization.Count > 0)
        {
            Complaints.Enqueue("a token where none is needed");
        }

        var range = context.Request.Headers.ContentRange.ToString();
        if (range != string.Create(CultureInfo.InvariantCulture, $"bytes */{upload.Length}"))
        {
            var (from, to) = (0L, 0L);
            var words = range.Replace("bytes ", "", StringComparison.Ordinal).Split('-', '/');
            if (words.Length != 3 || !long.TryParse(words[0], out from) || !long.TryParse(words[1], out to)
                || words[2] != upload.Length.ToString(CultureInfo.InvariantCulture) || from != upload.Content.Length
                || to < from || to >= upload.Length || (to + 1 < upload.Length && (to + 1 - from) % Granule != 0)
                || context.Request.ContentLength != to + 1 - from)
            {
                await RefuseAsync(context, 400, "invalid", $"{range} after {upload.Content.Length} of {upload.Length}");
                return;
            }

            // What came before a connection broke is kept, in whole granules.
            var keeps = KeepsOnly.TryDequeue(out var few) ? few : int.MaxValue;
            using var chunk = new MemoryStream();
            try
            {
                await context.Request.Body.CopyToAsync(chunk, context.RequestAborted);
            }
            catch (Exception fault) when (fault is IOException or OperationCanceledException or BadHttpRequestException)
            {
                keeps = (int)(chunk.Length - (chunk.Length % Granule));
            }

            upload.Content.Write(chunk.GetBuffer(), 0, (int)Math.Min(keeps, chunk.Length));
        }

        if (upload.Content.Length == upload.Length && !NeverEnds)
        {
            Objects[upload.Name] = (upload.Content.ToArray(), upload.ContentType);
            _uploads.TryRemove(id, out _);
            await context.Response.WriteAsJsonAsync(new { kind = "storage#object", name = upload.Name });
            return;
        }

        context.Response.StatusCode = 308;
        if (upload.Content.Length > 0)
        {
            context.Response.Headers.Range = string.Create(CultureInfo.InvariantCulture, $"bytes=0-{upload.Content.Length - 1}");
        }
    }

    private Task CancelAsync(HttpContext context)
    {
        context.Response.StatusCode = _uploads.TryRemove(context.Request.Path.Value!["/session/".Length..], out _) ? 499 : 404;
        return Task.CompletedTask;
    }

    private Task RefuseAsync(HttpContext context, int status, string word, string? complaint)
    {
        if (complaint is not null)
        {
            Complaints.Enqueue(complaint);
        }

        context.Response.StatusCode = status;
        return context.Response.WriteAsync(context.Request.Path == "/token"
            ? new JsonObject { ["error"] = word }.ToJsonString()
            : new JsonObject { ["error"] = new JsonObject { ["code"] = status, ["errors"] = new JsonArray(new JsonObject { ["reason"] = word }) } }.ToJsonString());
    }

    private static byte[] FromBase64(string text) => System.Buffers.Text.Base64Url.DecodeFromChars(text);

    private sealed record Upload(string Name, long Length, string ContentType)
    {
        public MemoryStream Content { get; } = new();
    }
}
