using Microsoft.Extensions.Options;

namespace Roomcast.Meetings.Tokens;

/// <summary>How participant tokens are issued.</summary>
public sealed class ParticipantTokenOptions
{
    /// <summary>Shortest <see cref="Lifetime"/>.</summary>
    public static readonly TimeSpan MinLifetime = TimeSpan.FromMinutes(1);

    /// <summary>Longest <see cref="Lifetime"/>.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(365);

    /// <summary>How long a token is good for; 1 min to 365 days; default 24 h. A peer that is in a session stays when it ends.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Whether a refreshed token makes the participant's earlier ones worthless. Off by default: another device may still use one.</summary>
    public bool RefreshReplaces { get; set; }
}

/// <summary>Checks <see cref="ParticipantTokenOptions"/>.</summary>
public sealed class ParticipantTokenOptionsValidator : IValidateOptions<ParticipantTokenOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ParticipantTokenOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Lifetime >= ParticipantTokenOptions.MinLifetime && options.Lifetime <= ParticipantTokenOptions.MaxLifetime
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"{nameof(options.Lifetime)}: {options.Lifetime} is outside 1 min to 365 days.");
    }
}
