using System.Text.Json.Nodes;

namespace Roomcast.Interop.Browser;

/// <summary>What does things in a browser's tabs.</summary>
public interface IBrowserDriver
{
    /// <summary>Has the driver do one thing.</summary>
    /// <param name="act">What, by the names of driver.mjs.</param>
    /// <param name="request">The rest; <c>page</c> says in which tab.</param>
    /// <exception cref="InvalidOperationException">It could not; the message says why.</exception>
    Task<JsonNode?> AskAsync(string act, JsonObject request);
}
