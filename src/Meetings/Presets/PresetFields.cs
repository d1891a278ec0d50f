using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Meetings.Records;

namespace Roomcast.Meetings.Presets;

/// <summary>What is wrong with one field of a preset.</summary>
/// <param name="Pointer">Where it stands: a JSON pointer (RFC 6901) from the preset object.</param>
/// <param name="Message">What it must be, beginning with the field's name.</param>
public readonly record struct PresetFault(string Pointer, string Message);

/// <summary>Reads one object of a preset: what is absent is answered by what holds otherwise, what is wrong is noted.</summary>
internal readonly struct PresetFields
{
    private readonly Dictionary<string, JsonElement>? _fields;
    private readonly string _pointer;
    private readonly List<PresetFault> _faults;

    private PresetFields(Dictionary<string, JsonElement>? fields, string pointer, List<PresetFault> faults)
    {
        _fields = fields;
        _pointer = pointer;
        _faults = faults;
    }

    public IEnumerable<string> Names => _fields?.Keys ?? Enumerable.Empty<string>();

    public static PresetFields Of(JsonElement element, string pointer, string name, List<PresetFault> faults)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            faults.Add(new PresetFault(pointer, $"{name} must be an object"));
            return new PresetFields(null, pointer, faults);
        }

        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            if (!TryReadName(property, out var key))
            {
                faults.Add(new PresetFault(pointer, $"{name} must not have fields whose name is not well-formed text"));
                break; // Finding one costs an exception, so the first is the last.
            }

            fields[key] = property.Value;
        }

        return new PresetFields(fields, pointer, faults);
    }

    public bool Has(string name) => _fields?.ContainsKey(name) == true;

    /// <summary>The object of this name; one without fields when it is absent.</summary>
    public PresetFields Object(string name) =>
        TryFind(name, out var element)
            ? Of(element, At(name), name, _faults)
            : new PresetFields(null, At(name), _faults);

    public bool Flag(string name, bool otherwise)
    {
        if (!TryFind(name, out var element))
        {
            return otherwise;
        }

        if (element.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return element.GetBoolean();
        }

        Fault(name, "must be true or false");
        return otherwise;
    }

    public int Count(string name, int otherwise, int least, int most)
    {
        if (!TryFind(name, out var element))
        {
            return otherwise;
        }

        // A number with a fraction of zero is a whole number too: JSON does not tell them apart.
        if (element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var number)
            && number == Math.Floor(number) && number >= least && number <= most)
        {
            return (int)number;
        }

        Fault(name, $"must be a whole number from {least} to {most}");
        return otherwise;
    }

    public double Number(string name, double otherwise, double least, double most)
    {
        if (!TryFind(name, out var element))
        {
            return otherwise;
        }

        if (element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var number) && number >= least && number <= most)
        {
            return number;
        }

        Fault(name, $"must be a number from {least} to {most}");
        return otherwise;
    }

    public T Word<T>(string name, T otherwise, IReadOnlyDictionary<string, T> words)
        where T : struct, Enum
    {
        if (!TryFind(name, out var element))
        {
            return otherwise;
        }

        if (element.ValueKind == JsonValueKind.String && TryReadText(element, out var text) && words.TryGetValue(text, out var value))
        {
            return value;
        }

        Fault(name, $"must be one of {string.Join(", ", words.Keys)}");
        return otherwise;
    }

    /// <summary>The same where the field may be absent for good.</summary>
    public T? OptionalWord<T>(string name, T? otherwise, IReadOnlyDictionary<string, T> words)
        where T : struct, Enum
    {
        if (!Has(name))
        {
            return otherwise;
        }

        return TryFindNull(name) ? null : Word(name, default, words);
    }

    public string Text(string name, string otherwise, int maxLength) => ReadText(name, maxLength) ?? otherwise;

    /// <summary>The same where the field may be absent for good.</summary>
    public string? OptionalText(string name, string? otherwise, int maxLength) =>
        !Has(name) ? otherwise : TryFindNull(name) ? null : ReadText(name, maxLength);

    /// <summary>A list of numbers; null when it is absent or null.</summary>
    public ValueList<double>? Numbers(string name, ValueList<double>? otherwise, int maxCount, double least, double most)
    {
        if (!TryFind(name, out var element))
        {
            return otherwise;
        }

        if (element.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() > maxCount)
        {
            Fault(name, $"must be a list of at most {maxCount} numbers");
            return otherwise;
        }

        var numbers = new List<double>();
        foreach (var item in element.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetDouble(out var number) || !(number >= least && number <= most))
            {
                _faults.Add(new PresetFault($"{At(name)}/{numbers.Count}", $"{name} must hold numbers from {least} to {most}"));
                return otherwise;
            }

            numbers.Add(number);
        }

        return ValueList.Create<double>(numbers.ToArray());
    }

    /// <summary>Any object, as text; null is one without members.</summary>
    /// <param name="name">The field.</param>
    /// <param name="otherwise">What holds when it is absent.</param>
    /// <param name="maxBytes">Largest, in bytes of UTF-8.</param>
    /// <param name="merges">Whether it is a change to <paramref name="otherwise"/> rather than put in its place.</param>
    public string RawObject(string name, string otherwise, int maxBytes, bool merges)
    {
        if (!TryFind(name, out var element))
        {
            return otherwise;
        }

        if (element.ValueKind is JsonValueKind.Null)
        {
            return "{}";
        }

        if (element.ValueKind is not JsonValueKind.Object)
        {
            Fault(name, "must be an object");
            return otherwise;
        }

        // Before it is copied, which takes many times its length in memory.
        if (Encoding.UTF8.GetByteCount(element.GetRawText()) > maxBytes)
        {
            Fault(name, $"must be an object of at most {maxBytes} bytes");
            return otherwise;
        }

        if (!FreeObject.TryRead(element, out var given, out var pointer))
        {
            _faults.Add(new PresetFault(
                At(name) + pointer, $"{name} must hold well-formed text without NUL characters, and such names of fields"));
            return otherwise;
        }

        var text = FreeObject.Write(merges ? MergePatch.Apply(JsonNode.Parse(otherwise)!.AsObject(), given!.AsObject()) : given!.AsObject());
        if (Encoding.UTF8.GetByteCount(text) <= maxBytes)
        {
            return text;
        }

        Fault(name, $"must be an object of at most {maxBytes} bytes after the change too");
        return otherwise;
    }

    public void Fault(string name, string message) => _faults.Add(new PresetFault(At(name), $"{name} {message}"));

    /// <summary>Whether every database can hold the text: no NUL and no half of a surrogate pair.</summary>
    private static bool IsStorable(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        foreach (var rune in text.EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar && !text.Contains('\uFFFD', StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads text; false when it holds half a surrogate pair, which JSON can spell as an escape and the framework throws on.</summary>
    internal static bool TryReadText(JsonElement element, out string text)
    {
        try
        {
            text = element.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            text = "";
            return false;
        }
    }

    /// <summary>The same for the name of a field.</summary>
    internal static bool TryReadName(JsonProperty property, out string name)
    {
        try
        {
            name = property.Name;
            return true;
        }
        catch (InvalidOperationException)
        {
            name = "";
            return false;
        }
    }

    private string? ReadText(string name, int maxLength)
    {
        if (!TryFind(name, out var element))
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.String && TryReadText(element, out var text) && text.Length <= maxLength && IsStorable(text))
        {
            return text;
        }

        Fault(name, $"must be well-formed text of at most {maxLength} characters");
        return null;
    }

    private bool TryFind(string name, out JsonElement element)
    {
        element = default;
        return _fields is not null && _fields.TryGetValue(name, out element);
    }

    private bool TryFindNull(string name) => TryFind(name, out var element) && element.ValueKind == JsonValueKind.Null;

    /// <summary>One step of a JSON pointer, with its slash.</summary>
    internal static string Step(string name) =>
        $"/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";

    private string At(string name) => _pointer + Step(name);
}
