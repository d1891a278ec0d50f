using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Roomcast.Rtc.Ice;

/// <summary>The user name fragment and password by which two ICE agents know each other (RFC 8445 section 5.3).</summary>
/// <remarks>Immutable. The password is a secret of the call and does not show in <see cref="ToString"/>.</remarks>
public sealed class IceCredentials
{
    private const int MinUfragLength = 4;
    private const int MinPasswordLength = 22;
    private const int MaxLength = 256;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    private readonly byte[] _passwordBytes;
    private readonly byte[] _ufragBytes;

    private IceCredentials(string ufrag, string password)
    {
        Ufrag = ufrag;
        Password = password;
        _ufragBytes = Encoding.ASCII.GetBytes(ufrag);
        _passwordBytes = Encoding.ASCII.GetBytes(password);
    }

    /// <summary>The fragment, 4 to 256 characters of letters, digits, plus and slash.</summary>
    public string Ufrag { get; }

    /// <summary>The password, 22 to 256 characters of the same kind.</summary>
    public string Password { get; }

    internal ReadOnlySpan<byte> UfragBytes => _ufragBytes;

    internal ReadOnlySpan<byte> PasswordBytes => _passwordBytes;

    /// <summary>Makes new ones: 48 random bits in the fragment, 144 in the password (24 and 128 are demanded).</summary>
    public static IceCredentials Create() =>
        new(RandomNumberGenerator.GetString(Alphabet, 8), RandomNumberGenerator.GetString(Alphabet, 24));

    /// <summary>Takes over what a peer wrote into its description.</summary>
    /// <returns>False when a length or a character is not allowed.</returns>
    public static bool TryCreate(string? ufrag, string? password, [NotNullWhen(true)] out IceCredentials? credentials)
    {
        credentials = null;
        if (ufrag is null || ufrag.Length is < MinUfragLength or > MaxLength || !AreIceCharacters(ufrag)
            || password is null || password.Length is < MinPasswordLength or > MaxLength || !AreIceCharacters(password))
        {
            return false;
        }

        credentials = new IceCredentials(ufrag, password);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Ufrag;

    // Some agents use characters beyond ice-char, a minus or an underscore; harmless, so they are taken too.
    private static bool AreIceCharacters(string text)
    {
        foreach (var character in text)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('+' or '/' or '-' or '_' or '='))
            {
                return false;
            }
        }

        return true;
    }
}
