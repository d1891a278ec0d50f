namespace Roomcast.Server.Pages;

/// <summary>Addresses that pages tell.</summary>
/// <param name="SecureBase">The start of this server's https addresses, scheme, host and port: meetings need TLS.</param>
internal sealed record PageAddresses(string SecureBase);
