using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Roomcast.RealtimeKit.Client;

namespace Roomcast.Server.Configuration;

/// <summary>Writes STUN and TURN servers as <c>stun:stun.example.org, turn:turn.example.org user credential</c>.</summary>
internal static class IceServerText
{
    private const int MaxServers = 16;
    private const int MaxLength = 512;

    private static readonly string[] Schemes = ["stun:", "stuns:", "turn:", "turns:"];

    public static SettingType<IReadOnlyList<IceServer>> Type { get; } = new(
        "servers like stun:stun.example.org, turn:turn.example.org:3478?transport=udp user credential",
        TryParse,
        servers => string.Join(", ", servers.Select(Format)),
        () => new JsonObject { ["type"] = "string" });

    private static string Format(IceServer server) =>
        server.UserName is null ? server.Url : $"{server.Url} {server.UserName} {server.Credential}";

    private static bool TryParse(string text, [MaybeNullWhen(false)] out IReadOnlyList<IceServer> servers)
    {
        var found = new List<IceServer>();
        servers = found;
        foreach (var part in text.Split(',', MaxServers + 1, StringSplitOptions.TrimEntries))
        {
            var words = part.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var isTurn = words.Length > 0 && words[0].StartsWith("turn", StringComparison.Ordinal);
            if (found.Count == MaxServers
                || words.Length != (isTurn ? 3 : 1)
                || words.Any(word => word.Length > MaxLength)
                || !Schemes.Any(scheme => words[0].StartsWith(scheme, StringComparison.Ordinal) && words[0].Length > scheme.Length))
            {
                return false;
            }

            found.Add(isTurn ? new IceServer(words[0], words[1], words[2]) : new IceServer(words[0], null, null));
        }

        return true;
    }
}
