using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Roomcast.Client.Wire;

internal sealed record ChatUpload(
    [property: JsonPropertyName("roomUUID")] string RoomUuid, [property: JsonPropertyName("filename")] string FileName);

internal sealed record ChatFile(
    [property: JsonPropertyName("link")] string Link, [property: JsonPropertyName("name")] string Name, [property: JsonPropertyName("size")] long Size);

internal sealed record LivestreamStart([property: JsonPropertyName("manual_ingest")] bool ManualIngest);

internal sealed record RecordingStart(
    [property: JsonPropertyName("meeting_id")] string MeetingId, [property: JsonPropertyName("allow_multiple_recordings")] bool AllowMultiple);

internal sealed record RecordingControl([property: JsonPropertyName("action")] string Action);

[JsonSerializable(typeof(ChatUpload))]
[JsonSerializable(typeof(ChatFile))]
[JsonSerializable(typeof(LivestreamStart))]
[JsonSerializable(typeof(RecordingStart))]
[JsonSerializable(typeof(RecordingControl))]
internal sealed partial class ClientJson : JsonSerializerContext;

/// <summary>The HTTP calls that a meeting makes with its participant token.</summary>
internal sealed class ClientHttp : IDisposable
{
    private const int MaxTries = 3;
    private const long MaxAnswerBytes = 8 << 20;
    private static readonly TimeSpan TryAgain = TimeSpan.FromMilliseconds(30);

    private readonly HttpClient _http;
    private readonly Uri _base;
    private readonly string _token;
    private readonly TimeProvider _time;

    public ClientHttp(RealtimeKitOptions options)
    {
        _base = AddressOf(options, "api.");
        _token = options.AuthToken;
        _time = options.Time;
        _http = options.HttpHandler is { } handler ? new HttpClient(handler, disposeHandler: false) : new HttpClient();
        _http.Timeout = options.RequestTimeout;
        _http.MaxResponseContentBufferSize = MaxAnswerBytes;
    }

    /// <summary>An address below the base, under the service's name where options say so.</summary>
    public static Uri AddressOf(RealtimeKitOptions options, string service) => options.UsesServiceNames
        ? new UriBuilder(options.BaseUri) { Host = service + options.BaseUri.Host }.Uri
        : options.BaseUri;

    /// <summary>Makes a call and reads its JSON. Calls that did not reach the server are tried again.</summary>
    /// <exception cref="RealtimeKitException">By the status.</exception>
    public async Task<JsonDocument> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(method, new Uri(_base.AbsoluteUri.TrimEnd('/') + path)) { Content = content };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
            try
            {
                using var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
                var body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
                if (!response.IsSuccessStatusCode)
                {
                    throw new RealtimeKitException(ErrorOf(response.StatusCode), MessageOf(response.StatusCode, path, body));
                }

                return JsonDocument.Parse(body.Length == 0 ? "{}"u8.ToArray() : body, new JsonDocumentOptions { MaxDepth = 64 });
            }
            catch (JsonException fault)
            {
                throw new RealtimeKitException(RealtimeKitError.Protocol, $"The answer of {path} is no JSON.", fault);
            }
            catch (Exception fault) when (fault is HttpRequestException || (fault is TaskCanceledException && !cancellationToken.IsCancellationRequested))
            {
                if (attempt == MaxTries || content is not null)
                {
                    throw new RealtimeKitException(RealtimeKitError.Unreachable, $"The server at {_base.Authority} cannot be reached.", fault);
                }
            }

            await Task.Delay(TryAgain, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Puts bytes where the server has said; without the token, for the address is the permission.</summary>
    public async Task PutAsync(Uri address, HttpContent content, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.PutAsync(address, content, cancellationToken).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw new RealtimeKitException(ErrorOf(response.StatusCode), MessageOf(response.StatusCode, "the upload", []));
            }
        }
        catch (HttpRequestException fault)
        {
            throw new RealtimeKitException(RealtimeKitError.Unreachable, "The file could not be uploaded.", fault);
        }
    }

    /// <summary>Gets a text from where the server has said; without the token, for the address is the permission.</summary>
    /// <exception cref="RealtimeKitException">By the status; Unreachable.</exception>
    public async Task<string> GetTextAsync(Uri address, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(address, cancellationToken).ConfigureAwait(false);
            return response.IsSuccessStatusCode
                ? await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false)
                : throw new RealtimeKitException(ErrorOf(response.StatusCode), MessageOf(response.StatusCode, "the file", []));
        }
        catch (Exception fault) when (fault is HttpRequestException || (fault is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new RealtimeKitException(RealtimeKitError.Unreachable, "The file could not be had.", fault);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>A text of an answer.</summary>
    /// <exception cref="RealtimeKitException">Protocol, when it is not there.</exception>
    public static string TextOf(JsonDocument answer, string name) =>
        answer.RootElement.ValueKind is JsonValueKind.Object
        && answer.RootElement.TryGetProperty("data", out var data) && data.ValueKind is JsonValueKind.Object
        && data.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String
            ? value.GetString()!
            : throw new RealtimeKitException(RealtimeKitError.Protocol, $"The answer has no {name}.");

    /// <summary>What a status means.</summary>
    internal static RealtimeKitError ErrorOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized => RealtimeKitError.InvalidToken,
        HttpStatusCode.Forbidden => RealtimeKitError.NotAllowed,
        HttpStatusCode.NotFound => RealtimeKitError.NotFound,
        HttpStatusCode.Conflict => RealtimeKitError.AlreadyRunning,
        HttpStatusCode.TooManyRequests => RealtimeKitError.TooMany,
        >= HttpStatusCode.InternalServerError => RealtimeKitError.Failed,
        _ => RealtimeKitError.Refused,
    };

    private static string MessageOf(HttpStatusCode status, string path, byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 16 });
            if (json.RootElement.ValueKind is JsonValueKind.Object
                && json.RootElement.TryGetProperty("error", out var error) && error.ValueKind is JsonValueKind.Object
                && error.TryGetProperty("message", out var message) && message.GetString() is { Length: > 0 } text)
            {
                return text;
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // Not of this API; the status says enough.
        }

        return string.Create(CultureInfo.InvariantCulture, $"{path} was answered with status {(int)status}.");
    }
}
