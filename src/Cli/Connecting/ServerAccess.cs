using System.CommandLine;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Roomcast.Client.Rest;

namespace Roomcast.Cli.Connecting;

/// <summary>Where the server is and what proves our right, as options, environment and files say it; the first of these that says it wins.</summary>
/// <remarks>The token is read when it is needed, and never written anywhere.</remarks>
internal sealed class ServerAccess : IDisposable
{
    private const string DefaultUrl = "http://127.0.0.1:8080";
    private const string DefaultCredentials = "data/credentials.json";
    private const int LongestFile = 64 << 10;

    private static readonly string[] SecretVariables = ["ROOMCAST_TOKEN", "ROOMCAST_TOKEN_FILE", "ROOMCAST_PARTICIPANT_TOKEN", "ROOMCAST_STREAM_KEY"];

    private readonly ParseResult _parsed;
    private readonly string _unnamed;
    private readonly Func<string, string?> _environment;
    private readonly Lazy<JsonElement?> _credentials;
    private readonly Lazy<X509Certificate2?> _authority;

    /// <summary>Reads what was told.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="environment">Gives variables; null for the process's.</param>
    /// <param name="folder">Where the file of credentials is looked for that nobody named; empty for the current folder.</param>
    public ServerAccess(ParseResult parsed, Func<string, string?>? environment = null, string folder = "")
    {
        _unnamed = Path.Combine(folder, DefaultCredentials);
        _parsed = parsed;
        _environment = environment ?? Environment.GetEnvironmentVariable;
        _credentials = new(ReadCredentials);
        _authority = new(ReadAuthority);

        // A file that merely lies in the folder does not say where a secret goes that it does not hold itself.
        var url = Told(ServerOptions.Url, "ROOMCAST_URL", MayFileSayWhere ? "url" : null) ?? DefaultUrl;
        BaseUri = Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new CliException(ExitCode.Usage, $"The server's address is to be like {DefaultUrl} or https://meet.example.com; it is '{url}'.");
    }

    /// <summary>The server's address.</summary>
    public Uri BaseUri { get; }

    /// <summary>A client of the REST API.</summary>
    /// <exception cref="CliException">Usage: the token, the account or the app was not told.</exception>
    public RealtimeKitApi CreateApi() => new(new RealtimeKitApiOptions
    {
        BaseUri = new Uri(BaseUri, BaseUri.AbsolutePath.TrimEnd('/') + "/client/v4"),
        AccountId = Needed(ServerOptions.Account, "ROOMCAST_ACCOUNT", "account_id", "the account's id"),
        AppId = Needed(ServerOptions.App, "ROOMCAST_APP", "app_id", "the app's id"),
        ApiToken = ReadToken(),
        HttpHandler = CreateHandler(),
    });

    /// <summary>Sends HTTP, and trusts the authority that was told.</summary>
    public SocketsHttpHandler CreateHandler()
    {
        var handler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) };
        if (ChainPolicy is { } policy)
        {
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        return handler;
    }

    /// <summary>What certificates are judged by; null for the system's judgement.</summary>
    public X509ChainPolicy? ChainPolicy => _authority.Value is { } authority
        ? new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            CustomTrustStore = { authority },
        }
        : null;

    /// <summary>Judges a socket's certificate by the authority that was told; null for the system's judgement.</summary>
    public RemoteCertificateValidationCallback? CertificateValidation => ChainPolicy is null ? null : (_, certificate, _, errors) =>
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return false;
        }

        using var chain = new X509Chain { ChainPolicy = ChainPolicy! };
        using var judged = new X509Certificate2(certificate);
        return chain.Build(judged);
    };

    /// <summary>A secret of a command: its option, a variable, or a file.</summary>
    public string? Secret(Option<string?>? option, Option<string?>? file, string variable)
    {
        var text = option is not null && _parsed.GetValue(option) is { Length: > 0 } given ? given
            : file is not null && _parsed.GetValue(file) is { Length: > 0 } path ? ReadSmall(path, "secret").Trim()
            : _environment(variable);
        return string.IsNullOrEmpty(text) ? null : text;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_authority.IsValueCreated)
        {
            _authority.Value?.Dispose();
        }
    }

    private static string ReadSmall(string path, string what)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new CliException(ExitCode.Usage, $"The {what} file {path} does not exist.");
        }

        return file.Length <= LongestFile
            ? File.ReadAllText(path)
            : throw new CliException(ExitCode.Usage, $"The {what} file {path} has {file.Length} bytes, which is no {what} file.");
    }

    private string ReadToken()
    {
        var token = Secret(ServerOptions.Token, ServerOptions.TokenFile, "ROOMCAST_TOKEN");
        token ??= _environment("ROOMCAST_TOKEN_FILE") is { Length: > 0 } path ? ReadSmall(path, "token").Trim() : null;
        token ??= Credential("api_token");
        return string.IsNullOrEmpty(token) ? throw Missing("the API token", "--token-file", "ROOMCAST_TOKEN") : token;
    }

    private string Needed(Option<string?> option, string variable, string key, string what) =>
        Told(option, variable, key) ?? throw Missing(what, option.Name, variable);

    private static CliException Missing(string what, string option, string variable) => new(
        ExitCode.Usage,
        $"Tell {what}: by {option}, by {variable}, or by --credentials with the file that the server's first start wrote (credentials.json of its data folder).");

    private bool MayFileSayWhere =>
        _parsed.GetValue(ServerOptions.Credentials) is { Length: > 0 } || _environment("ROOMCAST_CREDENTIALS") is { Length: > 0 }
        || (_parsed.GetValue(ServerOptions.Token) is not { Length: > 0 } && _parsed.GetValue(ServerOptions.TokenFile) is not { Length: > 0 }
            && !Array.Exists(SecretVariables, name => _environment(name) is { Length: > 0 }));

    private string? Told(Option<string?> option, string variable, string? key) =>
        _parsed.GetValue(option) is { Length: > 0 } given ? given
            : _environment(variable) is { Length: > 0 } set ? set
            : key is null ? null : Credential(key);

    private string? Credential(string key) =>
        _credentials.Value is { } credentials && credentials.TryGetProperty(key, out var value) && value.ValueKind is JsonValueKind.String
            ? value.GetString()
            : null;

    private JsonElement? ReadCredentials()
    {
        var told = _parsed.GetValue(ServerOptions.Credentials) is { Length: > 0 } given ? given : _environment("ROOMCAST_CREDENTIALS");
        var path = string.IsNullOrEmpty(told) ? _unnamed : told;
        if (string.IsNullOrEmpty(told) && !File.Exists(path))
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(ReadSmall(path, "credentials"));
            return json.RootElement.ValueKind is JsonValueKind.Object ? json.RootElement.Clone() : throw NoCredentials(path);
        }
        catch (JsonException)
        {
            throw NoCredentials(path); // Without the parser's words: they quote what it found.
        }
    }

    private static CliException NoCredentials(string path) =>
        new(ExitCode.Usage, $"{path} is no credentials file: it is to be a JSON object with account_id, app_id and api_token.");

    private X509Certificate2? ReadAuthority()
    {
        var path = _parsed.GetValue(ServerOptions.Authority) is { Length: > 0 } given ? given : _environment("ROOMCAST_CA");
        if (string.IsNullOrEmpty(path))
        {
            return null;
        }

        try
        {
            return X509Certificate2.CreateFromPem(ReadSmall(path, "authority"));
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            throw new CliException(ExitCode.Usage, $"{path} holds no certificate in PEM.");
        }
    }
}
