using Microsoft.Extensions.Options;

namespace Roomcast.Egress.Recording;

/// <summary>How meetings are recorded.</summary>
public sealed class RecordingOptions
{
    /// <summary>Where recordings are written until they are uploaded, a full path. The host sets it.</summary>
    public string Folder { get; set; } = "";

    /// <summary>How long files of recordings can be downloaded, and are kept; 1 min to 365 days; default 7 days. Addresses of a bucket hold for 7 days at most.</summary>
    public TimeSpan LinkLifetime { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Most recordings under way at once; 1 to 10,000; default 100.</summary>
    public int MaxRecordings { get; set; } = 100;

    /// <summary>Free space in bytes that recordings leave on the disk; 0 to 1 PiB; default 256 MiB.</summary>
    public long MinFreeBytes { get; set; } = 256L << 20;

    /// <summary>How long an upload is tried again before it is given up; 1 min to 30 days; default 24 h.</summary>
    public TimeSpan UploadPatience { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Whether storages and watermarks of recordings may be at addresses of private networks; off by default.</summary>
    public bool AllowsPrivateTargets { get; set; }
}

/// <summary>Checks <see cref="RecordingOptions"/>.</summary>
public sealed class RecordingOptionsValidator : IValidateOptions<RecordingOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, RecordingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        if (options.LinkLifetime < TimeSpan.FromMinutes(1) || options.LinkLifetime > TimeSpan.FromDays(365))
        {
            result.AddError($"{options.LinkLifetime} is outside 1 min to 365 days.", nameof(options.LinkLifetime));
        }

        if (options.MaxRecordings is < 1 or > 10_000)
        {
            result.AddError($"{options.MaxRecordings} is outside 1 to 10,000.", nameof(options.MaxRecordings));
        }

        if (options.MinFreeBytes is < 0 or > 1L << 50)
        {
            result.AddError($"{options.MinFreeBytes} bytes is outside 0 to 1 PiB.", nameof(options.MinFreeBytes));
        }

        if (options.UploadPatience < TimeSpan.FromMinutes(1) || options.UploadPatience > TimeSpan.FromDays(30))
        {
            result.AddError($"{options.UploadPatience} is outside 1 min to 30 days.", nameof(options.UploadPatience));
        }

        return result.Build();
    }
}
