using Microsoft.Extensions.Options;
using Roomcast.Accounts;
using Roomcast.Storage;

namespace Roomcast.Transcripts.Services;

/// <summary>Which services each app uses: its own where it has chosen one, otherwise the operator's.</summary>
public sealed class AiServices(Database database, IOptions<TranscriptOptions> options, TimeProvider clock)
{
    /// <summary>Whether an app may choose an address, which is absolute.</summary>
    public bool MayLead(Uri address) => options.Value.AllowsPrivateTargets || AiServiceAddress.IsPublic(address);

    /// <summary>The service of a kind that an app uses; null when there is none.</summary>
    public async Task<AiService?> FindAsync(AppId appId, AiServiceKind kind, CancellationToken cancellationToken) =>
        await FindOwnAsync(appId, kind, cancellationToken) ?? OperatorsOf(kind);

    /// <summary>The service of a kind that an app has chosen itself; null when it has none.</summary>
    public Task<AiService?> FindOwnAsync(AppId appId, AiServiceKind kind, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async transaction => (await transaction.QueryRowAsync<ServiceRow>(
                "SELECT url, model, api_key FROM ai_services WHERE app_id = @AppId AND kind = @Kind",
                new { AppId = appId.Value, Kind = Write(kind) })) is { } row
                ? new AiService(new Uri(row.Url), row.Model, row.ApiKey, IsOperators: false)
                : null,
            cancellationToken);

    /// <summary>Chooses a service for an app, in place of an earlier one; null for none of its own.</summary>
    public Task ChooseAsync(AppId appId, AiServiceKind kind, AiService? service, CancellationToken cancellationToken)
    {
        var parameters = new
        {
            AppId = appId.Value,
            Kind = Write(kind),
            Url = service?.Address.AbsoluteUri,
            service?.Model,
            service?.ApiKey,
            Now = StoredTime.Now(clock),
        };
        return database.WriteAsync(
            transaction => transaction.ExecuteAsync(
                service is null
                    ? "DELETE FROM ai_services WHERE app_id = @AppId AND kind = @Kind"
                    : """
                    INSERT INTO ai_services (app_id, kind, url, model, api_key, created_at, updated_at)
                    VALUES (@AppId, @Kind, @Url, @Model, @ApiKey, @Now, @Now)
                    ON CONFLICT (app_id, kind) DO UPDATE
                    SET url = excluded.url, model = excluded.model, api_key = excluded.api_key, updated_at = excluded.updated_at
                    """,
                parameters),
            cancellationToken);
    }

    private static string Write(AiServiceKind kind) => kind is AiServiceKind.Transcription ? "TRANSCRIPTION" : "SUMMARY";

    private AiService? OperatorsOf(AiServiceKind kind)
    {
        var (url, model, key) = kind is AiServiceKind.Transcription
            ? (options.Value.TranscriptionUrl, options.Value.TranscriptionModel, options.Value.TranscriptionKey)
            : (options.Value.SummaryUrl, options.Value.SummaryModel, options.Value.SummaryKey);
        return url is null ? null : new AiService(new Uri(url), model, key, IsOperators: true);
    }

    private sealed class ServiceRow
    {
        public string Url { get; init; } = "";

        public string Model { get; init; } = "";

        public string? ApiKey { get; init; }
    }
}
