using Microsoft.Extensions.Options;

namespace Roomcast.Server.Live;

/// <summary>How meetings are livestreamed.</summary>
internal sealed class MeetingLivestreamOptions
{
    /// <summary>How long nobody need be on stage before the livestream of a meeting ends; 5 s to 1 h; default 60 s.</summary>
    public TimeSpan EmptyStage { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>What viewers read while nobody is on stage; 1 to 120 characters.</summary>
    public string SlateText { get; set; } = "The stream will continue shortly";
}

internal sealed class MeetingLivestreamOptionsValidator : IValidateOptions<MeetingLivestreamOptions>
{
    public const int MaxSlateLength = 120;
    public static readonly TimeSpan LeastEmptyStage = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan MostEmptyStage = TimeSpan.FromHours(1);

    public ValidateOptionsResult Validate(string? name, MeetingLivestreamOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options.EmptyStage < LeastEmptyStage || options.EmptyStage > MostEmptyStage)
        {
            result.AddError($"{options.EmptyStage.TotalSeconds} s is outside 5 s to 3,600 s.", nameof(options.EmptyStage));
        }

        if (options.SlateText.Length is 0 or > MaxSlateLength)
        {
            result.AddError($"{options.SlateText.Length} characters are not 1 to {MaxSlateLength}.", nameof(options.SlateText));
        }

        return result.Build();
    }
}
