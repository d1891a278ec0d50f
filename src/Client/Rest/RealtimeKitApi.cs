using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Roomcast.Client.Rest;

/// <summary>Where the API is, and with what right it is called.</summary>
public sealed record RealtimeKitApiOptions
{
    /// <summary>Where the server is, for example <c>https://meet.example.com</c>; a path in front of the routes may follow.</summary>
    public required Uri BaseUri { get; init; }

    /// <summary>The account.</summary>
    public required string AccountId { get; init; }

    /// <summary>The app; empty when only <see cref="RealtimeKitApi.Apps"/> is used.</summary>
    public string AppId { get; init; } = "";

    /// <summary>The API token: a secret.</summary>
    public required string ApiToken { get; init; }

    /// <summary>Sends the calls; null for one of the client's own.</summary>
    public HttpMessageHandler? HttpHandler { get; init; }

    /// <summary>How long one try may take. Default 60 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Clock and timers; the system's by default.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Says where, and not with what token.</summary>
    public override string ToString() => $"API at {BaseUri} for app {AppId}";
}

/// <summary>The REST API of an app: every route, typed.</summary>
/// <remarks>
/// Failures are <see cref="RealtimeKitException"/>s; what the server refuses is an <see cref="ApiException"/> with all that is wrong.
/// Calls are tried again as the official SDK tries them again. Lists are read page after page as they are walked. Thread-safe.
/// </remarks>
public sealed class RealtimeKitApi : IDisposable
{
    private const long MaxAnswerBytes = 64 << 20;

    private readonly HttpClient _http;

    /// <summary>Makes one; nothing is called yet.</summary>
    public RealtimeKitApi(RealtimeKitApiOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrWhiteSpace(options.AccountId);
        ArgumentException.ThrowIfNullOrWhiteSpace(options.ApiToken);
        if (options.BaseUri is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            throw new ArgumentException("BaseUri is to be an absolute address of http or https.", nameof(options));
        }

        _http = options.HttpHandler is { } handler ? new HttpClient(handler, disposeHandler: false) : new HttpClient();
        _http.Timeout = options.Timeout;
        _http.MaxResponseContentBufferSize = MaxAnswerBytes;
        var transport = new ApiTransport(options, _http);
        var account = $"/accounts/{Uri.EscapeDataString(options.AccountId)}/realtime/kit";
        var app = $"{account}/{Uri.EscapeDataString(options.AppId)}";
        Apps = new AppsApi(transport, account);
        Meetings = new MeetingsApi(transport, app);
        Participants = new ParticipantsApi(transport, app);
        ActiveSession = new ActiveSessionApi(transport, app);
        Livestreams = new LivestreamsApi(transport, app);
        Recordings = new RecordingsApi(transport, app);
        Sessions = new SessionsApi(transport, app);
        Presets = new PresetsApi(transport, app);
        Webhooks = new WebhooksApi(transport, app);
        Analytics = new AnalyticsApi(transport, app);
        Outputs = new OutputsApi(transport, app);
        Deliveries = new DeliveriesApi(transport, app);
    }

    /// <summary>The account's apps.</summary>
    public AppsApi Apps { get; }

    /// <summary>Meetings.</summary>
    public MeetingsApi Meetings { get; }

    /// <summary>Who may join them.</summary>
    public ParticipantsApi Participants { get; }

    /// <summary>What takes place now.</summary>
    public ActiveSessionApi ActiveSession { get; }

    /// <summary>Livestreams.</summary>
    public LivestreamsApi Livestreams { get; }

    /// <summary>Recordings.</summary>
    public RecordingsApi Recordings { get; }

    /// <summary>What took place.</summary>
    public SessionsApi Sessions { get; }

    /// <summary>Presets.</summary>
    public PresetsApi Presets { get; }

    /// <summary>Webhooks.</summary>
    public WebhooksApi Webhooks { get; }

    /// <summary>Figures.</summary>
    public AnalyticsApi Analytics { get; }

    /// <summary>Where livestreams are pushed to; of servers of this house.</summary>
    public OutputsApi Outputs { get; }

    /// <summary>What became of events for webhooks; of servers of this house.</summary>
    public DeliveriesApi Deliveries { get; }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}

/// <summary>What the groups of routes share.</summary>
public abstract class ApiGroup
{
    private protected ApiGroup(ApiTransport transport, string root)
    {
        Transport = transport;
        Root = root;
    }

    private protected ApiTransport Transport { get; }

    private protected string Root { get; }

    private protected static string Id(string id)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(id);
        return Uri.EscapeDataString(id);
    }

    /// <summary>A query of what is given; empty when nothing is.</summary>
    private protected static string Query(params ReadOnlySpan<(string Name, string? Value)> parts) => ApiTransport.QueryOf(parts);

    private protected static byte[] Body<T>(T value, JsonTypeInfo<T> type)
    {
        ArgumentNullException.ThrowIfNull(value);
        return JsonSerializer.SerializeToUtf8Bytes(value, type);
    }
}
