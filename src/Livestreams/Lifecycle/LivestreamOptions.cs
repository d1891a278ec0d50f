using Microsoft.Extensions.Options;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>How livestreams begin, survive interruptions and end.</summary>
public sealed class LivestreamOptions
{
    /// <summary>How long a livestream without a publisher stays on air; 0 s to 1 h; default 30 s.</summary>
    public TimeSpan IngestGrace { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a publisher must have sent no media before another connection with its key may take over; 1 s to 60 s;
    /// default 5 s. Before that the second one is refused.
    /// </summary>
    public TimeSpan TakeoverSilence { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Most publishers at once on this server; 1 to 100,000; default 1,000.</summary>
    public int MaxPublishers { get; set; } = 1_000;

    /// <summary>How long the ended playlist can still be fetched, so that players read EXT-X-ENDLIST; 0 s to 1 h; default 60 s.</summary>
    public TimeSpan EndedLinger { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How often figures of sessions on air are stored: a crash loses at most this much; 500 ms to 5 s; default 2 s.</summary>
    public TimeSpan FigureInterval { get; set; } = TimeSpan.FromSeconds(2);
}

internal sealed class LivestreamOptionsValidator : IValidateOptions<LivestreamOptions>
{
    public ValidateOptionsResult Validate(string? name, LivestreamOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        Check(options.IngestGrace, TimeSpan.Zero, TimeSpan.FromHours(1), nameof(options.IngestGrace));
        Check(options.TakeoverSilence, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), nameof(options.TakeoverSilence));
        Check(options.EndedLinger, TimeSpan.Zero, TimeSpan.FromHours(1), nameof(options.EndedLinger));
        Check(options.FigureInterval, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(5), nameof(options.FigureInterval));
        if (options.MaxPublishers is < 1 or > 100_000)
        {
            result.AddError($"{options.MaxPublishers} is outside 1 to 100,000.", nameof(options.MaxPublishers));
        }

        return result.Build();

        void Check(TimeSpan value, TimeSpan least, TimeSpan most, string property)
        {
            if (value < least || value > most)
            {
                result.AddError($"{value.TotalSeconds} s is outside {least.TotalSeconds} s to {most.TotalSeconds} s.", property);
            }
        }
    }
}
