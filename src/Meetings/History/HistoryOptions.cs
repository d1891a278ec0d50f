using Microsoft.Extensions.Options;

namespace Roomcast.Meetings.History;

/// <summary>How long what sessions leave behind is kept. The sessions themselves, and who was there, are kept for good.</summary>
public sealed class HistoryOptions
{
    /// <summary>Shortest and longest time that anything can be kept.</summary>
    public static readonly (TimeSpan Least, TimeSpan Most) Bounds = (TimeSpan.FromMinutes(1), TimeSpan.FromDays(3_650));

    /// <summary>How long figures of media, and what clients told of themselves, are kept after the session; 1 min to 3,650 days; default 180 days.</summary>
    public TimeSpan ReportRetention { get; set; } = TimeSpan.FromDays(180);

    /// <summary>
    /// How long files made of a session can be downloaded, and transcripts and summaries are kept after it; 1 min to 365 days;
    /// default 7 days.
    /// </summary>
    public TimeSpan FileRetention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Where files are made before they are stored, used by this server alone: a full path. The host sets it.</summary>
    public string Folder { get; set; } = "";
}

/// <summary>Checks <see cref="HistoryOptions"/>.</summary>
public sealed class HistoryOptionsValidator : IValidateOptions<HistoryOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, HistoryOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        if (options.ReportRetention < HistoryOptions.Bounds.Least || options.ReportRetention > HistoryOptions.Bounds.Most)
        {
            result.AddError($"{options.ReportRetention} is outside 1 min to 3,650 days.", nameof(options.ReportRetention));
        }

        if (options.FileRetention < HistoryOptions.Bounds.Least || options.FileRetention > TimeSpan.FromDays(365))
        {
            result.AddError($"{options.FileRetention} is outside 1 min to 365 days.", nameof(options.FileRetention));
        }

        return result.Build();
    }
}
