using System.Net;
using Microsoft.Extensions.Options;

namespace Roomcast.Egress.Push;

/// <summary>How livestreams are pushed to other servers.</summary>
public sealed class PushOptions
{
    /// <summary>Most outputs of one livestream; 1 to 100; default 10.</summary>
    public int MaxOutputs { get; set; } = 10;

    /// <summary>
    /// Networks that are not public and may be pushed into all the same; none by default. Link-local addresses, where cloud
    /// machines tell their credentials, can never be.
    /// </summary>
    public IReadOnlyList<IPNetwork> PrivateNetworks { get; set; } = [];

    /// <summary>PEM file of authorities that targets' certificates may be signed by, besides the system's; null for none.</summary>
    public string? TrustedAuthorities { get; set; }

    /// <summary>Longest for looking up, connecting and TLS; 1 s to 60 s; default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest from there until the target lets us publish; 1 s to 60 s; default 15 s.</summary>
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the push of a session is tried again when its target has dropped it; 0 s to 10 min; default 30 s.</summary>
    public TimeSpan SessionReconnect { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a target may take nothing before it counts as wedged; after as long again the connection is made anew; 2 s to
    /// 120 s; default 10 s.
    /// </summary>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(10);
}

/// <summary>Checks <see cref="PushOptions"/>.</summary>
public sealed class PushOptionsValidator : IValidateOptions<PushOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, PushOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        if (options.MaxOutputs is < 1 or > 100)
        {
            result.AddError($"{options.MaxOutputs} is outside 1 to 100.", nameof(options.MaxOutputs));
        }

        Check(options.ConnectTimeout, 1, 60, nameof(options.ConnectTimeout));
        Check(options.PublishTimeout, 1, 60, nameof(options.PublishTimeout));
        Check(options.StallTimeout, 2, 120, nameof(options.StallTimeout));
        Check(options.SessionReconnect, 0, 600, nameof(options.SessionReconnect));
        if (options.TrustedAuthorities is { } file && !File.Exists(file))
        {
            result.AddError($"there is no file {file}.", nameof(options.TrustedAuthorities));
        }

        return result.Build();

        void Check(TimeSpan value, int least, int most, string property)
        {
            if (value < TimeSpan.FromSeconds(least) || value > TimeSpan.FromSeconds(most))
            {
                result.AddError($"{value.TotalSeconds} s is outside {least} s to {most} s.", property);
            }
        }
    }
}
