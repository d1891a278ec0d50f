namespace Roomcast.RealtimeKit.Rest.Requests;

/// <summary>What addresses from callers must be before they are kept.</summary>
internal static class WireAddress
{
    /// <summary>Longest address in characters.</summary>
    public const int MaxLength = 2_048;

    /// <summary>Whether it is absolute, has one of the schemes and names a host.</summary>
    public static bool IsAbsolute(string text, params ReadOnlySpan<string> schemes) =>
        text.Length <= MaxLength
        && Uri.TryCreate(text, UriKind.Absolute, out var address)
        && address.Host.Length > 0
        && schemes.Contains(address.Scheme);
}
