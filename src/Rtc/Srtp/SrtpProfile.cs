namespace Roomcast.Rtc.Srtp;

/// <summary>How packets are protected; the numbers are those of use_srtp (RFC 5764 section 4.1.2, RFC 7714 section 14.2).</summary>
public enum SrtpProfile
{
    /// <summary>AES-128 in counter mode, HMAC-SHA1 cut to 80 bits: the one that every peer has.</summary>
    Aes128CmHmacSha1Tag80 = 1,

    /// <summary>AES-128-GCM with a tag of 16 bytes.</summary>
    AeadAes128Gcm = 7,
}

/// <summary>The sizes that follow from a profile.</summary>
internal static class SrtpProfiles
{
    /// <summary>Bytes of a master key in both profiles.</summary>
    public const int MasterKeyLength = 16;

    /// <summary>Finds the profile of a number from the handshake.</summary>
    public static bool TryGet(ushort id, out SrtpProfile profile)
    {
        profile = (SrtpProfile)id;
        return profile is SrtpProfile.Aes128CmHmacSha1Tag80 or SrtpProfile.AeadAes128Gcm;
    }

    /// <summary>Bytes of a master salt.</summary>
    public static int MasterSaltLength(this SrtpProfile profile) => profile is SrtpProfile.AeadAes128Gcm ? 12 : 14;

    /// <summary>Bytes of an authentication tag.</summary>
    public static int TagLength(this SrtpProfile profile) => profile is SrtpProfile.AeadAes128Gcm ? 16 : 10;
}
