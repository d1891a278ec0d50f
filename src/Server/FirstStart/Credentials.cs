using System.Text.Json;
using System.Text.Json.Serialization;
using Roomcast.Accounts;
using Roomcast.Server.Listening;
using Roomcast.Storage;
using Roomcast.Storage.Keys;

namespace Roomcast.Server.FirstStart;

/// <summary>What the owner needs to call the API: written once, at first start.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="AppId">Its first app.</param>
/// <param name="ApiToken">A token that may do everything.</param>
internal sealed record Credentials(
    [property: JsonPropertyName("account_id")] string AccountId,
    [property: JsonPropertyName("app_id")] string AppId,
    [property: JsonPropertyName("api_token")] string ApiToken)
{
    /// <summary>The file's name in the data folder.</summary>
    public const string FileName = "credentials.json";

    private const string FirstName = "First start";

    /// <summary>Says whose they are, without the token.</summary>
    public override string ToString() => $"credentials of account {AccountId}";

    /// <summary>Makes account, app and API token and writes the file, when the database holds no account.</summary>
    /// <remarks>
    /// A mark stands in the data folder while this runs. A start that finds it, after a crash or a full disk, makes all three
    /// anew, so that nobody is left with an account they cannot open; the earlier ones open nothing, for no secret was told.
    /// An owner who deletes the file later gets no new one: that would turn access to the folder into access for ever.
    /// </remarks>
    public static async Task EnsureAsync(IServiceProvider services, string dataFolder, CancellationToken cancellationToken)
    {
        var file = Path.Combine(dataFolder, FileName);
        var mark = file + ".unfinished";
        var accounts = services.GetRequiredService<AccountStore>();
        if (!File.Exists(mark) && await accounts.AnyAsync(cancellationToken))
        {
            return;
        }

        SecretFile.Write(mark, []);
        var account = await accounts.CreateAsync(FirstName, cancellationToken);
        var app = await services.GetRequiredService<AppStore>().CreateAsync(account.Id, FirstName, cancellationToken);
        var token = await services.GetRequiredService<ApiTokenStore>()
            .IssueAsync(account.Id, ApiTokenScope.Write, FirstName, expiresAt: null, cancellationToken);
        var credentials = new Credentials(account.Id.ToString(), app.Id.ToString(), token.Secret);
        SecretFile.Write(file, [.. JsonSerializer.SerializeToUtf8Bytes(credentials, CredentialsJson.Default.Credentials), (byte)'\n']);
        File.Delete(mark);
        ServerLog.CredentialsMade(services.GetRequiredService<ILogger<Credentials>>(), file);
    }
}

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(Credentials))]
internal sealed partial class CredentialsJson : JsonSerializerContext;
