using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace Roomcast.RealtimeKit.Rest.Answers;

/// <summary>One answer of this API, in its envelope. Success and refusal alike are JSON, whatever went wrong.</summary>
internal abstract class KitAnswer : IResult
{
    private const string JsonContentType = "application/json; charset=utf-8";

    /// <summary>The HTTP status.</summary>
    public abstract int Status { get; }

    /// <summary>Answers 200 with the payload.</summary>
    public static KitAnswer Ok<T>(T data, JsonTypeInfo<T> type, PagingResponse? paging = null) =>
        new KitDataAnswer<T>(StatusCodes.Status200OK, data, type, paging);

    /// <summary>Answers 201 with what was made.</summary>
    public static KitAnswer Created<T>(T data, JsonTypeInfo<T> type) =>
        new KitDataAnswer<T>(StatusCodes.Status201Created, data, type, paging: null);

    /// <summary>Refuses, naming one fault that is not of a field.</summary>
    /// <param name="code">Which fault.</param>
    /// <param name="message">For a person.</param>
    /// <param name="retryAfter">When trying again makes sense; told with 429 and 503.</param>
    public static KitAnswer Refuse(KitErrorCode code, string message, TimeSpan? retryAfter = null) =>
        new KitErrorAnswer(code, [new FieldFault(message, null, null)], retryAfter);

    /// <summary>Refuses, naming every faulty field.</summary>
    public static KitAnswer Refuse(IReadOnlyList<FieldFault> faults) => new KitErrorAnswer(KitErrorCode.Validation, faults, null);

    /// <summary>Refuses because the account or the app has no such object.</summary>
    /// <param name="what">What was asked for.</param>
    /// <param name="reason">Why it is not there, for its owner; null when there is no more to say.</param>
    public static KitAnswer NotFound(string what, string? reason = null) =>
        Refuse(KitErrorCode.ObjectNotFound, reason is null ? $"{what} not found" : $"{what} not found: {reason}");

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = JsonContentType;

        // An answer may hold a stream key, and every answer depends on the caller's token.
        response.Headers.CacheControl = "no-store";
        Prepare(httpContext);

        var body = new ArrayBufferWriter<byte>(1_024);
        WriteBody(body);
        response.ContentLength = body.WrittenCount;
        await response.Body.WriteAsync(body.WrittenMemory, httpContext.RequestAborted);
    }

    protected virtual void Prepare(HttpContext context)
    {
    }

    protected abstract void WriteBody(IBufferWriter<byte> output);
}

/// <summary>
/// A success. The callers of this API look in two places for the payload, so it stands in both: <c>data</c>, and the same
/// again as <c>result</c>.
/// </summary>
internal sealed class KitDataAnswer<T>(int status, T data, JsonTypeInfo<T> type, PagingResponse? paging) : KitAnswer
{
    public override int Status => status;

    protected override void WriteBody(IBufferWriter<byte> output)
    {
        var payload = new ArrayBufferWriter<byte>(1_024);
        using (var writer = new Utf8JsonWriter(payload))
        {
            JsonSerializer.Serialize(writer, data, type);
        }

        using var envelope = new Utf8JsonWriter(output);
        envelope.WriteStartObject();
        envelope.WriteBoolean("success", true);
        envelope.WritePropertyName("data");
        envelope.WriteRawValue(payload.WrittenSpan, skipInputValidation: true);
        envelope.WritePropertyName("result");
        envelope.WriteRawValue(payload.WrittenSpan, skipInputValidation: true);
        envelope.WriteStartArray("errors");
        envelope.WriteEndArray();
        envelope.WriteStartArray("messages");
        envelope.WriteEndArray();
        if (paging is not null)
        {
            envelope.WritePropertyName("paging");
            JsonSerializer.Serialize(envelope, paging, KitJson.Default.PagingResponse);
        }

        envelope.WriteEndObject();
    }
}

/// <summary>A refusal: one entry in <c>errors</c> for each fault, and <c>error</c> for callers of the older shape.</summary>
internal sealed class KitErrorAnswer(KitErrorCode code, IReadOnlyList<FieldFault> faults, TimeSpan? retryAfter) : KitAnswer
{
    public override int Status => code.Status();

    protected override void Prepare(HttpContext context)
    {
        context.RequestServices.GetRequiredService<RealtimeKitMetrics>().Refused(code);
        var headers = context.Response.Headers;
        switch (Status)
        {
            case StatusCodes.Status401Unauthorized:
                headers.WWWAuthenticate = code is KitErrorCode.InvalidToken ? "Bearer error=\"invalid_token\"" : "Bearer";
                break;

            case StatusCodes.Status409Conflict:
                // The official client repeats a 409 by itself unless told otherwise, and the conflict will still be there.
                headers["x-should-retry"] = "false";
                break;

            case StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable:
                var seconds = Math.Max(1, Math.Ceiling((retryAfter ?? TimeSpan.FromSeconds(1)).TotalSeconds));
                headers[HeaderNames.RetryAfter] = seconds.ToString("F0", CultureInfo.InvariantCulture);
                break;
        }
    }

    protected override void WriteBody(IBufferWriter<byte> output)
    {
        using var envelope = new Utf8JsonWriter(output);
        envelope.WriteStartObject();
        envelope.WriteBoolean("success", false);
        envelope.WriteStartArray("errors");
        foreach (var fault in faults)
        {
            envelope.WriteStartObject();
            envelope.WriteNumber("code", (int)code);
            envelope.WriteString("message", fault.Message);
            if (fault.Pointer is not null || fault.Parameter is not null)
            {
                envelope.WriteStartObject("source");
                envelope.WriteString(fault.Pointer is not null ? "pointer" : "parameter", fault.Pointer ?? fault.Parameter);
                envelope.WriteEndObject();
            }

            envelope.WriteEndObject();
        }

        envelope.WriteEndArray();
        envelope.WriteStartObject("error");
        envelope.WriteNumber("code", Status);
        envelope.WriteString("message", faults[0].Message);
        envelope.WriteEndObject();
        envelope.WriteStartArray("messages");
        envelope.WriteEndArray();
        envelope.WriteNull("result");
        envelope.WriteNull("data");
        envelope.WriteEndObject();
    }
}
