using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace Roomcast.Rtc.Dtls;

/// <summary>The digest of a certificate, by which a description binds it to the call (RFC 8122 section 5).</summary>
/// <remarks>Immutable. Of the hash functions that may stand there, SHA-1, MD5 and MD2 are refused.</remarks>
public sealed class DtlsFingerprint : IEquatable<DtlsFingerprint>
{
    private readonly byte[] _digest;

    private DtlsFingerprint(HashAlgorithmName hash, byte[] digest)
    {
        Hash = hash;
        _digest = digest;
    }

    /// <summary>SHA-256, SHA-384 or SHA-512.</summary>
    public HashAlgorithmName Hash { get; }

    /// <summary>Takes the digest of a certificate.</summary>
    /// <param name="certificate">The certificate in DER.</param>
    /// <param name="hash">SHA-256, SHA-384 or SHA-512.</param>
    public static DtlsFingerprint Of(ReadOnlySpan<byte> certificate, HashAlgorithmName hash) =>
        new(hash, CryptographicOperations.HashData(hash, certificate));

    /// <summary>Reads the value of an <c>a=fingerprint:</c> line.</summary>
    /// <returns>False when the form or the hash function is not accepted.</returns>
    public static bool TryParse(string? value, [NotNullWhen(true)] out DtlsFingerprint? fingerprint)
    {
        fingerprint = null;
        var space = value?.IndexOf(' ', StringComparison.Ordinal) ?? -1;
        if (space <= 0)
        {
            return false;
        }

        var (hash, length) = value![..space].ToUpperInvariant() switch
        {
            "SHA-256" => (HashAlgorithmName.SHA256, 32),
            "SHA-384" => (HashAlgorithmName.SHA384, 48),
            "SHA-512" => (HashAlgorithmName.SHA512, 64),
            _ => (default, 0),
        };
        var digits = value.AsSpan(space + 1).Trim();
        if (length == 0 || digits.Length != (3 * length) - 1)
        {
            return false;
        }

        var digest = new byte[length];
        for (var i = 0; i < length; i++)
        {
            if ((i > 0 && digits[(3 * i) - 1] != ':')
                || !byte.TryParse(digits.Slice(3 * i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out digest[i]))
            {
                return false;
            }
        }

        fingerprint = new DtlsFingerprint(hash, digest);
        return true;
    }

    /// <summary>Whether it is the digest of this certificate. Constant time.</summary>
    /// <param name="certificate">The certificate in DER.</param>
    public bool Matches(ReadOnlySpan<byte> certificate) =>
        CryptographicOperations.FixedTimeEquals(_digest, CryptographicOperations.HashData(Hash, certificate));

    /// <inheritdoc/>
    public bool Equals(DtlsFingerprint? other) =>
        other is not null && Hash == other.Hash && CryptographicOperations.FixedTimeEquals(_digest, other._digest);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DtlsFingerprint);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_digest[0], _digest[1], _digest[2], _digest[3]);

    /// <summary>The value of an <c>a=fingerprint:</c> line.</summary>
    public override string ToString()
    {
        var name = Hash == HashAlgorithmName.SHA256 ? "sha-256" : Hash == HashAlgorithmName.SHA384 ? "sha-384" : "sha-512";
        return $"{name} {BitConverter.ToString(_digest).Replace('-', ':')}";
    }
}
