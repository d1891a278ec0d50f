using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Roomcast.Storage.Blobs;

/// <summary>A bucket of Google Cloud Storage, and the service account that may write to it.</summary>
public sealed record GcsTarget : StorageTarget
{
    /// <summary>Where tokens are had from when the credentials do not say.</summary>
    public const string DefaultTokenAddress = "https://oauth2.googleapis.com/token";

    /// <summary>The bucket.</summary>
    public required string Bucket { get; init; }

    /// <summary>The address of the service account, which is its name.</summary>
    public required string Account { get; init; }

    /// <summary>The account's private key, an RSA key in PEM.</summary>
    public required string PrivateKey { get; init; }

    /// <summary>Which of the account's keys that is; null when it is not said.</summary>
    public string? PrivateKeyId { get; init; }

    /// <summary>Where a token is had for the key, http or https.</summary>
    public string TokenAddress { get; init; } = DefaultTokenAddress;

    /// <summary>Where the server is, absolute; null for Google's.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Put before the names of all files; empty for none.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Reads the credentials of a service account as Google gives them out: a JSON object.</summary>
    /// <returns>The target; null when they are no such thing.</returns>
    /// <param name="credentials">The JSON.</param>
    /// <param name="bucket">The bucket.</param>
    public static GcsTarget? Read(string credentials, string bucket)
    {
        try
        {
            if (JsonNode.Parse(credentials) is not JsonObject fields
                || (string?)fields["type"] is not "service_account"
                || (string?)fields["client_email"] is not { Length: > 0 } account
                || (string?)fields["private_key"] is not { Length: > 0 } key)
            {
                return null;
            }

            var token = (string?)fields["token_uri"] ?? DefaultTokenAddress;
            if (!Uri.TryCreate(token, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.UserInfo.Length > 0)
            {
                return null;
            }

            using var read = RSA.Create();
            read.ImportFromPem(key);
            read.SignData([], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1); // A public key is read as well, and signs nothing.
            return new GcsTarget
            {
                Bucket = bucket,
                Account = account,
                PrivateKey = key,
                PrivateKeyId = (string?)fields["private_key_id"],
                TokenAddress = token,
            };
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or ArgumentException or CryptographicException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public override IOpenStorage Open(TimeProvider clock, ILogger logger) => new GcsBlobs(this, clock, logger);

    /// <summary>Names the bucket, without the key.</summary>
    public override string ToString() => $"bucket {Bucket} at {Endpoint ?? "Google Cloud Storage"}";
}
