using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Roomcast.Client.Wire;

namespace Roomcast.Client.Rest;

/// <summary>Makes the calls of the REST API: addresses, the token, retries, errors, pages.</summary>
/// <remarks>
/// Retried as the official SDK does: up to twice, on 408, 409, 429, 5xx and when the server was not reached, unless the answer says
/// <c>x-should-retry: false</c>; after the time the answer names, or half a second and then twice that, shortened by up to a quarter.
/// </remarks>
internal sealed class ApiTransport(RealtimeKitApiOptions options, HttpClient http)
{
    private const long MaxAnswerBytes = 64 << 20;

    /// <summary>How often a call is tried again.</summary>
    public const int MaxRetries = 2;

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan LongestAskedWait = TimeSpan.FromSeconds(60);

    /// <summary>Makes a call whose answer is one object under <c>data</c>, or under a name in it.</summary>
    public async Task<T> SendAsync<T>(
        HttpMethod method, string path, JsonTypeInfo<T> answer, CancellationToken cancellationToken, byte[]? body = null, string? under = null)
    {
        using var json = await SendAsync(method, path, body, cancellationToken).ConfigureAwait(false);
        var data = DataOf(json.RootElement, path);
        if (under is not null)
        {
            data = data.ValueKind is JsonValueKind.Object && data.TryGetProperty(under, out var inner) ? inner : throw Unreadable(path, null);
        }

        return Read(data, answer, path);
    }

    /// <summary>Makes a call whose answer is kept as it is: what stands under <c>data</c>.</summary>
    public async Task<JsonElement> SendAsync(HttpMethod method, string path, CancellationToken cancellationToken, byte[]? body = null)
    {
        using var json = await SendAsync(method, path, body, cancellationToken).ConfigureAwait(false);
        return DataOf(json.RootElement, path).Clone();
    }

    /// <summary>Makes a call of whose answer a text matters.</summary>
    /// <param name="method">How it is called.</param>
    /// <param name="path">The route.</param>
    /// <param name="name">Where the text stands under <c>data</c>.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The text; null where the answer does not name it.</returns>
    /// <exception cref="RealtimeKitException">Protocol where it is no text, or there is no object that could have it.</exception>
    public async Task<string?> AskTextAsync(HttpMethod method, string path, string name, CancellationToken cancellationToken)
    {
        using var json = await SendAsync(method, path, null, cancellationToken).ConfigureAwait(false);
        var data = DataOf(json.RootElement, path);
        return data.ValueKind is not JsonValueKind.Object ? throw Unreadable(path, null)
            : !data.TryGetProperty(name, out var text) || text.ValueKind is JsonValueKind.Null ? null
            : text.ValueKind is JsonValueKind.String ? text.GetString()
            : throw Unreadable(path, null);
    }

