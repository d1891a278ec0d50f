using System.Net;
using Microsoft.Extensions.Options;

namespace Roomcast.Egress.Playback;

/// <summary>How media is played into sessions.</summary>
public sealed class PlaybackOptions
{
    /// <summary>Most playbacks at once; 0 to 1,000; default 8. With 0 nothing is played.</summary>
    public int MaxPlaybacks { get; set; } = 8;

    /// <summary>Of these, playbacks of one session; 1 to 16; default 2.</summary>
    public int MaxOfSession { get; set; } = 2;

    /// <summary>Longest from the request until the first picture or sound, 5 s to 2 min; default 20 s.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Longest that the source may give nothing while it plays, 5 s to 10 min; default 30 s.</summary>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Networks that are not public and may be played from all the same; none by default. Link-local addresses, where cloud machines
    /// tell their credentials, can never be.
    /// </summary>
    public IReadOnlyList<IPNetwork> PrivateNetworks { get; set; } = [];
}

/// <summary>Checks <see cref="PlaybackOptions"/>.</summary>
public sealed class PlaybackOptionsValidator : IValidateOptions<PlaybackOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, PlaybackOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        Check(options.MaxPlaybacks, 0, 1_000, nameof(options.MaxPlaybacks));
        Check(options.MaxOfSession, 1, 16, nameof(options.MaxOfSession));
        Check(options.StartTimeout, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(2), nameof(options.StartTimeout));
        Check(options.StallTimeout, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(10), nameof(options.StallTimeout));
        return result.Build();

        void Check<T>(T value, T least, T most, string property)
            where T : IComparable<T>
        {
            if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
            {
                result.AddError($"{value} is outside {least} to {most}.", property);
            }
        }
    }
}
