using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Roomcast.RealtimeKit.Rest.Answers;

namespace Roomcast.RealtimeKit.Rest.Requests;

/// <summary>Reads a JSON body and remembers every field that is wrong, so that one refusal names them all.</summary>
/// <remarks>
/// No body at all reads as an empty object, since the official client sends none where every field is optional. Fields that
/// nobody asks for are ignored. A key that stands twice counts with its last value.
/// </remarks>
internal sealed class BodyReader : IDisposable
{
    private const int MaxNameLength = 256;
    private const int MaxDepth = 64;
    private const int MaxFields = 1_000;

    private static readonly JsonDocument Empty = JsonDocument.Parse("{}");

    private readonly JsonDocument? _document;
    private readonly Dictionary<string, JsonElement> _fields = new(StringComparer.Ordinal);
    private readonly List<FieldFault> _faults = [];
    private readonly KitAnswer? _unreadable;

    private BodyReader(KitAnswer? unreadable, JsonDocument? document)
    {
        _unreadable = unreadable;
        _document = document;
    }

    /// <summary>The refusal, once every field has been read; null when the body and all its fields are right.</summary>
    public KitAnswer? Refusal => _unreadable ?? (_faults.Count > 0 ? KitAnswer.Refuse(_faults) : null);

    /// <summary>Reads the body of a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="maxBytes">Largest body that is read.</param>
    public static async ValueTask<BodyReader> ReadAsync(HttpContext context, int maxBytes)
    {
        var request = context.Request;
        if (request.ContentLength > maxBytes)
        {
            return Unreadable(TooLarge(maxBytes));
        }

        ReadResult read;
        try
        {
            read = await request.BodyReader.ReadAtLeastAsync(maxBytes + 1, context.RequestAborted);
        }
        catch (BadHttpRequestException fault)
        {
            return Unreadable(fault.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? TooLarge(maxBytes)
                : KitAnswer.Refuse(KitErrorCode.MalformedJson, "the body could not be read"));
        }

        try
        {
            return read.Buffer.Length > maxBytes ? Unreadable(TooLarge(maxBytes)) : Parse(read.Buffer, request.ContentType);
        }
        finally
        {
            request.BodyReader.AdvanceTo(read.Buffer.End);
        }
    }

