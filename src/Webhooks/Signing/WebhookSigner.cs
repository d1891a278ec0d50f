using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Roomcast.Storage.Keys;

namespace Roomcast.Webhooks.Signing;

/// <summary>Signs deliveries with a key of this installation, kept over restarts. Thread-safe.</summary>
/// <remarks>
/// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2) over the body as sent. The key is replaced by another number in
/// <see cref="WebhookOptions.SigningKey"/>; the one before stays known, so that a receiver can still check what came earlier.
/// </remarks>
public sealed class WebhookSigner : IDisposable
{
    private const int KeyBits = 2_048;

    private readonly Lazy<string> _privateKey;
    private readonly Lazy<string[]> _publicKeys;
    private readonly ConcurrentBag<RSA> _idle = [];

    /// <summary>Makes the key at first use, unless it is there.</summary>
    public WebhookSigner(KeyFiles keys, IOptions<WebhookOptions> options)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(options);
        var number = options.Value.SigningKey;

        // Without a memory for failures: when the disk is well again, so are we.
        const LazyThreadSafetyMode Mode = LazyThreadSafetyMode.PublicationOnly;
        _privateKey = new Lazy<string>(() => ReadKey(keys, number), Mode);
        _publicKeys = new Lazy<string[]>(
            () => [.. new[] { number, number - 1 }.Where(each => each > 0).Select(each => PublicKeyOf(ReadKey(keys, each)))], Mode);
    }

    /// <summary>The public key in use, as SPKI in PEM (RFC 7468, section 13).</summary>
    public string PublicKey => _publicKeys.Value[0];

    /// <summary>The public key in use and, where there is one, the key before it.</summary>
    public IReadOnlyList<string> PublicKeys => _publicKeys.Value;

    /// <summary>Signs the bytes of a body.</summary>
    /// <returns>The signature in base64.</returns>
    public string Sign(ReadOnlySpan<byte> body)
    {
        // One object for each signature under way: they are not made to be shared.
        if (!_idle.TryTake(out var rsa))
        {
            var key = _privateKey.Value;
            rsa = RSA.Create();
            rsa.ImportFromPem(key);
        }

        Span<byte> signature = stackalloc byte[KeyBits / 8];
        rsa.TrySignData(body, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1, out var length);
        _idle.Add(rsa);
        return Convert.ToBase64String(signature[..length]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_idle.TryTake(out var rsa))
        {
            rsa.Dispose();
        }
    }

    private static string ReadKey(KeyFiles keys, int number) => Encoding.ASCII.GetString(keys.GetOrCreate(
        string.Create(CultureInfo.InvariantCulture, $"webhooks-{number}.pem"),
        () =>
        {
            using var rsa = RSA.Create(KeyBits);
            return Encoding.ASCII.GetBytes(rsa.ExportPkcs8PrivateKeyPem());
        }));

    private static string PublicKeyOf(string privateKey)
    {
        using var rsa = RSA.Create();
        rsa.ImportFromPem(privateKey);
        return rsa.ExportSubjectPublicKeyInfoPem();
    }
}
