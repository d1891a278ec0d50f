using Microsoft.Extensions.Options;
using Roomcast.Transcripts.Services;

namespace Roomcast.Transcripts;

/// <summary>How speech is written down and summarised where an app has chosen no service of its own.</summary>
public sealed class TranscriptOptions
{
    /// <summary>The service for speech, for example <c>https://api.example.org/v1</c>; null, the default, for none.</summary>
    public string? TranscriptionUrl { get; set; }

    /// <summary>Its model; default <c>whisper-1</c>.</summary>
    public string TranscriptionModel { get; set; } = "whisper-1";

    /// <summary>Its key; null for none.</summary>
    public string? TranscriptionKey { get; set; }

    /// <summary>The service for summaries; null, the default, for none.</summary>
    public string? SummaryUrl { get; set; }

    /// <summary>Its model; default <c>gpt-4o-mini</c>.</summary>
    public string SummaryModel { get; set; } = "gpt-4o-mini";

    /// <summary>Its key; null for none.</summary>
    public string? SummaryKey { get; set; }

    /// <summary>How long a piece of speech is at most before it is written down; 2 s to 60 s; default 8 s.</summary>
    public TimeSpan LongestPiece { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>How long an answer may take; 1 s to 10 min; default 1 min.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether services that apps choose may be at addresses of private networks; off by default.</summary>
    public bool AllowsPrivateTargets { get; set; }

    /// <summary>How long to wait before a service is asked again; tests make it short.</summary>
    internal TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Says nothing of keys.</summary>
    public override string ToString() => nameof(TranscriptOptions);
}

/// <summary>Checks <see cref="TranscriptOptions"/>.</summary>
public sealed class TranscriptOptionsValidator : IValidateOptions<TranscriptOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, TranscriptOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        foreach (var (url, key) in new[] { (options.TranscriptionUrl, nameof(options.TranscriptionUrl)), (options.SummaryUrl, nameof(options.SummaryUrl)) })
        {
            if (url is null)
            {
                continue;
            }

            if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.Host.Length == 0)
            {
                result.AddError("A service is at an absolute http or https address.", key);
            }
            else if (AiServiceAddress.FaultOf(address) is { } fault)
            {
                result.AddError($"The address of a service {fault}.", key);
            }
        }

        if (options.LongestPiece < TimeSpan.FromSeconds(2) || options.LongestPiece > TimeSpan.FromSeconds(60))
        {
            result.AddError($"{options.LongestPiece} is outside 2 s to 60 s.", nameof(options.LongestPiece));
        }

        if (options.Patience < TimeSpan.FromSeconds(1) || options.Patience > TimeSpan.FromMinutes(10))
        {
            result.AddError($"{options.Patience} is outside 1 s to 10 min.", nameof(options.Patience));
        }

        return result.Build();
    }
}
