using System.Net;
using Microsoft.Extensions.Options;

namespace Roomcast.Webhooks;

/// <summary>How webhooks are delivered.</summary>
public sealed class WebhookOptions
{
    /// <summary>Longest that one attempt may take, from looking up the host to the status line. 100 ms to 30 s; default 3 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long after each failed attempt the next one comes, give or take a tenth; after the last it is given up.
    /// 0 to 20 waits of 10 ms to 1 day.</summary>
    public IReadOnlyList<TimeSpan> RetryDelays { get; set; } =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30),
    ];

    /// <summary>Longest that a delivery may wait, for its own attempts and for those before it, since it was made or last asked for again. 1 min to 30 days; default 1 day.</summary>
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How long deliveries can be looked up and sent again. 1 min to 366 days; default 30 days.</summary>
    public TimeSpan LogRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Attempts to one webhook at the same time, of different lanes. 1 to 256; default 16.</summary>
    public int MaxInFlight { get; set; } = 16;

    /// <summary>Networks that are not public and may be delivered into all the same; none by default.</summary>
    public IReadOnlyList<IPNetwork> PrivateNetworks { get; set; } = [];

    /// <summary>Which signing key is in use; another number is another key. 1 to 10,000; default 1.</summary>
    public int SigningKey { get; set; } = 1;
}

/// <summary>Checks <see cref="WebhookOptions"/>, naming every fault at once.</summary>
public sealed class WebhookOptionsValidator : IValidateOptions<WebhookOptions>
{
    /// <summary>Most waits between attempts.</summary>
    public const int MaxRetries = 20;

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, WebhookOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();

        if (options.Timeout < TimeSpan.FromMilliseconds(100) || options.Timeout > TimeSpan.FromSeconds(30))
        {
            result.AddError($"{options.Timeout} is outside 100 ms to 30 s.", nameof(WebhookOptions.Timeout));
        }

        if (options.RetryDelays.Count > MaxRetries
            || options.RetryDelays.Any(delay => delay < TimeSpan.FromMilliseconds(10) || delay > TimeSpan.FromDays(1)))
        {
            result.AddError($"There may be {MaxRetries} waits, each of 10 ms to 1 day.", nameof(WebhookOptions.RetryDelays));
        }

        if (options.GiveUpAfter < TimeSpan.FromMinutes(1) || options.GiveUpAfter > TimeSpan.FromDays(30))
        {
            result.AddError($"{options.GiveUpAfter} is outside 1 min to 30 days.", nameof(WebhookOptions.GiveUpAfter));
        }

        if (options.LogRetention < TimeSpan.FromMinutes(1) || options.LogRetention > TimeSpan.FromDays(366))
        {
            result.AddError($"{options.LogRetention} is outside 1 min to 366 days.", nameof(WebhookOptions.LogRetention));
        }
        else if (options.LogRetention < options.GiveUpAfter)
        {
            result.AddError("It is shorter than what a delivery may wait.", nameof(WebhookOptions.LogRetention));
        }

        if (options.MaxInFlight is < 1 or > 256)
        {
            result.AddError($"{options.MaxInFlight} is outside 1 to 256.", nameof(WebhookOptions.MaxInFlight));
        }

        if (options.SigningKey is < 1 or > 10_000)
        {
            result.AddError($"{options.SigningKey} is outside 1 to 10,000.", nameof(WebhookOptions.SigningKey));
        }

        return result.Build();
    }
}
