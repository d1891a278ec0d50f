using System.Security.Cryptography;

namespace Roomcast.Rtc.Srtp;

/// <summary>What the handshake yields for SRTP: a master key and salt for each direction. Wiped when disposed.</summary>
internal sealed class SrtpKeyingMaterial : IDisposable
{
    /* RFC 5764 section 4.2

        | client key | server key | client salt | server salt |
    */
    private readonly byte[] _exported;

    /// <param name="profile">What was agreed.</param>
    /// <param name="exported">The exporter's bytes; the object becomes their owner.</param>
    public SrtpKeyingMaterial(SrtpProfile profile, byte[] exported)
    {
        if (exported.Length != ExportedLength(profile))
        {
            throw new ArgumentException($"{profile} needs {ExportedLength(profile)} bytes.", nameof(exported));
        }

        Profile = profile;
        _exported = exported;
    }

    /// <summary>What was agreed.</summary>
    public SrtpProfile Profile { get; }

    /// <summary>What the DTLS client protects with.</summary>
    public ReadOnlySpan<byte> ClientKey => _exported.AsSpan(0, SrtpProfiles.MasterKeyLength);

    /// <summary>What the DTLS server protects with.</summary>
    public ReadOnlySpan<byte> ServerKey => _exported.AsSpan(SrtpProfiles.MasterKeyLength, SrtpProfiles.MasterKeyLength);

    /// <summary>The salt of <see cref="ClientKey"/>.</summary>
    public ReadOnlySpan<byte> ClientSalt => _exported.AsSpan(2 * SrtpProfiles.MasterKeyLength, Profile.MasterSaltLength());

    /// <summary>The salt of <see cref="ServerKey"/>.</summary>
    public ReadOnlySpan<byte> ServerSalt => _exported.AsSpan((2 * SrtpProfiles.MasterKeyLength) + Profile.MasterSaltLength());

    /// <summary>All of it, for comparison with another implementation in tests.</summary>
    internal ReadOnlySpan<byte> Exported => _exported;

    /// <summary>Bytes to ask of the exporter.</summary>
    public static int ExportedLength(SrtpProfile profile) =>
        2 * (SrtpProfiles.MasterKeyLength + profile.MasterSaltLength());

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(_exported);
}
