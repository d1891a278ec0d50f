using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Roomcast.Storage.Keys;

namespace Roomcast.Meetings.Tokens;

/// <summary>Registration of participant tokens.</summary>
public static class ParticipantTokenServices
{
    private const string KeyFile = "participant-tokens.key";

    /// <summary>
    /// Adds <see cref="ParticipantTokens"/> under a key in the data folder, and <see cref="ParticipantAdmission"/>; needs
    /// <c>AddStorage</c> and <c>AddMeetingRecords</c>. Options: <see cref="ParticipantTokenOptions"/>.
    /// </summary>
    public static IServiceCollection AddParticipantTokens(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<ParticipantTokenOptions, ParticipantTokenOptionsValidator>();
        services.TryAddSingleton(provider => new ParticipantTokens(
            provider.GetRequiredService<KeyFiles>().GetOrCreate(KeyFile, ParticipantTokens.MinKeyLength)));
        services.TryAddSingleton<OwnParticipants>();
        services.TryAddSingleton<ParticipantAdmission>();
        return services;
    }
}
