using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Answers;

namespace Roomcast.RealtimeKit.Rest.Requests;

/// <summary>What a JSON value in a body must look like. Reading gives a copy without the fields that nobody knows.</summary>
/// <remarks>For objects that are kept as they were given; what the server itself acts on is read into types.</remarks>
internal abstract class JsonShape
{
    /// <summary>Reads a value; adds a fault for everything that is wrong with it.</summary>
    /// <returns>The copy; null for null, and for what is wrong.</returns>
    public abstract JsonNode? Read(JsonElement value, string pointer, ICollection<FieldFault> faults);

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public static JsonShape Flag() => new Leaf(
        "must be true or false",
        value => value.ValueKind is JsonValueKind.True or JsonValueKind.False ? JsonValue.Create(value.GetBoolean()) : null);

    /// <summary>A whole number within bounds, however it is spelled.</summary>
    public static JsonShape Whole(int least, int most) => new Leaf(
        $"must be a whole number from {least} to {most}",
        value => WireNumber.ReadWhole(value, least, most) is { } number ? JsonValue.Create(number) : null);

    /// <summary>Text of at most so many characters, of which each fits.</summary>
    public static JsonShape Text(int maxLength, Func<string, bool>? fits = null, string? meaning = null) => new Leaf(
        meaning is null ? $"must be well-formed text of at most {maxLength} characters" : $"must be {meaning}",
        value => TextOf(value) is { } text && WireText.CountCharacters(text) <= maxLength && fits?.Invoke(text) != false
            ? JsonValue.Create(text)
            : null);

    /// <summary>One of several words.</summary>
    public static JsonShape Word(params string[] words) => new Leaf(
        $"must be one of {string.Join(", ", words)}",
        value => TextOf(value) is { } text && words.Contains(text, StringComparer.Ordinal) ? JsonValue.Create(text) : null);

    /// <summary>An absolute address with one of these schemes, of at most 2,048 characters.</summary>
    public static JsonShape Address(params string[] schemes) => Text(
        WireAddress.MaxLength,
        text => WireAddress.IsAbsolute(text, schemes),
        $"an absolute address ({string.Join(", ", schemes)}) of at most {WireAddress.MaxLength} characters");

    /// <summary>A list of at most so many items of one shape.</summary>
    public static JsonShape List(int maxItems, JsonShape item) => new ListShape(maxItems, item);

    /// <summary>An object with these fields, none of them required: each may be null too, which <see cref="MergePatch"/> gives a meaning.</summary>
    public static JsonShape Object(params (string Name, JsonShape Shape)[] fields) => new ObjectShape(fields, []);

    /// <summary>The same where some fields must be there.</summary>
    public static JsonShape Object(string[] required, params (string Name, JsonShape Shape)[] fields) =>
        new ObjectShape(fields, required);

    private static string? TextOf(JsonElement value)
    {
        if (value.ValueKind is not JsonValueKind.String)
        {
            return null;
        }

        try
        {
            return value.GetString() is { } text && WireText.IsStorable(text) ? text : null;
        }
        catch (InvalidOperationException)
        {
            return null; // Half a surrogate pair, which JSON can spell as an escape.
        }
    }

    private static void Fault(string pointer, string message, ICollection<FieldFault> faults) =>
        faults.Add(FieldFault.InBody(pointer, $"{pointer[(pointer.LastIndexOf('/') + 1)..]} {message}"));

    private sealed class Leaf(string demand, Func<JsonElement, JsonNode?> read) : JsonShape
    {
        public override JsonNode? Read(JsonElement value, string pointer, ICollection<FieldFault> faults)
        {
            var node = read(value);
            if (node is null)
            {
                Fault(pointer, demand, faults);
            }

            return node;
        }
    }

    private sealed class ListShape(int maxItems, JsonShape item) : JsonShape
    {
        public override JsonNode? Read(JsonElement value, string pointer, ICollection<FieldFault> faults)
        {
            if (value.ValueKind is not JsonValueKind.Array || value.GetArrayLength() > maxItems)
            {
                Fault(pointer, $"must be a list of at most {maxItems} items", faults);
                return null;
            }

            var list = new JsonArray();
            foreach (var element in value.EnumerateArray())
            {
                list.Add(item.Read(element, $"{pointer}/{list.Count}", faults));
            }

            return list;
        }
    }

    private sealed class ObjectShape((string Name, JsonShape Shape)[] fields, string[] required) : JsonShape
    {
        public override JsonNode? Read(JsonElement value, string pointer, ICollection<FieldFault> faults)
        {
            if (value.ValueKind is not JsonValueKind.Object)
            {
                Fault(pointer, "must be an object", faults);
                return null;
            }

            if (FieldsOf(value) is not { } given)
            {
                Fault(pointer, "must not have fields whose name is not well-formed text", faults);
                return null;
            }

            var copy = new JsonObject();
            foreach (var (name, shape) in fields)
            {
                var isRequired = required.Contains(name, StringComparer.Ordinal);
                if (given.TryGetValue(name, out var field))
                {
                    copy[name] = field.ValueKind is JsonValueKind.Null && !isRequired ? null : shape.Read(field, $"{pointer}/{name}", faults);
                }
                else if (isRequired)
                {
                    Fault($"{pointer}/{name}", "is required", faults);
                }
            }

            return copy;
        }

        // Null where a name is half a surrogate pair: looking up any other would throw.
        private static Dictionary<string, JsonElement>? FieldsOf(JsonElement value)
        {
            var found = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
            try
            {
                foreach (var property in value.EnumerateObject())
                {
                    found[property.Name] = property.Value;
                }

                return found;
            }
            catch (InvalidOperationException)
            {
                return null;
            }
        }
    }
}
