using System.CommandLine;

namespace Roomcast.Cli.Connecting;

/// <summary>The options that every command takes: where the server is, and with what right it is asked.</summary>
internal static class ServerOptions
{
    public static readonly Option<string?> Url = new("--url")
    {
        Description = "The server's address. Otherwise ROOMCAST_URL, then http://127.0.0.1:8080.",
        HelpName = "ADDRESS",
        Recursive = true,
    };

    public static readonly Option<string?> Token = new("--token")
    {
        Description = "The API token. Others on this machine may see it in the list of processes: prefer ROOMCAST_TOKEN, --token-file or --credentials.",
        HelpName = "TOKEN",
        Recursive = true,
    };

    public static readonly Option<string?> TokenFile = new("--token-file")
    {
        Description = "A file with the API token and nothing else. Otherwise ROOMCAST_TOKEN_FILE.",
        HelpName = "FILE",
        Recursive = true,
    };

    public static readonly Option<string?> Account = new("--account")
    {
        Description = "The account's id. Otherwise ROOMCAST_ACCOUNT, then that of the credentials.",
        HelpName = "ID",
        Recursive = true,
    };

    public static readonly Option<string?> App = new("--app")
    {
        Description = "The app's id. Otherwise ROOMCAST_APP, then that of the credentials.",
        HelpName = "ID",
        Recursive = true,
    };

    public static readonly Option<string?> Credentials = new("--credentials")
    {
        Description = "The file that the server's first start wrote. Otherwise ROOMCAST_CREDENTIALS, then data/credentials.json of the current folder.",
        HelpName = "FILE",
        Recursive = true,
    };

    public static readonly Option<string?> Authority = new("--ca")
    {
        Description = "A certificate authority (PEM) to trust for https and rtmps, such as tls/ca.pem of the server's data folder. Otherwise ROOMCAST_CA, then the system's.",
        HelpName = "FILE",
        Recursive = true,
    };

    public static readonly Option<bool> Json = new("--json")
    {
        Description = "Write each result as one JSON object in a line of its own, for scripts.",
        Recursive = true,
    };

    public static IReadOnlyList<Option> All { get; } = [Url, Token, TokenFile, Account, App, Credentials, Authority, Json];

    /// <summary>The environment variables that are read; the server has others of this prefix.</summary>
    public static IReadOnlyList<string> Variables { get; } =
        ["ROOMCAST_URL", "ROOMCAST_TOKEN", "ROOMCAST_TOKEN_FILE", "ROOMCAST_ACCOUNT", "ROOMCAST_APP", "ROOMCAST_CREDENTIALS", "ROOMCAST_CA", "ROOMCAST_STREAM_KEY", "ROOMCAST_PARTICIPANT_TOKEN", "ROOMCAST_SERVER"];
}
