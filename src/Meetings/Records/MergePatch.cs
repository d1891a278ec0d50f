using System.Text.Json.Nodes;

namespace Roomcast.Meetings.Records;

/// <summary>Changes of JSON objects that name only what is to be different (RFC 7396).</summary>
public static class MergePatch
{
    /// <summary>What an object becomes by a change: objects are merged, everything else is replaced, null takes a member away.</summary>
    /// <param name="before">The object; it is not changed. What is merged into an empty one comes out without its nulls.</param>
    /// <param name="change">The change.</param>
    public static JsonObject Apply(JsonObject before, JsonObject change)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(change);
        var merged = before.DeepClone().AsObject();
        foreach (var (name, value) in change)
        {
            if (value is null)
            {
                merged.Remove(name);
            }
            else
            {
                merged[name] = value is JsonObject inner ? Apply(merged[name] as JsonObject ?? [], inner) : value.DeepClone();
            }
        }

        return merged;
    }
}
