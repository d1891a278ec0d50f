using System.Globalization;

namespace Roomcast.Bench.Delivery;

/// <summary>What a crowd of viewers does.</summary>
/// <param name="Folder">Where the certificate is, and where what was measured goes.</param>
/// <param name="Port">The server's, on loopback, with TLS.</param>
/// <param name="Viewers">How many, each with a connection of its own.</param>
/// <param name="IsHttp2">Whether they speak HTTP/2, otherwise HTTP/1.1.</param>
/// <param name="IsStatic">Whether the server has files only: viewers then ask when a part would have come, not before.</param>
/// <param name="Seconds">How long is measured.</param>
internal sealed record CrowdPlan(string Folder, int Port, int Viewers, bool IsHttp2, bool IsStatic, int Seconds)
{
    public string ResultPath => Path.Combine(Folder, "watched.txt");

    public string[] ToArguments() =>
    [
        "watch", Folder, Text(Port), Text(Viewers), IsHttp2 ? "h2" : "h1", IsStatic ? "static" : "live", Text(Seconds),
    ];

    public static CrowdPlan Read(ReadOnlySpan<string> arguments) => new(
        arguments[0], Number(arguments[1]), Number(arguments[2]), arguments[3] == "h2", arguments[4] == "static", Number(arguments[5]));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
