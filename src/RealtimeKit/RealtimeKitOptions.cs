using Microsoft.Extensions.Options;
using Roomcast.RealtimeKit.Rest;
using Roomcast.RealtimeKit.Rest.OpenApi;

namespace Roomcast.RealtimeKit;

/// <summary>How <c>GET …/livestreams</c> answers, where the sources of this API contradict each other.</summary>
public enum LivestreamListShape
{
    /// <summary>
    /// An object: the fields of the page's first livestream, as the published schema and the official client have it, with the
    /// whole page beside them as <c>livestreams</c>.
    /// </summary>
    Object,

    /// <summary>An array of livestreams, as the published example shows it.</summary>
    Array,
}

/// <summary>How the RealtimeKit REST API behaves where its callers may want it otherwise.</summary>
public sealed class RealtimeKitOptions
{
    /// <summary>The largest request body, in bytes. 1 KiB to 16 MiB; default 1 MiB.</summary>
    public int MaxBodyBytes { get; set; } = 1 << 20;

    /// <summary>How the list of livestreams is shaped; default <see cref="LivestreamListShape.Object"/>.</summary>
    public LivestreamListShape ListShape { get; set; } = LivestreamListShape.Object;

    /// <summary>Whether the events of livestreams carry the stream key, as published; default yes.</summary>
    public bool WebhooksTellStreamKeys { get; set; } = true;

    /// <summary>Whether deliveries carry the older names of their headers besides; default no.</summary>
    public bool WebhooksSendOlderHeaders { get; set; }

    /// <summary>
    /// Limits on how often an account may call; none by default. A request must be within every limit that counts it.
    /// </summary>
    public IReadOnlyList<RateLimitOptions> RateLimits { get; set; } = [];
}

/// <summary>Checks <see cref="RealtimeKitOptions"/>, naming every fault at once.</summary>
public sealed class RealtimeKitOptionsValidator : IValidateOptions<RealtimeKitOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, RealtimeKitOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();

        if (options.MaxBodyBytes is < 1 << 10 or > 16 << 20)
        {
            result.AddError($"{options.MaxBodyBytes} bytes is outside 1 KiB to 16 MiB.", nameof(RealtimeKitOptions.MaxBodyBytes));
        }

        if (!Enum.IsDefined(options.ListShape))
        {
            result.AddError($"{options.ListShape} is neither Object nor Array.", nameof(RealtimeKitOptions.ListShape));
        }

        for (var i = 0; i < options.RateLimits.Count; i++)
        {
            var limit = options.RateLimits[i];
            var key = $"{nameof(RealtimeKitOptions.RateLimits)}:{i}";
            if (limit.Route != "*" && !limit.Route.StartsWith('/'))
            {
                result.AddError(
                    $"\"{limit.Route}\" is neither * nor a path that begins with a slash.", $"{key}:{nameof(limit.Route)}");
            }
            else if (!OpenApiDocument.ListOperations().Any(route => limit.Counts(route.Method, KitPaths.BelowAccount(route.Path))))
            {
                result.AddError(
                    $"No route is {(limit.Method is null ? "" : $"{limit.Method} ")}{limit.Route}: it would count nothing. The OpenAPI document lists the routes.",
                    $"{key}:{nameof(limit.Route)}");
            }

            if (limit.Method is { } method && (method.Length == 0 || !method.All(char.IsAsciiLetter)))
            {
                result.AddError($"\"{method}\" is no HTTP method.", $"{key}:{nameof(limit.Method)}");
            }

            if (limit.Requests is < 1 or > 1_000_000)
            {
                result.AddError($"{limit.Requests} is outside 1 to 1,000,000.", $"{key}:{nameof(limit.Requests)}");
            }

            if (limit.Window < TimeSpan.FromSeconds(1) || limit.Window > TimeSpan.FromDays(1))
            {
                result.AddError($"{limit.Window} is outside 1 s to 1 day.", $"{key}:{nameof(limit.Window)}");
            }
        }

        return result.Build();
    }
}
