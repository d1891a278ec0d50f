namespace Roomcast.RealtimeKit.Client;

/// <summary>A STUN or TURN server that web clients are told of.</summary>
/// <param name="Url">As RFC 7064 and RFC 7065 write it, for example <c>turn:turn.example.org:3478?transport=udp</c>.</param>
/// <param name="UserName">For TURN; null for none.</param>
/// <param name="Credential">For TURN; null for none. It is told to every participant.</param>
public sealed record IceServer(string Url, string? UserName, string? Credential)
{
    /// <summary>Names it without the credential.</summary>
    public override string ToString() => Url;
}