    /// <summary>Reads a body that is all there.</summary>
    /// <param name="bytes">The body.</param>
    /// <param name="contentType">Its content type as sent; null is taken for JSON.</param>
    public static BodyReader Parse(ReadOnlySequence<byte> bytes, string? contentType)
    {
        if (bytes.IsEmpty)
        {
            return new BodyReader(null, null);
        }

        if (contentType is not null && !IsJson(contentType))
        {
            return Unreadable(KitAnswer.Refuse(KitErrorCode.UnsupportedMediaType, "the content type must be application/json"));
        }

        // A copy, since the document keeps what it was given and the request's buffer goes back to its pool.
        var json = bytes.ToArray();
        if (!Utf8.IsValid(json))
        {
            return Unreadable(KitAnswer.Refuse(KitErrorCode.MalformedJson, "the body is not UTF-8"));
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth });
        }
        catch (JsonException fault)
        {
            return Unreadable(KitAnswer.Refuse(
                KitErrorCode.MalformedJson,
                $"the body is not valid JSON: line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}"));
        }

        if (document.RootElement.ValueKind is not JsonValueKind.Object)
        {
            document.Dispose();
            return Unreadable(KitAnswer.Refuse([FieldFault.InBody("", "the body must be a JSON object")]));
        }

        if (document.RootElement.GetPropertyCount() > MaxFields)
        {
            document.Dispose();
            return Unreadable(KitAnswer.Refuse([FieldFault.InBody("", $"the body must not have more than {MaxFields} fields")]));
        }

        var reader = new BodyReader(null, document);
        foreach (var property in document.RootElement.EnumerateObject())
        {
            // Finding half a surrogate pair costs an exception, so the first one is the last.
            if (!TryRead(static property => property.Name, property, out var name))
            {
                document.Dispose();
                return Unreadable(KitAnswer.Refuse(KitErrorCode.MalformedJson, "the name of a field is not well-formed text"));
            }

            reader._fields[name] = property.Value;
        }

        return reader;
    }

    /// <summary>Reads a name: text of 1 to 256 characters after trimming.</summary>
    /// <param name="field">The field.</param>
    /// <param name="isRequired">Whether absence is a fault.</param>
    /// <param name="isNullable">Whether null is a value.</param>
    public Given<string> ReadName(string field, bool isRequired, bool isNullable)
    {
        if (!TryFind(field, isRequired, isNullable, out var element))
        {
            return new Given<string>(_fields.ContainsKey(field), null);
        }

        if (element.ValueKind is not JsonValueKind.String)
        {
            Fault(field, isNullable ? "must be a string or null" : "must be a string");
            return new Given<string>(true, null);
        }

        if (!TryRead(static element => element.GetString()!, element, out var text) || !WireText.IsStorable(text))
        {
            Fault(field, "must be well-formed text without NUL characters");
            return new Given<string>(true, null);
        }

        var name = text.Trim();
        if (WireText.CountCharacters(name) is < 1 or > MaxNameLength)
        {
            Fault(field, $"must be 1 to {MaxNameLength} characters long");
            return new Given<string>(true, null);
        }

        return new Given<string>(true, name);
    }

    /// <summary>Reads text as it is, blanks around it cut off.</summary>
    /// <param name="field">The field.</param>
    /// <param name="maxLength">Most characters.</param>
    /// <param name="isNullable">Whether null is a value.</param>
    /// <param name="minLength">Fewest characters.</param>
    /// <param name="isRequired">Whether absence is a fault.</param>
    public Given<string> ReadText(string field, int maxLength, bool isNullable, int minLength = 0, bool isRequired = false)
    {
        if (!TryFind(field, isRequired, isNullable, out var element))
        {
            return new Given<string>(_fields.ContainsKey(field), null);
        }

        if (TextOf(element)?.Trim() is { } text && WireText.CountCharacters(text) is var length && length >= minLength && length <= maxLength)
        {
            return new Given<string>(true, text);
        }

        Fault(field, $"must be well-formed text of {minLength} to {maxLength} characters{(isNullable ? ", or null" : "")}");
        return new Given<string>(true, null);
    }

    /// <summary>Reads an absolute address with one of these schemes, or null.</summary>
    public Given<string> ReadAddress(string field, params string[] schemes)
    {
        if (!TryFind(field, isRequired: false, isNullable: true, out var element))
        {
            return new Given<string>(_fields.ContainsKey(field), null);
        }

        if (TextOf(element) is { } text && WireAddress.IsAbsolute(text, schemes))
        {
            return new Given<string>(true, text);
        }

        Fault(field, $"must be an absolute address ({string.Join(", ", schemes)}) of at most {WireAddress.MaxLength} characters, or null");
        return new Given<string>(true, null);
    }

    /// <summary>Reads a list of texts, blanks around each cut off; null when it is absent or wrong.</summary>
    /// <param name="field">The field.</param>
    /// <param name="minCount">Fewest texts.</param>
    /// <param name="maxCount">Most texts.</param>
    /// <param name="maxLength">Most characters of each; each has at least one.</param>
    /// <param name="isRequired">Whether absence is a fault.</param>
    public IReadOnlyList<string>? ReadTexts(string field, int minCount, int maxCount, int maxLength, bool isRequired)
    {
        if (!TryFind(field, isRequired, isNullable: false, out var element))
        {
            return null;
        }

        if (element.ValueKind is not JsonValueKind.Array || element.GetArrayLength() is var count && (count < minCount || count > maxCount))
        {
            Fault(field, $"must be a list of {minCount} to {maxCount} texts");
            return null;
        }

        var texts = new List<string>();
        foreach (var item in element.EnumerateArray())
        {
            var text = TextOf(item)?.Trim() ?? "";
            if (WireText.CountCharacters(text) is var length && (length < 1 || length > maxLength))
            {
                _faults.Add(FieldFault.InBody(
                    $"/{field}/{texts.Count}", $"{field} must hold well-formed texts of 1 to {maxLength} characters"));
            }

            texts.Add(text);
        }

        return texts;
    }

    /// <summary>Reads an object that is kept as it is given; null when it is absent or wrong.</summary>
    public JsonObject? ReadShape(string field, JsonShape shape) =>
        TryFind(field, isRequired: false, isNullable: false, out var element)
            ? shape.Read(element, $"/{field}", _faults) as JsonObject
            : null;

    /// <summary>Lets a reader of its own read the whole body, and takes over the faults it finds; the default when the body cannot be read.</summary>
    public T? ReadWhole<T>(Func<JsonElement, ICollection<FieldFault>, T> read) =>
        _unreadable is not null ? default : read(_document?.RootElement ?? Empty.RootElement, _faults);

    /// <summary>Notes a fault that the caller has found.</summary>
    public void AddFault(string field, string message)
    {
        if (_unreadable is null)
        {
            Fault(field, message);
        }
    }

    /// <summary>Reads <c>true</c> or <c>false</c>.</summary>
    /// <param name="field">The field.</param>
    /// <param name="isNullable">Whether null is a value.</param>
    public Given<bool?> ReadFlag(string field, bool isNullable = false)
    {
        if (!TryFind(field, isRequired: false, isNullable, out var element))
        {
            return new Given<bool?>(_fields.ContainsKey(field), null);
        }

        if (element.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return new Given<bool?>(true, element.GetBoolean());
        }

        Fault(field, isNullable ? "must be true, false or null" : "must be true or false");
        return new Given<bool?>(true, null);
    }

    /// <summary>Reads one of several words, in exactly this spelling.</summary>
    public Given<T?> ReadWord<T>(string field, IReadOnlyDictionary<string, T> words)
        where T : struct
    {
        if (!TryFind(field, isRequired: false, isNullable: false, out var element))
        {
            return default;
        }

        if (element.ValueKind is JsonValueKind.String
            && TryRead(static element => element.GetString()!, element, out var text)
            && words.TryGetValue(text, out var value))
        {
            return new Given<T?>(true, value);
        }

        Fault(field, $"must be one of {string.Join(", ", words.Keys.Order(StringComparer.Ordinal))}");
        return new Given<T?>(true, null);
    }

    /// <summary>Reads a whole number within bounds, however it is spelled.</summary>
    public Given<int?> ReadWholeNumber(string field, int least, int most)
    {
        if (!TryFind(field, isRequired: false, isNullable: false, out var element))
        {
            return default;
        }

        if (WireNumber.ReadWhole(element, least, most) is { } number)
        {
            return new Given<int?>(true, number);
        }

        Fault(field, $"must be a whole number from {least} to {most}");
        return new Given<int?>(true, null);
    }

    /// <inheritdoc/>
    public void Dispose() => _document?.Dispose();

    private static BodyReader Unreadable(KitAnswer refusal) => new(refusal, null);

    private static KitAnswer TooLarge(int maxBytes) =>
        KitAnswer.Refuse(KitErrorCode.BodyTooLarge, $"the body is larger than {maxBytes} bytes");

    // A charset is tolerated and means nothing: JSON is UTF-8 (RFC 8259, section 8.1).
    private static bool IsJson(string contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase);

    // The framework throws on text that ends in half a surrogate pair, which JSON can spell as an escape.
    private static bool TryRead<T>(Func<T, string> read, T from, [NotNullWhen(true)] out string? text)
    {
        try
        {
            text = read(from);
            return true;
        }
        catch (InvalidOperationException)
        {
            text = null;
            return false;
        }
    }

    private static string? TextOf(JsonElement element) =>
        element.ValueKind is JsonValueKind.String
        && TryRead(static element => element.GetString()!, element, out var text)
        && WireText.IsStorable(text)
            ? text
            : null;

    private bool TryFind(string field, bool isRequired, bool isNullable, out JsonElement element)
    {
        if (!_fields.TryGetValue(field, out element))
        {
            if (isRequired && _unreadable is null)
            {
                Fault(field, "is required");
            }

            return false;
        }

        return !(isNullable && element.ValueKind is JsonValueKind.Null);
    }

    private void Fault(string field, string message) => _faults.Add(FieldFault.InBody($"/{field}", $"{field} {message}"));
}