    /// <summary>Reads a list, page after page.</summary>
    /// <param name="path">The route.</param>
    /// <param name="query">What is wanted.</param>
    /// <param name="item">What the list holds.</param>
    /// <param name="names">Where in <c>data</c> the list may stand, when it is not <c>data</c> itself.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async IAsyncEnumerable<T> ListAsync<T>(
        string path, ListQuery query, JsonTypeInfo<T> item, string[] names, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.PageSize, 1, nameof(query));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.PageSize, 100, nameof(query));
        var seen = 0;
        for (var page = 1; ; page++)
        {
            using var json = await SendAsync(HttpMethod.Get, path + QueryOf(query, page), null, cancellationToken).ConfigureAwait(false);
            var list = ListOf(DataOf(json.RootElement, path), names) ?? throw Unreadable(path, null);
            var items = list.EnumerateArray().Select(element => Read(element, item, path)).ToList();
            foreach (var read in items)
            {
                yield return read;
            }

            seen += items.Count;
            if (items.Count == 0 || seen >= (TotalOf(json.RootElement) ?? seen))
            {
                yield break;
            }
        }
    }

    /// <summary>How long to wait before the next try.</summary>
    /// <param name="retry">From 0.</param>
    /// <param name="asked">What the answer names; null when it names nothing.</param>
    /// <param name="chance">0 to 1.</param>
    internal static TimeSpan WaitBefore(int retry, TimeSpan? asked, double chance)
    {
        if (asked is { } time && time >= TimeSpan.Zero && time <= LongestAskedWait)
        {
            return time;
        }

        var wait = FirstWait * Math.Pow(2, retry);
        return (wait < LongestWait ? wait : LongestWait) * (1 - (chance * 0.25));
    }

    private static JsonElement DataOf(JsonElement root, string path) =>
        root.ValueKind is JsonValueKind.Object && root.TryGetProperty("data", out var data) ? data : throw Unreadable(path, null);

    private static JsonElement? ListOf(JsonElement data, string[] names)
    {
        if (data.ValueKind is JsonValueKind.Array)
        {
            return data;
        }

        foreach (var name in names)
        {
            if (data.ValueKind is JsonValueKind.Object && data.TryGetProperty(name, out var list) && list.ValueKind is JsonValueKind.Array)
            {
                return list;
            }
        }

        return null;
    }

    private static int? TotalOf(JsonElement root)
    {
        foreach (var at in (JsonElement[])[root, root.GetProperty("data")])
        {
            if (at.ValueKind is JsonValueKind.Object && at.TryGetProperty("paging", out var paging) && paging.ValueKind is JsonValueKind.Object
                && paging.TryGetProperty("total_count", out var total) && total.TryGetInt32(out var count))
            {
                return count;
            }
        }

        return null;
    }

    private static T Read<T>(JsonElement element, JsonTypeInfo<T> type, string path)
    {
        try
        {
            return element.Deserialize(type) ?? throw Unreadable(path, null);
        }
        catch (JsonException fault)
        {
            throw Unreadable(path, fault);
        }
    }

    private static RealtimeKitException Unreadable(string path, Exception? inner) =>
        new(RealtimeKitError.Protocol, $"The answer of {path} is not as the API describes it.", inner);

    /// <summary>A query of what is given; empty when nothing is.</summary>
    internal static string QueryOf(params ReadOnlySpan<(string Name, string? Value)> parts)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in parts)
        {
            if (value is not null)
            {
                text.Append(text.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }

        return text.ToString();
    }

    /// <summary>A time as the API writes it.</summary>
    internal static string? TimeOf(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static string QueryOf(ListQuery query, int page) => QueryOf([
        ("page_no", page.ToString(CultureInfo.InvariantCulture)),
        ("per_page", query.PageSize.ToString(CultureInfo.InvariantCulture)),
        ("search", query.Search),
        ("status", query.Status),
        .. (query.Statuses ?? []).Select(status => ("status", (string?)status)),
        ("start_time", TimeOf(query.StartTime)),
        ("end_time", TimeOf(query.EndTime)),
        ("meeting_id", query.MeetingId),
        ("associated_id", query.MeetingId),
        ("participants", query.Participants),
        ("sort_by", query.SortBy),
        ("sort_order", query.IsAscending ? "ASC" : null),
        ("exclude_meetings", query.ExcludesMeetings ? "true" : null),
        ("expired", query.IsExpired is { } isExpired ? isExpired ? "true" : "false" : null),
        ("include_peer_events", query.IncludesPeerEvents ? "true" : null),
        ("view", query.View),
    ]);

    private static bool MayRetry(HttpResponseMessage response)
    {
        if (response.Headers.TryGetValues("x-should-retry", out var values))
        {
            return values.First() == "true";
        }

        return response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.Conflict or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError;
    }

    private TimeSpan? AskedWait(HttpResponseMessage response)
    {
        if (response.Headers.TryGetValues("retry-after-ms", out var values) && double.TryParse(values.First(), NumberStyles.Float, CultureInfo.InvariantCulture, out var ms) && ms is >= 0 and < 1e9)
        {
            return TimeSpan.FromMilliseconds(ms);
        }

        // RFC 9110 section 10.2.3: seconds, or a date, which may be over when it arrives.
        return response.Headers.RetryAfter is { Date: { } at }
            ? at > options.Time.GetUtcNow() ? at - options.Time.GetUtcNow() : TimeSpan.Zero
            : response.Headers.RetryAfter?.Delta;
    }

    private async Task<JsonDocument> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken)
    {
        for (var retry = 0; ; retry++)
        {
            TimeSpan? asked = null;
            try
            {
                using var request = new HttpRequestMessage(method, new Uri(options.BaseUri.AbsoluteUri.TrimEnd('/') + path));
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.ApiToken);
                request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
                if (body is not null)
                {
                    request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
                }

                using var response = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
                if (response.IsSuccessStatusCode || retry == MaxRetries || !MayRetry(response))
                {
                    if (response.Content.Headers.ContentLength > MaxAnswerBytes)
                    {
                        throw Unreadable(path, null);
                    }

                    var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
                    return response.IsSuccessStatusCode ? Parse(bytes, path) : throw FaultOf(response.StatusCode, bytes, path);
                }

                asked = AskedWait(response);
            }
            catch (Exception fault) when (fault is HttpRequestException || (fault is TaskCanceledException && !cancellationToken.IsCancellationRequested))
            {
                if (retry == MaxRetries)
                {
                    throw new RealtimeKitException(RealtimeKitError.Unreachable, $"The API at {options.BaseUri.Authority} cannot be reached.", fault);
                }
            }

            await Task.Delay(WaitBefore(retry, asked, Random.Shared.NextDouble()), options.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static JsonDocument Parse(byte[] bytes, string path)
    {
        try
        {
            return JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 64 });
        }
        catch (JsonException fault)
        {
            throw Unreadable(path, fault);
        }
    }

    private static ApiException FaultOf(HttpStatusCode status, byte[] body, string path)
    {
        var faults = new List<ApiFault>();
        try
        {
            using var json = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 16 });
            if (json.RootElement.TryGetProperty("errors", out var errors))
            {
                foreach (var error in errors.EnumerateArray().Take(100))
                {
                    var source = error.TryGetProperty("source", out var where)
                        ? where.TryGetProperty("pointer", out var pointer) ? pointer.GetString()
                            : where.TryGetProperty("parameter", out var parameter) ? parameter.GetString() : null
                        : null;
                    faults.Add(new ApiFault(error.TryGetProperty("code", out var code) ? code.GetInt32() : 0, error.GetProperty("message").GetString() ?? "", source));
                }
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            // Not an answer of this API: a proxy's, perhaps. The status says enough.
        }

        var message = faults.Count > 0
            ? string.Join("; ", faults.Select(fault => fault.Source is null ? fault.Message : $"{fault.Source}: {fault.Message}"))
            : string.Create(CultureInfo.InvariantCulture, $"{path} was answered with status {(int)status}.");
        return new ApiException(ClientHttp.ErrorOf(status), (int)status, faults, message);
    }
}
