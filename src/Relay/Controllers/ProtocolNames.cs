using System.Security.Cryptography;
using System.Text;
using Roomcast.Accounts;
using Roomcast.Storage.Keys;

namespace Roomcast.Relay.Controllers;

/// <summary>The names of controllers: <c>signalwire_{signature}_{random}</c>.</summary>
/// <remarks>
/// The signature is the app's, made with a key of this installation: it stays the same over restarts, and a name that somebody
/// else has made up is not taken.
/// </remarks>
internal sealed class ProtocolNames(KeyFiles keys)
{
    private const string Prefix = "signalwire";
    private const int KeyBytes = 32;
    private const int SignatureLength = 32;
    private const int RandomLength = 32;

    private readonly Lazy<byte[]> _key = new(() => keys.GetOrCreate("relay-signature", KeyBytes));

    /// <summary>The app's signature.</summary>
    public string SignatureOf(AppId appId) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(_key.Value, Encoding.ASCII.GetBytes($"controller {appId}")))[..SignatureLength];

    /// <summary>A new name.</summary>
    public string Make(AppId appId) => $"{Prefix}_{SignatureOf(appId)}_{RandomNumberGenerator.GetHexString(RandomLength, lowercase: true)}";

    /// <summary>Whether a name may be one of the app's.</summary>
    public bool IsOf(AppId appId, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Split('_') is [Prefix, { Length: SignatureLength } signature, { Length: RandomLength } random]
            && random.All(char.IsAsciiHexDigit)
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(signature), Encoding.UTF8.GetBytes(SignatureOf(appId)));
    }
}
