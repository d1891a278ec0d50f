using Microsoft.Extensions.Options;

namespace Roomcast.Relay;

/// <summary>How controllers are served.</summary>
public sealed class RelayOptions
{
    /// <summary>Most connections at once; 1 to 100,000; default 10,000.</summary>
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>Of these, connections of one app; 1 to 100,000; default 2,000.</summary>
    public int MaxConnectionsPerApp { get; set; } = 2_000;

    /// <summary>Most event names that one controller may be subscribed to, over all channels; 10 to 1,000,000; default 50,000.</summary>
    public int MaxSubscriptions { get; set; } = 50_000;

    /// <summary>Requests of one connection per second for long; four times as many may come at once. 1 to 10,000; default 100.</summary>
    public int RequestsPerSecond { get; set; } = 100;

    /// <summary>How long a controller that is away keeps its subscriptions and what happens meanwhile; 10 s to 1 day; default 1 h.</summary>
    public TimeSpan ResumeFor { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Whether a controller that subscribes to the rooms of its project is told of those that run already, as if they had just begun;
    /// default false, since an app that is restarted would then begin its streams again.
    /// </summary>
    public bool ReplaysRooms { get; set; }
}

/// <summary>Checks <see cref="RelayOptions"/>.</summary>
public sealed class RelayOptionsValidator : IValidateOptions<RelayOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, RelayOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        Check(options.MaxConnections, 1, 100_000, nameof(options.MaxConnections));
        Check(options.MaxConnectionsPerApp, 1, 100_000, nameof(options.MaxConnectionsPerApp));
        Check(options.MaxSubscriptions, 10, 1_000_000, nameof(options.MaxSubscriptions));
        Check(options.RequestsPerSecond, 1, 10_000, nameof(options.RequestsPerSecond));
        if (options.ResumeFor < TimeSpan.FromSeconds(10) || options.ResumeFor > TimeSpan.FromDays(1))
        {
            result.AddError($"{options.ResumeFor} is outside 10 s to 1 day.", nameof(options.ResumeFor));
        }

        return result.Build();

        void Check(int value, int least, int most, string property)
        {
            if (value < least || value > most)
            {
                result.AddError($"{value} is outside {least} to {most}.", property);
            }
        }
    }
}
