using Roomcast.Interop.Meetings;

namespace Roomcast.Interop.Relay;

/// <summary>What is given to the SDK as its <c>host</c>.</summary>
internal static class RelayHosts
{
    /// <summary>The server itself.</summary>
    public static string Of(MeetingServer server, bool isSecure) =>
        isSecure ? $"wss://{server.Server.HttpsBase.Authority}" : $"ws://{server.Server.HttpBase.Authority}";

    /// <summary>The environment in which Node trusts the server's own authority, as the SDK has no option for it.</summary>
    public static Dictionary<string, string> TrustOf(MeetingServer server, bool isSecure) =>
        isSecure ? new() { ["NODE_EXTRA_CA_CERTS"] = server.Authority } : [];
}
