using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Relay.Framing;

namespace Roomcast.Relay.Methods;

/// <summary>Changes of the notes on a room or a member, which controllers call meta. Null where the request was refused.</summary>
internal static class Notes
{
    /// <summary>Longest notes, in characters of JSON.</summary>
    public const int MaxLength = 8_192;

    private const int MostKeys = 100;

    // One form, in which they are kept and measured; what others would escape sixfold counts once.
    private static readonly JsonSerializerOptions Form = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Puts others in their place.</summary>
    public static Func<string, string?>? Set(MethodCall call) => TryMeta(call, out var meta) ? _ => meta : null;

    /// <summary>Adds to them, key by key.</summary>
    public static Func<string, string?>? Update(MethodCall call)
    {
        if (!TryMeta(call, out var meta))
        {
            return null;
        }

        return before =>
        {
            var notes = JsonNode.Parse(before)!.AsObject();
            foreach (var (key, value) in JsonNode.Parse(meta)!.AsObject())
            {
                notes[key] = value?.DeepClone();
            }

            // What would grow beyond all bounds, call by call, is refused.
            var after = notes.ToJsonString(Form);
            return after.Length <= MaxLength ? after : null;
        };
    }

    /// <summary>Takes keys out.</summary>
    public static Func<string, string?>? Delete(MethodCall call)
    {
        if (!call.Params.TryTexts("keys", MostKeys, MaxLength, out var keys))
        {
            call.Refuse("422", $"keys must be a list of at most {MostKeys} names");
            return null;
        }

        return before =>
        {
            var notes = JsonNode.Parse(before)!.AsObject();
            foreach (var key in keys)
            {
                notes.Remove(key);
            }

            return notes.ToJsonString(Form);
        };
    }

    /// <summary>Reads what is to be noted.</summary>
    public static bool TryMeta(MethodCall call, out string meta)
    {
        meta = "";
        if (!call.Params.TryGetProperty("meta", out var given) || given.ValueKind is not JsonValueKind.Object
            || (meta = JsonNode.Parse(given.GetRawText())!.ToJsonString(Form)).Length > MaxLength)
        {
            call.Refuse("422", $"meta must be an object of at most {MaxLength} characters");
            return false;
        }

        return true;
    }
}
