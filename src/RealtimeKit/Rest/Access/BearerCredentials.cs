using Microsoft.Extensions.Primitives;

namespace Roomcast.RealtimeKit.Rest.Access;

/// <summary>Reads <c>Authorization: Bearer …</c> (RFC 6750, section 2.1).</summary>
internal static class BearerCredentials
{
    private const string Scheme = "Bearer";

    /// <summary>Takes the token out of the header. False when there is no header, more than one, or another scheme.</summary>
    public static bool TryRead(StringValues authorization, out string token)
    {
        token = "";
        if (authorization is not [{ } value]
            || !value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            || value.Length <= Scheme.Length
            || value[Scheme.Length] != ' ')
        {
            return false;
        }

        token = value[Scheme.Length..].Trim(' ');
        return token.Length > 0 && !token.Contains(' ', StringComparison.Ordinal);
    }
}
