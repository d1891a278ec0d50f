using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Roomcast.Meetings.History.Publishing;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Transcripts.Records;
using Roomcast.Transcripts.Services;

namespace Roomcast.Transcripts;

/// <summary>Registration of transcripts and summaries.</summary>
public static class TranscriptServices
{
    /// <summary>
    /// Adds <see cref="TranscriptStore"/>, the files made of it, <see cref="AiServices"/> and <see cref="Summaries"/>; needs <c>AddMeetings</c> and
    /// <c>AddSessionHistory</c>. A host may bring an <see cref="ITranscriber"/> and an <see cref="ISummariser"/> of its own.
    /// Options: <see cref="TranscriptOptions"/>.
    /// </summary>
    public static IServiceCollection AddTranscripts(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<TranscriptOptions, TranscriptOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<TranscriptStore>();
        services.TryAddSingleton<ListenedSessions>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ISessionFacts, OrphanTranscripts>());
        services.TryAddSingleton<TranscriptFiles>();
        services.TryAddSingleton<SummaryFiles>();
        services.AddSingleton<ISessionFileMaker>(provider => provider.GetRequiredService<TranscriptFiles>());
        services.AddSingleton<ISessionFileMaker>(provider => provider.GetRequiredService<SummaryFiles>());
        services.TryAddSingleton<AiServices>();
        services.TryAddSingleton<AbsenceReasons>();
        services.TryAddSingleton(provider => new HttpAiService(
            provider.GetRequiredService<IOptions<TranscriptOptions>>().Value, provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<ITranscriber>(provider => provider.GetRequiredService<HttpAiService>());
        services.TryAddSingleton<ISummariser>(provider => provider.GetRequiredService<HttpAiService>());
        services.TryAddSingleton<Summaries>();
        services.AddHostedService(provider => provider.GetRequiredService<Summaries>());
        return services;
    }

    /// <summary>Adds the listening to sessions: <see cref="Transcription"/>; needs <c>AddTranscripts</c> and <c>AddMeetingSessions</c>.</summary>
    public static IServiceCollection AddTranscription(this IServiceCollection services)
    {
        services.TryAddSingleton<Transcription>();
        services.AddSingleton<ISessionObserver>(provider => provider.GetRequiredService<Transcription>());
        services.AddHostedService(provider => provider.GetRequiredService<Transcription>());
        return services;
    }
}
